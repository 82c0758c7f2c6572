// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/app/cli_run.h"

#include <SQLiteCpp/SQLiteCpp.h>

#include <csignal>

using namespace isobar;
using namespace isobar::test;

namespace {

// Large enough that an import of it takes long beside a look at /proc.
constexpr int kManyRows = 200'000;

/// Bytes the process has read so far, from /proc; -1 when it is gone.
qint64 bytesRead(qint64 pid)
{
    QFile file(QStringLiteral("/proc/%1/io").arg(pid));
    if (!file.open(QIODevice::ReadOnly)) {
        return -1;
    }
    const QByteArray line = file.readLine(); // "rchar: 123"
    return line.startsWith("rchar: ") ? line.mid(7).trimmed().toLongLong() : -1;
}

/// Whether the process has taken Ctrl+C into its own hands: it is blocked for a thread that waits for it.
bool handlesInterrupt(qint64 pid)
{
    QFile file(QStringLiteral("/proc/%1/status").arg(pid));
    if (!file.open(QIODevice::ReadOnly)) {
        return false;
    }
    for (const QByteArray& line : file.readAll().split('\n')) {
        if (line.startsWith("SigBlk:")) {
            return (line.mid(7).trimmed().toULongLong(nullptr, 16) >> (SIGINT - 1) & 1U) != 0;
        }
    }
    return false;
}

} // namespace

/// Bad files and rude ends: a clear line, exit 1, and the store as it was.
class TestCliBadInput : public QObject {
    Q_OBJECT

    Workplace m_place;
    Contents m_before;
    QString m_large;
    qint64 m_largeBytes = 0;

