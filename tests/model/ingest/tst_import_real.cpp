// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/import.h"
#include "model/ingest/import_bench.h"
#include "tests/model/store/store_fixture.h"
#include "tests/support/test_support.h"

#include <QtTest>

#include <algorithm>
#include <map>

using namespace isobar;
using ingest::ImportReport;
using isobar::test::Folder;
using store::Store;

namespace {

std::map<std::string, int> rules(const ImportReport& report)
{
    std::map<std::string, int> count;
    for (const auto& d : report.diagnostics) {
        ++count[d.rule];
    }
    return count;
}

} // namespace

/// The published files, whole, with every trap they have.
class TestImportReal : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void catalogue_data();
    void catalogue();
    void trace();
    void headerOnly();
    void measured();
};

void TestImportReal::catalogue_data()
{
    QTest::addColumn<QString>("file");
    QTest::addColumn<QString>("provider");
    QTest::addColumn<qint64>("read");
    QTest::addColumn<qint64>("repaired");
    QTest::addColumn<qint64>("quarantined");
    QTest::addColumn<qint64>("unchanged");
    const auto row = [](const char* file, const char* provider, qint64 read, qint64 repaired, qint64 quarantined,
                        qint64 unchanged) {
        QTest::newRow(provider) << QString::fromLatin1(file) << QString::fromLatin1(provider) << read << repaired
                                << quarantined << unchanged;
    };
    // azure: "V1,V2" without quotes. gcp: 8 spot prices and 32 whole rows are the 700.0 sentinel, 11 cost nothing,
    // 146 rows repeat another (and 8 of the quarantined).
    row("azure.vms.csv", "azure", 60455, 29856, 0, 0);
    row("gcp.vms.csv", "gcp", 30605, 8, 43, 146);
    row("lambda.vms.csv", "lambda", 272, 0, 0, 0);
}

void TestImportReal::catalogue()
{
    QFETCH(QString, file);
    QFETCH(QString, provider);
    QFETCH(qint64, read);
    QFETCH(qint64, repaired);
    QFETCH(qint64, quarantined);
    QFETCH(qint64, unchanged);
    ISOBAR_NEED_DATA(folder, "prices/anycloud_2026-04-11");
    const Folder scratch;
    auto store = Store::create(scratch / "a.isobar");
    QVERIFY(store.ok());

    const auto first = ingest::importFile(*store, folder / file.toStdString(), {}, {});
    QVERIFY2(first.ok(), first.ok() ? "" : first.error().toString().c_str());
    const auto& r = first->record;
    for (const auto& [rule, count] : rules(*first)) {
        qInfo("%s: %d", rule.c_str(), count);
    }
    QCOMPARE(r.format, std::string("skypilot-catalogue"));
    QCOMPARE(r.rowsRead, read);
    QCOMPARE(r.rowsRepaired, repaired);
    QCOMPARE(r.rowsQuarantined, quarantined);
    QCOMPARE(r.rowsUnchanged, unchanged);
    QCOMPARE(r.rowsAccepted, read - repaired - quarantined - unchanged);
    const auto offers = store->offers(provider.toStdString(), "", 1'000'000);
    QVERIFY(offers.ok());
    QCOMPARE(static_cast<qint64>(offers->size()), r.rowsAccepted + r.rowsRepaired);

    const auto second = ingest::importFile(*store, folder / file.toStdString(), {}, {});
    QVERIFY(second.ok());
    QCOMPARE(second->record.rowsRead, read);
    QCOMPARE(second->record.rowsAccepted + second->record.rowsRepaired, 0);
    QCOMPARE(second->record.rowsQuarantined, quarantined);
    QVERIFY(*store->offers(provider.toStdString(), "", 1'000'000) == *offers);
    QCOMPARE(store->counts()->quarantined, quarantined);
}

void TestImportReal::trace()
{
    ISOBAR_NEED_DATA(file, "llm_traces/azure_2023/AzureLLMInferenceTrace_conv.csv");
    const Folder scratch;
    auto store = Store::create(scratch / "a.isobar");
    QVERIFY(store.ok());
    const auto report = ingest::importFile(*store, file, {}, {});
    QVERIFY2(report.ok(), report.ok() ? "" : report.error().toString().c_str());
    QCOMPARE(report->record.rowsAccepted, 19366);
    QCOMPARE(report->record.rowsRead, 19366);
    const auto requests = store->loadTrace("AzureLLMInferenceTrace_conv");
    QVERIFY(requests.ok());
    QCOMPARE(requests->size(), std::size_t{19366});
    QCOMPARE(requests->at(0).arrivalSeconds, 0.0);
    QCOMPARE(requests->at(1).arrivalSeconds, 4.314579); // 50.9951690 - 46.6805900
    QCOMPARE(requests->at(1).inputTokens, 396);
    QCOMPARE(requests->at(1).outputTokens, 109);
    QVERIFY(std::abs(requests->back().arrivalSeconds - 3501.7) < 0.1);
    QVERIFY(std::is_sorted(requests->begin(), requests->end(),
                           [](const auto& a, const auto& b) { return a.arrivalSeconds < b.arrivalSeconds; }));
    const auto again = ingest::importFile(*store, file, {}, {});
    QVERIFY(again.ok());
    QCOMPARE(again->record.rowsUnchanged, 19366);
}

void TestImportReal::headerOnly()
{
    ISOBAR_NEED_DATA(file, "prices/anycloud_2026-04-02_header_only/azure.vms.csv");
    const Folder scratch;
    auto store = Store::create(scratch / "a.isobar");
    QVERIFY(store.ok());
    const auto report = ingest::importFile(*store, file, {}, {});
    QVERIFY(!report.ok());
    QVERIFY(report.error().message.find("no rows") != std::string::npos);
    QVERIFY(store->imports()->empty());
}

void TestImportReal::measured()
{
    ISOBAR_NEED_DATA(folder, "prices/anycloud_2026-04-11");
    const auto bench =
        ingest::benchmarkImport({folder / "azure.vms.csv", folder / "gcp.vms.csv", folder / "lambda.vms.csv"});
    QVERIFY2(bench.ok(), bench.ok() ? "" : bench.error().toString().c_str());
    QCOMPARE(bench->rows, 91332);
    qInfo("import %.3f s, plain inserts %.3f s, again %.3f s", bench->wallSeconds, bench->baselineSeconds,
          bench->reimportSeconds);
}

QTEST_GUILESS_MAIN(TestImportReal)
#include "tst_import_real.moc"
