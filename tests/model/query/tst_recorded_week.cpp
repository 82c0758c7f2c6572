// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/engine.h"
#include "model/proto/shipped.h"
#include "model/store/history.h"
#include "tests/support/test_support.h"

#include <QTemporaryDir>
#include <QTest>

#include <chrono>
#include <filesystem>
#include <functional>
#include <numeric>

using namespace isobar;
using aggregate::Interval;
using aggregate::kMicrosPerSecond;
using aggregate::SimMicros;
using IntervalPointer = std::shared_ptr<const Interval>;

namespace {

constexpr SimMicros kMinute = 60 * kMicrosPerSecond, kHour = 60 * kMinute;
constexpr std::int64_t kMegabyte = 1'000'000;

/// What one time of day looks like, request by request.
struct Slot {
    int hour = 0;                         ///< of the day, UTC
    std::vector<IntervalPointer> seconds; ///< the last of them
    std::vector<IntervalPointer> minutes; ///< all of them
    double wallSeconds = 0;
};

std::string startAt(int hour)
{
    return QStringLiteral("2026-11-23T%1:00:00Z").arg(hour, 2, 10, QLatin1Char('0')).toStdString();
}

/// Serves every request of the sample fleet from `hour` on for so many minutes, the first ones on a fleet at work.
Result<Slot> simulate(int hour, int minutes, std::size_t keptSeconds)
{
    ISOBAR_TRY_ASSIGN(Fleet fleet, proto::shippedSample());
    ISOBAR_TRY_ASSIGN(const Calibration calibration, proto::shippedCalibration());
    fleet.startTimeUtc = startAt(hour);
    engine::EngineOptions options;
    options.threads = 1;
    options.seed = 42 + static_cast<std::uint64_t>(hour);
    options.settleSeconds = engine::kUsualSettleSeconds;
    ISOBAR_TRY_ASSIGN(engine::Engine engine,
                      engine::Engine::create(std::make_shared<const Fleet>(std::move(fleet)), calibration, options));
    Slot slot;
    slot.hour = hour;
    const auto begin = std::chrono::steady_clock::now();
    for (int minute = 0; minute < minutes; ++minute) {
        while (engine.now() < (minute + 1) * kMinute) {
            engine.step();
        }
        const auto taken = engine.takeIntervals();
        slot.minutes.push_back(std::make_shared<const Interval>(aggregate::sumOf(taken)));
        slot.seconds.insert(slot.seconds.end(), taken.begin(), taken.end());
        if (slot.seconds.size() > keptSeconds) {
            slot.seconds.erase(slot.seconds.begin(), slot.seconds.end() - static_cast<std::ptrdiff_t>(keptSeconds));
        }
    }
    slot.wallSeconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    return slot;
}

IntervalPointer movedTo(SimMicros begin, const Interval& interval)
{
    auto moved = std::make_shared<Interval>(interval);
    moved->begin = begin;
    moved->end = begin + (interval.end - interval.begin);
    return moved;
}

std::int64_t completed(const Interval& interval)
{
    return std::accumulate(interval.demand.begin(), interval.demand.end(), std::int64_t{0},
                           [](std::int64_t sum, const auto& row) { return sum + row.completed; });
}

/// The file with what its log still holds.
std::int64_t bytesOf(const std::filesystem::path& path)
{
    std::error_code absent;
    const auto log = std::filesystem::file_size(path.string() + "-wal", absent);
    return static_cast<std::int64_t>(std::filesystem::file_size(path) + (absent ? 0 : log));
}

struct Recorded {
    std::int64_t fileBytes = 0;
    store::HistoryRun run;
};

/// Records `hours` from midnight on with the tiers' usual policy: the minutes of each hour are those of the slot of its
/// time of day, one after the other, and the last quarter of an hour goes in second by second. `told` after each day.
Result<Recorded> record(const std::filesystem::path& path, const std::vector<Slot>& served, int hours,
                        const std::function<void(int, std::int64_t)>& told = {})
{
    ISOBAR_TRY_ASSIGN(Fleet sample, proto::shippedSample());
    sample.startTimeUtc = startAt(0);
    const auto fleet = std::make_shared<const Fleet>(std::move(sample));
    ISOBAR_TRY_ASSIGN(store::Store store, store::Store::create(path, *fleet));
    ISOBAR_TRY_ASSIGN(const auto writer, store::HistoryWriter::start(store, {fleet, 42, 0}));
    for (int hour = 0; hour < hours; ++hour) {
        const Slot* slot = &served.back(); // of the day before
        for (const Slot& each : served) {
            slot = each.hour <= hour % 24 ? &each : slot;
        }
        for (int minute = 0; minute < 60; ++minute) {
            const SimMicros at = hour * kHour + minute * kMinute;
            if (hour + 1 < hours || minute < 45) {
                const auto which = static_cast<std::size_t>(minute) % slot->minutes.size();
                writer->append(movedTo(at, *slot->minutes[which]));
                continue;
            }
            for (int second = 0; second < 60; ++second) {
                const auto which = static_cast<std::size_t>((minute - 45) * 60 + second) % slot->seconds.size();
                writer->append(movedTo(at + second * kMicrosPerSecond, *slot->seconds[which]));
            }
        }
        ISOBAR_TRY(writer->drain());
        if (told && hour % 24 == 23) {
            told(hour / 24 + 1, bytesOf(path));
        }
    }
    ISOBAR_TRY(writer->finish());
    ISOBAR_TRY_ASSIGN(const auto runs, store::historyRuns(store));
    return Recorded{bytesOf(path), runs.front()};
}

double bytesAnHour(const store::HistoryRun& run, store::HistoryTier tier)
{
    const store::HistoryExtent& extent = run.tiers[static_cast<std::size_t>(tier)];
    return static_cast<double>(extent.bytes) * static_cast<double>(kHour) /
           static_cast<double>(extent.end - extent.begin);
}

} // namespace

