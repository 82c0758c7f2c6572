// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/replay/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace isobar::replay {
namespace {

/// One CSV row a request.
class RequestRows {
public:
    explicit RequestRows(report::StreamFile& file)
        : m_file(file)
    {
        m_file.write("request_id,arrival_seconds,start_seconds,first_token_seconds,finish_seconds,input_tokens,"
                     "output_tokens,replica,status\n");
    }
    void operator()(const serving::Outcome& outcome, std::uint64_t id)
    {
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
    report::StreamFile& m_file;
    fmt::memory_buffer m_row;
};

} // namespace

std::vector<Named> summarize(Latencies& latencies)
{
    return {{"ttft_seconds", "time to first token", latencies.ttft.summarize()},
            {"itl_seconds", "between tokens", latencies.itl.summarize()},
            {"e2e_seconds", "end to end", latencies.endToEnd.summarize()},
            {"queue_seconds", "in the queue", latencies.queue.summarize()}};
}

Error tooManyRequests()
{
    return Error{.code = ErrorCode::InvalidValue,
                 .message = fmt::format("the trace has more than {} requests, too many for one replay",
                                        std::numeric_limits<std::uint32_t>::max()),
                 .advice = "replay a part of it"};
}

void Figures::count(const serving::Outcome& outcome, bool isUrgent)
{
    switch (outcome.refusal) {
    case serving::Refusal::None:
        break;
    case serving::Refusal::NoTokens:
        ++noTokens;
        return;
    case serving::Refusal::TooLong:
        ++tooLong;
        return;
    case serving::Refusal::BadTime:
        ++badTime;
        return;
    }
    ++completed;
    inputTokens += outcome.inputTokens;
    outputTokens += outcome.outputTokens;
    prefixHitTokens += outcome.prefixHitTokens;
    simulatedSeconds = std::max(simulatedSeconds, outcome.finishSeconds);
    const auto add = [&](Latencies& all) {
        all.ttft.add(outcome.ttftSeconds());
        if (outcome.outputTokens > 1) {
            all.itl.add(outcome.itlSeconds());
        }
        all.endToEnd.add(outcome.endToEndSeconds());
        all.queue.add(outcome.queueSeconds());
    };
    add(latencies);
    if (isUrgent) {
        ++urgent;
        add(urgentLatencies);
    }
}

void Figures::countMeasured(const ingest::MeasuredRequest& request)
{
    const auto add = [](aggregate::Distribution& to, double seconds) {
        if (!std::isnan(seconds)) { // it got that far
            to.add(seconds);
        }
    };
    add(measured.ttft, request.ttftSeconds);
    add(measured.itl, request.itlSeconds);
    add(measured.endToEnd, request.endToEndSeconds);
    add(measured.queue, request.queueSeconds);
}

Result<Figures> run(ingest::TraceStream& trace, const serving::IterationModel& model,
                    const serving::GroupOptions& options, const JobContext& job)
{
    return run(trace, model, options, job, [](const serving::Outcome&) {});
}

Result<Figures> runToCsv(ingest::TraceStream& trace, const serving::IterationModel& model,
                         const serving::GroupOptions& options, const std::filesystem::path& path, const JobContext& job,
                         const Tiers& tiers)
{
    ISOBAR_TRY_ASSIGN(report::StreamFile file, report::StreamFile::create(path));
    WithPlaces rows{RequestRows(file)};
    ISOBAR_TRY_ASSIGN(Figures figures, run(trace, model, options, job, rows, tiers));
    if (figures.stopped) {
        return Error{ErrorCode::Cancelled, "cancelled"};
    }
    ISOBAR_TRY(file.finish());
    return figures;
}

} // namespace isobar::replay
