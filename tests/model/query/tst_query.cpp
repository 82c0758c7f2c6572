// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/engine.h"
#include "model/proto/shipped.h"
#include "model/query/query.h"
#include "tests/model/query/random_intervals.h"
#include "tests/model/query/slow_query.h"
#include "tests/support/small_fleet.h"

#include <QElapsedTimer>
#include <QTest>

using namespace isobar;
using namespace isobar::query;
using aggregate::SimMicros;
using test::Intervals;
using test::same;

namespace {

constexpr SimMicros kSecond = aggregate::kMicrosPerSecond;
constexpr std::array kEntities{Dimension::Provider, Dimension::Region,   Dimension::Pool, Dimension::Accelerator,
                               Dimension::Model,    Dimension::Workload, Dimension::Tier, Dimension::Use,
                               Dimension::Pricing,  Dimension::Area};

Query over(const Intervals& intervals, std::vector<Measure> measures, std::vector<Dimension> by = {})
{
    Query q;
    q.measures = std::move(measures);
    q.by = std::move(by);
    q.from = intervals.front()->begin;
    q.to = intervals.back()->end;
    return q;
}

QByteArray words(const Query& q)
{
    QByteArray out = "by";
    for (const Dimension d : q.by) {
        out += ' ' + QByteArray(dimensionName(d).data(), int(dimensionName(d).size()));
    }
    for (const Filter& f : q.where) {
        out += " where " + QByteArray(dimensionName(f.dimension).data(), int(dimensionName(f.dimension).size()));
    }
    return out;
}

double sumOf(const Table& table, std::size_t measure)
{
    double sum = 0;
    for (const Row& row : table.rows) {
        sum += row.values[measure];
    }
    return sum;
}

} // namespace

/// Every number shown is asked here.
class TestQuery : public QObject {
    Q_OBJECT

    const Fleet m_fleet = test::fleetWithAnUnpricedModel();

    Table ask(const Query& q, const Intervals& intervals) const
    {
        const auto table = query::run(q, m_fleet, intervals);
        if (!table.ok()) {
            qFatal("%s", table.error().toString().c_str());
        }
        return *table;
    }

    Error refusal(const Query& q) const
    {
        const auto table = query::run(q, m_fleet, {});
        return table.ok() ? Error{ErrorCode::Internal, "accepted"} : table.error();
    }

    std::vector<std::string> namesOf(Dimension dimension) const
    {
        std::vector<std::string> names;
        const auto take = [&names](const auto& rows, auto name) {
            for (const auto& row : rows) {
                names.push_back(name(row));
            }
        };
        const auto name = [](const auto& row) { return row.name; };
        const auto key = [](const auto& row) { return row.key; };
        switch (dimension) {
        case Dimension::Provider:
            take(m_fleet.providers, key);
            break;
        case Dimension::Region:
            take(m_fleet.regions, [&](const Region& r) { return m_fleet[r.provider].key + "/" + r.code; });
            break;
        case Dimension::Pool:
            take(m_fleet.pools, key);
            break;
        case Dimension::Accelerator:
            take(m_fleet.accelerators, name);
            break;
        case Dimension::Model:
            take(m_fleet.models, name);
            break;
        case Dimension::Workload:
            take(m_fleet.workloads, name);
            break;
        case Dimension::Tier:
            take(m_fleet.tiers, name);
            break;
        case Dimension::Use:
            names = {"serving", "training", "idle", "down"};
            break;
        case Dimension::Pricing:
            names = {"reserved", "committed", "on-demand", "spot", "idle", "egress"};
            break;
        case Dimension::Area:
            take(m_fleet.areas, name);
            break;
        case Dimension::Time:
            break;
        }
        return names;
    }

private Q_SLOTS:
    void namesAreUniqueAndFoundAgain()
    {
        std::set<std::string_view> seen;
        for (const MeasureInfo& m : measures()) {
            QVERIFY2(seen.insert(m.name).second, m.name.data());
            QCOMPARE(measureByName(m.name), std::optional(m.measure));
            QCOMPARE(&info(m.measure), &m);
            QVERIFY(!m.title.empty() && !m.unit.empty() && !m.formula.empty());
        }
        QVERIFY(!measureByName("spend"));
        for (const Dimension d : kEntities) {
            QCOMPARE(dimensionByName(dimensionName(d)), std::optional(d));
        }
        QCOMPARE(dimensionByName("time"), std::optional(Dimension::Time));
        QVERIFY(!dimensionByName("Provider"));
    }

