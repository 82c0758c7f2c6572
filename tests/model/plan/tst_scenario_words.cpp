// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/plan/scenario_words.h"
#include "model/proto/operations_text.h"
#include "model/proto/shipped.h"
#include "tests/support/small_fleet.h"

#include <QTest>

#include <algorithm>

using namespace isobar;

/// Operations as people read them.
class TestScenarioWords : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void nothingSaysNothing() { QVERIFY(plan::scenarioWords({}, test::smallFleet()).empty()); }

    void whatBreaksComesFirstInItsOrder()
    {
        const Fleet fleet = test::smallFleet();
        const auto operations = proto::parseOperationsText(
            "demand_ratio: 1.3\n"
            "surges { at_seconds: 300 duration_seconds: 60 ratio: 2 }\n"
            "autoscale { placement: \"" +
                fleet.placements[0].key +
                "\" max_replicas: 9 }\n"
                "faults { kind: LINK_SLOW region: \"azure/eastus2\" other_region: \"azure/westeurope\" at_seconds: "
                "7200 "
                "duration_seconds: 90 ratio: 4 }\n"
                "faults { kind: SPOT_WAVE provider: \"gcp\" at_seconds: 300 duration_seconds: 1800 ratio: 0.5 }\n"
                "fault_rates { kind: NODE mean_hours_to_failure: 12000 mean_hours_to_repair: 12 }\n",
            "doc", fleet);
        QVERIFY2(operations.ok(), operations.ok() ? "" : operations.error().toString().c_str());
        const std::vector<std::string> lines = plan::scenarioWords(*operations, fleet);
        const std::vector<std::string> expected{
            "After 5 min, for 30 min: 50 % of the spot chips of " + fleet.providers[1].name + " are taken back",
            "After 2 h, for 90 s: the link azure/eastus2 to azure/westeurope is 4 times slower",
            "Each node fails once in 12,000 h in the mean, for 12 h",
            "Demand is 130 % of its mean",
            "After 5 min, for 1 min: 200 % of the demand of all",
            "Routing: nearest-with-spill",
            "1 placement scales with the load",
        };
        for (std::size_t i = 0; i < std::max(lines.size(), expected.size()); ++i) {
            QCOMPARE(QString::fromStdString(i < lines.size() ? lines[i] : ""),
                     QString::fromStdString(i < expected.size() ? expected[i] : ""));
        }
    }

    /// What a person reads must not leave out what the fleet then does.
    void everyLineOfADocumentHasWords_data()
    {
        QTest::addColumn<QByteArray>("document");
        QTest::addColumn<QByteArray>("says");
        const auto row = [](const char* document, const char* says) {
            QTest::newRow(document) << QByteArray(document) << QByteArray(says);
        };
        row("routing: WEIGHTED", "Routing: weighted");
        row("routing: LATENCY_AWARE probes: 5", "Routing: latency-aware; 5 probed where latency decides");
        row("retry { max_attempts: 1 cool_down_seconds: 60 }",
            "A request that fails is tried once in all, first after 0.5 s; where it failed gets nothing for 1 min");
        row("warm_up { node_seconds: 30 }",
            "A replica warms up in 30 s for its node, 1 min for its image, its weights at 1 GB/s, and 2 min where "
            "programs are compiled");
        row("spot_notices { provider: \"azure\" seconds: 45 }",
            "Spot chips of Microsoft Azure go 45 s after their notice");
        row("spot_notices { seconds: 0 }", "Spot chips of every other provider go without notice");
        row("demand_ratio: 2", "Demand is 200 % of its mean");
        row("surges { duration_seconds: 60 ratio: 3 workload: \"chat\" }",
            "After 0 s, for 1 min: 300 % of the demand of chat");
        row("workloads { workload: \"chat\" product: \"assistant\" }", "Products: assistant");
        row("workloads { workload: \"chat\" trace: \"x\" }", "1 workload following a recorded trace");
        row("workloads { workload: \"chat\" defer_seconds: 9 }", "1 workload that may wait for room");
        row("autoscale { placement: \"large@azure/eastus2/H100\" max_replicas: 9 }",
            "1 placement scales with the load");
        row("training { job: \"pretrain\" restart_seconds: 9 }",
            "1 training gang with checkpoints and restarts as given here");
        row("layouts { accelerator: \"TPU-v5p\" slice_chips: 4 }", "In slices: TPU-v5p");
        row("pools { pool: \"azure/eastus2/H100\" quota_chips: 9 }", "1 pool with a quota");
        row("pools { pool: \"azure/eastus2/H100\" zones: 3 }", "1 pool in several zones");
    }
    void everyLineOfADocumentHasWords()
    {
        QFETCH(QByteArray, document);
        QFETCH(QByteArray, says);
        const Fleet fleet = test::smallFleet();
        const auto operations = proto::parseOperationsText(document.toStdString(), "doc", fleet);
        QVERIFY2(operations.ok(), operations.ok() ? "" : operations.error().toString().c_str());
        const std::vector<std::string> lines = plan::scenarioWords(*operations, fleet);
        std::string all;
        for (const std::string& line : lines) {
            all += line + "\n";
        }
        QVERIFY2(std::find(lines.begin(), lines.end(), says.toStdString()) != lines.end(), all.c_str());
    }

    void everyKindOfFaultHasWords()
    {
        const Fleet fleet = test::smallFleet();
        Operations operations;
        for (std::size_t kind = 0; kind < kFaultKinds; ++kind) {
            Fault fault;
            fault.kind = static_cast<FaultKind>(kind);
            fault.pool = PoolId(std::size_t{0});
            fault.region = RegionId(std::size_t{0});
            fault.otherRegion = RegionId(std::size_t{1});
            operations.faults.push_back(fault);
        }
        const auto lines = plan::scenarioWords(operations, fleet);
        QCOMPARE(lines.size(), kFaultKinds + 1);
        QVERIFY(std::none_of(lines.begin(), lines.end(), [](const std::string& line) { return line.ends_with(": "); }));
    }

    void theShippedOnesFitTheSampleAndSayWhatTheyDo()
    {
        const auto fleet = proto::shippedSample();
        QVERIFY(fleet.ok());
        const auto shipped = proto::shippedScenarios();
        QCOMPARE(shipped.size(), std::size_t{4});
        for (const proto::ShippedScenario& scenario : shipped) {
            const auto operations = proto::parseOperationsText(scenario.document, scenario.file, *fleet);
            QVERIFY2(operations.ok(), operations.ok() ? "" : operations.error().toString().c_str());
            QVERIFY(plan::scenarioWords(*operations, *fleet).size() > 5);
            QVERIFY(!proto::leadingComment(scenario.document).empty());
            QCOMPARE(operations->workloads.size(), fleet->workloads.size()); // each with its product
            QVERIFY(std::all_of(operations->workloads.begin(), operations->workloads.end(),
                                [](const WorkloadOperations& w) { return !w.product.empty() && w.deferSeconds == 0; }));
        }
        QCOMPARE(shipped.front().name, std::string("Today"));
    }
};

QTEST_APPLESS_MAIN(TestScenarioWords)
#include "tst_scenario_words.moc"
