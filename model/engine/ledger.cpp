// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/ledger.h"
#include "model/engine/random.h"
#include "model/fleet/lookup.h"
#include "model/fleet/pool_cost.h"
#include "model/serving/power.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace isobar::engine {

using aggregate::SupplyTotals;
using aggregate::Use;

Ledger::Ledger(const Fleet& fleet)
{
    for (std::size_t i = 0; i < fleet.pools.size(); ++i) {
        const PoolId id(i);
        PoolBook book;
        book.pool = fleet[id];
        for (std::size_t p = 0; p < kPricingModels; ++p) {
            // A chip nobody has a price for costs nothing: there is no honest other number.
            const auto price = priceOf(fleet, id, static_cast<PricingModel>(p));
            book.usdPerChipHour[p] = price ? price->usdPerChipHour : 0;
        }
        bool trains = false;
        for (const TrainingJob& job : fleet.trainingJobs) {
            trains = trains || (job.pool == id && job.chips > 0);
        }
        const Region& region = fleet[book.pool.region];
        const AcceleratorType& accelerator = fleet[book.pool.accelerator];
        // 1 W for 1 us is 1e-3 mJ.
        book.blank.idleMillijoulesPerMicro = serving::chipWatts(accelerator, region, 0) * 1e-3;
        book.blank.workMillijoulesPerMicro =
            serving::chipWatts(accelerator, region, 1) * 1e-3 - book.blank.idleMillijoulesPerMicro;
        // g/kWh: 1e6 ug over 3.6e9 mJ.
        book.blank.microgramsPerMillijoule = serving::gridIntensity(fleet, book.pool.region).gramsCo2PerKwh / 3600;
        if (trains) {
            book.trainingRow = static_cast<std::uint32_t>(m_rows.size());
            m_rows.push_back(book.blank);
            m_layout.push_back({id, Use::Training, 0});
        }
        book.idleRow = static_cast<std::uint32_t>(m_rows.size());
        m_rows.push_back(book.blank);
        m_layout.push_back({id, Use::Idle, 0});
        m_pools.push_back(std::move(book));
    }
}

void Ledger::addPlacement(PoolId pool)
{
    PoolBook& book = m_pools[pool.index()];
    const auto placement = static_cast<std::uint32_t>(m_rowOfPlacement.size());
    book.placements.push_back(placement);
    book.servingChips = -1;
    m_rowOfPlacement.push_back(static_cast<std::uint32_t>(m_rows.size()));
    m_chips.push_back(0);
    m_rows.push_back(book.blank);
    m_layout.push_back({pool, Use::Serving, placement});
}

bool Ledger::addDown(PoolId pool)
{
    PoolBook& book = m_pools[pool.index()];
    if (book.downRow != kNoRow) {
        return false;
    }
    book.downRow = static_cast<std::uint32_t>(m_rows.size());
    Row dark = book.blank;
    dark.idleMillijoulesPerMicro = dark.workMillijoulesPerMicro = 0;
    m_rows.push_back(dark);
    m_layout.push_back({pool, Use::Down, 0});
    return true;
}

void Ledger::setRates(PoolBook& book, std::span<const std::int64_t> chips)
{
    std::int64_t serving = 0;
    for (const std::uint32_t placement : book.placements) {
        serving += chips[placement];
        m_chips[placement] = chips[placement];
    }
    book.servingChips = serving;
    const std::int64_t used = serving + book.now.trainingChips;
    Pool whole = book.pool;
    whole.otherTenantRatio = book.now.otherTenantRatio;
    for (std::size_t p = 0; p < kPricingModels; ++p) {
        whole.chips[p] += book.now.arrivedChips[p];
    }
    Pool working = whole;
    for (std::size_t p = 0; p < kPricingModels; ++p) {
        working.chips[p] -= static_cast<std::int32_t>(book.now.downChips[p]);
    }
    const PoolCost cost = poolCost(working, book.usdPerChipHour, used);
    const auto setRow = [&](Row& row, std::int64_t held) {
        row.chips = held;
        for (std::size_t p = 0; p < kPricingModels; ++p) {
            const double share = used > 0 ? static_cast<double>(held) / static_cast<double>(used) : 0;
            row.microUsdPerMicro[p] = cost.usedUsdPerHour[p] * share / 3600;
        }
    };
    for (const std::uint32_t placement : book.placements) {
        setRow(m_rows[m_rowOfPlacement[placement]], chips[placement]);
    }
    if (book.trainingRow != kNoRow) {
        setRow(m_rows[book.trainingRow], book.now.trainingChips);
    }
    // Replicas that finish while their successors warm up may for a while hold more than there is.
    const std::int64_t left = std::max<std::int64_t>(0, whole.usableChips() - used);
    const std::int64_t broken = std::accumulate(book.now.downChips.begin(), book.now.downChips.end(), std::int64_t{0});
    const std::int64_t down = book.downRow != kNoRow ? std::min(left, broken) : 0;
    if (book.downRow != kNoRow) {
        Row& row = m_rows[book.downRow];
        row.chips = down;
        for (const PricingModel paid : {PricingModel::Reserved, PricingModel::Committed}) {
            const auto p = static_cast<std::size_t>(paid);
            row.microUsdPerMicro[p] = static_cast<double>(book.now.downChips[p]) * (1 - whole.otherTenantRatio) *
                                      book.usdPerChipHour[p] / 3600;
        }
    }
    Row& idle = m_rows[book.idleRow];
    idle.chips = left - down;
    for (std::size_t p = 0; p < kPricingModels; ++p) {
        idle.microUsdPerMicro[p] = cost.idleUsdPerHour[p] / 3600;
    }
}

