// SPDX-License-Identifier: GPL-3.0-or-later
#include "mark_samples.h"
#include "ui/charts/kpi_tile.h"
#include "ui/charts/mark_charts.h"
#include "ui/charts/percentile_chart.h"
#include "ui/charts/share_bars.h"
#include "ui/charts/time_chart.h"

#include <QDir>
#include <QFileInfo>
#include <QImage>
#include <QPainter>
#include <QStandardPaths>
#include <QTest>

#include <functional>

using namespace isobar::ui;
using namespace isobar::ui::test;

namespace {

using Maker = std::function<std::unique_ptr<QWidget>()>;

template <typename Chart, typename Data> Maker showing(Data (*sample)())
{
    return [sample] {
        auto chart = std::make_unique<Chart>();
        chart->setData(sample());
        return chart;
    };
}

TimeChartData compared(TimeChartData data)
{
    TimeSeries ghost = data.series.back();
    ghost.name = words("previous 5 min"), ghost.color = theme().muted, ghost.ghost = true;
    for (double& value : ghost.values) {
        value *= 2.1;
    }
    data.series.push_back(ghost);
    data.events = {{kNoon + 22, TimeEvent::Kind::Trouble, words("spot reclaim")},
                   {kNoon + 48, TimeEvent::Kind::Scaling, words("8 replicas ready")},
                   {kNoon + 71, TimeEvent::Kind::Plan, words("plan applied")}};
    return data;
}

TimeChartData latencies()
{
    TimeChartData data;
    data.title = words("Time to first token");
    data.unitNote = words("s, network included");
    data.target = 0.5, data.targetLabel = words("SLO 0.5 s");
    QVector<double> times;
    std::array<QVector<double>, 3> values;
    for (int i = 0; i < 900; ++i) { // as many as pixels, as a long history has
        times << kNoon + i;
        for (std::size_t k = 0; k < 3; ++k) {
            const double n = static_cast<double>(k);
            values[k] << 0.12 * (1 + n) + 0.05 * std::sin(i * 0.01) + 0.02 * (n + 0.3) * std::sin(i * 1.7 + n) +
                             (i == 611 && k == 2 ? 0.4 : 0);
        }
    }
    const QColor colors[] = {theme().accent, theme().caution, theme().trouble};
    const char* const names[] = {"p50", "p95", "p99"};
    for (std::size_t k = 0; k < 3; ++k) {
        data.series.push_back(seriesOf(names[k], colors[k], times, values[k]));
    }
    data.series[2].dashed = true;
    data.bands.push_back({words("p50 to p99"), theme().accent, times, values[0], values[2]});
    return data;
}

PercentileChartData percentiles()
{
    PercentileChartData data;
    data.title = words("Time to first token");
    data.unitNote = words("s");
    data.target = 0.5, data.targetLabel = words("SLO 0.5 s");
    PercentileCurve now{words("now"), theme().accent, percentileGrid(), {}}, before = now;
    before.name = words("yesterday"), before.color = theme().muted, before.dashed = true;
    for (const double ratio : now.ratios) {
        now.seconds << 0.08 * std::pow(1 - ratio, -0.4);
        before.seconds << 0.06 * std::pow(1 - ratio, -0.42);
    }
    data.curves = {now, before};
    return data;
}

ShareData sharesCompared()
{
    ShareData data = threeShares();
    data.beforeName = words("previous 5 min");
    data.rows[0].before = 44, data.rows[1].before = 33, data.rows[2].before = 23;
    return data;
}

KpiData spend()
{
    KpiData data;
    data.title = words("Spend"), data.value = words("$14.62"), data.unit = words("M / day");
    data.change = words("+2.1 % vs previous 5 min"), data.direction = KpiData::Direction::Worse, data.up = true;
    for (int i = 0; i < 60; ++i) {
        data.spark << 14 + std::sin(i * 0.3) * 0.3 + i * 0.01;
    }
    return data;
}

struct Sample {
    const char* name;
    Maker make;
    QSize size{460, 260};
};

const std::vector<Sample>& samples()
{
    static const std::vector<Sample> all{
        {"time-stacked", showing<TimeChart, TimeChartData>(&twoLayers)},
        {"time-compared", showing<TimeChart, TimeChartData>([] { return compared(twoLayers()); })},
        {"time-latency", showing<TimeChart, TimeChartData>(&latencies)},
        {"percentiles", showing<PercentileChart, PercentileChartData>(&percentiles)},
        {"share", showing<ShareBars, ShareData>(&sharesCompared), {300, 220}},
        {"kpi", showing<KpiTile, KpiData>(&spend), {230, 86}},
        {"heat", showing<HeatMapChart, HeatMapData>([] { return loadByRegion(); })},
        {"heat-compared", showing<HeatMapChart, HeatMapData>([] { return heatCompared(); }), {720, 420}},
        {"lorenz", showing<LorenzChart, LorenzData>(&loadSpread)},
        {"sankey", showing<SankeyChart, SankeyData>([] { return flowsToModels(); })},
        {"sankey-compared", showing<SankeyChart, SankeyData>([] { return flowsCompared(); }), {720, 420}},
        {"treemap", showing<TreemapChart, TreemapData>(&spendTree)},
        {"treemap-compared", showing<TreemapChart, TreemapData>(&spendTreeCompared), {720, 420}},
        {"commitments", showing<CommitmentsChart, CommitmentsData>(&contracts)},
        {"commitments-wide", showing<CommitmentsChart, CommitmentsData>(&contracts), {900, 300}},
        {"concentration", showing<ConcentrationChart, ConcentrationData>(&concentrationCompared)},
        {"distribution", showing<DistributionChart, DistributionData>(&firstTokens)},
        {"bars", showing<BarsChart, BarsData>(&spendByModel)}};
    return all;
}

QImage grabbed(QWidget& chart, QSize size, int ratio = 1)
{
    chart.setAttribute(Qt::WA_DontShowOnScreen);
    chart.resize(size);
    chart.show();
    if (auto* time = qobject_cast<TimeChart*>(&chart)) {
        time->redraw();
    }
    QImage image(size * ratio, QImage::Format_RGB32);
    image.setDevicePixelRatio(ratio);
    image.fill(theme().panel);
    QPainter painter(&image);
    chart.render(&painter, {}, {}, QWidget::DrawChildren);
    return image;
}

/// The largest share of pixels that differ in any square of 32 × 32. Edges of letters may differ by a pixel between
/// machines, so both are halved first; a word that is missing or another one fills more than a tenth of its square.
double worstSquare(const QImage& a, const QImage& b)
{
    constexpr int kSquare = 16, kFar = 45;
    const auto half = [](const QImage& image) {
        return image.convertToFormat(QImage::Format_RGB32)
            .scaled(image.size() / 2, Qt::IgnoreAspectRatio, Qt::SmoothTransformation);
    };
    const QImage x = half(a), y = half(b);
    double worst = 0;
    for (int top = 0; top < x.height(); top += kSquare) {
        for (int left = 0; left < x.width(); left += kSquare) {
            int others = 0;
            for (int v = top; v < std::min(top + kSquare, x.height()); ++v) {
                for (int u = left; u < std::min(left + kSquare, x.width()); ++u) {
                    const QRgb p = x.pixel(u, v), q = y.pixel(u, v);
                    others +=
                        std::abs(qRed(p) - qRed(q)) + std::abs(qGreen(p) - qGreen(q)) + std::abs(qBlue(p) - qBlue(q)) >
                        kFar;
                }
            }
            worst = std::max(worst, others / static_cast<double>(kSquare * kSquare));
        }
    }
    return worst;
}

constexpr double kAlike = 0.08;

} // namespace

