// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/aggregate/sketch.h"
#include "model/fleet/process_clock.h"
#include "model/store/sql.h"
#include "tests/model/store/history_fixture.h"

#include <QtTest>

#include <thread>

#include <SQLiteCpp/SQLiteCpp.h>

using namespace isobar;
using namespace isobar::store;
using namespace isobar::test;

namespace {

double number(const SqlValue& value)
{
    const auto* integer = std::get_if<std::int64_t>(&value);
    return integer != nullptr ? static_cast<double>(*integer) : std::get<double>(value);
}

} // namespace

class TestSql : public QObject {
    Q_OBJECT

    Folder m_folder;
    std::filesystem::path m_path;
    std::vector<IntervalPointer> m_run;

private Q_SLOTS:
    void initTestCase()
    {
        m_path = m_folder / "a.isobar";
        const auto fleet = historyFleet();
        auto store = Store::create(m_path, *fleet);
        ISOBAR_OK(store);
        auto import = store->beginImport("prices.csv", "skypilot-catalogue", "aa");
        ISOBAR_OK(import);
        Offer offer;
        offer.provider = "azure";
        offer.region = "eastus";
        offer.instanceType = "ND96";
        offer.accelerator = "H100";
        offer.acceleratorCount = offer.chips = 8;
        offer.usdPerHour = 80;
        ISOBAR_OK((*import)->putOffer(offer));
        ISOBAR_OK((*import)->putQuarantined({.line = 3, .column = 2, .rule = "r", .text = "t"}, "raw"));
        ISOBAR_OK((*import)->commit({}));
        m_run = historyRun(historyLayout(*fleet, 5), 120);
        auto writer = HistoryWriter::start(*Store::open(m_path), {fleet, 7, 0});
        ISOBAR_OK(writer);
        for (const auto& interval : m_run) {
            (*writer)->append(interval);
        }
        ISOBAR_OK((*writer)->finish());
    }

    void everyViewCanBeRead_data()
    {
        QTest::addColumn<QString>("view");
        for (const char* view : {"v_runs", "v_supply_hourly", "v_demand_hourly", "v_cost_daily", "v_utilization_hourly",
                                 "v_latency_hourly", "v_requests_daily", "v_pools", "v_placements", "v_prices",
                                 "v_links", "v_imports", "v_quarantine"}) {
            QTest::newRow(view) << QString::fromLatin1(view);
        }
    }
    void everyViewCanBeRead()
    {
        QFETCH(QString, view);
        const auto table = runReadOnlySql(m_path, "SELECT * FROM " + view.toStdString());
        ISOBAR_OK(table);
        QVERIFY(!table->rows.empty());
        QVERIFY(!table->truncated);
    }

    /// The views say what the intervals add up to.
    void viewsAddUp()
    {
        std::int64_t requests = 0, completed = 0, costMicros = 0, egressMicros = 0, chipMicros = 0, busyMicros = 0;
        aggregate::Sketch ttft;
        for (const auto& interval : m_run) {
            for (std::size_t i = 0; i < interval->demand.size(); ++i) {
                requests += interval->demand[i].requests;
                completed += interval->demand[i].completed;
                egressMicros += interval->demand[i].egressMicroUsd;
                interval->latencies[i][0].addTo(ttft);
            }
            for (std::size_t i = 0; i < interval->supply.size(); ++i) {
                const aggregate::SupplyTotals& s = interval->supply[i];
                chipMicros += s.chipMicros;
                busyMicros += s.workMicros;
                for (const std::int64_t cost : s.costMicroUsd) {
                    costMicros += cost;
                }
            }
        }
        const auto table = runReadOnlySql(m_path, R"sql(SELECT
            (SELECT sum(requests) FROM v_requests_daily), (SELECT sum(completed) FROM v_requests_daily),
            (SELECT sum(cost_usd) FROM v_cost_daily), (SELECT sum(chip_hours) FROM v_utilization_hourly),
            (SELECT sum(busy_chip_hours) FROM v_utilization_hourly),
            (SELECT isobar_quantile(isobar_merge(ttft_sketch), 0.95) FROM v_demand_hourly),
            (SELECT isobar_count(isobar_merge(ttft_sketch)) FROM v_demand_hourly))sql");
        ISOBAR_OK(table);
        const auto& row = table->rows.at(0);
        QCOMPARE(number(row[0]), static_cast<double>(requests));
        QCOMPARE(number(row[1]), static_cast<double>(completed));
        QCOMPARE(number(row[2]), static_cast<double>(costMicros + egressMicros) / 1e6);
        QCOMPARE(number(row[3]), static_cast<double>(chipMicros) / 3.6e9);
        QCOMPARE(number(row[4]), static_cast<double>(busyMicros) / 3.6e9);
        QCOMPARE(number(row[5]), ttft.quantile(0.95));
        QCOMPARE(number(row[6]), static_cast<double>(ttft.count()));

        const auto hours = runReadOnlySql(m_path, "SELECT DISTINCT hour_utc FROM v_utilization_hourly");
        ISOBAR_OK(hours);
        QCOMPARE(std::get<std::string>(hours->rows.at(0).at(0)), std::string("2026-11-22T14:00:00Z"));
    }

