// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/devices.h"
#include "model/engine/engine_impl.h"
#include "model/serving/power.h"

#include <algorithm>
#include <cmath>

namespace isobar::engine {
namespace {

constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();

/// A chip that fails by itself is lost (XID 79) or its memory is (XID 48), in the proportion in which faulty GPUs (148)
/// and HBM3 (72) interrupted 54 days of training Llama 3 405B (The Llama 3 Herd of Models, 2024, table 5).
constexpr std::uint64_t kLostGpus = 148, kLostMemories = 72;
constexpr std::uint8_t kFallenOffTheBus = 79, kDoubleBitEcc = 48;

std::uint8_t xidOf(std::uint32_t fault, std::uint32_t chip)
{
    const std::uint64_t draw = mix(mix(1, fault), chip) >> 16;
    return draw % (kLostGpus + kLostMemories) < kLostGpus ? kFallenOffTheBus : kDoubleBitEcc;
}

/// How busy a replica of a placement is with so many sequences in its batch, in the pricing of work: what it earns in
/// an iteration / what that takes. With d the price of a token, p of a prompt spread over its answer's tokens, and
/// decode(B) the time of an iteration without prompts: B (d + p) / (decode(B) + B p). 1 at a full batch.
class BusyRatio {
public:
    BusyRatio(const Fleet& fleet, ModelId model, const PlacementRun& run)
        : m_run(run)
        , m_context(run.meanContextTokens())
    {
        double rates = 0, input = 0, output = 0;
        for (const Workload& workload : fleet.workloads) {
            if (workload.model == model) {
                rates += workload.meanRequestsPerSecond;
                input += workload.meanRequestsPerSecond * workload.inputTokens.mean;
                output += workload.meanRequestsPerSecond * workload.outputTokens.mean;
            }
        }
        const double batch = run.fullBatch(), context = batch * m_context;
        const double decode = run.model().decodeSeconds(batch, context);
        m_token = decode / batch;
        if (rates > 0) {
            m_prompt =
                (run.model().mixedSeconds(batch, context, input / rates) - decode) / std::max(1.0, output / rates - 1);
        }
    }
    [[nodiscard]] double at(double sequences) const
    {
        return sequences > 0
                   ? sequences * (m_token + m_prompt) /
                         (m_run.model().decodeSeconds(sequences, sequences * m_context) + sequences * m_prompt)
                   : 0;
    }

private:
    const PlacementRun& m_run;
    double m_context, m_token = 0, m_prompt = 0;
};

void setPower(Device& device, double tdpWatts)
{
    const double work = device.utilizationRatio;
    device.watts = static_cast<float>(tdpWatts * (serving::kIdlePowerRatio + (1 - serving::kIdlePowerRatio) * work));
    device.celsius =
        tdpWatts > 0 ? static_cast<float>(kCoolantCelsius + kRiseAtTdpKelvin * device.watts / tdpWatts) : kUnknown;
}

void goDark(Device& device, Device::State state)
{
    device.state = state;
    device.utilizationRatio = device.watts = 0;
    device.celsius = kUnknown;
    device.hbmUsedBytes = kUnknown;
}

void giveAway(Device& device)
{
    device.owner = Device::Owner::OtherTenant;
    if (device.state == Device::State::Idle) {
        device.state = Device::State::Working;
    }
    device.utilizationRatio = device.watts = device.celsius = kUnknown;
    device.hbmUsedBytes = kUnknown;
}

bool isOurs(const Device& device)
{
    return device.owner != Device::Owner::OtherTenant && device.owner != Device::Owner::NotArrived;
}

/// The view being made of one pool.
class Maker {
public:
    Maker(const Engine::Impl& engine, PoolId pool)
        : m_engine(engine)
        , m_fleet(*engine.fleet)
        , m_map(engine.capacity->map(pool))
        , m_accelerator(m_fleet[m_fleet[pool].accelerator])
    {
        m_view.pool = pool;
        m_view.at = engine.clock();
        m_view.chipsPerNode = m_map.chipsPerNode();
        m_view.nodesPerRack = m_map.nodesPerRack();
        m_view.zones = m_map.zones();
        m_view.hbmBytes = m_accelerator.hbmBytes;
        m_view.tdpWatts = m_accelerator.tdpWatts;
        m_view.pueRatio = m_fleet[m_fleet[pool].region].pueRatio;
        m_view.chips.resize(m_map.chips());
    }