void Ledger::pass(Row& row, aggregate::SimMicros micros)
{
    row.total.chipMicros += row.chips * micros;
    for (std::size_t p = 0; p < kPricingModels; ++p) {
        row.carriedMicroUsd[p] += row.microUsdPerMicro[p] * static_cast<double>(micros);
        const double whole = std::floor(row.carriedMicroUsd[p]);
        row.carriedMicroUsd[p] -= whole;
        row.total.costMicroUsd[p] += static_cast<std::int64_t>(whole);
    }
    // Functions of the sums since the start, so rounding never adds up.
    const double millijoules = static_cast<double>(row.total.chipMicros) * row.idleMillijoulesPerMicro +
                               static_cast<double>(row.total.workMicros) * row.workMillijoulesPerMicro;
    row.total.energyMillijoules = static_cast<std::int64_t>(millijoules);
    row.total.carbonMicrograms = static_cast<std::int64_t>(millijoules * row.microgramsPerMillijoule);
}

void Ledger::pass(aggregate::SimMicros micros, std::span<const std::int64_t> chips,
                  std::span<const std::int64_t> workMicros, std::span<const PoolNow> pools)
{
    for (std::size_t i = 0; i < m_pools.size(); ++i) {
        PoolBook& book = m_pools[i];
        PoolNow now = pools[i];
        if (book.trainingRow != kNoRow) {
            m_rows[book.trainingRow].total.workMicros = now.trainingBusyChipMicros;
        }
        now.trainingBusyChipMicros = 0; // no rate depends on it
        const bool same = book.servingChips >= 0 && now == book.now &&
                          std::all_of(book.placements.begin(), book.placements.end(),
                                      [&](std::uint32_t placement) { return m_chips[placement] == chips[placement]; });
        if (!same) {
            book.now = now;
            setRates(book, chips);
        }
    }
    for (std::size_t placement = 0; placement < m_rowOfPlacement.size(); ++placement) {
        m_rows[m_rowOfPlacement[placement]].total.workMicros = workMicros[placement];
    }
    for (Row& row : m_rows) {
        pass(row, micros);
    }
}

std::vector<SupplyTotals> Ledger::open() const
{
    std::vector<SupplyTotals> all;
    all.reserve(m_rows.size());
    for (const Row& row : m_rows) {
        SupplyTotals t = row.total;
        t.chipMicros -= row.closed.chipMicros;
        t.workMicros -= row.closed.workMicros;
        for (std::size_t p = 0; p < kPricingModels; ++p) {
            t.costMicroUsd[p] -= row.closed.costMicroUsd[p];
        }
        t.energyMillijoules -= row.closed.energyMillijoules;
        t.carbonMicrograms -= row.closed.carbonMicrograms;
        all.push_back(t);
    }
    return all;
}

void Ledger::close()
{
    for (Row& row : m_rows) {
        row.closed = row.total;
    }
}

std::uint64_t Ledger::hash(std::uint64_t hash) const
{
    for (const Row& row : m_rows) {
        hash = mix(hash, static_cast<std::uint64_t>(row.total.chipMicros));
        hash = mix(hash, static_cast<std::uint64_t>(row.total.workMicros));
        hash = mix(hash, static_cast<std::uint64_t>(row.total.energyMillijoules));
        for (std::size_t p = 0; p < kPricingModels; ++p) {
            hash = mix(hash, static_cast<std::uint64_t>(row.total.costMicroUsd[p]));
            hash = mix(hash, std::bit_cast<std::uint64_t>(row.carriedMicroUsd[p]));
        }
    }
    return hash;
}

} // namespace isobar::engine
