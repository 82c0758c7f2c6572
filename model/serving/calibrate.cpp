// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/serving/calibrate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <map>
#include <optional>

namespace isobar::serving {
namespace {

/// A coefficient that is fitted: where it is likely before any row is seen, and where it can be at all.
template <class Owner> struct Coefficient {
    double Owner::*member;
    double likely, least, most;
    double spread; ///< standard deviation of its logarithm around what is likely
};

// Likely: the shipped coefficients' generic rows. Ratios cannot pass 1; a time of 0 would have no logarithm.
constexpr std::array<Coefficient<Efficiency>, 8> kEfficiency{{
    {&Efficiency::computeRatio, 0.6, 0.05, 1, 0.5},
    {&Efficiency::bandwidthRatio, 0.7, 0.05, 1, 0.5},
    {&Efficiency::attentionBandwidthRatio, 0.8, 0.05, 1, 0.5},
    {&Efficiency::stepOverheadSeconds, 6e-4, 1e-6, 2e-2, 1},
    {&Efficiency::layerOverheadSeconds, 1.8e-5, 1e-7, 1e-3, 1},
    {&Efficiency::sequenceOverheadSeconds, 2e-5, 1e-7, 1e-3, 1},
    {&Efficiency::allReduceLatencySeconds, 7e-6, 1e-6, 1e-4, 0.7},
    {&Efficiency::interconnectRatio, 0.6, 0.02, 1, 0.7},
}};
// The mean engine is at 1, so that the efficiencies stand for it.
constexpr std::array<Coefficient<EngineSetup>, 4> kEngine{{
    {&EngineSetup::timeRatio, 1, 0.5, 2, 0.1},
    {&EngineSetup::firstTokenSeconds, 0.02, 1e-4, 1, 1},
    {&EngineSetup::queueScale, 0.5, 0.01, 1, 1},
    {&EngineSetup::queueExponent, 0.6, 0.1, 1, 0.5},
}};
constexpr double kGroupSpread = 0.3; ///< of an accelerator around its generic row, and of that around the root
constexpr double kRowNoise = 0.12;   ///< usual deviation of a row's logarithm
constexpr double kHuber = 2;         ///< in such deviations: beyond it a row pulls no harder
constexpr double kTtftWeight = 0.5;

/// The coefficients of a fit as one vector of logarithms: a block for any precision (the root), for each generic row,
/// each accelerator's row and each engine.
class Layout {
public:
    Layout(const Measurements& measured, std::span<const std::size_t> rows)
    {
        for (const std::size_t r : rows) {
            const Observation& o = measured.observations[r];
            m_generic.try_emplace(o.precision, 0);
            m_groups.try_emplace({o.accelerator, o.precision}, 0);
            m_engines.try_emplace(o.engine, 0);
        }
        m_root = reserve(kEfficiency.size());
        for (auto& [key, at] : m_generic) {
            at = reserve(kEfficiency.size());
        }
        for (auto& [key, at] : m_groups) {
            at = reserve(kEfficiency.size());
        }
        for (auto& [key, at] : m_engines) {
            at = reserve(kEngine.size());
        }
    }

    [[nodiscard]] std::size_t size() const { return m_size; }
    [[nodiscard]] std::size_t root() const { return m_root; }
    [[nodiscard]] const std::map<Precision, std::size_t>& generic() const { return m_generic; }
    [[nodiscard]] const std::map<std::pair<std::size_t, Precision>, std::size_t>& groups() const { return m_groups; }
    [[nodiscard]] const std::map<std::size_t, std::size_t>& engines() const { return m_engines; }

private:
    std::size_t reserve(std::size_t count)
    {
        m_size += count;
        return m_size - count;
    }
    std::size_t m_size = 0, m_root = 0;
    std::map<Precision, std::size_t> m_generic;
    std::map<std::pair<std::size_t, Precision>, std::size_t> m_groups;
    std::map<std::size_t, std::size_t> m_engines;
};

using Vector = std::vector<double>;

template <class Owner, std::size_t N>
void assign(Owner& to, const std::array<Coefficient<Owner>, N>& coefficients, const Vector& theta, std::size_t at)
{
    for (std::size_t k = 0; k < N; ++k) {
        to.*coefficients[k].member = std::exp(theta[at + k]);
    }
}

Efficiency blankEfficiency(Precision precision)
{
    Efficiency e;
    e.precision = precision;
    e.reserveBytes = 1.2e9; // a real RTX 4090 with an 8B model; not fitted, rows do not tell memory
    e.memoryRatio = 0.9;
    return e;
}

/// Weighted residuals of one observation: logarithms of predicted over measured, in units of a row's usual noise.
class Residuals {
public:
    static constexpr std::size_t kCount = 2;
    using Values = std::array<double, kCount>;

