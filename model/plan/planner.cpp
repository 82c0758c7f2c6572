// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/plan/planner.h"

#include "model/fleet/pool_cost.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace isobar::plan {
namespace {

constexpr double kTightUsedRatio = 0.95; ///< a pool this full leaves nothing for a failed node
constexpr std::array<std::int32_t, 6> kTensorParallel{1, 2, 4, 8, 16, 32};

std::string runtimeTitle(const std::string& family)
{
    return family == "cuda"      ? "CUDA"
           : family == "rocm"    ? "ROCm"
           : family == "xla-tpu" ? "XLA"
           : family == "neuron"  ? "Neuron"
                                 : family;
}

void refuse(std::vector<Reason>& reasons, std::string text)
{
    reasons.push_back({Verdict::No, std::move(text)});
}

void warn(std::vector<Reason>& reasons, std::string text)
{
    reasons.push_back({Verdict::Tight, std::move(text)});
}

/// Moves `requests` a second of `from`'s traffic, with its mix, onto `to`. Without traffic only the lengths count.
PlacementLoad joined(const PlacementLoad& to, const PlacementLoad& from, double requests)
{
    PlacementLoad sum = to;
    const double all = to.requestsPerSecond + requests;
    sum.requestsPerSecond = all;
    if (all <= 0) {
        return to.meanOutputTokens > 0 ? to : from;
    }
    const double w = requests / all;
    sum.meanInputTokens = (1 - w) * to.meanInputTokens + w * from.meanInputTokens;
    sum.meanOutputTokens = (1 - w) * to.meanOutputTokens + w * from.meanOutputTokens;
    sum.areaShares.resize(std::max(to.areaShares.size(), from.areaShares.size()));
    for (std::size_t i = 0; i < sum.areaShares.size(); ++i) {
        const double before = i < to.areaShares.size() ? to.areaShares[i] : 0;
        const double added = i < from.areaShares.size() ? from.areaShares[i] : 0;
        sum.areaShares[i] = (1 - w) * before + w * added;
    }
    const double share = from.requestsPerSecond > 0 ? requests / from.requestsPerSecond : 0;
    for (const auto& [workload, rate] : from.workloads) {
        const auto same = std::find_if(sum.workloads.begin(), sum.workloads.end(),
                                       [id = workload](const auto& row) { return row.first == id; });
        if (same == sum.workloads.end()) {
            sum.workloads.emplace_back(workload, rate * share);
        } else {
            same->second += rate * share;
        }
    }
    return sum;
}

PlacementLoad scaled(PlacementLoad load, double ratio)
{
    load.requestsPerSecond *= ratio;
    for (auto& row : load.workloads) {
        row.second *= ratio;
    }
    return load;
}

/// The placements once `assessment.move` is carried out, whatever its verdict.
std::vector<Placement> moved(const Fleet& fleet, const Assessment& assessment)
{
    std::vector<Placement> after = fleet.placements;
    after[assessment.move.from.index()].replicas -= assessment.move.replicas;
    const auto there =
        std::find_if(after.begin(), after.end(), [&](const Placement& p) { return p.key == assessment.target->key; });
    if (there != after.end()) {
        there->replicas += assessment.replicasAdded;
    } else {
        Placement added = *assessment.target;
        added.replicas = assessment.replicasAdded;
        after.push_back(std::move(added));
    }
    return after;
}

} // namespace

Planner::Planner(std::shared_ptr<const Fleet> fleet, std::shared_ptr<const Calibration> calibration, Load load)
    : m_fleet(std::move(fleet))
    , m_calibration(std::move(calibration))
    , m_load(std::move(load))
    , m_network(*m_fleet)
{
    m_load.placements.resize(m_fleet->placements.size());
    for (std::size_t i = 0; i < m_fleet->pools.size(); ++i) {
        std::array<double, kPricingModels> row{};
        for (std::size_t p = 0; p < kPricingModels; ++p) {
            const auto price = priceOf(*m_fleet, PoolId(i), static_cast<PricingModel>(p));
            row[p] = price ? price->usdPerChipHour : 0;
        }
        m_prices.push_back(row);
    }
}

std::optional<Planner::Served> Planner::serve(const Placement& placement, const PlacementLoad& load) const
{
    const Fleet& fleet = *m_fleet;
    const auto iteration =
        serving::buildIterationModel(fleet[placement.model], fleet[fleet[placement.pool].accelerator],
                                     placement.precision, placement.tensorParallel, placement.maxBatch, *m_calibration);
    if (!iteration) {
        return std::nullopt;
    }
    Served served{*iteration, {}, 0};
    const double perReplica = placement.replicas > 0 ? load.requestsPerSecond / placement.replicas : 0;
    served.steady = serving::steadyState(*iteration, perReplica, load.meanInputTokens, load.meanOutputTokens);
    served.ttftP95Seconds = served.steady.ttftP95Seconds + networkSeconds(load, placement.pool);
    return served;
}

