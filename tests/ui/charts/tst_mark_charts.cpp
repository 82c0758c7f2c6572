// SPDX-License-Identifier: GPL-3.0-or-later
#include "mark_samples.h"
#include "ui/charts/change_marks.h"
#include "ui/charts/chart_export.h"
#include "ui/charts/mark_charts.h"
#include "ui/charts/mark_layout.h"

#include <QAccessible>
#include <QBuffer>
#include <QImage>
#include <QPainter>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QSvgGenerator>
#include <QTest>

#include <functional>
#include <set>

using namespace isobar::ui;
using namespace isobar::ui::test;

namespace {

using Maker = std::function<std::unique_ptr<MarkChart>(bool filled)>;

template <typename Chart, typename Data> Maker makerOf(Data (*sample)())
{
    return [sample](bool filled) -> std::unique_ptr<MarkChart> {
        auto chart = std::make_unique<Chart>();
        Data data = sample();
        if (!filled) {
            Data empty;
            empty.title = data.title, empty.emptyText = data.emptyText;
            data = empty;
        }
        chart->setData(data);
        return chart;
    };
}

const std::vector<std::pair<const char*, Maker>>& makers()
{
    static const std::vector<std::pair<const char*, Maker>> all{
        {"heat map", makerOf<HeatMapChart, HeatMapData>([] { return loadByRegion(); })},
        {"lorenz", makerOf<LorenzChart, LorenzData>(&loadSpread)},
        {"sankey", makerOf<SankeyChart, SankeyData>([] { return flowsToModels(); })},
        {"treemap", makerOf<TreemapChart, TreemapData>(&spendTree)},
        {"commitments", makerOf<CommitmentsChart, CommitmentsData>(&contracts)},
        {"concentration", makerOf<ConcentrationChart, ConcentrationData>(&whoHasIt)},
        {"distribution", makerOf<DistributionChart, DistributionData>(&firstTokens)},
        {"bars", makerOf<BarsChart, BarsData>(&spendByModel)}};
    return all;
}

/// Pixels that are not of the ground colour.
int inked(const QImage& image, const QColor& ground)
{
    int n = 0;
    for (int y = 0; y < image.height(); ++y) {
        for (int x = 0; x < image.width(); ++x) {
            n += image.pixelColor(x, y) != ground;
        }
    }
    return n;
}

} // namespace

/// The charts made of marks, by mouse, by keys, for a screen reader and as files.
class TestMarkCharts : public QObject {
    Q_OBJECT

    static void charts()
    {
        QTest::addColumn<int>("chart");
        for (std::size_t i = 0; i < makers().size(); ++i) {
            QTest::newRow(makers()[i].first) << static_cast<int>(i);
        }
    }

    static std::unique_ptr<MarkChart> shown(int chart, QSize size = {460, 250})
    {
        std::unique_ptr<MarkChart> widget = makers()[static_cast<std::size_t>(chart)].second(true);
        widget->resize(size);
        widget->show();
        widget->activateWindow();
        widget->setFocus();
        return QTest::qWaitForWindowActive(widget.get()) ? std::move(widget) : nullptr;
    }

    template <typename Chart> static std::unique_ptr<Chart> visible(std::unique_ptr<Chart> chart, QSize size)
    {
        chart->resize(size);
        chart->show();
        return QTest::qWaitForWindowExposed(chart.get()) ? std::move(chart) : nullptr;
    }

private Q_SLOTS:
    void initTestCase()
    {
        QStandardPaths::setTestModeEnabled(true);
        applyTheme(ThemeChoice::Dark);
    }

