// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/aggregate/cube_query.h"
#include "model/aggregate/cube_rollup.h"
#include "model/aggregate/quanta_buckets.h"

#include <QTest>
#include <cmath>
#include <map>
#include <random>

using namespace isobar;
using namespace isobar::aggregate;

namespace {

constexpr std::int64_t kMinute = 60'000'000;

/// A sample as anybody would write it down.
struct Row {
    std::int64_t at = 0;
    std::vector<std::uint16_t> dimensions;
    std::vector<double> values; ///< NaN = none
};

struct Sums {
    std::int64_t sum = 0, count = 0, min = 0, max = 0;
    std::vector<double> values;
    friend bool operator==(const Sums& a, const Sums& b)
    {
        return a.sum == b.sum && a.count == b.count && (a.count == 0 || (a.min == b.min && a.max == b.max));
    }
};

class Random {
public:
    explicit Random(std::uint32_t seed)
        : m_random(seed)
    {
    }
    std::int64_t between(std::int64_t low, std::int64_t high)
    {
        return std::uniform_int_distribution<std::int64_t>(low, high)(m_random);
    }
    bool oneIn(int n) { return between(1, n) == 1; }
    double heavyTailed() { return std::exp(std::normal_distribution<double>(-1, 2)(m_random)); }

private:
    std::mt19937 m_random;
};

/// The definition: every row by itself, by name of cell, integers added one by one.
std::map<std::size_t, Sums> slowAnswer(const SampleCube& cube, const std::vector<Row>& rows, const CubeQuery& query,
                                       const CubeAsk& ask)
{
    std::map<std::size_t, Sums> answer;
    for (const Row& row : rows) {
        if (row.at < query.from || row.at >= query.to || std::isnan(row.values[ask.measure])) {
            continue;
        }
        bool wanted = true;
        for (const CubeFilter& filter : query.where) {
            wanted =
                wanted && std::count(filter.values.begin(), filter.values.end(), row.dimensions[filter.dimension]) > 0;
        }
        std::size_t cell = 0;
        for (const CubeGrouping& by : query.by) {
            const std::uint32_t value = row.dimensions[by.dimension];
            const std::uint32_t group = by.groupOf.empty() ? value : by.groupOf[value];
            wanted = wanted && group != kNoGroup;
            cell = cell * (by.groupOf.empty() ? cube.dimensions()[by.dimension].size : by.groups) + group;
        }
        if (query.buckets.count() > 0) {
            std::size_t bucket = 0;
            while (bucket < query.buckets.count() &&
                   !(query.buckets.edges[bucket] <= row.at && row.at < query.buckets.edges[bucket + 1])) {
                ++bucket;
            }
            wanted = wanted && bucket < query.buckets.count();
            cell = cell * query.buckets.count() + bucket;
        }
        if (!wanted) {
            continue;
        }
        Sums& sums = answer[cell];
        const auto quanta =
            std::int64_t(std::nearbyint(row.values[ask.measure] / cube.measures()[ask.measure].quantum));
        sums.min = sums.count == 0 ? quanta : std::min(sums.min, quanta);
        sums.max = sums.count == 0 ? quanta : std::max(sums.max, quanta);
        sums.sum += quanta;
        ++sums.count;
        sums.values.push_back(double(quanta) * cube.measures()[ask.measure].quantum);
    }
    return answer;
}

bool agrees(const SampleCube& cube, const std::vector<Row>& rows, const CubeQuery& query, const CubeTable& table)
{
    for (std::size_t i = 0; i < query.ask.size(); ++i) {
        auto expected = slowAnswer(cube, rows, query, query.ask[i]);
        const CubeCells& cells = table.columns[i];
        for (std::size_t cell = 0; cell < table.cells(); ++cell) {
            const Sums& want = expected[cell];
            Sums got{cells.sums[cell], cells.counts[cell], want.min, want.max, {}};
            if (query.ask[i].extremes && got.count > 0) {
                got.min = cells.mins[cell];
                got.max = cells.maxs[cell];
            }
            if (!(got == want)) {
                qWarning("cell %zu: sum %lld count %lld, not %lld %lld", cell, (long long)(got.sum),
                         (long long)(got.count), (long long)(want.sum), (long long)(want.count));
                return false;
            }
            for (const double q : {0.0, 0.5, 0.95, 1.0}) {
                Sketch sketch;
                for (const double value : want.values) {
                    sketch.add(value);
                }
                if (query.ask[i].sketch && want.count > 0 && cells.quantile(cell, q) != sketch.quantile(q)) {
                    qWarning("cell %zu: quantile %g is %g, not %g", cell, q, cells.quantile(cell, q),
                             sketch.quantile(q));
                    return false;
                }
            }
        }
    }
    return true;
}

bool same(const CubeTable& a, const CubeTable& b)
{
    if (a.groups != b.groups || a.buckets != b.buckets || a.columns.size() != b.columns.size()) {
        return false;
    }
    for (std::size_t m = 0; m < a.columns.size(); ++m) {
        const CubeCells &x = a.columns[m], &y = b.columns[m];
        if (x.sums != y.sums || x.counts != y.counts || x.mins != y.mins || x.maxs != y.maxs) {
            return false;
        }
        for (std::size_t cell = 0; cell < a.cells(); ++cell) {
            for (const double q : {0.01, 0.5, 0.99}) {
                const double p = x.quantile(cell, q), r = y.quantile(cell, q);
                if (!(p == r || (std::isnan(p) && std::isnan(r)))) {
                    return false;
                }
            }
        }
    }
    return true;
}

/// Random rows: series come and go, values are lost, some arrive late, some instants repeat; or everybody is sampled at
/// common instants.
struct RandomCube {
    explicit RandomCube(std::uint32_t seed, bool regular)
        : random(seed)
        , cube(*SampleCube::create({{"pool", 7}, {"model", 5}}, {{"utilization", 1e-4}, {"ttft", 1e-6}, {"cost", 0.1}}))
    {
        const std::int64_t minutes = random.between(1, 150);
        for (std::int64_t minute = 0; minute < minutes; ++minute) {
            for (std::uint16_t pool = 0; pool < 7; ++pool) {
                for (std::uint16_t model = 0; model < 5; ++model) {
                    if ((regular && (pool + model) % 3 > 0 && minute > pool) || (!regular && random.oneIn(3))) {
                        add(minute, pool, model, regular);
                    }
                }
            }
            if (random.oneIn(20)) {
                send();
                if (random.oneIn(2)) {
                    cube.seal();
                }
            }
        }
        send();
    }