double Planner::networkSeconds(const PlacementLoad& load, PoolId pool) const
{
    double seconds = 0;
    for (std::size_t i = 0; i < load.areaShares.size(); ++i) {
        if (load.areaShares[i] > 0) {
            seconds += load.areaShares[i] * m_network.rtt(AreaId(i), (*m_fleet)[pool].region).seconds;
        }
    }
    return seconds;
}

Figures Planner::figures(const std::vector<Placement>& placements, const std::vector<PlacementLoad>& loads,
                         ModelId model, PoolId from, PoolId to) const
{
    const Fleet& fleet = *m_fleet;
    Figures f;
    std::vector<std::int64_t> usedByPool(fleet.pools.size());
    for (const Placement& placement : placements) {
        usedByPool[placement.pool.index()] += placement.chips();
    }
    for (const TrainingJob& job : fleet.trainingJobs) {
        usedByPool[job.pool.index()] += job.chips;
    }
    std::vector<double> usedUsdPerChipHour(fleet.pools.size());
    for (std::size_t i = 0; i < fleet.pools.size(); ++i) {
        const PoolCost cost = poolCost(fleet.pools[i], m_prices[i], usedByPool[i]);
        f.spendUsdPerDay += cost.totalUsdPerHour() * 24;
        double usedCost = 0;
        for (const double usd : cost.usedUsdPerHour) {
            usedCost += usd;
        }
        usedUsdPerChipHour[i] = usedByPool[i] > 0 ? usedCost / static_cast<double>(usedByPool[i]) : 0;
    }
    double requests = 0, tokens = 0, modelUsdPerSecond = 0;
    for (std::size_t i = 0; i < placements.size(); ++i) {
        const Placement& placement = placements[i];
        if (placement.model != model || placement.replicas == 0) {
            continue;
        }
        const PlacementLoad& load = loads[i];
        modelUsdPerSecond += static_cast<double>(placement.chips()) * usedUsdPerChipHour[placement.pool.index()] / 3600;
        const auto served = serve(placement, load);
        if (!served) {
            continue;
        }
        f.capacityRequestsPerSecond += served->steady.capacityRequestsPerSecond * placement.replicas;
        requests += load.requestsPerSecond;
        tokens += load.requestsPerSecond * (load.meanInputTokens + load.meanOutputTokens);
        f.ttftP95Seconds += load.requestsPerSecond * served->ttftP95Seconds;
        f.itlSeconds += load.requestsPerSecond * served->steady.itlSeconds;
    }
    constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
    f.ttftP95Seconds = requests > 0 ? f.ttftP95Seconds / requests : kNaN;
    f.itlSeconds = requests > 0 ? f.itlSeconds / requests : kNaN;
    f.usdPerMillionTokens = tokens > 0 ? modelUsdPerSecond / tokens * 1e6 : kNaN;
    const auto usedRatio = [&](PoolId pool) {
        const auto usable = fleet[pool].usableChips();
        return usable > 0 ? static_cast<double>(usedByPool[pool.index()]) / static_cast<double>(usable) : 0;
    };
    f.fromUsedRatio = usedRatio(from);
    f.toUsedRatio = usedRatio(to);
    f.toFreeChips = fleet[to].usableChips() - usedByPool[to.index()];
    return f;
}

