// SPDX-License-Identifier: GPL-3.0-or-later
#include "fleet.pb.h"
#include "model/engine/limits.h"
#include "model/fleet/process_clock.h"
#include "model/proto/fleet_text.h"
#include "model/proto/operations_text.h"
#include "operations.pb.h"
#include "tests/model/engine/runs.h"
#include "tests/support/small_fleet.h"

#include <QTest>
#include <google/protobuf/text_format.h>
#include <limits>
#include <random>

/// Documents with something wrong in them: a field gone, a figure of nonsense, an entry twice, a name of something
/// else. Each is refused before the clock starts, or it is a run that loses no request, in time and memory that any
/// fleet of its size may take.

using namespace isobar;
using namespace isobar::engine;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

namespace {

constexpr double kRunSeconds = 2;

/// A document with every kind of entry, for the small fleet.
constexpr const char* kOperations = R"(
routing: NEAREST_WITH_SPILL probes: 2 demand_ratio: 1.2
retry { max_attempts: 3 backoff_seconds: 0.5 cool_down_seconds: 10 }
warm_up { node_seconds: 1 image_seconds: 1 weight_bytes_per_second: 1e12 compile_seconds: 1 }
workloads { workload: "chat" product: "chat" weekend_ratio: 0.5 growth_per_year_ratio: 0.3 gaps: WEIBULL
  turns_per_session: 4 routing: LATENCY_AWARE demand_ratio: 1.1 }
workloads { workload: "summaries" defer_seconds: 60 gaps: GAMMA }
layouts { accelerator: "TPU-v5p" chips_per_node: 4 nodes_per_rack: 16 slice_chips: 4 slice_chips: 8 slice_chips: 16 }
pools { pool: "azure/eastus2/H100" zones: 3 quota_chips: 400 power_limit_watts: 3e5 spot_reclaims_per_chip_hour: 0.1 }
pools { pool: "azure/westeurope/H100" other_tenant_amplitude: 0.2 }
autoscale { placement: "large@azure/eastus2/H100" min_replicas: 1 max_replicas: 30 target_ratio: 0.6
  scale_down_after_seconds: 5 }
training { job: "pretrain" checkpoint_write_seconds: 1 restart_seconds: 1 }
faults { kind: NODE pool: "azure/eastus2/H100" at_seconds: 0.5 duration_seconds: 1 count: 2 }
faults { kind: LINK_SLOW region: "azure/eastus2" other_region: "gcp/us-central1" duration_seconds: 1 ratio: 5 }
faults { kind: SPOT_WAVE provider: "azure" at_seconds: 1 duration_seconds: 1 ratio: 0.5 }
faults { kind: ZONE region: "azure/eastus2" at_seconds: 1 duration_seconds: 1 count: 2 }
fault_rates { kind: CHIP mean_hours_to_failure: 50 mean_hours_to_repair: 0.01 }
surges { at_seconds: 0.5 duration_seconds: 1 ratio: 3 workload: "completion" }
spot_notices { provider: "azure" seconds: 1 }
)";

class Mutator {
public:
    explicit Mutator(std::uint64_t seed)
        : m_random(seed)
    {
    }

    /// One thing or a few of the document become nonsense.
    void mutate(Message& document)
    {
        for (std::size_t n = 1 + below(3); n > 0; --n) {
            change(document);
        }
    }

private:
    std::size_t below(std::size_t count) { return m_random() % count; }

    double number()
    {
        constexpr double kInfinite = std::numeric_limits<double>::infinity();
        constexpr std::array kNumbers{
            -1.0,      0.0,       1e-300, 1e-9,  1e-3,   1.0,  7.0, 100.0, 1e3,
            1e6,       1e9,       1e12,   1e308, -1e308, -0.5, 1.5, 2e9,   std::numeric_limits<double>::quiet_NaN(),
            kInfinite, -kInfinite};
        return kNumbers[below(kNumbers.size())];
    }

    std::string name()
    {
        static const std::array<std::string, 9> kNames{"",
                                                       "chat",
                                                       "large",
                                                       "azure",
                                                       "azure/eastus2",
                                                       "gcp/us-central1/TPU-v5p",
                                                       "2026-02-31",
                                                       std::string(5000, 'x'),
                                                       "\x01 \"\\"};
        return kNames[below(kNames.size())];
    }

