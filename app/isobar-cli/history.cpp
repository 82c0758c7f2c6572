// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/store/history.h"
#include "app/isobar-cli/arguments.h"
#include "app/isobar-cli/command.h"
#include "app/isobar-cli/output.h"

#include <fmt/format.h>

namespace isobar::cli {
namespace {

struct Options {
    std::string store, keepSeconds, keepMinutes, keepHours;
    std::int64_t keepRuns = 0; ///< 0: as it is
    bool json = false;
    [[nodiscard]] bool changes() const
    {
        return !keepSeconds.empty() || !keepMinutes.empty() || !keepHours.empty() || keepRuns > 0;
    }
};

constexpr std::array<const char*, store::kHistoryTiers> kTierNames{"seconds", "minutes", "hours"};

Status change(store::Store& store, const Options& options)
{
    ISOBAR_TRY_ASSIGN(store::HistoryPolicy policy, store::historyPolicy(store));
    const auto set = [](const std::string& typed, std::int64_t& seconds) {
        if (!typed.empty()) {
            seconds = *parseDuration(typed);
        }
    };
    set(options.keepSeconds, policy.keepSecondsSeconds);
    set(options.keepMinutes, policy.keepMinutesSeconds);
    set(options.keepHours, policy.keepHoursSeconds);
    policy.keepRuns = options.keepRuns > 0 ? options.keepRuns : policy.keepRuns;
    return store::setHistoryPolicy(store, policy);
}

double seconds(aggregate::SimMicros at)
{
    return static_cast<double>(at) * 1e-6;
}

Json json(const store::HistoryPolicy& policy, const std::vector<store::HistoryRun>& runs)
{
    Json document{{"keep_seconds_seconds", policy.keepSecondsSeconds},
                  {"keep_minutes_seconds", policy.keepMinutesSeconds},
                  {"keep_hours_seconds", policy.keepHoursSeconds},
                  {"keep_runs", policy.keepRuns},
                  {"runs", Json::array()}};
    for (const store::HistoryRun& run : runs) {
        Json row{{"run", run.id},
                 {"seed", run.seed},
                 {"start_time", run.startTimeUtc},
                 {"recorded_at", run.recordedAtUtc},
                 {"fleet_hash", fmt::format("{:016x}", static_cast<std::uint64_t>(run.fleetHash))},
                 {"begin_seconds", seconds(run.begin)},
                 {"end_seconds", seconds(run.end)}};
        for (std::size_t tier = 0; tier < store::kHistoryTiers; ++tier) {
            const store::HistoryExtent& extent = run.tiers[tier];
            row[kTierNames[tier]] = {{"begin_seconds", seconds(extent.begin)},
                                     {"end_seconds", seconds(extent.end)},
                                     {"bytes", extent.bytes}};
        }
        document["runs"].push_back(std::move(row));
    }
    return document;
}

std::string duration(std::int64_t of)
{
    return of % 86'400 == 0 ? fmt::format("{} d", of / 86'400)
           : of % 3600 == 0 ? fmt::format("{} h", of / 3600)
           : of % 60 == 0   ? fmt::format("{} min", of / 60)
                            : fmt::format("{} s", of);
}

std::string words(const store::HistoryPolicy& policy, const std::vector<store::HistoryRun>& runs)
{
    std::string out = fmt::format("kept: seconds for {}, minutes for {}, hours for {} of recorded time; {} runs\n",
                                  duration(policy.keepSecondsSeconds), duration(policy.keepMinutesSeconds),
                                  duration(policy.keepHoursSeconds), policy.keepRuns);
    if (runs.empty()) {
        return out + "no run has been recorded\n";
    }
    for (const store::HistoryRun& run : runs) {
        out += fmt::format("run {}: seed {}, from {}, recorded {}, {} s\n", run.id, run.seed, run.startTimeUtc,
                           run.recordedAtUtc, grouped(seconds(run.end), 0));
        for (std::size_t tier = 0; tier < store::kHistoryTiers; ++tier) {
            const store::HistoryExtent& extent = run.tiers[tier];
            if (extent.begin != extent.end) {
                out += fmt::format("  {:<8} {:>10} to {:>10} s, {:>8} MB\n", kTierNames[tier],
                                   grouped(seconds(extent.begin), 0), grouped(seconds(extent.end), 0),
                                   grouped(static_cast<double>(extent.bytes) * 1e-6, 2));
            }
        }
    }
    return out;
}

int run(const Options& options)
{
    auto store = store::Store::open(options.store);
    if (!store.ok()) {
        return fail(store.error());
    }
    if (options.changes()) {
        if (const Status changed = change(*store, options); !changed.ok()) {
            return fail(changed.error());
        }
    }
    const auto policy = store::historyPolicy(*store);
    if (!policy.ok()) {
        return fail(policy.error());
    }
    const auto runs = store::historyRuns(*store);
    if (!runs.ok()) {
        return fail(runs.error());
    }
    return options.json ? printJson(json(*policy, *runs)) : printText(words(*policy, *runs));
}

} // namespace

void addHistory(CLI::App& app, Runner& chosen)
{
    auto* command = app.add_subcommand("history", "What a store remembers of live runs, and how much of it is kept");
    auto options = std::make_shared<Options>();
    command->add_option("STORE", options->store, "The store")->required();
    command->add_option("--keep-seconds", options->keepSeconds, "Keep so much recorded time in seconds, e.g. 15m")
        ->check(checkDuration);
    command->add_option("--keep-minutes", options->keepMinutes, "Keep so much in minutes, e.g. 1d")
        ->check(checkDuration);
    command->add_option("--keep-hours", options->keepHours, "Keep so much in hours, e.g. 90d")->check(checkDuration);
    command->add_option("--keep-runs", options->keepRuns, "Keep the newest so many runs")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}));
    command->add_flag("--json", options->json, "Print one JSON document and nothing else");
    command->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

} // namespace isobar::cli
