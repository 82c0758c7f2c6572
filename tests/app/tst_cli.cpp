// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/app/cli_run.h"

#include <QRegularExpression>

#include <fcntl.h>
#include <map>
#include <unistd.h>

using namespace isobar;
using namespace isobar::test;

namespace {

/// The man page as it reads: roff's escapes undone.
QString manPage()
{
    QFile file(QString::fromStdString((sourceDir() / "resources/desktop/isobar-cli.1").string()));
    if (!file.open(QIODevice::ReadOnly)) {
        return {};
    }
    QString text = QString::fromUtf8(file.readAll());
    text.replace(QStringLiteral("\\-"), QStringLiteral("-"));
    text.remove(QRegularExpression(QStringLiteral("\\\\f[A-Z]")));
    return text;
}

/// The commands `--help` lists.
QStringList commands(const QStringList& parents = {})
{
    const QString help = QString::fromUtf8(cli(parents + QStringList{QStringLiteral("--help")}).out);
    QStringList found;
    const QRegularExpression name(QStringLiteral("^  ([a-z]+) "), QRegularExpression::MultilineOption);
    for (auto i = name.globalMatch(help.mid(help.indexOf(QLatin1String("Subcommands:")))); i.hasNext();) {
        found << i.next().captured(1);
    }
    return found;
}

} // namespace

class TestCli : public QObject {
    Q_OBJECT

    Workplace m_place;

private Q_SLOTS:
    void initTestCase() { QVERIFY(m_place.makeStore()); }

    void saysItsVersion()
    {
        const Ran ran = cli({QStringLiteral("--version")});
        QCOMPARE(ran.exitCode, 0);
        QVERIFY(QRegularExpression(QStringLiteral("^isobar-cli \\d+\\.\\d+\\.\\d+\n$"))
                    .match(QString::fromUtf8(ran.out))
                    .hasMatch());
        QVERIFY(ran.err.isEmpty());
    }

    void wrongUsageExitsWith2_data()
    {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<QByteArray>("said");
        const QString store = m_place.store;
        const auto row = [](const char* name, const QString& words, const char* said) {
            QTest::newRow(name) << words.split(QLatin1Char(' '), Qt::SkipEmptyParts) << QByteArray(said);
        };
        row("no command", QString(), "isobar-cli --help");
        row("unknown command", QStringLiteral("frobnicate"), "'frobnicate'");
        row("unknown option", QStringLiteral("info %1 --frob").arg(store), "--frob");
        row("no store", QStringLiteral("info"), "STORE");
        row("nothing to import", QStringLiteral("import ") + store, "PATH");
        row("import without anything", QStringLiteral("import"), "isobar-cli import --help");
        row("unknown format", QStringLiteral("import %1 a.csv --format xls").arg(store), "skypilot-catalogue");
        row("duration in words", QStringLiteral("simulate %1 --for soon").arg(store), "90s, 5m, 1h");
        row("duration of nothing", QStringLiteral("simulate %1 --for 0").arg(store), "90s, 5m, 1h");
        row("duration below zero", QStringLiteral("simulate %1 --for=-5m").arg(store), "90s, 5m, 1h");
        row("duration not in whole seconds", QStringLiteral("simulate %1 --for 1.5").arg(store), "whole seconds");
        row("duration too long", QStringLiteral("simulate %1 --for 900000d").arg(store), "366 days");
        row("threads below zero", QStringLiteral("simulate %1 --threads=-1").arg(store), "--threads");
        row("seed no number", QStringLiteral("simulate %1 --seed x").arg(store), "--seed");
        row("unknown view", QStringLiteral("export %1 --view moon --format png --out o").arg(store), "map");
        row("unknown picture format", QStringLiteral("export %1 --view map --format gif --out o").arg(store), "png");
        row("size too small", QStringLiteral("export %1 --view map --format png --out o --size 5x900").arg(store),
            "WxH");
        row("size too big", QStringLiteral("export %1 --view map --format png --out o --size 900x16385").arg(store),
            "WxH");
        row("size no size", QStringLiteral("export %1 --view map --format png --out o --size big").arg(store), "WxH");
        row("scale of three", QStringLiteral("export %1 --view map --format png --out o --scale 3").arg(store),
            "--scale");
        row("no file to write", QStringLiteral("export %1 --view map --format png").arg(store), "--out");
        row("the store as output", QStringLiteral("export %1 --view map --format png --out %1").arg(store),
            "the store itself");
        row("no benchmark", QStringLiteral("bench"), "isobar-cli bench --help");
        row("dry run into a store to be made", QStringLiteral("import %1 a.csv --dry-run --create").arg(store),
            "--create");
    }
    void wrongUsageExitsWith2()
    {
        QFETCH(QStringList, arguments);
        QFETCH(QByteArray, said);
        const Contents before = contents(m_place.store);
        const Ran ran = cli(arguments);
        QVERIFY(failedWith(ran, 2));
        QVERIFY2(ran.err.contains(said), ran.err.constData());
        QVERIFY(before.readable && contents(m_place.store) == before);
    }