std::optional<Placement> Planner::planTarget(const Placement& from, const PlacementLoad& load, PoolId to,
                                             std::vector<Reason>& reasons) const
{
    const Fleet& fleet = *m_fleet;
    const ServedModel& model = fleet[from.model];
    const AcceleratorType& accelerator = fleet[fleet[to].accelerator];
    if (std::find(model.runtimes.begin(), model.runtimes.end(), accelerator.runtimeFamily) == model.runtimes.end()) {
        refuse(reasons, fmt::format("needs a {} build of {}", runtimeTitle(accelerator.runtimeFamily), model.name));
        return std::nullopt;
    }
    // More of what stands there; else of what once stood there, as it was: a move back restores it.
    const Placement* same = nullptr;
    for (const Placement& there : fleet.placements) {
        const bool alike = there.pool == to && there.model == from.model;
        if (alike && (same == nullptr || (same->replicas == 0 && there.replicas > 0))) {
            same = &there;
        }
    }
    if (same != nullptr) {
        Placement target = *same;
        target.replicas = 0;
        return target;
    }
    Placement target = from;
    target.pool = to;
    target.key = fmt::format("{}@{}", model.name, fleet[to].key);
    while (findPlacement(fleet, target.key).valid()) { // names are free: another pool's may be called so
        target.key += '+';
    }
    target.replicas = 0;
    target.precision =
        from.precision == Precision::Fp8 && !accelerator.fp8FlopsPerSecond ? Precision::Bf16 : from.precision;
    target.provenance.basis = Basis::Estimated;
    // The fewest chips on which it fits; more where the tier asks for a faster step than those give, the fastest where
    // none is fast enough.
    double itlLimit = std::numeric_limits<double>::infinity();
    for (const auto& [workload, rate] : load.workloads) {
        itlLimit = rate > 0 ? std::min(itlLimit, fleet[fleet[workload].tier].itlSeconds) : itlLimit;
    }
    std::optional<Placement> fits;
    double stepSeconds = std::numeric_limits<double>::infinity();
    std::string why;
    for (const std::int32_t ways : kTensorParallel) {
        target.tensorParallel = ways;
        const auto iteration =
            serving::buildIterationModel(model, accelerator, target.precision, ways, target.maxBatch, *m_calibration);
        if (!iteration) {
            why = iteration.error().message;
            continue;
        }
        const double context = load.meanInputTokens + load.meanOutputTokens / 2;
        const double batch = std::min<double>(target.maxBatch, iteration->kvCapacityTokens / std::max(context, 1.0));
        const double step = iteration->decodeSeconds(batch, batch * context);
        if (!fits || step < stepSeconds) {
            fits = target;
            stepSeconds = step;
        }
        if (step <= itlLimit) {
            break;
        }
    }
    if (!fits) {
        refuse(reasons, why);
    }
    return fits;
}

void Planner::checkResidency(const Placement& from, const PlacementLoad& load, PoolId to,
                             std::vector<Reason>& reasons) const
{
    // Bound requests stay in the zone of their users: those served here are users of this zone.
    const Fleet& fleet = *m_fleet;
    const std::string& home = fleet[fleet[from.pool].region].residencyZone;
    if (fleet[fleet[to].region].residencyZone == home) {
        return;
    }
    const bool bound = std::any_of(load.workloads.begin(), load.workloads.end(), [&](const auto& row) {
        const Workload& workload = fleet[row.first];
        return workload.residencyBound && row.second > 0 &&
               std::any_of(workload.areaShares.begin(), workload.areaShares.end(), [&](const auto& share) {
                   return share.second > 0 && fleet[share.first].residencyZone == home;
               });
    });
    if (bound) {
        refuse(reasons, fmt::format("data of {} users must stay in {}", home, home));
    }
}

void Planner::checkService(const Placement& target, const PlacementLoad& load, std::vector<Reason>& reasons) const
{
    const Fleet& fleet = *m_fleet;
    const auto served = serve(target, load);
    if (!served) {
        return;
    }
    if (served->steady.utilizationRatio > 1) {
        warn(reasons,
             fmt::format("load is {:.0f} % of what its replicas can serve", served->steady.utilizationRatio * 100));
    }
    std::set<TierId> tiers;
    for (const auto& [workload, rate] : load.workloads) {
        if (rate > 0 && tiers.insert(fleet[workload].tier).second) {
            const SloTier& tier = fleet[fleet[workload].tier];
            if (served->ttftP95Seconds > tier.ttftSeconds) {
                warn(reasons, fmt::format("TTFT p95 {:.2f} s, {} promises {:.2f} s", served->ttftP95Seconds, tier.name,
                                          tier.ttftSeconds));
            }
            if (served->steady.itlSeconds > tier.itlSeconds) {
                warn(reasons, fmt::format("{:.0f} ms between tokens, {} promises {:.0f} ms",
                                          served->steady.itlSeconds * 1e3, tier.name, tier.itlSeconds * 1e3));
            }
        }
    }
}