    void drawsAtEverySizeAndTheme_data() { charts(); }
    void drawsAtEverySizeAndTheme()
    {
        QFETCH(int, chart);
        for (const ThemeChoice choice : {ThemeChoice::Dark, ThemeChoice::Light, ThemeChoice::HighContrast}) {
            applyTheme(choice);
            auto widget = makers()[static_cast<std::size_t>(chart)].second(true);
            for (const QSize size : {QSize(240, 160), QSize(460, 250), QSize(1900, 900), QSize(30, 20)}) {
                widget->resize(size);
                const QImage image = widget->grab().toImage();
                QCOMPARE(image.size(), size);
                QVERIFY(size.width() < 100 || inked(image, theme().panel) > size.width() * size.height() / 50);
                for (const ChartMark& mark : widget->marks()) {
                    QVERIFY(size.width() < 100 ||
                            QRectF(widget->rect()).adjusted(-8, -8, 8, 8).contains(widget->markRect(mark.key)));
                }
            }
            auto empty = makers()[static_cast<std::size_t>(chart)].second(false);
            empty->resize(460, 250);
            QVERIFY(inked(empty->grab().toImage(), theme().panel) > 500); // says why
            QVERIFY(empty->marks().empty());
            QVERIFY(!empty->accessibleDescription().isEmpty());
        }
        applyTheme(ThemeChoice::Dark);
    }

    void sharpAtDoubleScale_data() { charts(); }
    /// Drawn with twice the pixels, not stretched: more detail than the small picture enlarged.
    void sharpAtDoubleScale()
    {
        QFETCH(int, chart);
        auto widget = makers()[static_cast<std::size_t>(chart)].second(true);
        const QSizeF size(432, 230);
        QImage once(432, 230, QImage::Format_RGB32), twice(864, 460, QImage::Format_RGB32);
        for (QImage* image : {&once, &twice}) {
            image->fill(theme().panel);
            QPainter p(image);
            p.scale(image->width() / size.width(), image->width() / size.width());
            widget->makeScene(size)->paint(p);
        }
        const QImage back = twice.scaled(once.size(), Qt::IgnoreAspectRatio, Qt::SmoothTransformation);
        double difference = 0;
        for (int y = 0; y < once.height(); ++y) {
            for (int x = 0; x < once.width(); ++x) {
                difference += std::abs(qGray(once.pixel(x, y)) - qGray(back.pixel(x, y)));
            }
        }
        QVERIFY2(difference / (432 * 230) < 6, qPrintable(QString::number(difference / (432 * 230)))); // same picture
        QVERIFY(twice.scaled(once.size()).scaled(twice.size()) != twice);
    }

    void hoverSaysTheMark_data() { charts(); }
    void hoverSaysTheMark()
    {
        QFETCH(int, chart);
        auto widget = shown(chart);
        QVERIFY(widget);
        QSignalSpy hovered(widget.get(), &MarkChart::markHovered);
        // The last one laid out is on top, and its middle is its own.
        const ChartMark mark = widget->marks().back();
        QTest::mouseMove(widget.get(), QPoint(2, 2));
        QTest::mouseMove(widget.get(), widget->markRect(mark.key).center().toPoint());
        QTRY_COMPARE(widget->hoveredKey(), mark.key);
        QVERIFY(widget->hoverText().contains(mark.name));
        QVERIFY(widget->hoverText().contains(mark.value));
        QCOMPARE(hovered.last()[0].toString(), mark.key);
        QCOMPARE(widget->cursor().shape(), mark.clickable ? Qt::PointingHandCursor : Qt::ArrowCursor);
        QTest::mouseMove(widget.get(), QPoint(2, 2));
        QTRY_VERIFY(widget->hoveredKey().isEmpty());
        QVERIFY(widget->hoverText().isEmpty());
    }

    void clickAndEnterAgree_data() { charts(); }
    void clickAndEnterAgree()
    {
        QFETCH(int, chart);
        auto widget = shown(chart);
        QVERIFY(widget);
        QSignalSpy clicked(widget.get(), &MarkChart::markClicked);
        const auto first = std::find_if(widget->marks().begin(), widget->marks().end(),
                                        [](const ChartMark& m) { return m.clickable; });
        QVERIFY(first != widget->marks().end());
        const QString key = first->key;
        widget->setCurrentMark(static_cast<int>(first - widget->marks().begin()));
        QCOMPARE(widget->currentKey(), key);
        QTest::keyClick(widget.get(), Qt::Key_Return);
        QCOMPARE(clicked.count(), 1);
        QCOMPARE(clicked[0][0].toString(), key);
        QTest::mouseClick(widget.get(), Qt::RightButton, {}, widget->markRect(key).center().toPoint());
        QCOMPARE(clicked.count(), 1);
    }