    void acceptsDurationsInEveryUnit_data()
    {
        QTest::addColumn<QString>("typed");
        QTest::addColumn<double>("seconds");
        QTest::newRow("plain") << QStringLiteral("2") << 2.0;
        QTest::newRow("seconds") << QStringLiteral("3s") << 3.0;
        QTest::newRow("part of a minute") << QStringLiteral("0.05m") << 3.0;
    }
    void acceptsDurationsInEveryUnit()
    {
        QFETCH(QString, typed);
        QFETCH(double, seconds);
        const Json run = document(
            {QStringLiteral("simulate"), m_place.store, QStringLiteral("--for"), typed, QStringLiteral("--json")});
        QVERIFY(hasKeys(run, {"simulated_seconds"}));
        QCOMPARE(run["simulated_seconds"].get<double>(), seconds);
    }

    void infoCountsTheFleet()
    {
        const Json info = document({QStringLiteral("info"), m_place.store, QStringLiteral("--json")});
        QVERIFY(hasKeys(info, {"providers", "regions", "pools", "accelerator_types", "accelerators", "served_models",
                               "workloads", "placements", "prices", "links", "traces", "quarantined", "schema_version",
                               "imports"}));
        const Contents store = contents(m_place.store);
        QVERIFY(store.fleet);
        std::int64_t chips = 0;
        for (const Pool& pool : store.fleet->pools) {
            chips += pool.totalChips();
        }
        QCOMPARE(info["providers"].get<std::size_t>(), store.fleet->providers.size());
        QCOMPARE(info["regions"].get<std::size_t>(), store.fleet->regions.size());
        QCOMPARE(info["pools"].get<std::size_t>(), store.fleet->pools.size());
        QCOMPARE(info["accelerators"].get<std::int64_t>(), chips);
        QCOMPARE(info["served_models"].get<std::size_t>(), store.fleet->models.size());
        QCOMPARE(info["placements"].get<std::size_t>(), store.fleet->placements.size());
        QVERIFY(info["imports"].is_array() && info["imports"].empty());
        QVERIFY(cli({QStringLiteral("info"), m_place.store}).out.contains("accelerators (chips)"));
    }

    void sampleNeverReplacesAFile()
    {
        const QString precious = m_place.write("precious.txt", "mine");
        const Ran ran = cli({QStringLiteral("sample"), precious});
        QVERIFY(failedWith(ran, 1));
        QFile file(precious);
        QVERIFY(file.open(QIODevice::ReadOnly));
        QCOMPARE(file.readAll(), QByteArray("mine"));
    }

    void storeNamedLikeACommand()
    {
        QProcess process;
        process.setWorkingDirectory(m_place.folder.path());
        process.start(cliPath(), {QStringLiteral("sample"), QStringLiteral("info")});
        QCOMPARE(finish(process).exitCode, 0);
        process.start(cliPath(), {QStringLiteral("info"), QStringLiteral("info"), QStringLiteral("--json")});
        const Ran ran = finish(process);
        QCOMPARE(ran.exitCode, 0);
        QVERIFY(!parsed(ran.out).is_discarded());
    }