Assessment Planner::assess(const Move& move) const
{
    const Fleet& fleet = *m_fleet;
    const Placement& from = fleet[move.from];
    const PlacementLoad& load = m_load.placements[move.from.index()];
    Assessment out;
    out.move = move;
    out.move.replicas = std::clamp(move.replicas, 0, from.replicas);
    out.baseline = figures(fleet.placements, m_load.placements, from.model, from.pool, move.to);
    out.scenario = out.baseline;
    const auto close = [&out] {
        std::stable_sort(out.reasons.begin(), out.reasons.end(),
                         [](const Reason& a, const Reason& b) { return a.verdict > b.verdict; });
        out.verdict = out.reasons.empty() ? Verdict::Yes : out.reasons.front().verdict;
        return out;
    };
    if (from.pool == move.to) {
        refuse(out.reasons, "already there");
        return close();
    }
    if (out.move.replicas == 0) {
        refuse(out.reasons, "no replicas to move");
        return close();
    }
    out.target = planTarget(from, load, move.to, out.reasons);
    checkResidency(from, load, move.to, out.reasons);
    if (!out.target) {
        return close();
    }
    const auto here = serve(from, load);
    if (!here) {
        refuse(out.reasons, fmt::format("no estimate for {} where it stands", fleet[from.model].name));
        return close();
    }
    Placement one = *out.target;
    one.replicas = 1;
    const auto there = serve(one, scaled(load, 0));
    if (!there || there->steady.capacityRequestsPerSecond <= 0) {
        refuse(out.reasons, "cannot serve these requests");
        return close();
    }
    out.latencyErrorRatio = std::max(here->iteration.errorRatio, there->iteration.errorRatio);

    // As many replicas there as carry the same load; fewer move when fewer fit.
    const double exchange = here->steady.capacityRequestsPerSecond / there->steady.capacityRequestsPerSecond;
    const std::int64_t ways = out.target->tensorParallel;
    const std::int64_t fit = std::max<std::int64_t>(out.baseline.toFreeChips, 0) / ways;
    const auto neededFor = [exchange](std::int64_t replicas) {
        return static_cast<std::int64_t>(std::ceil(static_cast<double>(replicas) * exchange - 1e-9));
    };
    const std::int64_t asked = neededFor(out.move.replicas);
    out.chipsNeeded = asked * ways;
    if (fit == 0) {
        refuse(out.reasons, fmt::format("{} chips free, needs {}", std::max<std::int64_t>(out.baseline.toFreeChips, 0),
                                        out.chipsNeeded));
        return close();
    }
    if (asked > fit) {
        const auto part = static_cast<std::int32_t>(static_cast<double>(fit) / exchange);
        if (part == 0) {
            refuse(out.reasons, fmt::format("{} chips free, one replica's load needs {}", out.baseline.toFreeChips,
                                            neededFor(1) * ways));
            return close();
        }
        warn(out.reasons, fmt::format("fits {} of {} replicas: {} chips free, all need {}", part, out.move.replicas,
                                      out.baseline.toFreeChips, out.chipsNeeded));
        out.move.replicas = part;
    }
    out.replicasAdded = static_cast<std::int32_t>(std::min(neededFor(out.move.replicas), fit));
    out.chipsNeeded = out.replicasAdded * ways;
    if (std::any_of(out.reasons.begin(), out.reasons.end(), [](const Reason& r) { return r.verdict == Verdict::No; })) {
        return close();
    }

    // The scenario: the moved replicas' share of the traffic goes with them.
    const std::vector<Placement> after = moved(fleet, out);
    std::vector<PlacementLoad> loads = m_load.placements;
    loads.resize(after.size());
    const double movedShare = static_cast<double>(out.move.replicas) / from.replicas;
    const auto targetAt = static_cast<std::size_t>(
        std::find_if(after.begin(), after.end(), [&](const Placement& p) { return p.key == out.target->key; }) -
        after.begin());
    loads[targetAt] = joined(loads[targetAt], load, load.requestsPerSecond * movedShare);
    loads[move.from.index()] = scaled(load, 1 - movedShare);
    out.scenario = figures(after, loads, from.model, from.pool, move.to);
    checkService(after[targetAt], loads[targetAt], out.reasons);
    if (out.scenario.toUsedRatio > kTightUsedRatio) {
        warn(out.reasons, fmt::format("leaves {} of {} chips free in {}", out.scenario.toFreeChips,
                                      fleet[move.to].usableChips(), fleet[move.to].key));
    }
    return close();
}

Result<Assessment> Planner::assessBest(PlacementId from, std::int32_t replicas, const std::vector<PoolId>& pools) const
{
    std::optional<Assessment> best;
    for (const PoolId pool : pools) {
        Assessment candidate = assess({from, pool, replicas});
        const bool better = !best || candidate.verdict < best->verdict ||
                            (candidate.verdict == best->verdict && candidate.verdict != Verdict::No &&
                             candidate.scenario.spendUsdPerDay < best->scenario.spendUsdPerDay);
        if (better) {
            best = std::move(candidate);
        }
    }
    if (!best) {
        return Error{ErrorCode::NotFound, "no pool of ours is there", "choose a region with accelerators"};
    }
    return *std::move(best);
}

std::vector<Placement> Planner::placementsAfter(const Fleet& fleet, const Assessment& assessment)
{
    return assessment.verdict == Verdict::No ? fleet.placements : moved(fleet, assessment);
}

} // namespace isobar::plan
