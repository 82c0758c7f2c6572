// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/heat_colors.h"
#include "ui/devices/chip_colors.h"
#include "ui/map/color_scale.h"
#include "ui/shell/theme.h"

#include <QTest>

#include <algorithm>
#include <cmath>
#include <functional>

using namespace isobar::ui;

namespace {

constexpr std::array<const char*, 4> kVisionNames{"full", "protanopia", "deuteranopia", "tritanopia"};
constexpr int kSteps = 16; ///< as many as a reader may be asked to tell apart on a scale

struct Scale {
    const char* name;
    std::function<QColor(double)> color;
    std::function<QColor(const Theme&)> ground; ///< what it is painted on
};

const std::array<Scale, 3> kScales{
    {{"cells of charts", [](double share) { return heatColor(share); }, [](const Theme& t) { return t.panel; }},
     {"donuts of the map", [](double share) { return rampColor(share, theme()); },
      [](const Theme& t) { return t.land; }},
     {"chips", [](double share) { return chipRampColor(share, theme()); }, [](const Theme& t) { return t.panel; }}}};

} // namespace

/// Scales of colour tell amounts to every eye, and states differ from each other, in all themes.
class TestColorRamps : public QObject {
    Q_OBJECT

private:
    static void everywhere()
    {
        QTest::addColumn<int>("choice");
        QTest::addColumn<int>("vision");
        const std::array<std::pair<const char*, ThemeChoice>, 3> themes{
            {{"dark", ThemeChoice::Dark}, {"light", ThemeChoice::Light}, {"high contrast", ThemeChoice::HighContrast}}};
        for (const auto& [name, choice] : themes) {
            for (std::size_t v = 0; v < kColorVisions.size(); ++v) {
                QTest::addRow("%s, %s", name, kVisionNames[v]) << static_cast<int>(choice) << static_cast<int>(v);
            }
        }
    }
    static ColorVision begin()
    {
        QFETCH(int, choice);
        QFETCH(int, vision);
        applyTheme(static_cast<ThemeChoice>(choice));
        return kColorVisions[static_cast<std::size_t>(vision)];
    }

private Q_SLOTS:
    void cleanup() { applyTheme(ThemeChoice::Dark); }

    /// Known distances: nothing, black to white, and a red and a green that deuteranopes confuse.
    void measuresAreRight()
    {
        QCOMPARE(perceivedDistance(Qt::red, Qt::red), 0.0);
        QVERIFY(std::abs(perceivedDistance(Qt::black, Qt::white) - 1) < 1e-3);
        QVERIFY(std::abs(perceivedLightness(Qt::white) - 1) < 1e-3 && perceivedLightness(Qt::black) < 1e-3);
        const QColor red(200, 80, 60), green(110, 130, 50);
        QVERIFY(perceivedDistance(seenWith(ColorVision::Deutan, red), seenWith(ColorVision::Deutan, green)) <
                perceivedDistance(red, green) / 2);
        QVERIFY(perceivedDistance(seenWith(ColorVision::Tritan, red), seenWith(ColorVision::Tritan, green)) >
                perceivedDistance(red, green) / 2);
    }

    /// Sixteen steps: each a little lighter (darker) than the one before, none much smaller than another, and the ends
    /// far apart.
    void amountsAreToldByLightness_data() { everywhere(); }
    void amountsAreToldByLightness()
    {
        const ColorVision vision = begin();
        for (const Scale& scale : kScales) {
            std::vector<double> apart;
            for (int i = 0; i < kSteps; ++i) {
                const QColor a = seenWith(vision, scale.color(static_cast<double>(i) / kSteps));
                const QColor b = seenWith(vision, scale.color(static_cast<double>(i + 1) / kSteps));
                const double lighter = perceivedLightness(b) - perceivedLightness(a);
                QVERIFY2(
                    (theme().dark ? lighter : -lighter) > 0.008,
                    qPrintable(QStringLiteral("%1, step %2: %3").arg(QLatin1String(scale.name)).arg(i).arg(lighter)));
                apart.push_back(perceivedDistance(a, b));
            }
            const auto [least, most] = std::minmax_element(apart.begin(), apart.end());
            const QString said =
                QStringLiteral("%1: steps of %2 to %3").arg(QLatin1String(scale.name)).arg(*least).arg(*most);
            QVERIFY2(*least >= 0.015, qPrintable(said));
            QVERIFY2(*most / *least <= (vision == ColorVision::Full ? 1.4 : 2.2), qPrintable(said));
            const double ends = perceivedDistance(seenWith(vision, scale.color(0)), seenWith(vision, scale.color(1)));
            QVERIFY2(ends >= 0.38, qPrintable(QStringLiteral("%1: %2").arg(QLatin1String(scale.name)).arg(ends)));
        }
    }

