// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/aggregate_bench.h"
#include "app/isobar-cli/arguments.h"
#include "app/isobar-cli/command.h"
#include "app/isobar-cli/headless.h"
#include "app/isobar-cli/output.h"
#include "app/isobar-cli/queue_bench.h"
#include "app/isobar-cli/replay_bench.h"
#include "app/isobar-cli/replay_setup.h"
#include "app/isobar-cli/synthetic_catalogue.h"
#include "model/engine/fleet_bench.h"
#include "model/fleet/process_clock.h"
#include "model/ingest/import_bench.h"
#include "ui/charts/chart_bench.h"
#include "ui/devices/device_bench.h"
#include "ui/map/map_bench.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <optional>

namespace isobar::cli {
namespace {

/// Prints a result: the document, or its members one a line.
int show(const Json& document, bool json)
{
    if (json) {
        return printJson(document);
    }
    std::string out;
    for (const auto& [key, value] : document.items()) {
        out += fmt::format("{:<20} {}\n", key, value.is_string() ? value.get<std::string>() : value.dump());
    }
    return printText(out);
}

/// What every bench that paints can be asked for.
struct FrameOptions {
    std::string size = "1920x1080";
    int frames = 600;
    bool json = false;
};

void addFrameOptions(CLI::App& command, FrameOptions& options, int fewestFrames)
{
    command.add_option("--size", options.size, "WxH, in pixels")->check(checkSize)->capture_default_str();
    command.add_option("--frames", options.frames, "How many")
        ->check(CLI::Range(fewestFrames, 1'000'000))
        ->capture_default_str();
    command.add_flag("--json", options.json, "Print one JSON document and nothing else");
}

/// What a bench that paints measured.
struct FrameFigures {
    double frameSeconds = 0; ///< of the usual frame
    Json more;               ///< members of its own
};

/// Runs `bench`, which takes the size to paint at, and shows what it measured with what every such bench tells.
template <class Bench> int showFrames(const char* name, const FrameOptions& options, const Bench& bench)
{
    const Headless qt(ui::ThemeChoice::Dark);
    const auto [width, height] = *parseSize(options.size);
    const auto start = std::chrono::steady_clock::now();
    const FrameFigures figures = bench(QSize(width, height));
    const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    Json document{{"name", name},
                  {"wall_seconds", wall},
                  {"rate", 1 / figures.frameSeconds},
                  {"rate_unit", "frames/s"},
                  {"peak_rss_bytes", peakRssBytes()}};
    document.update(figures.more);
    document.update({{"width", width}, {"height", height}});
    return show(document, options.json);
}

struct MapOptions {
    FrameOptions frames;
    std::string scene = "sample";
    std::string projection = "equal-earth";
};

int runMap(const MapOptions& options)
{
    const auto which = options.scene == "large"    ? ui::MapBenchCase::Large
                       : options.scene == "points" ? ui::MapBenchCase::Points
                                                   : ui::MapBenchCase::Sample;
    const auto projection = options.projection == "mercator" ? ui::ProjectionKind::Mercator
                            : options.projection == "globe"  ? ui::ProjectionKind::Globe
                                                             : ui::ProjectionKind::EqualEarth;
    return showFrames("map", options.frames, [&](QSize size) {
        const ui::MapFrameStats stats = ui::benchmarkMap(size, options.frames.frames, which, projection);
        Json layers;
        for (std::size_t i = 0; i < ui::kFrameLayers; ++i) {
            layers[ui::frameLayerName(static_cast<ui::FrameLayer>(i)).toStdString()] = stats.layerSeconds[i];
        }
        return FrameFigures{stats.p50Seconds,
                            {{"frame_seconds", {{"p50", stats.p50Seconds}, {"p99", stats.p99Seconds}}},
                             {"frame_cpu_seconds", {{"p50", stats.cpuP50Seconds}, {"p99", stats.cpuP99Seconds}}},
                             {"backdrop_seconds", {{"p50", stats.backdropSeconds}}},
                             {"layer_seconds", layers},
                             {"scene", options.scene},
                             {"projection", options.projection},
                             {"regions", stats.regions},
                             {"places", stats.places},
                             {"flows", stats.flows},
                             {"frames", stats.frames}}};
    });
}

void addMap(CLI::App& bench, Runner& chosen)
{
    auto* command = bench.add_subcommand("map", "Frames of the map while it is panned, zoomed and left to flow");
    auto options = std::make_shared<MapOptions>();
    addFrameOptions(*command, options->frames, 20);
    command->add_option("--scene", options->scene, "sample; large: 300 places, 2,000 arcs; points: 100,000 places")
        ->check(CLI::IsMember({"sample", "large", "points"}))
        ->capture_default_str();
    command->add_option("--projection", options->projection, "Which of the three")
        ->check(CLI::IsMember({"equal-earth", "mercator", "globe"}))
        ->capture_default_str();
    command->callback([options, &chosen] { chosen = [options] { return runMap(*options); }; });
}

struct ChartsOptions {
    FrameOptions frames{.frames = 60};
    int samples = 100'000;
};

int runCharts(const ChartsOptions& options)
{
    return showFrames("charts", options.frames, [&options](QSize size) {
        const ui::ChartsBench bench = ui::benchmarkCharts(size, options.samples, options.frames.frames);
        return FrameFigures{bench.repaintSeconds,
                            {{"repaint_seconds", {{"p50", bench.repaintSeconds}}},
                             {"update_seconds", {{"p50", bench.updateSeconds}}},
                             {"repaint_cpu_seconds", {{"p50", bench.repaintCpuSeconds}}},
                             {"update_cpu_seconds", {{"p50", bench.updateCpuSeconds}}},
                             {"charts", bench.charts},
                             {"samples", bench.samples},
                             {"frames", bench.frames}}};
    });
}

void addCharts(CLI::App& bench, Runner& chosen)
{
    auto* command = bench.add_subcommand("charts", "Frames of a board of six time charts");
    auto options = std::make_shared<ChartsOptions>();
    addFrameOptions(*command, options->frames, 1);
    command->add_option("--samples", options->samples, "Of each chart")
        ->check(CLI::Range(10, 10'000'000))
        ->capture_default_str();
    command->callback([options, &chosen] { chosen = [options] { return runCharts(*options); }; });
}

struct DevicesOptions {
    FrameOptions frames;
    std::uint32_t chips = 100'000;
};

int runDevices(const DevicesOptions& options)
{
    return showFrames("devices", options.frames, [&options](QSize size) {
        const ui::DeviceFrameStats stats = ui::benchmarkDevices(size, options.frames.frames, options.chips);
        return FrameFigures{stats.p50Seconds,
                            {{"frame_seconds", {{"p50", stats.p50Seconds}, {"p99", stats.p99Seconds}}},
                             {"frame_cpu_seconds", {{"p50", stats.cpuP50Seconds}, {"p99", stats.cpuP99Seconds}}},
                             {"update_seconds", {{"p50", stats.updateSeconds}}},
                             {"chips", stats.chips},
                             {"frames", stats.frames}}};
    });
}

void addDevicesBench(CLI::App& bench, Runner& chosen)
{
    auto* command = bench.add_subcommand("devices", "Frames of the heat grid of a pool's chips, panned and zoomed");
    auto options = std::make_shared<DevicesOptions>();
    addFrameOptions(*command, options->frames, 60);
    command->add_option("--chips", options->chips, "Of the pool")
        ->check(CLI::Range(8, 4'000'000))
        ->capture_default_str();
    command->callback([options, &chosen] { chosen = [options] { return runDevices(*options); }; });
}

struct FleetOptions {
    std::int64_t accelerators = engine::kBenchAccelerators;
    std::string duration = "30s";
    double load = 1;
    int threads = 0;
    bool json = false;
};

int runFleet(const FleetOptions& options)
{
    const auto seconds = static_cast<double>(*parseDuration(options.duration));
    const auto bench = engine::benchmarkFleet(options.accelerators, seconds, options.threads, options.load);
    if (!bench.ok()) {
        return fail(bench.error());
    }
    return show({{"name", bench->name},
                 {"wall_seconds", bench->wallSeconds},
                 {"cpu_seconds", bench->cpuSeconds},
                 {"load_ratio", bench->loadRatio},
                 {"rate", static_cast<double>(bench->requests) / bench->wallSeconds},
                 {"rate_unit", "requests/s"},
                 {"peak_rss_bytes", bench->peakRssBytes},
                 {"accelerators", bench->accelerators},
                 {"replicas", bench->replicas},
                 {"placements", bench->placements},
                 {"regions", bench->regions},
                 {"models", bench->models},
                 {"snapshots", bench->snapshots},
                 {"requests", bench->requests},
                 {"simulated_seconds", bench->simulatedSeconds},
                 {"realtime_factor", bench->realtimeFactor},
                 {"threads", bench->threads},
                 {"state_hash", fmt::format("{:016x}", bench->stateHash)}},
                options.json);
}

void addFleet(CLI::App& bench, Runner& chosen)
{
    auto* command = bench.add_subcommand("fleet", "The live fleet at scale: a made-up one, after its batches filled");
    auto options = std::make_shared<FleetOptions>();
    command->add_option("--accelerators", options->accelerators, "How many chips")
        ->check(CLI::Range(std::int64_t{1'000}, std::int64_t{4'000'000}))
        ->capture_default_str();
    command->add_option("--for", options->duration, "Simulated time that is measured: 90s, 5m, 1h, 1d")
        ->check(checkDuration)
        ->capture_default_str();
    command->add_option("--load", options->load, "Demand against the usual three requests a second a replica")
        ->check(CLI::Range(0.01, 1.5))
        ->capture_default_str();
    command->add_option("--threads", options->threads, "0 = all processors")
        ->check(CLI::Range(0, kMaxThreads))
        ->capture_default_str();
    command->add_flag("--json", options->json, "Print one JSON document and nothing else");
    command->callback([options, &chosen] { chosen = [options] { return runFleet(*options); }; });
}

struct ImportOptions {
    std::vector<std::string> paths;
    int rows = 91'332; ///< of the catalogues of three clouds in April 2026
    bool json = false;
};

int runImport(const ImportOptions& options)
{
    std::vector<std::filesystem::path> paths(options.paths.begin(), options.paths.end());
    std::optional<SyntheticCatalogue> synthetic;
    if (paths.empty()) {
        auto made = SyntheticCatalogue::make(options.rows);
        if (!made.ok()) {
            return fail(made.error());
        }
        synthetic.emplace(std::move(*made));
        paths.push_back(synthetic->path());
    }
    const auto bench = ingest::benchmarkImport(paths);
    if (!bench.ok()) {
        return fail(bench.error());
    }
    return show({{"name", "import"},
                 {"wall_seconds", bench->wallSeconds},
                 {"rate", static_cast<double>(bench->rows) / bench->wallSeconds},
                 {"rate_unit", "rows/s"},
                 {"peak_rss_bytes", peakRssBytes()},
                 {"baseline_seconds", bench->baselineSeconds},
                 {"speed_ratio", bench->baselineSeconds / bench->wallSeconds},
                 {"reimport_seconds", bench->reimportSeconds},
                 {"files", bench->files},
                 {"rows", bench->rows},
                 {"bytes", bench->bytes},
                 {"synthetic", synthetic.has_value()}},
                options.json);
}

void addImportBench(CLI::App& bench, Runner& chosen)
{
    auto* command = bench.add_subcommand("import", "An import against plain inserts of the same rows");
    auto options = std::make_shared<ImportOptions>();
    auto* paths =
        command->add_option("PATH", options->paths, "Files to import; a made-up catalogue when none is given");
    command->add_option("--rows", options->rows, "Rows of the made-up catalogue")
        ->check(CLI::Range(1, 10'000'000))
        ->capture_default_str()
        ->excludes(paths);
    command->add_flag("--json", options->json, "Print one JSON document and nothing else");
    command->callback([options, &chosen] { chosen = [options] { return runImport(*options); }; });
}

struct ReplayOptions {
    ReplayHardware hardware{{.model = "Llama-3.1-70B", .accelerator = "H100", .tensorParallel = 4}};
    ReplayBenchOptions bench;
    bool json = false;
};

int runReplay(const ReplayOptions& options)
{
    const auto model = buildReplayModel(options.hardware);
    if (!model.ok()) {
        return fail(model.error());
    }
    const auto bench = benchmarkReplay(*model, options.bench);
    if (!bench.ok()) {
        return fail(bench.error());
    }
    return show({{"name", "replay"},
                 {"wall_seconds", bench->wallSeconds},
                 {"rate", static_cast<double>(bench->requests) / bench->wallSeconds},
                 {"rate_unit", "requests/s"},
                 {"peak_rss_bytes", peakRssBytes()},
                 {"requests_per_second", static_cast<double>(bench->requests) / bench->wallSeconds},
                 {"events_per_second", static_cast<double>(bench->events) / bench->wallSeconds},
                 {"ns_per_event", 1e9 * bench->wallSeconds / static_cast<double>(bench->events)},
                 {"bytes_per_request_in_flight", bench->bytesPerInFlight},
                 {"requests", bench->requests},
                 {"completed", bench->completed},
                 {"events", bench->events},
                 {"preemptions", bench->preemptions},
                 {"replicas", options.bench.replicas},
                 {"threads", options.bench.threads},
                 {"load_ratio", options.bench.loadRatio},
                 {"simulated_seconds", bench->simulatedSeconds},
                 {"mean_ttft_seconds", bench->meanTtftSeconds},
                 {"mean_in_flight", bench->meanInFlight}},
                options.json);
}

void addReplayBench(CLI::App& bench, Runner& chosen)
{
    auto* command = bench.add_subcommand("replay", "Requests like Azure's through a group of replicas at 70 % load");
    auto options = std::make_shared<ReplayOptions>();
    command->add_option("--requests", options->bench.requests, "How many, in all")
        ->check(CLI::Range(std::int64_t{1'000}, std::int64_t{4'000'000'000}))
        ->capture_default_str();
    command->add_option("--replicas", options->bench.replicas, "Of each group")
        ->check(CLI::Range(std::size_t{1}, std::size_t{10'000}))
        ->capture_default_str();
    command->add_option("--threads", options->bench.threads, "Each replays a group of its own")
        ->check(CLI::Range(1, kMaxThreads))
        ->capture_default_str();
    command->add_flag("--json", options->json, "Print one JSON document and nothing else");
    command->callback([options, &chosen] { chosen = [options] { return runReplay(*options); }; });
}

struct QueueOptions {
    QueueBenchOptions bench;
    bool json = false;
};

int runQueue(const QueueOptions& options)
{
    const auto bench = benchmarkQueue(options.bench);
    if (!bench.ok()) {
        return fail(bench.error());
    }
    return show({{"name", "queue"},
                 {"wall_seconds", bench->wallSeconds},
                 {"rate", static_cast<double>(bench->jobs) / bench->wallSeconds},
                 {"rate_unit", "jobs/s"},
                 {"peak_rss_bytes", peakRssBytes()},
                 {"jobs", bench->jobs},
                 {"servers", options.bench.servers},
                 {"rho", options.bench.loadRatio},
                 {"mean_wait", bench->meanWait},
                 {"exact_mean_wait", bench->exactMeanWait}},
                options.json);
}

void addQueueBench(CLI::App& bench, Runner& chosen)
{
    auto* command = bench.add_subcommand("queue", "A replica as a queue with a known answer: M/M/c");
    auto options = std::make_shared<QueueOptions>();
    command->add_option("--jobs", options->bench.jobs, "How many")
        ->check(CLI::Range(std::int64_t{1'000}, std::int64_t{4'000'000'000}))
        ->capture_default_str();
    command->add_option("--servers", options->bench.servers, "Places in the replica's batch")
        ->check(CLI::Range(1, 1'000))
        ->capture_default_str();
    command->add_option("--load", options->bench.loadRatio, "Of each server, below 1")
        ->check(CLI::Range(0.01, 0.999))
        ->capture_default_str();
    command->add_flag("--json", options->json, "Print one JSON document and nothing else");
    command->callback([options, &chosen] { chosen = [options] { return runQueue(*options); }; });
}

} // namespace

void addBench(CLI::App& app, Runner& chosen)
{
    auto* command = app.add_subcommand("bench", "Measure how fast a part of Isobar is on this machine");
    command->require_subcommand(1);
    addAggregateBench(*command, chosen);
    addCharts(*command, chosen);
    addDevicesBench(*command, chosen);
    addFleet(*command, chosen);
    addImportBench(*command, chosen);
    addMap(*command, chosen);
    addQueueBench(*command, chosen);
    addReplayBench(*command, chosen);
}

} // namespace isobar::cli
