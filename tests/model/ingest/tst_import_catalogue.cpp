// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/formats.h"
#include "model/ingest/text.h"
#include "tests/model/ingest/import_fixture.h"

#include <QtTest>

using namespace isobar;
using namespace isobar::test;

/// Catalogues of prices: every kind of row, layout and name.
class TestImportCatalogue : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void cleanupTestCase();
    void catalogueRows_data();
    void catalogueRows();
    void catalogueLayouts_data();
    void catalogueLayouts();
    void repairedValuesAreStored();
    void latterCountContradictsEarlier();
    void conflictingDuplicateIsStable();
    void newPricesReplaceOld();
    void providerNames_data();
    void providerNames();
    void sliceNames_data();
    void sliceNames();
    void truncatedCatalogue();

private:
    std::unique_ptr<ImportFixture> m_shared; ///< empty, for dry runs
};

void TestImportCatalogue::initTestCase()
{
    m_shared = std::make_unique<ImportFixture>();
    ISOBAR_OK(m_shared->store);
}

void TestImportCatalogue::cleanupTestCase()
{
    m_shared.reset();
}

void TestImportCatalogue::catalogueRows_data()
{
    QTest::addColumn<QByteArray>("row");
    QTest::addColumn<QString>("outcome"); // accepted, repaired, quarantined
    QTest::addColumn<QStringList>("diagnostics");
    const auto add = [](const char* name, const char* row, const char* outcome, const QStringList& diagnostics = {}) {
        QTest::newRow(name) << QByteArray(row) << QString::fromLatin1(outcome) << diagnostics;
    };
    const auto out = [](int column, const char* rule) {
        return QStringList{QStringLiteral("2:%1 %2 quarantined").arg(column).arg(QString::fromLatin1(rule))};
    };
    const auto note = [](int column, const char* rule) {
        return QStringList{QStringLiteral("2:%1 %2").arg(column).arg(QString::fromLatin1(rule))};
    };
    add("plain", "D2,,,2,8,,0.1,0.02,eastus,V2", "accepted");
    add("with a GPU", "ND96,H100,8,96,1900,\"{'Gpus': [{'Name': 'H100', 'Count': 8}]}\",98.3,,eastus,V2", "accepted");
    add("fraction of a GPU", "NV6,A10,0.167,6,55,,0.454,0.05,eastus,V2", "accepted");
    add("unquoted comma", "B12,,,12,48,,0.634,,eastus,V1,V2", "repaired", note(10, "unquoted-comma"));
    add("eleven other fields", "B12,,,12,48,,0.634,,eastus,V2,hello", "quarantined", out(11, "field-count"));
    add("nine fields", "B12,,,12,48,,0.634,,eastus", "quarantined", out(9, "field-count"));
    add("sentinel price", "D2,,,2,8,,700.0,700.0,eastus,V2", "quarantined", out(7, "price-sentinel"));
    add("sentinel price, spot is real", "D2,,,2,8,,700.0,0.1,eastus,V2", "repaired", note(7, "price-sentinel"));
    add("sentinel spot, price is real", "D2,,,2,8,,0.3,700,eastus,V2", "repaired", note(8, "price-sentinel"));
    add("near the sentinel", "tpu,tpu-v5p-512,1,,,,700.01,,eastus,V2", "accepted");
    add("blank prices", "D2,,,2,8,,,,eastus,V2", "quarantined", out(7, "price-missing"));
    add("only a spot price", "D2,,,2,8,,,0.1,eastus,V2", "accepted", note(7, "price-missing"));
    add("zero prices", "D2,,,2,8,,0.0,0.0,eastus,V2", "quarantined", out(7, "price-zero"));
    add("negative price", "D2,,,2,8,,-0.1,,eastus,V2", "quarantined", out(7, "price"));
    add("NaN price", "D2,,,2,8,,nan,,eastus,V2", "quarantined", out(7, "price"));
    add("infinite price", "D2,,,2,8,,inf,,eastus,V2", "quarantined", out(7, "price"));
    add("overflowing price", "D2,,,2,8,,1e999,,eastus,V2", "quarantined", out(7, "price"));
    add("absurd price", "D2,,,2,8,,1001,,eastus,V2", "quarantined", out(7, "price"));
    add("large price of a large slice", "x,tpu-v5p-12288,1,,,,21772.8,,eastus,V2", "accepted");
    add("price in words", "D2,,,2,8,,cheap,,eastus,V2", "quarantined", out(7, "price"));
    add("price with a currency", "D2,,,2,8,,$0.10,,eastus,V2", "quarantined", out(7, "price"));
    add("bad spot price", "D2,,,2,8,,0.1,0.x,eastus,V2", "quarantined", out(8, "price"));
    add("spot dearer", "D2,,,2,8,,0.1,0.2,eastus,V2", "accepted", note(8, "spot-above-on-demand"));
    add("12 on an 8-GPU server", "Standard_ND96isr_H100_v5,H100,12,96,1900,,98,,eastus,V2", "quarantined",
        out(3, "accelerator-count"));
    add("count against the name", "a3-highgpu-8g,H100,4,208,1872,,88,,eastus,V2", "quarantined",
        out(3, "accelerator-count"));
    add("one and a half GPUs", "NV6,A10,1.5,6,55,,0.4,,eastus,V2", "quarantined", out(3, "accelerator-count"));
    add("negative count", "NV6,A10,-1,6,55,,0.4,,eastus,V2", "quarantined", out(3, "accelerator-count"));
    add("named without a count", "NV6,A10,,6,55,,0.4,,eastus,V2", "quarantined", out(3, "accelerator-count"));
    add("counted without a name", "NP10s,,1,10,168,,1.65,,eastus,V2", "accepted", note(2, "accelerator-unnamed"));
    add("no region", "D2,,,2,8,,0.1,,,V2", "quarantined", out(9, "region-missing"));
    add("no name at all", ",,,2,8,,0.1,,eastus,V2", "quarantined", out(1, "name-missing"));
    add("accelerator sold apart", ",A100,4,,,,11.7,3.5,eastus,V2", "accepted");
    add("vCPUs in words", "D2,,,two,8,,0.1,,eastus,V2", "quarantined", out(4, "number"));
    add("not UTF-8", "D\xff,,,2,8,,0.1,,eastus,V2", "quarantined", out(1, "encoding"));
    add("control character", "D\x1b[31m,,,2,8,,0.1,,eastus,V2", "quarantined", out(1, "encoding"));
    add("UTF-8 name", "D2,,,2,8,,0.1,,são-paulo,V2", "accepted");
    add("text after a quote", "D2,\"a\"b,,2,8,,0.1,,eastus,V2", "quarantined", out(2, "text-after-quote"));
    add("quote left open", "D2,\"ab,,2,8,,0.1,,eastus,V2", "quarantined", out(0, "open-quote"));
}