    /// Quiet is not absent: the low end is seen on what it is painted on, and the high end stands out.
    void bothEndsAreSeenOnTheirGround_data() { everywhere(); }
    void bothEndsAreSeenOnTheirGround()
    {
        const ColorVision vision = begin();
        for (const Scale& scale : kScales) {
            const QColor ground = seenWith(vision, scale.ground(theme()));
            const double low = contrastRatio(seenWith(vision, scale.color(0)), ground);
            const double high = contrastRatio(seenWith(vision, scale.color(1)), ground);
            const QString said = QStringLiteral("%1: %2 and %3").arg(QLatin1String(scale.name)).arg(low).arg(high);
            QVERIFY2(low >= (keepsThreeToOne(theme()) ? 2.9 : 1.08), qPrintable(said));
            QVERIFY2(high >= 7, qPrintable(said));
        }
        // Donuts stand alone on the land, where nothing else says that a place is there.
        const double donut = contrastRatio(seenWith(vision, rampColor(0, theme())), seenWith(vision, theme().land));
        QVERIFY2(donut >= 1.4, qPrintable(QString::number(donut)));
    }

    /// States of a place and of a chip, against each other.
    void statesDiffer_data() { everywhere(); }
    void statesDiffer()
    {
        const ColorVision vision = begin();
        const auto compare = [&](const std::vector<std::pair<QString, QColor>>& states, double least) {
            for (std::size_t i = 0; i < states.size(); ++i) {
                for (std::size_t j = 0; j < i; ++j) {
                    const double d =
                        perceivedDistance(seenWith(vision, states[i].second), seenWith(vision, states[j].second));
                    QVERIFY2(d >= least, qPrintable(QStringLiteral("%1 %2, %3 %4: %5")
                                                        .arg(states[i].first, states[i].second.name(), states[j].first,
                                                             states[j].second.name())
                                                        .arg(d)));
                }
            }
        };
        std::vector<std::pair<QString, QColor>> places, chips;
        for (const MarkerState state :
             {MarkerState::Fine, MarkerState::Idle, MarkerState::Hot, MarkerState::MissesSlo}) {
            places.emplace_back(stateName(state), stateColor(state, theme()));
        }
        for (const ChipClass kind : {ChipClass::Idle, ChipClass::Working, ChipClass::Warming, ChipClass::Draining,
                                     ChipClass::Waiting, ChipClass::Down, ChipClass::OtherTenant}) {
            chips.emplace_back(chipClassTitle(kind), chipClassColor(kind, theme()));
        }
        compare(places, 0.06);
        compare(chips, 0.06);
    }

    /// A bar's track is seen, and less than the bar's lines.
    void tracksStepBack()
    {
        for (const ThemeChoice choice : {ThemeChoice::Dark, ThemeChoice::Light, ThemeChoice::HighContrast}) {
            applyTheme(choice);
            const double track = contrastRatio(trackColor(theme()), theme().panel);
            QVERIFY2(track >= 1.2 && track <= 2.2, qPrintable(QString::number(track)));
        }
    }
};

QTEST_MAIN(TestColorRamps)
#include "tst_color_ramps.moc"
