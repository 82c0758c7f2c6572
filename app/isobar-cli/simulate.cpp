// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/command.h"
#include "app/isobar-cli/output.h"
#include "app/isobar-cli/run_options.h"
#include "model/engine/fluid_engine.h"
#include "model/fleet/process_clock.h"
#include "model/query/balance.h"
#include "model/query/query.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

namespace isobar::cli {
namespace {

using query::Measure;

struct Options {
    RunOptions run;
    std::string record;
    bool history = false, fluid = false, json = false;
};

/// What was asked of the run, of all of it or of one provider, and what was in flight there when the clock started.
struct Part {
    query::Row row;
    std::int64_t inFlightAtStart = 0;
};

/// The whole run, and the same measures by provider: one query each, so the parts sum to the whole.
struct Tables {
    Part whole;
    std::vector<Part> byProvider;
    query::Balance balance;
};

/// All that is asked. The first kFigures are figures of the JSON document in this order; the rest, latencies, stand
/// apart in it.
constexpr std::array kMeasures{
    Measure::Requests,      Measure::Completed,    Measure::Rejected,     Measure::Lost,         Measure::Retried,
    Measure::InputTokens,   Measure::OutputTokens, Measure::SpendUsd,     Measure::EnergyJoules, Measure::CarbonGrams,
    Measure::SloAttainment, Measure::Utilization,  Measure::Accelerators, Measure::TtftP50,      Measure::TtftP95,
    Measure::TtftP99,       Measure::ItlP50,       Measure::ItlP95,       Measure::EndToEndP50,  Measure::EndToEndP95};
constexpr std::size_t kFigures = 13;

const char* jsonKey(Measure measure)
{
    switch (measure) {
    case Measure::InputTokens:
        return "tokens_in";
    case Measure::OutputTokens:
        return "tokens_out";
    case Measure::SpendUsd:
        return "cost_usd";
    default:
        return query::info(measure).name.data();
    }
}

double value(const Part& part, Measure measure)
{
    const auto at = std::find(kMeasures.begin(), kMeasures.end(), measure);
    return part.row.values[static_cast<std::size_t>(at - kMeasures.begin())];
}

Result<Tables> ask(const Simulation& run)
{
    query::Query question;
    question.measures.assign(kMeasures.begin(), kMeasures.end());
    question.to = run.history.end();
    const auto intervals = run.history.range(0, run.history.end());
    Tables tables;
    tables.balance = query::balanceOf(*run.fleet, intervals);
    ISOBAR_TRY_ASSIGN(query::Table whole, query::run(question, *run.fleet, intervals));
    if (whole.rows.size() != 1) {
        return Error{ErrorCode::Internal, "the run counted nothing"};
    }
    tables.whole.row = std::move(whole.rows.front());
    question.by = {query::Dimension::Provider};
    ISOBAR_TRY_ASSIGN(query::Table byProvider, query::run(question, *run.fleet, intervals));
    for (query::Row& row : byProvider.rows) {
        const auto there = run.inFlightAtStart.find(row.keys.front());
        const std::int64_t atStart = there == run.inFlightAtStart.end() ? 0 : there->second;
        tables.whole.inFlightAtStart += atStart;
        tables.byProvider.push_back({std::move(row), atStart});
    }
    // Requests that no placement could take have no provider; a row for them is news only when there were any.
    std::erase_if(tables.byProvider, [](const Part& part) {
        return value(part, Measure::Requests) == 0 && !(value(part, Measure::Accelerators) > 0);
    });
    return tables;
}

/// Counts as whole numbers; money, energy and carbon to the millionth they are kept in, which makes sums of the printed
/// figures come out to the last digit.
Json number(const Part& part, Measure measure)
{
    const double plain = value(part, measure);
    const std::string_view unit = query::info(measure).unit;
    if (unit == "requests" || unit == "tokens") {
        return static_cast<std::int64_t>(std::llround(plain));
    }
    if (unit == "USD" || unit == "J" || unit == "gCO2e") {
        return std::round(plain * 1e6) / 1e6;
    }
    return plain;
}

/// Each request once, however often it was routed: those in flight when the clock started, and all that came.
std::int64_t requestsOnce(const Part& part)
{
    return part.inFlightAtStart + std::llround(value(part, Measure::Requests) - value(part, Measure::Retried));
}

std::int64_t inFlight(const Part& part)
{
    return requestsOnce(part) -
           std::llround(value(part, Measure::Completed) + value(part, Measure::Rejected) + value(part, Measure::Lost));
}

Json figures(const Part& part)
{
    Json out;
    for (const Measure measure : std::span(kMeasures).first(kFigures)) {
        out[jsonKey(measure)] = measure == Measure::Requests ? Json(requestsOnce(part)) : number(part, measure);
        if (measure == Measure::Lost) {
            out["in_flight"] = inFlight(part);
            out["in_flight_at_start"] = part.inFlightAtStart;
        }
    }
    out["ttft_seconds"] = {{"p50", value(part, Measure::TtftP50)},
                           {"p95", value(part, Measure::TtftP95)},
                           {"p99", value(part, Measure::TtftP99)}};
    out["itl_seconds"] = {{"p50", value(part, Measure::ItlP50)}, {"p95", value(part, Measure::ItlP95)}};
    out["e2e_seconds"] = {{"p50", value(part, Measure::EndToEndP50)}, {"p95", value(part, Measure::EndToEndP95)}};
    return out;
}

Json json(const query::Spread& spread)
{
    Json lorenz = Json::array();
    for (const query::LorenzPoint& point : spread.lorenz) {
        lorenz.push_back({point.population, point.share});
    }
    return {{"count", spread.count}, {"max_over_mean", spread.maxOverMean},
            {"jain", spread.jain},   {"gini", spread.gini},
            {"hhi", spread.hhi},     {"effective_number", spread.effectiveNumber},
            {"lorenz", lorenz}};
}

Json json(const query::BalanceRow& row)
{
    return {{"chips", row.chips},
            {"utilization_ratio", row.utilizationRatio},
            {"demand_to_supply_ratio", row.demandToSupplyRatio},
            {"requests", row.requests},
            {"spend_usd", row.spendUsd},
            {"serving_spend_usd", row.servingSpendUsd},
            {"revenue_usd", row.revenueUsd},
            {"margin_usd", row.marginUsd},
            {"unpriced_tokens", row.unpricedTokens}};
}

Json json(const query::ScopeBalance& scope)
{
    Json out{{"spread",
              {{"utilization", json(scope.utilization)},
               {"demand_to_supply", json(scope.demandToSupply)},
               {"chips", json(scope.chips)},
               {"spend", json(scope.spend)},
               {"requests", json(scope.requests)}}}};
    out["rows"] = Json::array();
    for (const query::BalanceRow& row : scope.rows) {
        Json one{{query::dimensionName(scope.by), row.key}};
        one.update(json(row));
        out["rows"].push_back(std::move(one));
    }
    return out;
}

Json json(const Fleet& fleet, const query::Balance& balance)
{
    Json out = json(balance.fleet);
    out["providers"] = json(balance.providers);
    out["regions"] = json(balance.regions);
    out["models"] = json(balance.models);
    out["n_plus_one"] = Json::array();
    for (const query::NPlusOne& row : balance.nPlusOne) {
        out["n_plus_one"].push_back({{"model", fleet[row.model].name},
                                     {"tier", fleet[row.tier].name},
                                     {"lost", query::dimensionName(row.lost)},
                                     {"worst", row.worst},
                                     {"demand_tokens_per_second", row.demandTokensPerSecond},
                                     {"left_tokens_per_second", row.leftTokensPerSecond},
                                     {"headroom_ratio", row.headroomRatio},
                                     {"carries", row.carries()}});
    }
    return out;
}

Json json(const Options& options, const Simulation& run, const Tables& tables)
{
    const double simulated = static_cast<double>(run.history.end()) * 1e-6;
    Json out{{"fleet", run.fleet->name},
             {"data_date", run.fleet->dataDate},
             {"start_time", run.fleet->startTimeUtc},
             {"scenario", run.scenario},
             {"mode", run.fluid ? "fluid" : "per-request"},
             {"seed", options.run.seed},
             {"settle_seconds", run.settleSeconds},
             {"simulated_seconds", simulated},
             {"wall_seconds", run.wallSeconds},
             {"realtime_factor", simulated / run.wallSeconds},
             {"peak_rss_bytes", peakRssBytes()}};
    out.update(figures(tables.whole));
    out["waiting_requests"] = run.waiting;
    if (!options.record.empty()) {
        out["record_bytes"] = run.recordBytes;
        out["record_bytes_per_simulated_hour"] = static_cast<double>(run.recordBytes) / simulated * 3600;
    }
    out["events"] = Json::array();
    for (const engine::Event& event : run.events) {
        out["events"].push_back({{"at_seconds", static_cast<double>(event.at) * 1e-6},
                                 {"kind", engine::eventKindName(event.kind)},
                                 {"text", event.text}});
    }
    out["state_hash"] = fmt::format("{:016x}", run.stateHash);
    out["by_provider"] = Json::array();
    for (const Part& part : tables.byProvider) {
        Json provider{{"provider", part.row.keys.front()}};
        provider.update(figures(part));
        out["by_provider"].push_back(std::move(provider));
    }
    out["balance"] = json(*run.fleet, tables.balance);
    return out;
}

std::string percent(double ratio)
{
    return std::isfinite(ratio) ? fmt::format("{:.2f} %", ratio * 100) : "n/a";
}

std::string milliseconds(double seconds)
{
    return std::isfinite(seconds) ? grouped(seconds * 1e3, 0) + " ms" : "n/a";
}

/// Two lines: how even the fleet is, and whether it stands a loss.
void addBalance(const query::Balance& balance, const auto& line)
{
    const auto two = [](double figure) { return std::isfinite(figure) ? fmt::format("{:.2f}", figure) : "n/a"; };
    line("balance", fmt::format("demand / supply {}; regions: max / mean {}, Jain {}, Gini {}; spend as of {} equal "
                                "providers; margin ${}",
                                two(balance.fleet.demandToSupplyRatio), two(balance.regions.utilization.maxOverMean),
                                two(balance.regions.utilization.jain), two(balance.regions.utilization.gini),
                                two(balance.providers.spend.effectiveNumber), grouped(balance.fleet.marginUsd, 2)));
    std::int64_t carried[2]{}, asked[2]{};
    for (const query::NPlusOne& row : balance.nPlusOne) {
        const int which = row.lost == query::Dimension::Region ? 0 : 1;
        ++asked[which];
        carried[which] += row.carries() ? 1 : 0;
    }
    line("N+1",
         fmt::format("{} of {} models' tiers are carried without their worst region, {} of {} without a provider",
                     carried[0], asked[0], carried[1], asked[1]));
}

std::string words(const Options& options, const Simulation& run, const Tables& tables)
{
    const Part& all = tables.whole;
    const auto count = [&all](Measure measure) { return grouped(value(all, measure), 0); };
    const double simulated = static_cast<double>(run.history.end()) * 1e-6;
    std::string out =
        fmt::format("{} (simulated, seed {}, data of {})\n", run.fleet->name, options.run.seed, run.fleet->dataDate);
    const auto line = [&out](const char* title, const std::string& text) {
        out += fmt::format("  {:<18} {}\n", title, text);
    };
    line("scenario", run.scenario);
    if (run.fluid) {
        line("mode", engine::FluidEngine::kLabel);
    }
    line("start",
         run.settleSeconds > 0
             ? fmt::format("at work: {} requests were in flight when the clock started", grouped(all.inFlightAtStart))
             : "empty: in the first minutes the fleet fills up (--settle 2 starts it at work)");
    line("simulated", fmt::format("{} s in {:.1f} s: {:.1f}x real time", grouped(simulated, 0), run.wallSeconds,
                                  simulated / run.wallSeconds));
    line("requests", fmt::format("{}: {} completed, {} rejected, {} lost, {} in flight", grouped(requestsOnce(all)),
                                 count(Measure::Completed), count(Measure::Rejected), count(Measure::Lost),
                                 grouped(inFlight(all))));
    if (value(all, Measure::Retried) > 0 || run.waiting > 0) {
        line("", fmt::format("{} tried again elsewhere, {} wait at their gateway", count(Measure::Retried),
                             grouped(run.waiting)));
    }
    line("tokens", fmt::format("{} in, {} out", count(Measure::InputTokens), count(Measure::OutputTokens)));
    line("cost", "$" + grouped(value(all, Measure::SpendUsd), 2));
    line("energy", grouped(value(all, Measure::EnergyJoules) / 3.6e9, 2) + " MWh");
    line("carbon", grouped(value(all, Measure::CarbonGrams) / 1e6, 2) + " tCO2e");
    line("SLO attainment", percent(value(all, Measure::SloAttainment)));
    line("utilization", percent(value(all, Measure::Utilization)));
    addBalance(tables.balance, line);
    line("TTFT p50, p95",
         milliseconds(value(all, Measure::TtftP50)) + ", " + milliseconds(value(all, Measure::TtftP95)));
    line("ITL p50, p95", milliseconds(value(all, Measure::ItlP50)) + ", " + milliseconds(value(all, Measure::ItlP95)));
    if (!options.record.empty()) {
        const auto bytes = static_cast<double>(run.recordBytes);
        line("recording", fmt::format("{} MB, {} MB a simulated hour", grouped(bytes / 1e6, 2),
                                      grouped(bytes / 1e6 / simulated * 3600, 2)));
    }
    line("state", fmt::format("{:016x}", run.stateHash));
    out += fmt::format("\n  {:<12} {:>14} {:>14} {:>16} {:>12} {:>10} {:>10}\n", "provider", "accelerators", "requests",
                       "cost", "MWh", "SLO", "used");
    for (const Part& part : tables.byProvider) {
        const bool hasChips = value(part, Measure::Accelerators) > 0;
        out += fmt::format("  {:<12} {:>14} {:>14} {:>16} {:>12} {:>10} {:>10}\n", part.row.keys.front(),
                           hasChips ? grouped(value(part, Measure::Accelerators), 0) : "0", grouped(requestsOnce(part)),
                           "$" + grouped(value(part, Measure::SpendUsd), 2),
                           grouped(value(part, Measure::EnergyJoules) / 3.6e9, 2),
                           percent(value(part, Measure::SloAttainment)), percent(value(part, Measure::Utilization)));
    }
    return out;
}

int run(const Options& options)
{
    Interrupt interrupt;
    ProgressLine line;
    SimulationOptions how = simulationOptions(options.run);
    how.recording = options.record;
    how.record = options.history;
    how.fluid = options.fluid;
    if (!options.run.settleSeconds && !options.history && options.record.empty()) {
        how.settleSeconds = 0;
    }
    const auto simulation = simulateStore(options.run.store, how, line.job(interrupt.token()));
    line.clear();
    if (!simulation.ok()) {
        return fail(simulation.error());
    }
    const auto tables = ask(*simulation);
    if (!tables.ok()) {
        return fail(tables.error());
    }
    return options.json ? printJson(json(options, *simulation, *tables))
                        : printText(words(options, *simulation, *tables));
}

} // namespace

void addSimulate(CLI::App& app, Runner& chosen)
{
    auto* command = app.add_subcommand("simulate", "Run the fleet of a store, request by request");
    auto options = std::make_shared<Options>();
    // What is kept is shown beside the window's runs, and so starts as they do. Else the fleet starts empty, so that
    // every request counted is one that arrived.
    options->run.settleDefault = "2 with --history or --record, else 0";
    addStore(*command, options->run);
    addRunOptions(*command, options->run);
    command->add_flag("--history", options->history, "Record the run in the store, second by second");
    command->add_option("--record", options->record,
                        "Write every simulated second to a recording, which the window opens and scrubs");
    command
        ->add_flag("--fluid", options->fluid,
                   "Rates instead of requests, for weeks in seconds: an approximation, labelled so, and not recorded")
        ->excludes("--history")
        ->excludes("--record");
    command->add_flag("--json", options->json, "Print one JSON document and nothing else");
    command->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

} // namespace isobar::cli