    void hostileStatementsAreRefused_data()
    {
        QTest::addColumn<QString>("sql");
        const auto row = [](const char* name, const char* sql) { QTest::newRow(name) << QString::fromUtf8(sql); };
        row("nothing", "");
        row("a comment", "-- nothing");
        row("two statements", "SELECT 1; SELECT 2");
        row("a second that is broken", "SELECT 1; DELET");
        row("delete", "DELETE FROM offers");
        row("update", "UPDATE offers SET usd_per_hour = 0");
        row("insert", "INSERT INTO settings VALUES('a', 'b')");
        row("insert behind a with", "WITH a AS (SELECT 1) INSERT INTO settings SELECT 'a', 'b'");
        row("returning", "DELETE FROM offers RETURNING *");
        row("drop", "DROP TABLE offers");
        row("create", "CREATE TABLE t(a)");
        row("create temporary", "CREATE TEMP TABLE t AS SELECT 1");
        row("attach", "ATTACH '/tmp/x.db' AS x");
        row("detach", "DETACH main");
        row("pragma", "PRAGMA journal_mode = DELETE");
        row("pragma that reads", "PRAGMA database_list");
        row("pragma as a table", "SELECT * FROM pragma_database_list");
        row("pragma counted", "SELECT count(*) FROM pragma_database_list");
        row("pragma as a table function", "SELECT * FROM pragma_table_info('offers')");
        row("vacuum", "VACUUM");
        row("vacuum into", "VACUUM INTO '/tmp/isobar-stolen.db'");
        row("begin", "BEGIN IMMEDIATE");
        row("commit", "COMMIT");
        row("savepoint", "SAVEPOINT a");
        row("reindex", "REINDEX");
        row("analyze", "ANALYZE");
        row("load_extension", "SELECT load_extension('/tmp/evil.so')");
        row("load_extension in another case", "SELECT LOAD_Extension('/tmp/evil.so', 'x')");
        row("tokenizer", "SELECT fts3_tokenizer('simple')");
        row("readfile", "SELECT readfile('/etc/passwd')");
        row("writefile", "SELECT writefile('/tmp/x', 'y')");
        row("compile options", "SELECT sqlite_compileoption_get(1)");
        row("page table", "SELECT * FROM sqlite_dbpage");
        row("space table", "SELECT * FROM dbstat");
        row("statement table", "SELECT * FROM sqlite_stmt");
        row("temporary schema", "SELECT * FROM sqlite_temp_schema");
        row("virtual table", "CREATE VIRTUAL TABLE t USING fts5(a)");
        row("trigger", "CREATE TEMP TRIGGER t AFTER INSERT ON offers BEGIN SELECT 1; END");
        row("explain of a write", "EXPLAIN DELETE FROM offers");
        row("no such table", "SELECT * FROM nothing");
        row("broken", "SELEC 1");
        row("a huge value", "SELECT length(zeroblob(1000000000))");
        row("a huge join of texts",
            "WITH RECURSIVE c(x) AS (SELECT 'x' UNION ALL SELECT x || x FROM c) SELECT max(x) FROM c");
        row("a replacement that explodes", "SELECT replace(hex(zeroblob(50000)), '0', hex(zeroblob(50000)))");
        row("a regular expression", "SELECT 'aaaa' REGEXP '(a+)+b'");
        row("a pattern that explodes", "SELECT 'x' LIKE printf('%.*c', 100000, '%')");
        row("nested JSON", "SELECT json_extract(printf('%.*c', 150000, '['), '$')");
        row("a schema that is changed by hand", "UPDATE sqlite_schema SET sql = ''");
        row("writable schema", "PRAGMA writable_schema = ON");
        row("attach by a parameter", "ATTACH ? AS x");
        row("a file as a database", "ATTACH 'file:/etc/passwd?mode=ro' AS x");
        row("too many columns", QByteArray("SELECT 1" + QByteArray(",1").repeated(2000)).constData());
        row("too many tables",
            QByteArray("SELECT count(*) FROM offers" + QByteArray(", offers").repeated(200)).constData());
        row("too many selects", QByteArray("SELECT 1" + QByteArray(" UNION ALL SELECT 1").repeated(400)).constData());
        row("deep nesting", QByteArray("SELECT " + QByteArray(5000, '(') + "1" + QByteArray(5000, ')')).constData());
        row("a bad sketch", "SELECT isobar_quantile(x'ff', 0.5)");
        row("a quantile of two", "SELECT isobar_quantile(x'', 2)");
    }
    void hostileStatementsAreRefused()
    {
        QFETCH(QString, sql);
        const std::string before = readAll(m_path);
        const auto table = runReadOnlySql(m_path, sql.toStdString(), {.seconds = 5});
        QVERIFY(!table.ok());
        QVERIFY(!table.error().message.empty());
        QVERIFY2(table.error().code == ErrorCode::InvalidValue, table.error().toString().c_str());
        QCOMPARE(readAll(m_path), before);
        QVERIFY(!std::filesystem::exists("/tmp/isobar-stolen.db"));
    }