    explicit Residuals(const Measurements& measured)
        : m_measured(measured)
    {
        m_one.efficiencies.resize(1);
    }

    /// Nothing when the observation cannot be predicted.
    [[nodiscard]] std::optional<Values> at(const Observation& o, const Vector& theta, std::size_t group,
                                           std::size_t engine)
    {
        m_one.efficiencies[0] = blankEfficiency(o.precision);
        assign(m_one.efficiencies[0], kEfficiency, theta, group);
        EngineSetup setup;
        assign(setup, kEngine, theta, engine);
        const auto p = predict(m_measured, o, m_one, setup);
        if (!p.ok()) {
            return std::nullopt;
        }
        return Values{std::log(p->tpotSeconds / o.tpotSeconds) / kRowNoise,
                      kTtftWeight * std::log(p->ttftSeconds / o.ttftSeconds) / kRowNoise};
    }

private:
    const Measurements& m_measured;
    Calibration m_one;
};

double huberCost(double r)
{
    const double a = std::abs(r);
    return a <= kHuber ? a * a / 2 : kHuber * (a - kHuber / 2);
}

double huberWeight(double r)
{
    const double a = std::abs(r);
    return a <= kHuber ? 1 : kHuber / a;
}

/// Solves the symmetric positive definite A x = b (row-major, n x n) by Cholesky; false when it is not.
bool solve(Vector a, Vector b, Vector& x)
{
    const std::size_t n = b.size();
    for (std::size_t j = 0; j < n; ++j) {
        for (std::size_t i = j; i < n; ++i) {
            double sum = a[i * n + j];
            for (std::size_t k = 0; k < j; ++k) {
                sum -= a[i * n + k] * a[j * n + k];
            }
            if (i == j) {
                if (!(sum > 0)) {
                    return false;
                }
                a[j * n + j] = std::sqrt(sum);
            } else {
                a[i * n + j] = sum / a[j * n + j];
            }
        }
    }
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t k = 0; k < i; ++k) {
            b[i] -= a[i * n + k] * b[k];
        }
        b[i] /= a[i * n + i];
    }
    for (std::size_t i = n; i-- > 0;) {
        for (std::size_t k = i + 1; k < n; ++k) {
            b[i] -= a[k * n + i] * b[k];
        }
        b[i] /= a[i * n + i];
    }
    x = std::move(b);
    return true;
}

/// The problem a fit minimises: residuals of the rows and of what is known without them.
class Problem {
public:
    Problem(const Measurements& measured, std::span<const std::size_t> rows, double priorWeight)
        : m_measured(measured)
        , m_rows(rows)
        , m_priorWeight(priorWeight)
        , m_layout(measured, rows)
        , m_residuals(measured)
    {
    }

    [[nodiscard]] const Layout& layout() const { return m_layout; }

    [[nodiscard]] Vector start() const
    {
        Vector theta(m_layout.size());
        eachBlock([&](std::size_t at, const auto& coefficients, std::size_t) {
            for (std::size_t k = 0; k < coefficients.size(); ++k) {
                theta[at + k] = std::log(coefficients[k].likely);
            }
        });
        return theta;
    }

    void clampInto(Vector& theta) const
    {
        eachBlock([&](std::size_t at, const auto& coefficients, std::size_t) {
            for (std::size_t k = 0; k < coefficients.size(); ++k) {
                theta[at + k] =
                    std::clamp(theta[at + k], std::log(coefficients[k].least), std::log(coefficients[k].most));
            }
        });
    }

    /// Infinite where a row cannot be predicted.
    [[nodiscard]] double cost(const Vector& theta)
    {
        double sum = 0;
        for (const std::size_t r : m_rows) {
            const Observation& o = m_measured.observations[r];
            const auto values = m_residuals.at(o, theta, groupOf(o), engineOf(o));
            if (!values) {
                return std::numeric_limits<double>::infinity();
            }
            for (const double v : *values) {
                sum += huberCost(v);
            }
        }
        eachPrior([&](std::size_t at, std::size_t towards, double likely, double weight) {
            const double r = theta[at] - (towards == kNone ? likely : theta[towards]);
            sum += weight * r * r / 2;
        });
        return sum;
    }

