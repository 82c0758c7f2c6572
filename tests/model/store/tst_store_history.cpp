// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/store/history.h"
#include "model/store/history_codec.h"
#include "model/store/history_rows.h"
#include "tests/model/store/history_fixture.h"

#include <QtTest>

#include <algorithm>
#include <random>

using namespace isobar;
using namespace isobar::store;
using namespace isobar::test;
using aggregate::SimMicros;

namespace {

constexpr SimMicros kSecond = kMicrosPerSecond, kMinute = 60 * kSecond, kHour = 60 * kMinute;

HistoryWriter::Options fast()
{
    HistoryWriter::Options options;
    options.commitEvery = std::chrono::milliseconds(5);
    options.hourEvery = std::chrono::milliseconds(0);
    return options;
}

/// Writes a run and returns its id; 0 when it could not be written.
std::int64_t record(const std::filesystem::path& path, const std::vector<IntervalPointer>& intervals,
                    std::uint64_t seed = 1)
{
    auto writer = HistoryWriter::start(*Store::open(path), {historyFleet(), seed, 0}, fast());
    if (!writer.ok()) {
        qWarning("%s", writer.error().toString().c_str());
        return 0;
    }
    for (std::size_t i = 0; i < intervals.size(); ++i) {
        (*writer)->append(intervals[i]);
        if (i % 500 == 499) {
            (void)(*writer)->drain();
        }
    }
    if (const auto done = (*writer)->finish(); !done.ok()) {
        qWarning("%s", done.error().toString().c_str());
        return 0;
    }
    return (*writer)->runId();
}

/// The sum over all intervals, one after the other: the slow reference.
Interval plainSum(const std::vector<IntervalPointer>& intervals, SimMicros from, SimMicros to)
{
    Interval sum;
    bool any = false;
    for (const auto& interval : intervals) {
        if (interval->begin >= from && interval->begin < to) {
            if (any) {
                sum.end = interval->begin;
                sum.merge(*interval);
            } else {
                sum = *interval;
                any = true;
            }
        }
    }
    return sum;
}

bool sameAll(const std::vector<IntervalPointer>& a, const std::vector<IntervalPointer>& b)
{
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [](const auto& x, const auto& y) { return sameFacts(*x, *y); });
}

} // namespace

class TestStoreHistory : public QObject {
    Q_OBJECT

    const std::shared_ptr<const Fleet> m_fleet = historyFleet();
    const std::shared_ptr<const Layout> m_layout = historyLayout(*m_fleet, 5);

private Q_SLOTS:
    void blocksComeBackExactly_data()
    {
        QTest::addColumn<int>("seconds");
        QTest::newRow("one interval") << 1;
        QTest::newRow("two") << 2;
        QTest::newRow("a minute") << 60;
    }
    void blocksComeBackExactly()
    {
        QFETCH(int, seconds);
        auto intervals = historyRun(m_layout, seconds, -3 * kSecond);
        // Extremes, and rows that appear later.
        auto odd =
            std::make_shared<Interval>(*historySecond(historyLayout(*m_fleet, 9), intervals.back()->end + kHour));
        odd->demand[2].requests = INT64_MAX;
        odd->supply[0].energyMillijoules = INT64_MIN;
        const aggregate::SparseSketch::Bucket buckets[]{{0, 1}, {447, UINT32_MAX}};
        odd->latencies[3][1] = aggregate::SparseSketch(buckets);
        intervals.push_back(odd);
        auto empty = std::make_shared<Interval>();
        empty->begin = odd->end;
        empty->end = odd->end + kMinute;
        intervals.push_back(empty);
        intervals.push_back(historySecond(m_layout, empty->end));

        const auto back = unpackIntervals(packIntervals(intervals));
        ISOBAR_OK(back);
        QCOMPARE(back->size(), intervals.size());
        for (std::size_t i = 0; i < back->size(); ++i) {
            QVERIFY2(sameFacts((*back)[i], *intervals[i]), std::to_string(i).c_str());
        }
    }

