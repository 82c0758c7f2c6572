// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/store/scenarios.h"

#include "model/proto/operations_text.h"
#include "model/proto/shipped.h"
#include "model/store/connection.h"
#include "model/store/history.h"
#include "model/store/migrations.h"
#include "model/store/repair.h"
#include "tests/model/store/history_fixture.h"

#include <QTest>

using namespace isobar;
using isobar::test::Folder;
using store::Scenario;
using store::Store;

namespace {

Scenario made(const std::string& name, const std::string& document = "probes: 3\n")
{
    const auto scenario = store::makeScenario(name, document, "made.textproto", {}, test::everythingFleet());
    return scenario.ok() ? *scenario : Scenario{};
}

QStringList names(const Store& store)
{
    QStringList out;
    const auto all = store::scenarios(store);
    for (const Scenario& scenario : all.ok() ? *all : std::vector<Scenario>{}) {
        out << QString::fromStdString(scenario.name);
    }
    return out;
}

/// Records a second under the scenario; the run's id.
std::int64_t record(const Store& store, std::int64_t scenario)
{
    const auto fleet = test::historyFleet();
    auto writer = store::HistoryWriter::start(store, {fleet, 1, scenario});
    if (!writer.ok()) {
        qWarning("%s", writer.error().toString().c_str());
        return 0;
    }
    (*writer)->append(test::historySecond(test::historyLayout(*fleet, 3), 0));
    return (*writer)->finish().ok() ? (*writer)->runId() : 0;
}

QString nameOfRun(const std::filesystem::path& path, std::int64_t run)
{
    const auto db = store::openConnection(path, store::Access::ReadOnly, false);
    SQLite::Statement statement(db, "SELECT scenario FROM v_runs WHERE run_id = ?");
    statement.bind(1, run);
    return statement.executeStep() ? QString::fromStdString(statement.getColumn(0).getString()) : QString();
}

} // namespace

