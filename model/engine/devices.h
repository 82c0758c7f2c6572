// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/engine/engine.h"

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

/// A pool opened to its chips: who holds each, what it does, how hot it is. Made when it is asked for, from the same
/// state that the engine counts, so sums over chips are the pool's: docs/measures.md says how near.
namespace isobar::engine {

struct Device {
    enum class Owner : std::uint8_t {
        Nobody,      ///< free, or in a slice beyond what its replica asked for
        Replica,     ///< `number` is a placement, `slot` its replica
        Training,    ///< `number` is a training job
        OtherTenant, ///< which chips are theirs is not modelled: shown are the last that nobody here uses
        NotArrived,  ///< expected on a later date
    };
    enum class State : std::uint8_t {
        Idle,     ///< held by nobody
        Warming,  ///< its replica loads
        Working,  ///< its replica serves, or its gang runs or writes a checkpoint
        Draining, ///< its replica finishes what it runs
        Waiting,  ///< its gang lacks chips or restarts
        Down,     ///< out of order, or taken back
        Absent,   ///< not there yet
    };
    static constexpr std::uint32_t kNone = 0xffffffffu;

    std::uint32_t number = kNone, slot = kNone;
    std::uint32_t slice = kNone; ///< index into DeviceView::slices
    Owner owner = Owner::Nobody;
    State state = State::Idle;
    PricingModel pricing = PricingModel::Reserved;
    FaultKind cause = FaultKind::Chip; ///< of Down: the fault that began last
    /// Of Down, simulated: 79 (fallen off the bus) or 48 (double-bit ECC) where a CUDA chip failed by itself; 0 = none:
    /// a node that is off reports nothing.
    std::uint8_t xid = 0;
    // NaN = not known: other tenants' chips, sensors of chips that are down, memory of training.
    float utilizationRatio = 0;
    float watts = 0;   ///< without PUE; its share of the server included, as serving::chipWatts
    float celsius = 0; ///< ESTIMATED from the power
    double hbmUsedBytes = 0;
};
inline constexpr std::size_t kDeviceOwners = 5, kDeviceStates = 7;
[[nodiscard]] std::string_view deviceOwnerName(Device::Owner owner); ///< "nobody", "replica", …
[[nodiscard]] std::string_view deviceStateName(Device::State state); ///< "idle", "warming", …

/// Chips that came as one: of a pool whose slices have fixed sizes, what a replica or a part of a gang took.
struct Slice {
    std::uint32_t first = 0, chips = 0;
    std::array<std::int32_t, 3> shape{}; ///< x, y, z; zeros = not known
};
/// The shape in which Cloud TPUs of that name come in so many chips; nothing for other chips and other sizes.
[[nodiscard]] std::optional<std::array<std::int32_t, 3>> sliceShape(std::string_view accelerator, std::int32_t chips);

/// What chips add up to. held() + idle + down = the chips of the pool's supply rows.
struct DeviceCounts {
    std::int64_t serving = 0, training = 0; ///< held by replicas and gangs
    std::int64_t idle = 0, down = 0;        ///< this lab's
    std::int64_t otherTenants = 0, notArrived = 0;
    [[nodiscard]] std::int64_t held() const { return serving + training; }
    [[nodiscard]] std::int64_t all() const { return held() + idle + down + otherTenants + notArrived; }
    friend bool operator==(const DeviceCounts&, const DeviceCounts&) = default;
};

struct DeviceView {
    PoolId pool;
    SimMicros at = 0;
    std::uint32_t chipsPerNode = 1, nodesPerRack = 1;
    std::int32_t zones = 1;
    double hbmBytes = 0, tdpWatts = 0; ///< of one chip
    double pueRatio = 1;
    std::vector<Device> chips; ///< by number: nodes hold chipsPerNode in a row, racks nodesPerRack nodes
    std::vector<Slice> slices; ///< by first chip; empty where slices come in any size

    [[nodiscard]] std::uint32_t nodeOf(std::size_t chip) const
    {
        return static_cast<std::uint32_t>(chip) / chipsPerNode;
    }
    [[nodiscard]] std::uint32_t rackOf(std::size_t chip) const { return nodeOf(chip) / nodesPerRack; }
    [[nodiscard]] std::int32_t zoneOf(std::size_t chip) const
    {
        return static_cast<std::int32_t>(rackOf(chip)) % zones;
    }
    [[nodiscard]] DeviceCounts counts() const;
    /// At the meter: this lab's chips, PUE included.
    [[nodiscard]] double powerWatts() const;
    /// Mean over this lab's chips, those down included, as Measure::Utilization counts them; NaN without any.
    [[nodiscard]] double utilizationRatio() const;
};

/// One node, rack or zone: what a picture of a large pool shows of it.
struct DeviceGroup {
    std::uint32_t index = 0;
    std::array<std::int32_t, kDeviceStates> chips{}; ///< by state; other tenants' are not in it
    std::int32_t otherTenants = 0;
    double utilizationRatio = 0; ///< mean over this lab's chips; NaN without any
    double watts = 0;            ///< without PUE
    double hottestCelsius = 0;   ///< NaN where no sensor answers
};
enum class DeviceUnit : std::uint8_t { Node, Rack, Zone };
/// By index. Work: linear in chips.
[[nodiscard]] std::vector<DeviceGroup> groupsOf(const DeviceView& view, DeviceUnit unit);

/// A chip's temperature, ESTIMATED: what cools it, plus a rise in proportion to power, 45 K at its rated one. An idle
/// H100 SXM at 0.3 of 700 W then shows 44 C and a busy one 75 C, as such servers report.
inline constexpr double kCoolantCelsius = 30, kRiseAtTdpKelvin = 45;

} // namespace isobar::engine
