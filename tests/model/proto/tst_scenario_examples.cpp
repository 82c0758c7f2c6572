// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/proto/operations_text.h"
#include "model/proto/shipped.h"
#include "tests/support/test_support.h"

#include <QDir>
#include <QFile>
#include <QTest>

using namespace isobar;

/// What the documents show must work on the fleet that ships.
class TestScenarioExamples : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void examplesFitTheSampleFleet_data()
    {
        QTest::addColumn<QString>("path");
        const QDir folder(QString::fromStdString((test::sourceDir() / "docs/examples").string()));
        QVERIFY(folder.exists());
        for (const QFileInfo& file : folder.entryInfoList({QStringLiteral("*.textproto")}, QDir::Files)) {
            QTest::newRow(qPrintable(file.fileName())) << file.filePath();
        }
    }
    void examplesFitTheSampleFleet()
    {
        QFETCH(QString, path);
        QFile file(path);
        QVERIFY(file.open(QIODevice::ReadOnly));
        const auto fleet = proto::shippedSample();
        QVERIFY(fleet.ok());
        const auto operations = proto::parseOperationsText(file.readAll().toStdString(), path.toStdString(), *fleet);
        QVERIFY2(operations.ok(), operations.ok() ? "" : operations.error().toString().c_str());
        QVERIFY(!operations->faults.empty());
    }
};

QTEST_APPLESS_MAIN(TestScenarioExamples)
#include "tst_scenario_examples.moc"
