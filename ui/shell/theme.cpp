// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/theme.h"

#include "resources/embedded.h"
#include "ui/shell/desktop_scheme.h"
#include "ui/shell/style_sheet.h"
#include "ui/shell/theme_scope.h"

#include <QApplication>
#include <QFontDatabase>
#include <QGuiApplication>
#include <QStyleFactory>

#include <array>
#include <utility>

namespace isobar::ui {
namespace {

const Theme* g_theme = nullptr;
thread_local const Theme* t_scope = nullptr; ///< what this thread paints in instead; null = nothing else
QString g_family;

QColor hex(const char* text)
{
    return QColor(QLatin1String(text));
}

/// The desktop's own choice: the window palette's lightness, which the platform theme sets from it.
bool desktopIsDark()
{
    return QGuiApplication::palette().color(QPalette::Window).lightness() < 128;
}

} // namespace

namespace {

struct ColorRow {
    QColor Theme::*color;
    const char *dark, *light, *highContrast;
};
/// The light theme's states are darker than on the dark ground, so that words in these colours keep 4.5:1 on white; and
/// its red darker still, or it would be the brown of caution to whoever sees no green.
constexpr std::array kColors{
    ColorRow{&Theme::ground, "#0E1420", "#F6F8FB", "#000000"},
    ColorRow{&Theme::panel, "#141C2A", "#FFFFFF", "#000000"},
    ColorRow{&Theme::raised, "#1A2435", "#FFFFFF", "#1C1C1C"},
    ColorRow{&Theme::line, "#263349", "#D9E0EA", "#8C96A6"},
    ColorRow{&Theme::text, "#E8EEF7", "#182233", "#FFFFFF"},
    ColorRow{&Theme::muted, "#93A4BD", "#53647E", "#DCE4F0"},
    ColorRow{&Theme::faint, "#5E7090", "#8494AB", "#B4BFCE"},
    ColorRow{&Theme::land, "#1D2A3E", "#E3E9F1", "#2A3038"},
    ColorRow{&Theme::border, "#2A3B55", "#C9D3E0", "#7C8796"},
    ColorRow{&Theme::graticule, "#172133", "#EDF1F6", "#20252C"},
    ColorRow{&Theme::accent, "#6CC1FF", "#0B6FB8", "#8FD3FF"},
    ColorRow{&Theme::onAccent, "#08121F", "#FFFFFF", "#000000"},
    ColorRow{&Theme::flow, "#6E8DB5", "#7E97B8", "#B6C8DE"},
    ColorRow{&Theme::isobar, "#7C93B8", "#6B7F9C", "#C6D2E2"},
    ColorRow{&Theme::trouble, "#E8642C", "#9E1A08", "#FF9B70"},
    ColorRow{&Theme::caution, "#E69F00", "#946A00", "#FFC94D"},
    ColorRow{&Theme::fine, "#56B4E9", "#0B6FB8", "#8FD3FF"},
};

Theme themeOf(bool dark, const char* ColorRow::*column)
{
    Theme made;
    made.dark = dark;
    for (const ColorRow& row : kColors) {
        made.*row.color = hex(row.*column);
    }
    return made;
}

} // namespace

const Theme& Theme::darkTheme()
{
    static const Theme t = themeOf(true, &ColorRow::dark);
    return t;
}

const Theme& Theme::lightTheme()
{
    static const Theme t = themeOf(false, &ColorRow::light);
    return t;
}

const Theme& Theme::highContrastTheme()
{
    static const Theme t = themeOf(true, &ColorRow::highContrast);
    return t;
}

QColor Theme::category(std::size_t n) const
{
    // Okabe-Ito in an order that sets neighbours far apart; its darkest blue is lightened on dark grounds. No grey:
    // that is what "other" and "idle" are painted in beside them.
    static constexpr std::array<const char*, 10> kDark{"#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#F0E442",
                                                       "#5B8DEF", "#D55E00", "#8FE38F", "#9A6B4F", "#9A4DFF"};
    static constexpr std::array<const char*, 10> kLight{"#56B4E9", "#8B5E3C", "#009E73", "#CC79A7", "#C9A800",
                                                        "#0072B2", "#D55E00", "#6B4FD8", "#2B2A6B", "#9C1F4E"};
    return hex(dark ? kDark[n % kDark.size()] : kLight[n % kLight.size()]);
}

QColor Theme::provider(const std::string& key) const
{
    struct Row {
        const char* key;
        const char* onDark;
        const char* onLight;
    };
    // Okabe-Ito and neighbours. OCI is violet: a second blue could not be told from Azure's with deuteranopia, and an
    // orange or a brown not from the one warning colour.
    static constexpr std::array<Row, 5> kRows{{{"azure", "#56B4E9", "#56B4E9"},
                                               {"gcp", "#F0E442", "#C9A800"},
                                               {"aws", "#CC79A7", "#CC79A7"},
                                               {"oci", "#8A6BE8", "#6B4FD8"},
                                               {"coreweave", "#009E73", "#009E73"}}};
    for (const Row& row : kRows) {
        if (key == row.key) {
            return hex(dark ? row.onDark : row.onLight);
        }
    }
    static constexpr std::array<const char*, 3> kOthers{"#B8C4D6", "#5B6472", "#8B5E3C"};
    std::size_t sum = 0;
    for (const char c : key) {
        sum = sum * 31 + static_cast<unsigned char>(c);
    }
    return hex(kOthers[sum % kOthers.size()]);
}

QPalette Theme::palette() const
{
    QPalette p;
    p.setColor(QPalette::Window, ground);
    p.setColor(QPalette::WindowText, text);
    p.setColor(QPalette::Base, panel);
    p.setColor(QPalette::AlternateBase, raised);
    p.setColor(QPalette::Text, text);
    p.setColor(QPalette::PlaceholderText, faint);
    p.setColor(QPalette::Button, panel);
    p.setColor(QPalette::ButtonText, text);
    p.setColor(QPalette::BrightText, trouble);
    p.setColor(QPalette::ToolTipBase, raised);
    p.setColor(QPalette::ToolTipText, text);
    p.setColor(QPalette::Highlight, accent);
    p.setColor(QPalette::HighlightedText, onAccent);
    p.setColor(QPalette::Link, accent);
    p.setColor(QPalette::Light, raised);
    p.setColor(QPalette::Mid, line);
    p.setColor(QPalette::Dark, line);
    p.setColor(QPalette::Shadow, ground);
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText}) {
        p.setColor(QPalette::Disabled, role, faint);
    }
    return p;
}

