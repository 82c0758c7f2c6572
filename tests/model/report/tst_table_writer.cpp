// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/report/table_writer.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>
#include <nlohmann/json.hpp>

#include <cmath>
#include <csignal>
#include <cstdlib>
#include <limits>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace isobar;
using namespace isobar::report;
using query::Dimension;
using query::Measure;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// RFC 4180 as its grammar says, character by character.
std::vector<std::vector<std::string>> parseCsv(const std::string& text)
{
    std::vector<std::vector<std::string>> rows;
    std::vector<std::string> row(1);
    bool quoted = false, begun = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
            row.back() += '"';
            ++i;
        } else if (c == '"') {
            quoted = !quoted;
            begun = true;
        } else if (!quoted && c == ',') {
            row.emplace_back();
            begun = true;
        } else if (!quoted && c == '\n') {
            if (begun || !row.back().empty()) { // as most readers: an empty line is no row
                rows.push_back(std::move(row));
            }
            row = {std::string()};
            begun = false;
        } else {
            row.back() += c;
        }
    }
    return rows;
}

const std::vector<std::string>& nastyNames()
{
    static const std::vector<std::string> names{"plain",           "a, b",
                                                "say \"hi\"",      "\"",
                                                "two\nlines",      "carriage\r\nreturn",
                                                " spaces ",        "",
                                                "(none)",          "São Paulo · 東京",
                                                "semi;colon\ttab", "=1+1"};
    return names;
}

const std::vector<double>& awkwardNumbers()
{
    static const std::vector<double> numbers{0,
                                             1,
                                             -1,
                                             0.1,
                                             1.0 / 3,
                                             1e-300,
                                             1.7976931348623157e308,
                                             5e-324,
                                             123456789012345678.0,
                                             0.30000000000000004,
                                             2e20,
                                             9007199254740993.0};
    return numbers;
}

query::Table nastyTable()
{
    query::Table table;
    table.by = {Dimension::Workload, Dimension::Time};
    table.measures = {Measure::SpendUsd, Measure::TtftP95};
    table.from = 500'000;
    table.to = 90'000'000;
    for (std::size_t i = 0; i < nastyNames().size(); ++i) {
        table.rows.push_back(
            {{nastyNames()[i], std::to_string(i * 10)}, {awkwardNumbers()[i], i % 3 == 0 ? kNaN : 0.25}});
    }
    return table;
}

QByteArray bytesOf(const QString& path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray("unreadable");
}

} // namespace

/// Tables reach other programs whole and exact.
class TestTableWriter : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    std::filesystem::path at(const char* name) const
    {
        return std::filesystem::path(m_folder.path().toStdString()) / name;
    }
    static QString text(const std::filesystem::path& path) { return QString::fromStdString(path.string()); }
    QStringList filesHere() const
    {
        return QDir(m_folder.path()).entryList(QDir::Files | QDir::System | QDir::Hidden, QDir::Name);
    }

