// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/replay/replay.h"
#include "app/isobar-cli/arguments.h"
#include "app/isobar-cli/command.h"
#include "app/isobar-cli/output.h"
#include "app/isobar-cli/replay_measured.h"
#include "app/isobar-cli/replay_setup.h"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <limits>

namespace isobar::cli {
namespace {

constexpr const char* kOptimistic = "optimistic";
constexpr const char* kReserve = "reserve";
constexpr std::int64_t kMaxKvTokens = 1'000'000'000'000;
constexpr double kLeastScale = 1e-6, kMostScale = 1e6;

struct Options {
    std::string trace, requestsOut;
    ReplayHardware hardware;
    serving::GroupOptions group; ///< but for router and admission, which are named below
    std::string router = serving::routerPolicyName(serving::RouterPolicy::LeastInFlight);
    std::string admission = kOptimistic;
    std::int64_t kvCapacityTokens = 0, kvBlocks = 0; ///< 0: what the memory holds
    bool prefixCache = false;
    double urgentRatio = 0;
    std::string from, length; ///< durations; empty: not given
    ingest::TraceOptions part;
    std::uint64_t seed = kDefaultSeed;
    bool json = false;
};

Json summaryJson(const aggregate::Distribution::Summary& summary)
{
    return {
        {"mean", summary.mean}, {"p50", summary.p50}, {"p90", summary.p90}, {"p95", summary.p95}, {"p99", summary.p99}};
}

Json policyJson(const Options& options)
{
    const serving::GroupOptions& group = options.group;
    Json policy{{"max_batched_tokens", group.policy.maxBatchedTokens},
                {"kv_block_tokens", group.policy.kvBlockTokens},
                {"admission", options.admission},
                {"prefix_cache", options.prefixCache},
                {"data_parallel", options.hardware.dataParallel},
                {"prefill_replicas", group.prefill.replicas}};
    if (group.prefill.replicas > 0) {
        policy["kv_bytes_per_token"] = group.prefill.kvBytesPerToken;
        policy["kv_link_bytes_per_second"] = group.prefill.linkBytesPerSecond;
        policy["kv_link_latency_seconds"] = group.prefill.linkLatencySeconds;
    }
    return policy;
}

int show(const Options& options, const ingest::TraceSummary& trace, const serving::IterationModel& model,
         replay::Figures& figures)
{
    const std::int64_t requests = figures.arrived;
    const double outputRate = figures.outputTokensPerSecond();
    const std::vector<replay::Named> latencies = replay::summarize(figures.latencies);
    const std::vector<replay::Named> measuredSummaries = replay::summarize(figures.measured);
    const std::vector<replay::Named> urgentSummaries = replay::summarize(figures.urgentLatencies);
    if (options.json) {
        Json document{{"trace", options.trace},
                      {"format", ingest::traceFormatName(trace.format)},
                      {"model", options.hardware.model},
                      {"accelerator", options.hardware.accelerator},
                      {"tensor_parallel", options.hardware.tensorParallel},
                      {"precision", options.hardware.precisionName},
                      {"replicas", options.group.replicas},
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
                      {"from_seconds", options.part.fromSeconds},
                      {"for_seconds", options.part.forSeconds > 0 ? Json(options.part.forSeconds) : Json()},
                      {"load_scale", options.part.loadScale},
                      {"notes", trace.notes},
                      {"input_tokens", figures.inputTokens},
                      {"output_tokens", figures.outputTokens},
                      {"prefix_hit_tokens", figures.prefixHitTokens},
                      {"preemptions", figures.preemptions},
                      {"preempted_tokens", figures.preemptedTokens},
                      {"simulated_seconds", figures.simulatedSeconds},
                      {"wall_seconds", figures.wallSeconds},
                      {"requests_per_wall_second", static_cast<double>(requests) / figures.wallSeconds},
                      {"output_tokens_per_second", outputRate}};
        document.update(policyJson(options));
        for (const replay::Named& named : latencies) {
            document[named.key] = summaryJson(named.summary);
        }
        if (options.urgentRatio > 0) {
            Json urgent{{"ratio", options.urgentRatio}, {"completed", figures.urgent}};
            for (const replay::Named& named : urgentSummaries) {
                urgent[named.key] = summaryJson(named.summary);
            }
            document["urgent"] = std::move(urgent);
        }
        document["percentiles_exact"] = latencies.front().summary.exact;
        if (trace.measured) {
            Json real;
            for (const replay::Named& named : measuredSummaries) {
                real[named.key] = summaryJson(named.summary);
            }
            document["measured"] = std::move(real);
        }
        return printJson(document);
    }
    std::string out = fmt::format("{} requests of {} on {} replica{} of {} x {} ({}), {}\n", grouped(requests),
                                  options.hardware.model, grouped(static_cast<std::int64_t>(options.group.replicas)),
                                  options.group.replicas == 1 ? "" : "s",
                                  options.hardware.tensorParallel * options.hardware.dataParallel,
                                  options.hardware.accelerator, options.hardware.precisionName, options.router);
    out += fmt::format("{} completed, {} rejected ({} longer than the KV cache of {} tokens, {} without tokens)\n",
                       grouped(figures.completed), grouped(figures.rejected()), grouped(figures.tooLong),
                       grouped(model.kvCapacityTokens), grouped(figures.noTokens));
    out += fmt::format("{} s simulated in {:.4f} s, {} output tokens/s\n\n", grouped(figures.simulatedSeconds, 1),
                       figures.wallSeconds, grouped(outputRate, 0));
    if (options.group.prefill.replicas > 0) {
        out += fmt::format("prompts on {} replicas of their own\n",
                           grouped(static_cast<std::int64_t>(options.group.prefill.replicas)));
    }
    if (figures.preemptions > 0) {
        out += fmt::format("{} times a running sequence was preempted, of {} tokens in all\n",
                           grouped(figures.preemptions), grouped(figures.preemptedTokens));
    }
    if (options.prefixCache) {
        out += fmt::format("{} of {} input tokens were in the prefix cache\n", grouped(figures.prefixHitTokens),
                           grouped(figures.inputTokens));
    }
    out += fmt::format("{:<22}{:>10}{:>10}{:>10}{:>10}{:>10}\n", "seconds", "mean", "p50", "p90", "p95", "p99");
    const auto rows = [&out](const std::vector<replay::Named>& all) {
        for (const auto& [key, words, s] : all) {
            out += fmt::format("{:<22}{:>10}{:>10}{:>10}{:>10}{:>10}\n", words, grouped(s.mean, 4), grouped(s.p50, 4),
                               grouped(s.p90, 4), grouped(s.p95, 4), grouped(s.p99, 4));
        }
    };
    rows(latencies);
    if (options.urgentRatio > 0) {
        out += fmt::format("\nthe {} urgent ones\n", grouped(figures.urgent));
        rows(urgentSummaries);
    }
    if (trace.measured) {
        out += "\nas measured\n";
        rows(measuredSummaries);
    }
    if (trace.outOfOrder > 0) {
        out += fmt::format("\n{} requests stood after a later one and were sorted into place\n",
                           grouped(trace.outOfOrder));
    }
    for (const std::string& note : trace.notes) {
        out += fmt::format("{}{}\n", &note == &trace.notes.front() ? "\n" : "", note);
    }
    return printText(out);
}

/// The group and its model, as the options say.
Result<serving::IterationModel> complete(Options& options)
{
    ISOBAR_TRY_ASSIGN(serving::IterationModel model, buildReplayModel(options.hardware));
    serving::GroupOptions& group = options.group;
    group.router = *serving::routerPolicyByName(options.router);
    group.seed = options.seed;
    group.policy.admission = options.admission == kReserve ? serving::BatchPolicy::Admission::Reserve
                                                           : serving::BatchPolicy::Admission::Optimistic;
    if (options.kvBlocks > 0) {
        model.kvCapacityTokens = options.kvBlocks * group.policy.kvBlockTokens;
    } else if (options.kvCapacityTokens > 0) {
        model.kvCapacityTokens = options.kvCapacityTokens;
    }
    group.prefill.kvBytesPerToken = model.kvBytesPerToken;
    replay::layOutRanks(options.hardware, model, group);
    return model;
}

int run(Options options, const CLI::App& command)
{
    std::error_code ignored;
    if (!options.requestsOut.empty() && std::filesystem::equivalent(options.trace, options.requestsOut, ignored)) {
        printError("--requests-out is the trace itself (see: isobar-cli replay --help)");
        return kUsage;
    }
    const auto server = takeServerSettings(options.trace, command, options.hardware, options.group.policy);
    if (!server.ok()) {
        return fail(server.error());
    }
    const bool isSizeGiven = options.kvBlocks > 0 || options.kvCapacityTokens > 0;
    options.kvCapacityTokens = isSizeGiven ? options.kvCapacityTokens : server->kvCapacityTokens;
    const auto model = complete(options);
    if (!model.ok()) {
        return fail(model.error());
    }
    options.part.seed = options.seed;
    options.part.fromSeconds = static_cast<double>(parseDuration(options.from).value_or(0));
    options.part.forSeconds = static_cast<double>(parseDuration(options.length).value_or(0));
    Interrupt interrupt;
    ProgressLine line;
    const JobContext job = line.job(interrupt.token());
    const auto opened = ingest::openTrace(options.trace, options.part, job);
    if (!opened.ok()) {
        line.clear();
        return fail(opened.error());
    }
    ingest::TraceStream& trace = **opened;
    if (options.prefixCache && trace.summary().prefixBlockTokens == 0) {
        line.clear();
        return fail({.code = ErrorCode::InvalidValue,
                     .message = "its requests carry no hashes of their prompts' blocks, so no prefix can be found",
                     .advice = "leave --prefix-cache out, or take a trace in Mooncake's format",
                     .file = options.trace});
    }
    options.group.policy.prefixBlockTokens =
        options.prefixCache ? static_cast<std::int32_t>(trace.summary().prefixBlockTokens) : 0;
    const replay::Tiers tiers{options.urgentRatio, options.seed};
    auto figures = options.requestsOut.empty()
                       ? replay::run(
                             trace, *model, options.group, job, [](const serving::Outcome&) {}, tiers)
                       : replay::runToCsv(trace, *model, options.group, options.requestsOut, job, tiers);
    // One server like the one that was measured is timed as that one was.
    const bool isLikeMeasured = server->isKnown && trace.summary().format == ingest::TraceFormat::VllmRun &&
                                options.group.replicas == 1 && options.group.prefill.replicas == 0 &&
                                options.urgentRatio == 0;
    if (figures.ok() && !figures->stopped && isLikeMeasured) {
        const auto again = ingest::openTrace(options.trace, options.part, job);
        const Status counted =
            again.ok() ? countLikeTheServer(**again, *server, *model, options.group, job, figures->latencies)
                       : Status(again.error());
        if (!counted.ok()) {
            line.clear();
            return fail(counted.error());
        }
    }
    line.clear();
    if (!figures.ok()) {
        return fail(figures.error());
    }
    if (figures->stopped) {
        return fail({ErrorCode::Cancelled, "cancelled"});
    }
    if (figures->arrived == 0) {
        return fail(
            {.code = ErrorCode::InvalidValue,
             .message = "no request arrives in that part of the trace",
             .advice = fmt::format("it is {:.0f} s long: change --from or --for", trace.summary().durationSeconds),
             .file = options.trace});
    }
    return show(options, trace.summary(), *model, *figures);
}

std::string checkFrom(const std::string& text)
{
    return text == "0" ? "" : checkDuration(text);
}

std::string checkScale(const std::string& text)
{
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() && value >= kLeastScale && value <= kMostScale
               ? ""
               : fmt::format("'{}' is not a factor from {} to {}", text, kLeastScale, kMostScale);
}

void addPartOptions(CLI::App& command, Options& options)
{
    command.add_option("--from", options.from, "Where in the trace to begin, on its own clock (90s, 5m, 1h, 1d)")
        ->check(checkFrom);
    command.add_option("--for", options.length, "How much of the trace to replay, on its own clock; all when left out")
        ->check(checkDuration);
    command
        .add_option("--scale", options.part.loadScale,
                    "Multiply the requests a second: rates scaled, recorded times compressed")
        ->check(checkScale)
        ->capture_default_str();
    command.add_option("--limit", options.part.maxRequests, "Replay the first so many requests of that only")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{std::numeric_limits<std::uint32_t>::max()}));
}

