// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <string_view>

namespace isobar {

/// Seconds between a provider's notice and the end of a spot machine, as published (2026-11): AWS two minutes ("Spot
/// Instance interruption notices", EC2 user guide), Azure 30 s ("at least", Scheduled Events, Preempt), Google Cloud
/// 30 s (preemption process of Spot VMs). 0 for a provider, by key, that is not known to give any.
[[nodiscard]] constexpr double spotNoticeSeconds(std::string_view providerKey)
{
    return providerKey == "aws" ? 120 : providerKey == "azure" || providerKey == "gcp" ? 30 : 0;
}

} // namespace isobar