    void ordinaryStatementsWork_data()
    {
        QTest::addColumn<QString>("sql");
        QTest::addColumn<QString>("first");
        const auto row = [](const char* sql, const char* first) {
            QTest::newRow(sql) << QString::fromUtf8(sql) << QString::fromUtf8(first);
        };
        row("SELECT 'a' || upper('b') ;  -- the end", "aB");
        row("VALUES('x'), ('y')", "x");
        row("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT 's' || sum(i) FROM n",
            "s45");
        row("SELECT name FROM sqlite_schema WHERE name = 'offers'", "offers");
        row("SELECT provider FROM v_prices WHERE origin = 'catalogue' ORDER BY usd_per_chip_hour LIMIT 1", "azure");
        row("SELECT group_concat(t, '/') FROM (SELECT DISTINCT tier AS t FROM v_demand_hourly ORDER BY 1)",
            "batch/interactive");
        row("SELECT strftime('%Y', hour_utc) FROM v_latency_hourly", "2026");
        row("SELECT json_extract('{\"a\": \"b\"}', '$.a')", "b");
        row("SELECT first_value(model) OVER (ORDER BY model) FROM v_placements", "llama-3.1-70b");
    }
    void ordinaryStatementsWork()
    {
        QFETCH(QString, sql);
        QFETCH(QString, first);
        const auto table = runReadOnlySql(m_path, sql.toStdString());
        ISOBAR_OK(table);
        QCOMPARE(QString::fromStdString(std::get<std::string>(table->rows.at(0).at(0))), first);
    }

    void everyTypeOfValueComesBack()
    {
        const auto table =
            runReadOnlySql(m_path, "SELECT NULL AS n, 1 AS i, 0.5 AS r, 't' AS t, x'00ff' AS b, x'' AS e");
        ISOBAR_OK(table);
        QCOMPARE(table->columns, (std::vector<std::string>{"n", "i", "r", "t", "b", "e"}));
        const auto& row = table->rows.at(0);
        QVERIFY(std::holds_alternative<std::monostate>(row[0]));
        QVERIFY(std::get<SqlBlob>(row[4]).bytes == std::string("\0\xff", 2));
        QVERIFY(std::get<SqlBlob>(row[5]).bytes.empty());
    }

    void mistakesAreLocated()
    {
        const auto table = runReadOnlySql(m_path, "SELECT 1,\n  nosuch FROM offers");
        QVERIFY(!table.ok());
        QCOMPARE(table.error().line, 2);
        QCOMPARE(table.error().column, 3);
        QVERIFY(table.error().message.find("nosuch") != std::string::npos);
    }