    void arrowsReachEveryMark_data() { charts(); }
    /// From any mark some way leads on: walking breadth-first over the four arrows finds most of them.
    void arrowsReachEveryMark()
    {
        QFETCH(int, chart);
        auto widget = shown(chart, {900, 440});
        QVERIFY(widget);
        QTest::keyClick(widget.get(), Qt::Key_Down);
        QVERIFY(!widget->currentKey().isEmpty());
        QVERIFY(!widget->hoverText().isEmpty());
        std::set<QString> seen{widget->currentKey()};
        std::vector<QString> open{widget->currentKey()};
        const auto indexOf = [&](const QString& key) {
            return static_cast<int>(std::find_if(widget->marks().begin(), widget->marks().end(),
                                                 [&key](const ChartMark& m) { return m.key == key; }) -
                                    widget->marks().begin());
        };
        while (!open.empty()) {
            const QString key = open.back();
            open.pop_back();
            for (const Qt::Key arrow : {Qt::Key_Left, Qt::Key_Right, Qt::Key_Up, Qt::Key_Down}) {
                widget->setCurrentMark(indexOf(key));
                QTest::keyClick(widget.get(), arrow);
                if (seen.insert(widget->currentKey()).second) {
                    open.push_back(widget->currentKey());
                }
            }
        }
        QVERIFY2(seen.size() * 10 >= widget->marks().size() * 9,
                 qPrintable(QStringLiteral("%1 of %2").arg(seen.size()).arg(widget->marks().size())));
        QTest::keyClick(widget.get(), Qt::Key_End);
        QCOMPARE(widget->currentKey(), widget->marks().back().key);
        QTest::keyClick(widget.get(), Qt::Key_Escape);
        QVERIFY(widget->currentKey().isEmpty());
    }

    void screenReaderFindsEveryMark_data() { charts(); }
    void screenReaderFindsEveryMark()
    {
        QFETCH(int, chart);
        auto widget = shown(chart);
        QVERIFY(widget);
        QAccessibleInterface* whole = QAccessible::queryAccessibleInterface(widget.get());
        QVERIFY(whole != nullptr);
        QCOMPARE(whole->role(), QAccessible::List);
        QVERIFY(!whole->text(QAccessible::Name).isEmpty());
        QVERIFY(whole->text(QAccessible::Description).size() > 10);
        QCOMPARE(whole->childCount(), static_cast<int>(widget->marks().size()));
        QSignalSpy clicked(widget.get(), &MarkChart::markClicked);
        QSet<QString> names;
        for (int i = 0; i < whole->childCount(); ++i) {
            QAccessibleInterface* one = whole->child(i);
            const ChartMark& mark = widget->marks()[static_cast<std::size_t>(i)];
            QCOMPARE(one->text(QAccessible::Name), mark.name);
            QCOMPARE(one->text(QAccessible::Value), mark.value);
            QVERIFY(one->text(QAccessible::Description).contains(mark.note));
            QCOMPARE(one->parent()->object(), widget.get());
            QVERIFY(widget->rect()
                        .adjusted(-8, -8, 8, 8)
                        .contains(one->rect().translated(-widget->mapToGlobal(QPoint(0, 0)))));
            names.insert(mark.key);
        }
        QCOMPARE(names.size(), whole->childCount()); // keys are unique
        whole->child(0)->actionInterface()->doAction(QAccessibleActionInterface::pressAction());
        QCOMPARE(clicked.count(), 1);
    }

