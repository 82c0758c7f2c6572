// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/query/query.h"
#include "model/query/row_keys.h"

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace isobar::query {

inline constexpr std::size_t kMaxDimensions = 4;

/// The names of two fleets as one set of numbers: what is asked about, and what it is compared with. Things are the
/// same when their names are. With one fleet, numbers are RowKeys' own.
class JointKeys {
public:
    enum class Side : std::uint8_t { Now, Base };
    static constexpr std::uint32_t kOther = 0xfffffffeu; ///< stands for all that did not make it into the top
    using Filters = std::vector<std::pair<Dimension, std::vector<std::uint32_t>>>;

    /// Both fleets must outlive it; they may be the same.
    JointKeys(const Fleet& now, const Fleet& base, const Query& query);

    /// An error when a name is in neither fleet.
    Status resolveFilters(const std::vector<Filter>& where);
    /// What rows are let through, in numbers of that side's own; sorted.
    [[nodiscard]] const Filters& filters(Side side) const { return m_filters[static_cast<std::size_t>(side)]; }

    [[nodiscard]] const RowKeys& of(Side side) const { return side == Side::Now ? m_now : m_base; }
    [[nodiscard]] std::uint32_t joint(Side side, Dimension dimension, std::uint32_t own) const
    {
        return side == Side::Now || m_same || own == RowKeys::kNone
                   ? own
                   : m_jointOfBase[static_cast<std::size_t>(dimension)][own];
    }
    [[nodiscard]] std::string name(Dimension dimension, std::uint32_t joint) const;

private:
    static constexpr std::uint32_t kOnlyInBase = 0x80000000u; ///< and the base's own number
    RowKeys m_now, m_base;
    bool m_same = true;
    std::array<std::vector<std::uint32_t>, RowKeys::kDimensions> m_jointOfBase;
    std::array<Filters, 2> m_filters;
};

} // namespace isobar::query
