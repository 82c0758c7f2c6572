// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/desktop_scheme.h"
#include "ui/shell/theme.h"

#include <QTest>

#include <array>
#include <cmath>

using namespace isobar::ui;

namespace {

using Triple = std::array<double, 3>;

Triple linear(const QColor& color)
{
    const auto one = [](double c) { return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4); };
    return {one(color.redF()), one(color.greenF()), one(color.blueF())};
}

/// WCAG 2.1, "contrast ratio".
double contrast(const QColor& a, const QColor& b)
{
    const auto luminance = [](const QColor& color) {
        const Triple c = linear(color);
        return 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2];
    };
    const double la = luminance(a), lb = luminance(b);
    return (std::max(la, lb) + 0.05) / (std::min(la, lb) + 0.05);
}

struct Vision {
    const char* name;
    std::array<Triple, 3> matrix;
};
/// Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
const std::array<Vision, 4> kVisions{
    {{"full", {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}},
     {"protanopia",
      {{{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}}}},
     {"deuteranopia",
      {{{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}}}},
     {"tritanopia",
      {{{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}}}}}};

Triple lab(const QColor& color, const Vision& vision)
{
    const Triple c = linear(color);
    Triple seen{};
    for (std::size_t i = 0; i < 3; ++i) {
        const Triple& row = vision.matrix[i];
        seen[i] = std::clamp(row[0] * c[0] + row[1] * c[1] + row[2] * c[2], 0.0, 1.0);
    }
    const auto f = [](double t) { return t > 0.008856 ? std::cbrt(t) : 7.787 * t + 16.0 / 116; };
    const double x = f((0.4124564 * seen[0] + 0.3575761 * seen[1] + 0.1804375 * seen[2]) / 0.95047);
    const double y = f(0.2126729 * seen[0] + 0.7151522 * seen[1] + 0.0721750 * seen[2]);
    const double z = f((0.0193339 * seen[0] + 0.1191920 * seen[1] + 0.9503041 * seen[2]) / 1.08883);
    return {116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

/// CIE76, as seen.
double distance(const QColor& a, const QColor& b, const Vision& vision)
{
    const Triple p = lab(a, vision), q = lab(b, vision);
    return std::sqrt(std::pow(p[0] - q[0], 2) + std::pow(p[1] - q[1], 2) + std::pow(p[2] - q[2], 2));
}

const std::array<const char*, 5> kProviders{"azure", "gcp", "aws", "oci", "coreweave"};

} // namespace

/// The colours are readable, and no two providers look alike to anyone.
class TestTheme : public QObject {
    Q_OBJECT

private:
    static void allThemes()
    {
        QTest::addColumn<int>("choice");
        QTest::newRow("dark") << static_cast<int>(ThemeChoice::Dark);
        QTest::newRow("light") << static_cast<int>(ThemeChoice::Light);
        QTest::newRow("high contrast") << static_cast<int>(ThemeChoice::HighContrast);
    }
    static const Theme& chosen()
    {
        QFETCH(int, choice);
        return choice == static_cast<int>(ThemeChoice::Dark)    ? Theme::darkTheme()
               : choice == static_cast<int>(ThemeChoice::Light) ? Theme::lightTheme()
                                                                : Theme::highContrastTheme();
    }

private Q_SLOTS:
    void measuresAreRight()
    {
        QCOMPARE(std::round(contrast(Qt::black, Qt::white) * 10), 210.0);
        QVERIFY(std::abs(contrast(QColor(0x77, 0x77, 0x77), Qt::white) - 4.48) < 0.01); // WCAG's well-known grey
        QVERIFY(std::abs(distance(Qt::black, Qt::white, kVisions[0]) - 100) < 0.1);
        // Pure red and a dark green that deuteranopes confuse come closer than they are.
        QVERIFY(distance(QColor(200, 80, 60), QColor(110, 130, 50), kVisions[2]) <
                distance(QColor(200, 80, 60), QColor(110, 130, 50), kVisions[0]) / 2);
    }

    void wordsAreReadable_data() { allThemes(); }
    void wordsAreReadable()
    {
        const Theme& t = chosen();
        for (const QColor& ground : {t.panel, t.ground, t.raised}) {
            QVERIFY(contrast(t.text, ground) >= 7);
            for (const QColor& words : {t.muted, t.trouble, t.caution, t.fine, t.accent}) {
                QVERIFY2(
                    contrast(words, ground) >= 4.5,
                    qPrintable(
                        QStringLiteral("%1 on %2: %3").arg(words.name(), ground.name()).arg(contrast(words, ground))));
            }
        }
        QVERIFY(contrast(t.onAccent, t.accent) >= 4.5);
    }

    void highContrastReachesAaa()
    {
        const Theme& t = Theme::highContrastTheme();
        for (const QColor& ground : {t.panel, t.ground, t.raised}) {
            for (const QColor& words : {t.text, t.muted, t.faint, t.trouble, t.caution, t.fine, t.accent}) {
                QVERIFY2(contrast(words, ground) >= 7, qPrintable(words.name()));
            }
            QVERIFY(contrast(t.line, ground) >= 3);
        }
        QVERIFY(contrast(t.onAccent, t.accent) >= 7);
    }

    void thingsSetSideBySideCanBeSeen_data() { allThemes(); }
    void thingsSetSideBySideCanBeSeen()
    {
        const Theme& t = chosen();
        for (std::size_t i = 0; i < 10; ++i) {
            for (const QColor& neutral : {t.muted, t.faint}) { // "other" and "idle", beside them in every stack
                const double apart = distance(t.category(i), neutral, kVisions[0]);
                QVERIFY2(apart > 20, qPrintable(QStringLiteral("%1 and the neutral %2: %3")
                                                    .arg(t.category(i).name(), neutral.name())
                                                    .arg(apart)));
            }
            for (std::size_t j = 0; j < i; ++j) {
                for (const Vision& vision : kVisions) {
                    const double apart = distance(t.category(i), t.category(j), vision);
                    QVERIFY2(apart > (&vision == &kVisions[0] ? 20 : 12),
                             qPrintable(QStringLiteral("%1 and %2, %3: %4")
                                            .arg(t.category(i).name(), t.category(j).name(), QLatin1String(vision.name))
                                            .arg(apart)));
                }
            }
        }
    }

    /// WCAG 1.4.11 asks 3:1 of graphics; what is fainter (yellows on white) is drawn with an outline: see drawSwatch().
    void partsStandOutFromTheGround_data() { allThemes(); }
    void partsStandOutFromTheGround()
    {
        const Theme& t = chosen();
        std::vector<QColor> parts;
        for (std::size_t i = 0; i < 10; ++i) {
            parts.push_back(t.category(i));
        }
        for (const char* key : kProviders) {
            parts.push_back(t.provider(key));
        }
        for (const QColor& part : parts) {
            QVERIFY2(contrast(part, t.panel) >= (t.dark ? 3 : 2.2), qPrintable(part.name()));
        }
        for (const QColor& mark : {t.trouble, t.caution, t.fine, t.accent, t.isobar}) {
            QVERIFY2(contrast(mark, t.panel) >= 3, qPrintable(mark.name()));
            QVERIFY2(contrast(mark, t.land) >= 3, qPrintable(mark.name()));
        }
    }

    /// The three states of a thing differ to every eye, besides their shapes and words.
    void statesDifferForEveryEye_data() { allThemes(); }
    void statesDifferForEveryEye()
    {
        const Theme& t = chosen();
        const std::array<QColor, 3> states{t.trouble, t.caution, t.fine};
        for (const Vision& vision : kVisions) {
            for (std::size_t i = 0; i < states.size(); ++i) {
                for (std::size_t j = 0; j < i; ++j) {
                    const double apart = distance(states[i], states[j], vision);
                    QVERIFY2(apart >= 12,
                             qPrintable(QStringLiteral("%1 and %2, %3: %4")
                                            .arg(states[i].name(), states[j].name(), QLatin1String(vision.name))
                                            .arg(apart)));
                }
            }
        }
    }

    void systemFollowsTheDesktop()
    {
        DesktopScheme& desktop = DesktopScheme::instance();
        applyTheme(ThemeChoice::System);
        int changes = 0;
        const auto connection =
            connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, [&changes] { ++changes; });
        desktop.take(1);
        QVERIFY(theme().dark);
        desktop.take(2);
        QVERIFY(!theme().dark);
        QVERIFY(changes >= 2);
        applyTheme(ThemeChoice::Light);
        changes = 0;
        desktop.take(1); // what the user chose stays
        QVERIFY(!theme().dark);
        QCOMPARE(changes, 0);
        desktop.take(0);
        disconnect(connection);
    }

    void providersDifferForEveryEye_data() { allThemes(); }
    void providersDifferForEveryEye()
    {
        const Theme& t = chosen();
        for (const Vision& vision : kVisions) {
            for (std::size_t i = 0; i < kProviders.size(); ++i) {
                const QColor a = t.provider(kProviders[i]);
                for (std::size_t j = 0; j < i; ++j) {
                    const double apart = distance(a, t.provider(kProviders[j]), vision);
                    QVERIFY2(apart >= 10, qPrintable(QStringLiteral("%1 and %2, %3: %4")
                                                         .arg(QLatin1String(kProviders[i]),
                                                              QLatin1String(kProviders[j]), QLatin1String(vision.name))
                                                         .arg(apart)));
                }
                // The one warning colour means one thing.
                QVERIFY2(distance(a, t.trouble, vision) >= 10, kProviders[i]);
            }
        }
    }

    void otherProvidersAreTakenForNoneOfTheFive_data() { allThemes(); }
    void otherProvidersAreTakenForNoneOfTheFive()
    {
        const Theme& t = chosen();
        QSet<QRgb> seen;
        for (char c = 'a'; c <= 'z'; ++c) {
            const QColor other = t.provider(std::string(1, c));
            seen.insert(other.rgb());
            QCOMPARE(t.provider(std::string(1, c)), other); // stable
            for (const Vision& vision : kVisions) {
                for (const char* key : kProviders) {
                    QVERIFY2(distance(other, t.provider(key), vision) >= 10,
                             qPrintable(other.name() + QLatin1Char(' ') + QLatin1String(key) + QLatin1Char(' ') +
                                        QLatin1String(vision.name)));
                }
            }
        }
        QVERIFY(seen.size() > 1);
    }

    void applyingTellsEveryone()
    {
        int told = 0;
        connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, [&told] { ++told; });
        applyTheme(ThemeChoice::Light);
        QVERIFY(!theme().dark);
        QCOMPARE(qApp->palette().color(QPalette::Window), Theme::lightTheme().ground);
        applyTheme(ThemeChoice::Dark);
        QVERIFY(theme().dark);
        QCOMPARE(told, 2);
        QVERIFY(!qApp->styleSheet().contains(QLatin1Char('@'))); // every token was replaced
    }
};

QTEST_MAIN(TestTheme)
#include "tst_theme.moc"
