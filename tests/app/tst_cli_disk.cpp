// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/app/cli_run.h"

using namespace isobar;
using namespace isobar::test;

namespace {

/// Runs a shell script where it may mount file systems that nobody else sees and that are gone when it ends.
Ran inOwnMounts(const QString& script, const QStringList& arguments)
{
    QProcess process;
    process.start(QStringLiteral("unshare"),
                  QStringList{QStringLiteral("--map-root-user"), QStringLiteral("--mount"), QStringLiteral("sh"),
                              QStringLiteral("-c"), script, QStringLiteral("sh")} +
                      arguments);
    return finish(process);
}

} // namespace

/// Disks that are full and folders that may not be written to.
class TestCliDisk : public QObject {
    Q_OBJECT

    Workplace m_place;
    QString m_mount, m_large;

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_place.makeStore());
        m_mount = m_place.path("mount");
        QVERIFY(QDir().mkpath(m_mount));
        const Ran ran = inOwnMounts(QStringLiteral("mount -t tmpfs none \"$1\""), {m_mount});
        if (ran.crashed || ran.exitCode != 0) {
            QSKIP("no file systems may be mounted here (not root, and no user namespaces)");
        }
        constexpr int kRows = 30'000;
        m_large = m_place.write("large.csv", catalogue(kRows));
    }

    /// $1 the mount, $2 isobar-cli, $3 the store, $4 a large catalogue: the store on a disk with 1 MiB to spare.
    void fullDiskDuringAnImport()
    {
        const qint64 kib = QFileInfo(m_place.store).size() / 1024 + 1024;
        const Ran ran = inOwnMounts(QStringLiteral("mount -t tmpfs -o size=%1k none \"$1\" || exit 77\n"
                                                   "cp \"$3\" \"$1/s.db\" || exit 78\n"
                                                   "\"$2\" info \"$1/s.db\" --json > \"$4.before\"\n"
                                                   "\"$2\" import \"$1/s.db\" \"$4\"; code=$?\n"
                                                   "\"$2\" info \"$1/s.db\" --json > \"$4.after\" || exit 79\n"
                                                   "exit $code\n")
                                        .arg(kib),
                                    {m_mount, cliPath(), m_place.store, m_large});
        QVERIFY(failedWith(ran, 1));
        QVERIFY2(ran.err.contains("full") || ran.err.contains("space"), ran.err.constData());
        QFile before(m_large + QStringLiteral(".before")), after(m_large + QStringLiteral(".after"));
        QVERIFY(before.open(QIODevice::ReadOnly) && after.open(QIODevice::ReadOnly));
        const QByteArray held = before.readAll();
        QVERIFY(!parsed(held).is_discarded());
        QCOMPARE(after.readAll(), held);
    }

    void fullDiskLeavesNoHalfFile_data()
    {
        QTest::addColumn<QString>("command");
        QTest::newRow("sample") << QStringLiteral("sample \"$1/new\"");
        QTest::newRow("import --create") << QStringLiteral("import \"$1/new\" \"$4\" --create");
        for (const char* format : {"png", "svg", "pdf", "csv"}) {
            QTest::addRow("export %s", format)
                << QStringLiteral("export \"$3\" --view map --format %1 --for 2s --out \"$1/new\"")
                       .arg(QLatin1String(format));
        }
    }
    void fullDiskLeavesNoHalfFile()
    {
        QFETCH(QString, command);
        const Ran ran = inOwnMounts(QStringLiteral("mount -t tmpfs -o size=16k none \"$1\" || exit 77\n"
                                                   "head -c 14000 /dev/zero > \"$1/ballast\"\n"
                                                   "\"$2\" %1; code=$?\n"
                                                   "test \"$(ls -A \"$1\")\" = ballast || { ls -lA \"$1\"; exit 79; }\n"
                                                   "exit $code\n")
                                        .arg(command),
                                    {m_mount, cliPath(), m_place.store, m_large});
        QVERIFY(failedWith(ran, 1));
    }

    void readOnlyFolder_data()
    {
        QTest::addColumn<QString>("command");
        QTest::addColumn<int>("exitCode");
        QTest::newRow("import") << QStringLiteral("import \"$1/s.db\" \"$4\"") << 1;
        QTest::newRow("sample") << QStringLiteral("sample \"$1/new.db\"") << 1;
        QTest::newRow("export") << QStringLiteral("export \"$3\" --view map --format png --for 2s --out \"$1/new.png\"")
                                << 1;
        QTest::newRow("info reads") << QStringLiteral("info \"$1/s.db\"") << 0;
        QTest::newRow("simulate reads") << QStringLiteral("simulate \"$1/s.db\" --for 1s") << 0;
        QTest::newRow("dry run reads") << QStringLiteral("import \"$1/s.db\" \"$4\" --dry-run") << 0;
    }
    void readOnlyFolder()
    {
        QFETCH(QString, command);
        QFETCH(int, exitCode);
        const Ran ran = inOwnMounts(QStringLiteral("mount -t tmpfs none \"$1\" || exit 77\n"
                                                   "cp \"$3\" \"$1/s.db\" || exit 78\n"
                                                   "mount -o remount,ro \"$1\" || exit 78\n"
                                                   "\"$2\" %1; code=$?\n"
                                                   "cmp \"$3\" \"$1/s.db\" || exit 79\n"
                                                   "test \"$(ls -A \"$1\")\" = s.db || exit 79\n"
                                                   "exit $code\n")
                                        .arg(command),
                                    {m_mount, cliPath(), m_place.store, m_large});
        if (exitCode == 0) {
            QVERIFY2(ran.exitCode == 0 && ran.err.isEmpty(), ran.err.constData());
        } else {
            QVERIFY(failedWith(ran, exitCode));
        }
    }
};

QTEST_GUILESS_MAIN(TestCliDisk)
#include "tst_cli_disk.moc"
