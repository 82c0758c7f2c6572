// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/theme.h"

#include "resources/embedded.h"
#include "ui/shell/desktop_scheme.h"

#include <QApplication>
#include <QFontDatabase>
#include <QGuiApplication>
#include <QStyleFactory>

#include <array>
#include <utility>

namespace isobar::ui {
namespace {

const Theme* g_theme = nullptr;
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

const Theme& Theme::darkTheme()
{
    static const Theme t = [] {
        Theme d;
        d.dark = true;
        d.ground = hex("#0E1420"), d.panel = hex("#141C2A"), d.raised = hex("#1A2435");
        d.line = hex("#263349"), d.text = hex("#E8EEF7"), d.muted = hex("#93A4BD"), d.faint = hex("#5E7090");
        d.land = hex("#1D2A3E"), d.border = hex("#2A3B55"), d.graticule = hex("#172133");
        d.accent = hex("#6CC1FF"), d.onAccent = hex("#08121F"), d.flow = hex("#6E8DB5"), d.isobar = hex("#7C93B8");
        d.trouble = hex("#E8642C"), d.caution = hex("#E69F00"), d.fine = hex("#56B4E9");
        return d;
    }();
    return t;
}

const Theme& Theme::lightTheme()
{
    static const Theme t = [] {
        Theme l;
        l.dark = false;
        l.ground = hex("#F6F8FB"), l.panel = hex("#FFFFFF"), l.raised = hex("#FFFFFF");
        l.line = hex("#D9E0EA"), l.text = hex("#182233"), l.muted = hex("#53647E"), l.faint = hex("#8494AB");
        l.land = hex("#E3E9F1"), l.border = hex("#C9D3E0"), l.graticule = hex("#EDF1F6");
        l.accent = hex("#0B6FB8"), l.onAccent = hex("#FFFFFF"), l.flow = hex("#7E97B8"), l.isobar = hex("#6B7F9C");
        // Darker than on the dark ground, so that words in these colours keep 4.5:1 on white; and the red darker still,
        // or it would be the brown of caution to whoever sees no green.
        l.trouble = hex("#9E1A08"), l.caution = hex("#946A00"), l.fine = hex("#0B6FB8");
        return l;
    }();
    return t;
}

const Theme& Theme::highContrastTheme()
{
    static const Theme t = [] {
        Theme c = darkTheme();
        c.ground = hex("#000000"), c.panel = hex("#000000"), c.raised = hex("#1C1C1C");
        c.line = hex("#8C96A6"), c.text = hex("#FFFFFF"), c.muted = hex("#DCE4F0"), c.faint = hex("#B4BFCE");
        c.land = hex("#2A3038"), c.border = hex("#7C8796"), c.graticule = hex("#20252C");
        c.accent = hex("#8FD3FF"), c.onAccent = hex("#000000"), c.flow = hex("#B6C8DE"), c.isobar = hex("#C6D2E2");
        c.trouble = hex("#FF9B70"), c.caution = hex("#FFC94D"), c.fine = hex("#8FD3FF");
        return c;
    }();
    return t;
}

QColor Theme::category(std::size_t n) const
{
    // Okabe-Ito in an order that sets neighbours far apart; its darkest blue is lightened on dark grounds. No violet
    // there: it is that blue to whoever has deuteranopia.
    static constexpr std::array<const char*, 10> kDark{"#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#F0E442",
                                                       "#5B8DEF", "#D55E00", "#8FE38F", "#9A6B4F", "#C8D2E0"};
    static constexpr std::array<const char*, 10> kLight{"#56B4E9", "#8B5E3C", "#009E73", "#CC79A7", "#C9A800",
                                                        "#0072B2", "#D55E00", "#6B4FD8", "#5B6472", "#9C1F4E"};
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
    return g_theme ? *g_theme : Theme::darkTheme();
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
        QApplication::setStyle(QStyleFactory::create(QStringLiteral("Fusion")));
        QApplication::setPalette(g_theme->palette());
        QApplication::setFont(font(TextRole::Body));
        qApp->setStyleSheet(g_theme->styleSheet());
    }
    Q_EMIT ThemeNotifier::instance().changed();
}

PaperTheme::PaperTheme()
    : m_before(std::exchange(g_theme, &Theme::lightTheme()))
{
}

PaperTheme::~PaperTheme()
{
    g_theme = m_before;
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
