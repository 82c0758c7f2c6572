// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/serving/measured_run.h"

#include "model/serving/replica.h"

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>

namespace isobar::serving {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kNoQueueLimit = 0xfffffffeu;

/// The requests of a run through its servers.
class RunReplay {
public:
    RunReplay(const MeasuredRun& run, const IterationModel& model)
        : m_run(run)
        , m_times(model, run.policy)
        , m_out(run.requests.size(), RequestTimes{kNone, kNone, kNone})
        , m_seen(run.requests.size(), kNone)
    {
        for (std::int32_t i = 0; i < std::max(1, run.servers); ++i) {
            m_servers.push_back({Replica(m_times, kNoQueueLimit), {}});
        }
    }

    void arrive(std::size_t number, double seconds)
    {
        const MeasuredRequest& request = m_run.requests[number];
        if (request.inputTokens == 0 || request.outputTokens == 0) {
            return;
        }
        Server* least = nullptr;
        for (Server& server : m_servers) {
            admit(server, seconds);
            server.replica.advance(seconds, m_log);
            least = least == nullptr || server.inFlight() < least->inFlight() ? &server : least;
        }
        m_seen[number] = least->replica.boundaryAfter(seconds);
        const bool isIdle = least->replica.nextEventSeconds() == Replica::kNever;
        least->taken.push_back({m_run.asynchronous && !isIdle ? m_seen[number] + kInstant : seconds, number});
        admit(*least, seconds);
        collect();
    }

    std::vector<RequestTimes> finish()
    {
        for (Server& server : m_servers) {
            admit(server, std::numeric_limits<double>::max());
            server.replica.advance(std::numeric_limits<double>::max(), m_log);
        }
        collect();
        return std::move(m_out);
    }

private:
    /// After the next iteration has been made up at a boundary, within it: below any time that counts.
    static constexpr double kInstant = 1e-9;
    struct Taken {
        double seconds = 0; ///< from when on it may be put into an iteration
        std::size_t number = 0;
    };
    struct Server {
        Replica replica;
        std::deque<Taken> taken; ///< by the engine, and not yet by the replica; ascending
        [[nodiscard]] std::size_t inFlight() const { return replica.inFlight() + taken.size(); }
    };

    void admit(Server& server, double until)
    {
        for (; !server.taken.empty() && server.taken.front().seconds <= until; server.taken.pop_front()) {
            const Taken& next = server.taken.front();
            const MeasuredRequest& request = m_run.requests[next.number];
            static_cast<void>(server.replica.enqueue({.arrivalSeconds = next.seconds,
                                                      .inputTokens = request.inputTokens,
                                                      .outputTokens = request.outputTokens,
                                                      .tag = static_cast<std::uint32_t>(next.number)},
                                                     m_log));
        }
    }

    void collect()
    {
        for (const Completion& done : m_log.completed) {
            const std::uint32_t number = done.request.tag;
            const std::uint32_t answer = m_run.requests[number].outputTokens;
            RequestTimes& times = m_out[number];
            times.ttft = done.firstTokenSeconds - m_seen[number];
            times.endToEnd = done.finishSeconds - m_seen[number];
            times.tpot = answer > 1 ? (done.finishSeconds - done.firstTokenSeconds) / (answer - 1) : kNone;
        }
        m_log.completed.clear();
        m_log.started.clear();
    }

    const MeasuredRun& m_run;
    IterationTimes m_times;
    std::vector<Server> m_servers;
    std::vector<RequestTimes> m_out;
    std::vector<double> m_seen; ///< when the engine took each request in
    ReplicaLog m_log;
};

} // namespace

