// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/plan/scenario_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace isobar::plan {
namespace {

/// In the largest unit of which it is a whole number; "90 s", "5 min", "2 h".
std::string time(double seconds)
{
    const auto whole = [seconds](double unit) { return seconds >= unit && std::fmod(seconds, unit) == 0; };
    return whole(86400)  ? fmt::format("{:g} d", seconds / 86400)
           : whole(3600) ? fmt::format("{:g} h", seconds / 3600)
           : whole(60)   ? fmt::format("{:g} min", seconds / 60)
                         : fmt::format("{:g} s", seconds);
}

/// "1,100,000".
std::string grouped(double number)
{
    std::string text = number < 1000 ? fmt::format("{:g}", number) : fmt::format("{:.0f}", number);
    for (std::size_t at = text.size(); number >= 1000 && at > 3; at -= 3) {
        text.insert(at - 3, ",");
    }
    return text;
}

std::string percent(double ratio)
{
    return fmt::format("{:.4g} %", ratio * 100);
}

/// "1 pool", "3 pools".
std::string count(std::size_t n, const char* one, const char* many)
{
    return fmt::format("{} {}", n, n == 1 ? one : many);
}

std::string placeOf(const Fault& fault, const Fleet& fleet)
{
    return fault.pool.valid()       ? fleet[fault.pool].key
           : fault.region.valid()   ? regionKey(fleet, fault.region)
           : fault.provider.valid() ? fleet[fault.provider].name
                                    : "everywhere";
}

std::string whatBreaks(const Fault& fault, const Fleet& fleet)
{
    const std::string place = placeOf(fault, fleet);
    const auto units = static_cast<std::size_t>(fault.count);
    switch (fault.kind) {
    case FaultKind::Chip:
        return count(units, "chip", "chips") + " of " + place + " fail";
    case FaultKind::Node:
        return count(units, "node", "nodes") + " of " + place + " fail";
    case FaultKind::Rack:
        return count(units, "rack", "racks") + " of " + place + " fail";
    case FaultKind::Zone:
        return fmt::format("zone {} of {} goes", fault.count, place);
    case FaultKind::Region:
    case FaultKind::Provider:
        return "all of " + place + " goes";
    case FaultKind::LinkCut:
        return fmt::format("the link {} to {} is cut", place, regionKey(fleet, fault.otherRegion));
    case FaultKind::LinkSlow:
        return fmt::format("the link {} to {} is {:g} times slower", place, regionKey(fleet, fault.otherRegion),
                           fault.ratio);
    case FaultKind::SpotWave:
        return fmt::format("{} of the spot chips of {} are taken back", percent(fault.ratio), place);
    case FaultKind::StaleControl:
        return fmt::format("gateways keep an old view of the load of {}",
                           fault.region.valid() ? place : std::string("every region"));
    }
    return {};
}

void addFaults(std::vector<std::string>& lines, const Operations& operations, const Fleet& fleet)
{
    std::vector<Fault> faults = operations.faults;
    std::stable_sort(faults.begin(), faults.end(),
                     [](const Fault& a, const Fault& b) { return a.atSeconds < b.atSeconds; });
    for (const Fault& fault : faults) {
        lines.push_back(fmt::format("After {}, for {}: {}", time(fault.atSeconds), time(fault.durationSeconds),
                                    whatBreaks(fault, fleet)));
    }
    for (const FaultRate& rate : operations.faultRates) {
        if (rate.meanHoursToFailure > 0) {
            lines.push_back(fmt::format("Each {} fails once in {} h in the mean, for {} h", faultKindName(rate.kind),
                                        grouped(rate.meanHoursToFailure), grouped(rate.meanHoursToRepair)));
        }
    }
}

void addDemand(std::vector<std::string>& lines, const Operations& operations, const Fleet& fleet)
{
    if (operations.demandRatio != 1) {
        lines.push_back(fmt::format("Demand is {} of its mean", percent(operations.demandRatio)));
    }
    for (const DemandSurge& surge : operations.surges) {
        lines.push_back(fmt::format("After {}, for {}: {} of the demand of {}", time(surge.atSeconds),
                                    time(surge.durationSeconds), percent(surge.ratio),
                                    surge.workload.valid() ? fleet[surge.workload].name : "all"));
    }
    std::size_t weekends = 0, growing = 0, waiting = 0, sessions = 0, traces = 0, scaled = 0;
    std::map<std::string, std::size_t> products;
    for (const WorkloadOperations& w : operations.workloads) {
        weekends += w.weekendRatio != 1;
        growing += w.growthPerYearRatio != 0;
        waiting += w.deferSeconds > 0;
        sessions += w.turnsPerSession > 1;
        traces += !w.trace.empty();
        scaled += w.demandRatio != 1;
        if (!w.product.empty()) {
            ++products[w.product];
        }
    }
    const auto workloads = [&lines](std::size_t n, const char* what) {
        if (n > 0) {
            lines.push_back(fmt::format("{} {}", count(n, "workload", "workloads"), what));
        }
    };
    workloads(scaled, "with more or less demand than usual");
    workloads(growing, "growing over the year");
    workloads(weekends, "with other demand on weekends");
    workloads(traces, "following a recorded trace");
    workloads(waiting, "that may wait for room");
    workloads(sessions, "whose sessions stay where they began");
    if (!products.empty()) {
        std::string names;
        for (const auto& [product, n] : products) {
            names += (names.empty() ? "" : ", ") + product;
        }
        lines.push_back("Products: " + names);
    }
}

void addPolicies(std::vector<std::string>& lines, const Operations& operations)
{
    std::map<RoutingPolicy, std::size_t> others;
    for (const WorkloadOperations& w : operations.workloads) {
        if (w.routing && *w.routing != operations.routing) {
            ++others[*w.routing];
        }
    }
    std::string routing = std::string("Routing: ") + routingPolicyName(operations.routing);
    for (const auto& [policy, n] : others) {
        routing += fmt::format(", {} for {}", routingPolicyName(policy), count(n, "workload", "workloads"));
    }
    if (operations.probes != Operations{}.probes) {
        routing += fmt::format("; {} probed where latency decides", operations.probes);
    }
    lines.push_back(routing);
    if (operations.retry != RetryRule{}) {
        lines.push_back(fmt::format("A request that fails is tried {} in all, first after {}; where it failed gets "
                                    "nothing for {}",
                                    operations.retry.maxAttempts == 1
                                        ? std::string("once")
                                        : fmt::format("{} times", operations.retry.maxAttempts),
                                    time(operations.retry.backoffSeconds), time(operations.retry.coolDownSeconds)));
    }
}

void addCapacity(std::vector<std::string>& lines, const Operations& operations, const Fleet& fleet)
{
    if (!operations.autoscale.empty()) {
        lines.push_back(count(operations.autoscale.size(), "placement scales", "placements scale") + " with the load");
    }
    if (const WarmUpTimes& warmUp = operations.warmUp; warmUp != WarmUpTimes{}) {
        lines.push_back(
            fmt::format("A replica warms up in {} for its node, {} for its image, its weights at {:g} GB/s, "
                        "and {} where programs are compiled",
                        time(warmUp.nodeSeconds), time(warmUp.imageSeconds), warmUp.weightBytesPerSecond / 1e9,
                        time(warmUp.compileSeconds)));
    }
    std::size_t quotas = 0, power = 0, tenants = 0, spot = 0, zones = 0;
    for (const PoolOperations& p : operations.pools) {
        quotas += p.quotaChips.has_value();
        power += p.powerLimitWatts.has_value();
        tenants += p.otherTenantAmplitude > 0;
        spot += p.spotReclaimsPerChipHour > 0;
        zones += p.zones > 1;
    }
    const auto pools = [&lines](std::size_t n, const char* what) {
        if (n > 0) {
            lines.push_back(count(n, "pool", "pools") + " " + what);
        }
    };
    pools(spot, "whose spot chips are taken back now and then");
    for (const SpotNotice& notice : operations.spotNotices) {
        lines.push_back(fmt::format(
            "Spot chips of {} go {}", notice.provider.valid() ? fleet[notice.provider].name : "every other provider",
            notice.seconds > 0 ? time(notice.seconds) + " after their notice" : std::string("without notice")));
    }
    pools(tenants, "where other tenants' load swings over the day");
    pools(quotas, "with a quota");
    pools(power, "with a limit of power");
    pools(zones, "in several zones");
    std::string slices;
    for (const AcceleratorLayout& layout : operations.layouts) {
        if (!layout.sliceChips.empty()) {
            slices += (slices.empty() ? "" : ", ") + fleet[layout.accelerator].name;
        }
    }
    if (!slices.empty()) {
        lines.push_back("In slices: " + slices);
    }
    if (!operations.training.empty()) {
        lines.push_back(count(operations.training.size(), "training gang", "training gangs") +
                        " with checkpoints and restarts as given here");
    }
}

} // namespace

std::vector<std::string> scenarioWords(const Operations& operations, const Fleet& fleet)
{
    std::vector<std::string> lines;
    if (operations == Operations{}) {
        return lines;
    }
    addFaults(lines, operations, fleet);
    addDemand(lines, operations, fleet);
    addPolicies(lines, operations);
    addCapacity(lines, operations, fleet);
    return lines;
}

} // namespace isobar::plan