void TestImportCatalogue::catalogueRows()
{
    QFETCH(QByteArray, row);
    QFETCH(QString, outcome);
    QFETCH(QStringList, diagnostics);
    // A store takes a while to make, and a dry run judges rows like any other.
    ImportFixture& f = *m_shared;
    // A good row behind it shows that reading goes on.
    const auto report = f.import("azure.vms.csv", kCatalogueHeader + row.toStdString() + "\nZ9,,,1,1,,0.5,,westus,V2\n",
                                 {.format = std::nullopt, .dryRun = true});
    ISOBAR_OK(report);
    QCOMPARE(diagnosed(*report), diagnostics);
    const auto& r = report->record;
    QCOMPARE(r.rowsRead, 2);
    QVERIFY(addsUp(r));
    QCOMPARE(r.rowsAccepted, outcome == QLatin1String("accepted") ? 2 : 1);
    QCOMPARE(r.rowsRepaired, outcome == QLatin1String("repaired") ? 1 : 0);
    QCOMPARE(r.rowsQuarantined, outcome == QLatin1String("quarantined") ? 1 : 0);
    for (const auto& d : report->diagnostics) {
        QVERIFY(d.text.size() <= 200);
        QVERIFY(ingest::isPrintableUtf8(d.text));
    }
}

