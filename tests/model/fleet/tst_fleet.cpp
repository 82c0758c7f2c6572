// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/model/fleet/tiny_fleet.h"

#include <QTest>
#include <functional>
#include <limits>

using namespace isobar;

using Change = std::function<void(Fleet&)>;
Q_DECLARE_METATYPE(Change)

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

} // namespace

/// The plain values and `validate`.
class TestFleet : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void precisionsHaveSizes()
    {
        QCOMPARE(bytesPerValue(Precision::Bf16), 2.0);
        QCOMPARE(bytesPerValue(Precision::Fp8), 1.0);
    }

    void pricingModelsHaveNames()
    {
        QCOMPARE(pricingModelName(PricingModel::Reserved), "reserved");
        QCOMPARE(pricingModelName(PricingModel::Committed), "committed");
        QCOMPARE(pricingModelName(PricingModel::OnDemand), "on-demand");
        QCOMPARE(pricingModelName(PricingModel::Spot), "spot");
    }

    void usableChipsLeaveOutOtherTenants_data()
    {
        QTest::addColumn<int>("chips");
        QTest::addColumn<double>("others");
        QTest::addColumn<int>("usable");
        QTest::newRow("alone") << 80 << 0.0 << 80;
        QTest::newRow("a tenth, exactly") << 80 << 0.1 << 72;
        QTest::newRow("rounded down") << 81 << 0.1 << 72;
        QTest::newRow("a third") << 8 << 0.34 << 5;
        QTest::newRow("all") << 80 << 1.0 << 0;
        QTest::newRow("0.7 of ten is not representable") << 10 << 0.3 << 7;
    }
    void usableChipsLeaveOutOtherTenants()
    {
        QFETCH(int, chips);
        QFETCH(double, others);
        QFETCH(int, usable);
        Pool pool;
        pool.chips = {0, 0, chips, 0};
        pool.otherTenantRatio = others;
        QCOMPARE(pool.totalChips(), std::int64_t{chips});
        QCOMPARE(pool.usableChips(), std::int64_t{usable});
    }

    void chipCountsDoNotOverflow()
    {
        Pool pool;
        pool.chips.fill(std::numeric_limits<std::int32_t>::max());
        QCOMPARE(pool.totalChips(), std::int64_t{4} * std::numeric_limits<std::int32_t>::max());
        Placement placement;
        placement.replicas = placement.tensorParallel = 100000;
        QCOMPARE(placement.chips(), std::int64_t{10000000000});
    }

    void regionsAreKeyedByProvider()
    {
        QCOMPARE(regionKey(test::tinyFleet(), RegionId(2)), std::string("aws/us-east-1"));
    }

    void aSoundFleetIsValid()
    {
        const Status status = validate(test::tinyFleet());
        QVERIFY2(status.ok(), status.ok() ? "" : status.error().toString().c_str());
        QVERIFY(validate(Fleet{}).ok());
    }

    void twoProvidersMayUseOneCode()
    {
        Fleet f = test::tinyFleet();
        f.regions[2].code = "eastus";
        QVERIFY(validate(f).ok());
    }

    void aFullPoolIsValid()
    {
        Fleet f = test::tinyFleet();
        f.placements[0].replicas = 40; // of 72 usable chips, training takes 32
        QVERIFY(validate(f).ok());
        f.placements[0].replicas = 41;
        QVERIFY(!validate(f).ok());
    }

    void violationsAreNamed_data()
    {
        QTest::addColumn<Change>("change");
        QTest::addColumn<QString>("subject");
        QTest::addColumn<QString>("words");
        const auto row = [](const char* name, Change change, const char* subject, const char* words) {
            QTest::newRow(name) << std::move(change) << QString::fromUtf8(subject) << QString::fromUtf8(words);
        };
        row(
            "data date", [](Fleet& f) { f.dataDate = "22.11.2026"; }, "fleet \"Tiny\"", "data date");
        row(
            "start time", [](Fleet& f) { f.startTimeUtc = "2026-11-22T25:00:00Z"; }, "fleet \"Tiny\"", "start time");
        row(
            "source twice", [](Fleet& f) { f.sources.push_back(f.sources[0]); }, "source \"list\"", "twice");
        row(
            "provider twice", [](Fleet& f) { f.providers[1].key = "azure"; }, "provider \"azure\"", "twice");
        row(
            "provider with a slash", [](Fleet& f) { f.providers[1].key = "a/b"; }, "provider \"a/b\"", "slash");
        row(
            "region twice", [](Fleet& f) { f.regions[1].code = "eastus"; }, "region \"azure/eastus\"", "twice");
        row(
            "region of no provider", [](Fleet& f) { f.regions[1].provider = {}; }, "region \"westus\"", "no provider");
        row(
            "region of unknown provider", [](Fleet& f) { f.regions[1].provider = ProviderId(9); }, "region \"westus\"",
            "number 9");
        row(
            "region off the globe", [](Fleet& f) { f.regions[1].at.latitude = 91; }, "azure/westus", "latitude");
        row(
            "region at NaN", [](Fleet& f) { f.regions[1].at.longitude = kNan; }, "azure/westus", "longitude");
        row(
            "negative carbon", [](Fleet& f) { f.regions[0].gridGramsCo2ePerKwh = -1; }, "azure/eastus", "carbon");
        row(
            "PUE below one", [](Fleet& f) { f.regions[0].pueRatio = 0.9; }, "azure/eastus", "PUE");
        row(
            "proxy out of range", [](Fleet& f) { f.regions[0].rttProxy = RegionId(7); }, "azure/eastus", "number 7");
        row(
            "source out of range", [](Fleet& f) { f.regions[0].place.source = SourceId(3); }, "azure/eastus", "source");
        row(
            "accelerator twice", [](Fleet& f) { f.accelerators[1].name = "H100"; }, "accelerator \"H100\"", "twice");
        row(
            "no memory", [](Fleet& f) { f.accelerators[0].hbmBytes = 0; }, "accelerator \"H100\"", "HBM bytes");
        row(
            "infinite speed", [](Fleet& f) { f.accelerators[0].bf16FlopsPerSecond = kInfinity; }, "\"H100\"", "finite");
        row(
            "unnamed model", [](Fleet& f) { f.models[0].name.clear(); }, "model \"\"", "no name");
        row(
            "model name with a newline", [](Fleet& f) { f.models[0].name = "a\nb"; }, "model", "control");
        row(
            "more active than total", [](Fleet& f) { f.models[0].activeParameters = 9e9; }, "Llama-3.1-8B", "active");
        row(
            "more experts used than there", [](Fleet& f) { f.models[0].expertsPerToken = 2; }, "Llama",
            "experts per token");
        row(
            "tier of no time", [](Fleet& f) { f.tiers[0].ttftSeconds = 0; }, "interactive-fast", "first token");
        row(
            "negative chips", [](Fleet& f) { f.pools[0].chips[1] = -1; }, "azure/eastus/H100", "committed chips");
        row(
            "others' share above one", [](Fleet& f) { f.pools[0].otherTenantRatio = 1.1; }, "azure/eastus/H100",
            "share");
        row(
            "pool of unknown chip", [](Fleet& f) { f.pools[0].accelerator = AcceleratorId(5); }, "azure/eastus/H100",
            "accelerator number 5");
        row(
            "pool twice", [](Fleet& f) { f.pools.push_back(f.pools[0]); }, "pool \"azure/eastus/H100\"", "twice");
        row(
            "placement without pool", [](Fleet& f) { f.placements[0].pool = {}; }, "llama@", "no pool");
        row(
            "no chips a replica", [](Fleet& f) { f.placements[0].tensorParallel = 0; }, "llama@", "tensor parallel");
        row(
            "no batch", [](Fleet& f) { f.placements[0].maxBatch = 0; }, "llama@", "batch");
        row(
            "more replicas than chips", [](Fleet& f) { f.placements[0].replicas = 41; }, "pool \"azure/eastus/H100\"",
            "replicas take 41 chips and training jobs 32, but only 72 of its 80 chips are usable");
        row(
            "training too large", [](Fleet& f) { f.trainingJobs[0].chips = 73; }, "azure/eastus/H100", "73");
        row(
            "replicas beyond 32 bits",
            [](Fleet& f) {
                f.placements[0].replicas = 100000000;
                f.placements[0].tensorParallel = 100000;
            },
            "azure/eastus/H100", "10000000000000 chips");
        row(
            "area twice", [](Fleet& f) { f.areas[1].name = "London"; }, "user area \"London\"", "twice");
        row(
            "offset of a day", [](Fleet& f) { f.areas[1].utcOffsetHours = 24; }, "Tokyo", "UTC offset");
        row(
            "negative demand", [](Fleet& f) { f.workloads[0].meanRequestsPerSecond = -1; }, "workload \"Chat\"",
            "requests/s");
        row(
            "absurd demand", [](Fleet& f) { f.workloads[0].meanRequestsPerSecond = 1e300; }, "Chat", "requests/s");
        row(
            "amplitude above one", [](Fleet& f) { f.workloads[0].diurnalAmplitude = 1.5; }, "Chat", "amplitude");
        row(
            "no burstiness", [](Fleet& f) { f.workloads[0].burstiness = 0; }, "Chat", "burstiness");
        row(
            "no input", [](Fleet& f) { f.workloads[0].inputTokens.mean = 0; }, "Chat", "input tokens mean");
        row(
            "mean above maximum", [](Fleet& f) { f.workloads[0].outputTokens.maximum = 100; }, "Chat",
            "output tokens mean");
        row(
            "shares below one", [](Fleet& f) { f.workloads[0].areaShares[0].second = 0.2; }, "Chat", "sum to 1");
        row(
            "no shares", [](Fleet& f) { f.workloads[0].areaShares.clear(); }, "Chat", "sum to 1");
        row(
            "area named twice", [](Fleet& f) { f.workloads[0].areaShares[1].first = AreaId(1); }, "Chat", "Tokyo");
        row(
            "model nobody serves",
            [](Fleet& f) {
                f.models.push_back(f.models[0]);
                f.models[1].name = "Other";
                f.workloads[0].model = ModelId(1);
            },
            "Chat", "no placement serves its model \"Other\"");
        row(
            "negative price", [](Fleet& f) { f.prices[0].usdPerChipHour = -1; }, "azure/eastus/H100 on-demand", "USD");
        row(
            "price in a foreign region", [](Fleet& f) { f.prices[0].region = RegionId(2); }, "azure/us-east-1/H100",
            "\"aws\"");
        row(
            "link twice, turned round",
            [](Fleet& f) {
                f.links.push_back({RegionId(1), RegionId(0), 0.06, {}});
            },
            "link \"azure/eastus - azure/westus\"", "twice");
        row(
            "negative round trip", [](Fleet& f) { f.links[0].rttSeconds = -0.1; }, "azure/westus", "round trip");
        row(
            "egress twice", [](Fleet& f) { f.egressPrices.push_back(f.egressPrices[0]); }, "to the internet", "twice");
        row(
            "egress of NaN", [](Fleet& f) { f.egressPrices[1].usdPerByte = kNan; }, "azure/eastus to azure/westus",
            "finite");
        row(
            "negative commitment", [](Fleet& f) { f.commitments[0].valueUsd = -1; }, "aws commitment", "value");
        row(
            "arrival without date", [](Fleet& f) { f.arrivals[0].date = "soon"; }, "azure/eastus/H100 soon", "date");
        row(
            "arrival of nothing", [](Fleet& f) { f.arrivals[0].chips = 0; }, "capacity arrival", "chips");
        row(
            "training twice",
            [](Fleet& f) {
                f.trainingJobs[0].chips = 8;
                f.trainingJobs.push_back(f.trainingJobs[0]);
            },
            "training job \"Run A\"", "twice");
    }
    void violationsAreNamed()
    {
        QFETCH(Change, change);
        QFETCH(QString, subject);
        QFETCH(QString, words);
        Fleet f = test::tinyFleet();
        change(f);
        const Status status = validate(f);
        QVERIFY(!status.ok());
        QCOMPARE(status.error().code, ErrorCode::InvalidValue);
        const QString message = QString::fromStdString(status.error().toString());
        QVERIFY2(message.contains(subject), qPrintable(message));
        QVERIFY2(message.contains(words), qPrintable(message));
    }
};

QTEST_APPLESS_MAIN(TestFleet)
#include "tst_fleet.moc"