    void importAccountsForEveryRow()
    {
        Workplace place;
        QVERIFY(place.makeStore());
        const QString good = place.write("good.csv", catalogue(50));
        const QString trap = place.write("trap.csv", kCatalogueHeader + "sentinel,H100,8,96,1900,,700.0,,eastus,V2\n"
                                                                        "sound,H100,8,96,1900,,98.32,,eastus,V2\n"
                                                                        "eleven,H100,8,96,1900,,98.32,,eastus,V1,V2\n"
                                                                        "short,H100,8\n");
        const QStringList arguments{QStringLiteral("import"), place.store, good, trap, QStringLiteral("--json")};
        const Json files = document(arguments);
        QVERIFY(files.is_array());
        QCOMPARE(files.size(), std::size_t{2});
        for (const Json& file : files) {
            QVERIFY(hasKeys(file, {"path", "format", "sha256", "rows_read", "rows_accepted", "rows_repaired",
                                   "rows_quarantined", "rows_unchanged", "wall_seconds", "diagnostics"}));
            QCOMPARE(file["rows_read"].get<int>(), file["rows_accepted"].get<int>() + file["rows_repaired"].get<int>() +
                                                       file["rows_quarantined"].get<int>() +
                                                       file["rows_unchanged"].get<int>());
        }
        QCOMPARE(files[0]["rows_accepted"].get<int>(), 50);
        QCOMPARE(files[1]["rows_read"].get<int>(), 4);
        QVERIFY(files[1]["rows_quarantined"].get<int>() >= 1);
        QSet<QString> rules;
        for (const Json& diagnostic : files[1]["diagnostics"]) {
            QVERIFY(hasKeys(diagnostic, {"line", "column", "rule", "text"}));
            rules << QString::fromStdString(diagnostic["rule"].get<std::string>());
        }
        QVERIFY(rules.contains(QStringLiteral("price-sentinel")));
        QVERIFY(rules.contains(QStringLiteral("field-count")));

        const Contents after = contents(place.store);
        for (const Json& file : document(arguments)) {
            QCOMPARE(file["rows_accepted"].get<int>() + file["rows_repaired"].get<int>(), 0);
        }
        QVERIFY(contents(place.store).offers == after.offers);
        const Json info = document({QStringLiteral("info"), place.store, QStringLiteral("--json")});
        QVERIFY(hasKeys(info["imports"][0], {"path", "format", "sha256", "imported_at", "rows_read"}));
    }

    void importShowsTheFirstTwentyDiagnostics()
    {
        Workplace place;
        QVERIFY(place.makeStore());
        QByteArray bad = catalogue(1);
        for (int i = 0; i < 30; ++i) {
            bad += "bad" + QByteArray::number(i) + ",H100,8\n";
        }
        const Ran ran = cli({QStringLiteral("import"), place.store, place.write("bad.csv", bad)});
        QCOMPARE(ran.exitCode, 0);
        QCOMPARE(ran.out.count("field-count"), 20);
        QVERIFY(ran.out.contains("line 3"));
        QVERIFY(ran.out.contains("and 10 more"));
        QVERIFY2(ran.err.isEmpty(), "no progress bar where there is no terminal");
    }

    void dryRunWritesNothing()
    {
        Workplace place;
        QVERIFY(place.makeStore());
        const Contents before = contents(place.store);
        const Json files = document({QStringLiteral("import"), place.store, place.write("good.csv", catalogue(20)),
                                     QStringLiteral("--dry-run"), QStringLiteral("--json")});
        QVERIFY(files.is_array() && files.size() == 1);
        QCOMPARE(files[0]["rows_accepted"].get<int>(), 20);
        QVERIFY(before.readable && contents(place.store) == before);
    }

