// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/replay/replay.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace isobar::replay {

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

RequestRows::RequestRows(report::StreamFile& file, const ingest::Trace& trace)
    : m_file(file)
    , m_trace(trace)
{
    m_file.write("request_id,arrival_seconds,start_seconds,first_token_seconds,finish_seconds,input_tokens,"
                 "output_tokens,replica,status\n");
}

void RequestRows::operator()(const serving::Outcome& outcome)
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

Result<Figures> run(const ingest::Trace& trace, const serving::IterationModel& model,
                    const serving::GroupOptions& options, const JobContext& job)
{
    return run(trace, model, options, job, [](const serving::Outcome&) {});
}

Result<Figures> runToCsv(const ingest::Trace& trace, const serving::IterationModel& model,
                         const serving::GroupOptions& options, const std::filesystem::path& path, const JobContext& job,
                         const Tiers& tiers)
{
    ISOBAR_TRY_ASSIGN(report::StreamFile file, report::StreamFile::create(path));
    serving::InOrder rows{RequestRows(file, trace)};
    ISOBAR_TRY_ASSIGN(Figures figures, run(trace, model, options, job, rows, tiers));
    if (figures.stopped) {
        return Error{ErrorCode::Cancelled, "cancelled"};
    }
    ISOBAR_TRY(file.finish());
    return figures;
}

} // namespace isobar::replay
