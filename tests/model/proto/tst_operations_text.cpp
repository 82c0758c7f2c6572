// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/proto/operations_text.h"
#include "tests/support/small_fleet.h"

#include <QTest>

using namespace isobar;

namespace {

/// Every field other than its default.
Operations everything(const Fleet& fleet)
{
    Operations o;
    o.routing = RoutingPolicy::ReservedFirst;
    o.probes = 5;
    o.retry = {7, 0.25, 3};
    o.warmUp = {1, 2, 3e9, 4};
    WorkloadOperations w;
    w.workload = WorkloadId(std::size_t{1});
    w.product = "assistant";
    w.weekendRatio = 0.4;
    w.growthPerYearRatio = 0.5;
    w.gaps = GapLaw::Weibull;
    w.deferSeconds = 60;
    w.turnsPerSession = 4;
    w.routing = RoutingPolicy::LatencyAware;
    w.trace = "a trace";
    w.traceScale = 2.5;
    w.traceShiftSeconds = -30;
    w.demandRatio = 1.5;
    o.workloads = {w};
    o.layouts = {{AcceleratorId(std::size_t{1}), 4, 16, {4, 8, 16}}};
    PoolOperations p;
    p.pool = PoolId(std::size_t{2});
    p.zones = 3;
    p.quotaChips = 200;
    p.powerLimitWatts = 1e6;
    p.otherTenantAmplitude = 0.1;
    p.spotReclaimsPerChipHour = 0.01;
    o.pools = {p};
    o.autoscale = {{PlacementId(std::size_t{0}), 2, 30, 0.65, 120}};
    o.training = {{fleet.trainingJobs[0].name, 12, 34}};
    Fault link;
    link.kind = FaultKind::LinkSlow;
    link.atSeconds = 5;
    link.durationSeconds = 6;
    link.region = fleet.pools[0].region;
    link.otherRegion = fleet.pools[1].region;
    link.ratio = 8;
    Fault rack;
    rack.kind = FaultKind::Rack;
    rack.pool = PoolId(std::size_t{1});
    rack.count = 2;
    rack.unit = 3;
    Fault provider;
    provider.kind = FaultKind::Provider;
    provider.provider = ProviderId(std::size_t{0});
    o.faults = {link, rack, provider};
    o.faultRates = {{FaultKind::Chip, 50'000, 24}, {FaultKind::Zone, 9000, 3}};
    o.demandRatio = 1.3;
    o.surges = {{WorkloadId(), 60, 30, 2}, {WorkloadId(std::size_t{1}), 5, 6, 0.5}};
    o.spotNotices = {{ProviderId(std::size_t{1}), 45}, {ProviderId(), 5}};
    return o;
}

} // namespace

class TestOperationsText : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void textReadsBack()
    {
        const Fleet fleet = test::smallFleet();
        const Operations operations = everything(fleet);
        QVERIFY(validate(operations, fleet).ok());
        const auto back = proto::parseOperationsText(proto::writeOperationsText(operations, fleet), "all", fleet);
        QVERIFY2(back.ok(), back.ok() ? "" : back.error().toString().c_str());
        QVERIFY(*back == operations);
    }

    void whatIsLeftOutTakesItsDefault()
    {
        const auto empty = proto::parseOperationsText("", "empty", test::smallFleet());
        QVERIFY(empty.ok());
        QVERIFY(*empty == Operations{});
        const auto one = proto::parseOperationsText("faults { kind: PROVIDER provider: \"gcp\" at_seconds: 3 }", "one",
                                                    test::smallFleet());
        QVERIFY(one.ok());
        QCOMPARE(one->faults[0].count, 1);
        QCOMPARE(one->faults[0].unit, -1);
    }

    void mistakesAreToldWithTheirPlace_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<int>("line");
        QTest::addColumn<QByteArray>("says");
        QTest::newRow("no such pool") << QByteArray("probes: 2\npools { pool: \"azure/mars/H100\" }") << 2
                                      << QByteArray("azure/mars/H100");
        QTest::newRow("no name") << QByteArray("\n\nautoscale { min_replicas: 1 }") << 3 << QByteArray("names no");
        QTest::newRow("no kind") << QByteArray("faults { at_seconds: 1 }") << 1 << QByteArray("kind");
        QTest::newRow("no kind of this version")
            << QByteArray("probes: 2\nfaults { kind: 12 }") << 2 << QByteArray("12");
        QTest::newRow("no policy of this version") << QByteArray("\nrouting: 8") << 2 << QByteArray("8");
        QTest::newRow("no policy of this version, of a workload")
            << QByteArray("workloads { workload: \"chat\" routing: -1 }") << 1 << QByteArray("-1");
        QTest::newRow("no law of this version")
            << QByteArray("workloads { workload: \"chat\" gaps: 3 }") << 1 << QByteArray("3");
        QTest::newRow("not a field") << QByteArray("probes: 2\nspeed: 9") << 2 << QByteArray("speed");
        QTest::newRow("out of range") << QByteArray("\nprobes: 99") << 2 << QByteArray("probes");
        QTest::newRow("retry out of range")
            << QByteArray("probes: 2\n\nretry { max_attempts: 0 }") << 3 << QByteArray("attempts");
        QTest::newRow("third of five faults")
            << QByteArray("faults { kind: PROVIDER provider: \"gcp\" }\nfaults { kind: PROVIDER provider: \"gcp\" }\n"
                          "faults { kind: PROVIDER provider: \"gcp\" at_seconds: -1 }\n"
                          "faults { kind: PROVIDER provider: \"gcp\" }\nfaults { kind: PROVIDER }")
            << 3 << QByteArray("its time");
        QTest::newRow("the same pool again")
            << QByteArray("probes: 2\npools { pool: \"azure/eastus2/H100\" }\npools { pool: \"azure/eastus2/H100\" }")
            << 3 << QByteArray("twice");
        QTest::newRow("surge of no workload")
            << QByteArray("\nsurges { workload: \"x\" ratio: 2 }") << 2 << QByteArray("no workload");
        QTest::newRow("notice of nobody")
            << QByteArray("\nspot_notices { provider: \"x\" }") << 2 << QByteArray("no provider");
        QTest::newRow("notice below zero")
            << QByteArray("\nspot_notices { seconds: -1 }") << 2 << QByteArray("spot notice");
        QTest::newRow("surge beyond measure") << QByteArray("\nsurges { ratio: 1e9 }") << 2 << QByteArray("surge");
        QTest::newRow("link to itself")
            << QByteArray("faults { kind: LINK_CUT region: \"azure/eastus2\" other_region: \"azure/eastus2\" }") << 1
            << QByteArray("itself");
        QTest::newRow("not text") << QByteArray("\xff\xfe") << 1 << QByteArray("UTF-8");
    }
    void mistakesAreToldWithTheirPlace()
    {
        QFETCH(QByteArray, text);
        QFETCH(int, line);
        QFETCH(QByteArray, says);
        const auto result = proto::parseOperationsText(text.toStdString(), "bad.textproto", test::smallFleet());
        QVERIFY(!result.ok());
        QCOMPARE(result.error().file, std::string("bad.textproto"));
        QCOMPARE(result.error().line, line);
        QVERIFY2(result.error().message.find(says.toStdString()) != std::string::npos, result.error().message.c_str());
    }

