// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/serving/run_fit.h"

#include "model/serving/least_squares.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>

#include <fmt/format.h>

namespace isobar::serving {
namespace {

struct Coefficient {
    double Efficiency::*member;
    double likely, least, most;
    double spread; ///< standard deviation of its logarithm around what is likely
};

// Likely: large matrix products in bf16 reach 0.67 to 0.88 of the peak (H100, B200, A100; aiconfigurator), less 8 % for
// what is not a product; 0.8 of the bandwidth (aiconfigurator's own estimate for this class of card); prompts'
// attention as on H100 at 2,000 tokens; overheads as the shipped generic row has them.
constexpr std::array<Coefficient, 7> kAlone{{
    {&Efficiency::computeRatio, 0.72, 0.05, 1, 0.15},
    {&Efficiency::bandwidthRatio, 0.8, 0.05, 1, 0.1},
    {&Efficiency::attentionBandwidthRatio, 0.8, 0.05, 1, 0.1},
    {&Efficiency::stepOverheadSeconds, 6e-4, 1e-6, 2e-2, 0.7},
    {&Efficiency::layerOverheadSeconds, 1.8e-5, 1e-7, 1e-3, 0.5},
    {&Efficiency::sequenceOverheadSeconds, 2e-5, 1e-7, 1e-3, 0.5},
    {&Efficiency::prefillAttentionRatio, 0.4, 0.02, 1, 0.4},
}};
// NVLink: NCCL's latency on H100. PCIe: 16 to 22 GB/s of 64 and 20 to 25 us measured on servers of RTX PRO 6000 with
// NCCL as it comes; tuned ones reach 40 GB/s, which the spread leaves room for.
constexpr std::array<Coefficient, 2> kOverNvlink{{
    {&Efficiency::allReduceLatencySeconds, 7e-6, 1e-6, 1e-4, 0.5},
    {&Efficiency::interconnectRatio, 0.6, 0.02, 1, 0.3},
}};
constexpr std::array<Coefficient, 2> kOverPcie{{
    {&Efficiency::allReduceLatencySeconds, 2e-5, 1e-6, 2e-4, 0.5},
    {&Efficiency::interconnectRatio, 0.3, 0.02, 1, 0.3},
}};
constexpr std::array<Coefficient, 3> kOfExperts{{
    {&Efficiency::expertComputeRatio, 0.4, 0.02, 1, 0.5},
    {&Efficiency::expertBandwidthRatio, 0.5, 0.05, 1, 0.3},
    {&Efficiency::expertLayerOverheadSeconds, 2e-5, 1e-7, 1e-3, 0.7},
}};

constexpr double kNoise = 0.02;     ///< usual deviation of the logarithm of a mean or quantile
constexpr double kTtftWeight = 0.5; ///< a queue multiplies what is wrong with an iteration
constexpr int kQuantiles = 20;
constexpr std::size_t kReplays = 8;             ///< over which residuals are averaged,
constexpr std::size_t kReplayedRequests = 4096; ///< unless that would be more requests than these
constexpr double kDelaySeconds = 0.03;          ///< about an iteration
constexpr double kDifference = 0.02;            ///< of a logarithm, for slopes
constexpr double kUsualReserveBytes = 1.2e9;

std::vector<Coefficient> coefficientsFor(const AcceleratorType& accelerator, bool hasExperts)
{
    std::vector<Coefficient> all(kAlone.begin(), kAlone.end());
    const auto& link = isOverPcie(accelerator) ? kOverPcie : kOverNvlink;
    all.insert(all.end(), link.begin(), link.end());
    if (hasExperts) {
        all.insert(all.end(), kOfExperts.begin(), kOfExperts.end());
    }
    return all;
}

Error invalid(std::string message, std::string advice)
{
    return Error{.code = ErrorCode::InvalidValue, .message = std::move(message), .advice = std::move(advice)};
}

/// The residuals of a fit as a function of the logarithms of the coefficients.
class Problem {
public:
    Problem(const AcceleratorType& accelerator, std::span<const MeasuredRun> runs,
            std::vector<Coefficient> coefficients, double priorWeight, const JobContext& job)
        : m_accelerator(accelerator)
        , m_runs(runs)
        , m_coefficients(std::move(coefficients))
        , m_priorWeight(priorWeight)
        , m_job(job)
        , m_base(likelyEfficiency(accelerator, runs.front().precision))
    {
        for (const MeasuredRun& run : runs) {
            std::mt19937_64 random(1);
            const std::size_t replays = std::clamp<std::size_t>(kReplayedRequests / run.requests.size(), 1, kReplays);
            std::vector<std::vector<double>>& sets = m_delays.emplace_back(replays);
            for (std::size_t set = 1; set < replays; ++set) { // the first as it was
                for (std::size_t i = 0; i < run.requests.size(); ++i) {
                    sets[set].push_back(kDelaySeconds * static_cast<double>(random() >> 11) * 0x1p-53);
                }
            }
        }
    }

