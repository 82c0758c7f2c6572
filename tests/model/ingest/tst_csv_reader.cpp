// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/csv_reader.h"
#include "tests/model/store/store_fixture.h"

#include <QtTest>

#include <random>

using namespace isobar;
using ingest::CsvReader;
using isobar::test::Folder;
using isobar::test::writeAll;

namespace {

using Flaw = CsvReader::Flaw;

struct Row {
    std::int64_t line = 0;
    std::vector<std::string> fields;
    std::string raw;
    Flaw flaw = Flaw::None;
    std::size_t flawField = 0;
    bool hasLineEnd = true;
    bool operator==(const Row&) const = default;
};

Result<std::vector<Row>> readRows(const std::filesystem::path& path, std::size_t maxRecordBytes)
{
    ISOBAR_TRY_ASSIGN(auto reader, CsvReader::open(path, maxRecordBytes));
    std::vector<Row> rows;
    CsvReader::Record record;
    for (;;) {
        ISOBAR_TRY_ASSIGN(const bool more, reader.next(record));
        if (!more) {
            return rows;
        }
        rows.push_back({record.line,
                        {record.fields.begin(), record.fields.end()},
                        std::string(record.raw),
                        record.flaw,
                        record.flawField,
                        record.hasLineEnd});
    }
}

std::vector<Row> rowsOf(const std::string& text, std::size_t maxRecordBytes = CsvReader::kMaxRecordBytes)
{
    const Folder folder;
    writeAll(folder / "t.csv", text);
    auto rows = readRows(folder / "t.csv", maxRecordBytes);
    return rows.ok() ? std::move(*rows) : std::vector<Row>{};
}

/// The slow obvious reader: the whole text at hand, one character at a time, no bounds on a record's length.
std::vector<Row> referenceRows(std::string text)
{
    if (text.starts_with("\xef\xbb\xbf")) {
        text.erase(0, 3);
    }
    const auto endAt = [&](std::size_t i) -> std::size_t {
        if (i >= text.size()) {
            return 0;
        }
        return text.compare(i, 2, "\r\n") == 0 ? 2 : (text[i] == '\n' || text[i] == '\r' ? 1 : 0);
    };
    std::vector<Row> rows;
    std::size_t i = 0;
    std::int64_t line = 1;
    while (i < text.size()) {
        if (const std::size_t bytes = endAt(i); bytes > 0) {
            i += bytes;
            ++line;
            continue;
        }
        Row row;
        row.line = line;
        std::size_t at = i;
        bool open = false;
        for (;;) {
            std::string field;
            if (at < text.size() && text[at] == '"') {
                ++at;
                open = true;
                while (at < text.size() && open) {
                    if (text[at] != '"') {
                        field += text[at++];
                    } else if (at + 1 < text.size() && text[at + 1] == '"') {
                        field += '"';
                        at += 2;
                    } else {
                        open = false;
                        ++at;
                    }
                }
                if (open) {
                    break;
                }
                if (at < text.size() && text[at] != ',' && endAt(at) == 0) {
                    row.flaw = Flaw::TextAfterQuote;
                    row.flawField = row.fields.size() + 1;
                }
            }
            while (at < text.size() && text[at] != ',' && endAt(at) == 0) {
                field += text[at++];
            }
            row.fields.push_back(field);
            if (at < text.size() && text[at] == ',') {
                ++at;
                continue;
            }
            break;
        }
        const bool overLines = text.substr(i, at - i).find_first_of("\r\n") != std::string::npos;
        if (open || (row.flaw == Flaw::TextAfterQuote && overLines)) { // only this line is given up
            row.fields.clear();
            row.flaw = Flaw::UnterminatedQuote;
            row.flawField = 0;
            for (at = i; at < text.size() && endAt(at) == 0; ++at) {
            }
        }
        row.raw = text.substr(i, at - i);
        const std::size_t bytes = endAt(at);
        row.hasLineEnd = bytes > 0;
        for (std::size_t k = i; k < at;) {
            const std::size_t inside = endAt(k);
            line += inside > 0 ? 1 : 0;
            k += std::max<std::size_t>(inside, 1);
        }
        line += bytes > 0 ? 1 : 0;
        i = at + bytes;
        rows.push_back(row);
    }
    return rows;
}

std::string describe(const std::vector<Row>& rows)
{
    std::string out;
    for (const Row& row : rows) {
        out += std::to_string(row.line) + ":";
        for (const auto& field : row.fields) {
            out += "[" + field + "]";
        }
        out += " flaw " + std::to_string(static_cast<int>(row.flaw)) + (row.hasLineEnd ? "\n" : " (no end)\n");
    }
    return out;
}

} // namespace

