// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/calibration.h"
#include "model/fleet/lookup.h"
#include "model/plan/load.h"
#include "model/serving/iteration_model.h"

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// What happens if replicas move. Feedback is direct evaluation of one move in closed form, fast enough to follow a
/// drag over every region; nothing is simulated here and every latency is an estimate.
namespace isobar::plan {

/// Replicas of a placement, to another pool.
struct Move {
    PlacementId from;
    PoolId to;
    std::int32_t replicas = 0;
};

enum class Verdict : std::uint8_t { Yes, Tight, No };

struct Reason {
    Verdict verdict = Verdict::Yes;
    std::string text; ///< "needs a ROCm build of Llama-3.1-70B"
};

/// The figures a move changes, before or after it.
struct Figures {
    double spendUsdPerDay = 0;            ///< whole fleet's chips
    double usdPerMillionTokens = 0;       ///< the model's serving chips / its tokens; NaN without traffic
    double ttftP95Seconds = 0;            ///< the model's, network included, mean over placements by traffic; estimated
    double itlSeconds = 0;                ///< the model's, mean over placements by traffic; estimated
    double capacityRequestsPerSecond = 0; ///< the model's, all replicas at a full batch
    double fromUsedRatio = 0, toUsedRatio = 0; ///< chips placed / usable, in the two pools
    std::int64_t toFreeChips = 0;
};

struct Assessment {
    Move move; ///< as it would be carried out: `replicas` may be fewer than asked
    Verdict verdict = Verdict::No;
    std::vector<Reason> reasons;     ///< worst first; empty for a plain yes
    std::optional<Placement> target; ///< what stands in the target pool afterwards
    std::int32_t replicasAdded = 0;  ///< in the target pool: another chip may need more or fewer for the same load
    std::int64_t chipsNeeded = 0;
    Figures baseline, scenario;   ///< equal where the move is refused
    double latencyErrorRatio = 0; ///< expected relative error of the two latencies
};

class Planner {
public:
    Planner(std::shared_ptr<const Fleet> fleet, std::shared_ptr<const Calibration> calibration, Load load);

    [[nodiscard]] const Fleet& fleet() const { return *m_fleet; }
    [[nodiscard]] Assessment assess(const Move& move) const;
    /// The best of several pools (a place on the map holds several): verdict first, then the lower spend.
    /// NotFound when `pools` is empty.
    [[nodiscard]] Result<Assessment> assessBest(PlacementId from, std::int32_t replicas,
                                                const std::vector<PoolId>& pools) const;
    /// The placements after a move, as they are where it was refused. They keep their positions; one left empty stays
    /// with no replicas.
    [[nodiscard]] static std::vector<Placement> placementsAfter(const Fleet& fleet, const Assessment& assessment);

private:
    struct Served {
        serving::IterationModel iteration;
        serving::SteadyState steady;
        double ttftP95Seconds = 0;
    };
    [[nodiscard]] std::optional<Served> serve(const Placement& placement, const PlacementLoad& load) const;
    [[nodiscard]] double networkSeconds(const PlacementLoad& load, PoolId pool) const;
    [[nodiscard]] Figures figures(const std::vector<Placement>& placements, const std::vector<PlacementLoad>& loads,
                                  ModelId model, PoolId from, PoolId to) const;
    [[nodiscard]] std::optional<Placement> planTarget(const Placement& from, const PlacementLoad& load, PoolId to,
                                                      std::vector<Reason>& reasons) const;
    void checkResidency(const Placement& from, const PlacementLoad& load, PoolId to,
                        std::vector<Reason>& reasons) const;
    void checkService(const Placement& target, const PlacementLoad& load, std::vector<Reason>& reasons) const;

    std::shared_ptr<const Fleet> m_fleet;
    std::shared_ptr<const Calibration> m_calibration;
    Load m_load;
    NetworkIndex m_network;
    std::vector<std::array<double, kPricingModels>> m_prices; ///< by PoolId
};

} // namespace isobar::plan