const Theme& theme()
{
    if (t_scope != nullptr) {
        return *t_scope;
    }
    return g_theme != nullptr ? *g_theme : Theme::darkTheme();
}

void applyTheme(ThemeChoice choice)
{
    static const bool systemDark = desktopIsDark(); // before the palette is ours
    static ThemeChoice inForce = choice;
    inForce = choice;
    static const bool following = [] {
        DesktopScheme& desktop = DesktopScheme::instance();
        desktop.watch();
        QObject::connect(&desktop, &DesktopScheme::changed, &desktop, [] {
            if (inForce == ThemeChoice::System) {
                applyTheme(ThemeChoice::System);
            }
        });
        return true;
    }();
    Q_UNUSED(following);
    const bool asked = DesktopScheme::instance().isDark().value_or(systemDark);
    const bool dark = choice == ThemeChoice::Dark || (choice == ThemeChoice::System && asked);
    g_theme = choice == ThemeChoice::HighContrast ? &Theme::highContrastTheme()
              : dark                              ? &Theme::darkTheme()
                                                  : &Theme::lightTheme();
    loadFonts();
    if (qobject_cast<QApplication*>(QCoreApplication::instance()) != nullptr) {
        static const bool styled = [] { // once: setting it anew styles every widget twice
            QApplication::setStyle(QStyleFactory::create(QStringLiteral("Fusion")));
            return true;
        }();
        Q_UNUSED(styled);
        QApplication::setPalette(g_theme->palette());
        QApplication::setFont(font(TextRole::Body));
        useStyleSheet(g_theme->styleSheet());
    }
    Q_EMIT ThemeNotifier::instance().changed();
}

ThemeScope::ThemeScope(const Theme& theme)
    : m_before(std::exchange(t_scope, &theme))
{
}

ThemeScope::~ThemeScope()
{
    t_scope = m_before;
}

QString loadFonts()
{
    if (g_family.isEmpty()) {
        for (const char* file : {"fonts/Inter-Regular.ttf", "fonts/Inter-Medium.ttf", "fonts/Inter-SemiBold.ttf"}) {
            const std::string_view bytes = resources::file(file);
            const int id = bytes.empty() ? -1
                                         : QFontDatabase::addApplicationFontFromData(
                                               QByteArray(bytes.data(), static_cast<int>(bytes.size())));
            const QStringList families = QFontDatabase::applicationFontFamilies(id);
            if (!families.isEmpty() && g_family.isEmpty()) {
                g_family = families.front();
            }
        }
        if (g_family.isEmpty()) {
            g_family = QFontDatabase::systemFont(QFontDatabase::GeneralFont).family();
        }
    }
    return g_family;
}

QFont font(TextRole role)
{
    QFont f(loadFonts());
    f.setHintingPreference(QFont::PreferNoHinting);
    switch (role) {
    case TextRole::Body:
        f.setPixelSize(13);
        break;
    case TextRole::Strong:
        f.setPixelSize(13);
        f.setWeight(QFont::DemiBold);
        break;
    case TextRole::Secondary:
        f.setPixelSize(12);
        break;
    case TextRole::Small:
        f.setPixelSize(11);
        break;
    case TextRole::Figure:
        f.setPixelSize(25);
        f.setWeight(QFont::DemiBold);
        break;
    case TextRole::Title:
        f.setPixelSize(15);
        f.setWeight(QFont::DemiBold);
        break;
    }
    return f;
}

ThemeNotifier& ThemeNotifier::instance()
{
    static ThemeNotifier notifier;
    return notifier;
}

} // namespace isobar::ui
