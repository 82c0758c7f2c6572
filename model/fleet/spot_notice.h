// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <string_view>

namespace isobar {

/// Seconds between a provider's notice and the end of a spot machine, as published; 0 for a provider, by key, that is
/// not known to give any. All are best effort. Operations::spotNotices says otherwise where a scenario does.
///   aws    120  "two minutes before Amazon EC2 stops or terminates": EC2 User Guide, Spot Instance interruption
///               notices, docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
///   azure   30  minimum notice of event type Preempt: Scheduled Events for Linux VMs, Event Scheduling,
///               github.com/MicrosoftDocs/azure-docs, articles/virtual-machines/linux/scheduled-events.md
///   gcp     30  between ACPI G2 Soft Off and G3 Mechanical Off of a Spot VM: Compute Engine API v1, Scheduling,
///               skipGuestOsShutdown, pub.dev/documentation/googleapis/latest/compute_v1/Scheduling
[[nodiscard]] constexpr double spotNoticeSeconds(std::string_view providerKey)
{
    return providerKey == "aws" ? 120 : providerKey == "azure" || providerKey == "gcp" ? 30 : 0;
}

} // namespace isobar
