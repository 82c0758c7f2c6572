// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/engine.h"
#include "model/proto/shipped.h"
#include "model/query/balance.h"
#include "ui/dashboard/contracts.h"
#include "ui/dashboard/view_tables.h"
#include "ui/shell/theme.h"

#include <QStandardPaths>
#include <QTemporaryDir>
#include <QtTest>

#include <cmath>
#include <numeric>

using namespace isobar;
using namespace isobar::ui;
using query::Dimension;
using query::Measure;

/// Every chart shows the same money, tokens and requests as the key figures: parts sum to the whole, under any filter.
class ViewTotalsTest : public QObject {
    Q_OBJECT

    std::shared_ptr<const Fleet> m_fleet;
    std::vector<Place> m_places;
    aggregate::History m_history;

    ViewContext context(const SelectionState& state) const
    {
        return contextOf(m_fleet, m_places, m_history, state, 42);
    }
    ViewContext context() const
    {
        SelectionState all;
        all.rangeSeconds = 0;
        return context(all);
    }
    static double figure(const ViewContext& context, Measure measure)
    {
        return valueOf(ask(context, {measure}, {}), {}, measure);
    }
    static bool near(double a, double b, double relative = 1e-9)
    {
        return std::abs(a - b) <= relative * std::max(std::abs(a), std::abs(b));
    }
    /// Of the stack's top over its buckets; the last sample is the last bucket once more, at the end of the range.
    static double mean(const TimeChartData& chart)
    {
        double sum = 0;
        for (const TimeSeries& series : chart.series) {
            sum += series.ghost ? 0 : std::accumulate(series.values.begin(), series.values.end() - 1, 0.0);
        }
        return sum / static_cast<double>(chart.series.front().values.size() - 1);
    }

    static void filterRows()
    {
        QTest::addColumn<int>("filter");
        QTest::newRow("everything") << 0;
        QTest::newRow("one provider") << 1;
        QTest::newRow("one model") << 2;
        QTest::newRow("two regions") << 3;
        QTest::newRow("a brushed stretch") << 4;
    }
    ViewContext filtered() const
    {
        QFETCH(int, filter);
        SelectionState state;
        state.rangeSeconds = 0;
        switch (filter) {
        case 1:
            state.provider = ProviderId(std::size_t{1});
            break;
        case 2:
            state.model = ModelId(std::size_t{1});
            break;
        case 3:
            state.regions = {RegionId(std::size_t{0}), RegionId(std::size_t{1})};
            break;
        case 4:
            state.span = TimeSpan{5 * aggregate::kMicrosPerSecond, 12 * aggregate::kMicrosPerSecond};
            break;
        default:
            break;
        }
        return context(state);
    }

private Q_SLOTS:
    void initTestCase()
    {
        QStandardPaths::setTestModeEnabled(true);
        applyTheme(ThemeChoice::Dark);
        auto fleet = proto::shippedSample();
        const auto calibration = proto::shippedCalibration();
        QVERIFY(fleet.ok() && calibration.ok());
        m_fleet = std::make_shared<const Fleet>(*fleet);
        m_places = gatherPlaces(*m_fleet);
        engine::EngineOptions options;
        options.settleSeconds = 3;
        auto engine = engine::Engine::create(m_fleet, *calibration, options);
        QVERIFY(engine.ok());
        while (engine->now() < 20 * aggregate::kMicrosPerSecond) {
            engine->step();
            for (auto& interval : engine->takeIntervals()) {
                m_history.append(std::move(interval));
            }
        }
    }

    void stacksSumToTheFigures_data() { filterRows(); }
    void stacksSumToTheFigures()
    {
        const ViewContext now = filtered();
        QVERIFY(near(mean(timeChart(View::Throughput, now)), figure(now, Measure::TokensPerSecond)));
        QVERIFY(near(mean(timeChart(View::ThroughputByModel, now)), figure(now, Measure::TokensPerSecond)));
        QVERIFY(near(mean(timeChart(View::Spend, now)), figure(now, Measure::SpendUsdPerDay)));
        QVERIFY(near(mean(timeChart(View::SpendByModel, now)), figure(now, Measure::SpendUsdPerDay)));
        for (const View view : {View::Throughput, View::ThroughputByModel, View::Spend, View::SpendByModel}) {
            const TimeChartData chart = timeChart(view, now);
            for (const TimeSeries& layer : chart.series) { // no gap between the last bucket and the end of the range
                QCOMPARE(layer.times.back(), chart.to);
                QCOMPARE(layer.values.back(), layer.values[layer.values.size() - 2]);
            }
        }
    }

