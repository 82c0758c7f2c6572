// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/interval.h"
#include "model/fleet/fleet.h"
#include "model/query/measures.h"

#include <array>
#include <optional>
#include <string>
#include <vector>

namespace isobar::query {

/// Which provider, region, model … each row of a Layout belongs to, as numbers, and back to names.
class RowKeys {
public:
    static constexpr std::size_t kDimensions = 11;
    /// By Dimension: the entity's index, or kNone where the row has none (idle chips have no model).
    using Facets = std::array<std::uint32_t, kDimensions>;
    static constexpr std::uint32_t kNone = 0xffffffffu;

    explicit RowKeys(const Fleet& fleet)
        : m_fleet(fleet)
    {
    }

    [[nodiscard]] const Fleet& fleet() const { return m_fleet; }
    /// Its money is egress.
    [[nodiscard]] Facets demand(const aggregate::Layout& layout, std::size_t row) const;
    /// Of the money paid under one pricing model, or of all that is counted of chips in a use.
    [[nodiscard]] Facets supply(const aggregate::Layout& layout, std::size_t row,
                                std::optional<PricingModel> pricing = std::nullopt) const;
    [[nodiscard]] Facets flow(const aggregate::Layout& layout, std::size_t placement, std::size_t area) const;

    /// The name shown for an index; "(none)" for kNone.
    [[nodiscard]] std::string name(Dimension dimension, std::uint32_t index) const;
    /// How many there are of them; 0 for time.
    [[nodiscard]] std::size_t size(Dimension dimension) const;
    /// Sorted indices of the named entities; an error names the unknown one and some that exist.
    [[nodiscard]] Result<std::vector<std::uint32_t>> resolve(Dimension dimension,
                                                             const std::vector<std::string>& names) const;

private:
    void setPool(Facets& facets, PoolId pool) const;

    const Fleet& m_fleet;
};

} // namespace isobar::query