/// Every chart against a picture kept beside this file, dark and light. ISOBAR_KEEP_PICTURES=1 makes them anew, to be
/// looked at before they go in; README.md says how.
class TestChartPictures : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { QStandardPaths::setTestModeEnabled(true); }
    void cleanup() { applyTheme(ThemeChoice::Dark); }

    void picturesAreAsBefore_data()
    {
        QTest::addColumn<int>("sample");
        QTest::addColumn<bool>("dark");
        for (std::size_t i = 0; i < samples().size(); ++i) {
            for (const bool dark : {true, false}) {
                QTest::addRow("%s-%s", samples()[i].name, dark ? "dark" : "light") << static_cast<int>(i) << dark;
            }
        }
    }
    void picturesAreAsBefore()
    {
        QFETCH(int, sample);
        QFETCH(bool, dark);
        applyTheme(dark ? ThemeChoice::Dark : ThemeChoice::Light);
        const Sample& one = samples()[static_cast<std::size_t>(sample)];
        const QImage now = grabbed(*one.make(), one.size);
        const QString file = QFileInfo(QStringLiteral(__FILE__)).absolutePath() + QStringLiteral("/pictures/") +
                             QString::fromLatin1(QTest::currentDataTag()) + QStringLiteral(".png");
        if (qEnvironmentVariableIsSet("ISOBAR_KEEP_PICTURES")) {
            QVERIFY(now.save(file));
        }
        const QImage before(file);
        QCOMPARE(before.size(), now.size());
        const double worst = worstSquare(now, before);
        if (worst >= kAlike) {
            now.save(QDir::temp().filePath(QFileInfo(file).fileName()));
        }
        QVERIFY2(worst < kAlike, qPrintable(QStringLiteral("%1 % of a square differ; see %2")
                                                .arg(100 * worst)
                                                .arg(QDir::temp().filePath(QFileInfo(file).fileName()))));
    }

    /// The comparison is of use: one other word, one other colour, one cell's change are seen.
    void anotherWordIsSeen()
    {
        applyTheme(ThemeChoice::Dark);
        HeatMapChart chart;
        chart.setData(loadByRegion());
        const QImage before = grabbed(chart, {460, 260});
        HeatMapData data = loadByRegion();
        data.rows[0].name = words("Texas");
        chart.setData(data);
        QVERIFY(worstSquare(before, grabbed(chart, {460, 260})) > kAlike);
        data = loadByRegion();
        data.values[2] = 0.1;
        chart.setData(data);
        QVERIFY(worstSquare(before, grabbed(chart, {460, 260})) > kAlike);
    }

    /// For the eye: every chart as large as in small and large windows, at double scale and in every theme.
    void forTheEye()
    {
        const QString folder = qEnvironmentVariable("ISOBAR_PICTURES");
        if (folder.isEmpty()) {
            QSKIP("set ISOBAR_PICTURES to a folder to keep pictures of every chart");
        }
        QDir().mkpath(folder);
        const std::pair<ThemeChoice, const char*> themes[] = {
            {ThemeChoice::Dark, "dark"}, {ThemeChoice::Light, "light"}, {ThemeChoice::HighContrast, "contrast"}};
        for (const auto& [choice, name] : themes) {
            applyTheme(choice);
            for (const auto& [size, ratio] : {std::pair{QSize(300, 180), 1}, std::pair{QSize(440, 230), 1},
                                              std::pair{QSize(900, 520), 1}, std::pair{QSize(440, 230), 2}}) {
                // A sheet a size: what is wrong stands out beside the others.
                const int columns = 1900 / (size.width() * ratio) + (size.width() * ratio > 1900);
                const int rows = (static_cast<int>(samples().size()) + columns - 1) / columns;
                QImage sheet(QSize(columns * (size.width() + 8), rows * (size.height() + 8)) * ratio,
                             QImage::Format_RGB32);
                sheet.setDevicePixelRatio(ratio);
                sheet.fill(theme().ground);
                QPainter painter(&sheet);
                int at = 0;
                for (const Sample& one : samples()) {
                    const auto chart = one.make();
                    painter.drawImage(QPoint(at % columns * (size.width() + 8), at / columns * (size.height() + 8)),
                                      grabbed(*chart, size, ratio));
                    ++at;
                }
                painter.end();
                sheet.save(
                    QStringLiteral("%1/%2-%3x%4.png").arg(folder, QLatin1String(name)).arg(size.width()).arg(ratio));
            }
        }
    }
};

QTEST_MAIN(TestChartPictures)
#include "tst_chart_pictures.moc"
