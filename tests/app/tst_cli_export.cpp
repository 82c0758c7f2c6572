// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/app/cli_run.h"

#include <QXmlStreamReader>
#include <QtEndian>

using namespace isobar;
using namespace isobar::test;

namespace {

constexpr int kWidth = 640, kHeight = 400;

QByteArray bytesOf(const QString& path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

/// Width and height of a PNG, from its header.
QPair<int, int> pngSize(const QByteArray& png)
{
    constexpr int kAt = 16, kHeader = 24;
    if (!png.startsWith("\x89PNG\r\n\x1a\n") || png.size() < kHeader || !png.contains("IEND")) {
        return {};
    }
    return {qFromBigEndian<qint32>(png.constData() + kAt), qFromBigEndian<qint32>(png.constData() + kAt + 4)};
}

bool isWellFormed(const QByteArray& xml)
{
    QXmlStreamReader reader(xml);
    int elements = 0;
    while (!reader.atEnd()) {
        elements += reader.readNext() == QXmlStreamReader::StartElement ? 1 : 0;
    }
    return !reader.hasError() && elements > 5;
}

/// One line of a CSV, quotes included, as its cells.
QList<QByteArray> cellsOf(const QByteArray& line)
{
    QList<QByteArray> cells{{}};
    bool quoted = false;
    for (const char c : line.trimmed()) {
        quoted = quoted != (c == '"');
        if (c == ',' && !quoted) {
            cells.append(QByteArray());
        } else {
            cells.back() += c;
        }
    }
    return cells;
}

} // namespace

/// `export`: every view in every format, without a display.
class TestCliExport : public QObject {
    Q_OBJECT

    Workplace m_place;