    void filesMatchTheScreen_data() { charts(); }
    void filesMatchTheScreen()
    {
        QFETCH(int, chart);
        auto widget = makers()[static_cast<std::size_t>(chart)].second(true);
        widget->resize(460, 250);
        // The export's panel is 460 x 250 when alone on its page.
        QImage file(460, 250, QImage::Format_RGB32);
        file.fill(theme().panel);
        {
            QPainter p(&file);
            paintMarkChart(
                p, QSizeF(460, 250), [&](QSizeF size) { return widget->makeScene(size); }, QString());
        }
        const QImage screen = widget->grab().toImage().convertToFormat(QImage::Format_RGB32);
        double difference = 0;
        for (int y = 0; y < 250; ++y) {
            for (int x = 0; x < 460; ++x) {
                difference += std::abs(qGray(file.pixel(x, y)) - qGray(screen.pixel(x, y)));
            }
        }
        // Two pixels lower and as much less high, since a file has no room for a focus ring: alike, not identical.
        QVERIFY2(difference / (460 * 250) < 22, qPrintable(QString::number(difference / (460 * 250))));
        QByteArray svg;
        QBuffer buffer(&svg);
        QSvgGenerator generator;
        generator.setOutputDevice(&buffer);
        generator.setSize({460, 250});
        {
            QPainter p(&generator);
            paintMarkChart(
                p, QSizeF(460, 250), [&](QSizeF size) { return widget->makeScene(size); }, QStringLiteral("seed 42"));
        }
        QVERIFY(svg.contains("<path") || svg.contains("<rect") || svg.contains("<polyline"));
        QVERIFY(!svg.contains("<image")); // vectors only
        QVERIFY(svg.contains("seed 42"));
    }

    void selectionIsSeen_data() { charts(); }
    void selectionIsSeen()
    {
        QFETCH(int, chart);
        auto widget = makers()[static_cast<std::size_t>(chart)].second(true);
        widget->resize(460, 250);
        const QImage before = widget->grab().toImage();
        QCOMPARE(widget->grab().toImage(), before);
        widget->setSelectedKeys({widget->marks()[widget->marks().size() / 2].key, QStringLiteral("gone")});
        QVERIFY(widget->grab().toImage() != before);
        widget->setSelectedKeys({});
        QCOMPARE(widget->grab().toImage(), before);
    }

    // ---- what is particular to one chart ----------------------------------------------------------------------

    void heatMapCellUnderThePoint()
    {
        auto made = std::make_unique<HeatMapChart>();
        made->setData(loadByRegion(9, 5));
        auto chart = visible(std::move(made), {500, 300});
        QVERIFY(chart);
        QSignalSpy clicked(chart.get(), &HeatMapChart::cellClicked);
        int picked = 0;
        for (int r = 0; r < 9; ++r) {
            for (int c = 0; c < 5; ++c) {
                const QString row = QStringLiteral("r%1").arg(r), column = QStringLiteral("m%1").arg(c);
                const QRectF cell = chart->markRect(HeatMapChart::cellKey(row, column));
                QTest::mouseClick(chart.get(), Qt::LeftButton, {}, cell.center().toPoint());
                if (std::isfinite(chart->data().values[r * 5 + c])) {
                    QCOMPARE(clicked.count(), ++picked);
                    QCOMPARE(clicked.last()[0].toString(), row);
                    QCOMPARE(clicked.last()[1].toString(), column);
                } else {
                    QCOMPARE(clicked.count(), picked);
                }
            }
        }
        QVERIFY(picked > 30 && picked < 45);
        // Cells take the colour of their value; the highest ends the scale.
        const QImage image = chart->grab().toImage();
        const auto highest = std::max_element(chart->data().values.begin(), chart->data().values.end(),
                                              [](double a, double b) { return !(a >= b) && !std::isnan(b); });
        const auto at = static_cast<int>(highest - chart->data().values.begin());
        const QRectF cell = chart->markRect(
            HeatMapChart::cellKey(QStringLiteral("r%1").arg(at / 5), QStringLiteral("m%1").arg(at % 5)));
        QCOMPARE(image.pixelColor((cell.topLeft() + QPointF(3, 3)).toPoint()).rgb(),
                 chart->marks()[static_cast<std::size_t>(at)].color.rgb());
    }

