// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/fleet/subject.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <numeric>
#include <string_view>
#include <unordered_set>

namespace isobar {
namespace {

using detail::kLargest;
using detail::Subject;

// Bounds that no real fleet reaches: they keep a mistyped exponent from running the clock for ever.
constexpr double kMostRequestsPerSecond = 1e9;
constexpr double kMostSeconds = 1e9;
constexpr double kShareTolerance = 1e-6;

/// Keys of one kind: present, printable, each once.
class Keys {
public:
    [[nodiscard]] Status add(const Subject& subject)
    {
        if (subject.key.empty()) {
            return subject.error("has no name");
        }
        if (std::any_of(subject.key.begin(), subject.key.end(),
                        [](unsigned char c) { return c < 0x20 || c == 0x7f; })) {
            return subject.error("its name has control characters");
        }
        if (!m_seen.insert(subject.key).second) {
            return subject.error("appears twice");
        }
        return Done{};
    }

private:
    std::unordered_set<std::string> m_seen;
};

/// `text` has the shape of `pattern`, in which 0 stands for a digit and anything else for itself.
bool hasShape(std::string_view text, std::string_view pattern)
{
    return text.size() == pattern.size() && std::equal(text.begin(), text.end(), pattern.begin(), [](char c, char p) {
               return p == '0' ? c >= '0' && c <= '9' : c == p;
           });
}

bool isDate(std::string_view text)
{
    if (!hasShape(text, "0000-00-00")) {
        return false;
    }
    const int month = (text[5] - '0') * 10 + (text[6] - '0');
    const int day = (text[8] - '0') * 10 + (text[9] - '0');
    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

bool isDateTimeUtc(std::string_view text)
{
    return hasShape(text, "0000-00-00T00:00:00Z") && isDate(text.substr(0, 10)) && text.substr(11, 2) < "24" &&
           text.substr(14, 2) < "60" && text.substr(17, 2) < "60";
}

Status checkGround(const Fleet& fleet)
{
    const Subject self{"fleet", fleet.name};
    if (!fleet.dataDate.empty() && !isDate(fleet.dataDate)) {
        return self.error("its data date is not of the form 2026-11-22", fleet.dataDate);
    }
    if (!fleet.startTimeUtc.empty() && !isDateTimeUtc(fleet.startTimeUtc)) {
        return self.error("its start time is not of the form 2026-11-22T14:00:00Z", fleet.startTimeUtc);
    }
    Keys sources;
    for (const Source& s : fleet.sources) {
        ISOBAR_TRY(sources.add({"source", s.key}));
    }
    Keys providers;
    for (const Provider& p : fleet.providers) {
        const Subject subject{"provider", p.key};
        ISOBAR_TRY(providers.add(subject));
        if (p.key.find('/') != std::string::npos) {
            return subject.error("its key has a slash, which separates provider and region");
        }
    }
    Keys regions;
    for (const Region& r : fleet.regions) {
        Subject subject{"region", r.code};
        ISOBAR_TRY(subject.refersTo("provider", r.provider, fleet.providers));
        if (r.code.empty()) {
            return subject.error(fmt::format("of provider \"{}\" has no code", fleet[r.provider].key));
        }
        subject.key = fleet[r.provider].key + "/" + r.code;
        ISOBAR_TRY(regions.add(subject));
        ISOBAR_TRY(subject.place(r.at));
        ISOBAR_TRY(subject.number("grid carbon (g CO2e/kWh)", r.gridGramsCo2ePerKwh, 0, 1e4));
        ISOBAR_TRY(subject.number("carbon-free energy ratio", r.carbonFreeEnergyRatio, 0, 1));
        ISOBAR_TRY(subject.number("PUE", r.pueRatio, 1, 10));
        ISOBAR_TRY(subject.mayReferTo("region (RTT proxy)", r.rttProxy, fleet.regions));
        ISOBAR_TRY(subject.provenance(fleet, r.place, r.carbon, r.pue));
    }
    return Done{};
}

Status checkHardwareAndModels(const Fleet& fleet)
{
    Keys accelerators;
    for (const AcceleratorType& a : fleet.accelerators) {
        const Subject subject{"accelerator", a.name};
        ISOBAR_TRY(accelerators.add(subject));
        ISOBAR_TRY(subject.positive("bf16 FLOP/s", a.bf16FlopsPerSecond));
        ISOBAR_TRY(subject.number("fp8 FLOP/s", a.fp8FlopsPerSecond, 1, kLargest));
        ISOBAR_TRY(subject.number("fp4 FLOP/s", a.fp4FlopsPerSecond, 1, kLargest));
        ISOBAR_TRY(subject.positive("HBM bytes", a.hbmBytes));
        ISOBAR_TRY(subject.positive("HBM bytes/s", a.hbmBytesPerSecond));
        ISOBAR_TRY(subject.number("interconnect bytes/s", a.interconnectBytesPerSecond, 0, kLargest));
        ISOBAR_TRY(subject.number("TDP (W)", a.tdpWatts, 0, 1e6));
        ISOBAR_TRY(subject.provenance(fleet, a.compute, a.memory, a.power, a.interconnect));
    }
    Keys models;
    for (const ServedModel& m : fleet.models) {
        const Subject subject{"model", m.name};
        ISOBAR_TRY(models.add(subject));
        ISOBAR_TRY(subject.number("layers", m.layers, 1, 1e5));
        ISOBAR_TRY(subject.number("hidden size", m.hiddenSize, 1, 1e7));
        ISOBAR_TRY(subject.number("attention heads", m.attentionHeads, 0, 1e5));
        ISOBAR_TRY(subject.number("key/value heads", m.kvHeads, 0, 1e5));
        ISOBAR_TRY(subject.number("head dimension", m.headDimension, 0, 1e6));
        ISOBAR_TRY(subject.positive("total parameters", m.totalParameters, 1e18));
        ISOBAR_TRY(subject.positive("active parameters", m.activeParameters, 1e18));
        if (m.activeParameters > m.totalParameters) {
            return subject.error("more parameters are active than it has");
        }
        ISOBAR_TRY(subject.number("experts", m.experts, 0, 1e6));
        ISOBAR_TRY(subject.number("experts per token", m.expertsPerToken, 0, m.experts));
        ISOBAR_TRY(subject.number("expert parameters", m.expertParameters, 0, m.totalParameters));
        ISOBAR_TRY(subject.number("KV values per token", m.kvValuesPerToken, 0, 1e12));
        ISOBAR_TRY(subject.number("input token price", m.usdPerMillionInputTokens, 0, 1e9));
        ISOBAR_TRY(subject.number("output token price", m.usdPerMillionOutputTokens, 0, 1e9));
        ISOBAR_TRY(subject.provenance(fleet, m.architecture, m.price));
    }
    Keys tiers;
    for (const SloTier& t : fleet.tiers) {
        const Subject subject{"SLO tier", t.name};
        ISOBAR_TRY(tiers.add(subject));
        ISOBAR_TRY(subject.positive("time to first token (s)", t.ttftSeconds, kMostSeconds));
        ISOBAR_TRY(subject.positive("inter-token latency (s)", t.itlSeconds, kMostSeconds));
        ISOBAR_TRY(subject.provenance(fleet, t.provenance));
    }
    return Done{};
}

Status checkCapacity(const Fleet& fleet)
{
    Keys pools;
    for (const Pool& p : fleet.pools) {
        const Subject subject{"pool", p.key};
        ISOBAR_TRY(pools.add(subject));
        ISOBAR_TRY(subject.refersTo("region", p.region, fleet.regions));
        ISOBAR_TRY(subject.refersTo("accelerator", p.accelerator, fleet.accelerators));
        for (std::size_t i = 0; i < kPricingModels; ++i) {
            const std::string name = fmt::format("{} chips", pricingModelName(static_cast<PricingModel>(i)));
            ISOBAR_TRY(subject.number(name.c_str(), p.chips[i], 0, 1e9));
        }
        ISOBAR_TRY(subject.number("other tenants' share", p.otherTenantRatio, 0, 1));
        ISOBAR_TRY(subject.provenance(fleet, p.provenance));
    }

    std::vector<std::int64_t> used(fleet.pools.size(), 0);
    Keys placements;
    for (const Placement& p : fleet.placements) {
        const Subject subject{"placement", p.key};
        ISOBAR_TRY(placements.add(subject));
        ISOBAR_TRY(subject.refersTo("model", p.model, fleet.models));
        ISOBAR_TRY(subject.refersTo("pool", p.pool, fleet.pools));
        ISOBAR_TRY(subject.number("replicas", p.replicas, 0, 1e9));
        ISOBAR_TRY(subject.number("tensor parallel ways", p.tensorParallel, 1, 1e5));
        ISOBAR_TRY(subject.number("largest batch", p.maxBatch, 1, 1e6));
        ISOBAR_TRY(subject.provenance(fleet, p.provenance));
        used[p.pool.index()] += p.chips();
    }
    Keys jobs;
    std::vector<std::int64_t> training(fleet.pools.size(), 0);
    for (const TrainingJob& j : fleet.trainingJobs) {
        const Subject subject{"training job", j.name};
        ISOBAR_TRY(jobs.add(subject));
        ISOBAR_TRY(subject.refersTo("pool", j.pool, fleet.pools));
        ISOBAR_TRY(subject.number("chips", j.chips, 1, 1e9));
        ISOBAR_TRY(subject.number("seconds between checkpoints", j.checkpointSeconds, 0, kMostSeconds));
        ISOBAR_TRY(subject.provenance(fleet, j.provenance));
        training[j.pool.index()] += j.chips;
    }
    for (std::size_t i = 0; i < fleet.pools.size(); ++i) {
        const Pool& pool = fleet.pools[i];
        if (used[i] + training[i] > pool.usableChips()) {
            return Subject{"pool", pool.key}.error(
                fmt::format("replicas take {} chips and training jobs {}, but only {} of its {} chips are usable",
                            used[i], training[i], pool.usableChips(), pool.totalChips()));
        }
    }
    for (const CapacityArrival& a : fleet.arrivals) {
        Subject subject{"capacity arrival", a.date};
        ISOBAR_TRY(subject.refersTo("pool", a.pool, fleet.pools));
        subject.key = fleet[a.pool].key + " " + a.date;
        if (!isDate(a.date)) {
            return subject.error("its date is not of the form 2026-11-22", a.date);
        }
        ISOBAR_TRY(subject.number("chips", a.chips, 1, 1e9));
        ISOBAR_TRY(subject.provenance(fleet, a.provenance));
    }
    return Done{};
}

Status checkLength(const Subject& subject, const char* name, const LengthDistribution& length)
{
    const std::string prefix = std::string(name) + " tokens ";
    ISOBAR_TRY(subject.number((prefix + "maximum").c_str(), length.maximum, 1, 1e9));
    ISOBAR_TRY(subject.positive((prefix + "mean").c_str(), length.mean, length.maximum));
    return subject.number((prefix + "coefficient of variation").c_str(), length.coefficientOfVariation, 0, 1e3);
}

Status checkDemand(const Fleet& fleet)
{
    Keys areas;
    for (const UserArea& a : fleet.areas) {
        const Subject subject{"user area", a.name};
        ISOBAR_TRY(areas.add(subject));
        ISOBAR_TRY(subject.place(a.at));
        ISOBAR_TRY(subject.number("UTC offset (h)", a.utcOffsetHours, -12, 14));
        ISOBAR_TRY(subject.mayReferTo("region (RTT proxy)", a.rttProxy, fleet.regions));
        ISOBAR_TRY(subject.provenance(fleet, a.provenance));
    }

    std::vector<bool> placed(fleet.models.size(), false);
    for (const Placement& p : fleet.placements) {
        placed[p.model.index()] = true;
    }
    Keys workloads;
    for (const Workload& w : fleet.workloads) {
        const Subject subject{"workload", w.name};
        ISOBAR_TRY(workloads.add(subject));
        ISOBAR_TRY(subject.refersTo("model", w.model, fleet.models));
        ISOBAR_TRY(subject.refersTo("SLO tier", w.tier, fleet.tiers));
        ISOBAR_TRY(subject.number("requests/s", w.meanRequestsPerSecond, 0, kMostRequestsPerSecond));
        ISOBAR_TRY(subject.number("diurnal amplitude", w.diurnalAmplitude, 0, 1));
        ISOBAR_TRY(subject.number("peak local hour", w.peakLocalHour, 0, 24));
        ISOBAR_TRY(subject.positive("burstiness", w.burstiness, 1e3));
        ISOBAR_TRY(checkLength(subject, "input", w.inputTokens));
        ISOBAR_TRY(checkLength(subject, "output", w.outputTokens));
        double sum = 0;
        std::unordered_set<std::uint32_t> seen;
        for (const auto& [area, share] : w.areaShares) {
            ISOBAR_TRY(subject.refersTo("user area", area, fleet.areas));
            ISOBAR_TRY(subject.number("area share", share, 0, 1));
            if (!seen.insert(area.value).second) {
                return subject.error(fmt::format("names user area \"{}\" twice", fleet[area].name));
            }
            sum += share;
        }
        if (std::abs(sum - 1.0) > kShareTolerance) {
            return subject.error("its area shares must sum to 1", fmt::format("{}", sum));
        }
        if (!placed[w.model.index()]) {
            return subject.error(fmt::format("no placement serves its model \"{}\"", fleet[w.model].name));
        }
        ISOBAR_TRY(subject.provenance(fleet, w.provenance));
    }
    return Done{};
}

Status checkMoneyAndNetwork(const Fleet& fleet)
{
    for (std::size_t i = 0; i < fleet.prices.size(); ++i) {
        const Price& p = fleet.prices[i];
        Subject subject{"price", fmt::format("row {}", i + 1)};
        ISOBAR_TRY(subject.refersTo("provider", p.provider, fleet.providers));
        ISOBAR_TRY(subject.mayReferTo("region", p.region, fleet.regions));
        ISOBAR_TRY(subject.refersTo("accelerator", p.accelerator, fleet.accelerators));
        subject.key = fmt::format("{}/{}/{} {}", fleet[p.provider].key, p.region.valid() ? fleet[p.region].code : "*",
                                  fleet[p.accelerator].name, pricingModelName(p.pricing));
        if (p.region.valid() && fleet[p.region].provider != p.provider) {
            return subject.error(
                fmt::format("its region belongs to provider \"{}\"", fleet[fleet[p.region].provider].key));
        }
        ISOBAR_TRY(subject.number("USD per chip-hour", p.usdPerChipHour, 0, 1e6));
        ISOBAR_TRY(subject.provenance(fleet, p.provenance));
    }
    Keys links;
    for (const Link& l : fleet.links) {
        Subject subject{"link", ""};
        ISOBAR_TRY(subject.refersTo("region", l.from, fleet.regions));
        ISOBAR_TRY(subject.refersTo("region", l.to, fleet.regions));
        // A link is symmetric: name both directions alike, so that the second one counts as a duplicate.
        const auto [low, high] = std::minmax(l.from, l.to);
        subject.key = regionKey(fleet, low) + " - " + regionKey(fleet, high);
        ISOBAR_TRY(links.add(subject));
        ISOBAR_TRY(subject.number("round trip (s)", l.rttSeconds, 0, 60));
        ISOBAR_TRY(subject.provenance(fleet, l.provenance));
    }
    Keys egress;
    for (const EgressPrice& e : fleet.egressPrices) {
        Subject subject{"egress price", ""};
        ISOBAR_TRY(subject.refersTo("region", e.from, fleet.regions));
        ISOBAR_TRY(subject.mayReferTo("region", e.to, fleet.regions));
        subject.key = regionKey(fleet, e.from) + " to " + (e.to.valid() ? regionKey(fleet, e.to) : "the internet");
        ISOBAR_TRY(egress.add(subject));
        ISOBAR_TRY(subject.number("USD per byte", e.usdPerByte, 0, 1));
        ISOBAR_TRY(subject.provenance(fleet, e.provenance));
    }
    for (const Commitment& c : fleet.commitments) {
        Subject subject{"commitment", c.kind};
        ISOBAR_TRY(subject.refersTo("provider", c.provider, fleet.providers));
        subject.key = fleet[c.provider].key + " " + c.kind;
        ISOBAR_TRY(subject.number("value (USD)", c.valueUsd, 0, 1e15));
        ISOBAR_TRY(subject.number("term (years)", c.termYears, 0, 1e3));
        ISOBAR_TRY(subject.provenance(fleet, c.provenance));
    }
    return Done{};
}

} // namespace

Status validate(const Fleet& fleet)
{
    // Later checks index with ids that earlier ones have proved to be in range.
    ISOBAR_TRY(checkGround(fleet));
    ISOBAR_TRY(checkHardwareAndModels(fleet));
    ISOBAR_TRY(checkCapacity(fleet));
    ISOBAR_TRY(checkDemand(fleet));
    return checkMoneyAndNetwork(fleet);
}

} // namespace isobar