    /// The normal equations of one step: J'WJ and J'Wr.
    void normal(const Vector& theta, Vector& matrix, Vector& gradient)
    {
        const std::size_t n = theta.size();
        matrix.assign(n * n, 0);
        gradient.assign(n, 0);
        Vector moved = theta;
        std::array<std::size_t, kEfficiency.size() + kEngine.size()> own{};
        std::array<Residuals::Values, own.size()> slopes{};
        for (const std::size_t r : m_rows) {
            const Observation& o = m_measured.observations[r];
            const std::size_t group = groupOf(o), engine = engineOf(o);
            for (std::size_t k = 0; k < own.size(); ++k) {
                own[k] = k < kEfficiency.size() ? group + k : engine + k - kEfficiency.size();
            }
            const auto here = m_residuals.at(o, theta, group, engine);
            if (!here) {
                continue;
            }
            for (std::size_t k = 0; k < own.size(); ++k) {
                constexpr double kStep = 1e-5;
                moved[own[k]] = theta[own[k]] - kStep; // down: never past a bound of 1
                const auto there = m_residuals.at(o, moved, group, engine);
                moved[own[k]] = theta[own[k]];
                for (std::size_t v = 0; v < Residuals::kCount; ++v) {
                    slopes[k][v] = there ? ((*here)[v] - (*there)[v]) / kStep : 0;
                }
            }
            for (std::size_t v = 0; v < Residuals::kCount; ++v) {
                const double weight = huberWeight((*here)[v]);
                for (std::size_t k = 0; k < own.size(); ++k) {
                    gradient[own[k]] += weight * slopes[k][v] * (*here)[v];
                    for (std::size_t l = 0; l < own.size(); ++l) {
                        matrix[own[k] * n + own[l]] += weight * slopes[k][v] * slopes[l][v];
                    }
                }
            }
        }
        eachPrior([&](std::size_t at, std::size_t towards, double likely, double weight) {
            const double r = theta[at] - (towards == kNone ? likely : theta[towards]);
            gradient[at] += weight * r;
            matrix[at * n + at] += weight;
            if (towards != kNone) {
                gradient[towards] -= weight * r;
                matrix[towards * n + towards] += weight;
                matrix[at * n + towards] -= weight;
                matrix[towards * n + at] -= weight;
            }
        });
    }

private:
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

    [[nodiscard]] std::size_t groupOf(const Observation& o) const
    {
        return m_layout.groups().at({o.accelerator, o.precision});
    }
    [[nodiscard]] std::size_t engineOf(const Observation& o) const { return m_layout.engines().at(o.engine); }

    /// use(position, coefficients, position of the block it is drawn to or kNone)
    template <class Use> void eachBlock(Use&& use) const
    {
        use(m_layout.root(), kEfficiency, kNone);
        for (const auto& [precision, at] : m_layout.generic()) {
            use(at, kEfficiency, m_layout.root());
        }
        for (const auto& [key, at] : m_layout.groups()) {
            use(at, kEfficiency, m_layout.generic().at(key.second));
        }
        for (const auto& [engine, at] : m_layout.engines()) {
            use(at, kEngine, kNone);
        }
    }

    /// use(position, position it is drawn to or kNone, logarithm it is drawn to, weight)
    template <class Use> void eachPrior(Use&& use) const
    {
        eachBlock([&](std::size_t at, const auto& coefficients, std::size_t towards) {
            for (std::size_t k = 0; k < coefficients.size(); ++k) {
                const double spread = towards == kNone ? coefficients[k].spread : kGroupSpread;
                use(at + k, towards == kNone ? kNone : towards + k, std::log(coefficients[k].likely),
                    m_priorWeight / (spread * spread));
            }
        });
    }

    const Measurements& m_measured;
    std::span<const std::size_t> m_rows;
    double m_priorWeight;
    Layout m_layout;
    Residuals m_residuals;
};

Error invalid(std::string message, std::string advice)
{
    Error error;
    error.code = ErrorCode::InvalidValue;
    error.message = std::move(message);
    error.advice = std::move(advice);
    return error;
}

bool isPositive(double value)
{
    return value > 0 && std::isfinite(value);
}

/// The name of the fold a row belongs to; `index` is its position among the rows.
std::string foldOf(const Measurements& measured, const Observation& o, std::size_t index, HoldOut holdOut)
{
    switch (holdOut) {
    case HoldOut::Nothing:
        return "all";
    case HoldOut::Alternate:
        return index % 2 == 0 ? "even rows" : "odd rows";
    case HoldOut::Accelerator:
        return measured.accelerators[o.accelerator].name;
    case HoldOut::Model:
        return measured.models[o.model].name;
    case HoldOut::Engine:
        return measured.engines[o.engine];
    }
    return {};
}

