// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/command.h"
#include "app/isobar-cli/output.h"
#include "model/store/store.h"

#include <fmt/format.h>

namespace isobar::cli {
namespace {

struct Options {
    std::string store;
    bool json = false;
};

/// What is in a store, in the order it is shown.
struct Facts {
    store::Counts counts;
    std::vector<store::ImportRecord> imports;
    std::vector<store::Store::TraceInfo> traces;
    std::optional<Fleet> fleet; ///< absent: none has been stored yet
};

Result<Facts> read(const store::Store& store)
{
    Facts facts;
    ISOBAR_TRY_ASSIGN(facts.counts, store.counts());
    ISOBAR_TRY_ASSIGN(facts.imports, store.imports());
    ISOBAR_TRY_ASSIGN(facts.traces, store.traces());
    if (auto fleet = store.loadFleet(); fleet.ok()) {
        facts.fleet = std::move(*fleet);
    } else if (fleet.error().code != ErrorCode::NotFound) {
        return fleet.error();
    }
    return facts;
}

struct Count {
    const char* key;
    const char* title;
    std::int64_t number;
};

std::vector<Count> table(const store::Counts& c)
{
    return {{"providers", "providers", c.providers},
            {"regions", "regions", c.regions},
            {"pools", "pools", c.pools},
            {"accelerator_types", "accelerator types", c.acceleratorTypes},
            {"accelerators", "accelerators (chips)", c.accelerators},
            {"served_models", "served models", c.servedModels},
            {"workloads", "workloads", c.workloads},
            {"placements", "placements", c.placements},
            {"prices", "prices", c.prices},
            {"offers", "  of them catalogue offers", c.offers},
            {"links", "links", c.links},
            {"scenarios", "scenarios", c.scenarios},
            {"traces", "traces", c.traces},
            {"quarantined", "quarantined rows", c.quarantined}};
}

Json json(const store::Store& store, const Facts& facts)
{
    Json document;
    document["store"] = store.path().string();
    document["schema_version"] = store.schemaVersion();
    document["read_only"] = store.isReadOnly();
    document["name"] = facts.fleet ? Json(facts.fleet->name) : Json();
    document["data_date"] = facts.fleet ? Json(facts.fleet->dataDate) : Json();
    document["start_time"] = facts.fleet ? Json(facts.fleet->startTimeUtc) : Json();
    for (const Count& row : table(facts.counts)) {
        document[row.key] = row.number;
    }
    document["stored_traces"] = Json::array();
    for (const store::Store::TraceInfo& trace : facts.traces) {
        document["stored_traces"].push_back({{"name", trace.name},
                                             {"format", trace.format},
                                             {"requests", trace.requests},
                                             {"duration_seconds", trace.durationSeconds}});
    }
    document["imports"] = Json::array();
    for (const store::ImportRecord& row : facts.imports) {
        document["imports"].push_back({{"id", row.id},
                                       {"path", row.path},
                                       {"format", row.format},
                                       {"sha256", row.sha256},
                                       {"imported_at", row.importedAtUtc},
                                       {"rows_read", row.rowsRead},
                                       {"rows_accepted", row.rowsAccepted},
                                       {"rows_repaired", row.rowsRepaired},
                                       {"rows_quarantined", row.rowsQuarantined},
                                       {"rows_unchanged", row.rowsUnchanged},
                                       {"wall_seconds", row.wallSeconds}});
    }
    return document;
}

std::string words(const store::Store& store, const Facts& facts)
{
    std::string out = fmt::format("{}\n", store.path().string());
    if (facts.fleet) {
        out += fmt::format("{}, data of {}, clock starts {}\n", facts.fleet->name, facts.fleet->dataDate,
                           facts.fleet->startTimeUtc);
    } else {
        out += "no fleet yet\n";
    }
    for (const Count& row : table(facts.counts)) {
        out += fmt::format("  {:<26} {:>12}\n", row.title, grouped(row.number));
    }
    out += fmt::format("  {:<26} {:>12}\n", "schema version", store.schemaVersion());
    if (!facts.traces.empty()) {
        out += "traces, to replay as STORE:NAME\n";
    }
    for (const store::Store::TraceInfo& trace : facts.traces) {
        out += fmt::format("  {}  {}, {} requests in {} s\n", trace.name, trace.format, grouped(trace.requests),
                           grouped(trace.durationSeconds, 1));
    }
    if (!facts.imports.empty()) {
        out += "imports\n";
    }
    for (const store::ImportRecord& row : facts.imports) {
        out += fmt::format("  {}  {}  {}: {} rows, {} accepted, {} repaired, {} quarantined, {} unchanged\n",
                           row.importedAtUtc, row.format, row.path, grouped(row.rowsRead), grouped(row.rowsAccepted),
                           grouped(row.rowsRepaired), grouped(row.rowsQuarantined), grouped(row.rowsUnchanged));
    }
    return out;
}

int run(const Options& options)
{
    const auto store = store::Store::open(options.store);
    if (!store.ok()) {
        return fail(store.error());
    }
    const auto facts = read(*store);
    if (!facts.ok()) {
        return fail(facts.error());
    }
    return options.json ? printJson(json(*store, *facts)) : printText(words(*store, *facts));
}

} // namespace

void addInfo(CLI::App& app, Runner& chosen)
{
    auto* command = app.add_subcommand("info", "What a store holds, and what was imported into it when");
    auto options = std::make_shared<Options>();
    command->add_option("STORE", options->store, "The store")->required();
    command->add_flag("--json", options->json, "Print one JSON document and nothing else");
    command->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

} // namespace isobar::cli
