// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/engine.h"
#include "tests/support/small_fleet.h"
#include "ui/session/session.h"

#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

using namespace isobar;
using namespace isobar::ui;

namespace {

constexpr aggregate::SimMicros kSecond = aggregate::kMicrosPerSecond;

/// Serves so many seconds of the small fleet and leaves them in the store as a run.
Status recordRun(const std::filesystem::path& path, std::uint64_t seed, int seconds)
{
    const auto fleet = std::make_shared<const Fleet>(test::smallFleet());
    engine::EngineOptions options;
    options.seed = seed;
    options.threads = 1;
    ISOBAR_TRY_ASSIGN(engine::Engine engine, engine::Engine::create(fleet, test::smallCalibration(), options));
    ISOBAR_TRY_ASSIGN(const store::Store store, store::Store::open(path));
    ISOBAR_TRY_ASSIGN(const auto writer, store::HistoryWriter::start(store, {fleet, seed, 0}));
    while (engine.now() < seconds * kSecond) {
        engine.step();
        for (auto& interval : engine.takeIntervals()) {
            writer->append(std::move(interval));
        }
    }
    return writer->finish();
}

} // namespace

/// The recorded run that figures are compared with, read behind the window's back.
class TestComparedRun : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    std::unique_ptr<Session> m_session;

    ComparedRun& compared() { return m_session->compared(); }
    void compareWith(Comparing compare, std::int64_t run = 0)
    {
        SelectionState state = m_session->selection().state();
        state.compare = compare;
        state.compareRun = run;
        m_session->selection().set(state);
    }
    void step(double seconds)
    {
        const auto end = m_session->history().end() + static_cast<aggregate::SimMicros>(seconds * 1e6);
        m_session->stepBy(seconds);
        QTRY_VERIFY_WITH_TIMEOUT(m_session->history().end() >= end, 60'000);
    }

private Q_SLOTS:
    void init()
    {
        static int number = 0;
        const std::filesystem::path path = m_folder.filePath(QStringLiteral("%1.isobar").arg(++number)).toStdString();
        QVERIFY(store::Store::create(path, test::smallFleet()).ok());
        QVERIFY(recordRun(path, 7, 90).ok());
        QVERIFY(recordRun(path, 8, 30).ok());
        m_session = std::make_unique<Session>(0);
        QVERIFY(m_session->openStore(path).ok());
    }
    void cleanup() { m_session.reset(); }

    void runsOfTheStoreAreListedNewestFirstWithoutTheRunningOne()
    {
        QTRY_COMPARE(compared().runs().size(), std::size_t{2});
        QCOMPARE(compared().runs()[0].id, 2);
        QCOMPARE(compared().runs()[1].id, 1);
        QCOMPARE(compared().runs()[1].seconds, 90.0);
        QVERIFY(compared().runs()[0].isBaseline);
        const QString text = runText(compared().runs()[1]);
        QVERIFY2(text.startsWith(QStringLiteral("Run 1 · baseline · 20")) && text.endsWith(QStringLiteral("90 s")),
                 qPrintable(text));
        step(5);
        QTRY_VERIFY_WITH_TIMEOUT(m_session->recorder()->acknowledgedThrough() >= 4 * kSecond, 20'000);
        QSignalSpy read(&compared(), &ComparedRun::runsChanged);
        compared().lookForRuns();
        QTRY_COMPARE(read.size(), 1);
        QCOMPARE(compared().runs().size(), std::size_t{2});
    }

    void aRunIsReadForTheRangeAndAgainWhenTheClockMovesOn()
    {
        step(5);
        QSignalSpy history(m_session.get(), &Session::historyChanged);
        compareWith(Comparing::Run, 1);
        QTRY_VERIFY(compared().stretch() != nullptr);
        QVERIFY(!history.isEmpty()); // views are told
        auto stretch = compared().stretch();
        QCOMPARE(stretch->name, QStringLiteral("run 1"));
        QCOMPARE(stretch->run, 1);
        QCOMPARE(stretch->fleet->models.front().name, m_session->fleet().models.front().name);
        QCOMPARE(stretch->history.begin(), 0);
        QVERIFY(stretch->history.end() >= 65 * kSecond);
        const auto upTo = stretch->asked.to;
        step(static_cast<double>(upTo / kSecond));
        QTRY_VERIFY_WITH_TIMEOUT(compared().stretch() && compared().stretch()->asked.to > upTo, 20'000);
        QCOMPARE(compared().stretch()->history.end(), 90 * kSecond); // all there is
    }

    void theBaselineIsTheLatestRunWithoutAScenario()
    {
        step(5);
        compareWith(Comparing::Baseline);
        QTRY_VERIFY(compared().stretch() != nullptr);
        QCOMPARE(compared().stretch()->run, 2);
        QCOMPARE(compared().stretch()->name, QStringLiteral("baseline (run 2)"));
        compareWith(Comparing::Run, 1);
        QVERIFY(compared().stretch() == nullptr || compared().stretch()->run == 1); // never the one before
        QTRY_VERIFY(compared().stretch() != nullptr);
        QCOMPARE(compared().stretch()->run, 1);
        compareWith(Comparing::PreviousPeriod);
        QVERIFY(compared().stretch() == nullptr);
    }

    void aRunThatIsNotThereIsSaidOnce()
    {
        step(3);
        QSignalSpy problems(m_session.get(), &Session::problem);
        compareWith(Comparing::Run, 99);
        QTRY_COMPARE(problems.size(), 1);
        QVERIFY(compared().stretch() != nullptr && compared().stretch()->fleet == nullptr);
        step(3);
        QCOMPARE(problems.size(), 1);
    }

    void withoutAStoreThereIsNothing()
    {
        Session sample(0);
        QVERIFY(sample.openSample().ok());
        SelectionState state;
        state.compare = Comparing::Baseline;
        sample.selection().set(state);
        QVERIFY(sample.compared().runs().empty());
        QVERIFY(sample.compared().stretch() == nullptr);
    }
};

QTEST_MAIN(TestComparedRun)
#include "tst_compared_run.moc"