class TestScenarios : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void theWindowsLastOneIsRememberedWhileItIsThere()
    {
        const Folder folder;
        auto store = Store::create(folder / "a.isobar", test::everythingFleet());
        ISOBAR_OK(store);
        ISOBAR_OK(store::putScenario(*store, made("One")));
        ISOBAR_OK(store::putScenario(*store, made("Two")));
        const auto remembered = [&] {
            const auto kept = store::scenarios(*store);
            const auto found = store::rememberedScenario(*store, *kept);
            return !found.ok() ? "?" : *found == nullptr ? "none" : (*found)->name;
        };
        QCOMPARE(remembered(), "none"); // no window has run it yet
        ISOBAR_OK(store->setSetting(store::kScenarioSetting, "Two"));
        QCOMPARE(remembered(), "Two");
        ISOBAR_OK(store->setSetting(store::kScenarioSetting, ""));
        QCOMPARE(remembered(), "none");
        ISOBAR_OK(store->setSetting(store::kScenarioSetting, "Two"));
        ISOBAR_OK(store::removeScenario(*store, "Two"));
        QCOMPARE(remembered(), "none");
    }

    void theyComeBackAsTheyWerePut()
    {
        const Folder folder;
        auto store = Store::create(folder / "a.isobar", test::everythingFleet());
        ISOBAR_OK(store);
        QVERIFY(names(*store).isEmpty());
        const std::string document = "# One.\r\nprobes: 3 # \xc3\xa4\n\n";
        const Scenario first = made("First \xc3\xa4", document);
        QCOMPARE(first.note, std::string("One."));
        QCOMPARE(first.sha256.size(), std::size_t{64});
        ISOBAR_OK(store::putScenario(*store, first));
        ISOBAR_OK(store::putScenario(*store, made("Second")));
        const auto again = Store::open(folder / "a.isobar");
        ISOBAR_OK(again);
        const auto read = store::scenario(*again, first.name);
        ISOBAR_OK(read);
        QVERIFY(read->id > 0);
        Scenario expected = first;
        expected.id = read->id;
        QVERIFY(*read == expected);
        QCOMPARE(names(*again), (QStringList{QStringLiteral("First ä"), QStringLiteral("Second")}));
        QCOMPARE(again->counts()->scenarios, 2);
        const auto operations = store::operationsOf(*read, test::everythingFleet());
        ISOBAR_OK(operations);
        QCOMPARE(operations->probes, 3);
    }

    void oneOfTheSameNameTakesItsPlace()
    {
        const Folder folder;
        auto store = Store::create(folder / "a.isobar", test::everythingFleet());
        ISOBAR_OK(store::putScenario(*store, made("A")));
        ISOBAR_OK(store::putScenario(*store, made("B")));
        const std::int64_t id = store::scenario(*store, "A")->id;
        ISOBAR_OK(store::putScenario(*store, made("A", "probes: 5\n")));
        QCOMPARE(names(*store), (QStringList{QStringLiteral("A"), QStringLiteral("B")}));
        QCOMPARE(store::scenario(*store, "A")->id, id);
        QCOMPARE(store::scenario(*store, "A")->document, std::string("probes: 5\n"));
    }

    void nonsenseIsRefusedBeforeAnythingIsWritten_data()
    {
        QTest::addColumn<QByteArray>("name");
        QTest::addColumn<QByteArray>("document");
        QTest::addColumn<int>("line");
        QTest::newRow("no such pool") << QByteArray("X") << QByteArray("probes: 2\npools { pool: \"mars\" }") << 2;
        QTest::newRow("out of range") << QByteArray("X") << QByteArray("\n\nprobes: 0") << 3;
        QTest::newRow("not text") << QByteArray("X") << QByteArray("\xff") << 1;
        QTest::newRow("no name") << QByteArray() << QByteArray("probes: 2") << 0;
        QTest::newRow("baseline") << QByteArray("baseline") << QByteArray("probes: 2") << 0;
        QTest::newRow("two lines") << QByteArray("a\nb") << QByteArray("probes: 2") << 0;
        QTest::newRow("blank before") << QByteArray(" a") << QByteArray("probes: 2") << 0;
        QTest::newRow("long") << QByteArray(81, 'x') << QByteArray("probes: 2") << 0;
    }
    void nonsenseIsRefusedBeforeAnythingIsWritten()
    {
        QFETCH(QByteArray, name);
        QFETCH(QByteArray, document);
        QFETCH(int, line);
        const Fleet fleet = test::everythingFleet();
        const auto result = store::makeScenario(name.toStdString(), document.toStdString(), "bad.textproto", {}, fleet);
        QVERIFY(!result.ok());
        QCOMPARE(result.error().line, line);
        QVERIFY(line == 0 || result.error().file == "bad.textproto");
        // Nor does the store take one that was not made that way.
        const Folder folder;
        auto store = Store::create(folder / "a.isobar", fleet);
        Scenario forged;
        forged.name = name.toStdString();
        forged.document = document.toStdString();
        QVERIFY(!store::putScenario(*store, forged).ok());
        QVERIFY(names(*store).isEmpty());
    }

    void namesAreToldWhereThereIsNoneOfThat()
    {
        const Folder folder;
        auto store = Store::create(folder / "a.isobar", test::everythingFleet());
        ISOBAR_OK(store::putScenario(*store, made("Alpha")));
        ISOBAR_OK(store::putScenario(*store, made("Beta")));
        const auto none = store::scenario(*store, "alpha");
        QVERIFY(!none.ok());
        QVERIFY(none.error().code == ErrorCode::NotFound);
        QCOMPARE(none.error().advice, std::string("did you mean Alpha?"));
        QCOMPARE(store::scenario(*store, "weekend").error().advice, std::string("there are: Alpha, Beta"));
        QVERIFY(!store::renameScenario(*store, "Gamma", "Delta").ok());
        QVERIFY(!store::removeScenario(*store, "Gamma").ok());
        QVERIFY(!store::renameScenario(*store, "Alpha", "Beta").ok());
        QVERIFY(!store::renameScenario(*store, "Alpha", "baseline").ok());
        QCOMPARE(names(*store), (QStringList{QStringLiteral("Alpha"), QStringLiteral("Beta")}));
    }

    void recordedRunsKeepTheirName()
    {
        const Folder folder;
        const auto path = folder / "a.isobar";
        auto store = Store::create(path, test::everythingFleet());
        ISOBAR_OK(store::putScenario(*store, made("A")));
        ISOBAR_OK(store::putScenario(*store, made("B")));
        const Scenario a = *store::scenario(*store, "A");
        const std::int64_t run = record(*store, a.id), plain = record(*store, 0);
        QVERIFY(run > 0 && plain > 0);
        QCOMPARE(nameOfRun(path, run), QStringLiteral("A"));
        QCOMPARE(nameOfRun(path, plain), QStringLiteral("baseline"));
        ISOBAR_OK(store::renameScenario(*store, "A", "A2"));
        QCOMPARE(nameOfRun(path, run), QStringLiteral("A2"));
        const std::vector<Scenario> before = *store::scenarios(*store);
        ISOBAR_OK(store::removeScenario(*store, "A2"));
        QCOMPARE(names(*store), QStringList{QStringLiteral("B")});
        QCOMPARE(nameOfRun(path, run), QStringLiteral("A2"));
        // What undo does: it is what the run refers to again.
        ISOBAR_OK(store::setScenarios(*store, before));
        QVERIFY(*store::scenarios(*store) == before);
        ISOBAR_OK(store::renameScenario(*store, "A2", "A3"));
        QCOMPARE(nameOfRun(path, run), QStringLiteral("A3"));
        // Another one may have the name of one that was removed.
        ISOBAR_OK(store::removeScenario(*store, "A3"));
        ISOBAR_OK(store::renameScenario(*store, "B", "A3"));
        QCOMPARE(names(*store), QStringList{QStringLiteral("A3")});
        QCOMPARE(nameOfRun(path, run), QStringLiteral("A3"));
    }

    void namesMayChangePlaces()
    {
        const Folder folder;
        auto store = Store::create(folder / "a.isobar", test::everythingFleet());
        ISOBAR_OK(store::putScenario(*store, made("A", "probes: 1\n")));
        ISOBAR_OK(store::putScenario(*store, made("B", "probes: 2\n")));
        std::vector<Scenario> list = *store::scenarios(*store);
        std::swap(list[0].name, list[1].name);
        std::swap(list[0], list[1]);
        ISOBAR_OK(store::setScenarios(*store, list));
        QVERIFY(*store::scenarios(*store) == list);
        list[1].name = list[0].name;
        QVERIFY(!store::setScenarios(*store, list).ok());
    }

    void aFleetThatChangedIsToldWithScenarioAndLine()
    {
        Scenario scenario = made("A");
        scenario.document = "probes: 2\npools { pool: \"gone\" }\n";
        const auto operations = store::operationsOf(scenario, test::everythingFleet());
        QVERIFY(!operations.ok());
        QCOMPARE(operations.error().file, std::string("scenario 'A'"));
        QCOMPARE(operations.error().line, 2);
    }

    void aStoreOfTheVersionBeforeGetsTheTable()
    {
        const Folder folder;
        const auto path = folder / "old.isobar";
        {
            auto db = store::openConnection(path, store::Access::ReadWrite, true);
            db.exec("PRAGMA application_id = " + std::to_string(store::kApplicationId));
            store::migrate(db, store::migrations().first(4));
            QCOMPARE(store::userVersion(db), 4);
        }
        auto store = Store::open(path);
        ISOBAR_OK(store);
        QCOMPARE(store->schemaVersion(), store::latestSchemaVersion());
        ISOBAR_OK(store->saveFleet(test::everythingFleet()));
        QVERIFY(names(*store).isEmpty());
        ISOBAR_OK(store::putScenario(*store, made("A")));
        QCOMPARE(names(*store), QStringList{QStringLiteral("A")});
    }

    void theyAreSavedFromADamagedStore()
    {
        const Folder folder;
        {
            auto store = Store::create(folder / "a.isobar", test::everythingFleet());
            ISOBAR_OK(store::putScenario(*store, made("A")));
        }
        const auto report = store::repairStore(folder / "a.isobar", folder / "b.isobar", {});
        ISOBAR_OK(report);
        const auto saved = Store::open(folder / "b.isobar");
        ISOBAR_OK(saved);
        QCOMPARE(names(*saved), QStringList{QStringLiteral("A")});
    }

    void thoseOfTheSampleGoIntoItsStore()
    {
        const auto fleet = proto::shippedSample();
        ISOBAR_OK(fleet);
        const auto scenarios = store::sampleScenarios(*fleet);
        ISOBAR_OK(scenarios);
        const Folder folder;
        const auto store = Store::create(folder / "s.isobar", *fleet, *scenarios);
        ISOBAR_OK(store);
        QCOMPARE(names(*store).front(), QStringLiteral("Today"));
        QCOMPARE(names(*store).size(), qsizetype(4));
        std::vector<Scenario> twice = *scenarios;
        twice.push_back(twice.front());
        QVERIFY(!Store::create(folder / "t.isobar", *fleet, twice).ok());
        QVERIFY(!std::filesystem::exists(folder / "t.isobar"));
    }
};

QTEST_APPLESS_MAIN(TestScenarios)
#include "tst_scenarios.moc"
