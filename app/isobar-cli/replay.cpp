// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/replay/replay.h"
#include "app/isobar-cli/arguments.h"
#include "app/isobar-cli/command.h"
#include "app/isobar-cli/output.h"
#include "app/isobar-cli/replay_setup.h"

#include <fmt/format.h>

#include <filesystem>

namespace isobar::cli {
namespace {

struct Options {
    std::string trace, requestsOut;
    ReplayHardware hardware;
    std::size_t replicas = 1;
    std::string router = serving::routerPolicyName(serving::RouterPolicy::LeastInFlight);
    std::uint64_t seed = kDefaultSeed;
    bool json = false;
};

Json summaryJson(const aggregate::Distribution::Summary& summary)
{
    return {
        {"mean", summary.mean}, {"p50", summary.p50}, {"p90", summary.p90}, {"p95", summary.p95}, {"p99", summary.p99}};
}

int show(const Options& options, const ingest::Trace& trace, const serving::IterationModel& model,
         replay::Figures& figures)
{
    const auto requests = static_cast<std::int64_t>(trace.requests.size());
    const double outputRate = figures.outputTokensPerSecond();
    const std::vector<replay::Named> latencies = replay::summarize(figures.latencies);
    replay::Latencies measured = replay::measuredLatencies(trace);
    const std::vector<replay::Named> measuredSummaries = replay::summarize(measured);
    if (options.json) {
        Json document{{"trace", options.trace},
                      {"format", ingest::traceFormatName(trace.format)},
                      {"model", options.hardware.model},
                      {"accelerator", options.hardware.accelerator},
                      {"tensor_parallel", options.hardware.tensorParallel},
                      {"precision", options.hardware.precisionName},
                      {"replicas", options.replicas},
                      {"router", options.router},
                      {"max_batch", options.hardware.maxBatch},
                      {"kv_capacity_tokens", model.kvCapacityTokens},
                      {"error_ratio", model.errorRatio},
                      {"seed", options.seed},
                      {"requests", requests},
                      {"completed", figures.completed},
                      {"rejected", figures.rejected()},
                      {"rejected_too_long", figures.tooLong},
                      {"rejected_no_tokens", figures.noTokens},
                      {"out_of_order", trace.outOfOrder},
                      {"input_tokens", figures.inputTokens},
                      {"output_tokens", figures.outputTokens},
                      {"simulated_seconds", figures.simulatedSeconds},
                      {"wall_seconds", figures.wallSeconds},
                      {"requests_per_wall_second", static_cast<double>(requests) / figures.wallSeconds},
                      {"output_tokens_per_second", outputRate}};
        for (const replay::Named& named : latencies) {
            document[named.key] = summaryJson(named.summary);
        }
        document["percentiles_exact"] = latencies.front().summary.exact;
        if (!trace.measured.empty()) {
            Json real;
            for (const replay::Named& named : measuredSummaries) {
                real[named.key] = summaryJson(named.summary);
            }
            document["measured"] = std::move(real);
        }
        return printJson(document);
    }
    std::string out = fmt::format("{} requests of {} on {} replica{} of {} x {} ({}), {}\n", grouped(requests),
                                  options.hardware.model, grouped(static_cast<std::int64_t>(options.replicas)),
                                  options.replicas == 1 ? "" : "s", options.hardware.tensorParallel,
                                  options.hardware.accelerator, options.hardware.precisionName, options.router);
    out += fmt::format("{} completed, {} rejected ({} longer than the KV cache of {} tokens, {} without tokens)\n",
                       grouped(figures.completed), grouped(figures.rejected()), grouped(figures.tooLong),
                       grouped(model.kvCapacityTokens), grouped(figures.noTokens));
    out += fmt::format("{} s simulated in {:.4f} s, {} output tokens/s\n\n", grouped(figures.simulatedSeconds, 1),
                       figures.wallSeconds, grouped(outputRate, 0));
    out += fmt::format("{:<22}{:>10}{:>10}{:>10}{:>10}{:>10}\n", "seconds", "mean", "p50", "p90", "p95", "p99");
    const auto rows = [&out](const std::vector<replay::Named>& all) {
        for (const auto& [key, words, s] : all) {
            out += fmt::format("{:<22}{:>10}{:>10}{:>10}{:>10}{:>10}\n", words, grouped(s.mean, 4), grouped(s.p50, 4),
                               grouped(s.p90, 4), grouped(s.p95, 4), grouped(s.p99, 4));
        }
    };
    rows(latencies);
    if (!trace.measured.empty()) {
        out += "\nas measured\n";
        rows(measuredSummaries);
    }
    if (trace.outOfOrder > 0) {
        out += fmt::format("\n{} requests stood after a later one and were sorted into place\n",
                           grouped(trace.outOfOrder));
    }
    return printText(out);
}

int run(const Options& options)
{
    std::error_code ignored;
    if (!options.requestsOut.empty() && std::filesystem::equivalent(options.trace, options.requestsOut, ignored)) {
        printError("--requests-out is the trace itself (see: isobar-cli replay --help)");
        return kUsage;
    }
    const auto model = buildReplayModel(options.hardware);
    if (!model.ok()) {
        return fail(model.error());
    }
    Interrupt interrupt;
    ProgressLine line;
    const JobContext job = line.job(interrupt.token());
    const auto trace = ingest::readTrace(options.trace, options.seed, job);
    if (!trace.ok()) {
        line.clear();
        return fail(trace.error());
    }
    const serving::GroupOptions group{options.replicas, *serving::routerPolicyByName(options.router), options.seed};
    auto figures = options.requestsOut.empty() ? replay::run(*trace, *model, group, job)
                                               : replay::runToCsv(*trace, *model, group, options.requestsOut, job);
    line.clear();
    if (!figures.ok()) {
        return fail(figures.error());
    }
    return figures->stopped ? fail({ErrorCode::Cancelled, "cancelled"}) : show(options, *trace, *model, *figures);
}

std::string checkRouter(const std::string& name)
{
    return serving::routerPolicyByName(name) ? ""
                                             : "'" + name + "' is no router; known: " + serving::routerPolicyNames();
}

} // namespace

void addReplay(CLI::App& app, Runner& chosen)
{
    auto* command = app.add_subcommand(
        "replay", "Replay a request trace on replicas of a model (prefix-cache hits are not modelled yet)");
    auto options = std::make_shared<Options>();
    command->add_option("TRACE", options->trace, "Azure CSV, Mooncake JSON lines, ServeGen CSV or a vLLM run")
        ->required();
    addHardwareOptions(*command, options->hardware);
    command->add_option("--replicas", options->replicas, "Equal replicas behind the router")
        ->check(CLI::Range(std::size_t{1}, serving::ReplicaGroup::kMaxReplicas))
        ->capture_default_str();
    command->add_option("--router", options->router, serving::routerPolicyNames())
        ->check(checkRouter)
        ->capture_default_str();
    command->add_option("--requests-out", options->requestsOut, "Write a CSV with one row a request");
    command->add_option("--seed", options->seed, "Of what routers and ServeGen traces draw")->capture_default_str();
    command->add_flag("--json", options->json, "Print one JSON document and nothing else");
    command->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

} // namespace isobar::cli