Result<IterationModel> modelOf(const MeasuredRun& run, const AcceleratorType& accelerator, const Efficiency& efficiency)
{
    Calibration calibration;
    calibration.efficiencies.push_back(efficiency);
    Efficiency& row = calibration.efficiencies.front();
    row.accelerator = accelerator.name;
    row.precision = run.precision;
    row.kvBytesPerValue = run.kvBytesPerValue;
    if (run.kvCacheTokens) {
        // The size is told: what memory the formula leaves does not matter, as long as the weights fit.
        row.memoryRatio = 1;
        row.reserveBytes = 0;
    }
    ISOBAR_TRY_ASSIGN(IterationModel model, buildIterationModel(run.model, accelerator, run.precision, run.layout,
                                                                run.maxBatch, calibration));
    if (run.kvCacheTokens) {
        model.kvCapacityTokens = *run.kvCacheTokens;
    }
    ISOBAR_TRY(checkBatching(model, run.policy));
    return model;
}

Result<std::vector<RequestTimes>> replayRun(const MeasuredRun& run, const AcceleratorType& accelerator,
                                            const Efficiency& efficiency, const JobContext& job,
                                            const std::vector<double>& delays)
{
    ISOBAR_TRY_ASSIGN(const IterationModel model, modelOf(run, accelerator, efficiency));
    return replayRun(run, model, job, delays);
}

Result<std::vector<RequestTimes>> replayRun(const MeasuredRun& run, const IterationModel& model, const JobContext& job,
                                            const std::vector<double>& delays)
{
    constexpr std::size_t kLookEvery = 4096;
    std::vector<std::size_t> order(run.requests.size());
    const auto arrival = [&](std::size_t i) {
        return run.requests[i].arrivalSeconds + (delays.empty() ? 0 : delays[i]);
    };
    for (std::size_t i = 0; i < order.size(); ++i) {
        order[i] = i;
    }
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return arrival(a) < arrival(b); });
    RunReplay replay(run, model);
    for (std::size_t i = 0; i < order.size(); ++i) {
        if (i % kLookEvery == 0 && job.cancelled()) {
            return Error{ErrorCode::Cancelled, "cancelled"};
        }
        replay.arrive(order[i], arrival(order[i]));
    }
    return replay.finish();
}

double quantileOf(const std::vector<double>& ascending, double share)
{
    const double at = share * static_cast<double>(ascending.size() - 1);
    const auto below = static_cast<std::size_t>(at);
    const std::size_t above = std::min(below + 1, ascending.size() - 1);
    return ascending[below] + (at - static_cast<double>(below)) * (ascending[above] - ascending[below]);
}

TimeSummary summaryOf(std::vector<double> seconds)
{
    if (seconds.empty()) {
        return {0, kNone, kNone, kNone, kNone, kNone};
    }
    std::sort(seconds.begin(), seconds.end());
    double sum = 0;
    for (const double s : seconds) {
        sum += s;
    }
    return {seconds.size(),
            sum / static_cast<double>(seconds.size()),
            quantileOf(seconds, 0.5),
            quantileOf(seconds, 0.9),
            quantileOf(seconds, 0.95),
            quantileOf(seconds, 0.99)};
}

RunComparison compareRun(const MeasuredRun& run, const std::vector<RequestTimes>& simulated)
{
    RunComparison out;
    const auto fill = [&](RunQuantity& quantity, double RequestTimes::*member) {
        for (std::size_t i = 0; i < run.requests.size(); ++i) {
            const double real = run.requests[i].measured.*member, ours = simulated[i].*member;
            if (std::isfinite(real) && std::isfinite(ours)) {
                quantity.measured.push_back(real);
                quantity.simulated.push_back(ours);
            }
        }
        std::sort(quantity.measured.begin(), quantity.measured.end());
        std::sort(quantity.simulated.begin(), quantity.simulated.end());
        quantity.measuredSummary = summaryOf(quantity.measured);
        quantity.simulatedSummary = summaryOf(quantity.simulated);
    };
    fill(out.ttft, &RequestTimes::ttft);
    fill(out.tpot, &RequestTimes::tpot);
    fill(out.endToEnd, &RequestTimes::endToEnd);
    return out;
}

} // namespace isobar::serving