    DeviceView make()
    {
        for (std::size_t p = 0; p < kPricingModels; ++p) {
            const auto pricing = static_cast<PricingModel>(p);
            const auto [first, last] = m_map.range(pricing);
            for (std::uint32_t chip = first; chip < last; ++chip) {
                m_view.chips[chip].pricing = pricing;
                setPower(m_view.chips[chip], m_view.tdpWatts);
            }
        }
        addBlocks();
        addBroken();
        addOtherTenants();
        return std::move(m_view);
    }

private:
    /// Blocks stand in a row, so one pass over the owners finds them all.
    void addBlocks()
    {
        const bool sliced =
            !acceleratorLayout(m_engine.options.operations, m_fleet[m_view.pool].accelerator).sliceChips.empty();
        for (std::uint32_t chip = 0; chip < m_map.chips();) {
            const std::uint32_t owner = m_map.owner(chip);
            if (owner == ChipMap::kFree) {
                ++chip;
                continue;
            }
            const Capacity::Holder& holder = m_engine.capacity->holder(owner);
            const auto taken = static_cast<std::uint32_t>(m_map.taken(holder.chips));
            if (sliced) {
                const auto shape = sliceShape(m_accelerator.name, static_cast<std::int32_t>(taken));
                m_view.slices.push_back({chip, taken, shape.value_or(std::array<std::int32_t, 3>{})});
                for (std::uint32_t i = chip; i < chip + taken; ++i) {
                    m_view.chips[i].slice = static_cast<std::uint32_t>(m_view.slices.size() - 1);
                }
            }
            const Device device = holder.training ? ofGang(holder) : ofReplica(holder);
            for (std::uint32_t i = chip; i < chip + static_cast<std::uint32_t>(holder.chips); ++i) {
                Device& to = m_view.chips[i];
                const PricingModel pricing = to.pricing;
                const std::uint32_t slice = to.slice;
                to = device;
                to.pricing = pricing;
                to.slice = slice;
            }
            chip += taken;
        }
    }

    [[nodiscard]] Device ofReplica(const Capacity::Holder& holder)
    {
        Device device;
        device.owner = Device::Owner::Replica;
        device.number = holder.number;
        device.slot = holder.slot;
        const PlacementRun& run = m_engine.placements[holder.number];
        switch (run.state(holder.slot)) {
        case PlacementRun::State::Empty:
            break;
        case PlacementRun::State::Warming:
            device.state = Device::State::Warming; // its weights land at the end of the warm-up
            break;
        case PlacementRun::State::Serving:
        case PlacementRun::State::Draining: {
            device.state = run.state(holder.slot) == PlacementRun::State::Serving ? Device::State::Working
                                                                                  : Device::State::Draining;
            if (m_busyOf != holder.number) {
                m_busyOf = holder.number;
                m_busy.emplace(m_fleet, m_fleet.placements[holder.number].model, run);
            }
            const serving::Replica& replica = run.replica(holder.slot);
            device.utilizationRatio = static_cast<float>(m_busy->at(static_cast<double>(replica.running())));
            device.hbmUsedBytes = run.model().weightBytesPerChip +
                                  static_cast<double>(replica.heldBlocks() * run.policy().kvBlockTokens) *
                                      run.model().kvBytesPerTokenAndChip;
            break;
        }
        }
        setPower(device, m_view.tdpWatts);
        return device;
    }

    [[nodiscard]] Device ofGang(const Capacity::Holder& holder) const
    {
        Device device;
        device.owner = Device::Owner::Training;
        device.number = holder.number;
        const TrainingRun::State state = m_engine.gangs[holder.number].run.state();
        const bool runs = state == TrainingRun::State::Running || state == TrainingRun::State::Writing;
        device.state = runs ? Device::State::Working : Device::State::Waiting;
        device.utilizationRatio = runs ? 1 : 0;
        device.hbmUsedBytes = kUnknown;
        setPower(device, m_view.tdpWatts);
        return device;
    }