QuantityError summary(Vector errors)
{
    if (errors.empty()) {
        const double none = std::numeric_limits<double>::quiet_NaN();
        return {none, none};
    }
    double sum = 0;
    for (const double e : errors) {
        sum += e;
    }
    std::sort(errors.begin(), errors.end());
    const std::size_t half = errors.size() / 2;
    const double median = errors.size() % 2 == 1 ? errors[half] : (errors[half - 1] + errors[half]) / 2;
    return {sum / static_cast<double>(errors.size()), median};
}

} // namespace

ClosedLoop closedLoop(const IterationModel& model, const EngineSetup& setup, double concurrency, double inputTokens,
                      double outputTokens)
{
    // On average a running sequence has half its answer behind it.
    const double tokensHeld = inputTokens + outputTokens / 2;
    const double room = std::max(1.0, static_cast<double>(model.kvCapacityTokens) / tokensHeld);
    ClosedLoop out;
    out.batch = std::min(concurrency, room);
    const double context = out.batch * tokensHeld;
    const double step = model.decodeSeconds(out.batch, context);
    const double prompt = model.mixedSeconds(out.batch, context, inputTokens) - step;
    // While one sequence decodes, each of the others finishes once and brings a prompt.
    out.tpotSeconds = setup.timeRatio * (step + prompt * (out.batch - 1) / outputTokens);
    // Clients that started together stay together, so prompts meet prompts more often than chance has it.
    const double ahead = out.batch > 1 ? setup.queueScale * std::pow(out.batch - 1, setup.queueExponent) : 0;
    const double admitted = setup.firstTokenSeconds + setup.timeRatio * (step * 1.5 + prompt * (1 + ahead));
    const double residence = admitted + (outputTokens - 1) * out.tpotSeconds;
    // Who finds no room waits, by Little's law, concurrency / batch residences in all.
    out.ttftSeconds = admitted + residence * (concurrency - out.batch) / out.batch;
    out.outputTokensPerSecond = concurrency * outputTokens / (out.ttftSeconds + (outputTokens - 1) * out.tpotSeconds);
    return out;
}

Result<ClosedLoop> predict(const Measurements& measured, const Observation& row, const Calibration& calibration,
                           const EngineSetup& setup)
{
    ISOBAR_TRY_ASSIGN(const IterationModel model,
                      buildIterationModel(measured.models[row.model], measured.accelerators[row.accelerator],
                                          row.precision, row.tensorParallel,
                                          static_cast<std::int32_t>(std::ceil(row.concurrency)), calibration));
    return closedLoop(model, setup, row.concurrency, row.inputTokens, row.outputTokens);
}

std::vector<UnusableRow> unusableRows(const Measurements& measured)
{
    Calibration likely;
    for (const Precision precision : {Precision::Bf16, Precision::Fp8}) {
        Efficiency e = blankEfficiency(precision);
        for (const auto& c : kEfficiency) {
            e.*c.member = c.likely;
        }
        likely.efficiencies.push_back(e);
    }
    std::vector<UnusableRow> found;
    for (std::size_t i = 0; i < measured.observations.size(); ++i) {
        const Observation& o = measured.observations[i];
        if (o.model >= measured.models.size() || o.accelerator >= measured.accelerators.size() ||
            o.engine >= measured.engines.size()) {
            found.push_back({i, "refers to nothing"});
        } else if (!isPositive(o.ttftSeconds) || !isPositive(o.tpotSeconds) || !isPositive(o.inputTokens) ||
                   !(o.outputTokens > 1) || !std::isfinite(o.outputTokens) || !(o.concurrency >= 1) ||
                   !(o.concurrency <= 1e6) || o.tensorParallel < 1) {
            found.push_back({i, "holds a number that is not positive and finite"});
        } else if (const auto p = predict(measured, o, likely, EngineSetup{}); !p.ok()) {
            found.push_back({i, p.error().message});
        }
    }
    return found;
}