private Q_SLOTS:
    void init()
    {
        QVERIFY(m_folder.isValid());
        for (const QString& name : filesHere()) {
            QFile::remove(m_folder.filePath(name));
        }
    }

    void csvComesBackAsItWas()
    {
        const query::Table table = nastyTable();
        const auto rows = parseCsv(toCsv(table));
        QCOMPARE(rows.size(), table.rows.size() + 1);
        QVERIFY(rows[0] == (std::vector<std::string>{"workload", "time_seconds", "spend_usd", "ttft_p95_seconds"}));
        for (std::size_t i = 0; i < table.rows.size(); ++i) {
            const auto& cells = rows[i + 1];
            QCOMPARE(cells.size(), std::size_t(4));
            QCOMPARE(cells[0], table.rows[i].keys[0]);
            QCOMPARE(cells[1], table.rows[i].keys[1]);
            QVERIFY2(std::strtod(cells[2].c_str(), nullptr) == table.rows[i].values[0], cells[2].c_str());
            if (std::isnan(table.rows[i].values[1])) {
                QCOMPARE(cells[3], std::string());
            } else {
                QVERIFY(std::strtod(cells[3].c_str(), nullptr) == table.rows[i].values[1]);
            }
        }
    }

    void csvIsPlain()
    {
        query::Table table;
        table.by = {Dimension::Provider};
        table.measures = {Measure::Requests, Measure::SloAttainment};
        table.rows = {{{"gcp"}, {12, 0.5}}, {{"azure"}, {3, kNaN}}};
        QCOMPARE(toCsv(table), std::string("provider,requests,slo_attainment_ratio\ngcp,12,0.5\nazure,3,\n"));
    }

    /// Every row is a row to a reader that skips empty lines, even one undefined figure alone.
    void csvOfOneUndefinedFigure()
    {
        query::Table table;
        table.measures = {Measure::TtftP50};
        table.rows = {{{}, {kNaN}}};
        const auto rows = parseCsv(toCsv(table));
        QCOMPARE(rows.size(), std::size_t(2));
        QVERIFY(rows[1] == std::vector<std::string>{""});
    }

    void noRows()
    {
        query::Table table;
        table.by = {Dimension::Model};
        table.measures = {Measure::Lost};
        QCOMPARE(toCsv(table), std::string("model,lost\n"));
        QVERIFY(nlohmann::json::parse(toJson(table)).at("rows").empty());
    }

    void jsonComesBackAsItWas()
    {
        const query::Table table = nastyTable();
        const auto document = nlohmann::json::parse(toJson(table));
        QCOMPARE(document.at("from_seconds").get<double>(), 0.5);
        QCOMPARE(document.at("to_seconds").get<double>(), 90.0);
        QCOMPARE(document.at("columns").size(), std::size_t(4));
        QCOMPARE(document["columns"][0].at("name").get<std::string>(), std::string("workload"));
        for (std::size_t i = 0; i < table.measures.size(); ++i) {
            const auto& column = document["columns"][2 + i];
            const query::MeasureInfo& m = query::info(table.measures[i]);
            QCOMPARE(column.at("name").get<std::string>(), std::string(m.name));
            QCOMPARE(column.at("unit").get<std::string>(), std::string(m.unit));
            QCOMPARE(column.at("formula").get<std::string>(), std::string(m.formula));
        }
        QCOMPARE(document.at("rows").size(), table.rows.size());
        for (std::size_t i = 0; i < table.rows.size(); ++i) {
            const auto& cells = document["rows"][i];
            QCOMPARE(cells.at(0).get<std::string>(), table.rows[i].keys[0]);
            QVERIFY(cells.at(2).get<double>() == table.rows[i].values[0]);
            QCOMPARE(cells.at(3).is_null(), std::isnan(table.rows[i].values[1]));
        }
    }

    /// Names come from files of others: bytes that are not UTF-8 must not stop an export.
    void jsonOfBrokenText()
    {
        query::Table table;
        table.by = {Dimension::Model};
        table.measures = {Measure::Lost};
        table.rows = {{{"latin \xe9"}, {1}}, {{"cut \xf0\x9f"}, {2}}};
        const auto document = nlohmann::json::parse(toJson(table));
        QCOMPARE(document["rows"].size(), std::size_t(2));
        QVERIFY(document["rows"][0][0].get<std::string>().starts_with("latin "));
    }

    void infinitiesAreUndefined()
    {
        query::Table table;
        table.measures = {Measure::SpendUsd, Measure::Lost};
        table.rows = {{{}, {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()}}};
        QVERIFY(parseCsv(toCsv(table))[1] == (std::vector<std::string>{"", ""}));
        QVERIFY(nlohmann::json::parse(toJson(table))["rows"][0][0].is_null());
    }

    void writesWholeFiles()
    {
        std::string bytes(3'000'000, 'x');
        bytes[1000] = '\0';
        QVERIFY(writeFile(at("a.csv"), bytes).ok());
        QCOMPARE(bytesOf(text(at("a.csv"))), QByteArray::fromStdString(bytes));
        QVERIFY(writeFile(at("a.csv"), "short").ok()); // replaces, does not overlay
        QCOMPARE(bytesOf(text(at("a.csv"))), QByteArray("short"));
        QVERIFY(writeFile(at("empty.csv"), "").ok());
        QCOMPARE(bytesOf(text(at("empty.csv"))), QByteArray());
        QCOMPARE(filesHere(), (QStringList{"a.csv", "empty.csv"}));
    }

    void unwritablePlaces_data()
    {
        QTest::addColumn<QString>("path");
        QTest::newRow("no such folder") << QStringLiteral("absent/a.csv");
        QTest::newRow("a folder of that name") << QStringLiteral("folder");
        QTest::newRow("below a file") << QStringLiteral("file/a.csv");
    }
    void unwritablePlaces()
    {
        QFETCH(QString, path);
        QDir(m_folder.path()).mkdir(QStringLiteral("folder"));
        QVERIFY(writeFile(at("file"), "x").ok());
        const Status status = writeFile(at(path.toUtf8().constData()), "bytes");
        QVERIFY(!status.ok());
        QCOMPARE(status.error().code, ErrorCode::NotWritable);
        QVERIFY(status.error().file.ends_with(path.toStdString()));
        QVERIFY(!status.error().advice.empty());
        QCOMPARE(filesHere(), QStringList{"file"});
    }

    void readOnlyFolder()
    {
        if (::geteuid() == 0) {
            QSKIP("the superuser may write to any folder");
        }
        QDir(m_folder.path()).mkdir(QStringLiteral("locked"));
        QFile::setPermissions(text(at("locked")), QFile::ReadOwner | QFile::ExeOwner);
        const Status status = writeFile(at("locked") / "a.csv", "bytes");
        QFile::setPermissions(text(at("locked")), QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
        QVERIFY(!status.ok());
        QCOMPARE(status.error().code, ErrorCode::NotWritable);
    }

    /// The file gives out half-way (a limit on its size): the old one stays, and no part of the new one.
    void aFailedWriteLeavesTheOldFile()
    {
        QVERIFY(writeFile(at("keep.csv"), "the old table").ok());
        const std::string bytes(100'000, 'x');
        rlimit before{};
        ::getrlimit(RLIMIT_FSIZE, &before);
        const auto handler = std::signal(SIGXFSZ, SIG_IGN);
        rlimit small = before;
        small.rlim_cur = 4096;
        ::setrlimit(RLIMIT_FSIZE, &small);
        const Status status = writeFile(at("keep.csv"), bytes);
        ::setrlimit(RLIMIT_FSIZE, &before);
        std::signal(SIGXFSZ, handler);
        QVERIFY(!status.ok());
        QCOMPARE(status.error().code, ErrorCode::NotWritable);
        QVERIFY2(status.error().message.find("too large") != std::string::npos, status.error().message.c_str());
        QCOMPARE(bytesOf(text(at("keep.csv"))), QByteArray("the old table"));
        QCOMPARE(filesHere(), QStringList{"keep.csv"});
        QVERIFY(writeFile(at("keep.csv"), bytes).ok());
        QCOMPARE(bytesOf(text(at("keep.csv"))).size(), 100'000);
    }

    void aFullDisk()
    {
        QDir(m_folder.path()).mkdir(QStringLiteral("disk"));
        const std::filesystem::path disk = at("disk");
        if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=64k") != 0) {
            QSKIP("may not mount a small disk here");
        }
        const Status small = writeFile(disk / "keep.csv", "the old table");
        const Status status = writeFile(disk / "keep.csv", std::string(200'000, 'x'));
        const QByteArray left = bytesOf(text(disk / "keep.csv"));
        const QStringList files = QDir(text(disk)).entryList(QDir::Files | QDir::Hidden);
        ::umount(disk.c_str());
        QVERIFY(small.ok());
        QVERIFY(!status.ok());
        QCOMPARE(status.error().code, ErrorCode::DiskFull);
        QVERIFY2(status.error().advice.find("space") != std::string::npos, status.error().advice.c_str());
        QCOMPARE(left, QByteArray("the old table"));
        QCOMPARE(files, QStringList{"keep.csv"});
    }

    /// A link stays a link, and what it points to is replaced.
    void throughALink()
    {
        QVERIFY(writeFile(at("real.csv"), "old").ok());
        std::filesystem::create_symlink("real.csv", at("link.csv"));
        QVERIFY(writeFile(at("link.csv"), "new").ok());
        QVERIFY(std::filesystem::is_symlink(at("link.csv")));
        QCOMPARE(bytesOf(text(at("real.csv"))), QByteArray("new"));
    }

    /// A pipe (or /dev/stdout) is written to, never replaced by a file.
    void intoAPipe()
    {
        QVERIFY(::mkfifo(at("pipe").c_str(), 0600) == 0);
        QByteArray read;
        std::thread reader([&] { read = bytesOf(text(at("pipe"))); });
        const Status status = writeFile(at("pipe"), "through the pipe");
        if (!std::filesystem::is_fifo(at("pipe"))) { // let the reader go before failing
            reader.detach();
            QFAIL("the pipe was replaced");
        }
        reader.join();
        QVERIFY(status.ok());
        QCOMPARE(read, QByteArray("through the pipe"));
    }
};

QTEST_GUILESS_MAIN(TestTableWriter)
#include "tst_table_writer.moc"