    void addBroken()
    {
        for (const ActiveFault& active : m_engine.activeFaults) {
            for (const Capacity::Range& range : active.broken) {
                const std::uint32_t last = std::min(range.first + range.count, m_map.chips());
                for (std::uint32_t chip = range.first; range.pool == m_view.pool && chip < last; ++chip) {
                    Device& device = m_view.chips[chip];
                    goDark(device, Device::State::Down);
                    device.cause = active.fault.kind;
                    const bool itself = active.fault.kind == FaultKind::Chip && m_accelerator.runtimeFamily == "cuda";
                    device.xid = itself ? xidOf(active.number, chip) : std::uint8_t{0};
                }
            }
        }
        for (const Capacity::Range& range : m_engine.capacity->toCome(m_view.pool)) {
            for (std::uint32_t chip = range.first; chip < range.first + range.count; ++chip) {
                Device& device = m_view.chips[chip];
                goDark(device, Device::State::Absent);
                device.owner = Device::Owner::NotArrived;
                device.xid = 0;
            }
        }
    }

    /// As the ledger has it: this lab's are the usable chips, of which those it holds come first, then those out of
    /// order, then idle ones. What is beyond that belongs to the other tenants.
    void addOtherTenants()
    {
        const DeviceCounts now = m_view.counts(); // none given away yet
        Pool whole = m_fleet[m_view.pool];
        for (std::size_t p = 0; p < kPricingModels; ++p) {
            whole.chips[p] += m_engine.capacity->arrivedChips(m_view.pool)[p];
        }
        whole.otherTenantRatio = m_engine.capacity->otherTenantRatio(m_view.pool);
        const std::int64_t left = std::max<std::int64_t>(0, whole.usableChips() - now.held());
        const std::int64_t down = std::min(left, now.down);
        give(now.idle - (left - down), Device::State::Idle);
        give(now.down - down, Device::State::Down);
    }

    /// The last chips nobody here uses; those of slices only where there are no others.
    void give(std::int64_t count, Device::State state)
    {
        for (const bool ofSlices : {false, true}) {
            for (std::size_t chip = m_view.chips.size(); chip-- > 0 && count > 0;) {
                Device& device = m_view.chips[chip];
                if (device.owner == Device::Owner::Nobody && device.state == state &&
                    (device.slice != Device::kNone) == ofSlices) {
                    giveAway(device);
                    --count;
                }
            }
        }
    }