    void revenueOfModelsSumsAndWhatHasNoPriceIsNamed_data() { filterRows(); }
    void revenueOfModelsSumsAndWhatHasNoPriceIsNamed()
    {
        ViewContext now = filtered();
        const auto revenue = [](const ShareData& data) {
            return std::accumulate(data.rows.begin(), data.rows.end(), 0.0,
                                   [](double sum, const ShareRow& row) { return sum + row.value; });
        };
        const ShareData all = marginByModel(now);
        QVERIFY(!all.rows.empty());
        QVERIFY(near(revenue(all), figure(now, Measure::RevenueUsdPerDay)));
        QVERIFY(all.footnote.contains(QStringLiteral("Every model has a list price")));
        // The same figure as the balance has it, which adds up in its own way.
        if (now.filters().empty() && now.from() == 0) {
            const auto balance = query::balanceOf(*now.fleet, now.intervals);
            const double days = double(balance.to - balance.from) / 86'400e6;
            QVERIFY(near(figure(now, Measure::RevenueUsdPerDay) * days, balance.fleet.revenueUsd));
            QVERIFY(near(figure(now, Measure::MarginUsdPerDay) * days, balance.fleet.marginUsd, 1e-6));
        }
        auto without = std::make_shared<Fleet>(*now.fleet);
        without->models[1].usdPerMillionInputTokens.reset();
        now.fleet = without;
        const ShareData some = marginByModel(now);
        const QString name = QString::fromStdString(without->models[1].name);
        const auto row =
            std::find_if(some.rows.begin(), some.rows.end(), [&](const ShareRow& one) { return one.key == name; });
        if (row != some.rows.end()) {
            QCOMPARE(row->valueText, QStringLiteral("no price"));
            QVERIFY(some.footnote.contains(QStringLiteral("tokens have no price")));
        }
        QVERIFY(some.rows.size() == all.rows.size());
    }

    void theTreeSumsToTheSpend_data() { filterRows(); }
    void theTreeSumsToTheSpend()
    {
        const ViewContext now = filtered();
        double leaves = 0;
        for (const TreemapNode& provider : spendTree(now).nodes) {
            for (const TreemapNode& region : provider.children) {
                for (const TreemapNode& leaf : region.children) {
                    QVERIFY(leaf.value > 0);
                    leaves += leaf.value;
                }
            }
        }
        QVERIFY2(near(leaves, figure(now, Measure::SpendUsdPerDay)), qPrintable(QString::number(leaves)));
    }

    void theFlowsSumToTheRequests_data() { filterRows(); }
    void theFlowsSumToTheRequests()
    {
        const ViewContext now = filtered();
        const SankeyData data = flowsOf(now);
        QCOMPARE(data.columns.size(), std::size_t{3});
        double sum = 0;
        for (const SankeyPath& path : data.paths) {
            QCOMPARE(path.nodes.size(), 3);
            for (int c = 0; c < 3; ++c) {
                QVERIFY(path.nodes[c] < static_cast<int>(data.columns[static_cast<std::size_t>(c)].nodes.size()));
            }
            sum += path.value;
        }
        QVERIFY(near(sum, figure(now, Measure::RequestsPerSecond)));
    }

