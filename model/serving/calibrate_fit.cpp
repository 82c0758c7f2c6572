// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/serving/calibrate_terms.h"
#include "model/serving/least_squares.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

namespace isobar::serving {
namespace {

constexpr double kRowNoise = 0.12; ///< usual deviation of a row's logarithm
constexpr double kHuber = 2;       ///< in such deviations: beyond it a row pulls no harder
constexpr double kTtftWeight = 0.5;
// The first coefficients of a setup are 1 for the mean engine, which is what the efficiencies stand for.
constexpr std::array<std::size_t, 2> kMeanEngine{0, 1};
constexpr double kMeanEngineWeight = 300;

/// The coefficients of a fit as one vector of logarithms: a block for any precision (the root), for each generic row,
/// each accelerator's row and each engine.
class Layout {
public:
    Layout(const Measurements& measured, std::span<const std::size_t> rows)
    {
        for (const std::size_t r : rows) {
            const Observation& o = measured.observations[r];
            m_groups.try_emplace({o.accelerator, o.precision}, 0);
            m_engines.try_emplace(o.engine, 0);
            m_builds.try_emplace(o.build, Build{0, o.engine});
        }
        for (const Precision precision : kAllPrecisions) {
            m_generic.try_emplace(precision, 0);
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
        for (auto& [key, build] : m_builds) {
            build.at = reserve(kEngine.size());
        }
    }

    [[nodiscard]] std::size_t size() const { return m_size; }
    [[nodiscard]] std::size_t root() const { return m_root; }
    [[nodiscard]] const std::map<Precision, std::size_t>& generic() const { return m_generic; }
    [[nodiscard]] const std::map<std::pair<std::size_t, Precision>, std::size_t>& groups() const { return m_groups; }
    [[nodiscard]] const std::map<std::size_t, std::size_t>& engines() const { return m_engines; }
    struct Build {
        std::size_t at = 0, engine = 0;
    };
    [[nodiscard]] const std::map<std::size_t, Build>& builds() const { return m_builds; }

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
    std::map<std::size_t, Build> m_builds;
};

using Vector = std::vector<double>;

template <class Owner, std::size_t N>
void assign(Owner& to, const std::array<Coefficient<Owner>, N>& coefficients, const Vector& theta, std::size_t at)
{
    for (std::size_t k = 0; k < N; ++k) {
        to.*coefficients[k].member = std::exp(theta[at + k]);
    }
}

/// Weighted residuals of one observation: logarithms of predicted over measured, in units of a row's usual noise.
class Residuals {
public:
    static constexpr std::size_t kCount = 2;
    using Values = std::array<double, kCount>;

    explicit Residuals(const Measurements& measured)
        : m_measured(measured)
    {
    }

    /// Nothing when the observation cannot be predicted.
    [[nodiscard]] std::optional<Values> at(std::size_t row, const Vector& theta, std::size_t group, std::size_t engine)
    {
        const Observation& o = m_measured.observations[row];
        Efficiency efficiency = blankEfficiency(o.precision);
        assign(efficiency, kEfficiency, theta, group);
        EngineSetup setup;
        assign(setup, kEngine, theta, engine);
        const auto p = predictWith(m_measured, row, efficiency, setup, m_scratch);
        if (!p.ok()) {
            return std::nullopt;
        }
        return Values{std::log(p->tpotSeconds / o.tpotSeconds) / kRowNoise,
                      kTtftWeight * std::log(p->ttftSeconds / o.ttftSeconds) / kRowNoise};
    }

private:
    const Measurements& m_measured;
    Calibration m_scratch;
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

/// The problem a fit minimises: residuals of the rows and of what is known without them.
class Problem {
public:
    Problem(const Measurements& measured, std::span<const std::size_t> rows, double priorWeight)
        : m_measured(measured)
        , m_rows(rows)
        , m_priorWeight(priorWeight)
        , m_layout(measured, rows)
        , m_residuals(measured)
        , m_shift(m_layout.size(), 0)
    {
        for (const auto& [precision, at] : m_layout.generic()) {
            for (std::size_t k = 0; k < kEfficiency.size(); ++k) {
                m_shift[at + k] = std::log(likelyRatio(kEfficiency[k].member, precision));
            }
        }
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
            const auto values = m_residuals.at(r, theta, groupOf(o), setupOf(o));
            if (!values) {
                return std::numeric_limits<double>::infinity();
            }
            for (const double v : *values) {
                sum += huberCost(v);
            }
        }
        eachPrior([&](std::size_t at, std::size_t towards, double likely, double weight) {
            const double r = theta[at] - (towards == kNone ? likely : theta[towards] + m_shift[at]);
            sum += weight * r * r / 2;
        });
        for (const std::size_t k : kMeanEngine) {
            const double mean = meanOfEngines(theta, k);
            sum += kMeanEngineWeight * mean * mean / 2;
        }
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
            const std::size_t group = groupOf(o), engine = setupOf(o);
            for (std::size_t k = 0; k < own.size(); ++k) {
                own[k] = k < kEfficiency.size() ? group + k : engine + k - kEfficiency.size();
            }
            const auto here = m_residuals.at(r, theta, group, engine);
            if (!here) {
                continue;
            }
            for (std::size_t k = 0; k < own.size(); ++k) {
                constexpr double kStep = 1e-5;
                moved[own[k]] = theta[own[k]] - kStep; // down: never past a bound of 1
                const auto there = m_residuals.at(r, moved, group, engine);
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
            const double r = theta[at] - (towards == kNone ? likely : theta[towards] + m_shift[at]);
            gradient[at] += weight * r;
            matrix[at * n + at] += weight;
            if (towards != kNone) {
                gradient[towards] -= weight * r;
                matrix[towards * n + towards] += weight;
                matrix[at * n + towards] -= weight;
                matrix[towards * n + at] -= weight;
            }
        });
        const double share = 1 / static_cast<double>(m_layout.engines().size());
        for (const std::size_t k : kMeanEngine) {
            const double pull = kMeanEngineWeight * share;
            for (const auto& [engine, at] : m_layout.engines()) {
                gradient[at + k] += pull * meanOfEngines(theta, k);
                for (const auto& [other, otherAt] : m_layout.engines()) {
                    matrix[(at + k) * n + otherAt + k] += pull * share;
                }
            }
        }
    }

private:
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

