// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/devices.h"
#include "app/isobar-cli/command.h"
#include "app/isobar-cli/output.h"
#include "app/isobar-cli/run_options.h"
#include "model/fleet/lookup.h"
#include "model/fleet/suggest.h"
#include "model/store/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace isobar::cli {
namespace {

using engine::Device;
using engine::DeviceView;

constexpr double kMebibyte = 1 << 20;

struct Options {
    RunOptions run;
    std::string pool, format = "text";
    bool json = false;
};

/// Before anything is simulated for it.
Result<PoolId> findPoolOf(const Options& options)
{
    ISOBAR_TRY_ASSIGN(const store::Store opened, store::Store::open(options.run.store));
    ISOBAR_TRY_ASSIGN(const Fleet fleet, opened.loadFleet());
    const PoolId pool = findPool(fleet, options.pool);
    if (pool.valid()) {
        return pool;
    }
    return Error{ErrorCode::NotFound, fmt::format("the fleet has no pool '{}'", options.pool),
                 suggestNames(options.pool, fleet.pools, &Pool::key)};
}

std::string holderOf(const Fleet& fleet, const Device& device)
{
    switch (device.owner) {
    case Device::Owner::Replica:
        return fleet.placements[device.number].key;
    case Device::Owner::Training:
        return fleet.trainingJobs[device.number].name;
    case Device::Owner::Nobody:
    case Device::Owner::OtherTenant:
    case Device::Owner::NotArrived:
        break;
    }
    return {};
}

std::string shapeOf(const engine::Slice& slice)
{
    return slice.shape[0] == 0 ? std::string()
                               : fmt::format("{}x{}x{}", slice.shape[0], slice.shape[1], slice.shape[2]);
}

/// A field by RFC 4180.
std::string quoted(const std::string& text)
{
    if (text.find_first_of(",\"\n\r") == std::string::npos) {
        return text;
    }
    std::string out = "\"";
    for (const char c : text) {
        out += c == '"' ? "\"\"" : std::string(1, c);
    }
    return out + '"';
}

/// Empty where not known.
std::string number(double value, int decimals)
{
    return std::isnan(value) ? std::string() : fmt::format("{:.{}f}", value, decimals);
}

std::string csv(const Fleet& fleet, const DeviceView& view)
{
    std::string out = "chip,node,rack,zone,slice,slice_shape,pricing_model,owner,holder,replica,state,cause,"
                      "isobar_accelerator_usage_ratio,DCGM_FI_DEV_GPU_UTIL,DCGM_FI_DEV_POWER_USAGE,"
                      "DCGM_FI_DEV_GPU_TEMP,DCGM_FI_DEV_FB_USED,DCGM_FI_DEV_FB_FREE,DCGM_FI_DEV_XID_ERRORS\n";
    for (std::size_t i = 0; i < view.chips.size(); ++i) {
        const Device& device = view.chips[i];
        const bool sliced = device.slice != Device::kNone;
        const double busy = double{device.utilizationRatio}, used = device.hbmUsedBytes;
        const double percent = std::isnan(busy) ? busy : busy > 0 ? 100 : 0; // with work, a chip never rests
        out += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", i, view.nodeOf(i),
                           view.rackOf(i), view.zoneOf(i), sliced ? fmt::format("{}", device.slice) : "",
                           sliced ? shapeOf(view.slices[device.slice]) : "", pricingModelName(device.pricing),
                           deviceOwnerName(device.owner), quoted(holderOf(fleet, device)),
                           device.owner == Device::Owner::Replica ? fmt::format("{}", device.slot) : "",
                           deviceStateName(device.state),
                           device.state == Device::State::Down ? faultKindName(device.cause) : "", number(busy, 4),
                           number(percent, 0), number(double{device.watts}, 1), number(double{device.celsius}, 1),
                           number(used / kMebibyte, 0), number((view.hbmBytes - used) / kMebibyte, 0),
                           device.state == Device::State::Down ? fmt::format("{}", device.xid) : "0");
    }
    return out;
}

double hottest(const DeviceView& view)
{
    double most = NAN;
    for (const Device& device : view.chips) {
        most = std::fmax(most, double{device.celsius});
    }
    return most;
}