    [[nodiscard]] std::vector<double> start() const
    {
        std::vector<double> theta;
        for (const Coefficient& c : m_coefficients) {
            theta.push_back(std::log(c.likely));
        }
        return theta;
    }
    void clamp(std::vector<double>& theta) const
    {
        for (std::size_t k = 0; k < theta.size(); ++k) {
            theta[k] = std::clamp(theta[k], std::log(m_coefficients[k].least), std::log(m_coefficients[k].most));
        }
    }
    [[nodiscard]] Efficiency efficiency(const std::vector<double>& theta) const
    {
        Efficiency e = m_base;
        for (std::size_t k = 0; k < theta.size(); ++k) {
            e.*m_coefficients[k].member = std::exp(theta[k]);
        }
        return e;
    }

    Result<std::vector<double>> residuals(const std::vector<double>& theta) const
    {
        std::vector<double> out;
        const Efficiency row = efficiency(theta);
        for (std::size_t r = 0; r < m_runs.size(); ++r) {
            std::vector<double> mean;
            for (const std::vector<double>& delays : m_delays[r]) {
                ISOBAR_TRY_ASSIGN(const std::vector<RequestTimes> times,
                                  replayRun(m_runs[r], m_accelerator, row, m_job, delays));
                const RunComparison c = compareRun(m_runs[r], times);
                std::vector<double> one;
                append(c.ttft, kTtftWeight, one);
                append(c.tpot, 1, one);
                mean.resize(one.size());
                for (std::size_t i = 0; i < one.size(); ++i) {
                    mean[i] += one[i] / static_cast<double>(m_delays[r].size());
                }
            }
            out.insert(out.end(), mean.begin(), mean.end());
        }
        for (std::size_t k = 0; k < theta.size(); ++k) {
            out.push_back(std::sqrt(m_priorWeight) * (theta[k] - std::log(m_coefficients[k].likely)) /
                          m_coefficients[k].spread);
        }
        return out;
    }

private:
    static void append(const RunQuantity& quantity, double weight, std::vector<double>& to)
    {
        if (quantity.measured.empty()) {
            return;
        }
        const auto ratio = [](double simulated, double measured) {
            return measured > 0 && simulated > 0 ? std::log(simulated / measured) / kNoise : 0;
        };
        to.push_back(ratio(quantity.simulatedSummary.mean, quantity.measuredSummary.mean));
        for (int q = 0; q < kQuantiles; ++q) {
            const double share = (q + 0.5) / kQuantiles;
            to.push_back(weight / std::sqrt(double{kQuantiles}) *
                         ratio(quantileOf(quantity.simulated, share), quantileOf(quantity.measured, share)));
        }
    }