    /// Random facts, questions, filters and ranges, against the slow reference.
    void agreesWithTheSlowReference()
    {
        int answered = 0, refused = 0, rows = 0;
        for (std::uint32_t seed = 0; seed < 700; ++seed) {
            test::RandomFacts random(m_fleet, seed);
            const SimMicros width = std::array{kSecond, 10 * kSecond, kSecond / 4}[random.below(3)];
            const Intervals all = random.intervals(2 + random.below(7), width, SimMicros(random.below(4)) * width);
            Query q;
            for (std::size_t i = 0, n = 1 + random.below(4); i < n; ++i) {
                q.measures.push_back(measures()[random.below(measures().size())].measure);
            }
            std::set<Dimension> used;
            const auto entity = [&] { return kEntities[random.below(kEntities.size())]; };
            for (std::size_t i = 0, n = random.below(4); i < n; ++i) {
                q.by.push_back(entity());
                used.insert(q.by.back());
            }
            if (random.below(2) == 0) {
                q.by.insert(q.by.begin() + std::ptrdiff_t(random.below(q.by.size() + 1)), Dimension::Time);
                q.bucketMicros = width * SimMicros(1 + random.below(3));
            }
            for (std::size_t i = 0, n = random.below(3); i < n; ++i) {
                Filter filter{entity(), {}};
                std::vector<std::string> names = namesOf(filter.dimension);
                names.push_back(test::kNoName);
                for (std::size_t v = 0, k = 1 + random.below(3); v < k; ++v) {
                    filter.values.push_back(names[random.below(names.size())]);
                }
                used.insert(filter.dimension);
                q.where.push_back(std::move(filter));
            }
            q.from = all.front()->begin + SimMicros(random.below(std::size_t(2 * width)));
            q.to = q.from + 1 + SimMicros(random.below(std::size_t(6 * width)));

            const auto table = query::run(q, m_fleet, all);
            const bool impossible = std::any_of(q.measures.begin(), q.measures.end(),
                                                [&](Measure m) { return test::cannotBeSplit(m, used); });
            QVERIFY2(table.ok() != impossible, words(q) + " seed " + QByteArray::number(seed));
            if (!table.ok()) {
                QCOMPARE(table.error().code, ErrorCode::InvalidValue);
                ++refused;
                continue;
            }
            ++answered;
            const test::SlowTable slow = test::SlowQuery(q, m_fleet).answer(all);
            QVERIFY2(table->rows.size() == slow.size(), words(q) + " seed " + QByteArray::number(seed));
            for (const auto& [keys, sums] : slow) {
                const Row* row = table->find(keys);
                QVERIFY2(row != nullptr, words(q) + " seed " + QByteArray::number(seed));
                for (std::size_t i = 0; i < q.measures.size(); ++i) {
                    QVERIFY2(same(row->values[i], test::slowValue(q.measures[i], sums)),
                             words(q) + " of " + info(q.measures[i]).name.data() + " seed " + QByteArray::number(seed));
                }
                ++rows;
            }
        }
        QVERIFY2(answered > 100 && refused > 100 && rows > 500, "the random questions are one-sided");
    }

