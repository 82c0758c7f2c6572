// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/interval.h"
#include "model/fleet/fleet.h"

#include <array>
#include <span>
#include <vector>

namespace isobar::engine {

/// Chips, money, energy and carbon of every supply row. Serial: a few hundred rows a window.
///
/// Money: poolCost() of the chips a pool has in use, divided over placements and training by chips; chips paid for
/// but idle are the Idle row's, those out of order the Down row's. On-demand and spot chips that are down are not paid.
/// Energy: idle share by chip time, the rest by work (serving/power.h). Whatever does not make a whole micro-dollar,
/// millijoule or microgram yet is carried, so sums over any split of time agree exactly.
class Ledger {
public:
    explicit Ledger(const Fleet& fleet);

    /// The next placement, in the order of Layout::placements; appends its supply row.
    void addPlacement(PoolId pool);
    [[nodiscard]] const std::vector<aggregate::Layout::SupplyRow>& layoutRows() const { return m_layout; }

    /// What a pool's chips are doing besides serving.
    struct PoolNow {
        double otherTenantRatio = 0;
        std::int64_t trainingChips = 0;                          ///< held by gangs
        std::int64_t trainingBusyChipMicros = 0;                 ///< of gangs that ran, since the start
        std::array<std::int32_t, kPricingModels> arrivedChips{}; ///< beyond those of Pool, by how they are paid for
        std::array<std::int64_t, kPricingModels> downChips{};    ///< out of order, by how they are paid for
        friend bool operator==(const PoolNow&, const PoolNow&) = default;
    };
    /// Gives a pool a Down row if it has none; true when it got one.
    bool addDown(PoolId pool);
    /// Lets `micros` pass with so many chips held, and so much work started since the start, by placement, and pools in
    /// such a state.
    void pass(aggregate::SimMicros micros, std::span<const std::int64_t> chips,
              std::span<const std::int64_t> workMicros, std::span<const PoolNow> pools);

    /// By supply row: since the last closed interval. `close` begins the next.
    [[nodiscard]] std::vector<aggregate::SupplyTotals> open() const;
    void close();
    [[nodiscard]] std::uint64_t hash(std::uint64_t hash) const;

private:
    struct Row {
        std::int64_t chips = 0;
        std::array<double, kPricingModels> microUsdPerMicro{}, carriedMicroUsd{};
        double idleMillijoulesPerMicro = 0; ///< of one chip
        double workMillijoulesPerMicro = 0; ///< on top, while it works
        double microgramsPerMillijoule = 0;
        aggregate::SupplyTotals total, closed; ///< since the start; the same when the last interval closed
    };
    static constexpr std::uint32_t kNoRow = 0xffffffffu;
    struct PoolBook {
        Pool pool;
        std::array<double, kPricingModels> usdPerChipHour{};
        PoolNow now;                    ///< what the rates stand for
        std::int64_t servingChips = -1; ///< the same; -1 = not computed yet
        std::vector<std::uint32_t> placements;
        std::uint32_t trainingRow = kNoRow, idleRow = 0, downRow = kNoRow;
        Row blank; ///< the power figures of its rows
    };
    void setRates(PoolBook& book, std::span<const std::int64_t> chips);
    static void pass(Row& row, aggregate::SimMicros micros);

    std::vector<PoolBook> m_pools;
    std::vector<Row> m_rows; ///< by supply row
    std::vector<std::uint32_t> m_rowOfPlacement;
    std::vector<std::int64_t> m_chips; ///< by placement, as of the rates
    std::vector<aggregate::Layout::SupplyRow> m_layout;
};

} // namespace isobar::engine