void TestImportCatalogue::catalogueLayouts_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::newRow("other order") << QByteArray("Region,Price,AcceleratorCount,AcceleratorName,InstanceType\n"
                                               "eu-north1,2.5,8,H100,8gpu-128vcpu\n");
    QTest::newRow("CRLF") << QByteArray("Region,Price,AcceleratorCount,AcceleratorName,InstanceType\r\n"
                                        "eu-north1,2.5,8,H100,8gpu-128vcpu\r\n");
    QTest::newRow("BOM, blanks and case") << QByteArray("\xef\xbb\xbfregion, price ,ACCELERATORCOUNT,AcceleratorName,"
                                                        "InstanceType\n eu-north1 , 2.5,8 ,H100,8gpu-128vcpu\n");
    QTest::newRow("quoted") << QByteArray("\"Region\",\"Price\",\"AcceleratorCount\",\"AcceleratorName\","
                                          "\"InstanceType\"\n\"eu-north1\",\"2.5\",\"8\",\"H100\",\"8gpu-128vcpu\"\n");
    QTest::newRow("columns nobody knows") << QByteArray("Note,Region,Price,AcceleratorCount,AcceleratorName,"
                                                        "InstanceType\n\"a, b\",eu-north1,2.5,8,H100,8gpu-128vcpu\n");
}

void TestImportCatalogue::catalogueLayouts()
{
    QFETCH(QByteArray, text);
    ImportFixture f;
    const auto report = f.import("nebius_vms.csv", text.toStdString());
    ISOBAR_OK(report);
    QCOMPARE(report->record.rowsAccepted, 1);
    const auto offers = f.store->offers("nebius", "H100", 10);
    ISOBAR_OK(offers);
    QCOMPARE(offers->size(), std::size_t{1});
    QCOMPARE(offers->front().region, std::string("eu-north1"));
    QCOMPARE(offers->front().instanceType, std::string("8gpu-128vcpu"));
    QCOMPARE(offers->front().acceleratorCount, 8.0);
    QVERIFY(offers->front().usdPerHour == 2.5);
    QVERIFY(!offers->front().spotUsdPerHour);
}

void TestImportCatalogue::repairedValuesAreStored()
{
    ImportFixture f;
    ISOBAR_OK(f.import("azure.vms.csv", kCatalogueHeader + "B12,,,12,48,,0.634,,eastus,V1,V2\n"
                                                           ",tpu-v6e-256,1,,,,691.2,700.0,us-east5,V2\n"));
    const auto offers = f.store->offers("azure", "", 10);
    ISOBAR_OK(offers);
    QCOMPARE(offers->at(0).generation, std::string("V1,V2"));
    QVERIFY(offers->at(1).usdPerHour == 691.2);
    QVERIFY(!offers->at(1).spotUsdPerHour);
    QCOMPARE(offers->at(1).chips, 256.0);
    QCOMPARE(offers->at(1).acceleratorCount, 1.0);
}

void TestImportCatalogue::latterCountContradictsEarlier()
{
    ImportFixture f;
    const auto report = f.import("azure.vms.csv", kCatalogueHeader + "ND96,H100,8,96,1900,,98,,eastus,V2\n"
                                                                     "ND96,H100,4,96,1900,,98,,westus,V2\n");
    ISOBAR_OK(report);
    QCOMPARE(diagnosed(*report), QStringList{QStringLiteral("3:3 accelerator-count quarantined")});
    QVERIFY(report->diagnostics[0].text.find("earlier rows of ND96 have 8") != std::string::npos);
}

void TestImportCatalogue::conflictingDuplicateIsStable()
{
    ImportFixture f;
    const std::string text =
        kCatalogueHeader + "D2,,,2,8,,0.1,,eastus,V2\nD2,,,2,8,,0.2,,eastus,V2\nD2,,,2,8,,0.1,,eastus,V2\n";
    const auto first = f.import("azure.vms.csv", text);
    ISOBAR_OK(first);
    QCOMPARE(diagnosed(*first), (QStringList{QStringLiteral("3:0 conflicting-duplicate quarantined"),
                                             QStringLiteral("4:0 duplicate-row")}));
    QCOMPARE(first->record.rowsUnchanged, 1);
    const auto second = f.import("azure.vms.csv", text);
    ISOBAR_OK(second);
    QCOMPARE(second->record.rowsAccepted, 0);
    QCOMPARE(second->record.rowsUnchanged, 2);
    QVERIFY(f.store->offers("", "", 10)->front().usdPerHour == 0.1);
}