    void whatMayHaveBeenMeantIsSaid_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<QByteArray>("advice");
        QTest::newRow("pool") << QByteArray("pools { pool: \"azure/eastus2/H10\" }")
                              << QByteArray("did you mean azure/eastus2/H100?");
        QTest::newRow("region") << QByteArray("faults { kind: REGION region: \"eastus2\" }")
                                << QByteArray("did you mean azure/eastus2?");
        QTest::newRow("provider") << QByteArray("faults { kind: PROVIDER provider: \"Azur\" }")
                                  << QByteArray("did you mean azure?");
        QTest::newRow("workload") << QByteArray("workloads { workload: \"Summary\" }")
                                  << QByteArray("did you mean summaries?");
        QTest::newRow("placement of a model") << QByteArray("autoscale { placement: \"large\" }")
                                              << QByteArray("did you mean large@azure/eastus2/H100, "
                                                            "large@azure/westeurope/H100 or "
                                                            "large@gcp/us-central1/TPU-v5p?");
        QTest::newRow("accelerator") << QByteArray("layouts { accelerator: \"h100\" }")
                                     << QByteArray("did you mean H100?");
        QTest::newRow("training job") << QByteArray("training { job: \"pretraining\" }")
                                      << QByteArray("did you mean pretrain?");
        QTest::newRow("nothing like it") << QByteArray("surges { workload: \"xyzzy\" }")
                                         << QByteArray("there are: chat, eu assistant, summaries, completion");
    }
    void whatMayHaveBeenMeantIsSaid()
    {
        QFETCH(QByteArray, text);
        QFETCH(QByteArray, advice);
        const auto result = proto::parseOperationsText(text.toStdString(), "bad.textproto", test::smallFleet());
        QVERIFY(!result.ok());
        QCOMPARE(QByteArray::fromStdString(result.error().advice), advice);
    }

    void theHeadSaysWhatItIsAbout()
    {
        QCOMPARE(proto::leadingComment("# proto-file: a\n# proto-message: b\n#\n# One\n#   line.\n#\n# Not this.\n"),
                 std::string("One line."));
        QCOMPARE(proto::leadingComment("\n\n## A title\r\nprobes: 2\n# late"), std::string("A title"));
        QCOMPARE(proto::leadingComment("probes: 2 # not at the head"), std::string());
        QCOMPARE(proto::leadingComment(""), std::string());
    }
};

QTEST_APPLESS_MAIN(TestOperationsText)
#include "tst_operations_text.moc"