    void sankeySignalsAndLight()
    {
        auto made = std::make_unique<SankeyChart>();
        made->setData(flowsToModels());
        auto chart = visible(std::move(made), {700, 360});
        QVERIFY(chart);
        QSignalSpy nodes(chart.get(), &SankeyChart::nodeClicked), links(chart.get(), &SankeyChart::linkClicked);
        const QRectF azure = chart->markRect(SankeyChart::nodeKey(1, QStringLiteral("azure")));
        const QImage before = chart->grab().toImage();
        QTest::mouseMove(chart.get(), QPoint(2, 2));
        QTest::mouseMove(chart.get(), azure.center().toPoint());
        QTRY_VERIFY(!chart->hoveredKey().isEmpty());
        const QImage lit = chart->grab().toImage();
        QVERIFY(lit != before); // the ways through it stand out from the rest
        QTest::mouseClick(chart.get(), Qt::LeftButton, {}, azure.center().toPoint());
        QCOMPARE(nodes.count(), 1);
        QCOMPARE(nodes[0][0].toInt(), 1);
        QCOMPARE(nodes[0][1].toString(), QStringLiteral("azure"));
        QVERIFY(chart->marks().front().key.startsWith(QLatin1Char('0')));
        chart->activateMark(0);
        QCOMPARE(links.count(), 1);
        QCOMPARE(links[0][0].toInt(), 0);
    }

    void treemapGoesInAndBack()
    {
        auto made = std::make_unique<TreemapChart>();
        made->setData(spendTree());
        auto chart = visible(std::move(made), {700, 400});
        QVERIFY(chart);
        QSignalSpy drilled(chart.get(), &TreemapChart::drilled), leaf(chart.get(), &TreemapChart::leafClicked);
        const auto click = [&](const QStringList& path) {
            const QRectF rect = chart->markRect(TreemapChart::pathKey(path));
            QTest::mouseClick(chart.get(), Qt::LeftButton, {}, rect.center().toPoint());
        };
        const QString region = QStringLiteral("azure-8"), azure = QStringLiteral("azure");
        click({azure, region}); // a cell inside a group: into the group first
        QCOMPARE(chart->path(), QStringList{azure});
        click({azure, region});
        QCOMPARE(chart->path(), (QStringList{azure, region}));
        QCOMPARE(drilled.count(), 2);
        click({azure, region, QStringLiteral("chat-large")});
        QCOMPARE(leaf.count(), 1);
        QCOMPARE(leaf[0][0].toStringList(), (QStringList{azure, region, QStringLiteral("chat-large")}));
        click({azure}); // the breadcrumb
        QCOMPARE(chart->path(), QStringList{azure});
        chart->setFocus();
        QTest::keyClick(chart.get(), Qt::Key_Backspace);
        QVERIFY(chart->path().isEmpty());
        QCOMPARE(drilled.count(), 4);
        // A group that is gone is left.
        chart->setPath({azure, region});
        TreemapData fewer = spendTree();
        fewer.nodes.erase(fewer.nodes.begin());
        chart->setData(fewer);
        QVERIFY(chart->path().isEmpty());
        QCOMPARE(drilled.count(), 4);
    }

    void concentrationTakesAway()
    {
        auto made = std::make_unique<ConcentrationChart>();
        made->setData(whoHasIt());
        auto chart = visible(std::move(made), {460, 280});
        QVERIFY(chart);
        QVERIFY(chart->accessibleDescription().contains(QStringLiteral("HHI 0.30")));
        QVERIFY(chart->accessibleDescription().contains(QStringLiteral("not enough is left without Azure")));
        QSignalSpy whatIf(chart.get(), &ConcentrationChart::whatIfChanged);
        const QPoint azure = chart->markRect(QStringLiteral("azure")).center().toPoint();
        const QImage all = chart->grab().toImage();
        QTest::mouseMove(chart.get(), QPoint(2, 2));
        QTest::mouseMove(chart.get(), azure);
        QTRY_VERIFY(chart->grab().toImage() != all);
        QVERIFY(chart->hoverText().contains(QStringLiteral("not enough is left")));
        QTest::mouseClick(chart.get(), Qt::LeftButton, {}, azure);
        QCOMPARE(chart->lostKey(), QStringLiteral("azure"));
        QTest::mouseMove(chart.get(), QPoint(2, 2));
        QTRY_VERIFY(chart->hoveredKey().isEmpty());
        QCOMPARE(chart->lostKey(), QStringLiteral("azure")); // picked, so it stays
        QTest::mouseClick(chart.get(), Qt::LeftButton, {}, azure);
        QVERIFY(chart->lostKey().isEmpty());
        QCOMPARE(whatIf.count(), 2);
    }