    void importMakesAStoreOnlyWhenAsked()
    {
        Workplace place;
        const QString good = place.write("good.csv", catalogue(5));
        const Ran refused = cli({QStringLiteral("import"), place.store, good});
        QVERIFY(failedWith(refused, 1));
        QVERIFY2(refused.err.contains("--create"), refused.err.constData());
        QVERIFY(!QFile::exists(place.store));

        const Ran failed =
            cli({QStringLiteral("import"), place.store, place.path("none.csv"), QStringLiteral("--create")});
        QVERIFY(failedWith(failed, 1));
        QVERIFY2(!QFile::exists(place.store), "an import that brought nothing leaves no store");

        QCOMPARE(cli({QStringLiteral("import"), place.store, good, QStringLiteral("--create")}).exitCode, 0);
        QCOMPARE(contents(place.store).offers.size(), std::size_t{5});
        const Ran empty = cli({QStringLiteral("simulate"), place.store, QStringLiteral("--for"), QStringLiteral("1s")});
        QVERIFY2(failedWith(empty, 1), "a store without a fleet has nothing to simulate");
        QVERIFY(cli({QStringLiteral("info"), place.store}).out.contains("no fleet yet"));
    }

    void aFileThatFailsKeepsTheOthersIn()
    {
        Workplace place;
        QVERIFY(place.makeStore());
        const Ran ran = cli({QStringLiteral("import"), place.store, place.path("none.csv"),
                             place.write("good.csv", catalogue(5)), QStringLiteral("--json")});
        QCOMPARE(ran.exitCode, 1);
        QVERIFY(errorsAreMarked(ran.err) && ran.err.contains("none.csv"));
        const Json files = parsed(ran.out);
        QVERIFY(files.is_array());
        QCOMPARE(files.size(), std::size_t{1});
        QCOMPARE(contents(place.store).offers.size(), std::size_t{5});
    }

    void aReaderThatGoesAwayIsNoCrash()
    {
        int ends[2];
        QCOMPARE(::pipe2(ends, O_CLOEXEC), 0);
        ::close(ends[0]);
        QProcess process;
        process.setChildProcessModifier([end = ends[1]] { ::dup2(end, STDOUT_FILENO); });
        process.start(cliPath(), {QStringLiteral("info"), m_place.store, QStringLiteral("--json")});
        const Ran ran = finish(process);
        ::close(ends[1]);
        QVERIFY(!ran.crashed);
        QCOMPARE(ran.exitCode, 0);
        QVERIFY(ran.err.isEmpty());
    }

    void outputThatCannotBeWrittenFails()
    {
        QProcess process;
        process.setStandardOutputFile(QStringLiteral("/dev/full"));
        process.start(cliPath(), {QStringLiteral("info"), m_place.store, QStringLiteral("--json")});
        const Ran ran = finish(process);
        QVERIFY(failedWith(ran, 1));
        QVERIFY(ran.err.contains("No space left"));
    }

    void manPageNamesEveryCommandAndOption()
    {
        const QString page = manPage();
        const QStringList all = commands();
        QVERIFY(all.size() >= 6);
        std::map<qsizetype, QString> entries; // by where they begin
        for (const QString& command : all) {
            const qsizetype at = page.indexOf(QRegularExpression(QStringLiteral("\n\\.BI? \"?%1\\b").arg(command)));
            QVERIFY2(at >= 0, qPrintable(command));
            entries[at] = command;
        }
        for (auto entry = entries.begin(); entry != entries.end(); ++entry) {
            const QString& command = entry->second;
            const qsizetype end = std::next(entry) == entries.end() ? page.indexOf(QLatin1String(".SH OPTIONS"))
                                                                    : std::next(entry)->first;
            const QString own = page.mid(entry->first, end - entry->first);
            QStringList helps{QString::fromUtf8(cli({command, QStringLiteral("--help")}).out)};
            for (const QString& nested : commands({command})) {
                QVERIFY2(own.contains(QRegularExpression(QStringLiteral("\\b%1\\b").arg(nested))), qPrintable(nested));
                helps << QString::fromUtf8(cli({command, nested, QStringLiteral("--help")}).out);
            }
            const QRegularExpression option(QStringLiteral("--[a-z-]+"));
            for (const QString& help : std::as_const(helps)) {
                for (auto i = option.globalMatch(help); i.hasNext();) {
                    const QString name = i.next().captured();
                    QVERIFY2(own.contains(name) || name == QLatin1String("--help"),
                             qPrintable(command + QLatin1Char(' ') + name));
                }
            }
        }
        // … and nothing that is not there.
        const QRegularExpression entry(QStringLiteral("\n\\.BI \"?([a-z]+)"));
        const qsizetype from = page.indexOf(QLatin1String(".SH COMMANDS"));
        const QString listed = page.mid(from, page.indexOf(QLatin1String(".SH OPTIONS")) - from);
        for (auto i = entry.globalMatch(listed); i.hasNext();) {
            const QString name = i.next().captured(1);
            QVERIFY2(all.contains(name), qPrintable(name));
        }
    }