    void add(std::int64_t minute, std::uint16_t pool, std::uint16_t model, bool regular)
    {
        const std::int64_t late = !regular && random.oneIn(10) ? random.between(0, 30) : 0;
        Row row{(minute - late - 40) * kMinute, {pool, model}, {}};
        row.values = {double(random.between(0, 10'000)) * 1e-4, random.heavyTailed(), random.heavyTailed() * 1e3};
        if (random.oneIn(9)) {
            row.values[2] = -row.values[2]; // a refund
        }
        if (!regular && random.oneIn(500)) {
            row.values[2] = 1e12; // needs eight bytes
        }
        if (missing && random.oneIn(4)) {
            row.values[std::size_t(random.between(0, 2))] = std::nan("");
        }
        for (int times = random.oneIn(regular ? 100'000 : 15) ? 2 : 1; times > 0; --times) {
            waiting.push_back(row);
        }
    }

    void send()
    {
        std::vector<std::int64_t> times;
        std::vector<std::vector<std::uint16_t>> dimensions(2);
        std::vector<std::vector<double>> values(3);
        for (const Row& row : waiting) {
            times.push_back(row.at);
            for (std::size_t d = 0; d < 2; ++d) {
                dimensions[d].push_back(row.dimensions[d]);
            }
            for (std::size_t m = 0; m < 3; ++m) {
                values[m].push_back(row.values[m]);
            }
        }
        QVERIFY(cube.append({times, {dimensions[0], dimensions[1]}, {values[0], values[1], values[2]}}).ok());
        rows.insert(rows.end(), waiting.begin(), waiting.end());
        waiting.clear();
        missing = random.oneIn(2);
    }

    CubeQuery question()
    {
        CubeQuery query;
        if (random.oneIn(2)) {
            query.from = random.between(-60, 60) * kMinute + random.between(-1, 1);
            query.to = query.from + random.between(-5, 120) * kMinute;
        }
        if (random.oneIn(2)) {
            query.by.push_back({0, {}, 0});
        }
        if (random.oneIn(3)) {
            query.by.push_back({0, {0, 1, kNoGroup, 1, 0, 2, 2}, 3}); // regions of pools
        }
        if (random.oneIn(2)) {
            query.by.push_back({1, {}, 0});
        }
        if (random.oneIn(2)) {
            const std::int64_t from = random.between(-50, 20) * kMinute;
            query.buckets =
                fixedBuckets(from, from + random.between(0, 100) * kMinute, random.between(1, 40) * kMinute);
        }
        if (random.oneIn(3)) {
            query.where.push_back({0, {1, 2, 6, 99}});
        }
        if (random.oneIn(3)) {
            query.where.push_back({1, {std::uint32_t(random.between(0, 4))}});
        }
        for (std::size_t measure = 0; measure < 3; ++measure) {
            query.ask.push_back({measure, random.oneIn(2), random.oneIn(2)});
        }
        return query;
    }

    Random random;
    SampleCube cube;
    std::vector<Row> rows, waiting;
    bool missing = false;
};

SampleCube smallCube()
{
    return *SampleCube::create({{"pool", 2}}, {{"seconds", 1e-3}});
}

Status addOne(SampleCube& cube, std::int64_t at, std::uint16_t pool, double value)
{
    return cube.append({{&at, 1}, {{&pool, 1}}, {{&value, 1}}});
}

} // namespace

class TestSampleCube : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void randomCubesAgreeWithTheSlowReference_data()
    {
        QTest::addColumn<bool>("regular");
        QTest::newRow("series sampled at common instants") << true;
        QTest::newRow("late, repeated and missing samples") << false;
    }
    void randomCubesAgreeWithTheSlowReference()
    {
        QFETCH(bool, regular);
        for (std::uint32_t seed = 1; seed <= 40; ++seed) {
            RandomCube random(seed, regular);
            QCOMPARE(random.cube.rows(), random.rows.size());
            for (int i = 0; i < 8; ++i) {
                const CubeQuery query = random.question();
                const auto one = ask(random.cube, query, 1), two = ask(random.cube, query, 2);
                QVERIFY(one.ok() && two.ok());
                QVERIFY2(agrees(random.cube, random.rows, query, *one), qPrintable(QString::number(seed)));
                QVERIFY(same(*one, *two));
            }
        }
    }

    void commonInstantsAreFound()
    {
        RandomCube regular(1, true), irregular(1, false);
        regular.cube.seal();
        irregular.cube.seal();
        QVERIFY(!regular.cube.chunks().back().instants.empty());
        QVERIFY(irregular.cube.chunks().back().instants.empty());
    }

    void fullChunksAreSealedByThemselves()
    {
        SampleCube cube = smallCube();
        const std::size_t count = SampleCube::kChunkRows + 1000;
        std::vector<std::int64_t> times(count);
        std::vector<std::uint16_t> pools(count);
        std::vector<double> values(count);
        std::int64_t expected = 0;
        for (std::size_t i = 0; i < count; ++i) {
            times[i] = std::int64_t(i / 2);
            pools[i] = std::uint16_t(i % 2);
            values[i] = double(i % 977);
            expected += std::int64_t(i % 977) * 1000;
        }
        QVERIFY(cube.append({times, {pools}, {values}}).ok());
        QCOMPARE(cube.chunks().size(), std::size_t{1});
        QCOMPARE(cube.rows(), count);
        QCOMPARE(ask(cube, {.ask = {{0}}})->columns[0].sums[0], expected);
    }

    void partsAddUpToTheWholeExactly()
    {
        for (std::uint32_t seed = 1; seed <= 10; ++seed) {
            RandomCube random(seed, seed % 2 == 0);
            CubeQuery parts;
            parts.by = {{0, {}, 0}, {1, {}, 0}};
            parts.buckets = fixedBuckets(-100 * kMinute, 200 * kMinute, 7 * kMinute);
            parts.ask = {{0, true, true}, {1, true, true}, {2, true, true}};
            CubeQuery whole;
            whole.ask = parts.ask;
            const CubeTable fine = *ask(random.cube, parts), total = *ask(random.cube, whole);
            for (std::size_t m = 0; m < 3; ++m) {
                std::int64_t sum = 0, count = 0;
                for (std::size_t cell = 0; cell < fine.cells(); ++cell) {
                    sum += fine.columns[m].sums[cell];
                    count += fine.columns[m].counts[cell];
                }
                QCOMPARE(sum, total.columns[m].sums[0]);
                QCOMPARE(count, total.columns[m].counts[0]);
            }
        }
    }

    void aRollUpEqualsTheRawSamples()
    {
        for (std::uint32_t seed = 1; seed <= 20; ++seed) {
            RandomCube random(seed, seed % 2 == 0);
            const std::vector<CubeAsk> keep{{0, true, false}, {1, true, true}, {2, false, true}};
            auto rollUp = *CubeRollUp::create({{0, {}, 0}, {1, {}, 0}}, keep,
                                              {{5 * kMinute, false}, {15 * kMinute, true}, {60 * kMinute, true}});
            if (random.random.oneIn(2)) {
                random.cube.seal();
            }
            QVERIFY(rollUp.update(random.cube).ok());
            QCOMPARE(rollUp.chunks(), random.cube.chunks().size());
            for (int i = 0; i < 5; ++i) {
                CubeQuery query;
                query.from = random.random.between(-100, 60) * kMinute;
                query.to = query.from + random.random.between(-3, 200) * kMinute;
                query.by = rollUp.by();
                query.ask = keep;
                const auto through = askThrough(rollUp, random.cube, query.from, query.to, true);
                QVERIFY(through.ok());
                QVERIFY(same(*through, *ask(random.cube, query)));
            }
            // Whole buckets alone, put together by pool.
            random.cube.seal();
            QVERIFY(rollUp.update(random.cube).ok());
            CubeQuery query;
            query.from = -45 * kMinute;
            query.to = 120 * kMinute;
            query.by = {{0, {}, 0}};
            query.ask = keep;
            std::vector<std::uint32_t> poolOf(35);
            for (std::uint32_t i = 0; i < 35; ++i) {
                poolOf[i] = i / 5;
            }
            const auto sum = rollUp.sum(query.from, query.to, true, poolOf, 7);
            QVERIFY(sum.ok());
            QVERIFY(same(*sum, *ask(random.cube, query)));
            QVERIFY(!rollUp.sum(query.from + kMinute, query.to, true).ok());
            QVERIFY(!rollUp.sum(query.from + 5 * kMinute, query.to, true).ok()); // no sketches that fine
            QVERIFY(rollUp.sum(query.from + 5 * kMinute, query.to, false).ok());
        }
    }

    void slicesAreTheBucketsOfALevel()
    {
        RandomCube random(3, true);
        random.cube.seal();
        auto rollUp = *CubeRollUp::create({{0, {}, 0}}, {{1, true, false}}, {{10 * kMinute, false}});
        QVERIFY(rollUp.update(random.cube).ok());
        CubeQuery query;
        query.by = rollUp.by();
        query.ask = rollUp.kept();
        const auto slices = rollUp.slices(0, -1000 * kMinute, 1000 * kMinute);
        QVERIFY(!slices.empty());
        for (const auto& slice : slices) {
            query.from = slice.begin;
            query.to = slice.begin + 10 * kMinute;
            QVERIFY(same(*slice.table, *ask(random.cube, query)));
        }
        QVERIFY(rollUp.slices(0, 5, 5).empty());
    }

    void mergingDoesNotDependOnTheOrder()
    {
        std::vector<CubeTable> parts;
        std::mt19937 shuffling(5);
        for (std::uint32_t seed = 1; seed <= 6; ++seed) {
            RandomCube random(seed, false);
            CubeQuery query;
            query.by = {{0, {}, 0}};
            query.ask = {{1, true, true}};
            parts.push_back(*ask(random.cube, query));
        }
        std::vector<CubeTable> merged;
        for (int round = 0; round < 6; ++round) {
            CubeTable sum{7, 1, {emptyCells(7, true, 0, Sketch::kBuckets)}};
            for (const CubeTable& part : parts) {
                sum.merge(part);
            }
            merged.push_back(sum);
            std::shuffle(parts.begin(), parts.end(), shuffling);
        }
        for (const CubeTable& other : merged) {
            QVERIFY(other.columns[0].sketches == merged[0].columns[0].sketches);
            QVERIFY(same(other, merged[0]));
        }
    }

    void bucketsOfQuantaAreThoseOfTheSketch_data()
    {
        QTest::addColumn<double>("quantum");
        for (const double quantum : {1e-9, 1e-6, 1e-4, 0.1, 1.0, 3.7, 1e6}) {
            QTest::addRow("%g", quantum) << quantum;
        }
    }
    void bucketsOfQuantaAreThoseOfTheSketch()
    {
        QFETCH(double, quantum);
        const QuantaBuckets buckets(quantum);
        Random random(1);
        const auto verify = [&](std::int64_t quanta) {
            return buckets.of(quanta) == Sketch::bucketOf(double(quanta) * quantum);
        };
        for (std::int64_t quanta = -3; quanta < 5000; ++quanta) {
            QVERIFY(verify(quanta));
        }
        for (double at = 5000; at < 9e15; at *= 1.0009) {
            QVERIFY(verify(std::int64_t(at)) && verify(std::int64_t(at) + random.between(0, 1000)));
        }
        QVERIFY(verify(std::int64_t{1} << 53));
    }

    void aClockThatIsPutBackLosesNothing()
    {
        SampleCube cube = smallCube();
        for (const std::int64_t at : {100, 101, 102, 40, 41, 101}) {
            QVERIFY(addOne(cube, at, 0, 1).ok());
        }
        for (const bool sealed : {false, true}) {
            CubeQuery query;
            query.buckets = {{40, 100, 102, 103}};
            query.ask = {{0, false, false}};
            QVERIFY((ask(cube, query)->columns[0].counts == std::vector<std::int64_t>{2, 3, 1}));
            if (!sealed) {
                cube.seal();
            }
        }
    }

    void anEmptyRangeIsEmpty()
    {
        SampleCube cube = smallCube();
        CubeQuery query;
        query.by = {{0, {}, 0}};
        query.ask = {{0, true, true}};
        QCOMPARE(ask(cube, query)->columns[0].counts[1], std::int64_t{0}); // no rows at all
        QVERIFY(addOne(cube, 5, 1, 2.5).ok());
        for (const auto& [from, to] : {std::pair{5, 5}, {9, 3}, {6, 100}, {-100, 5}}) {
            query.from = from;
            query.to = to;
            const auto table = ask(cube, query);
            QVERIFY(table.ok());
            QCOMPARE(table->columns[0].counts[1], std::int64_t{0});
            QVERIFY(std::isnan(table->columns[0].quantile(1, 0.5)));
        }
        query.from = 5;
        query.to = 6;
        QCOMPARE(ask(cube, query)->columns[0].sums[1], std::int64_t{2500});
    }

    void badRowsAreRefusedWhole()
    {
        SampleCube cube = smallCube();
        QVERIFY(!addOne(cube, 0, 2, 1).ok());
        QVERIFY(!addOne(cube, 0, 0, INFINITY).ok());
        QVERIFY(!addOne(cube, 0, 0, 1e14).ok());
        QVERIFY(!cube.append({{}, {}, {}}).ok());
        // Sums never leave 63 bits: the cube refuses what could.
        for (int i = 0; i < 1023; ++i) {
            QVERIFY(addOne(cube, i, 0, -9.0e12).ok());
        }
        int refused = 0;
        for (int i = 0; i < 10; ++i) {
            refused += addOne(cube, i, 0, 9.0e12).ok() ? 0 : 1;
        }
        QVERIFY(refused > 0);
        QCOMPARE(cube.rows(), std::uint64_t(1033 - refused));
    }

    void badQuestionsAreRefused()
    {
        SampleCube cube = smallCube();
        CubeQuery query;
        query.ask = {{1, false, false}};
        QVERIFY(!ask(cube, query).ok());
        query.ask = {{0, false, true}};
        query.by = {{0, {0, 1, 2}, 3}};
        QVERIFY(!ask(cube, query).ok());
        query.by = {{0, {0, 5}, 3}};
        QVERIFY(!ask(cube, query).ok());
        query.by = {{0, {0, 1u << 30}, (1u << 30) + 1}};
        QVERIFY(!ask(cube, query).ok()); // a table nobody could hold
        QVERIFY(!SampleCube::create({}, {{"x", 1}}).ok());
        QVERIFY(!SampleCube::create({{"x", 0}}, {{"x", 1}}).ok());
        QVERIFY(!SampleCube::create({{"x", 2}}, {{"x", 0}}).ok());
        QVERIFY(!CubeRollUp::create({}, {}, {{60, true}, {90, true}}).ok());
    }

    void aStoppedQuestionSaysSo()
    {
        SampleCube cube = smallCube();
        QVERIFY(addOne(cube, 0, 0, 1).ok());
        std::stop_source source;
        source.request_stop();
        const auto table = ask(cube, {.ask = {{0}}}, 1, {source.get_token(), {}});
        QVERIFY(!table.ok());
        QCOMPARE(table.error().code, ErrorCode::Cancelled);
    }
};

QTEST_APPLESS_MAIN(TestSampleCube)
#include "tst_sample_cube.moc"