    const Engine::Impl& m_engine;
    const Fleet& m_fleet;
    const ChipMap& m_map;
    const AcceleratorType& m_accelerator;
    DeviceView m_view;
    std::uint32_t m_busyOf = Device::kNone; ///< the placement `m_busy` is for: blocks of one mostly stand together
    std::optional<BusyRatio> m_busy;
};

} // namespace

std::string_view deviceOwnerName(Device::Owner owner)
{
    constexpr std::array<std::string_view, kDeviceOwners> kNames{"nobody", "replica", "training", "other-tenant",
                                                                 "not-arrived"};
    return kNames[static_cast<std::size_t>(owner)];
}

std::string_view deviceStateName(Device::State state)
{
    constexpr std::array<std::string_view, kDeviceStates> kNames{"idle",    "warming", "working", "draining",
                                                                 "waiting", "down",    "absent"};
    return kNames[static_cast<std::size_t>(state)];
}

std::optional<std::array<std::int32_t, 3>> sliceShape(std::string_view accelerator, std::int32_t chips)
{
    // cloud.google.com/tpu/docs/v5e, /v6e: 2D; /v4, /v5p, /tpu7x: 3D. Of shapes of one size the one nearest to a cube.
    using Shape = std::array<std::int32_t, 3>;
    static constexpr std::array<Shape, 8> kFlat{
        {{1, 1, 1}, {2, 2, 1}, {2, 4, 1}, {4, 4, 1}, {4, 8, 1}, {8, 8, 1}, {8, 16, 1}, {16, 16, 1}}};
    static constexpr std::array<Shape, 13> kSolid{{{2, 2, 1},
                                                   {2, 2, 2},
                                                   {2, 2, 4},
                                                   {2, 4, 4},
                                                   {4, 4, 4},
                                                   {4, 4, 8},
                                                   {4, 8, 8},
                                                   {8, 8, 8},
                                                   {8, 8, 16},
                                                   {8, 16, 16},
                                                   {16, 16, 16},
                                                   {16, 16, 24},
                                                   {16, 16, 36}}};
    const auto named = [&](std::string_view part) { return accelerator.find(part) != std::string_view::npos; };
    const auto of = [&](const auto& shapes) -> std::optional<Shape> {
        for (const Shape& shape : shapes) {
            if (shape[0] * shape[1] * shape[2] == chips) {
                return shape;
            }
        }
        return std::nullopt;
    };
    if (!named("TPU")) {
        return std::nullopt;
    }
    return named("v5e") || named("v6e")                    ? of(kFlat)
           : named("v4") || named("v5p") || named("TPU7x") ? of(kSolid)
                                                           : std::nullopt;
}

DeviceCounts DeviceView::counts() const
{
    DeviceCounts out;
    for (const Device& device : chips) {
        switch (device.owner) {
        case Device::Owner::Nobody:
            ++(device.state == Device::State::Down ? out.down : out.idle);
            break;
        case Device::Owner::Replica:
            ++out.serving;
            break;
        case Device::Owner::Training:
            ++out.training;
            break;
        case Device::Owner::OtherTenant:
            ++out.otherTenants;
            break;
        case Device::Owner::NotArrived:
            ++out.notArrived;
            break;
        }
    }
    return out;
}

double DeviceView::powerWatts() const
{
    double watts = 0;
    for (const Device& device : chips) {
        watts += isOurs(device) ? double{device.watts} : 0;
    }
    return watts * pueRatio;
}

double DeviceView::utilizationRatio() const
{
    double sum = 0;
    std::int64_t ours = 0;
    for (const Device& device : chips) {
        if (isOurs(device)) {
            sum += double{device.utilizationRatio};
            ++ours;
        }
    }
    return ours > 0 ? sum / static_cast<double>(ours) : std::numeric_limits<double>::quiet_NaN();
}

std::vector<DeviceGroup> groupsOf(const DeviceView& view, DeviceUnit unit)
{
    std::vector<DeviceGroup> groups;
    std::vector<std::int32_t> ours;
    for (std::size_t chip = 0; chip < view.chips.size(); ++chip) {
        const Device& device = view.chips[chip];
        const std::size_t at = unit == DeviceUnit::Node   ? view.nodeOf(chip)
                               : unit == DeviceUnit::Rack ? view.rackOf(chip)
                                                          : static_cast<std::size_t>(view.zoneOf(chip));
        for (std::size_t i = groups.size(); i <= at; ++i) {
            groups.push_back({static_cast<std::uint32_t>(i), {}, 0, 0, 0, std::numeric_limits<double>::quiet_NaN()});
            ours.push_back(0);
        }
        DeviceGroup& group = groups[at];
        if (device.owner == Device::Owner::OtherTenant) {
            ++group.otherTenants;
            continue;
        }
        ++group.chips[static_cast<std::size_t>(device.state)];
        group.hottestCelsius = std::fmax(group.hottestCelsius, double{device.celsius}); // passes over NaN
        if (isOurs(device)) {
            ++ours[at];
            group.utilizationRatio += double{device.utilizationRatio};
            group.watts += double{device.watts};
        }
    }
    for (std::size_t i = 0; i < groups.size(); ++i) {
        groups[i].utilizationRatio /= ours[i]; // NaN without any
    }
    return groups;
}

DeviceView Engine::devices(PoolId pool) const
{
    return Maker(*m_impl, pool).make();
}

} // namespace isobar::engine