    void change(Message& message)
    {
        const google::protobuf::Reflection& reflect = *message.GetReflection();
        std::vector<const FieldDescriptor*> fields;
        reflect.ListFields(message, &fields);
        if (fields.empty() || below(8) == 0) { // one that was not said
            const auto& type = *message.GetDescriptor();
            fields.assign(1, type.field(int(below(std::size_t(type.field_count())))));
        }
        const FieldDescriptor* field = fields[below(fields.size())];
        const bool isMessage = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
        if (field->is_repeated()) {
            changeList(message, field);
        } else if (below(6) == 0) {
            reflect.ClearField(&message, field);
        } else if (isMessage) {
            change(*reflect.MutableMessage(&message, field));
        } else {
            set(message, field);
        }
    }

    void changeList(Message& message, const FieldDescriptor* field)
    {
        const google::protobuf::Reflection& reflect = *message.GetReflection();
        const int size = reflect.FieldSize(message, field);
        const bool isMessage = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
        if (size == 0 || (!isMessage && below(2) == 0)) {
            if (isMessage) {
                change(*reflect.AddMessage(&message, field));
            } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_INT32) {
                reflect.AddInt32(&message, field, integer());
            } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
                reflect.AddString(&message, field, name());
            }
            return;
        }
        const int at = int(below(std::size_t(size)));
        switch (isMessage ? below(8) : 0) {
        case 0:
            reflect.SwapElements(&message, field, at, size - 1);
            reflect.RemoveLast(&message, field);
            break;
        case 1: {
            const std::unique_ptr<Message> same(reflect.GetRepeatedMessage(message, field, at).New());
            same->CopyFrom(reflect.GetRepeatedMessage(message, field, at));
            reflect.AddMessage(&message, field)->CopyFrom(*same);
            break;
        }
        default:
            change(*reflect.MutableRepeatedMessage(&message, field, at));
            break;
        }
    }

    std::int32_t integer()
    {
        const double value = number();
        return value >= -2147483648.0 && value <= 2147483647.0 ? std::int32_t(value)
                                                               : std::numeric_limits<std::int32_t>::max();
    }

    void set(Message& message, const FieldDescriptor* field)
    {
        const google::protobuf::Reflection& reflect = *message.GetReflection();
        switch (field->cpp_type()) {
        case FieldDescriptor::CPPTYPE_INT32:
            return reflect.SetInt32(&message, field, integer());
        case FieldDescriptor::CPPTYPE_INT64:
            return reflect.SetInt64(&message, field, integer());
        case FieldDescriptor::CPPTYPE_UINT32:
            return reflect.SetUInt32(&message, field, std::uint32_t(integer()));
        case FieldDescriptor::CPPTYPE_UINT64:
            return reflect.SetUInt64(&message, field, std::uint64_t(integer()));
        case FieldDescriptor::CPPTYPE_DOUBLE:
            return reflect.SetDouble(&message, field, number());
        case FieldDescriptor::CPPTYPE_FLOAT:
            return reflect.SetFloat(&message, field, float(number()));
        case FieldDescriptor::CPPTYPE_BOOL:
            return reflect.SetBool(&message, field, below(2) == 0);
        case FieldDescriptor::CPPTYPE_ENUM:
            return reflect.SetEnumValue(&message, field, int(below(14)));
        case FieldDescriptor::CPPTYPE_STRING:
            return reflect.SetString(&message, field, name());
        default:
            return;
        }
    }

    std::mt19937_64 m_random;
};

std::string textOf(const Message& document)
{
    std::string text;
    google::protobuf::TextFormat::PrintToString(document, &text);
    return text;
}

enum class End { Refused, Ran, Wrong };