    void contractsOthersAndEgressAreTheSpend()
    {
        const ViewContext now = context();
        double chips = 0;
        const auto uses = contractUse(now);
        QVERIFY(!uses.empty());
        for (const ContractUse& use : uses) {
            QVERIFY(use.coverageRatio() > 0 && use.coverageRatio() <= 1);
            QVERIFY(use.utilizationRatio() > 0 && use.utilizationRatio() <= 1);
            chips += use.usedUsdPerDay + use.unusedUsdPerDay + use.otherUsdPerDay;
        }
        // The slow way: every row of every interval.
        double egress = 0, seconds = 0, otherChips = 0;
        for (const auto& interval : now.intervals) {
            seconds += static_cast<double>(interval->end - interval->begin) * 1e-6;
            for (const aggregate::DemandTotals& row : interval->demand) {
                egress += static_cast<double>(row.egressMicroUsd) * 1e-6;
            }
            for (std::size_t i = 0; i < interval->supply.size(); ++i) {
                const ProviderId provider = (*m_fleet)[(*m_fleet)[interval->layout->supply[i].pool].region].provider;
                const bool known = std::any_of(uses.begin(), uses.end(),
                                               [provider](const ContractUse& use) { return use.provider == provider; });
                for (const std::int64_t cost : interval->supply[i].costMicroUsd) {
                    otherChips += known ? 0 : static_cast<double>(cost) * 1e-6;
                }
            }
        }
        const double perDay = 86'400 / seconds;
        QVERIFY(near(chips + (egress + otherChips) * perDay, figure(now, Measure::SpendUsdPerDay)));
    }

    void everyTimeToFirstTokenIsInTheHistogram()
    {
        const ViewContext now = context();
        const DistributionData data = ttftHistogram(now);
        QCOMPARE(data.series.size(), std::size_t{1});
        const double counted = std::accumulate(data.series[0].counts.begin(), data.series[0].counts.end(), 0.0);
        QCOMPARE(counted, static_cast<double>(ttftSketch(now).count()));
        QVERIFY(counted >= figure(now, Measure::Completed)); // those on their way have begun to answer
        QVERIFY(std::is_sorted(data.series[0].edges.begin(), data.series[0].edges.end()));
        QCOMPARE(data.series[0].edges.size(), data.series[0].counts.size() + 1);
        QVERIFY(std::abs(ttftSketch(now).quantile(0.95) - figure(now, Measure::TtftP95)) <
                0.05 * figure(now, Measure::TtftP95));
    }

    void theLorenzCurveHasEveryChipAndAllItsLoad()
    {
        const ViewContext now = context();
        double chips = 0, busy = 0;
        for (const LorenzEntry& entry : loadSpread(now).entries) {
            chips += entry.capacity;
            busy += entry.load;
        }
        QVERIFY(near(chips, figure(now, Measure::Accelerators)));
        QVERIFY(near(busy / chips, figure(now, Measure::Utilization)));
    }

    void sharesAndConcentrationAgree()
    {
        const ViewContext now = context();
        double shares = 0;
        for (const ConcentrationRow& row : concentration(now).rows) {
            shares += row.share;
            QVERIFY(row.remainingCapacity > 0);
            QVERIFY(row.demand > 0);
            QVERIFY2(row.verdict.startsWith(QStringLiteral("N+1")), qPrintable(row.verdict));
        }
        QVERIFY(near(shares, 1));
    }

    void losingTheWorstProviderIsWhatTheBalanceSays()
    {
        const ViewContext now = context();
        const query::Balance balance = query::balanceOf(*m_fleet, now.intervals);
        for (const query::NPlusOne& worst : balance.nPlusOne) {
            const bool region = worst.lost == Dimension::Region;
            std::size_t index = 0;
            for (std::size_t i = 0; i < (region ? m_fleet->regions.size() : m_fleet->providers.size()); ++i) {
                const std::string key = region ? regionKey(*m_fleet, RegionId(i)) : m_fleet->providers[i].key;
                index = key == worst.worst ? i : index;
            }
            const auto answers = query::ifLost(*m_fleet, now.intervals, worst.lost, static_cast<std::uint32_t>(index));
            const auto same = std::find_if(answers.begin(), answers.end(), [&worst](const query::NPlusOne& row) {
                return row.model == worst.model && row.tier == worst.tier;
            });
            QVERIFY(same != answers.end());
            QCOMPARE(same->headroomRatio, worst.headroomRatio);
            QCOMPARE(same->leftTokensPerSecond, worst.leftTokensPerSecond);
        }
    }

