// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/recording/recording.h"
#include "tests/app/cli_run.h"

#include <QFileInfo>

using namespace isobar;
using namespace isobar::test;

class TestCliRecord : public QObject {
    Q_OBJECT

    Workplace m_place;

    QStringList simulate(const QStringList& more) const
    {
        return QStringList{QStringLiteral("simulate"), m_place.store, QStringLiteral("--for"), QStringLiteral("5s"),
                           QStringLiteral("--json")} +
               more;
    }

private Q_SLOTS:
    void initTestCase() { QVERIFY(m_place.makeStore()); }

    void recordingChangesNoNumberAndReportsItsSize()
    {
        const QString file = m_place.path("run.rec");
        const Json a = document(simulate({QStringLiteral("--record"), file})),
                   b = document(simulate({QStringLiteral("--settle"), QStringLiteral("2")}));
        QVERIFY(a.is_object() && b.is_object());
        QVERIFY(a["state_hash"] == b["state_hash"]);
        QCOMPARE(a["record_bytes"].get<qint64>(), QFileInfo(file).size());
        QCOMPARE(a["record_bytes_per_simulated_hour"].get<double>(), double(QFileInfo(file).size()) / 5 * 3600);
        QVERIFY(!b.contains("record_bytes"));

        const auto opened = recording::openRecording(file.toStdString());
        QVERIFY(opened.ok() && opened->damage().empty());
        QCOMPARE(opened->end(), 5 * aggregate::kMicrosPerSecond);
        std::int64_t completed = 0;
        const auto all = opened->read(0, opened->end());
        QVERIFY(all.ok());
        for (const auto& interval : all->intervals) {
            for (const aggregate::DemandTotals& row : interval->demand) {
                completed += row.completed;
            }
        }
        QCOMPARE(completed, b["completed"].get<std::int64_t>());
    }

    void aStoreIsNotRecordedOver()
    {
        QVERIFY(failedWith(cli(simulate({QStringLiteral("--record"), m_place.store})), 1));
        QCOMPARE(cli({QStringLiteral("info"), m_place.store}).exitCode, 0);
    }
};

QTEST_GUILESS_MAIN(TestCliRecord)
#include "tst_cli_record.moc"