/// Runs it if it can be; refused with words, or a run in which nothing is lost.
End endOf(const Fleet& fleet, const Operations& operations, double settleSeconds)
{
    EngineOptions options;
    options.threads = 1;
    options.operations = operations;
    options.settleSeconds = settleSeconds;
    auto engine = Engine::create(std::make_shared<const Fleet>(fleet), test::smallCalibration(), options);
    if (!engine.ok()) {
        return engine.error().message.empty() ? End::Wrong : End::Refused;
    }
    while (double(engine->now()) < kRunSeconds * aggregate::kMicrosPerSecond) {
        engine->step();
        if (!runs::conserved(engine->totals())) {
            return End::Wrong;
        }
        std::ignore = engine->takeEvents();
    }
    const auto [demand, supply] = runs::totalsOf(engine->takeIntervals());
    return supply == engine->totals().supply && demand.completed == engine->totals().demand.completed ? End::Ran
                                                                                                      : End::Wrong;
}

struct Tally {
    int refused = 0, ran = 0;
    double slowestSeconds = 0;
    std::string slowest;
};

} // namespace

class TestNonsense : public QObject {
    Q_OBJECT

    /// Fewer under a sanitizer, which takes ten times as long; ISOBAR_NONSENSE_DOCUMENTS says otherwise.
    static int documents()
    {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(NDEBUG)
        constexpr int kUsual = 150;
#else
        constexpr int kUsual = 600;
#endif
        bool said = false;
        const int count = qEnvironmentVariableIntValue("ISOBAR_NONSENSE_DOCUMENTS", &said);
        return said ? count : kUsual;
    }

    /// `run`: the end of a document, and why it is wrong.
    template <class Document, class Run> void tryAll(const Document& sound, std::uint64_t seed, const Run& run)
    {
        Tally tally;
        const int count = documents();
        for (int i = 0; i < count; ++i) {
            Document mutated = sound;
            Mutator(seed * 1'000'000 + std::uint64_t(i)).mutate(mutated);
            const std::string text = textOf(mutated);
            const double begin = processCpuSeconds();
            const End end = run(text, i % 2 == 0 ? 0 : kUsualSettleSeconds);
            const double took = processCpuSeconds() - begin;
            if (took > tally.slowestSeconds) {
                tally.slowestSeconds = took;
                tally.slowest = text;
            }
            if (end == End::Wrong) {
                QFAIL(("document " + std::to_string(i) + " of seed " + std::to_string(seed) + ":\n" + text).c_str());
            }
            ++(end == End::Ran ? tally.ran : tally.refused);
        }
        qInfo("%d ran, %d were refused; the slowest took %.2f s of processor time, %lld MB at most", tally.ran,
              tally.refused, tally.slowestSeconds, static_cast<long long>(peakRssBytes() >> 20));
        if (tally.slowestSeconds > 5) {
            qInfo("%s", tally.slowest.c_str());
        }
        QVERIFY(tally.ran > count / 20 && tally.refused > count / 20);
        QVERIFY2(tally.slowestSeconds < 120, tally.slowest.c_str());
        QVERIFY(peakRssBytes() < std::int64_t{4} << 30);
    }

private Q_SLOTS:
    void theDocumentIsSoundAsItStands()
    {
        const Fleet fleet = test::smallFleet(0.2);
        const auto operations = proto::parseOperationsText(kOperations, "sound", fleet);
        QVERIFY2(operations.ok(), operations.ok() ? "" : operations.error().toString().c_str());
        QVERIFY(endOf(fleet, *operations, 0) == End::Ran);
    }

    void operations_data()
    {
        QTest::addColumn<int>("seed");
        QTest::newRow("one") << 1;
        QTest::newRow("another") << 2;
    }
    void operations()
    {
        QFETCH(int, seed);
        const Fleet fleet = test::smallFleet(0.2);
        v1::Operations sound;
        QVERIFY(google::protobuf::TextFormat::ParseFromString(kOperations, &sound));
        tryAll(sound, std::uint64_t(seed), [&](const std::string& text, double settleSeconds) {
            const auto read = proto::parseOperationsText(text, "mutated", fleet);
            if (!read.ok()) {
                return read.error().message.empty() ? End::Wrong : End::Refused;
            }
            return endOf(fleet, *read, settleSeconds);
        });
    }

