// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/command.h"
#include "app/isobar-cli/output.h"
#include "app/isobar-cli/simulation.h"
#include "app/isobar-cli/text_table.h"
#include "model/plan/scenario_words.h"

#include <fmt/format.h>

namespace isobar::cli {
namespace {

struct Options {
    std::string store, name, other, note; ///< `other`: the file to add, or the new name
    bool replace = false, json = false;
};

/// A store, its fleet and its scenarios.
struct Opened {
    store::Store store;
    Fleet fleet;
    std::vector<store::Scenario> scenarios;
};

Result<Opened> open(const Options& options)
{
    ISOBAR_TRY_ASSIGN(store::Store opened, store::Store::open(options.store));
    ISOBAR_TRY_ASSIGN(Fleet fleet, opened.loadFleet());
    ISOBAR_TRY_ASSIGN(std::vector<store::Scenario> kept, store::scenarios(opened));
    return Opened{std::move(opened), std::move(fleet), std::move(kept)};
}

Json json(const store::Scenario& scenario, const Fleet& fleet)
{
    Json row{{"name", scenario.name},
             {"note", scenario.note},
             {"source", scenario.source},
             {"sha256", scenario.sha256},
             {"created_at", scenario.createdAtUtc},
             {"bytes", scenario.document.size()},
             {"valid", true},
             {"does", Json::array()}};
    // The fleet may have become another since it was added.
    if (const auto operations = store::operationsOf(scenario, fleet); operations.ok()) {
        row["does"] = plan::scenarioWords(*operations, fleet);
    } else {
        row["valid"] = false;
        row["problem"] = operations.error().toString();
    }
    return row;
}

int list(const Options& options)
{
    const auto opened = open(options);
    if (!opened.ok()) {
        return fail(opened.error());
    }
    if (options.json) {
        Json rows = Json::array();
        for (const store::Scenario& scenario : opened->scenarios) {
            rows.push_back(json(scenario, opened->fleet));
        }
        return printJson({{"store", opened->store.path().string()}, {"scenarios", std::move(rows)}});
    }
    std::vector<std::vector<TextCell>> rows;
    for (const store::Scenario& scenario : opened->scenarios) {
        const bool valid = store::operationsOf(scenario, opened->fleet).ok();
        rows.push_back({{scenario.name},
                        {scenario.createdAtUtc},
                        {scenario.source},
                        {valid ? "" : "does not fit"},
                        {scenario.note}});
    }
    return printText(rows.empty() ? "no scenario is kept here; add one with: isobar-cli scenario add STORE NAME FILE\n"
                                  : textTable({"name", "added", "source", "fleet", "note"}, rows));
}

int show(const Options& options)
{
    const auto opened = open(options);
    if (!opened.ok()) {
        return fail(opened.error());
    }
    const store::Scenario* found = store::findScenario(opened->scenarios, options.name);
    if (found == nullptr) {
        return fail(store::noSuchScenario(opened->scenarios, options.name));
    }
    if (!options.json) {
        return printText(found->document); // as it was added, so that it can be added again
    }
    Json row = json(*found, opened->fleet);
    row["document"] = found->document;
    return printJson(row);
}

Result<store::Scenario> add(Opened& opened, const Options& options)
{
    if (!options.replace && store::findScenario(opened.scenarios, options.name) != nullptr) {
        return Error{ErrorCode::InvalidValue, fmt::format("there is a scenario '{}' already", options.name),
                     "choose another name, or add it with --replace"};
    }
    ISOBAR_TRY_ASSIGN(store::Scenario scenario, readScenario(options.other, options.name, options.note, opened.fleet));
    ISOBAR_TRY(store::putScenario(opened.store, scenario));
    return scenario;
}

/// Says what was done, in the form asked for.
int done(const Options& options, const char* did, const Json& more = Json::object())
{
    if (!options.json) {
        return printText(fmt::format("{}: {} '{}'\n", options.store, did, options.name));
    }
    Json document{{"store", options.store}, {"done", did}, {"name", options.name}};
    document.update(more);
    return printJson(document);
}

int runAdd(const Options& options)
{
    auto opened = open(options);
    if (!opened.ok()) {
        return fail(opened.error());
    }
    const auto added = add(*opened, options);
    return added.ok() ? done(options, "added", json(*added, opened->fleet)) : fail(added.error());
}

int rename(const Options& options)
{
    auto opened = open(options);
    if (!opened.ok()) {
        return fail(opened.error());
    }
    const Status status = store::renameScenario(opened->store, options.name, options.other);
    return status.ok() ? done(options, "renamed", {{"new_name", options.other}}) : fail(status.error());
}

int remove(const Options& options)
{
    auto opened = open(options);
    if (!opened.ok()) {
        return fail(opened.error());
    }
    const Status status = store::removeScenario(opened->store, options.name);
    return status.ok() ? done(options, "removed") : fail(status.error());
}

} // namespace

void addScenario(CLI::App& app, Runner& chosen)
{
    auto* command = app.add_subcommand("scenario", "The scenarios a store keeps: ways to run its fleet, by name");
    command->require_subcommand(1);
    const auto verb = [&](const char* name, const char* help, int (*run)(const Options&)) {
        auto* sub = command->add_subcommand(name, help);
        auto options = std::make_shared<Options>();
        sub->add_option("STORE", options->store, "The store")->required();
        sub->add_flag("--json", options->json, "Print one JSON document and nothing else");
        sub->callback([options, run, &chosen] { chosen = [options, run] { return run(*options); }; });
        return std::pair{sub, options};
    };
    const auto named = [](CLI::App* sub, Options& options) {
        sub->add_option("NAME", options.name, "The scenario")->required();
    };
    verb("list", "Which there are, and where they come from", list);
    const auto [shown, showOptions] = verb("show", "The document of one", show);
    named(shown, *showOptions);
    const auto [added, addOptions] =
        verb("add", "Read a file of operations (isobar.v1.Operations) and keep it", runAdd);
    named(added, *addOptions);
    added->add_option("FILE", addOptions->other, "The file; its leading comment is the note unless one is given")
        ->required();
    added->add_option("--note", addOptions->note, "What it is, in a sentence");
    added->add_flag("--replace", addOptions->replace, "Put it in place of the one of that name");
    const auto [renamed, renameOptions] = verb("rename", "Give one another name", rename);
    named(renamed, *renameOptions);
    renamed->add_option("NEW", renameOptions->other, "Its new name")->required();
    const auto [removed, removeOptions] = verb("remove", "Forget one; what was recorded under it stays", remove);
    named(removed, *removeOptions);
}

} // namespace isobar::cli
