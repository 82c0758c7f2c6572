// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/event_marks.h"
#include "ui/charts/time_chart.h"

#include <QStandardPaths>
#include <QtTest>

#include <algorithm>

using namespace isobar::ui;

namespace {

TimeEvent scaled(double time, const QString& what = QStringLiteral("chat-large: 8 replicas ready"))
{
    return {time, TimeEvent::Kind::Scaling, what};
}

} // namespace

/// Marks of what happened: many at one moment are one mark with its count, and a tip that lists them.
class TestEventMarks : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { QStandardPaths::setTestModeEnabled(true); }

    void noEventIsLostAndGroupsStandApart()
    {
        std::vector<TimeEvent> events;
        for (int i = 0; i < 200; ++i) { // in no order, in bursts
            events.push_back(scaled((i * 37) % 50 + (i % 3) * 0.5));
        }
        const auto groups = gatherEvents(events, 4);
        std::size_t count = 0;
        for (std::size_t i = 0; i < groups.size(); ++i) {
            count += groups[i].events.size();
            QCOMPARE(groups[i].time, groups[i].events.front().time);
            QVERIFY(groups[i].events.back().time - groups[i].time <= 4);
            QVERIFY(i == 0 || groups[i].time - groups[i - 1].time > 4);
        }
        QCOMPARE(count, events.size());
        QVERIFY(groups.size() > 5);
    }

    void eventsFarApartStayAlone()
    {
        const auto groups = gatherEvents({scaled(100), scaled(0), scaled(50)}, 18);
        QCOMPARE(groups.size(), std::size_t(3));
        QCOMPARE(groups[0].time, 0.0);
        QVERIFY(gatherEvents({}, 18).empty());
    }

    void troubleIsNotHiddenAmongTheRest()
    {
        const auto groups = gatherEvents({scaled(1),
                                          {2, TimeEvent::Kind::Note, QStringLiteral("training began")},
                                          {3, TimeEvent::Kind::Trouble, QStringLiteral("spot reclaim")},
                                          {4, TimeEvent::Kind::Plan, QStringLiteral("plan applied")}},
                                         18);
        QCOMPARE(groups.size(), std::size_t(1));
        QCOMPARE(groups[0].kind, TimeEvent::Kind::Trouble);
    }

    void linesSayTheSameOnceAndCountWhatIsLeft()
    {
        EventGroup group;
        for (int i = 0; i < 9; ++i) {
            group.events.push_back(scaled(i, i < 3 ? QStringLiteral("a") : QString(QChar(u'b' + i))));
        }
        QCOMPARE(eventLines(group, 4).join(QLatin1Char('|')), QStringLiteral("a ×3|e|f|and 4 more"));
        QCOMPARE(eventLines(group, 7).join(QLatin1Char('|')), QStringLiteral("a ×3|e|f|g|h|i|j"));
        QVERIFY(eventLines({}, 4).isEmpty());
    }

    void aChartGathersThemAndItsTipListsThem()
    {
        constexpr double kStart = 1795356000; // 2026-11-22 14:00 UTC
        TimeChart chart;
        chart.resize(640, 300);
        TimeChartData data;
        data.title = QStringLiteral("Throughput");
        TimeSeries series{QStringLiteral("Azure"), Qt::blue, {}, {}, false};
        for (int i = 0; i < 120; ++i) {
            series.times << kStart + i;
            series.values << 5;
        }
        data.series = {series};
        for (int i = 0; i < 7; ++i) {
            data.events.push_back(scaled(kStart + 60, QStringLiteral("model %1 scaled").arg(i % 2)));
        }
        chart.setData(data);
        chart.show();
        QVERIFY(QTest::qWaitForWindowExposed(&chart));
        chart.setFocus();
        QTest::keyClick(&chart, Qt::Key_Home);
        QTRY_VERIFY(!chart.hoverText().isEmpty());
        QVERIFY(!chart.hoverText().contains(QStringLiteral("7 events")));
        for (int i = 0; i < 60; ++i) {
            QTest::keyClick(&chart, Qt::Key_Right);
        }
        const QStringList lines = chart.hoverText().split(QLatin1Char('\n'));
        QVERIFY2(lines.contains(QStringLiteral("7 events")), qPrintable(chart.hoverText()));
        QVERIFY(lines.contains(QStringLiteral("model 0 scaled ×4")));
        QVERIFY(lines.contains(QStringLiteral("model 1 scaled ×3")));
    }
};

QTEST_MAIN(TestEventMarks)
#include "tst_event_marks.moc"
