// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/command.h"
#include "app/isobar-cli/headless.h"
#include "app/isobar-cli/output.h"
#include "app/isobar-cli/run_options.h"
#include "model/query/recorded.h"
#include "ui/dashboard/kpi_targets.h"
#include "ui/dashboard/views.h"

#include <fmt/format.h>

#include <filesystem>

namespace isobar::cli {
namespace {

struct Options {
    RunOptions run;
    std::string view, format, out, size = "1920x1080", range, theme = "dark", model, provider, compare;
    std::vector<std::string> regions;
    double scale = 1;
};

/// The position of the entity of that name; an error lists those there are.
template <class Entities, class Name>
Result<std::size_t> find(const Entities& entities, const char* kind, const std::string& wanted, Name name)
{
    std::string known;
    for (std::size_t i = 0; i < entities.size(); ++i) {
        const std::string candidate = name(i);
        if (candidate == wanted) {
            return i;
        }
        known += (i == 0 ? "" : ", ") + candidate;
    }
    return Error{ErrorCode::NotFound, fmt::format("the fleet has no {} '{}'", kind, wanted), "it has: " + known};
}

Result<ui::SelectionState> selection(const Fleet& fleet, const Options& options)
{
    ui::SelectionState state;
    state.rangeSeconds = options.range.empty() ? 0 : static_cast<double>(*parseDuration(options.range));
    if (const auto with = query::parseCompare(options.compare)) {
        state.compare = with->compare == query::Compare::PreviousPeriod ? ui::Comparing::PreviousPeriod
                        : with->run == 0                                ? ui::Comparing::Baseline
                                                                        : ui::Comparing::Run;
        state.compareRun = with->run;
    }
    if (!options.model.empty()) {
        ISOBAR_TRY_ASSIGN(const std::size_t at, find(fleet.models, "served model", options.model,
                                                     [&fleet](std::size_t i) { return fleet.models[i].name; }));
        state.model = ModelId(at);
    }
    if (!options.provider.empty()) {
        ISOBAR_TRY_ASSIGN(const std::size_t at, find(fleet.providers, "provider", options.provider,
                                                     [&fleet](std::size_t i) { return fleet.providers[i].key; }));
        state.provider = ProviderId(at);
    }
    for (const std::string& region : options.regions) {
        ISOBAR_TRY_ASSIGN(const std::size_t at, find(fleet.regions, "region", region, [&fleet](std::size_t i) {
                              return regionKey(fleet, RegionId(i));
                          }));
        state.regions.insert(RegionId(at));
    }
    return state;
}

/// Why there is nothing to compare with.
Error notCompared(const ui::ViewContext& context)
{
    const auto seconds = [](aggregate::SimMicros at) { return static_cast<double>(at) * 1e-6; };
    if (context.selection.compare == ui::Comparing::PreviousPeriod) {
        return {ErrorCode::NotFound,
                fmt::format("nothing ran before the {} s that are shown", seconds(context.now - context.from())),
                "give --range, at most half as long as --for"};
    }
    return {ErrorCode::NotFound,
            fmt::format("{} has nothing to compare with from {} s to {} s", context.compared->name.toStdString(),
                        seconds(context.from()), seconds(context.now)),
            "choose another run (see: isobar-cli history STORE), or times and filters that it has"};
}

/// The run of the store that is compared with, over the time that is to be simulated; null where it is none.
Result<std::shared_ptr<const ui::ComparedStretch>> comparedRun(const Options& options)
{
    const auto with = query::parseCompare(options.compare);
    if (!with || with->compare != query::Compare::Other) {
        return std::shared_ptr<const ui::ComparedStretch>();
    }
    ISOBAR_TRY_ASSIGN(const auto store, store::Store::open(options.run.store));
    const ui::TimeSpan span{0, *parseDuration(options.run.duration) * aggregate::kMicrosPerSecond};
    ISOBAR_TRY_ASSIGN(
        auto stretch,
        ui::readCompared(store, with->run == 0 ? ui::Comparing::Baseline : ui::Comparing::Run, with->run, 0, span));
    return std::make_shared<const ui::ComparedStretch>(std::move(stretch));
}

/// What the window judges the figures by.
Result<ui::KpiTargets> targetsAt(const std::string& path)
{
    ISOBAR_TRY_ASSIGN(const auto store, store::Store::open(path));
    return ui::storedTargets(store);
}

int run(const Options& options)
{
    std::error_code ignored;
    if (std::filesystem::equivalent(options.run.store, options.out, ignored)) {
        printError(fmt::format("--out '{}' is the store itself; choose another file", options.out));
        return kUsage;
    }
    Interrupt interrupt;
    ProgressLine line;
    const auto job = line.job(interrupt.token());
    const auto compared = comparedRun(options); // before anything is simulated for nothing
    if (!compared.ok()) {
        return fail(compared.error());
    }
    const auto targets = targetsAt(options.run.store);
    if (!targets.ok()) {
        return fail(targets.error());
    }
    const auto simulation = simulateStore(options.run.store, simulationOptions(options.run), job);
    if (!simulation.ok()) {
        line.clear();
        return fail(simulation.error());
    }
    const auto state = selection(*simulation->fleet, options);
    if (!state.ok()) {
        line.clear();
        return fail(state.error());
    }
    const ui::View view = *ui::viewByName(QString::fromStdString(options.view));
    const auto format = *ui::exportFormatByName(QString::fromStdString(options.format));
    const auto [width, height] = *parseSize(options.size);
    const Headless qt(options.theme == "light" ? ui::ThemeChoice::Light : ui::ThemeChoice::Dark);
    auto context = ui::contextOf(simulation->fleet, gatherPlaces(*simulation->fleet), simulation->history, *state,
                                 options.run.seed);
    context.scenario = simulation->scenario == store::kBaselineName ? std::string() : simulation->scenario;
    context.compared = *compared;
    context.targets = *targets;
    if (state->compare != ui::Comparing::Nothing && !ui::comparedWith(context)) {
        line.clear();
        return fail(notCompared(context));
    }
    const Status done = ui::exportView(view, format, QString::fromStdString(options.out), QSizeF(width, height),
                                       options.scale, context);
    line.clear();
    return done.ok() ? kDone : fail(done.error());
}

} // namespace

void addExport(CLI::App& app, Runner& chosen)
{
    auto* command = app.add_subcommand("export", "Simulate, then write a view as a picture, or the numbers behind it");
    auto options = std::make_shared<Options>();
    std::vector<std::string> views;
    for (const ui::View view : ui::allViews()) {
        views.push_back(ui::viewName(view).toStdString());
    }
    options->run.duration = "2m";
    options->run.asInWindow = true;
    addStore(*command, options->run);
    command->add_option("--view", options->view, "What to show")->required()->check(CLI::IsMember(views));
    command->add_option("--format", options->format, "How to write it")
        ->required()
        ->check(CLI::IsMember({"png", "svg", "pdf", "csv"}));
    command->add_option("--out", options->out, "The file to write")->required();
    command->add_option("--size", options->size, "WxH, in logical pixels")->check(checkSize)->capture_default_str();
    command->add_option("--scale", options->scale, "Pixels of a PNG for each logical one")
        ->check(CLI::IsMember({1.0, 2.0}))
        ->capture_default_str();
    command->add_option("--theme", options->theme, "Colours")
        ->check(CLI::IsMember({"dark", "light"}))
        ->capture_default_str();
    addRunOptions(*command, options->run);
    command->add_option("--range", options->range, "Show only the last so much of it; all when not given")
        ->check(checkDuration);
    command->add_option("--compare", options->compare, kCompareHelp)->check(checkCompare);
    command->add_option("--model", options->model, "Only this served model");
    command->add_option("--provider", options->provider, "Only this provider");
    command->add_option("--region", options->regions, "Only this region, as provider/region; may be repeated")
        ->allow_extra_args(false);
    command->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

} // namespace isobar::cli