    [[nodiscard]] std::size_t groupOf(const Observation& o) const
    {
        return m_layout.groups().at({o.accelerator, o.precision});
    }
    [[nodiscard]] std::size_t setupOf(const Observation& o) const { return m_layout.builds().at(o.build).at; }

    /// The mean over engines of the logarithm of what is 1 for the mean engine.
    [[nodiscard]] double meanOfEngines(const Vector& theta, std::size_t k) const
    {
        double sum = 0;
        for (const auto& [engine, at] : m_layout.engines()) {
            sum += theta[at + k];
        }
        return sum / static_cast<double>(m_layout.engines().size());
    }

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
        for (const auto& [key, build] : m_layout.builds()) {
            use(build.at, kEngine, m_layout.engines().at(build.engine));
        }
    }

    /// use(position, position it is drawn to or kNone, logarithm it is drawn to, weight)
    template <class Use> void eachPrior(Use&& use) const
    {
        eachBlock([&](std::size_t at, const auto& coefficients, std::size_t towards) {
            for (std::size_t k = 0; k < coefficients.size(); ++k) {
                const double spread = towards == kNone ? coefficients[k].spread : coefficients[k].groupSpread;
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
    Vector m_shift; ///< by how much a logarithm differs from the one it is drawn to, where it is likeliest
};

Error invalid(std::string message, std::string advice)
{
    Error error;
    error.code = ErrorCode::InvalidValue;
    error.message = std::move(message);
    error.advice = std::move(advice);
    return error;
}

} // namespace

Result<CalibrationFit> fitCalibration(const Measurements& measured, std::span<const std::size_t> rows,
                                      const FitOptions& options, const JobContext& job)
{
    if (measured.mixes.size() != measured.observations.size()) {
        return invalid("the measurements were not prepared", "call prepare() first");
    }
    if (rows.empty()) {
        return invalid("there are no rows to fit to", "see which rows were skipped, and why");
    }
    Problem problem(measured, rows, options.priorWeight);
    Vector theta = problem.start();
    double cost = problem.cost(theta);
    if (!std::isfinite(cost)) {
        return invalid("a row to fit to cannot be predicted", "leave out what prepare() names");
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
            if (!solvePositiveDefinite(damped, gradient, change)) {
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
    EngineSetup& mean = fit.meanEngine;
    for (const auto& c : kEngine) {
        std::size_t k = static_cast<std::size_t>(&c - kEngine.data());
        double sum = 0;
        for (const auto& [engine, at] : problem.layout().engines()) {
            sum += theta[at + k];
        }
        mean.*c.member = std::exp(sum / static_cast<double>(problem.layout().engines().size()));
    }
    fit.cost = cost;
    fit.engines.assign(measured.engines.size(), mean);
    for (const auto& [engine, at] : problem.layout().engines()) {
        assign(fit.engines[engine], kEngine, theta, at);
    }
    fit.builds.resize(measured.builds.size());
    for (const Observation& o : measured.observations) {
        if (o.build < fit.builds.size() && o.engine < fit.engines.size()) {
            fit.builds[o.build] = fit.engines[o.engine];
        }
    }
    for (const auto& [key, build] : problem.layout().builds()) {
        assign(fit.builds[key], kEngine, theta, build.at);
    }
    return fit;
}

} // namespace isobar::serving