    /// Counts are integers, so the parts make up the whole to the last unit, over every dimension that splits them.
    void partsSumToTheWhole_data()
    {
        QTest::addColumn<int>("dimension");
        for (const Dimension d : kEntities) {
            QTest::newRow(dimensionName(d).data()) << int(d);
        }
    }
    void partsSumToTheWhole()
    {
        QFETCH(int, dimension);
        const auto by = Dimension(dimension);
        const Intervals all = test::RandomFacts(m_fleet, 7).intervals(8, kSecond);
        int compared = 0;
        for (const Measure m : {Measure::Requests, Measure::Completed, Measure::Rejected, Measure::Lost,
                                Measure::InputTokens, Measure::OutputTokens, Measure::SpendUsd, Measure::EnergyJoules,
                                Measure::CarbonGrams, Measure::Accelerators, Measure::RequestsPerSecond}) {
            if (test::cannotBeSplit(m, {by})) {
                continue;
            }
            const double whole = ask(over(all, {m}), all).rows.at(0).values.at(0);
            const double parts = sumOf(ask(over(all, {m}, {by}), all), 0);
            QVERIFY(whole > 0);
            if (info(m).unit == "requests" || info(m).unit == "tokens") {
                QCOMPARE(static_cast<std::int64_t>(parts), static_cast<std::int64_t>(whole));
                QVERIFY(parts == whole);
            } else { // integer millionths and thousandths, shown as doubles
                QVERIFY2(std::abs(parts - whole) <= 1e-12 * whole, info(m).name.data());
            }
            ++compared;
        }
        QVERIFY(compared > 0);
    }

