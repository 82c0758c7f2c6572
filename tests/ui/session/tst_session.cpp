// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/recording/recording.h"
#include "tests/support/small_fleet.h"
#include "ui/session/session.h"

#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

using namespace isobar;
using namespace isobar::ui;
using aggregate::SimMicros;

namespace {

constexpr SimMicros kSecond = aggregate::kMicrosPerSecond;

using Intervals = std::vector<std::shared_ptr<const aggregate::Interval>>;

std::int64_t requestsOf(const aggregate::History& history)
{
    std::int64_t requests = 0;
    for (const auto& interval : history.intervals()) {
        for (const aggregate::DemandTotals& row : interval->demand) {
            requests += row.requests;
        }
    }
    return requests;
}

bool isContiguous(const aggregate::History& history)
{
    const auto& all = history.intervals();
    for (std::size_t i = 1; i < all.size(); ++i) {
        if (all[i]->begin != all[i - 1]->end) {
            return false;
        }
    }
    return true;
}

Fault regionFault()
{
    Fault fault;
    fault.kind = FaultKind::Region;
    fault.region = RegionId(std::size_t{1});
    fault.durationSeconds = 1000;
    return fault;
}

} // namespace

class TestSession : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;

    std::filesystem::path path(const char* name) const
    {
        return std::filesystem::path(m_folder.path().toStdString()) / name;
    }
    /// A session that stands at zero on a store of its own.
    std::unique_ptr<Session> opened(const char* name) const
    {
        {
            auto store = store::Store::create(path(name)).value();
            if (!store.saveFleet(test::smallFleet()).ok()) {
                return nullptr;
            }
        }
        auto session = std::make_unique<Session>(0);
        return session->openStore(path(name)).ok() ? std::move(session) : nullptr;
    }
    static bool standsAt(const Session& session, SimMicros at)
    {
        const auto snapshot = session.snapshot();
        return snapshot && snapshot->now == at && snapshot->paused && !snapshot->seekingTo;
    }
    std::filesystem::path recorded(const char* name, int seconds) const
    {
        recording::Header header;
        header.fleet = std::make_shared<const Fleet>(test::smallFleet());
        header.seed = 7;
        auto writer = recording::Writer::create(path(name), header, {10, 3}).value();
        engine::EngineOptions options;
        options.seed = 7;
        options.threads = 1;
        options.operations.faults = {regionFault()};
        options.operations.faults[0].atSeconds = 20;
        options.operations.faults[0].durationSeconds = 10;
        auto engine = engine::Engine::create(header.fleet, test::smallCalibration(), options).value();
        while (engine.now() < seconds * kSecond) {
            engine.step();
            for (const engine::Event& event : engine.takeEvents()) {
                writer->add({event.at, std::string(engine::eventKindName(event.kind)), event.text});
            }
            for (const auto& interval : engine.takeIntervals()) {
                if (!writer->append(interval).ok()) {
                    return {};
                }
            }
        }
        return writer->finish().ok() ? path(name) : std::filesystem::path();
    }