    void damagedBlocksAreToldFromSound()
    {
        const std::string whole = packIntervals(historyRun(m_layout, 3));
        std::mt19937 random(5);
        for (int round = 0; round < 2000; ++round) {
            std::string bytes = whole;
            const std::size_t at = random() % bytes.size();
            bytes[at] = static_cast<char>(bytes[at] ^ (1 + random() % 255));
            if (round % 3 == 0) {
                bytes.resize(random() % bytes.size());
            }
            QVERIFY(!unpackIntervals(bytes).ok());
        }
        QVERIFY(!unpackIntervals("").ok());
        aggregate::Sketch sketch;
        QVERIFY(!addPackedSketch("\x80", sketch));
        QVERIFY(!addPackedSketch(std::string("\xff\x07\x01", 3), sketch)); // a bucket beyond the last
        QVERIFY(!unpackBytes("nothing of the kind").ok());
    }

    void secondsAndMinutesAndHoursComeBack()
    {
        const Folder folder;
        ISOBAR_OK(Store::create(folder / "a.isobar", *m_fleet));
        const auto intervals = historyRun(m_layout, 3700);
        const std::int64_t run = record(folder / "a.isobar", intervals, 0xfffffffffffffff0u);
        QCOMPARE(run, 1);
        const auto store = Store::open(folder / "a.isobar");
        ISOBAR_OK(store);
        const auto runs = historyRuns(*store);
        ISOBAR_OK(runs);
        QCOMPARE(runs->size(), 1u);
        QCOMPARE(runs->front().seed, 0xfffffffffffffff0u);
        QCOMPARE(runs->front().begin, 0);
        QCOMPARE(runs->front().end, 3700 * kSecond);

        const auto seconds = readHistory(*store, run, 3600 * kSecond, 3700 * kSecond, HistoryTier::Second);
        ISOBAR_OK(seconds);
        QVERIFY(*seconds->fleet == *m_fleet);
        QVERIFY(sameAll(seconds->intervals, {intervals.begin() + 3600, intervals.end()}));
        QVERIFY(sameLayout(*seconds->intervals.front()->layout, *m_layout));

        const auto minutes = readHistory(*store, run, 0, INT64_MAX, HistoryTier::Minute);
        ISOBAR_OK(minutes);
        QCOMPARE(minutes->intervals.size(), 62u);
        for (const auto& minute : minutes->intervals) {
            QCOMPARE(minute->begin % kMinute, 0);
            QVERIFY(sameFacts(*minute, plainSum(intervals, minute->begin, minute->begin + kMinute)));
        }
        const auto hours = readHistory(*store, run, 0, INT64_MAX, HistoryTier::Hour);
        ISOBAR_OK(hours);
        QCOMPARE(hours->intervals.size(), 2u);
        QVERIFY(sameFacts(*hours->intervals[0], plainSum(intervals, 0, kHour)));
        QVERIFY(sameFacts(*hours->intervals[1], plainSum(intervals, kHour, 2 * kHour)));

        const auto missing = readHistory(*store, 99, 0, 1);
        QVERIFY(!missing.ok());
        QCOMPARE(missing.error().code, ErrorCode::NotFound);
    }

    void bucketsAreWholeHoursUtc()
    {
        Fleet late = *m_fleet;
        late.startTimeUtc = "2026-11-22T14:58:30Z";
        const auto fleet = std::make_shared<const Fleet>(late);
        const Folder folder;
        ISOBAR_OK(Store::create(folder / "a.isobar", late));
        const auto intervals = historyRun(m_layout, 200);
        {
            auto writer = HistoryWriter::start(*Store::open(folder / "a.isobar"), {fleet, 1, 0}, fast());
            ISOBAR_OK(writer);
            for (const auto& interval : intervals) {
                (*writer)->append(interval);
            }
        } // going away is enough
        const auto store = Store::open(folder / "a.isobar");
        ISOBAR_OK(store);
        const auto hours = readHistory(*store, 1, 0, INT64_MAX, HistoryTier::Hour);
        ISOBAR_OK(hours);
        QCOMPARE(hours->intervals.size(), 2u);
        QCOMPARE(hours->intervals[0]->end, 90 * kSecond);
        const auto minutes = readHistory(*store, 1, 0, INT64_MAX, HistoryTier::Minute);
        ISOBAR_OK(minutes);
        QCOMPARE(minutes->intervals[0]->end, 30 * kSecond);
        QCOMPARE(minutes->intervals[1]->end, 90 * kSecond);
    }