    void moneyIsNotTakenForATiersOwn()
    {
        SelectionState state;
        state.rangeSeconds = 0;
        state.tier = TierId(std::size_t{0});
        const ViewContext now = context(state);
        const auto table = viewTable(View::Overview, now);
        QVERIFY(table.ok());
        QCOMPARE(table->rows.size(), std::size_t{1});
        QVERIFY(std::isnan(table->rows[0].values[0])); // spend
        QVERIFY(std::isfinite(valueOf(*table, {}, Measure::RequestsPerSecond)));
        QVERIFY(valueOf(*table, {}, Measure::RequestsPerSecond) < figure(context(), Measure::RequestsPerSecond));
        QCOMPARE(kpis(now)[0].value, QStringLiteral("–"));
        QVERIFY(kpis(now)[0].change.contains(QStringLiteral("not counted")));
        QVERIFY(latencyChart(now).target.has_value());
    }

    void aUserAreaNarrowsFlowsAndNothingElse()
    {
        SelectionState state;
        state.rangeSeconds = 0;
        state.area = AreaId(std::size_t{0});
        const ViewContext now = context(state);
        QCOMPARE(flowsOf(now).columns[0].nodes.size(), std::size_t{1});
        QVERIFY(near(figure(now, Measure::SpendUsdPerDay), figure(context(), Measure::SpendUsdPerDay)));
    }

    void thePreviousPeriodIsAsLongAndDrawnOverTheSameTime()
    {
        SelectionState state;
        state.span = TimeSpan{10 * aggregate::kMicrosPerSecond, 16 * aggregate::kMicrosPerSecond};
        state.compare = Comparing::PreviousPeriod;
        const ViewContext now = context(state);
        const auto before = previousPeriod(now);
        QVERIFY(before.has_value());
        QCOMPARE(before->now, now.from());
        QCOMPARE(before->now - before->from(), now.now - now.from());
        const TimeChartData chart = timeChart(View::Throughput, now);
        const auto ghost = std::find_if(chart.series.begin(), chart.series.end(),
                                        [](const TimeSeries& series) { return series.ghost; });
        QVERIFY(ghost != chart.series.end());
        QVERIFY(!ghost->times.isEmpty());
        QVERIFY(ghost->times.front() >= chart.from && ghost->times.back() <= chart.to);
        double sum = 0;
        for (const double value : ghost->values) {
            sum += value;
        }
        QVERIFY(near(sum / ghost->values.size(), figure(*before, Measure::TokensPerSecond)));
        // Nothing lies before the start.
        state.span = TimeSpan{0, 6 * aggregate::kMicrosPerSecond};
        QVERIFY(!previousPeriod(context(state)).has_value());
    }