    [[nodiscard]] Ran write(const QString& view, const QString& format, const QString& out,
                            const QStringList& more = {}) const
    {
        QProcess process;
        // Not even a display that does not answer may matter.
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(QStringLiteral("DISPLAY"), QStringLiteral(":987"));
        environment.remove(QStringLiteral("QT_QPA_PLATFORM"));
        process.setProcessEnvironment(environment);
        process.start(cliPath(), QStringList{QStringLiteral("export"), m_place.store, QStringLiteral("--view"), view,
                                             QStringLiteral("--format"), format, QStringLiteral("--out"), out,
                                             QStringLiteral("--settle"), QStringLiteral("3"), QStringLiteral("--size"),
                                             QStringLiteral("%1x%2").arg(kWidth).arg(kHeight)} +
                                     (more.contains(QStringLiteral("--for"))
                                          ? more
                                          : more + QStringList{QStringLiteral("--for"), QStringLiteral("5s")}));
        return finish(process);
    }

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_place.makeStore());
        QVERIFY(document({QStringLiteral("simulate"), m_place.store, QStringLiteral("--for"), QStringLiteral("5s"),
                          QStringLiteral("--settle"), QStringLiteral("3"), QStringLiteral("--history"),
                          QStringLiteral("--json")})
                    .is_object());
    }

    void everyViewInEveryFormat_data()
    {
        QTest::addColumn<QString>("view");
        QTest::addColumn<QString>("format");
        for (const char* view : {"overview", "map", "throughput", "latency", "share"}) {
            for (const char* format : {"png", "svg", "pdf", "csv"}) {
                QTest::addRow("%s as %s", view, format)
                    << QString(QLatin1String(view)) << QString(QLatin1String(format));
            }
        }
    }
    void everyViewInEveryFormat()
    {
        QFETCH(QString, view);
        QFETCH(QString, format);
        const QString out = m_place.folder.filePath(view + QLatin1Char('.') + format);
        const Ran ran = write(view, format, out);
        QVERIFY2(ran.exitCode == 0 && !ran.crashed, ran.err.constData());
        QVERIFY2(ran.out.isEmpty() && ran.err.isEmpty(), ran.err.constData());
        const QByteArray bytes = bytesOf(out);
        if (format == QLatin1String("png")) {
            QCOMPARE(pngSize(bytes), qMakePair(kWidth, kHeight));
        } else if (format == QLatin1String("svg")) {
            QVERIFY(isWellFormed(bytes));
            QVERIFY(bytes.contains("<svg"));
        } else if (format == QLatin1String("pdf")) {
            QVERIFY(bytes.startsWith("%PDF-"));
            QVERIFY(bytes.trimmed().endsWith("%%EOF"));
        } else {
            const QList<QByteArray> lines = bytes.trimmed().split('\n');
            QVERIFY2(lines.size() > 1, bytes.constData());
            for (const QByteArray& line : lines) {
                QVERIFY2(line.count(',') >= lines.front().count(','), line.constData());
            }
        }
    }

    void csvIsTheSameEveryTime()
    {
        const QString one = m_place.path("one.csv"), two = m_place.path("two.csv"), other = m_place.path("other.csv");
        QCOMPARE(
            write(QStringLiteral("map"), QStringLiteral("csv"), one, {QStringLiteral("--threads"), QStringLiteral("1")})
                .exitCode,
            0);
        QCOMPARE(
            write(QStringLiteral("map"), QStringLiteral("csv"), two, {QStringLiteral("--threads"), QStringLiteral("2")})
                .exitCode,
            0);
        QCOMPARE(
            write(QStringLiteral("map"), QStringLiteral("csv"), other, {QStringLiteral("--seed"), QStringLiteral("7")})
                .exitCode,
            0);
        QVERIFY(!bytesOf(one).isEmpty());
        QCOMPARE(bytesOf(one), bytesOf(two));
        QVERIFY(bytesOf(one) != bytesOf(other));
    }

    void scaleMultipliesThePixels()
    {
        const QString out = m_place.path("twice.png");
        QCOMPARE(
            write(QStringLiteral("map"), QStringLiteral("png"), out,
                  {QStringLiteral("--scale"), QStringLiteral("2"), QStringLiteral("--theme"), QStringLiteral("light")})
                .exitCode,
            0);
        QCOMPARE(pngSize(bytesOf(out)), qMakePair(2 * kWidth, 2 * kHeight));
    }

    void filtersNarrowTheNumbers()
    {
        const auto fleet = contents(m_place.store).fleet;
        QVERIFY(fleet);
        const QString all = m_place.path("all.csv"), some = m_place.path("some.csv");
        QCOMPARE(write(QStringLiteral("share"), QStringLiteral("csv"), all).exitCode, 0);
        const QString model = QString::fromStdString(fleet->models.front().name);
        QCOMPARE(
            write(QStringLiteral("share"), QStringLiteral("csv"), some, {QStringLiteral("--model"), model}).exitCode,
            0);
        QVERIFY(!bytesOf(some).isEmpty());
        QVERIFY(bytesOf(all) != bytesOf(some));
    }

    /// A run that was recorded with the same seed is the same run: whatever is shown, nothing changed.
    void everyViewComparesWithARecordedRun_data()
    {
        QTest::addColumn<QString>("view");
        for (const char* view : {"overview", "map", "throughput", "latency", "share", "throughput-by-model", "spend",
                                 "spend-by-model", "ttft-distribution", "load-heat", "load-spread", "flows",
                                 "spend-tree", "commitments", "concentration", "margin", "summary"}) {
            QTest::newRow(view) << QString(QLatin1String(view));
        }
    }
    void everyViewComparesWithARecordedRun()
    {
        QFETCH(QString, view);
        const QString plain = m_place.path("plain.csv"), out = m_place.path("compared.csv");
        const QStringList baseline{QStringLiteral("--scenario"), QStringLiteral("baseline"), QStringLiteral("--for"),
                                   QStringLiteral("2s")};
        Ran ran = write(view, QStringLiteral("csv"), plain, baseline);
        QVERIFY2(ran.exitCode == 0, ran.err.constData());
        ran = write(view, QStringLiteral("csv"), out,
                    baseline + QStringList{QStringLiteral("--compare"), QStringLiteral("baseline")});
        QVERIFY2(ran.exitCode == 0 && ran.err.isEmpty(), ran.err.constData());
        const QList<QByteArray> before = bytesOf(plain).trimmed().split('\n');
        const QList<QByteArray> lines = bytesOf(out).trimmed().split('\n');
        QCOMPARE(lines.size(), before.size());
        const QList<QByteArray> names = lines.front().trimmed().split(',');
        int bases = 0;
        for (qsizetype i = 0; i < names.size(); ++i) {
            if (!names[i].endsWith("_base")) {
                continue;
            }
            ++bases;
            const qsizetype own = names.indexOf(names[i].chopped(5));
            QVERIFY2(own >= 0, names[i].constData());
            for (const QByteArray& line : lines.mid(1)) {
                const QList<QByteArray> cells = cellsOf(line);
                QCOMPARE(cells.size(), names.size());
                QCOMPARE(cells[i], cells[own]);
            }
        }
        QVERIFY2(bases > 0, lines.front().constData());
    }

    void comparisonsChangeThePicture()
    {
        const QString plain = m_place.path("alone.png"), out = m_place.path("beside.png");
        const QStringList seed{QStringLiteral("--seed"), QStringLiteral("9")}; // not the recorded one
        QCOMPARE(write(QStringLiteral("throughput"), QStringLiteral("png"), plain, seed).exitCode, 0);
        for (const char* with : {"1", "run:1", "baseline"}) {
            const Ran ran = write(QStringLiteral("throughput"), QStringLiteral("png"), out,
                                  seed + QStringList{QStringLiteral("--compare"), QLatin1String(with)});
            QVERIFY2(ran.exitCode == 0, ran.err.constData());
            QVERIFY(bytesOf(out) != bytesOf(plain));
        }
    }

    void figuresAreJudgedByTheTargetsOfTheStore()
    {
        const QString usual = m_place.path("usual.png"), without = m_place.path("without.png");
        QCOMPARE(write(QStringLiteral("overview"), QStringLiteral("png"), usual).exitCode, 0);
        const auto keep = [this](const char* targets) {
            auto store = store::Store::open(m_place.store.toStdString());
            return store.ok() && store->setSetting("kpi_targets", targets).ok();
        };
        const char* const none = "{\"schema\": 1, \"targets\": []}";
        QVERIFY(keep(none));
        QCOMPARE(write(QStringLiteral("overview"), QStringLiteral("png"), without).exitCode, 0);
        QVERIFY(bytesOf(without) != bytesOf(usual));
        QVERIFY(keep("no targets"));
        const Ran ran = write(QStringLiteral("overview"), QStringLiteral("png"), without);
        QCOMPARE(ran.exitCode, 1);
        QVERIFY(!ran.err.isEmpty());
        QVERIFY(keep("")); // none kept: the usual ones
    }

    void thePreviousPeriodIsWhatRanBefore()
    {
        const QString first = m_place.path("first.csv"), both = m_place.path("second.csv");
        const auto share = [this](const QString& out, const QString& length, const QStringList& more) {
            return write(QStringLiteral("share"), QStringLiteral("csv"), out,
                         QStringList{QStringLiteral("--for"), length} + more);
        };
        QCOMPARE(share(first, QStringLiteral("2s"), {}).exitCode, 0);
        const Ran ran = share(
            both, QStringLiteral("4s"),
            {QStringLiteral("--range"), QStringLiteral("2s"), QStringLiteral("--compare"), QStringLiteral("previous")});
        QVERIFY2(ran.exitCode == 0, ran.err.constData());
        const QList<QByteArray> then = bytesOf(first).trimmed().split('\n');
        const QList<QByteArray> now = bytesOf(both).trimmed().split('\n');
        QCOMPARE(now.size(), then.size());
        const auto cell = [](const QList<QByteArray>& lines, qsizetype line, const QByteArray& name) {
            return lines[line].trimmed().split(',').value(lines.front().trimmed().split(',').indexOf(name));
        };
        for (qsizetype i = 1; i < then.size(); ++i) {
            QVERIFY(!cell(then, i, "tokens_per_second").isEmpty());
            QCOMPARE(cell(now, i, "tokens_per_second_base"), cell(then, i, "tokens_per_second"));
            QCOMPARE(cell(now, i, "spend_usd_per_day_base"), cell(then, i, "spend_usd_per_day"));
        }
    }

    void whatCannotBeComparedIsRefused_data()
    {
        QTest::addColumn<QStringList>("words");
        QTest::addColumn<int>("exitCode");
        QTest::addColumn<QByteArray>("said");
        QTest::newRow("no comparison") << QStringList{QStringLiteral("--compare"), QStringLiteral("last")} << 2
                                       << QByteArray("previous, baseline");
        QTest::newRow("no such run") << QStringList{QStringLiteral("--compare"), QStringLiteral("9")} << 1
                                     << QByteArray("run 9");
        QTest::newRow("nothing before") << QStringList{QStringLiteral("--compare"), QStringLiteral("previous")} << 1
                                        << QByteArray("--range");
        QTest::newRow("later than recorded")
            << QStringList{QStringLiteral("--compare"), QStringLiteral("1"),       QStringLiteral("--for"),
                           QStringLiteral("9s"),        QStringLiteral("--range"), QStringLiteral("2s")}
            << 1 << QByteArray("from 7 s to 9 s");
    }
    void whatCannotBeComparedIsRefused()
    {
        QFETCH(QStringList, words);
        QFETCH(int, exitCode);
        QFETCH(QByteArray, said);
        const QString out = m_place.path("refused.csv");
        const Ran ran = write(QStringLiteral("share"), QStringLiteral("csv"), out, words);
        QVERIFY(failedWith(ran, exitCode));
        QVERIFY2(ran.err.contains(said), ran.err.constData());
        QVERIFY(!QFile::exists(out));
    }

    void unknownNamesAreRefused_data()
    {
        QTest::addColumn<QStringList>("filter");
        QTest::addColumn<QByteArray>("known");
        QTest::newRow("model") << QStringList{QStringLiteral("--model"), QStringLiteral("Nonesuch-1B")}
                               << QByteArray("Llama");
        QTest::newRow("provider") << QStringList{QStringLiteral("--provider"), QStringLiteral("nimbus")}
                                  << QByteArray("azure");
        QTest::newRow("region") << QStringList{QStringLiteral("--region"), QStringLiteral("azure/atlantis")}
                                << QByteArray("azure/eastus");
    }
    void unknownNamesAreRefused()
    {
        QFETCH(QStringList, filter);
        QFETCH(QByteArray, known);
        const QString out = m_place.path("refused.png");
        const Ran ran = write(QStringLiteral("map"), QStringLiteral("png"), out, filter);
        QVERIFY(failedWith(ran, 1));
        QVERIFY2(ran.err.contains(known), ran.err.constData());
        QVERIFY(!QFile::exists(out));
    }

    void aFolderThatIsNotThere()
    {
        const Ran ran = write(QStringLiteral("map"), QStringLiteral("png"),
                              m_place.folder.filePath(QStringLiteral("no/where.png")));
        QVERIFY(failedWith(ran, 1));
        QVERIFY(ran.err.contains("where.png"));
    }
};

QTEST_GUILESS_MAIN(TestCliExport)
#include "tst_cli_export.moc"