void TestImportCatalogue::newPricesReplaceOld()
{
    ImportFixture f;
    ISOBAR_OK(f.import("azure.vms.csv", kCatalogueHeader + "D2,,,2,8,,0.1,,eastus,V2\nD4,,,4,8,,0.2,,eastus,V2\n"));
    const auto report =
        f.import("azure.vms.csv", kCatalogueHeader + "D2,,,2,8,,0.3,,eastus,V2\nD4,,,4,8,,0.2,,eastus,V2\n");
    ISOBAR_OK(report);
    QCOMPARE(report->record.rowsAccepted, 1);
    QCOMPARE(report->record.rowsUnchanged, 1);
    const auto offers = f.store->offers("", "", 10);
    QCOMPARE(offers->size(), std::size_t{2});
    QVERIFY(offers->front().usdPerHour == 0.3);
}

void TestImportCatalogue::providerNames_data()
{
    QTest::addColumn<QString>("path");
    QTest::addColumn<QString>("provider");
    QTest::newRow("dots") << QStringLiteral("/d/azure.vms.csv") << QStringLiteral("azure");
    QTest::newRow("underscore") << QStringLiteral("/d/nebius_vms.csv") << QStringLiteral("nebius");
    QTest::newRow("folder") << QStringLiteral("/d/oci/vms.csv") << QStringLiteral("oci");
    QTest::newRow("capitals") << QStringLiteral("GCP.csv") << QStringLiteral("gcp");
    QTest::newRow("nothing") << QStringLiteral("/d/.csv") << QStringLiteral("unknown");
}

void TestImportCatalogue::providerNames()
{
    QFETCH(QString, path);
    QFETCH(QString, provider);
    QCOMPARE(QString::fromStdString(ingest::providerFromPath(path.toStdString())), provider);
}

void TestImportCatalogue::sliceNames_data()
{
    QTest::addColumn<QString>("accelerator");
    QTest::addColumn<double>("count");
    QTest::addColumn<double>("chips");
    QTest::newRow("GPU") << QStringLiteral("H100") << 8.0 << 8.0;
    QTest::newRow("fraction") << QStringLiteral("A10") << 0.5 << 0.5;
    QTest::newRow("v6e is named by chips") << QStringLiteral("tpu-v6e-256") << 1.0 << 256.0;
    QTest::newRow("v5e is named by chips") << QStringLiteral("tpu-v5litepod-16") << 1.0 << 16.0;
    QTest::newRow("v5p is named by cores") << QStringLiteral("tpu-v5p-8") << 1.0 << 4.0;
    QTest::newRow("v2 is named by cores") << QStringLiteral("tpu-v2-512") << 1.0 << 256.0;
    QTest::newRow("no size") << QStringLiteral("tpu-v9") << 2.0 << 2.0;
    QTest::newRow("strange size") << QStringLiteral("tpu-v6e-0") << 1.0 << 1.0;
    QTest::newRow("only a dash") << QStringLiteral("tpu-") << 1.0 << 1.0;
}

void TestImportCatalogue::sliceNames()
{
    QFETCH(QString, accelerator);
    QFETCH(double, count);
    QFETCH(double, chips);
    QCOMPARE(ingest::chipsOfAccelerator(accelerator.toStdString(), count), chips);
}

void TestImportCatalogue::truncatedCatalogue()
{
    const std::string whole = kCatalogueHeader + "D2,,,2,8,,0.1,0.02,eastus,V2\nD4,,,4,16,,0.25,0.05,westus,V2\n";
    // Wherever the file is cut inside its last row, that row is left out and the row before it is not.
    const std::size_t lastRow = whole.rfind("\nD4") + 1;
    for (std::size_t cut = lastRow + 1; cut < whole.size(); ++cut) {
        const auto report =
            m_shared->import("azure.vms.csv", whole.substr(0, cut), {.format = std::nullopt, .dryRun = true});
        ISOBAR_OK(report);
        QCOMPARE(report->record.rowsAccepted, 1);
        QCOMPARE(report->record.rowsQuarantined, 1);
        QCOMPARE(report->diagnostics.at(0).line, 3);
        QCOMPARE(report->diagnostics.at(0).rule, std::string("truncated"));
    }
}

QTEST_GUILESS_MAIN(TestImportCatalogue)
#include "tst_import_catalogue.moc"