    void benchmarksReportTheirKeys_data()
    {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<QStringList>("keys");
        QTest::newRow("map") << QStringList{QStringLiteral("map"), QStringLiteral("--frames"), QStringLiteral("20"),
                                            QStringLiteral("--size"), QStringLiteral("640x400")}
                             << QStringList{QStringLiteral("frame_seconds"), QStringLiteral("width")};
        QTest::newRow("charts") << QStringList{QStringLiteral("charts"), QStringLiteral("--frames"),
                                               QStringLiteral("2"),      QStringLiteral("--samples"),
                                               QStringLiteral("5000"),   QStringLiteral("--size"),
                                               QStringLiteral("900x500")}
                                << QStringList{QStringLiteral("repaint_seconds"), QStringLiteral("update_seconds"),
                                               QStringLiteral("samples")};
        QTest::newRow("fleet") << QStringList{QStringLiteral("fleet"), QStringLiteral("--accelerators"),
                                              QStringLiteral("2000"), QStringLiteral("--for"), QStringLiteral("2s")}
                               << QStringList{QStringLiteral("accelerators"),    QStringLiteral("replicas"),
                                              QStringLiteral("requests"),        QStringLiteral("simulated_seconds"),
                                              QStringLiteral("realtime_factor"), QStringLiteral("state_hash")};
        QTest::newRow("import") << QStringList{QStringLiteral("import"), QStringLiteral("--rows"),
                                               QStringLiteral("2000")}
                                << QStringList{QStringLiteral("baseline_seconds"), QStringLiteral("rows")};
        QTest::newRow("queue") << QStringList{QStringLiteral("queue"), QStringLiteral("--jobs"),
                                              QStringLiteral("100000")}
                               << QStringList{QStringLiteral("jobs"), QStringLiteral("servers"), QStringLiteral("rho"),
                                              QStringLiteral("mean_wait"), QStringLiteral("exact_mean_wait")};
    }
    void benchmarksReportTheirKeys()
    {
        QFETCH(QStringList, arguments);
        QFETCH(QStringList, keys);
        const Json bench =
            document(QStringList{QStringLiteral("bench")} + arguments + QStringList{QStringLiteral("--json")});
        QVERIFY(hasKeys(bench, {"name", "wall_seconds", "rate", "rate_unit", "peak_rss_bytes"}));
        for (const QString& key : keys) {
            QVERIFY(hasKeys(bench, {key.toStdString()}));
        }
        QCOMPARE(bench["name"].get<std::string>(), arguments.front().toStdString());
        QVERIFY(bench["rate"].get<double>() > 0 && bench["wall_seconds"].get<double>() > 0);
        QVERIFY(bench["peak_rss_bytes"].get<std::int64_t>() > 1'000'000);
    }

    /// A figure of speed counts only with the same result.
    void theFleetBenchSaysThatThreadsMadeNoDifference()
    {
        const auto hashOn = [](const char* threads) {
            const Json bench =
                document({QStringLiteral("bench"), QStringLiteral("fleet"), QStringLiteral("--accelerators"),
                          QStringLiteral("2000"), QStringLiteral("--for"), QStringLiteral("2s"),
                          QStringLiteral("--threads"), QLatin1String(threads), QStringLiteral("--json")});
            return bench.value("state_hash", std::string());
        };
        const std::string one = hashOn("1");
        QCOMPARE(one.size(), std::size_t{16});
        QCOMPARE(hashOn("2"), one);
        QCOMPARE(hashOn("8"), one);
    }
};

QTEST_GUILESS_MAIN(TestCli)
#include "tst_cli.moc"