    void barsFoldTheRestAndKnowTheSign()
    {
        BarsChart chart;
        BarsData data = spendByModel();
        data.maxRows = 5;
        data.rows[3].value = -3e6;
        chart.setData(data);
        chart.resize(500, 400);
        QCOMPARE(chart.marks().size(), std::size_t(5));
        double total = 0;
        for (const BarRow& row : data.rows) {
            total += row.value;
        }
        QCOMPARE(chart.marks().back().name, QStringLiteral("Other (8)"));
        data.maxRows = 0;
        chart.setData(data);
        QCOMPARE(chart.marks().size(), data.rows.size());
        QCOMPARE(chart.marks().back().key, QStringLiteral("code-mid")); // the negative one is the smallest
        QVERIFY(chart.marks().back().value.startsWith(QChar(0x2212)));
        // Small: what has no row is in the remainder.
        chart.resize(240, 140);
        QVERIFY(chart.marks().size() < data.rows.size());
        QVERIFY(chart.marks().back().name.startsWith(QStringLiteral("Other")));
    }

    void whatItIsComparedWithIsSeenAndSaid_data()
    {
        QTest::addColumn<int>("chart");
        const char* const names[] = {"heat map", "sankey", "treemap", "concentration"};
        for (int i = 0; i < 4; ++i) {
            QTest::newRow(names[i]) << i;
        }
    }
    /// Pixels change, the tip names what was and by how much it changed, the title names what with.
    void whatItIsComparedWithIsSeenAndSaid()
    {
        QFETCH(int, chart);
        const auto pair = [](auto plain, auto compared) {
            plain->resize(800, 500), compared->resize(800, 500);
            return std::pair<std::unique_ptr<MarkChart>, std::unique_ptr<MarkChart>>(std::move(plain),
                                                                                     std::move(compared));
        };
        const auto both = [&](auto* tag, const auto& plain, const auto& compared) {
            using Chart = std::remove_pointer_t<decltype(tag)>;
            auto a = std::make_unique<Chart>(), b = std::make_unique<Chart>();
            a->setData(plain), b->setData(compared);
            return pair(std::move(a), std::move(b));
        };
        auto [plain, compared] =
            chart == 0   ? both(static_cast<HeatMapChart*>(nullptr), loadByRegion(), heatCompared())
            : chart == 1 ? both(static_cast<SankeyChart*>(nullptr), flowsToModels(), flowsCompared())
            : chart == 2 ? both(static_cast<TreemapChart*>(nullptr), spendTree(), spendTreeCompared())
                         : both(static_cast<ConcentrationChart*>(nullptr), whoHasIt(), concentrationCompared());
        const QImage before = plain->grab().toImage(), after = compared->grab().toImage();
        int differing = 0;
        for (int y = 40; y < before.height(); ++y) { // below the title
            for (int x = 0; x < before.width(); ++x) {
                differing += before.pixel(x, y) != after.pixel(x, y);
            }
        }
        QVERIFY2(differing > 150, qPrintable(QString::number(differing)));
        const auto said = [](const MarkChart& of) {
            return std::count_if(of.marks().begin(), of.marks().end(), [](const ChartMark& mark) {
                return std::any_of(mark.tip.begin(), mark.tip.end(),
                                   [](const ValueTip::Row& row) { return row.name == QStringLiteral("Change"); });
            });
        };
        QCOMPARE(said(*plain), 0);
        QVERIFY(said(*compared) > static_cast<std::ptrdiff_t>(compared->marks().size()) / 2);
        QCOMPARE(plain->marks().size(), compared->marks().size());
    }

