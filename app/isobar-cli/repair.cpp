// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/store/repair.h"
#include "app/isobar-cli/command.h"
#include "app/isobar-cli/output.h"

#include <fmt/format.h>

namespace isobar::cli {
namespace {

struct Options {
    std::string store, out;
    bool json = false;
};

Json json(const Options& options, const store::RepairReport& report)
{
    Json document{{"original", options.store},
                  {"out", options.out},
                  {"complete", !report.anythingLost()},
                  {"pages", report.pages},
                  {"schema_was_damaged", report.schemaWasDamaged},
                  {"fleet_problem", report.fleetProblem.empty() ? Json() : Json(report.fleetProblem)},
                  {"rows_saved", report.saved()},
                  {"tables", Json::array()}};
    for (const auto& table : report.tables) {
        document["tables"].push_back({{"table", table.name},
                                      {"rows_saved", table.saved},
                                      {"rows_dropped", table.dropped},
                                      {"rows_damaged", table.damagedRows},
                                      {"pages_damaged", table.damagedPages}});
    }
    return document;
}

std::string words(const Options& options, const store::RepairReport& report)
{
    std::string out = fmt::format("{}: {} rows saved from {} pages of {}, which was not changed\n", options.out,
                                  grouped(report.saved()), grouped(report.pages), options.store);
    if (report.schemaWasDamaged) {
        out += "the list of tables was damaged: they were looked for where a new store has them\n";
    }
    out +=
        fmt::format("  {:<24} {:>12} {:>10} {:>10} {:>14}\n", "table", "saved", "dropped", "damaged", "pages damaged");
    for (const auto& table : report.tables) {
        if (table.saved + table.dropped + table.damagedRows + table.damagedPages > 0) {
            out += fmt::format("  {:<24} {:>12} {:>10} {:>10} {:>14}\n", table.name, grouped(table.saved),
                               grouped(table.dropped), grouped(table.damagedRows), grouped(table.damagedPages));
        }
    }
    out += report.anythingLost() ? "what was damaged or dropped is lost; rows of damaged pages are lost uncounted\n"
                                 : "nothing was lost\n";
    if (!report.fleetProblem.empty()) {
        out += fmt::format("the fleet cannot be used as it is: {}; import it again\n", report.fleetProblem);
    }
    return out;
}

int run(const Options& options)
{
    Interrupt interrupt;
    ProgressLine line;
    const auto report = store::repairStore(options.store, options.out, line.job(interrupt.token()));
    line.clear();
    if (!report.ok()) {
        return fail(report.error());
    }
    return options.json ? printJson(json(options, *report)) : printText(words(options, *report));
}

} // namespace

void addRepair(CLI::App& app, Runner& chosen)
{
    auto* command = app.add_subcommand("repair", "Save what can be saved of a damaged store, in a new one");
    auto options = std::make_shared<Options>();
    command->add_option("STORE", options->store, "The damaged store; it is never changed")->required();
    command->add_option("--out", options->out, "The new store; must not exist")->required();
    command->add_flag("--json", options->json, "Print one JSON document and nothing else");
    command->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

} // namespace isobar::cli