    const AcceleratorType& m_accelerator;
    std::span<const MeasuredRun> m_runs;
    std::vector<Coefficient> m_coefficients;
    double m_priorWeight;
    const JobContext& m_job;
    Efficiency m_base;
    std::vector<std::vector<std::vector<double>>> m_delays; ///< by run and replay
};

double costOf(const std::vector<double>& residuals)
{
    double sum = 0;
    for (const double r : residuals) {
        sum += r * r / 2;
    }
    return sum;
}

/// Levenberg and Marquardt's method.
Result<RunFit> minimize(const Problem& problem, int maxSteps, const JobContext& job)
{
    std::vector<double> theta = problem.start();
    ISOBAR_TRY_ASSIGN(std::vector<double> here, problem.residuals(theta));
    const std::size_t n = theta.size(), rows = here.size();
    double cost = costOf(here), damping = 1e-2;
    RunFit fit;
    for (; fit.steps < maxSteps; ++fit.steps) {
        job.progress("Fitting", fit.steps, maxSteps);
        std::vector<double> slopes(n * rows);
        for (std::size_t k = 0; k < n; ++k) {
            std::vector<double> below = theta, above = theta;
            below[k] -= kDifference;
            above[k] += kDifference;
            problem.clamp(above);
            problem.clamp(below);
            ISOBAR_TRY_ASSIGN(const std::vector<double> lower, problem.residuals(below));
            ISOBAR_TRY_ASSIGN(const std::vector<double> upper, problem.residuals(above));
            for (std::size_t i = 0; i < rows; ++i) {
                slopes[k * rows + i] = (upper[i] - lower[i]) / (above[k] - below[k]);
            }
        }
        const auto product = [&](std::size_t k, const double* with) {
            double sum = 0;
            for (std::size_t i = 0; i < rows; ++i) {
                sum += slopes[k * rows + i] * with[i];
            }
            return sum;
        };
        bool better = false;
        double gained = 0;
        for (int tries = 0; tries < 6 && !better; ++tries) {
            std::vector<double> matrix(n * n), gradient(n), step;
            for (std::size_t k = 0; k < n; ++k) {
                gradient[k] = -product(k, here.data());
                for (std::size_t l = 0; l < n; ++l) {
                    matrix[k * n + l] = product(k, &slopes[l * rows]) * (k == l ? 1 + damping : 1);
                }
            }
            constexpr double kLongestStep = 0.7;
            if (solvePositiveDefinite(std::move(matrix), std::move(gradient), step)) {
                std::vector<double> next = theta;
                for (std::size_t k = 0; k < n; ++k) {
                    next[k] += std::clamp(step[k], -kLongestStep, kLongestStep);
                }
                problem.clamp(next);
                ISOBAR_TRY_ASSIGN(std::vector<double> there, problem.residuals(next));
                if (const double lower = costOf(there); lower < cost) {
                    better = true;
                    gained = cost - lower;
                    cost = lower;
                    theta = std::move(next);
                    here = std::move(there);
                }
            }
            damping = better ? std::max(1e-6, damping * 0.3) : damping * 4;
        }
        if (!better || gained < 1e-4 * cost) {
            break;
        }
    }
    fit.cost = cost;
    fit.efficiency = problem.efficiency(theta);
    return fit;
}

/// What the server keeps for itself a chip, so that the formula gives the cache it reports.
Result<double> reserveFor(const MeasuredRun& run, const AcceleratorType& accelerator, Efficiency row)
{
    MeasuredRun untold = run;
    untold.kvCacheTokens.reset();
    const auto capacity = [&](double reserve) -> Result<double> {
        row.reserveBytes = reserve;
        ISOBAR_TRY_ASSIGN(const IterationModel model, modelOf(untold, accelerator, row));
        return static_cast<double>(model.kvCapacityTokens);
    };
    ISOBAR_TRY_ASSIGN(const double whole, capacity(0));
    const double excess = whole - static_cast<double>(*run.kvCacheTokens);
    if (!(excess > 0)) {
        return 0.0;
    }
    // Linear but for whole tokens: once with a small step, once more from there.
    double step = 1e8, reserve = 0;
    for (int i = 0; i < 2; ++i, step = reserve) {
        ISOBAR_TRY_ASSIGN(const double left, capacity(step));
        reserve = whole > left ? excess * step / (whole - left) : step;
    }
    return reserve;
}

} // namespace

Efficiency likelyEfficiency(const AcceleratorType& accelerator, Precision precision)
{
    Efficiency e;
    e.accelerator = accelerator.name;
    e.precision = precision;
    e.memoryRatio = 0.9;
    e.reserveBytes = kUsualReserveBytes;
    for (const Coefficient& c : coefficientsFor(accelerator, true)) {
        e.*c.member = c.likely;
    }
    return e;
}

Result<RunFit> fitRuns(const AcceleratorType& accelerator, std::span<const MeasuredRun> runs,
                       const RunFitOptions& options, const JobContext& job)
{
    bool hasExperts = false;
    for (const MeasuredRun& run : runs) {
        const bool isMeasured = std::any_of(run.requests.begin(), run.requests.end(), [](const MeasuredRequest& r) {
            return r.inputTokens > 0 && r.outputTokens > 0 && std::isfinite(r.measured.ttft);
        });
        if (!isMeasured) {
            return invalid(fmt::format("no request of {} has a measured first token", run.name),
                           "give a run with requests that were served");
        }
        if (run.precision != runs.front().precision) {
            return invalid(fmt::format("{} ran at {}, {} at {}", runs.front().name,
                                       precisionName(runs.front().precision), run.name, precisionName(run.precision)),
                           "fit the runs of one precision at a time");
        }
        hasExperts = hasExperts || run.model.expertParameters > 0;
    }
    if (runs.empty()) {
        return invalid("there is no run to fit to", "give at least one");
    }
    const Problem problem(accelerator, runs, coefficientsFor(accelerator, hasExperts), options.priorWeight, job);
    ISOBAR_TRY_ASSIGN(RunFit fit, minimize(problem, options.maxSteps, job));
    Efficiency& row = fit.efficiency;
    row.memoryRatio = runs.front().memoryRatio;
    row.kvBytesPerValue = runs.front().kvBytesPerValue == 2 ? 0 : runs.front().kvBytesPerValue;
    const auto told =
        std::find_if(runs.begin(), runs.end(), [](const MeasuredRun& run) { return run.kvCacheTokens.has_value(); });
    if (told != runs.end()) {
        row.memoryRatio = told->memoryRatio;
        ISOBAR_TRY_ASSIGN(row.reserveBytes, reserveFor(*told, accelerator, row));
    }
    return fit;
}

} // namespace isobar::serving