private Q_SLOTS:
    void seekingBackCutsTheHistoryAndRunningOnFillsItAlike()
    {
        const auto session = opened("seek.isobar");
        QVERIFY(session);
        session->stepBy(40);
        QTRY_VERIFY(standsAt(*session, 40 * kSecond));
        QTRY_COMPARE(session->history().end(), 40 * kSecond);
        const std::int64_t requests = requestsOf(session->history());
        const std::size_t events = session->events().size();
        QSignalSpy rewound(session.get(), &Session::rewound);
        session->seek(23'400'000);
        QTRY_VERIFY(standsAt(*session, 23'400'000));
        QTRY_COMPARE(session->history().end(), 23 * kSecond);
        QCOMPARE(rewound.size(), 1);
        QVERIFY(isContiguous(session->history()));
        QCOMPARE(session->snapshot()->seekableTo, 40 * kSecond);
        QVERIFY(requestsOf(session->history()) < requests);
        session->seek(40 * kSecond);
        QTRY_VERIFY(standsAt(*session, 40 * kSecond));
        QTRY_COMPARE(session->history().end(), 40 * kSecond);
        QVERIFY(isContiguous(session->history()));
        QCOMPARE(requestsOf(session->history()), requests);
        QCOMPARE(session->events().size(), events);
    }

    /// The roll-ups charts are drawn from are of the same run as the history, wherever the clock was put.
    void rollUpsFollowTheClock()
    {
        const auto session = opened("rollup.isobar");
        QVERIFY(session);
        const auto agree = [&session] {
            const SimMicros end = session->history().end();
            const auto points = session->rollUp()->series(aggregate::RollUpBy::Total, 0,
                                                          aggregate::Gauge::RequestsPerSecond, 0, end, 1000);
            double requests = 0;
            for (const auto& point : points) {
                requests += point.mean * double(point.end - point.begin) * 1e-6;
            }
            return session->rollUp()->end() == end && std::llround(requests) == requestsOf(session->history());
        };
        session->stepBy(70);
        QTRY_COMPARE(session->history().end(), 70 * kSecond);
        QVERIFY(agree());
        session->seek(33 * kSecond);
        QTRY_COMPARE(session->history().end(), 33 * kSecond);
        QVERIFY(agree());
        session->seek(75 * kSecond);
        QTRY_COMPARE(session->history().end(), 75 * kSecond);
        QVERIFY(agree());

        const auto file = recorded("rollup.isorec", 40);
        QVERIFY(!file.empty());
        QVERIFY(session->openRecording(file).ok());
        QTRY_COMPARE(session->history().end(), 40 * kSecond);
        QVERIFY(agree());
        session->seek(15 * kSecond);
        QTRY_COMPARE(session->history().end(), 15 * kSecond);
        QVERIFY(agree());
    }

    void anEarlierRunIsShownBehindTheRunningOne()
    {
        std::int64_t requests = 0;
        {
            const auto session = opened("earlier.isobar");
            QVERIFY(session);
            QVERIFY(!session->recordedRange());
            session->stepBy(50);
            QTRY_COMPARE(session->history().end(), 50 * kSecond);
            for (const auto& interval : session->history().range(0, 20 * kSecond)) {
                for (const aggregate::DemandTotals& row : interval->demand) {
                    requests += row.requests;
                }
            }
            session->showRecorded(0, 20 * kSecond); // nothing there yet: said, not shown
            QVERIFY(!session->isShowingRecorded());
        }
        Session session(0);
        QSignalSpy found(&session, &Session::recordedRangeChanged);
        QVERIFY(session.openStore(path("earlier.isobar")).ok());
        QTRY_COMPARE(found.size(), 1);
        const RecordedRange range = *session.recordedRange();
        QCOMPARE(range.run.begin, 0);
        QCOMPARE(range.run.end, 50 * kSecond);
        QVERIFY(!range.load.empty());
        QVERIFY(range.load.front().requestsPerSecond > 0);

        session.stepBy(5);
        QTRY_COMPARE(session.history().end(), 5 * kSecond);
        session.showRecorded(0, 20 * kSecond);
        QTRY_VERIFY(session.isShowingRecorded());
        QCOMPARE(session.history().end(), 20 * kSecond);
        QCOMPARE(requestsOf(session.history()), requests);
        QCOMPARE(session.rollUp()->end(), 20 * kSecond);
        QVERIFY(session.badge().startsWith(QStringLiteral("Recorded run 1 ")));
        session.stepBy(5); // the running fleet goes on behind it
        QTRY_VERIFY(standsAt(session, 10 * kSecond));
        QCOMPARE(session.history().end(), 20 * kSecond);
        session.showRunning();
        QTRY_COMPARE(session.history().end(), 10 * kSecond);
        QVERIFY(session.badge().startsWith(QStringLiteral("Simulated")));
        QSignalSpy problems(&session, &Session::problem);
        session.showRecorded(70 * kSecond, 80 * kSecond);
        QTRY_COMPARE(problems.size(), 1);
        QVERIFY(!session.isShowingRecorded());
    }

    void goingBackMakesAnEarlierRunOfWhatWas()
    {
        const auto session = opened("back.isobar");
        QVERIFY(session);
        session->stepBy(40);
        QTRY_COMPARE(session->history().end(), 40 * kSecond);
        QVERIFY(!session->recordedRange());
        session->seek(20 * kSecond);
        QTRY_COMPARE(session->history().end(), 20 * kSecond);
        QTRY_VERIFY(session->recordedRange());
        QCOMPARE(session->recordedRange()->run.end, 40 * kSecond);
    }

    void placementsFollowTheClock()
    {
        const auto session = opened("follow.isobar");
        QVERIFY(session);
        const std::int32_t before = session->fleet().placements[0].replicas;
        session->stepBy(12);
        QTRY_VERIFY(standsAt(*session, 12 * kSecond));
        std::vector<Placement> fewer = session->fleet().placements;
        fewer[0].replicas = 3;
        session->usePlacements(fewer);
        session->stepBy(10);
        QTRY_VERIFY(standsAt(*session, 22 * kSecond));
        QCOMPARE(session->fleet().placements[0].replicas, 3);

        QSignalSpy changed(session.get(), &Session::placementsChanged);
        session->seek(5 * kSecond);
        QTRY_VERIFY(standsAt(*session, 5 * kSecond));
        QCOMPARE(session->fleet().placements[0].replicas, before);
        QCOMPARE(changed.size(), 1);
        session->seek(15 * kSecond); // the plan comes again
        QTRY_VERIFY(standsAt(*session, 15 * kSecond));
        QCOMPARE(session->fleet().placements[0].replicas, 3);
        // Only a change makes another course of things the store's.
        session->seek(5 * kSecond);
        QTRY_VERIFY(standsAt(*session, 5 * kSecond));
        QCOMPARE(session->store()->loadFleet()->placements[0].replicas, 3);
        session->injectFault(regionFault());
        QCOMPARE(session->store()->loadFleet()->placements[0].replicas, before);
        session->stepBy(10);
        QTRY_VERIFY(standsAt(*session, 15 * kSecond));
        QCOMPARE(session->fleet().placements[0].replicas, before);
    }

    void faultsComeAndGo()
    {
        const auto session = opened("faults.isobar");
        QVERIFY(session);
        QSignalSpy problems(session.get(), &Session::problem);
        session->injectFault(regionFault());
        session->stepBy(2);
        QTRY_VERIFY(standsAt(*session, 2 * kSecond));
        QCOMPARE(session->snapshot()->faults.size(), std::size_t{1});
        session->mendFault(session->snapshot()->faults.front().first);
        session->stepBy(2);
        QTRY_VERIFY(standsAt(*session, 4 * kSecond));
        QVERIFY(session->snapshot()->faults.empty());
        QCOMPARE(problems.size(), 0);
        Fault nonsense;
        nonsense.kind = FaultKind::Node;
        session->injectFault(nonsense);
        QTRY_COMPARE(problems.size(), 1);
    }

    void aRecordingOpensAndIsScrubbed()
    {
        Session session(0);
        const auto file = recorded("run.rec", 65);
        QVERIFY(!file.empty());
        QVERIFY(session.open(file).ok());
        QVERIFY(session.isRecording() && !session.isSample());
        QVERIFY(session.store() == nullptr);
        QCOMPARE(session.seed(), std::uint64_t{7});
        QVERIFY(session.badge().startsWith(QStringLiteral("Recorded")));
        QTRY_VERIFY(standsAt(session, 65 * kSecond));
        QCOMPARE(session.history().end(), 65 * kSecond);
        const std::int64_t requests = requestsOf(session.history());
        const auto events = session.events();
        QVERIFY(std::any_of(events.begin(), events.end(),
                            [](const auto& event) { return event.kind == engine::Event::Kind::FaultBegan; }));
        QCOMPARE(session.snapshot()->totals.demand.requests, requests);
        for (const int second : {12, 40, 0, 65, 33}) {
            session.seek(second * kSecond);
            QTRY_VERIFY(standsAt(session, second * kSecond));
            QCOMPARE(session.history().end(), second * kSecond);
            QVERIFY(isContiguous(session.history()));
            QCOMPARE(session.snapshot()->totals.demand.requests, requestsOf(session.history()));
        }
        session.seek(65 * kSecond);
        QTRY_VERIFY(standsAt(session, 65 * kSecond));
        QCOMPARE(requestsOf(session.history()), requests);
        QVERIFY(session.events() == events);

        // From the end play() begins anew, and stops at the end.
        session.setSpeed(400);
        session.play();
        QTRY_VERIFY(session.snapshot()->now < 60 * kSecond);
        QTRY_VERIFY(standsAt(session, 65 * kSecond));
        QVERIFY(!session.isPlaying());
        session.stepBy(-5);
        QTRY_VERIFY(standsAt(session, 60 * kSecond));
    }

    void aRecordingCannotBeChangedButSavedAsAStoreThatRuns()
    {
        Session session(0);
        QVERIFY(session.open(recorded("fixed.rec", 15)).ok());
        QSignalSpy problems(&session, &Session::problem);
        session.injectFault(regionFault());
        session.mendFault(0);
        QCOMPARE(problems.size(), 2);
        QVERIFY(!session.restart(3).ok());
        QVERIFY(session.saveAs(path("from.isobar")).ok());
        QVERIFY(!session.isRecording());
        session.stepBy(2);
        QTRY_VERIFY(standsAt(session, 2 * kSecond));
        // And back to a recording, while an engine runs.
        session.play();
        QVERIFY(session.open(path("fixed.rec")).ok());
        QVERIFY(!session.isPlaying());
        QTRY_VERIFY(standsAt(session, 15 * kSecond));
    }

    void whatIsNoRecordingAndNoStoreIsRefused()
    {
        const auto session = opened("kept.isobar");
        QVERIFY(session);
        QVERIFY(!session->open(path("absent")).ok());
        QVERIFY(!session->openRecording(path("kept.isobar")).ok());
        QVERIFY(session->isOpen() && !session->isRecording());
        session->stepBy(1);
        QTRY_VERIFY(standsAt(*session, kSecond));
    }
};

QTEST_MAIN(TestSession)
#include "tst_session.moc"
