// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/engine.h"
#include "model/proto/operations_text.h"
#include "tests/support/small_fleet.h"

#include <QTest>
#include <algorithm>
#include <functional>
#include <map>

/// Whatever a scenario may ask for is seen in what the fleet does: a run with one line of it against a run without.

using namespace isobar;
using namespace isobar::engine;
using namespace isobar::aggregate;

namespace {

constexpr int kSeconds = 90;
/// Replicas start at once, so that what is seen is not their absence.
constexpr const char* kAlways = "warm_up { node_seconds: 2 image_seconds: 0 weight_bytes_per_second: 1e15 "
                                "compile_seconds: 0 }\n";

struct Seen {
    RunTotals totals;
    std::vector<Event> events;
    std::vector<PlacementState> placements;
    std::map<Use, std::int64_t> chipSeconds;     ///< of all pools
    std::vector<std::int64_t> byPlacement;       ///< requests routed there
    std::vector<std::vector<std::int64_t>> flow; ///< by placement, area
    std::array<Sketch, kLatencies> latencies;
    std::int64_t mostWaiting = 0; ///< held back, or between two attempts
    std::vector<TrainingState> training;

    [[nodiscard]] std::int64_t replicas() const
    {
        std::int64_t sum = 0;
        for (const PlacementState& p : placements) {
            sum += p.replicas;
        }
        return sum;
    }
    [[nodiscard]] bool has(Event::Kind kind) const
    {
        return std::any_of(events.begin(), events.end(), [&](const Event& e) { return e.kind == kind; });
    }
    [[nodiscard]] double ttft(double q) const { return latencies[static_cast<std::size_t>(Latency::Ttft)].quantile(q); }
    [[nodiscard]] double sloRatio() const
    {
        return static_cast<double>(totals.demand.sloMet) / static_cast<double>(totals.demand.completed);
    }
    [[nodiscard]] std::int64_t requestsTo(const Fleet& fleet, std::string_view region) const
    {
        std::int64_t sum = 0;
        for (std::size_t p = 0; p < byPlacement.size(); ++p) {
            sum += fleet[fleet[fleet.placements[p].pool].region].code == region ? byPlacement[p] : 0;
        }
        return sum;
    }
};

/// What happens from `from` seconds on.
Seen see(const Fleet& fleet, const std::string& document, int from = 0)
{
    EngineOptions options;
    options.threads = 1;
    const bool says = document.find("warm_up") != std::string::npos;
    options.operations = proto::parseOperationsText((says ? "" : kAlways) + document, "test", fleet).value();
    options.settleSeconds = kUsualSettleSeconds;
    Engine engine = Engine::create(std::make_shared<const Fleet>(fleet), test::smallCalibration(), options).value();
    Seen seen;
    seen.byPlacement.resize(fleet.placements.size());
    seen.flow.assign(fleet.placements.size(), std::vector<std::int64_t>(fleet.areas.size()));
    while (engine.now() < kSeconds * kMicrosPerSecond) {
        engine.step();
        seen.mostWaiting = std::max(seen.mostWaiting, engine.waiting());
    }
    seen.totals = engine.totals();
    seen.events = engine.takeEvents();
    seen.placements = engine.placementStates();
    seen.training = engine.trainingStates();
    for (const auto& interval : engine.takeIntervals()) {
        if (interval->begin < from * kMicrosPerSecond) {
            continue;
        }
        for (std::size_t row = 0; row < interval->supply.size(); ++row) {
            seen.chipSeconds[interval->layout->supply[row].use] += interval->supply[row].chipMicros / kMicrosPerSecond;
        }
        for (std::size_t row = 0; row < interval->demand.size(); ++row) {
            if (const std::uint32_t p = interval->layout->demand[row].placement; p != Layout::kUnrouted) {
                seen.byPlacement[p] += interval->demand[row].requests;
            }
            for (std::size_t kind = 0; kind < kLatencies; ++kind) {
                interval->latencies[row][kind].addTo(seen.latencies[kind]);
            }
        }
        for (std::size_t i = 0; i < interval->flows.size(); ++i) {
            seen.flow[i / fleet.areas.size()][i % fleet.areas.size()] += interval->flows[i];
        }
    }
    return seen;
}

struct Effect {
    const char* name;
    double load;              ///< of the small fleet
    const char* document;     ///< of the scenario
    const char* without = ""; ///< what it is compared with
    std::function<bool(const Fleet&, const Seen& with, const Seen& plain)> shows;
    std::function<void(Fleet&)> prepare = [](Fleet&) {};
    int from = 0;
};

const std::vector<Effect>& effects()
{
    // Region 0 is azure/eastus2 with pool 0, region 1 azure/westeurope with pool 1, region 2 gcp/us-central1.
    static const std::vector<Effect> kEffects{
        {"quota", 2, "pools { pool: \"azure/eastus2/H100\" quota_chips: 320 }", "",
         [](const Fleet&, const Seen& with, const Seen& plain) {
             // 256 are the gang's: eight replicas of eight, of those wanted.
             return with.replicas() < plain.replicas() && with.placements[0].replicas == 8;
         }},
        {"megawatts", 2, "pools { pool: \"azure/eastus2/H100\" power_limit_watts: 264320 }", "", // 320 x 700 W x 1.18
         [](const Fleet&, const Seen& with, const Seen& plain) {
             return with.replicas() < plain.replicas() && with.placements[0].replicas == 8;
         }},
        {"other tenants' day", 1, "pools { pool: \"azure/westeurope/H100\" other_tenant_amplitude: 0.9 }", "",
         [](const Fleet&, const Seen& with, const Seen& plain) {
             const auto lab = [](const Seen& s) {
                 std::int64_t sum = 0;
                 for (const auto& [use, seconds] : s.chipSeconds) {
                     sum += seconds;
                 }
                 return sum;
             };
             return std::abs(lab(with) - lab(plain)) > 10 * kSeconds; // chips it has more or fewer
         }},
        {"work that may wait", 8, "workloads { workload: \"summaries\" defer_seconds: 600 }", "",
         [](const Fleet&, const Seen& with, const Seen& plain) {
             return with.mostWaiting > 10 * std::max<std::int64_t>(1, plain.mostWaiting);
         },
         [](Fleet& f) { f.workloads[2].meanRequestsPerSecond *= 4; }},
        {"session affinity", 1, "routing: WEIGHTED workloads { workload: \"chat\" turns_per_session: 1000 }",
         "routing: WEIGHTED",
         [](const Fleet&, const Seen& with, const Seen& plain) {
             // Sessions stay where their first turns went, so areas do not share themselves out evenly any more.
             const auto unevenness = [](const Seen& s) {
                 double most = 0;
                 for (std::size_t p = 0; p < 3; ++p) { // those of chat
                     const auto [low, high] = std::minmax({s.flow[p][0] / 5.0, s.flow[p][2] / 2.0});
                     most = std::max(most, high / std::max(1.0, low));
                 }
                 return most;
             };
             return unevenness(with) > 1.1 * unevenness(plain);
         }},
        {"one attempt", 2,
         "retry { max_attempts: 1 } faults { kind: REGION region: \"azure/eastus2\" at_seconds: 20 "
         "duration_seconds: 30 }",
         "faults { kind: REGION region: \"azure/eastus2\" at_seconds: 20 duration_seconds: 30 }",
         [](const Fleet&, const Seen& with, const Seen& plain) {
             return with.totals.demand.lost > 0 && with.totals.demand.retried == 0 && plain.totals.demand.lost == 0 &&
                    plain.totals.demand.retried > 0;
         }},
        {"cool-down", 2,
         "retry { cool_down_seconds: 60 } faults { kind: NODE pool: \"azure/westeurope/H100\" count: 2 "
         "unit: 0 at_seconds: 20 duration_seconds: 5 }",
         "retry { cool_down_seconds: 0 } faults { kind: NODE pool: \"azure/westeurope/H100\" count: 2 unit: 0 "
         "at_seconds: 20 duration_seconds: 5 }",
         [](const Fleet& fleet, const Seen& with, const Seen& plain) {
             return with.requestsTo(fleet, "westeurope") < 0.9 * double(plain.requestsTo(fleet, "westeurope"));
         },
         [](Fleet&) {}, 20},
        {"link cut", 1,
         "faults { kind: LINK_CUT region: \"azure/westeurope\" other_region: \"azure/eastus2\" "
         "at_seconds: 10 duration_seconds: 1000 }",
         "",
         [](const Fleet&, const Seen& with, const Seen& plain) {
             return with.flow[1][0] == 0 && plain.flow[1][0] > 100; // New York's requests to western Europe
         },
         [](Fleet& f) {
             f.placements[0].replicas = 0;
             f.placements[2].replicas = 1;
         },
         15},
        {"link slow", 1,
         "faults { kind: LINK_SLOW region: \"azure/westeurope\" other_region: \"azure/eastus2\" ratio: "
         "40 at_seconds: 0 duration_seconds: 1000 }",
         "",
         [](const Fleet&, const Seen& with, const Seen& plain) {
             return with.ttft(0.95) > plain.ttft(0.95) + 39 * 0.082 * 0.8 && with.sloRatio() < plain.sloRatio() - 0.02;
         },
         [](Fleet& f) {
             f.placements[0].replicas = 0; // New York goes to western Europe
             f.placements[2].replicas = 0;
         },
         10},
        {"stale control plane", 2,
         "faults { kind: STALE_CONTROL at_seconds: 10 duration_seconds: 1000 } faults { kind: RACK pool: "
         "\"azure/westeurope/H100\" count: 16 unit: 0 at_seconds: 20 duration_seconds: 1000 }",
         "faults { kind: RACK pool: \"azure/westeurope/H100\" count: 16 unit: 0 at_seconds: 20 duration_seconds: 1000 "
         "}",
         [](const Fleet& fleet, const Seen& with, const Seen& plain) {
             // Gateways do not hear that nothing serves there.
             return with.requestsTo(fleet, "westeurope") > 100 && plain.requestsTo(fleet, "westeurope") == 0;
         },
         [](Fleet&) {}, 30},
        {"zone away", 2,
         "pools { pool: \"azure/eastus2/H100\" zones: 4 } faults { kind: ZONE region: \"azure/eastus2\" "
         "count: 1 at_seconds: 20 duration_seconds: 1000 }",
         "pools { pool: \"azure/eastus2/H100\" zones: 4 }",
         [](const Fleet&, const Seen& with, const Seen& plain) {
             return with.chipSeconds.at(Use::Down) == 128 * (kSeconds - 20) && !plain.chipSeconds.contains(Use::Down);
         }},
        {"rack away", 2,
         "faults { kind: RACK pool: \"azure/eastus2/H100\" unit: 3 at_seconds: 20 duration_seconds: 30 }", "",
         [](const Fleet&, const Seen& with, const Seen& plain) {
             return with.chipSeconds.at(Use::Down) == 32 * 30 && !plain.chipSeconds.contains(Use::Down);
         }},
        {"mean time to failure", 2, "fault_rates { kind: NODE mean_hours_to_failure: 0.5 mean_hours_to_repair: 0.005 }",
         "",
         [](const Fleet&, const Seen& with, const Seen& plain) {
             const auto begun = std::count_if(with.events.begin(), with.events.end(),
                                              [](const Event& e) { return e.kind == Event::Kind::FaultBegan; });
             // 128 nodes, each every half hour: 6.4 in ninety seconds.
             return begun >= 2 && begun <= 14 && with.has(Event::Kind::FaultEnded) &&
                    !plain.has(Event::Kind::FaultBegan);
         }},
        {"autoscaling", 4,
         "autoscale { placement: \"large@azure/westeurope/H100\" min_replicas: 1 max_replicas: 30 "
         "target_ratio: 0.2 }",
         "",
         [](const Fleet&, const Seen& with, const Seen& plain) {
             return with.has(Event::Kind::Scaled) && with.placements[1].replicas > plain.placements[1].replicas;
         }},
        {"weekend", 1, "workloads { workload: \"chat\" weekend_ratio: 0.1 }", "",
         [](const Fleet&, const Seen& with, const Seen& plain) {
             return double(with.totals.demand.requests) < 0.7 * double(plain.totals.demand.requests);
         },
         [](Fleet& f) { f.startTimeUtc = "2026-01-10T18:00:00Z"; }},
        {"routing by price", 1, "routing: CHEAPEST_WITHIN_SLO", "routing: NEAREST",
         [](const Fleet&, const Seen& with, const Seen& plain) { return with.byPlacement != plain.byPlacement; }},
        {"slices", 1, "layouts { accelerator: \"TPU-v5p\" chips_per_node: 4 slice_chips: [4, 32] }", "",
         [](const Fleet&, const Seen& with, const Seen& plain) {
             // Ten replicas of eight chips take slices of 32 each: eight fit.
             return plain.placements[2].replicas == 10 && with.placements[2].replicas == 8;
         }},
        {"slow warm-up", 2,
         "warm_up { node_seconds: 1000 } faults { kind: RACK pool: \"azure/westeurope/H100\" count: 3 unit: 0 "
         "at_seconds: 20 duration_seconds: 1 }",
         "faults { kind: RACK pool: \"azure/westeurope/H100\" count: 3 unit: 0 at_seconds: 20 duration_seconds: 1 }",
         [](const Fleet&, const Seen& with, const Seen& plain) {
             return with.placements[1].warmingReplicas > 0 && plain.placements[1].warmingReplicas == 0;
         }},
        {"spot notice of its own", 1,
         "spot_notices { provider: \"azure\" seconds: 60 } faults { kind: SPOT_WAVE pool: \"azure/eastus2/H100\" "
         "at_seconds: 0 duration_seconds: 1000 }",
         "spot_notices { provider: \"gcp\" seconds: 60 } faults { kind: SPOT_WAVE pool: \"azure/eastus2/H100\" "
         "at_seconds: 0 duration_seconds: 1000 }",
         [](const Fleet&, const Seen& with, const Seen& plain) {
             return with.chipSeconds.at(Use::Down) == 64 * (kSeconds - 60) &&
                    plain.chipSeconds.at(Use::Down) == 64 * (kSeconds - 30);
         }},
        {"spot notice for all", 1,
         "spot_notices { seconds: 0 } faults { kind: SPOT_WAVE pool: \"azure/eastus2/H100\" at_seconds: 0 "
         "duration_seconds: 1000 }",
         "spot_notices { seconds: 0 } spot_notices { provider: \"azure\" seconds: 10 } faults { kind: SPOT_WAVE pool: "
         "\"azure/eastus2/H100\" at_seconds: 0 duration_seconds: 1000 }",
         [](const Fleet&, const Seen& with, const Seen& plain) {
             return with.chipSeconds.at(Use::Down) == 64 * kSeconds &&
                    plain.chipSeconds.at(Use::Down) == 64 * (kSeconds - 10);
         }},
        {"training that restarts slowly", 1,
         "training { job: \"pretrain\" restart_seconds: 1000 } faults { kind: CHIP pool: \"azure/eastus2/H100\" unit: "
         "0 "
         "at_seconds: 20 duration_seconds: 5 }",
         "training { job: \"pretrain\" restart_seconds: 1 } faults { kind: CHIP pool: \"azure/eastus2/H100\" unit: 0 "
         "at_seconds: 20 duration_seconds: 5 }",
         [](const Fleet&, const Seen& with, const Seen& plain) {
             return with.training[0].phase == TrainingState::Phase::Restarting &&
                    plain.training[0].phase == TrainingState::Phase::Running;
         }},
    };
    return kEffects;
}

} // namespace

class TestOperationsEffects : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void eachIsSeen_data()
    {
        QTest::addColumn<std::size_t>("number");
        for (std::size_t i = 0; i < effects().size(); ++i) {
            QTest::newRow(effects()[i].name) << i;
        }
    }
    void eachIsSeen()
    {
        QFETCH(std::size_t, number);
        const Effect& effect = effects()[number];
        Fleet fleet = test::smallFleet(effect.load);
        effect.prepare(fleet);
        const Seen with = see(fleet, effect.document, effect.from), plain = see(fleet, effect.without, effect.from);
        for (const Seen* seen : {&with, &plain}) {
            const DemandTotals& demand = seen->totals.demand;
            QCOMPARE(demand.requests, demand.completed + demand.rejected + demand.lost + seen->totals.inFlight);
        }
        QVERIFY(effect.shows(fleet, with, plain));
    }
};

QTEST_APPLESS_MAIN(TestOperationsEffects)
#include "tst_operations_effects.moc"
