// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/fleet.h"

#include <optional>
#include <string_view>

/// Enumerations as the words the store keeps.
namespace isobar::store {

[[nodiscard]] inline const char* word(Basis basis)
{
    switch (basis) {
    case Basis::Measured:
        return "measured";
    case Basis::Published:
        return "published";
    case Basis::Estimated:
        return "estimated";
    case Basis::Invented:
        break;
    }
    return "invented";
}

[[nodiscard]] inline const char* word(Precision precision)
{
    return precisionName(precision);
}

[[nodiscard]] inline const char* word(PricingModel pricing)
{
    return pricingModelName(pricing);
}

/// The value of `values` whose word is `text`.
template <class Enum, std::size_t Size>
[[nodiscard]] std::optional<Enum> fromWord(std::string_view text, const std::array<Enum, Size>& values)
{
    for (const Enum value : values) {
        if (text == word(value)) {
            return value;
        }
    }
    return std::nullopt;
}

inline constexpr std::array kAllBases{Basis::Measured, Basis::Published, Basis::Estimated, Basis::Invented};
inline constexpr std::array kAllPricings{PricingModel::Reserved, PricingModel::Committed, PricingModel::OnDemand,
                                         PricingModel::Spot};

} // namespace isobar::store