    /// On a busy machine an import may end before this test comes to stop it: it is tried again, on another copy.
    static constexpr int kAttempts = 10;
    QString freshStore() const
    {
        const QString path = m_place.path("tried.db");
        for (const char* part : {"", "-wal", "-shm"}) {
            QFile::remove(path + QLatin1String(part));
        }
        return QFile::copy(m_place.store, path) ? path : QString();
    }

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_place.makeStore());
        QCOMPARE(cli({QStringLiteral("import"), m_place.store, m_place.write("kept.csv", catalogue(3))}).exitCode, 0);
        m_before = contents(m_place.store);
        QVERIFY(m_before.readable && m_before.fleet && m_before.offers.size() == 3);
        const QByteArray large = catalogue(kManyRows);
        m_large = m_place.write("large.csv", large);
        m_largeBytes = large.size();
    }

    void importRefusesWhatItCannotRead_data()
    {
        QTest::addColumn<QString>("path");
        QTest::addColumn<QByteArray>("said");
        QTest::newRow("missing file") << m_place.path("none.csv") << QByteArray("none.csv");
        QTest::newRow("empty file") << m_place.write("empty.csv", "") << QByteArray("empty");
        QTest::newRow("header only") << m_place.write("header.csv", kCatalogueHeader) << QByteArray("header.csv");
        QByteArray binary(4096, '\0');
        for (int i = 0; i < binary.size(); ++i) {
            binary[i] = static_cast<char>(i * 7 + 1);
        }
        QTest::newRow("binary file") << m_place.write("binary.csv", binary) << QByteArray("binary");
        QTest::newRow("binary after a good header")
            << m_place.write("mixed.csv", catalogue(2) + QByteArray(64, '\0')) << QByteArray("mixed.csv");
        QTest::newRow("folder") << m_place.folder.path() << QByteArray("folder");
        QTest::newRow("a store") << m_place.store << QByteArray("SQLite");
        QTest::newRow("other text") << m_place.write("poem.txt", "so much depends\nupon\n") << QByteArray("poem.txt");
        QTest::newRow("truncated fleet file")
            << m_place.write("cut.textproto", "name: \"Cut\"\nproviders { key: \"azure\" name: ") << QByteArray("cut");
        QTest::newRow("a line end in the name")
            << m_place.folder.filePath(QStringLiteral("two\nlines\x1b[31m.csv")) << QByteArray("two lines");
    }
    void importRefusesWhatItCannotRead()
    {
        QFETCH(QString, path);
        QFETCH(QByteArray, said);
        const Ran ran = cli({QStringLiteral("import"), m_place.store, path});
        QVERIFY(failedWith(ran, 1));
        QVERIFY2(ran.err.contains(said), ran.err.constData());
        QVERIFY(!ran.err.contains('\x1b'));
        QVERIFY(contents(m_place.store) == m_before);
    }

    void importRefusesThePublishedHeaderOnlyCatalogue()
    {
        ISOBAR_NEED_DATA(path, "prices/anycloud_2026-04-02_header_only/azure.vms.csv");
        const Ran ran = cli(
            {QStringLiteral("import"), m_place.store, QString::fromStdString(path.string()), QStringLiteral("--json")});
        QCOMPARE(ran.exitCode, 1);
        QVERIFY(errorsAreMarked(ran.err) && ran.err.contains("azure.vms.csv"));
        QVERIFY(parsed(ran.out) == Json::array());
        QVERIFY(contents(m_place.store) == m_before);
    }

    void badRowsAreListedAndTheRestIsRead_data()
    {
        QTest::addColumn<QByteArray>("rows");
        QTest::addColumn<QString>("rule");
        QTest::newRow("price of 700.0") << QByteArray("a,H100,8,96,1900,,700.0,,eastus,V2\n")
                                        << QStringLiteral("price-sentinel");
        QTest::newRow("too few fields") << QByteArray("a,H100,8\n") << QStringLiteral("field-count");
        QTest::newRow("cut in the middle of a row") << QByteArray("a,H100,8,96,19") << QStringLiteral("truncated");
        QTest::newRow("eleven strange fields")
            << QByteArray("a,H100,8,96,1900,,98.3,45.2,eastus,V1,what\n") << QStringLiteral("field-count");
    }
    void badRowsAreListedAndTheRestIsRead()
    {
        QFETCH(QByteArray, rows);
        QFETCH(QString, rule);
        Workplace place;
        QVERIFY(place.makeStore());
        const Json files = document({QStringLiteral("import"), place.store, place.write("bad.csv", catalogue(2) + rows),
                                     QStringLiteral("--json")});
        QVERIFY(files.is_array() && files.size() == 1);
        QCOMPARE(files[0]["rows_read"].get<int>(), 3);
        QCOMPARE(files[0]["rows_quarantined"].get<int>(), 1);
        QCOMPARE(files[0]["rows_accepted"].get<int>(), 2);
        const Json& diagnostic = files[0]["diagnostics"][0];
        QCOMPARE(diagnostic["line"].get<int>(), 4);
        QCOMPARE(QString::fromStdString(diagnostic["rule"].get<std::string>()), rule);
        QVERIFY(!diagnostic["text"].get<std::string>().empty());
        QCOMPARE(contents(place.store).offers.size(), std::size_t{2});
    }

    void elevenFieldsUnderTenHeadersAreRepaired()
    {
        Workplace place;
        QVERIFY(place.makeStore());
        const Json files =
            document({QStringLiteral("import"), place.store,
                      place.write("eleven.csv", kCatalogueHeader + "a,H100,8,96,1900,,98.3,45.2,eastus,V1,V2\n"),
                      QStringLiteral("--json")});
        QVERIFY(files.is_array() && files.size() == 1);
        QCOMPARE(files[0]["rows_repaired"].get<int>(), 1);
        const Contents after = contents(place.store);
        QCOMPARE(after.offers.size(), std::size_t{1});
        QCOMPARE(after.offers[0].generation, std::string("V1,V2"));
    }

    void notAStore_data()
    {
        QTest::addColumn<QString>("store");
        QTest::addColumn<QByteArray>("said");
        QTest::newRow("not there") << m_place.path("none.db") << QByteArray("no such store");
        QTest::newRow("text") << m_place.write("text.db", "hello, this is not a database at all\n")
                              << QByteArray("not an Isobar store");
        QTest::newRow("empty") << m_place.write("empty.db", "") << QByteArray("empty");
        QTest::newRow("folder") << m_place.folder.path() << QByteArray("folder");

        const QString foreign = m_place.path("foreign.db");
        SQLite::Database(foreign.toStdString(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
            .exec("CREATE TABLE songs (title TEXT)");
        QTest::newRow("another program's SQLite file") << foreign << QByteArray("another program");

        Workplace place;
        QVERIFY(place.makeStore());
        const QString newer = m_place.path("newer.db");
        QVERIFY(QFile::copy(place.store, newer));
        SQLite::Database(newer.toStdString(), SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 999");
        QTest::newRow("from a newer version") << newer << QByteArray("newer Isobar");

        QFile whole(place.store);
        QVERIFY(whole.open(QIODevice::ReadOnly));
        const QByteArray bytes = whole.readAll();
        QTest::newRow("truncated store") << m_place.write("cut.db", bytes.left(bytes.size() / 2))
                                         << QByteArray("cut.db");
    }
    void notAStore()
    {
        QFETCH(QString, store);
        QFETCH(QByteArray, said);
        const auto bytes = [&store] {
            QFile file(store);
            return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
        };
        const QByteArray before = bytes();
        const QString good = m_place.path("kept.csv");
        for (const QStringList& arguments :
             {QStringList{QStringLiteral("info"), store, QStringLiteral("--json")},
              QStringList{QStringLiteral("import"), store, good},
              QStringList{QStringLiteral("simulate"), store, QStringLiteral("--for"), QStringLiteral("1s")},
              QStringList{QStringLiteral("export"), store, QStringLiteral("--view"), QStringLiteral("map"),
                          QStringLiteral("--format"), QStringLiteral("csv"), QStringLiteral("--out"),
                          m_place.path("never.csv")}}) {
            const Ran ran = cli(arguments);
            QVERIFY2(failedWith(ran, 1), qPrintable(arguments.front()));
            QVERIFY2(ran.err.contains(said), ran.err.constData());
        }
        QCOMPARE(bytes(), before);
        QVERIFY(!QFile::exists(m_place.path("never.csv")));
    }

    void killedDuringAnImport_data()
    {
        QTest::addColumn<double>("passes"); // the file is read once to hash it, then once for its rows
        QTest::newRow("while hashing") << 0.5;
        QTest::newRow("among the first rows") << 1.1;
        QTest::newRow("among the last rows") << 1.9;
        QTest::newRow("when all is read") << 2.0;
    }
    void killedDuringAnImport()
    {
        QFETCH(double, passes);
        const qint64 until = static_cast<qint64>(passes * static_cast<double>(m_largeBytes));
        for (int attempt = 0; attempt < kAttempts; ++attempt) {
            const QString store = freshStore();
            QProcess process;
            process.start(cliPath(), {QStringLiteral("import"), store, m_large});
            QVERIFY(process.waitForStarted());
            for (qint64 read = 0; read >= 0 && read < until;) { // without a pause: the moment matters
                read = bytesRead(process.processId());
            }
            process.kill();
            if (!finish(process).crashed) {
                continue;
            }
            QVERIFY(contents(store) == m_before);
            const Ran again = cli({QStringLiteral("info"), store, QStringLiteral("--json")});
            QCOMPARE(again.exitCode, 0);
            return;
        }
        QFAIL("the import always ended before it could be killed: make the file larger");
    }

    void interruptedImportIsCancelled()
    {
        for (int attempt = 0; attempt < kAttempts; ++attempt) {
            const QString store = freshStore();
            QProcess process;
            process.start(cliPath(), {QStringLiteral("import"), store, m_large, QStringLiteral("--json")});
            QVERIFY(process.waitForStarted());
            while (process.state() == QProcess::Running && !handlesInterrupt(process.processId())) {
                (void)process.waitForFinished(1);
            }
            ::kill(static_cast<pid_t>(process.processId()), SIGINT);
            const Ran ran = finish(process);
            QVERIFY(!ran.crashed);
            if (ran.exitCode == 0) {
                continue;
            }
            QCOMPARE(ran.exitCode, 1);
            QVERIFY2(ran.err.contains("cancelled") && errorsAreMarked(ran.err), ran.err.constData());
            QVERIFY(parsed(ran.out) == Json::array());
            QVERIFY(contents(store) == m_before);
            return;
        }
        QFAIL("the import always ended before it could be interrupted: make the file larger");
    }

    void interruptedSimulationIsCancelled()
    {
        QProcess process;
        process.start(cliPath(), {QStringLiteral("simulate"), m_place.store, QStringLiteral("--for"),
                                  QStringLiteral("30d"), QStringLiteral("--json")});
        QVERIFY(process.waitForStarted());
        QTRY_VERIFY_WITH_TIMEOUT(handlesInterrupt(process.processId()), 60'000);
        ::kill(static_cast<pid_t>(process.processId()), SIGTERM);
        const Ran ran = finish(process);
        QVERIFY(failedWith(ran, 1));
        QVERIFY(ran.err.contains("cancelled"));
    }
};

QTEST_GUILESS_MAIN(TestCliBadInput)
#include "tst_cli_bad_input.moc"