    void rowsAreLimited()
    {
        const auto endless = runReadOnlySql(
            m_path, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n", {.rows = 1234});
        ISOBAR_OK(endless);
        QCOMPARE(endless->rows.size(), 1234u);
        QVERIFY(endless->truncated);
        const auto exact = runReadOnlySql(m_path, "VALUES(1), (2)", {.rows = 2});
        ISOBAR_OK(exact);
        QVERIFY(!exact->truncated);
    }

    void timeIsLimited_data()
    {
        QTest::addColumn<QString>("sql");
        QTest::newRow("an endless loop") << QStringLiteral(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n");
        QTest::newRow("long searches") << QStringLiteral(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(instr(printf('%.*c', 190000, "
            "'a'), printf('%.*c', 90000, 'a') || i || 'b')) FROM n");
        QTest::newRow("patterns") << QStringLiteral(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(printf('%.*c', 190000, 'a') "
            "LIKE '%a%a%a%a%a%a%a%a%b' || i) FROM n");
    }
    void timeIsLimited()
    {
        QFETCH(QString, sql);
        QElapsedTimer timer;
        timer.start();
        const auto table = runReadOnlySql(m_path, sql.toStdString(), {.seconds = 0.3});
        QVERIFY(!table.ok());
        QCOMPARE(table.error().code, ErrorCode::Infeasible);
        QVERIFY2(timer.elapsed() < 15'000, std::to_string(timer.elapsed()).c_str());
    }

    void memoryIsLimited()
    {
        const auto table =
            runReadOnlySql(m_path,
                           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000000) "
                           "SELECT i FROM n ORDER BY hex(zeroblob(500)) || i",
                           {.seconds = 60, .workBytes = 32 << 20});
        QVERIFY(!table.ok());
        QVERIFY2(table.error().message.find("memory") != std::string::npos, table.error().toString().c_str());
    }

    void hugeFormatsAreCut_data()
    {
        QTest::addColumn<QString>("sql");
        QTest::newRow("a billion blanks") << QStringLiteral("SELECT length(printf('%1000000000d', 1))");
        QTest::newRow("a billion characters") << QStringLiteral("SELECT length(printf('%.*c', 1000000000, 'x'))");
        QTest::newRow("a billion places") << QStringLiteral("SELECT length(format('%.1000000000f', 0.1))");
    }
    void hugeFormatsAreCut()
    {
        QFETCH(QString, sql);
        const auto table = runReadOnlySql(m_path, sql.toStdString(), {.seconds = 5});
        QVERIFY(!table.ok() || std::holds_alternative<std::monostate>(table->rows.at(0).at(0)) ||
                number(table->rows.at(0).at(0)) <= 200'000);
    }

    /// Whatever is asked, the process takes no more than what a query may, and what its answer may.
    void memoryStaysBounded_data()
    {
        QTest::addColumn<QString>("sql");
        const auto row = [](const char* name, const char* sql) {
            QTest::newRow(name) << QString::fromUtf8(
                                       "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) ") +
                                       QString::fromUtf8(sql);
        };
        row("sorting long texts", "SELECT i FROM n ORDER BY hex(zeroblob(90000)) || i");
        row("grouping by long texts", "SELECT count(*) FROM n GROUP BY hex(zeroblob(90000)) || i");
        row("distinct long texts", "SELECT DISTINCT hex(zeroblob(90000)) || i FROM n");
        row("long texts that differ", "SELECT count(DISTINCT hex(zeroblob(90000)) || i) FROM n");
        row("a window without an edge",
            "SELECT max(x) OVER (ORDER BY x) FROM (SELECT hex(zeroblob(40000)) || i AS x FROM n)");
        row("a table made of long texts",
            "SELECT count(*) FROM (SELECT hex(zeroblob(90000)) || i AS x FROM n LIMIT 100000) a, (SELECT 1 AS y UNION "
            "SELECT 2) b WHERE a.x > b.y");
        row("an answer of long texts", "SELECT hex(zeroblob(90000)) || i FROM n");
        row("a union of long texts", "SELECT hex(zeroblob(90000)) || i FROM n UNION SELECT 'x'");
        row("texts joined without end", "SELECT group_concat(hex(zeroblob(900)) || i) FROM n");
        row("merging sketches for ever", "SELECT isobar_count(isobar_merge(ttft_sketch)) FROM n, v_demand_hourly");
    }
    void memoryStaysBounded()
    {
        QFETCH(QString, sql);
#ifdef __SANITIZE_ADDRESS__
        constexpr std::int64_t kBeside = 512 << 20; // freed memory is kept back for a while
#else
        constexpr std::int64_t kBeside = 64 << 20;
#endif
        constexpr std::int64_t kWork = 64 << 20, kResult = 16 << 20;
        static const std::int64_t before = peakRssBytes();
        const auto table = runReadOnlySql(m_path, sql.toStdString(),
                                          {.rows = 10'000, .seconds = 3, .resultBytes = kResult, .workBytes = kWork});
        const std::int64_t grown = peakRssBytes() - before;
        QVERIFY2(grown < kWork + 4 * kResult + kBeside, std::to_string(grown).c_str());
        QVERIFY2(!table.ok() || table->truncated, "it ended");
        const std::string said = table.ok() ? std::string() : table.error().toString();
        QVERIFY2(table.ok() || table.error().code == ErrorCode::Infeasible, said.c_str());
    }

    void canBeCancelled()
    {
        std::stop_source stop;
        std::thread canceller([&stop] { stop.request_stop(); });
        const auto table = runReadOnlySql(
            m_path, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
            {.seconds = 60}, stop.get_token());
        canceller.join();
        QVERIFY(!table.ok());
        QCOMPARE(table.error().code, ErrorCode::Cancelled);
    }

    void aWriterIsNotInTheWay()
    {
        SQLite::Database other(m_path.string(), SQLite::OPEN_READWRITE);
        other.exec("BEGIN IMMEDIATE");
        other.exec("INSERT INTO settings VALUES('half', 'done')");
        const auto table = runReadOnlySql(m_path, "SELECT count(*) FROM settings WHERE key = 'half'");
        other.exec("ROLLBACK");
        ISOBAR_OK(table);
        QCOMPARE(number(table->rows.at(0).at(0)), 0.0);
    }
};

QTEST_GUILESS_MAIN(TestSql)
#include "tst_sql.moc"
