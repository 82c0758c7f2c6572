// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/aggregate/live_rollup.h"

#include "model/aggregate/time_buckets.h"

#include <algorithm>
#include <atomic>
#include <limits>

namespace isobar::aggregate {
namespace {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

struct Width {
    SimMicros micros, keptFor;
};
/// Each is kept in whole buckets of the next, so that no time falls between two.
constexpr std::array<Width, 4> kBucketWidths{{{kMicrosPerSecond, 300 * kMicrosPerSecond},
                                              {60 * kMicrosPerSecond, 6 * kMicrosPerHour},
                                              {kMicrosPerHour, 14 * kMicrosPerDay},
                                              {kMicrosPerDay, std::numeric_limits<SimMicros>::max()}}};

/// From the quotient of the counters to the gauge's unit.
constexpr std::array<double, kGauges> kScales{1e6, 1e6, 1, 1, 1e3, 86'400, 86'400};

std::size_t position(RollUpBy by)
{
    return static_cast<std::size_t>(by);
}

} // namespace

bool LiveRollUp::keeps(RollUpBy by, Gauge gauge)
{
    switch (by) {
    case RollUpBy::Workload:
    case RollUpBy::Tier:
        return gauge <= Gauge::SloAttainment;
    case RollUpBy::Area:
        return gauge == Gauge::RequestsPerSecond;
    case RollUpBy::Pricing:
        return gauge == Gauge::SpendUsdPerDay;
    default:
        return true;
    }
}

LiveRollUp::LiveRollUp(std::shared_ptr<const Fleet> fleet)
    : m_fleet(std::move(fleet))
{
    // Behind each dimension's entities comes what has none.
    const std::array<std::size_t, kRollUps> sizes{1,
                                                  m_fleet->providers.size(),
                                                  m_fleet->regions.size(),
                                                  m_fleet->pools.size(),
                                                  m_fleet->accelerators.size(),
                                                  m_fleet->models.size(),
                                                  m_fleet->workloads.size(),
                                                  m_fleet->tiers.size(),
                                                  kCharges,
                                                  m_fleet->areas.size()};
    for (std::size_t by = 0; by < kRollUps; ++by) {
        m_firstGroup[by + 1] = m_firstGroup[by] + static_cast<std::uint32_t>(sizes[by] + 1);
        for (std::size_t entity = 0; entity <= sizes[by]; ++entity) {
            m_firstCell.push_back(static_cast<std::uint32_t>(m_cells));
            for (std::size_t gauge = 0; gauge < kGauges; ++gauge) {
                m_cells += keeps(static_cast<RollUpBy>(by), static_cast<Gauge>(gauge)) ? 1 : 0;
            }
        }
    }
    m_sums.resize(m_firstGroup.back());
}

std::size_t LiveRollUp::entities(RollUpBy by) const
{
    return m_firstGroup[position(by) + 1] - m_firstGroup[position(by)] - 1;
}

LiveRollUp::Groups LiveRollUp::groupsOf(PoolId id) const
{
    const Pool& pool = (*m_fleet)[id];
    Groups groups;
    groups.fill(kNone);
    const auto set = [&](RollUpBy by, std::size_t entity) {
        groups[position(by)] = m_firstGroup[position(by)] + static_cast<std::uint32_t>(entity);
    };
    set(RollUpBy::Pool, id.index());
    set(RollUpBy::Region, pool.region.index());
    set(RollUpBy::Provider, (*m_fleet)[pool.region].provider.index());
    set(RollUpBy::Accelerator, pool.accelerator.index());
    return groups;
}

void LiveRollUp::useLayout(const Layout& layout)
{
    m_demandGroups.clear();
    m_supplyGroups.clear();
    const auto first = [this](RollUpBy by) { return m_firstGroup[position(by)]; };
    const auto none = [this](RollUpBy by) { return m_firstGroup[position(by) + 1] - 1; };
    for (const Layout::DemandRow& row : layout.demand) {
        const Workload& workload = (*m_fleet)[row.workload];
        Groups groups;
        groups.fill(kNone);
        if (row.placement != Layout::kUnrouted) {
            groups = groupsOf(layout.placements[row.placement].pool);
        } else {
            for (const RollUpBy by : {RollUpBy::Provider, RollUpBy::Region, RollUpBy::Pool, RollUpBy::Accelerator,
                                      RollUpBy::Area}) { // by area, what is routed is counted as flows
                groups[position(by)] = none(by);
            }
        }
        groups[position(RollUpBy::Total)] = 0;
        groups[position(RollUpBy::Workload)] =
            first(RollUpBy::Workload) + static_cast<std::uint32_t>(row.workload.index());
        groups[position(RollUpBy::Tier)] = first(RollUpBy::Tier) + static_cast<std::uint32_t>(workload.tier.index());
        groups[position(RollUpBy::Model)] = first(RollUpBy::Model) + static_cast<std::uint32_t>(workload.model.index());
        m_demandGroups.push_back(groups);
    }
    for (const Layout::SupplyRow& row : layout.supply) {
        Groups groups = groupsOf(row.pool);
        groups[position(RollUpBy::Total)] = 0;
        groups[position(RollUpBy::Model)] = none(RollUpBy::Model);
        if (row.use == Use::Serving) {
            groups[position(RollUpBy::Model)] =
                first(RollUpBy::Model) + static_cast<std::uint32_t>(layout.placements[row.placement].model.index());
        }
        m_supplyGroups.push_back(groups);
    }
}

void LiveRollUp::addUp(const Interval& interval)
{
    std::fill(m_sums.begin(), m_sums.end(), Sums{});
    const std::uint32_t firstPricing = m_firstGroup[position(RollUpBy::Pricing)];
    for (std::size_t row = 0; row < interval.demand.size(); ++row) {
        const DemandTotals& d = interval.demand[row];
        for (const std::uint32_t group : m_demandGroups[row]) {
            if (group == kNone) {
                continue;
            }
            Sums& sums = m_sums[group];
            sums.requests += d.requests;
            sums.tokens += d.tokensIn + d.tokensOut;
            sums.sloMet += d.sloMet;
            sums.ended += d.completed + d.rejected + d.lost;
            sums.microUsd += d.egressMicroUsd;
        }
        m_sums[firstPricing + static_cast<std::size_t>(Charge::Egress)].microUsd += d.egressMicroUsd;
    }
    for (std::size_t row = 0; row < interval.supply.size(); ++row) {
        const SupplyTotals& s = interval.supply[row];
        std::int64_t cost = 0;
        for (std::size_t pricing = 0; pricing < kPricingModels; ++pricing) {
            cost += s.costMicroUsd[pricing];
            const Charge charge = chargeOf(m_layout->supply[row].use, pricing);
            m_sums[firstPricing + static_cast<std::size_t>(charge)].microUsd += s.costMicroUsd[pricing];
        }
        for (const std::uint32_t group : m_supplyGroups[row]) {
            if (group == kNone) {
                continue;
            }
            Sums& sums = m_sums[group];
            sums.busyMicros += s.workMicros;
            sums.chipMicros += s.chipMicros;
            sums.millijoules += s.energyMillijoules;
            sums.micrograms += s.carbonMicrograms;
            sums.microUsd += cost;
        }
    }
    const std::uint32_t firstArea = m_firstGroup[position(RollUpBy::Area)];
    for (std::size_t i = 0; i < interval.flows.size(); ++i) {
        m_sums[firstArea + i % m_layout->areas].requests += interval.flows[i];
    }
}

void LiveRollUp::observe(Cell& cell, std::int64_t numerator, std::int64_t denominator)
{
    if (denominator <= 0) {
        return; // not defined there: neither high nor low
    }
    const auto value = static_cast<float>(static_cast<double>(numerator) / static_cast<double>(denominator));
    const bool first = cell.denominator == 0;
    cell.min = first ? value : std::min(cell.min, value);
    cell.max = first ? value : std::max(cell.max, value);
    cell.last = value;
    cell.numerator += numerator;
    cell.denominator += denominator;
}

/// Adds what came later.
void LiveRollUp::merge(Cell& cell, const Cell& later)
{
    if (later.denominator == 0) {
        return;
    }
    const bool first = cell.denominator == 0;
    cell.min = first ? later.min : std::min(cell.min, later.min);
    cell.max = first ? later.max : std::max(cell.max, later.max);
    cell.last = later.last;
    cell.numerator += later.numerator;
    cell.denominator += later.denominator;
}

void LiveRollUp::observe(const Interval& interval, std::span<Bucket* const> open)
{
    if (interval.layout != m_layout) {
        m_layout = interval.layout;
        useLayout(*m_layout);
    }
    addUp(interval);
    for (Bucket* bucket : open) {
        bucket->end = interval.end;
    }
    const std::int64_t micros = interval.end - interval.begin;
    for (std::size_t by = 0; by < kRollUps; ++by) {
        for (std::uint32_t group = m_firstGroup[by]; group < m_firstGroup[by + 1]; ++group) {
            const Sums& s = m_sums[group];
            const std::array<std::pair<std::int64_t, std::int64_t>, kGauges> quotients{{{s.requests, micros},
                                                                                        {s.tokens, micros},
                                                                                        {s.sloMet, s.ended},
                                                                                        {s.busyMicros, s.chipMicros},
                                                                                        {s.millijoules, micros},
                                                                                        {s.micrograms, micros},
                                                                                        {s.microUsd, micros}}};
            std::size_t cell = m_firstCell[group];
            for (std::size_t gauge = 0; gauge < kGauges; ++gauge) {
                if (keeps(static_cast<RollUpBy>(by), static_cast<Gauge>(gauge))) {
                    for (Bucket* bucket : open) {
                        observe(bucket->cells[cell], quotients[gauge].first, quotients[gauge].second);
                    }
                    ++cell;
                }
            }
        }
    }
}

void LiveRollUp::append(const Interval& interval)
{
    std::array<Bucket*, kWidths> open{};
    for (std::size_t w = 0; w < kWidths; ++w) {
        auto& buckets = m_buckets[w];
        const SimMicros width = kBucketWidths[w].micros;
        if (buckets.empty() || floorTo(buckets.back()->begin, width) != floorTo(interval.begin, width)) {
            buckets.push_back(
                std::make_shared<Bucket>(Bucket{interval.begin, interval.end, std::vector<Cell>(m_cells)}));
        } else if (buckets.back().use_count() > 1) { // a copy holds it
            buckets.back() = std::make_shared<Bucket>(*buckets.back());
        } else {
            std::atomic_thread_fence(std::memory_order_acquire); // whoever held it has read what there was
        }
        open[w] = buckets.back().get();
        if (w + 1 < kWidths) {
            const SimMicros keptFrom = floorTo(interval.end - kBucketWidths[w].keptFor, kBucketWidths[w + 1].micros);
            while (buckets.size() > 1 && buckets.front()->begin < keptFrom) {
                buckets.pop_front();
            }
        }
    }
    observe(interval, open);
}

void LiveRollUp::truncate(SimMicros at, const History& history)
{
    for (std::size_t w = 0; w < kWidths; ++w) {
        auto& buckets = m_buckets[w];
        SimMicros begin = at;
        while (!buckets.empty() && buckets.back()->end > at) {
            begin = buckets.back()->begin;
            buckets.pop_back();
        }
        if (begin >= at) {
            continue;
        }
        // `at` lies within the last of them: what came before is added up anew, from finer buckets where they reach.
        auto bucket = std::make_shared<Bucket>(Bucket{begin, begin, std::vector<Cell>(m_cells)});
        if (w > 0 && !m_buckets[w - 1].empty() && m_buckets[w - 1].front()->begin <= begin) {
            for (const auto& finer : m_buckets[w - 1]) {
                if (finer->begin < begin) {
                    continue;
                }
                bucket->end = finer->end;
                for (std::size_t i = 0; i < m_cells; ++i) {
                    merge(bucket->cells[i], finer->cells[i]);
                }
            }
        } else {
            for (const auto& interval : history.range(begin, at)) {
                if (interval->begin >= begin && interval->end <= at) {
                    Bucket* const open = bucket.get();
                    observe(*interval, std::span(&open, 1));
                }
            }
        }
        if (bucket->end > begin) {
            buckets.push_back(std::move(bucket));
        }
    }
}

std::size_t LiveRollUp::bytes() const
{
    std::size_t total = 0;
    for (const auto& buckets : m_buckets) {
        for (const auto& bucket : buckets) {
            total += sizeof(Bucket) + bucket->cells.capacity() * sizeof(Cell);
        }
    }
    return total;
}

SimMicros LiveRollUp::end() const
{
    return m_buckets.back().empty() ? 0 : m_buckets.back().back()->end;
}

std::size_t LiveRollUp::cellOf(RollUpBy by, std::size_t entity, Gauge gauge) const
{
    std::size_t cell = m_firstCell[m_firstGroup[position(by)] + entity];
    for (std::size_t before = 0; before < static_cast<std::size_t>(gauge); ++before) {
        cell += keeps(by, static_cast<Gauge>(before)) ? 1 : 0;
    }
    return cell;
}

std::vector<LiveRollUp::Point> LiveRollUp::series(RollUpBy by, std::size_t entity, Gauge gauge, SimMicros from,
                                                  SimMicros to, std::size_t pixels) const
{
    if (entity == kNoEntity) {
        entity = entities(by);
    } else if (entity >= entities(by)) {
        return {};
    }
    if (from >= to || !keeps(by, gauge)) {
        return {};
    }
    const SimMicros wanted = widthForPixels(from, to, pixels);
    std::size_t finest = 0;
    while (finest + 1 < kWidths && kBucketWidths[finest + 1].micros <= wanted) {
        ++finest;
    }
    // The newest time from the finest buckets, what is older than those from the next wider ones, and so on.
    std::vector<const Bucket*> used;
    SimMicros until = to;
    for (std::size_t w = finest; w < kWidths; ++w) {
        const auto& buckets = m_buckets[w];
        for (auto bucket = buckets.rbegin(); bucket != buckets.rend() && (*bucket)->end > from; ++bucket) {
            if ((*bucket)->begin < until) {
                used.push_back(bucket->get());
            }
        }
        until = buckets.empty() ? until : std::min(until, buckets.front()->begin);
    }
    std::reverse(used.begin(), used.end());
    const std::size_t number = cellOf(by, entity, gauge);
    const double scale = kScales[static_cast<std::size_t>(gauge)];
    std::vector<Point> points;
    std::int64_t numerator = 0, denominator = 0;
    SimMicros cut = 0;
    for (const Bucket* bucket : used) {
        const Cell& cell = bucket->cells[number];
        if (cell.denominator == 0) {
            continue;
        }
        const SimMicros here = floorTo(bucket->begin, wanted);
        if (points.empty() || here != cut) {
            cut = here;
            numerator = denominator = 0;
            points.push_back({bucket->begin, bucket->end, 0, cell.min * scale, cell.max * scale, 0});
        }
        numerator += cell.numerator;
        denominator += cell.denominator;
        Point& point = points.back();
        point.end = bucket->end;
        point.mean = static_cast<double>(numerator) / static_cast<double>(denominator) * scale;
        point.min = std::min(point.min, cell.min * scale);
        point.max = std::max(point.max, cell.max * scale);
        point.last = cell.last * scale;
    }
    return points;
}

} // namespace isobar::aggregate
