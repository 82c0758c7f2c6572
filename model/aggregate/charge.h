// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/interval.h"

namespace isobar::aggregate {

/// What money goes to: chips in some use by how they are paid for, chips that are paid while nothing runs on them,
/// traffic that leaves a region. Every micro-dollar counted has one.
enum class Charge : std::uint8_t { Reserved, Committed, OnDemand, Spot, Idle, Egress };
inline constexpr std::size_t kCharges = 6;

/// Of chips that are in this use and paid so.
[[nodiscard]] constexpr Charge chargeOf(Use use, std::size_t pricing)
{
    return use == Use::Idle ? Charge::Idle : static_cast<Charge>(pricing);
}
static_assert(static_cast<std::size_t>(Charge::Spot) + 1 == kPricingModels);

} // namespace isobar::aggregate