    void layoutMayGrow()
    {
        const Folder folder;
        ISOBAR_OK(Store::create(folder / "a.isobar", *m_fleet));
        const auto bigger = historyLayout(*m_fleet, 8);
        auto intervals = historyRun(m_layout, 90);
        const auto more = historyRun(bigger, 90, 90 * kSecond);
        intervals.insert(intervals.end(), more.begin(), more.end());
        const std::int64_t run = record(folder / "a.isobar", intervals);
        const auto store = Store::open(folder / "a.isobar");
        ISOBAR_OK(store);
        const auto history = readHistory(*store, run, 0, INT64_MAX);
        ISOBAR_OK(history);
        QVERIFY(sameAll(history->intervals, intervals));
        QVERIFY(sameLayout(*history->intervals.front()->layout, *m_layout));
        QVERIFY(sameLayout(*history->intervals.back()->layout, *bigger));
        const auto minutes = readHistory(*store, run, 0, INT64_MAX, HistoryTier::Minute);
        ISOBAR_OK(minutes);
        QCOMPARE(minutes->intervals.size(), 3u);
        QVERIFY(sameLayout(*minutes->intervals[1]->layout, *bigger));
    }

    /// Whatever the policy took away, the finest history covers every moment once and adds up.
    void finestHistoryCoversEachMomentOnce()
    {
        const Folder folder;
        ISOBAR_OK(Store::create(folder / "a.isobar", *m_fleet));
        auto store = Store::open(folder / "a.isobar");
        ISOBAR_OK(store);
        const std::int64_t length = 3 * 3600 + 1234;
        const auto intervals = historyRun(historyLayout(*m_fleet, 1), length);
        const std::int64_t run = record(folder / "a.isobar", intervals);
        ISOBAR_OK(setHistoryPolicy(*store, {.keepSecondsSeconds = 700, .keepMinutesSeconds = 3600}));
        const auto history = readHistory(*store, run, 0, INT64_MAX);
        ISOBAR_OK(history);
        SimMicros at = 0;
        int hours = 0, minutes = 0, seconds = 0;
        for (const auto& interval : history->intervals) {
            QCOMPARE(interval->begin, at);
            at = interval->end;
            const SimMicros width = interval->end - interval->begin;
            ++(width > kMinute ? hours : width > kSecond ? minutes : seconds);
        }
        QCOMPARE(at, length * kSecond);
        // Hours stay whole: minutes reach back to the begin of the hour in which the last of them is kept.
        QCOMPARE(hours, 2);
        QVERIFY(minutes > 60 && seconds >= 640 && seconds < 900);
        QVERIFY(sameFacts(plainSum(history->intervals, 0, INT64_MAX), plainSum(intervals, 0, INT64_MAX)));
        // A part of it likewise.
        const auto part = readHistory(*store, run, 7000 * kSecond, 7100 * kSecond);
        ISOBAR_OK(part);
        QVERIFY(!part->intervals.empty());
        QVERIFY(part->intervals.front()->begin <= 7000 * kSecond && part->intervals.back()->end >= 7100 * kSecond);
    }