    void fleets()
    {
        const Fleet small = test::smallFleet(0.2);
        v1::Fleet sound;
        QVERIFY(google::protobuf::TextFormat::ParseFromString(proto::writeFleetText(small), &sound));
        tryAll(sound, 3, [&](const std::string& text, double settleSeconds) {
            const auto read = proto::parseFleetText(text, "mutated");
            if (!read.ok()) {
                return read.error().message.empty() ? End::Wrong : End::Refused;
            }
            return endOf(*read, {}, settleSeconds);
        });
    }

    /// What is in range one by one, and beyond measure together.
    void whatNoMachineHoldsIsRefusedBeforeTheClockStarts_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<QByteArray>("says");
        const QByteArray surge = "surges { duration_seconds: 60 ratio: 900 }\n";
        QTest::newRow("surges upon surges") << surge + surge + surge << QByteArray("requests a second");
        QTest::newRow("demand times demand") << QByteArray("demand_ratio: 1000 workloads { workload: \"chat\" "
                                                           "demand_ratio: 1000 weekend_ratio: 100 }")
                                             << QByteArray("requests a second");
        QTest::newRow("demand that grows beyond measure within a year")
            << QByteArray("demand_ratio: 1000 workloads { workload: \"chat\" growth_per_year_ratio: 900 }")
            << QByteArray("requests a second");
        QTest::newRow("chips that fail all the time")
            << QByteArray("fault_rates { kind: CHIP mean_hours_to_failure: 1e-9 }") << QByteArray("faults a second");
        QTest::newRow("spot chips that never stay")
            << QByteArray("pools { pool: \"azure/westeurope/H100\" spot_reclaims_per_chip_hour: 1000 }\n"
                          "pools { pool: \"azure/eastus2/H100\" spot_reclaims_per_chip_hour: 1000 }\n"
                          "fault_rates { kind: CHIP mean_hours_to_failure: 0.003 }")
            << QByteArray("faults a second");
    }
    void whatNoMachineHoldsIsRefusedBeforeTheClockStarts()
    {
        QFETCH(QByteArray, text);
        QFETCH(QByteArray, says);
        const auto fleet = std::make_shared<const Fleet>(test::smallFleet());
        EngineOptions options;
        options.operations = proto::parseOperationsText(text.toStdString(), "huge", *fleet).value();
        const auto engine = Engine::create(fleet, test::smallCalibration(), options);
        QVERIFY(!engine.ok());
        QVERIFY2(engine.error().message.find(says.toStdString()) != std::string::npos, engine.error().message.c_str());
        QVERIFY(!engine.error().advice.empty());
    }

    void chipsThatAreNotRealAreRefused()
    {
        Fleet slow = test::smallFleet();
        slow.accelerators[0].bf16FlopsPerSecond = 1e-3;
        slow.accelerators[0].fp8FlopsPerSecond = 1;
        const auto engine = Engine::create(std::make_shared<const Fleet>(slow), test::smallCalibration(), {});
        QVERIFY(!engine.ok());
        QVERIFY2(engine.error().message.find("large@azure/eastus2/H100: seconds for") != std::string::npos,
                 engine.error().message.c_str());
    }

    void hugeFleetsAndTracesAreRefused()
    {
        Fleet huge = test::smallFleet();
        huge.pools[1].chips = {1'000'000'000, 1'000'000'000, 0, 0};
        huge.placements[1].replicas = 200'000'000;
        QVERIFY(!Engine::create(std::make_shared<const Fleet>(huge), test::smallCalibration(), {}).ok());

        auto trace = std::make_shared<DemandTrace>();
        trace->requests.assign(1000, {0.5, 10, 10});
        trace->lengthSeconds = 1e6;
        EngineOptions options;
        WorkloadOperations chat;
        chat.workload = WorkloadId(std::size_t{0});
        chat.trace = "burst";
        options.traces = {{"burst", trace}};
        for (const double scale : {1.0, 1e6}) {
            chat.traceScale = scale;
            options.operations.workloads = {chat};
            const auto engine =
                Engine::create(std::make_shared<const Fleet>(test::smallFleet()), test::smallCalibration(), options);
            QCOMPARE(engine.ok(), scale == 1.0);
        }
    }
};

QTEST_APPLESS_MAIN(TestNonsense)
#include "tst_nonsense.moc"