/// What a store takes for the history of the sample fleet, served request by request.
class TestRecordedWeek : public QObject {
    Q_OBJECT

private Q_SLOTS:
    /// A quarter of an hour of seconds and a day of minutes stay as large as they are, hours grow: what each takes an
    /// hour, of a few simulated minutes at the day's busiest, bounds a week.
    void tiersStayWithinTheWeek()
    {
        const auto slot = simulate(16, 2, 120);
        QVERIFY2(slot.ok(), slot.ok() ? "" : slot.error().toString().c_str());
        QVERIFY2(completed(*slot->minutes.back()) > 2'000'000, "not the sample fleet at its busiest");
        const QTemporaryDir folder;
        const auto recorded = record(folder.filePath(QStringLiteral("few.isobar")).toStdString(), {*slot}, 2);
        QVERIFY2(recorded.ok(), recorded.ok() ? "" : recorded.error().toString().c_str());
        const double seconds = bytesAnHour(recorded->run, store::HistoryTier::Second);
        const double minutes = bytesAnHour(recorded->run, store::HistoryTier::Minute);
        const double hours = bytesAnHour(recorded->run, store::HistoryTier::Hour);
        qInfo("bytes an hour: seconds %.0f, minutes %.0f, hours %.0f", seconds, minutes, hours);
        const store::HistoryPolicy policy;
        const auto kept = [](std::int64_t policySeconds) { return static_cast<double>(policySeconds) / 3600 + 1; };
        const double week =
            kept(policy.keepSecondsSeconds) * seconds + kept(policy.keepMinutesSeconds) * minutes + 7 * 24 * hours;
        QVERIFY2(week < 160.0 * kMegabyte, qPrintable(QString::number(week))); // SQLite adds up to a quarter
        QVERIFY2(week > 20.0 * kMegabyte, qPrintable(QString::number(week)));  // or nothing was recorded
    }

    /// The week itself: so many minutes of six times of day request by request, and those in turn for seven days.
    void weekStaysUnder200Megabytes()
    {
        const int minutes = qEnvironmentVariableIntValue("ISOBAR_WEEK_MINUTES");
        if (minutes <= 0) {
            QSKIP("ISOBAR_WEEK_MINUTES=20 serves two hours request by request: some ten minutes on a quiet machine");
        }
        std::vector<Slot> served;
        for (const int hour : {0, 4, 8, 12, 16, 20}) {
            auto slot = simulate(hour, minutes, hour == 20 ? 900 : 0);
            QVERIFY2(slot.ok(), slot.ok() ? "" : slot.error().toString().c_str());
            qInfo("%02d:00 UTC: %d minutes in %.0f s, %lld requests completed in the last", hour, minutes,
                  slot->wallSeconds, static_cast<long long>(completed(*slot->minutes.back())));
            served.push_back(*std::move(slot));
        }
        const QTemporaryDir folder;
        const auto recorded =
            record(folder.filePath(QStringLiteral("week.isobar")).toStdString(), served, 7 * 24,
                   [](int day, std::int64_t bytes) { qInfo("after day %d: %.1f MB", day, double(bytes) / kMegabyte); });
        QVERIFY2(recorded.ok(), recorded.ok() ? "" : recorded.error().toString().c_str());
        for (const auto& tier : recorded->run.tiers) {
            qInfo("%lld h..%lld h: %.1f MB", static_cast<long long>(tier.begin / kHour),
                  static_cast<long long>(tier.end / kHour), double(tier.bytes) / kMegabyte);
        }
        qInfo("the file: %.1f MB", double(recorded->fileBytes) / kMegabyte);
        QCOMPARE(recorded->run.end, 7 * 24 * kHour);
        QVERIFY(recorded->fileBytes < 200 * kMegabyte);
    }
};

int main(int argc, char** argv)
{
    if (qEnvironmentVariableIsSet("ISOBAR_WEEK_MINUTES")) {
        qputenv("QTEST_FUNCTION_TIMEOUT", "36000000"); // ten hours, in milliseconds: on a busy machine it takes one
    }
    QCoreApplication app(argc, argv);
    TestRecordedWeek test;
    return QTest::qExec(&test, argc, argv);
}

#include "tst_recorded_week.moc"