    /// Figures, charts and tables show a recorded run's figures over the same times beside the range's own.
    void aRecordedRunIsComparedWithAtTheSameTimes()
    {
        // The other run: the same seconds, the other way round, for 15 of the 20.
        auto other = std::make_shared<ComparedStretch>();
        other->run = 3;
        other->name = QStringLiteral("run 3");
        other->fleet = m_fleet;
        const auto seconds = m_history.range(0, m_history.end(), aggregate::kMicrosPerSecond);
        for (std::size_t i = 0; i < 15; ++i) {
            auto turned = std::make_shared<aggregate::Interval>(*seconds[seconds.size() - 1 - i]);
            turned->begin = seconds[i]->begin;
            turned->end = seconds[i]->end;
            other->history.append(std::move(turned));
        }
        SelectionState state;
        state.span = TimeSpan{5 * aggregate::kMicrosPerSecond, 12 * aggregate::kMicrosPerSecond};
        state.provider = ProviderId(std::size_t{1});
        const ViewContext expected = contextOf(m_fleet, m_places, other->history, state, 42);
        state.compare = Comparing::Run;
        state.compareRun = 3;
        ViewContext now = context(state);
        QVERIFY(!comparedWith(now)); // not read yet
        QVERIFY(kpis(now)[0].direction == KpiData::Direction::None);
        now.compared = other;
        const auto with = comparedWith(now);
        QVERIFY(with.has_value());
        QCOMPARE(with->name, QStringLiteral("run 3"));
        QCOMPARE(with->shiftSeconds, 0.0);
        const double before = figure(expected, Measure::TokensPerSecond);
        QVERIFY(before != figure(now, Measure::TokensPerSecond));
        QCOMPARE(figure(with->context, Measure::TokensPerSecond), before);

        QVERIFY2(kpis(now)[0].change.endsWith(QStringLiteral(" vs run 3")), qPrintable(kpis(now)[0].change));
        for (const View view : {View::Throughput, View::Latency}) {
            const TimeChartData chart = timeChart(view, now);
            QCOMPARE(std::count_if(chart.series.begin(), chart.series.end(), [](const auto& s) { return s.ghost; }), 1);
            const TimeSeries& ghost = chart.series.back();
            QVERIFY(ghost.name.endsWith(QStringLiteral("run 3")));
            QVERIFY(ghost.times.front() >= chart.from && ghost.times.back() <= chart.to);
            if (view == View::Throughput) {
                const double sum = std::accumulate(ghost.values.begin(), ghost.values.end(), 0.0);
                QVERIFY(near(sum / static_cast<double>(ghost.values.size()), before));
            }
        }
        const auto table = viewTable(View::Overview, now);
        QVERIFY(table.ok());
        QCOMPARE(table->compare, query::Compare::Other);
        const query::Row& row = table->rows.at(0);
        const auto column = static_cast<std::size_t>(
            std::find(table->measures.begin(), table->measures.end(), Measure::TokensPerSecond) -
            table->measures.begin());
        QCOMPARE(row.base[column], before);
        QCOMPARE(row.delta[column], row.values[column] - before);

        // A range that the other run reaches into in part is compared with that part; beyond it with nothing.
        state.span = TimeSpan{12 * aggregate::kMicrosPerSecond, 19 * aggregate::kMicrosPerSecond};
        now = context(state);
        now.compared = other;
        QVERIFY(comparedWith(now).has_value());
        state.span = TimeSpan{16 * aggregate::kMicrosPerSecond, 19 * aggregate::kMicrosPerSecond};
        now = context(state);
        now.compared = other;
        QVERIFY(!comparedWith(now).has_value());
        QVERIFY(viewTable(View::Overview, now).ok());

        // A fleet in which things stand elsewhere is joined by name; what it does not have cannot be compared.
        auto turned = std::make_shared<ComparedStretch>(*other);
        auto fleet = std::make_shared<Fleet>(*m_fleet);
        fleet->providers[1].key = "another";
        turned->fleet = fleet;
        state.span = TimeSpan{5 * aggregate::kMicrosPerSecond, 12 * aggregate::kMicrosPerSecond};
        now = context(state);
        now.compared = turned;
        QVERIFY(!comparedWith(now).has_value());
        now.selection.provider.reset();
        QVERIFY(comparedWith(now).has_value());
    }

    void theExplanationNamesFormulaPartsAndSource()
    {
        const ViewContext now = context();
        for (std::size_t tile = 0; tile < 6; ++tile) {
            const QString html = kpiExplanation(tile, now);
            QVERIFY(html.contains(QStringLiteral("Source")));
            QVERIFY(html.contains(QStringLiteral("seed 42")));
            QVERIFY(html.contains(QString::fromStdString(m_fleet->providers[0].name)));
        }
    }

    void csvsHaveWhatIsShown_data()
    {
        QTest::addColumn<int>("view");
        for (const View view : allViews()) {
            QTest::newRow(qPrintable(viewName(view))) << static_cast<int>(view);
        }
    }
    void csvsHaveWhatIsShown()
    {
        QFETCH(int, view);
        const auto csv = viewCsv(static_cast<View>(view), context());
        QVERIFY2(csv.ok(), csv.ok() ? "" : csv.error().toString().c_str());
        const QStringList lines = QString::fromStdString(*csv).trimmed().split(QLatin1Char('\n'));
        QVERIFY(lines.size() >= 2);
        QVERIFY(!lines.front().isEmpty());
    }

    void theSummaryIsOnePage()
    {
        QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("summary.pdf"));
        QElapsedTimer timer;
        timer.start();
        const Status written = exportSummary(path, context());
        QVERIFY2(written.ok(), written.ok() ? "" : written.error().toString().c_str());
        qInfo("summary: %lld ms", static_cast<long long>(timer.elapsed()));
        QFile file(path);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray pdf = file.readAll();
        QVERIFY(pdf.startsWith("%PDF"));
        QVERIFY(pdf.contains("/Count 1"));
        QVERIFY(theme().dark); // the window's theme is as it was
    }
};

QTEST_MAIN(ViewTotalsTest)
#include "tst_view_totals.moc"