class TestCsvReader : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void grammar_data();
    void grammar();
    void randomTextsAgreeWithTheReference();
    void openQuoteGivesUpOneLine();
    void manyOpenQuotesStayLinear();
    void tooLongIsSkipped();
    void nulIsNoText();
    void filesThatCannotBeRead();
};

void TestCsvReader::grammar_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("expected");
    QTest::newRow("nothing") << QByteArray() << QByteArray();
    QTest::newRow("one field") << QByteArray("a\n") << QByteArray("1:[a] flaw 0\n");
    QTest::newRow("no final line end") << QByteArray("a,b") << QByteArray("1:[a][b] flaw 0 (no end)\n");
    QTest::newRow("CRLF") << QByteArray("a,b\r\nc,d\r\n") << QByteArray("1:[a][b] flaw 0\n2:[c][d] flaw 0\n");
    QTest::newRow("CR") << QByteArray("a\rb\r") << QByteArray("1:[a] flaw 0\n2:[b] flaw 0\n");
    QTest::newRow("BOM") << QByteArray("\xef\xbb\xbf"
                                       "a\n")
                         << QByteArray("1:[a] flaw 0\n");
    QTest::newRow("empty fields") << QByteArray(",,\n") << QByteArray("1:[][][] flaw 0\n");
    QTest::newRow("empty lines") << QByteArray("a\n\r\n\nb\n") << QByteArray("1:[a] flaw 0\n4:[b] flaw 0\n");
    QTest::newRow("a blank is a record") << QByteArray(" \n") << QByteArray("1:[ ] flaw 0\n");
    QTest::newRow("quoted comma") << QByteArray("\"a,b\",c\n") << QByteArray("1:[a,b][c] flaw 0\n");
    QTest::newRow("doubled quote") << QByteArray("\"a\"\"b\"\n") << QByteArray("1:[a\"b] flaw 0\n");
    QTest::newRow("quoted line end") << QByteArray("\"a\nb\",c\nd\n")
                                     << QByteArray("1:[a\nb][c] flaw 0\n3:[d] flaw 0\n");
    QTest::newRow("quote inside") << QByteArray("a\"b,c\n") << QByteArray("1:[a\"b][c] flaw 0\n");
    QTest::newRow("text after quote") << QByteArray("x,\"a\"b\n") << QByteArray("1:[x][ab] flaw 2\n");
    QTest::newRow("quoted empty at the end") << QByteArray("a,\"\"") << QByteArray("1:[a][] flaw 0 (no end)\n");
}

void TestCsvReader::grammar()
{
    QFETCH(QByteArray, text);
    QFETCH(QByteArray, expected);
    QCOMPARE(QByteArray::fromStdString(describe(rowsOf(text.toStdString()))), expected);
    QCOMPARE(QByteArray::fromStdString(describe(referenceRows(text.toStdString()))), expected);
}

void TestCsvReader::randomTextsAgreeWithTheReference()
{
    std::mt19937 random(4180);
    static constexpr std::array kPieces{"a",  "bc",   ",",     ",", "\n", "\r\n", "\r",
                                        "\"", "\"\"", "\"x\"", " ", "é",  "1.5",  "\"q,\n\""};
    const Folder folder;
    for (int round = 0; round < 3000; ++round) {
        std::string text = random() % 8 == 0 ? "\xef\xbb\xbf" : "";
        for (auto pieces = random() % 60; pieces > 0; --pieces) {
            text += kPieces[random() % kPieces.size()];
        }
        auto expected = referenceRows(text);
        // A small bound puts the edges of the buffer everywhere; 256 is more than any record here.
        writeAll(folder / "t.csv", text);
        const auto got = readRows(folder / "t.csv", round % 2 == 0 ? 256 : CsvReader::kMaxRecordBytes);
        QVERIFY(got.ok());
        if (*got != expected) {
            QFAIL(("for " + QByteArray::fromStdString(text).toPercentEncoding().toStdString() + "\nread\n" +
                   describe(*got) + "expected\n" + describe(expected))
                      .c_str());
        }
    }
    // Many records over a small buffer: every edge falls somewhere else.
    std::string text;
    for (int i = 0; i < 20000; ++i) {
        text += kPieces[random() % 7];
        text += random() % 5 == 0 ? ",\"a \"\"b\"\" \r\n,c\"\n" : "";
    }
    writeAll(folder / "t.csv", text);
    const auto got = readRows(folder / "t.csv", 100);
    QVERIFY(got.ok());
    QVERIFY(*got == referenceRows(text));
}

