// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/app/cli_run.h"

using namespace isobar;
using namespace isobar::test;

/// `devices`: the same chips as rows and as a document, and what is wrong usage of it; `simulate` tells the balance.
class TestCliDevices : public QObject {
    Q_OBJECT

    Workplace m_place;

private Q_SLOTS:
    void initTestCase() { QVERIFY(m_place.makeStore()); }

    void rowsAndDocumentAgree()
    {
        const QStringList command{QStringLiteral("devices"), m_place.store, QStringLiteral("gcp/us-central1/TPU v6e"),
                                  QStringLiteral("--for"), QStringLiteral("2s")};
        const Ran csv = cli(command + QStringList{QStringLiteral("--format"), QStringLiteral("csv")});
        QCOMPARE(csv.exitCode, 0);
        const QList<QByteArray> lines = csv.out.trimmed().split('\n');
        QVERIFY(lines.front().contains("DCGM_FI_DEV_POWER_USAGE"));
        const Json document = test::document(command + QStringList{QStringLiteral("--json")});
        QVERIFY(hasKeys(document, {"pool", "counts", "chips", "slices", "power_watts", "utilization_ratio"}));
        QCOMPARE(lines.size() - 1, qsizetype(document["chips"].size()));
        std::int64_t sum = 0;
        for (const auto& count : document["counts"]) {
            sum += count.get<std::int64_t>();
        }
        QCOMPARE(sum, std::int64_t(document["chips"].size()));
        for (const QByteArray& line : lines) {
            QCOMPARE(line.count(','), lines.front().count(','));
        }
    }

    void unknownPool()
    {
        const Ran ran = cli({QStringLiteral("devices"), m_place.store, QStringLiteral("azure/nowhere/H100")});
        QVERIFY(failedWith(ran, 1));
        QVERIFY(ran.err.contains("azure/nowhere/H100"));
    }

    void simulateTellsTheBalance()
    {
        const Json run = test::document({QStringLiteral("simulate"), m_place.store, QStringLiteral("--for"),
                                         QStringLiteral("20s"), QStringLiteral("--json")});
        QVERIFY(hasKeys(run, {"balance", "cost_usd"}));
        const Json& balance = run["balance"];
        QVERIFY(
            hasKeys(balance, {"demand_to_supply_ratio", "margin_usd", "providers", "regions", "models", "n_plus_one"}));
        double spend = 0;
        for (const Json& row : balance["providers"]["rows"]) {
            spend += row["spend_usd"].get<double>();
        }
        QVERIFY(std::abs(spend / run["cost_usd"].get<double>() - 1) < 1e-9);
        QVERIFY(balance["providers"]["spread"]["spend"]["effective_number"].get<double>() > 1);
        QVERIFY(!balance["n_plus_one"].empty());
    }
};

QTEST_GUILESS_MAIN(TestCliDevices)
#include "tst_cli_devices.moc"
