// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/aggregate/time_buckets.h"

#include <QDateTime>
#include <QTest>
#include <QTimeZone>

using namespace isobar::aggregate;

namespace {

constexpr std::int64_t kSecond = 1'000'000;

std::int64_t utc(const char* text)
{
    return QDateTime::fromString(QLatin1String(text), Qt::ISODate).toMSecsSinceEpoch() * 1000;
}

std::vector<OffsetChange> offsetsOf(const QTimeZone& zone, std::int64_t from, std::int64_t to)
{
    const auto date = [](std::int64_t at) { return QDateTime::fromMSecsSinceEpoch(at / 1000, Qt::UTC); };
    std::vector<OffsetChange> changes{{from, zone.offsetFromUtc(date(from))}};
    for (const auto& change : zone.transitions(date(from), date(to))) {
        changes.push_back({change.atUtc.toMSecsSinceEpoch() * 1000, change.offsetFromUtc});
    }
    return changes;
}

QList<int> hoursOf(const TimeBuckets& buckets)
{
    QList<int> hours;
    for (std::size_t i = 0; i < buckets.count(); ++i) {
        hours << int((buckets.edges[i + 1] - buckets.edges[i]) / kMicrosPerHour);
    }
    return hours;
}

} // namespace

class TestTimeBuckets : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void fixedBucketsLieOnMultiples()
    {
        QCOMPARE(fixedBuckets(25, 61, 10).edges, (std::vector<std::int64_t>{20, 30, 40, 50, 60, 70}));
        QCOMPARE(fixedBuckets(-25, -20, 10).edges, (std::vector<std::int64_t>{-30, -20}));
        QCOMPARE(fixedBuckets(-5, 5, 10).edges, (std::vector<std::int64_t>{-10, 0, 10}));
        QCOMPARE(fixedBuckets(7, 7, 10).count(), std::size_t{0});
        QCOMPARE(fixedBuckets(9, 7, 10).count(), std::size_t{0});
    }

    void anInstantLiesInOneBucket()
    {
        const TimeBuckets buckets{{10, 20, 50}};
        QVERIFY(!buckets.of(9) && !buckets.of(50) && !TimeBuckets{}.of(0));
        QCOMPARE(*buckets.of(10), std::size_t{0});
        QCOMPARE(*buckets.of(19), std::size_t{0});
        QCOMPARE(*buckets.of(20), std::size_t{1});
        QCOMPARE(*buckets.of(49), std::size_t{1});
    }

    void pixelsGiveAWidth_data()
    {
        QTest::addColumn<qint64>("seconds");
        QTest::addColumn<int>("pixels");
        QTest::addColumn<qint64>("widthMillis");
        QTest::newRow("a minute on a wide screen") << qint64(60) << 3840 << qint64(20);
        QTest::newRow("a minute") << qint64(60) << 600 << qint64(100);
        QTest::newRow("a day") << qint64(86'400) << 1000 << qint64(120'000);
        QTest::newRow("a year") << qint64(365 * 86'400) << 1920 << qint64(6 * 3'600'000);
        QTest::newRow("a year in a sparkline") << qint64(365 * 86'400) << 60 << qint64(7 * 86'400'000ll);
        QTest::newRow("a century in two pixels") << qint64(36'500ll * 86'400) << 2 << qint64(64 * 365 * 86'400'000ll);
        QTest::newRow("nothing") << qint64(0) << 100 << qint64(1);
    }
    void pixelsGiveAWidth()
    {
        QFETCH(qint64, seconds);
        QFETCH(int, pixels);
        QFETCH(qint64, widthMillis);
        const std::int64_t from = 0, to = seconds * kSecond;
        const std::int64_t width = widthForPixels(from, to, std::size_t(pixels));
        QCOMPARE(width, widthMillis * 1000);
        // Wherever the range begins, there are no more buckets than pixels.
        for (std::int64_t shift = -3 * kMicrosPerDay; shift < 3 * kMicrosPerDay; shift += 7'777'777'777) {
            const std::int64_t shifted = widthForPixels(from + shift, to + shift, std::size_t(pixels));
            QVERIFY(fixedBuckets(from + shift, to + shift, shifted).count() <= std::size_t(pixels));
        }
    }

    void localDaysAreThoseOfTheCalendar_data()
    {
        QTest::addColumn<QByteArray>("zone");
        QTest::addColumn<QByteArray>("from");
        QTest::addColumn<QByteArray>("to");
        QTest::addColumn<QList<int>>("hours");
        const auto row = [](const char* name, const char* zone, const char* from, const char* to, QList<int> hours) {
            QTest::newRow(name) << QByteArray(zone) << QByteArray(from) << QByteArray(to) << hours;
        };
        row("ordinary days", "Europe/Berlin", "2026-06-01T00:00:00Z", "2026-06-02T00:00:00Z", {24, 24});
        row("clocks go forward", "Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", {23});
        row("clocks go back", "Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", {25});
        row("the week around", "America/New_York", "2026-10-30T12:00:00Z", "2026-11-03T12:00:00Z",
            {24, 24, 25, 24, 24});
        row("midnight skipped", "America/Sao_Paulo", "2018-11-03T12:00:00Z", "2018-11-05T12:00:00Z", {24, 23, 24});
        row("midnight twice", "America/Havana", "2026-10-31T12:00:00Z", "2026-11-02T12:00:00Z", {24, 25, 24});
        row("a date left out", "Pacific/Apia", "2011-12-29T12:00:00Z", "2011-12-31T20:00:00Z", {24, 24, 24});
        row("in the repeated hour", "Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25T01:31:00Z", {25});
    }
    void localDaysAreThoseOfTheCalendar()
    {
        QFETCH(QByteArray, zone);
        QFETCH(QByteArray, from);
        QFETCH(QByteArray, to);
        QFETCH(QList<int>, hours);
        const QTimeZone timeZone(zone);
        if (!timeZone.isValid()) {
            QSKIP("no time zone database");
        }
        const std::int64_t begin = utc(from), end = utc(to);
        const auto offsets = offsetsOf(timeZone, begin - 3 * kMicrosPerDay, end + 3 * kMicrosPerDay);
        const TimeBuckets days = localDays(begin, end, offsets);
        QCOMPARE(hoursOf(days), hours);
        // Instants of one bucket share a date, those of two do not.
        for (std::int64_t at = days.edges.front(); at < days.edges.back(); at += kMicrosPerHour / 2) {
            const auto date = [&](std::int64_t t) { return QDateTime::fromMSecsSinceEpoch(t / 1000, timeZone).date(); };
            QCOMPARE(date(at), date(days.edges[*days.of(at)]));
        }
    }

    void aClockPutBackOverMidnightKeepsOneDay()
    {
        // 30 minutes past midnight of day 1 it becomes 23:30 of day 0 again.
        const std::vector<OffsetChange> offsets{{0, 0}, {kMicrosPerDay + kMicrosPerHour / 2, -3600}};
        const TimeBuckets days = localDays(kMicrosPerDay, 2 * kMicrosPerDay, offsets);
        QCOMPARE(days.edges, (std::vector<std::int64_t>{kMicrosPerDay, 2 * kMicrosPerDay + kMicrosPerHour}));
        const TimeBuckets later = localDays(kMicrosPerDay + kMicrosPerHour, 2 * kMicrosPerDay, offsets);
        QCOMPARE(later.edges, days.edges);
    }

    void everyMinuteOfAFixedZoneIsInItsDay()
    {
        const std::vector<OffsetChange> india{{0, 19'800}};
        const TimeBuckets days = localDays(0, 3 * kMicrosPerDay, india);
        QCOMPARE(days.edges.front(), -19'800 * kSecond);
        QCOMPARE(hoursOf(days), (QList<int>{24, 24, 24, 24}));
        QCOMPARE(localDays(5, 5, india).count(), std::size_t{0});
    }

    void aLeapSecondIsTheSecondBeforeItAgain()
    {
        // 2016-12-31T23:59:60Z has no number of its own: clocks show 23:59:59 twice, and no bucket moves.
        const std::int64_t before = utc("2016-12-31T23:59:59Z"), after = utc("2017-01-01T00:00:00Z");
        QCOMPARE(after - before, kSecond);
        const TimeBuckets minutes = fixedBuckets(before - 60 * kSecond, after + 60 * kSecond, 60 * kSecond);
        QCOMPARE(*minutes.of(before) + 1, *minutes.of(after));
        QCOMPARE(minutes.count(), std::size_t{3});
    }
};

QTEST_APPLESS_MAIN(TestTimeBuckets)
#include "tst_time_buckets.moc"