void TestCsvReader::openQuoteGivesUpOneLine()
{
    const auto rows = rowsOf("a,b\nc,\"d\ne,f\ng,h\n");
    QCOMPARE(rows.size(), std::size_t{4});
    QVERIFY(rows[1].flaw == Flaw::UnterminatedQuote);
    QCOMPARE(rows[1].line, 2);
    QCOMPARE(rows[1].raw, std::string("c,\"d"));
    QVERIFY((rows[2].fields == std::vector<std::string>{"e", "f"}));
    QVERIFY(rows[3].flaw == Flaw::None);
}

void TestCsvReader::manyOpenQuotesStayLinear()
{
    // Each line closes the quote of the line before it and opens another: the last one is never closed, so no line is
    // good, and searching on from each of them would take a minute.
    std::string text;
    constexpr int kLines = 60'000;
    for (int i = 0; i < kLines; ++i) {
        text += "a\",\"some more text to make the line longer than a few bytes\n";
    }
    QElapsedTimer timer;
    timer.start();
    const auto rows = rowsOf(text);
    QVERIFY(timer.elapsed() < 20'000);
    QCOMPARE(rows.size(), std::size_t{kLines});
    QVERIFY(std::all_of(rows.begin(), rows.end(), [](const Row& r) { return r.flaw == Flaw::UnterminatedQuote; }));
}

void TestCsvReader::tooLongIsSkipped()
{
    const std::string longLine(3 * CsvReader::kMaxRecordBytes, 'x');
    const auto rows = rowsOf("a\n" + longLine + "\r\nb\n\"" + longLine + "\"\nc\n" + longLine);
    QCOMPARE(rows.size(), std::size_t{6});
    QVERIFY(rows[1].flaw == Flaw::TooLong);
    QCOMPARE(rows[1].raw, std::string(200, 'x'));
    QVERIFY((rows[2].fields == std::vector<std::string>{"b"}));
    QCOMPARE(rows[2].line, 3);
    QVERIFY(rows[3].flaw == Flaw::TooLong);
    QVERIFY((rows[4].fields == std::vector<std::string>{"c"}));
    QCOMPARE(rows[4].line, 5);
    QVERIFY(!rows[5].hasLineEnd);
}

void TestCsvReader::nulIsNoText()
{
    const Folder folder;
    writeAll(folder / "t.csv", std::string("a,b\nc\0d\n", 8));
    const auto rows = readRows(folder / "t.csv", CsvReader::kMaxRecordBytes);
    QVERIFY(!rows.ok());
    QCOMPARE(rows.error().code, ErrorCode::WrongFormat);
    QVERIFY(rows.error().message.find("binary") != std::string::npos);
}

void TestCsvReader::filesThatCannotBeRead()
{
    const Folder folder;
    QCOMPARE(CsvReader::open(folder / "none.csv").error().code, ErrorCode::NotFound);
    QCOMPARE(CsvReader::open(folder.path()).error().code, ErrorCode::Unreadable);
    QCOMPARE(CsvReader::open("/dev/zero").error().code, ErrorCode::Unreadable);
    writeAll(folder / "secret.csv", "a\n");
    std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
    std::filesystem::permissions(folder / "secret.csv", std::filesystem::perms(0));
    const isobar::test::OrdinaryUser user;
    QCOMPARE(CsvReader::open(folder / "secret.csv").error().code, ErrorCode::Unreadable);
}

QTEST_GUILESS_MAIN(TestCsvReader)
#include "tst_csv_reader.moc"