    /// A ratio of a group is the quotient of its sums, not the mean of its parts' ratios.
    void ratiosComeFromSums()
    {
        auto layout = std::make_shared<aggregate::Layout>();
        layout->areas = m_fleet.areas.size();
        layout->placements = {{ModelId(0), PoolId(0)}, {ModelId(0), PoolId(1)}};
        layout->demand = {{0, WorkloadId(0)}, {1, WorkloadId(0)}};
        layout->supply = {{PoolId(0), aggregate::Use::Serving, 0}, {PoolId(1), aggregate::Use::Serving, 1}};
        aggregate::Interval interval;
        interval.end = kSecond;
        interval.layout = layout;
        interval.demand.resize(2);
        interval.latencies.resize(2);
        interval.flows.resize(2 * layout->areas);
        interval.demand[0] = {10, 8, 2, 0, 8, 100, 100, 0};   // 8 of 10 in time
        interval.demand[1] = {1000, 990, 0, 10, 99, 0, 0, 0}; // 99 of 1,000
        interval.supply.resize(2);
        interval.supply[0].chipMicros = 1 * kSecond;
        interval.supply[0].workMicros = kSecond;
        interval.supply[1].chipMicros = 9 * kSecond;
        interval.supply[1].workMicros = 0;
        interval.supply[1].costMicroUsd[0] = 3'000'000;
        const Intervals all{std::make_shared<const aggregate::Interval>(interval)};
        const Row whole = ask(over(all, {Measure::SloAttainment, Measure::Utilization, Measure::Headroom,
                                         Measure::UsdPerMillionTokens, Measure::Accelerators}),
                              all)
                              .rows.at(0);
        QCOMPARE(whole.values[0], 107.0 / 1010);
        QCOMPARE(whole.values[1], 0.1);
        QCOMPARE(whole.values[2], 0.9);
        QCOMPARE(whole.values[3], 15'000.0); // 3 USD over 200 tokens
        QCOMPARE(whole.values[4], 10.0);
        // No tokens at the second placement: no cost per token there, and no latency anywhere.
        const Table byPool = ask(over(all, {Measure::UsdPerMillionTokens, Measure::TtftP50}, {Dimension::Pool}), all);
        QVERIFY(std::isnan(byPool.find({"azure/westeurope/H100"})->values[0]));
        QVERIFY(std::isnan(byPool.find({"azure/westeurope/H100"})->values[1]));
    }

    void unknownNames_data()
    {
        QTest::addColumn<int>("dimension");
        QTest::addColumn<QString>("oneThereIs");
        QTest::newRow("provider") << int(Dimension::Provider) << "azure";
        QTest::newRow("region without its provider") << int(Dimension::Region) << "azure/eastus2";
        QTest::newRow("model") << int(Dimension::Model) << "large";
        QTest::newRow("use") << int(Dimension::Use) << "serving";
    }
    void unknownNames()
    {
        QFETCH(int, dimension);
        QFETCH(QString, oneThereIs);
        Query q;
        q.measures = {Measure::Accelerators};
        q.to = kSecond;
        q.where = {{Dimension(dimension), {oneThereIs.toStdString(), "eastus9"}}};
        const Error error = refusal(q);
        QCOMPARE(error.code, ErrorCode::NotFound);
        QCOMPARE(error.text, std::string("eastus9"));
        QVERIFY2(error.message.find("eastus9") != std::string::npos, error.message.c_str());
        QVERIFY2(error.advice.find(oneThereIs.toStdString()) != std::string::npos, error.advice.c_str());
    }

    void refusals_data()
    {
        QTest::addColumn<QString>("measure");
        QTest::addColumn<QString>("by");
        QTest::addColumn<QString>("where");
        QTest::addColumn<QString>("says");
        QTest::newRow("spend by tier") << "spend_usd"
                                       << "tier"
                                       << ""
                                       << "spend_usd is not kept by tier";
        QTest::newRow("spend by workload") << "spend_usd_per_day"
                                           << "workload"
                                           << ""
                                           << "not kept by workload";
        QTest::newRow("spend of a tier") << "spend_usd"
                                         << ""
                                         << "tier=interactive-fast"
                                         << "not kept by tier";
        QTest::newRow("chips by workload") << "accelerators"
                                           << "workload"
                                           << ""
                                           << "not kept by workload";
        QTest::newRow("tokens by area") << "output_tokens"
                                        << "area"
                                        << ""
                                        << "not kept by area";
        QTest::newRow("latency by area") << "ttft_p95_seconds"
                                         << "area"
                                         << ""
                                         << "not kept by area";
        QTest::newRow("spend by area") << "spend_usd"
                                       << "area"
                                       << ""
                                       << "not kept by area";
        QTest::newRow("requests by use") << "requests"
                                         << "use"
                                         << ""
                                         << "not kept by use";
        QTest::newRow("cost per token by use") << "usd_per_million_tokens"
                                               << "use"
                                               << ""
                                               << "not kept by use";
        QTest::newRow("requests by area of a workload") << "requests"
                                                        << "area"
                                                        << "workload=chat"
                                                        << "not kept by area";
        QTest::newRow("requests by tier in an area") << "requests"
                                                     << "tier"
                                                     << "area=Tokyo"
                                                     << "not kept by area";
        QTest::newRow("of a time") << "requests"
                                   << ""
                                   << "time=0"
                                   << "range";
        QTest::newRow("by time without a width") << "requests"
                                                 << "time"
                                                 << ""
                                                 << "bucket width";
    }
    void refusals()
    {
        QFETCH(QString, measure);
        QFETCH(QString, by);
        QFETCH(QString, where);
        QFETCH(QString, says);
        Query q;
        q.measures = {measureByName(measure.toStdString()).value()};
        if (!by.isEmpty()) {
            q.by = {dimensionByName(by.toStdString()).value()};
        }
        if (!where.isEmpty()) {
            const QStringList sides = where.split(QLatin1Char('='));
            q.where = {{dimensionByName(sides[0].toStdString()).value(), {sides[1].toStdString()}}};
        }
        q.to = kSecond;
        const Error error = refusal(q);
        QCOMPARE(error.code, ErrorCode::InvalidValue);
        QVERIFY2(error.message.find(says.toStdString()) != std::string::npos, error.message.c_str());
        QVERIFY(!error.advice.empty());
    }

    void atMostFourDimensions()
    {
        Query q;
        q.measures = {Measure::Accelerators};
        q.by = {Dimension::Provider, Dimension::Region, Dimension::Pool, Dimension::Accelerator};
        QVERIFY(query::run(q, m_fleet, {}).ok());
        q.by.push_back(Dimension::Model);
        QCOMPARE(refusal(q).code, ErrorCode::InvalidValue);
    }

    void bucketsSumToTheWhole()
    {
        const Intervals all = test::RandomFacts(m_fleet, 3).intervals(23, kSecond, 7 * kSecond);
        for (const SimMicros width : {kSecond, 5 * kSecond, 60 * kSecond}) {
            Query q = over(all, {Measure::Requests, Measure::OutputTokens}, {Dimension::Time});
            const Row whole = ask(over(all, q.measures), all).rows.at(0);
            q.bucketMicros = width;
            const Table buckets = ask(q, all);
            QCOMPARE(sumOf(buckets, 0), whole.values[0]);
            QCOMPARE(sumOf(buckets, 1), whole.values[1]);
            // Buckets lie on multiples of the width, ascending, and none is missing.
            for (std::size_t i = 0; i < buckets.rows.size(); ++i) {
                const SimMicros first = 7 * kSecond / width * width;
                QCOMPARE(std::stod(buckets.rows[i].keys[0]), double(first + SimMicros(i) * width) / 1e6);
            }
            QCOMPARE(SimMicros(buckets.rows.size()), (29 * kSecond) / width - 7 * kSecond / width + 1);
        }
    }

    /// A rate in a bucket that is only half covered is over the covered half.
    void aPartlyCoveredBucketIsRatedByWhatItHolds()
    {
        const Intervals all = test::RandomFacts(m_fleet, 4).intervals(15, kSecond);
        Query q = over(all, {Measure::Requests, Measure::RequestsPerSecond}, {Dimension::Time});
        q.bucketMicros = 10 * kSecond;
        const Table table = ask(q, all);
        QCOMPARE(table.rows.size(), std::size_t(2));
        QCOMPARE(table.rows[0].values[1], table.rows[0].values[0] / 10);
        QCOMPARE(table.rows[1].values[1], table.rows[1].values[0] / 5);
    }

    /// Old history is coarser than any bucket: its counts stand whole where they begin, and rates stay true.
    void anIntervalWiderThanABucketStandsWhereItBegins()
    {
        const Intervals all = test::RandomFacts(m_fleet, 5).intervals(3, 60 * kSecond);
        Query q = over(all, {Measure::Requests, Measure::RequestsPerSecond}, {Dimension::Time});
        q.bucketMicros = 10 * kSecond;
        const Table table = ask(q, all);
        QCOMPARE(table.rows.size(), std::size_t(3));
        QCOMPARE(table.rows[1].keys[0], std::string("60"));
        QCOMPARE(table.rows[1].values[1], table.rows[1].values[0] / 60);
    }

    /// Far from the start and in fine buckets the number of a bucket needs more than 32 bits.
    void bucketsFarFromTheStart()
    {
        const SimMicros year = 365LL * 86'400 * kSecond;
        const Intervals all = test::RandomFacts(m_fleet, 6).intervals(4, 1000, year);
        Query q = over(all, {Measure::Requests, Measure::RequestsPerSecond}, {Dimension::Time});
        q.bucketMicros = 1000;
        const Table table = ask(q, all);
        QCOMPARE(table.rows.size(), std::size_t(4));
        for (std::size_t i = 0; i < 4; ++i) {
            QCOMPARE(std::stod(table.rows[i].keys[0]), double(year + SimMicros(i) * 1000) / 1e6);
            QCOMPARE(table.rows[i].values[1], table.rows[i].values[0] * 1000);
        }
    }

    void rangesSayWhatTheyCover()
    {
        const Intervals all = test::RandomFacts(m_fleet, 8).intervals(6, 10 * kSecond, 20 * kSecond);
        Query q = over(all, {Measure::Accelerators});
        q.from = 33 * kSecond;
        q.to = 41 * kSecond;
        Table table = ask(q, all);
        QCOMPARE(table.from, 30 * kSecond); // whole intervals only: history is not finer here
        QCOMPARE(table.to, 50 * kSecond);
        q.from = 40 * kSecond; // ends are exclusive, begins inclusive
        q.to = 50 * kSecond;
        table = ask(q, all);
        QCOMPARE(table.from, 40 * kSecond);
        QCOMPARE(table.to, 50 * kSecond);
        q.from = 0; // history begins later
        q.to = 1000 * kSecond;
        table = ask(q, all);
        QCOMPARE(table.from, 20 * kSecond);
        QCOMPARE(table.to, 80 * kSecond);
    }

    void emptyRangesHaveNoRows_data()
    {
        QTest::addColumn<qint64>("from");
        QTest::addColumn<qint64>("to");
        QTest::newRow("before history") << qint64(0) << qint64(20 * kSecond);
        QTest::newRow("after history") << qint64(80 * kSecond) << qint64(90 * kSecond);
        QTest::newRow("nothing") << qint64(30 * kSecond) << qint64(30 * kSecond);
        QTest::newRow("backwards") << qint64(50 * kSecond) << qint64(30 * kSecond);
    }
    void emptyRangesHaveNoRows()
    {
        QFETCH(qint64, from);
        QFETCH(qint64, to);
        const Intervals all = test::RandomFacts(m_fleet, 8).intervals(6, 10 * kSecond, 20 * kSecond);
        Query q = over(all, {Measure::Requests});
        q.from = from;
        q.to = to;
        const Table table = ask(q, all);
        QVERIFY(table.rows.empty());
        QCOMPARE(table.from, table.to);
    }

    void quantilesOfKnownLatencies()
    {
        std::vector<double> exact;
        aggregate::Sketch dense[2];
        std::mt19937 random(11);
        for (int i = 0; i < 5000; ++i) {
            exact.push_back(std::lognormal_distribution<double>(-1, 1.2)(random));
            dense[i % 2].add(exact.back());
        }
        std::sort(exact.begin(), exact.end());
        // Spread over two intervals: quantiles are of all, not the mean of each.
        Intervals all;
        auto layout = std::make_shared<aggregate::Layout>();
        layout->placements = {{ModelId(0), PoolId(0)}};
        layout->demand = {{0, WorkloadId(0)}};
        for (int i = 0; i < 2; ++i) {
            aggregate::Interval interval;
            interval.begin = i * kSecond;
            interval.end = (i + 1) * kSecond;
            interval.layout = layout;
            interval.demand.resize(1);
            interval.demand[0].completed = 2500;
            interval.latencies.resize(1);
            for (auto& kind : interval.latencies[0]) {
                kind = aggregate::SparseSketch::of(dense[i]);
            }
            all.push_back(std::make_shared<const aggregate::Interval>(std::move(interval)));
        }
        const std::vector<std::pair<Measure, double>> asked{
            {Measure::TtftP50, 0.5}, {Measure::TtftP95, 0.95},    {Measure::TtftP99, 0.99},    {Measure::ItlP50, 0.5},
            {Measure::ItlP95, 0.95}, {Measure::EndToEndP50, 0.5}, {Measure::EndToEndP95, 0.95}};
        for (const auto& [measure, q] : asked) {
            const double value = ask(over(all, {measure}), all).rows.at(0).values.at(0);
            const double truth = exact[std::size_t(std::ceil(q * double(exact.size()))) - 1];
            QVERIFY2(std::abs(value - truth) <= 0.0201 * truth, info(measure).name.data());
        }
    }

    /// What no placement could take has no provider, but is not lost from any sum; when there is none, no row says so.
    void unroutedRequestsHaveNoProvider()
    {
        test::RandomFacts random(m_fleet, 9);
        const Intervals all = random.intervals(5, kSecond);
        std::int64_t unrouted = 0;
        Intervals routed;
        for (const auto& interval : all) {
            aggregate::Interval copy = *interval;
            for (std::size_t w = 0; w < m_fleet.workloads.size(); ++w) { // the first rows
                unrouted += copy.demand[w].requests;
                copy.demand[w] = {};
            }
            routed.push_back(std::make_shared<const aggregate::Interval>(std::move(copy)));
        }
        QVERIFY(unrouted > 0);
        for (const Dimension by :
             {Dimension::Provider, Dimension::Region, Dimension::Pool, Dimension::Accelerator, Dimension::Area}) {
            const Table table = ask(over(all, {Measure::Requests}, {by}), all);
            const Row* row = table.find({"(none)"});
            QVERIFY2(row != nullptr, dimensionName(by).data());
            QCOMPARE(row->values[0], double(unrouted));
            QVERIFY2(ask(over(routed, {Measure::Requests}, {by}), routed).find({"(none)"}) == nullptr,
                     dimensionName(by).data());
        }
        // Their workload is known.
        QVERIFY(ask(over(all, {Measure::Requests}, {Dimension::Workload}), all).find({"(none)"}) == nullptr);
        // And they can be asked for by that name.
        Query q = over(all, {Measure::Rejected});
        q.where = {{Dimension::Provider, {"(none)"}}};
        QCOMPARE(ask(q, all).rows.at(0).values[0], double(unrouted));
    }

    /// Chips without a model are of no model, but only where chips are asked for.
    void idleChipsHaveNoModel()
    {
        const Intervals all = test::RandomFacts(m_fleet, 10).intervals(3, kSecond);
        QVERIFY(ask(over(all, {Measure::Accelerators}, {Dimension::Model}), all).find({"(none)"}) != nullptr);
        QVERIFY(ask(over(all, {Measure::Requests}, {Dimension::Model}), all).find({"(none)"}) == nullptr);
    }

    /// A model at $0.00042 a million tokens earns that, not nothing; a fleet's year of tokens at the highest price
    /// there may be still adds up.
    void cheapAndDearTokensEarnWhatTheyCost()
    {
        Fleet fleet = m_fleet;
        const auto revenueOf = [&fleet](double usdPerMillion, std::int64_t tokens) {
            fleet.models[0].usdPerMillionInputTokens = usdPerMillion;
            fleet.models[0].usdPerMillionOutputTokens = 0;
            Accumulator sums;
            const auto prices = tokenPrices(fleet.models[0]);
            sums.pricedTokens = tokens;
            sums.revenuePicoUsd = PicoUsd{tokens} * prices->inputPicoUsd;
            return std::pair(evaluate(Measure::RevenueUsd, sums), evaluate(Measure::RevenueUsdPerMillionTokens, sums));
        };
        QCOMPARE(revenueOf(0.00042, 5'000'000), (std::pair{0.0021, 0.00042}));
        QCOMPARE(revenueOf(1e9, 1'000'000'000'000'000), (std::pair{1e18, 1e9}));

        fleet.models[0].usdPerMillionOutputTokens = 0.00042;
        const Intervals all = test::RandomFacts(fleet, 5).intervals(4, kSecond);
        const Query question = over(all, {Measure::RevenueUsd, Measure::OutputTokens}, {Dimension::Model});
        fleet.models[0].usdPerMillionInputTokens = 0;
        const auto table = query::run(question, fleet, all);
        QVERIFY(table.ok());
        const Row* cheap = table->find({fleet.models[0].name});
        QVERIFY(cheap != nullptr && cheap->values[1] > 0);
        QVERIFY(std::abs(cheap->values[0] - cheap->values[1] * 0.00042e-6) <= 1e-12 * cheap->values[0]);
    }

    void rowsFollowTheFleetsOrder()
    {
        const Intervals all = test::RandomFacts(m_fleet, 12).intervals(6, kSecond);
        Query q = over(all, {Measure::Accelerators}, {Dimension::Pool, Dimension::Time});
        q.bucketMicros = 2 * kSecond;
        const Table table = ask(q, all);
        std::vector<std::vector<std::string>> expected;
        for (const Pool& pool : m_fleet.pools) {
            for (const char* time : {"0", "2", "4"}) {
                expected.push_back({pool.key, time});
            }
        }
        QCOMPARE(table.rows.size(), expected.size());
        for (std::size_t i = 0; i < expected.size(); ++i) {
            QVERIFY(table.rows[i].keys == expected[i]);
        }
    }

    /// A day of history is kept in ever coarser tiers; answers over it are those over every second of it.
    void thinnedHistoryGivesTheSameAnswers()
    {
        test::RandomFacts random(m_fleet, 13);
        const Intervals all = random.intervals(1800, kSecond);
        aggregate::History history;
        for (const auto& interval : all) {
            history.append(interval);
        }
        QVERIFY(history.intervals().size() < all.size() / 4);
        const std::vector<Measure> demand{Measure::Requests, Measure::SloAttainment, Measure::TtftP95,
                                          Measure::TokensPerSecond, Measure::ItlP50};
        const std::vector<Measure> supply{Measure::SpendUsdPerDay, Measure::Utilization, Measure::CarbonGrams};
        for (const auto& [from, to] : {std::pair{SimMicros(0), 1800 * kSecond}, std::pair{60 * kSecond, 1700 * kSecond},
                                       std::pair{120 * kSecond, 600 * kSecond}}) {
            for (const bool byTime : {false, true}) {
                for (const auto& [asked, entity] :
                     {std::pair{demand, Dimension::Workload}, std::pair{supply, Dimension::Pool}}) {
                    Query q;
                    q.measures = asked;
                    q.by = {entity};
                    if (byTime) {
                        q.by.push_back(Dimension::Time);
                        q.bucketMicros = 60 * kSecond;
                    }
                    q.from = from;
                    q.to = to;
                    const Intervals kept = history.range(from, to);
                    const Table thin = ask(q, kept), whole = ask(q, all);
                    const Table wide = query::runOver(q, m_fleet, history).value(); // from the widest sums there are
                    QCOMPARE(wide.from, whole.from);
                    QCOMPARE(wide.to, whole.to);
                    QCOMPARE(wide.rows.size(), whole.rows.size());
                    QCOMPARE(thin.from, whole.from);
                    QCOMPARE(thin.to, whole.to);
                    QCOMPARE(thin.rows.size(), whole.rows.size());
                    QVERIFY(!thin.rows.empty());
                    for (std::size_t i = 0; i < thin.rows.size(); ++i) {
                        QVERIFY(thin.rows[i].keys == whole.rows[i].keys);
                        QVERIFY(wide.rows[i].keys == whole.rows[i].keys);
                        for (std::size_t m = 0; m < asked.size(); ++m) { // to the last bit
                            const double a = thin.rows[i].values[m], b = whole.rows[i].values[m];
                            const double c = wide.rows[i].values[m];
                            QVERIFY((a == b && c == b) || (std::isnan(a) && std::isnan(b) && std::isnan(c)));
                        }
                    }
                }
            }
        }
    }

    /// The questions of one refresh of the dashboard over 720 intervals of the sample fleet. Says how long; asserts
    /// nothing about it.
    void speedOnTheSampleFleet()
    {
        const auto sample = std::make_shared<const Fleet>(proto::shippedSample().value());
        auto engine = engine::Engine::create(sample, proto::shippedCalibration().value(), {}).value();
        while (engine.now() < 20 * kSecond) {
            engine.step();
        }
        const Intervals seconds = engine.takeIntervals();
        Intervals all;
        for (std::size_t i = 0; i < 720; ++i) {
            aggregate::Interval copy = *seconds[i % seconds.size()];
            copy.begin = SimMicros(i) * kSecond;
            copy.end = copy.begin + kSecond;
            all.push_back(std::make_shared<const aggregate::Interval>(std::move(copy)));
        }
        const auto& layout = *all.back()->layout;
        qInfo("%zu demand rows, %zu supply rows, %zu flows an interval", layout.demand.size(), layout.supply.size(),
              all.back()->flows.size());
        struct Case {
            const char* name;
            std::vector<Measure> measures;
            std::vector<Dimension> by;
        };
        const std::vector<Case> cases{
            {"spend, utilization", {Measure::SpendUsdPerDay, Measure::Utilization, Measure::SloAttainment}, {}},
            {"the same by time",
             {Measure::SpendUsdPerDay, Measure::Utilization, Measure::SloAttainment},
             {Dimension::Time}},
            {"tokens by time and provider", {Measure::TokensPerSecond}, {Dimension::Time, Dimension::Provider}},
            {"spend by provider", {Measure::SpendUsdPerDay}, {Dimension::Provider}},
            {"map: eight by region",
             {Measure::Accelerators, Measure::Utilization, Measure::RequestsPerSecond, Measure::TokensPerSecond,
              Measure::SloAttainment, Measure::TtftP95, Measure::SpendUsdPerDay, Measure::CarbonGramsPerDay},
             {Dimension::Region}},
            {"flows by area and region", {Measure::RequestsPerSecond}, {Dimension::Area, Dimension::Region}},
            {"TTFT by time", {Measure::TtftP50, Measure::TtftP95, Measure::TtftP99}, {Dimension::Time}},
        };
        for (const Case& c : cases) {
            Query q = over(all, c.measures, c.by);
            q.bucketMicros = 10 * kSecond;
            double best = 1e9;
            for (int i = 0; i < 5; ++i) {
                QElapsedTimer timer;
                timer.start();
                const auto table = query::run(q, *sample, all);
                best = std::min(best, double(timer.nsecsElapsed()) * 1e-6);
                QVERIFY(table.ok() && !table->rows.empty());
            }
            qInfo("%-30s %6.2f ms", c.name, best);
        }
    }
};

QTEST_GUILESS_MAIN(TestQuery)
#include "tst_query.moc"