std::string checkRouter(const std::string& name)
{
    return serving::routerPolicyByName(name) ? ""
                                             : "'" + name + "' is no router; known: " + serving::routerPolicyNames();
}

void addGroupOptions(CLI::App& command, Options& options)
{
    serving::GroupOptions& group = options.group;
    command.add_option("--replicas", group.replicas, "Equal replicas behind the router")
        ->check(CLI::Range(std::size_t{1}, serving::ReplicaGroup::kMaxReplicas))
        ->capture_default_str();
    command.add_option("--router", options.router, serving::routerPolicyNames())
        ->check(checkRouter)
        ->capture_default_str();
    command.add_option("--choices", group.choices, "Replicas that power-of-d draws for each request")
        ->check(CLI::Range(std::size_t{1}, serving::Router::kMaxChoices))
        ->capture_default_str();
    command
        .add_option("--max-batched-tokens", group.policy.maxBatchedTokens,
                    "Tokens of one iteration; longer prompts are cut. 0: one prompt an iteration, whole")
        ->check(CLI::Range(0, 100'000'000))
        ->capture_default_str();
    command.add_option("--kv-block-tokens", group.policy.kvBlockTokens, "The KV cache is given out in blocks of these")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    auto* tokens = command
                       .add_option("--kv-capacity-tokens", options.kvCapacityTokens,
                                   "KV cache of a replica, instead of what its memory holds")
                       ->check(CLI::Range(std::int64_t{1}, kMaxKvTokens));
    command.add_option("--kv-blocks", options.kvBlocks, "The same in blocks")
        ->check(CLI::Range(std::int64_t{1}, kMaxKvTokens / 1'000'000))
        ->excludes(tokens);
    command
        .add_option("--admission", options.admission,
                    "optimistic: takes blocks for the prompt, preempts when they run out; reserve: also for the answer")
        ->check(CLI::IsMember({kOptimistic, kReserve}))
        ->capture_default_str();
    command.add_flag("--prefix-cache", options.prefixCache,
                     "Keep prompts' blocks and find them again, by the hashes of the trace");
    command.add_option("--data-parallel", options.hardware.dataParallel, "Ranks of a replica, each with these chips")
        ->check(CLI::Range(1, replay::kMaxDataParallel))
        ->capture_default_str();
    auto* prefill = command
                        .add_option("--prefill-replicas", group.prefill.replicas,
                                    "More replicas, for prompts only; the others then only answer")
                        ->check(CLI::Range(std::size_t{1}, serving::ReplicaGroup::kMaxReplicas));
    command
        .add_option("--kv-link-bytes-per-second", group.prefill.linkBytesPerSecond,
                    "From those to the others, for the KV cache of each prompt")
        ->check(CLI::PositiveNumber)
        ->needs(prefill)
        ->capture_default_str();
    command.add_option("--kv-link-latency-seconds", group.prefill.linkLatencySeconds, "Of each such transfer")
        ->check(CLI::NonNegativeNumber)
        ->needs(prefill)
        ->capture_default_str();
    command
        .add_option("--priority", options.urgentRatio,
                    "Share of requests, drawn, that are urgent: admitted first and preempted last")
        ->check(CLI::Range(0.0, 1.0));
}

} // namespace

void addReplay(CLI::App& app, Runner& chosen)
{
    auto* command = app.add_subcommand("replay", "Replay a request trace on replicas of a model");
    auto options = std::make_shared<Options>();
    command->add_option("TRACE", options->trace, "Azure CSV, Mooncake JSON lines, ServeGen, a vLLM run, or STORE:TRACE")
        ->required();
    addHardwareOptions(*command, options->hardware);
    addPartOptions(*command, *options);
    addGroupOptions(*command, *options);
    command->add_option("--requests-out", options->requestsOut, "Write a CSV with one row a request");
    command->add_option("--seed", options->seed, "Of what routers and ServeGen traces draw")->capture_default_str();
    command->add_flag("--json", options->json, "Print one JSON document and nothing else");
    command->callback([options, command, &chosen] { chosen = [options, command] { return run(*options, *command); }; });
}

} // namespace isobar::cli