Result<CalibrationFit> fitCalibration(const Measurements& measured, std::span<const std::size_t> rows,
                                      const FitOptions& options, const JobContext& job)
{
    if (rows.empty()) {
        return invalid("there are no rows to fit to", "see which rows were skipped, and why");
    }
    Problem problem(measured, rows, options.priorWeight);
    Vector theta = problem.start();
    double cost = problem.cost(theta);
    if (!std::isfinite(cost)) {
        return invalid("a row to fit to cannot be predicted", "leave out what unusableRows names");
    }
    CalibrationFit fit;
    fit.rows = rows.size();
    double damping = 1e-2;
    Vector matrix, gradient, change;
    bool settled = false;
    for (; !settled && fit.steps < options.maxSteps; ++fit.steps) {
        if (job.cancelled()) {
            return Error{.code = ErrorCode::Cancelled, .message = "stopped while fitting"};
        }
        problem.normal(theta, matrix, gradient);
        settled = true; // unless some damping finds a better place
        for (int attempt = 0; attempt < 12; ++attempt, damping *= 5) {
            Vector damped = matrix;
            for (std::size_t i = 0; i < theta.size(); ++i) {
                damped[i * theta.size() + i] *= 1 + damping;
                damped[i * theta.size() + i] += 1e-9;
            }
            if (!solve(damped, gradient, change)) {
                continue;
            }
            Vector next = theta;
            for (std::size_t i = 0; i < theta.size(); ++i) {
                next[i] -= std::clamp(change[i], -1.0, 1.0);
            }
            problem.clampInto(next);
            const double nextCost = problem.cost(next);
            if (nextCost < cost) {
                settled = cost - nextCost < 1e-7 * cost;
                theta = std::move(next);
                cost = nextCost;
                damping = std::max(1e-7, damping / 10);
                break;
            }
        }
    }

    const auto add = [&](const std::string& name, Precision precision, std::size_t at) {
        Efficiency e = blankEfficiency(precision);
        e.accelerator = name;
        assign(e, kEfficiency, theta, at);
        fit.calibration.efficiencies.push_back(std::move(e));
    };
    for (const auto& [key, at] : problem.layout().groups()) {
        add(measured.accelerators[key.first].name, key.second, at);
    }
    for (const auto& [precision, at] : problem.layout().generic()) {
        add("", precision, at);
    }
    // An engine not seen is the geometric mean of those seen.
    EngineSetup mean;
    for (const auto& c : kEngine) {
        std::size_t k = static_cast<std::size_t>(&c - kEngine.data());
        double sum = 0;
        for (const auto& [engine, at] : problem.layout().engines()) {
            sum += theta[at + k];
        }
        mean.*c.member = std::exp(sum / static_cast<double>(problem.layout().engines().size()));
    }
    fit.engines.assign(measured.engines.size(), mean);
    for (const auto& [engine, at] : problem.layout().engines()) {
        assign(fit.engines[engine], kEngine, theta, at);
    }
    return fit;
}

Result<std::vector<Prediction>> crossPredict(const Measurements& measured, std::span<const std::size_t> rows,
                                             HoldOut holdOut, const FitOptions& options, const JobContext& job)
{
    std::map<std::string, std::vector<std::size_t>> folds;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        folds[foldOf(measured, measured.observations[rows[i]], i, holdOut)].push_back(rows[i]);
    }
    std::vector<Prediction> out;
    std::int64_t done = 0;
    for (const auto& [name, held] : folds) {
        job.progress("Fitting without " + name, done++, static_cast<std::int64_t>(folds.size()));
        std::vector<std::size_t> seen;
        if (holdOut == HoldOut::Nothing) {
            seen = held;
        } else {
            std::set_difference(rows.begin(), rows.end(), held.begin(), held.end(), std::back_inserter(seen));
        }
        if (seen.empty()) {
            continue; // the only one of its kind: nothing to learn from
        }
        ISOBAR_TRY_ASSIGN(const CalibrationFit fit, fitCalibration(measured, seen, options, job));
        for (const std::size_t r : held) {
            const Observation& o = measured.observations[r];
            const auto p = predict(measured, o, fit.calibration, fit.engines[o.engine]);
            if (p.ok()) { // no row of that precision was seen: nothing is claimed
                out.push_back({r, name, *p});
            }
        }
    }
    return out;
}

ErrorRow errorOf(const Measurements& measured, std::span<const Prediction> predictions, std::string name)
{
    Vector tpot, ttft, throughput;
    for (const Prediction& p : predictions) {
        const Observation& o = measured.observations[p.row];
        const double rate = o.concurrency * o.outputTokens / (o.ttftSeconds + (o.outputTokens - 1) * o.tpotSeconds);
        tpot.push_back(std::abs(p.predicted.tpotSeconds / o.tpotSeconds - 1));
        ttft.push_back(std::abs(p.predicted.ttftSeconds / o.ttftSeconds - 1));
        throughput.push_back(std::abs(p.predicted.outputTokensPerSecond / rate - 1));
    }
    return {std::move(name), predictions.size(), summary(std::move(tpot)), summary(std::move(ttft)),
            summary(std::move(throughput))};
}

} // namespace isobar::serving