Json json(const Options& options, const Fleet& fleet, const DeviceView& view)
{
    const engine::DeviceCounts counts = view.counts();
    Json out{{"fleet", fleet.name},
             {"pool", fleet[view.pool].key},
             {"accelerator", fleet[fleet[view.pool].accelerator].name},
             {"seed", options.run.seed},
             {"at_seconds", static_cast<double>(view.at) * 1e-6},
             {"chips_per_node", view.chipsPerNode},
             {"nodes_per_rack", view.nodesPerRack},
             {"zones", view.zones},
             {"hbm_bytes", view.hbmBytes},
             {"tdp_watts", view.tdpWatts},
             {"pue_ratio", view.pueRatio},
             {"utilization_ratio", view.utilizationRatio()},
             {"power_watts", view.powerWatts()},
             {"estimated", {"celsius", "utilization_ratio", "watts"}},
             {"counts",
              {{"serving", counts.serving},
               {"training", counts.training},
               {"idle", counts.idle},
               {"down", counts.down},
               {"other_tenants", counts.otherTenants},
               {"not_arrived", counts.notArrived}}}};
    out["slices"] = Json::array();
    for (const engine::Slice& slice : view.slices) {
        const std::string shape = shapeOf(slice);
        out["slices"].push_back({{"first_chip", slice.first},
                                 {"chips", slice.chips},
                                 {"shape", shape.empty() ? Json(nullptr) : Json(shape)}});
    }
    out["chips"] = Json::array();
    for (std::size_t i = 0; i < view.chips.size(); ++i) {
        const Device& device = view.chips[i];
        Json chip{{"chip", i},
                  {"node", view.nodeOf(i)},
                  {"rack", view.rackOf(i)},
                  {"zone", view.zoneOf(i)},
                  {"pricing_model", pricingModelName(device.pricing)},
                  {"owner", deviceOwnerName(device.owner)},
                  {"state", deviceStateName(device.state)},
                  {"utilization_ratio", device.utilizationRatio},
                  {"watts", device.watts},
                  {"celsius", device.celsius},
                  {"hbm_used_bytes", device.hbmUsedBytes}};
        if (const std::string holder = holderOf(fleet, device); !holder.empty()) {
            chip["holder"] = holder;
        }
        if (device.owner == Device::Owner::Replica) {
            chip["replica"] = device.slot;
        }
        if (device.slice != Device::kNone) {
            chip["slice"] = device.slice;
        }
        if (device.state == Device::State::Down) {
            chip["cause"] = faultKindName(device.cause);
            chip["xid"] = device.xid;
        }
        out["chips"].push_back(std::move(chip));
    }
    return out;
}

std::string words(const Options& options, const Fleet& fleet, const DeviceView& view)
{
    const engine::DeviceCounts counts = view.counts();
    std::string out = fmt::format("{} of {} (simulated, seed {}, after {} s)\n", fleet[view.pool].key, fleet.name,
                                  options.run.seed, grouped(view.at / aggregate::kMicrosPerSecond));
    const auto line = [&out](const char* title, const std::string& text) {
        out += fmt::format("  {:<18} {}\n", title, text);
    };
    line("chips", fmt::format("{} in nodes of {}, racks of {} nodes, {} zone{}",
                              grouped(static_cast<std::int64_t>(view.chips.size())), view.chipsPerNode,
                              view.nodesPerRack, view.zones, view.zones == 1 ? "" : "s"));
    line("held", fmt::format("{} by replicas, {} by training", grouped(counts.serving), grouped(counts.training)));
    line("not held", fmt::format("{} idle, {} down, {} other tenants', {} not arrived", grouped(counts.idle),
                                 grouped(counts.down), grouped(counts.otherTenants), grouped(counts.notArrived)));
    std::map<std::string, std::int64_t> states, causes, slices;
    for (const Device& device : view.chips) {
        ++states[std::string(deviceStateName(device.state))];
        if (device.state == Device::State::Down) {
            ++causes[device.xid == 0 ? faultKindName(device.cause)
                                     : fmt::format("{} (XID {})", faultKindName(device.cause), device.xid)];
        }
    }
    for (const engine::Slice& slice : view.slices) {
        const std::string shape = shapeOf(slice);
        ++slices[fmt::format("{}{}", slice.chips, shape.empty() ? "" : " (" + shape + ")")];
    }
    const auto list = [&line](const char* title, const std::map<std::string, std::int64_t>& of, const char* times) {
        std::string text;
        for (const auto& [name, count] : of) {
            text += fmt::format("{}{}{}{}", text.empty() ? "" : ", ", grouped(count), times, name);
        }
        if (!text.empty()) {
            line(title, text);
        }
    };
    list("states", states, " ");
    list("causes", causes, " ");
    list("slices", slices, " of ");
    line("utilization", std::isnan(view.utilizationRatio())
                            ? std::string("n/a")
                            : fmt::format("{:.2f} %, now, estimated", view.utilizationRatio() * 100));
    line("power", grouped(view.powerWatts() / 1e3, 1) + " kW at the meter");
    line("hottest", grouped(hottest(view), 1) + " C, estimated");
    return out;
}

int run(const Options& options)
{
    Interrupt interrupt;
    ProgressLine line;
    const auto pool = findPoolOf(options);
    if (!pool.ok()) {
        return fail(pool.error());
    }
    std::string text;
    Json document;
    SimulationOptions how = simulationOptions(options.run);
    how.atEnd = [&](const engine::Engine& engine) {
        const DeviceView view = engine.devices(*pool);
        const Fleet& fleet = *engine.fleet();
        if (options.json || options.format == "json") {
            document = json(options, fleet, view);
        } else {
            text = options.format == "csv" ? csv(fleet, view) : words(options, fleet, view);
        }
    };
    const auto simulation = simulateStore(options.run.store, how, line.job(interrupt.token()));
    line.clear();
    if (!simulation.ok()) {
        return fail(simulation.error());
    }
    return document.is_null() ? printText(text) : printJson(document);
}

} // namespace

void addDevices(CLI::App& app, Runner& chosen)
{
    auto* command = app.add_subcommand("devices", "Run a fleet, then show the chips of one of its pools");
    auto options = std::make_shared<Options>();
    options->run.duration = "60s";
    options->run.asInWindow = true;
    addStore(*command, options->run);
    command->add_option("POOL", options->pool, "The pool, as provider/region/accelerator")->required();
    addRunOptions(*command, options->run);
    auto* format = command->add_option("--format", options->format, "csv: a row a chip, with DCGM's metric names")
                       ->check(CLI::IsMember({"text", "csv", "json"}))
                       ->capture_default_str();
    command->add_flag("--json", options->json, "Print one JSON document and nothing else")->excludes(format);
    command->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

} // namespace isobar::cli