    void changesInWords_data()
    {
        QTest::addColumn<int>("kind");
        QTest::addColumn<double>("now");
        QTest::addColumn<double>("before");
        QTest::addColumn<QString>("words");
        QTest::addColumn<int>("way");
        const auto row = [](const char* name, ValueKind kind, double now, double before, const char* text,
                            Change::Way way) {
            QTest::newRow(name) << static_cast<int>(kind) << now << before << words(text) << static_cast<int>(way);
        };
        row("more money", ValueKind::UsdPerDay, 110, 100, "+10.0 %", Change::Way::More);
        row("less", ValueKind::Plain, 75, 100, "−25.0 %", Change::Way::Less);
        row("a ratio, by points", ValueKind::Ratio, 0.62, 0.6, "+2.0 pt", Change::Way::More);
        row("hardly", ValueKind::Plain, 100.01, 100, "no change", Change::Way::Same);
        row("new", ValueKind::Count, 3, 0, "new", Change::Way::More);
        row("gone", ValueKind::Count, 0, 3, "gone", Change::Way::Less);
        row("nothing and nothing", ValueKind::Count, 0, 0, "", Change::Way::Unknown);
        row("not known", ValueKind::Ratio, 0.5, kNaN, "", Change::Way::Unknown);
    }
    void changesInWords()
    {
        QFETCH(int, kind);
        QFETCH(double, now);
        QFETCH(double, before);
        QFETCH(QString, words);
        QFETCH(int, way);
        const Change change = changeOf(static_cast<ValueKind>(kind), now, before);
        QCOMPARE(change.text, words);
        QCOMPARE(static_cast<int>(change.way), way);
    }

    void everyContractIsSeenInASmallCard()
    {
        CommitmentsChart chart;
        CommitmentsData data = contracts();
        data.rows.push_back(data.rows.front());
        data.rows.back().key = words("fifth");
        chart.setData(data);
        for (const QSize size : {QSize(300, 180), QSize(290, 170), QSize(420, 200), QSize(700, 190)}) {
            chart.resize(size);
            const auto rows = std::count_if(chart.marks().begin(), chart.marks().end(),
                                            [](const ChartMark& mark) { return mark.clickable; });
            QVERIFY2(rows == 5,
                     qPrintable(QStringLiteral("%1 rows at %2 x %3").arg(rows).arg(size.width()).arg(size.height())));
        }
    }

    void distributionKnowsItsPercentiles()
    {
        DistributionChart chart;
        chart.setData(firstTokens());
        chart.resize(460, 250);
        // ln-normal: median 160 ms, p99 = 0.16 exp(0.6 × 2.326) = 646 ms.
        QVERIFY2(chart.accessibleDescription().startsWith(QStringLiteral("p50 160 ms")),
                 qPrintable(chart.accessibleDescription()));
        QVERIFY(chart.accessibleDescription().contains(QStringLiteral("p99 64")));
        QVERIFY(chart.accessibleDescription().contains(QStringLiteral("SLO 0.5 s")));
    }

    void commitmentsSayWhenAndWhat()
    {
        CommitmentsChart chart;
        chart.setData(contracts());
        chart.resize(900, 300);
        QCOMPARE(chart.marks().size(), std::size_t(7)); // four contracts, three arrivals
        QVERIFY(chart.marks()[0].note.contains(QStringLiteral("expires 25 Jun 2027")));
        QVERIFY(chart.marks()[2].note.contains(QStringLiteral("needs a look")));
        QCOMPARE(chart.marks()[4].name, QStringLiteral("512 H200, westeurope"));
        QVERIFY(!chart.marks()[4].clickable);
    }
};

QTEST_MAIN(TestMarkCharts)
#include "tst_mark_charts.moc"
