// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/arguments.h"
#include "app/isobar-cli/command.h"
#include "app/isobar-cli/headless.h"
#include "app/isobar-cli/output.h"
#include "ui/map/map_bench.h"

#include <fmt/format.h>

#include <chrono>

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

struct MapOptions {
    std::string size = "1920x1080";
    int frames = 600;
    bool json = false;
};

int runMap(const MapOptions& options)
{
    const Headless qt(ui::ThemeChoice::Dark);
    const auto [width, height] = *parseSize(options.size);
    const auto start = std::chrono::steady_clock::now();
    const ui::MapFrameStats stats = ui::benchmarkMap(QSize(width, height), options.frames);
    const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return show({{"name", "map"},
                 {"wall_seconds", wall},
                 {"rate", 1 / stats.p50Seconds},
                 {"rate_unit", "frames/s"},
                 {"peak_rss_bytes", peakRssBytes()},
                 {"frame_seconds", {{"p50", stats.p50Seconds}, {"p99", stats.p99Seconds}}},
                 {"backdrop_seconds", {{"p50", stats.backdropSeconds}}},
                 {"frames", stats.frames},
                 {"width", width},
                 {"height", height},
                 {"regions", stats.regions},
                 {"places", stats.places},
                 {"flows", stats.flows}},
                options.json);
}

void addMap(CLI::App& bench, Runner& chosen)
{
    auto* command = bench.add_subcommand("map", "Frames of the map while it is panned, zoomed and left to flow");
    auto options = std::make_shared<MapOptions>();
    command->add_option("--size", options->size, "WxH, in pixels")->check(checkSize)->capture_default_str();
    command->add_option("--frames", options->frames, "How many")
        ->check(CLI::Range(20, 1'000'000))
        ->capture_default_str();
    command->add_flag("--json", options->json, "Print one JSON document and nothing else");
    command->callback([options, &chosen] { chosen = [options] { return runMap(*options); }; });
}

} // namespace

void addBench(CLI::App& app, Runner& chosen)
{
    auto* command = app.add_subcommand("bench", "Measure how fast a part of Isobar is on this machine");
    command->require_subcommand(1);
    addMap(*command, chosen);
}

} // namespace isobar::cli
