// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/serving/replay.h"
#include "app/isobar-cli/arguments.h"
#include "app/isobar-cli/command.h"
#include "app/isobar-cli/output.h"
#include "app/isobar-cli/replay_setup.h"
#include "app/isobar-cli/stream_file.h"
#include "model/aggregate/distribution.h"
#include "model/ingest/trace_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <iterator>

namespace isobar::cli {
namespace {

using Clock = std::chrono::steady_clock;
using aggregate::Distribution;

constexpr std::size_t kLookEvery = 16'384; ///< requests between two looks at the stop token

struct Options {
    std::string trace, requestsOut;
    ReplayHardware hardware;
    std::size_t replicas = 1;
    std::string router = serving::routerPolicyName(serving::RouterPolicy::LeastInFlight);
    std::uint64_t seed = kDefaultSeed;
    bool json = false;
};

double secondsSince(Clock::time_point start)
{
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The four durations every replay reports.
struct Latencies {
    Distribution ttft, itl, endToEnd, queue;
};

struct Figures {
    std::int64_t completed = 0, tooLong = 0, noTokens = 0;
    std::int64_t inputTokens = 0, outputTokens = 0; ///< of completed requests
    double simulatedSeconds = 0;                    ///< from the first arrival to the last finish
    double wallSeconds = 0;
    Latencies latencies;

    void count(const serving::Outcome& outcome)
    {
        if (!outcome.completed()) {
            ++(outcome.refusal == serving::Refusal::TooLong ? tooLong : noTokens);
            return;
        }
        ++completed;
        inputTokens += outcome.inputTokens;
        outputTokens += outcome.outputTokens;
        simulatedSeconds = std::max(simulatedSeconds, outcome.finishSeconds);
        latencies.ttft.add(outcome.ttftSeconds());
        if (outcome.outputTokens > 1) {
            latencies.itl.add(outcome.itlSeconds());
        }
        latencies.endToEnd.add(outcome.endToEndSeconds());
        latencies.queue.add(outcome.queueSeconds());
    }
};

/// One row a request, in the order of arrival. What a refused request never had is left empty.
class RequestRows {
public:
    RequestRows(StreamFile& file, const ingest::Trace& trace)
        : m_file(file)
        , m_trace(trace)
    {
        m_file.write("request_id,arrival_seconds,start_seconds,first_token_seconds,finish_seconds,input_tokens,"
                     "output_tokens,replica,status\n");
    }
    void operator()(const serving::Outcome& outcome)
    {
        const std::uint32_t id = m_trace.places.empty() ? outcome.number : m_trace.places[outcome.number];
        m_row.clear();
        const auto out = std::back_inserter(m_row);
        if (outcome.completed()) {
            fmt::format_to(out, "{},{},{},{},{},{},{},{},completed\n", id, outcome.arrivalSeconds, outcome.startSeconds,
                           outcome.firstTokenSeconds, outcome.finishSeconds, outcome.inputTokens, outcome.outputTokens,
                           outcome.replica);
        } else {
            fmt::format_to(out, "{},{},,,,{},{},,rejected\n", id, outcome.arrivalSeconds, outcome.inputTokens,
                           outcome.outputTokens);
        }
        m_file.write({m_row.data(), m_row.size()});
    }

private:
    StreamFile& m_file;
    const ingest::Trace& m_trace;
    fmt::memory_buffer m_row;
};

template <class Sink>
Status replayTrace(const ingest::Trace& trace, serving::ReplicaGroup& group, const JobContext& job, Sink&& sink)
{
    const auto total = static_cast<std::int64_t>(trace.requests.size());
    std::size_t done = 0;
    for (const ingest::TracedRequest& request : trace.requests) {
        if (done++ % kLookEvery == 0) {
            if (job.cancelled()) {
                return Error{ErrorCode::Cancelled, "cancelled"};
            }
            job.progress("Replaying", static_cast<std::int64_t>(done), total);
        }
        group.arrive(request.arrivalSeconds, request.inputTokens, request.outputTokens, sink);
    }
    group.drain(sink);
    return Done{};
}

Result<Figures> replay(const Options& options, const ingest::Trace& trace, const serving::IterationModel& model,
                       const JobContext& job)
{
    ISOBAR_TRY_ASSIGN(serving::ReplicaGroup group,
                      serving::ReplicaGroup::create(
                          model, {options.replicas, *serving::routerPolicyByName(options.router), options.seed}));
    Figures figures;
    const auto start = Clock::now();
    if (options.requestsOut.empty()) {
        ISOBAR_TRY(replayTrace(trace, group, job, [&](const serving::Outcome& outcome) { figures.count(outcome); }));
        figures.wallSeconds = secondsSince(start);
        return figures;
    }
    ISOBAR_TRY_ASSIGN(StreamFile file, StreamFile::create(options.requestsOut));
    serving::InOrder rows{RequestRows(file, trace)};
    ISOBAR_TRY(replayTrace(trace, group, job, [&](const serving::Outcome& outcome) {
        figures.count(outcome);
        rows(outcome);
    }));
    ISOBAR_TRY(file.finish());
    figures.wallSeconds = secondsSince(start);
    return figures;
}

Json summaryJson(const Distribution::Summary& summary)
{
    return {
        {"mean", summary.mean}, {"p50", summary.p50}, {"p90", summary.p90}, {"p95", summary.p95}, {"p99", summary.p99}};
}

struct Named {
    const char* key;
    const char* words;
    Distribution::Summary summary;
};

std::vector<Named> summarize(Latencies& latencies)
{
    return {{"ttft_seconds", "time to first token", latencies.ttft.summarize()},
            {"itl_seconds", "between tokens", latencies.itl.summarize()},
            {"e2e_seconds", "end to end", latencies.endToEnd.summarize()},
            {"queue_seconds", "in the queue", latencies.queue.summarize()}};
}

Latencies measuredLatencies(const ingest::Trace& trace)
{
    Latencies measured;
    for (const ingest::MeasuredRequest& request : trace.measured) {
        measured.ttft.add(request.ttftSeconds);
        if (!std::isnan(request.itlSeconds)) {
            measured.itl.add(request.itlSeconds);
        }
        measured.endToEnd.add(request.endToEndSeconds);
        measured.queue.add(request.queueSeconds);
    }
    return measured;
}

int show(const Options& options, const ingest::Trace& trace, const serving::IterationModel& model, Figures& figures)
{
    const auto requests = static_cast<std::int64_t>(trace.requests.size());
    const double outputRate = static_cast<double>(figures.outputTokens) / figures.simulatedSeconds;
    const std::vector<Named> latencies = summarize(figures.latencies);
    Latencies measured = measuredLatencies(trace);
    const std::vector<Named> measuredSummaries = summarize(measured);
    if (options.json) {
        Json document{{"trace", options.trace},
                      {"format", ingest::traceFormatName(trace.format)},
                      {"model", options.hardware.model},
                      {"accelerator", options.hardware.accelerator},
                      {"tensor_parallel", options.hardware.tensorParallel},
                      {"precision", options.hardware.precision},
                      {"replicas", options.replicas},
                      {"router", options.router},
                      {"max_batch", options.hardware.maxBatch},
                      {"kv_capacity_tokens", model.kvCapacityTokens},
                      {"error_ratio", model.errorRatio},
                      {"seed", options.seed},
                      {"requests", requests},
                      {"completed", figures.completed},
                      {"rejected", figures.tooLong + figures.noTokens},
                      {"rejected_too_long", figures.tooLong},
                      {"rejected_no_tokens", figures.noTokens},
                      {"out_of_order", trace.outOfOrder},
                      {"input_tokens", figures.inputTokens},
                      {"output_tokens", figures.outputTokens},
                      {"simulated_seconds", figures.simulatedSeconds},
                      {"wall_seconds", figures.wallSeconds},
                      {"requests_per_wall_second", static_cast<double>(requests) / figures.wallSeconds},
                      {"output_tokens_per_second", outputRate}};
        for (const Named& named : latencies) {
            document[named.key] = summaryJson(named.summary);
        }
        document["percentiles_exact"] = latencies.front().summary.exact;
        if (!trace.measured.empty()) {
            Json real;
            for (const Named& named : measuredSummaries) {
                real[named.key] = summaryJson(named.summary);
            }
            document["measured"] = std::move(real);
        }
        return printJson(document);
    }
    std::string out = fmt::format("{} requests of {} on {} replica{} of {} x {} ({}), {}\n", grouped(requests),
                                  options.hardware.model, grouped(static_cast<std::int64_t>(options.replicas)),
                                  options.replicas == 1 ? "" : "s", options.hardware.tensorParallel,
                                  options.hardware.accelerator, options.hardware.precision, options.router);
    out += fmt::format("{} completed, {} rejected ({} longer than the KV cache of {} tokens, {} without tokens)\n",
                       grouped(figures.completed), grouped(figures.tooLong + figures.noTokens),
                       grouped(figures.tooLong), grouped(model.kvCapacityTokens), grouped(figures.noTokens));
    out += fmt::format("{} s simulated in {:.4f} s, {} output tokens/s\n\n", grouped(figures.simulatedSeconds, 1),
                       figures.wallSeconds, grouped(outputRate, 0));
    out += fmt::format("{:<22}{:>10}{:>10}{:>10}{:>10}{:>10}\n", "seconds", "mean", "p50", "p90", "p95", "p99");
    const auto rows = [&out](const std::vector<Named>& all) {
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
    auto figures = replay(options, *trace, *model, job);
    line.clear();
    return figures.ok() ? show(options, *trace, *model, *figures) : fail(figures.error());
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