    void policyIsKeptAndChecked()
    {
        const Folder folder;
        auto store = Store::create(folder / "a.isobar", *m_fleet);
        ISOBAR_OK(store);
        QVERIFY(*historyPolicy(*store) == HistoryPolicy{});
        const HistoryPolicy mine{120, 7200, 86'400, 2};
        ISOBAR_OK(setHistoryPolicy(*store, mine));
        QVERIFY(*historyPolicy(*store) == mine);
        QVERIFY(!setHistoryPolicy(*store, {.keepSecondsSeconds = 1}).ok());
        QVERIFY(*historyPolicy(*store) == mine);
        for (int i = 0; i < 4; ++i) {
            QVERIFY(record(folder / "a.isobar", historyRun(m_layout, 70)) > 0);
        }
        const auto runs = historyRuns(*store);
        ISOBAR_OK(runs);
        QCOMPARE(runs->size(), 2u);
        // Newest first: the older run's seconds went before the newer one's did.
        QCOMPARE(runs->back().tiers[0].end, 70 * kSecond);
        QVERIFY(runs->front().tiers[1].end == 70 * kSecond); // minutes are all there
        for (const char* table : {"history_placements", "history_blocks", "history_hour_demand"}) {
            SQLite::Database db((folder / "a.isobar").string());
            const int distinct = db.execAndGet(std::string("SELECT count(DISTINCT run_id) FROM ") + table).getInt();
            QCOMPARE(distinct, 2);
        }
    }

    void runThatWasCutOffIsCaughtUpWith()
    {
        const Folder folder;
        ISOBAR_OK(Store::create(folder / "a.isobar", *m_fleet));
        const auto intervals = historyRun(m_layout, 4000);
        const std::int64_t run = record(folder / "a.isobar", intervals);
        {
            // As a kill in the middle leaves it: seconds only from some minute on, and an hour half summed.
            SQLite::Database db((folder / "a.isobar").string(), SQLite::OPEN_READWRITE);
            db.exec("DELETE FROM history_blocks WHERE tier_seconds = 60 AND begin_micros >= 3600000000");
            db.exec("DELETE FROM history_hour_demand WHERE begin_micros >= 3600000000");
            db.exec("DELETE FROM history_hour_supply WHERE begin_micros >= 3600000000");
            db.exec("DELETE FROM history_hours WHERE begin_micros >= 3600000000");
        }
        QVERIFY(record(folder / "a.isobar", historyRun(m_layout, 2)) > run);
        const auto store = Store::open(folder / "a.isobar");
        ISOBAR_OK(store);
        const auto hours = readHistory(*store, run, 0, INT64_MAX, HistoryTier::Hour);
        ISOBAR_OK(hours);
        QCOMPARE(hours->intervals.size(), 2u);
        QVERIFY(sameFacts(*hours->intervals[1], plainSum(intervals, kHour, 2 * kHour)));
        const auto minutes = readHistory(*store, run, kHour, INT64_MAX, HistoryTier::Minute);
        ISOBAR_OK(minutes);
        QCOMPARE(minutes->intervals.size(), 7u);
    }

    /// Somebody else holds the store: append() does not wait, totals survive, detail goes and that is said.
    void slowDiskCostsDetailNotTotals()
    {
        const Folder folder;
        ISOBAR_OK(Store::create(folder / "a.isobar", *m_fleet));
        SQLite::Database other((folder / "a.isobar").string(), SQLite::OPEN_READWRITE);
        other.exec("BEGIN IMMEDIATE");
        auto options = fast();
        options.queueLimit = 100;
        auto writer = HistoryWriter::start(*Store::open(folder / "a.isobar"), {m_fleet, 1, 0}, options);
        ISOBAR_OK(writer);
        const auto intervals = historyRun(m_layout, 1000);
        for (const auto& interval : intervals) {
            (*writer)->append(interval);
        }
        QTRY_VERIFY_WITH_TIMEOUT((*writer)->state().error.has_value(), 20'000);
        const auto state = (*writer)->state();
        QCOMPARE(state.error->code, ErrorCode::Busy);
        QCOMPARE(state.acknowledgedThrough, 0);
        QVERIFY(state.coarsenedMicros >= 700 * kSecond);
        QCOMPARE(state.lostMicros, 0);
        other.exec("ROLLBACK");
        ISOBAR_OK((*writer)->finish());
        QCOMPARE((*writer)->acknowledgedThrough(), 1000 * kSecond);
        QVERIFY(!(*writer)->state().error);
        const auto store = Store::open(folder / "a.isobar");
        ISOBAR_OK(store);
        const auto history = readHistory(*store, 1, 0, INT64_MAX);
        ISOBAR_OK(history);
        QVERIFY(sameFacts(plainSum(history->intervals, 0, INT64_MAX), plainSum(intervals, 0, INT64_MAX)));
    }

    void readOnlyStoreIsRefused()
    {
        const Folder folder;
        const auto inside = folder / "locked";
        std::filesystem::create_directory(inside);
        ISOBAR_OK(Store::create(inside / "a.isobar", *m_fleet));
        std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
        std::filesystem::permissions(inside / "a.isobar", std::filesystem::perms(0444));
        std::filesystem::permissions(inside, std::filesystem::perms(0555));
        {
            const OrdinaryUser user;
            const auto writer = HistoryWriter::start(*Store::open(inside / "a.isobar"), {m_fleet, 1, 0});
            QVERIFY(!writer.ok());
            QCOMPARE(writer.error().code, ErrorCode::NotWritable);
        }
        std::filesystem::permissions(inside, std::filesystem::perms(0755));
    }
};

QTEST_GUILESS_MAIN(TestStoreHistory)
#include "tst_store_history.moc"
