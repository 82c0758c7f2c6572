// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <utility>
#include <vector>

/// What simulated means are worth: confidence intervals from independent replications, with control variates.
namespace isobar::serving::test {

/// P(|T| <= t) of Student's t, by Simpson's rule over its density.
inline double studentInside(double t, double degrees)
{
    const double scale =
        std::exp(std::lgamma((degrees + 1) / 2) - std::lgamma(degrees / 2)) / std::sqrt(degrees * std::numbers::pi);
    const auto density = [&](double x) { return scale * std::pow(1 + x * x / degrees, -(degrees + 1) / 2); };
    constexpr int kSteps = 2000;
    const double h = t / kSteps;
    double sum = density(0) + density(t);
    for (int i = 1; i < kSteps; ++i) {
        sum += (i % 2 == 1 ? 4 : 2) * density(i * h);
    }
    return 2 * sum * h / 3;
}

/// The t with P(|T| <= t) = `confidence`.
inline double studentQuantile(double confidence, double degrees)
{
    double low = 0, high = 200;
    for (int i = 0; i < 60; ++i) {
        const double middle = (low + high) / 2;
        (studentInside(middle, degrees) < confidence ? low : high) = middle;
    }
    return (low + high) / 2;
}

struct Estimate {
    double mean = 0;
    double standardError = 0;
    double degrees = 0; ///< of freedom
    [[nodiscard]] double halfWidth(double confidence) const
    {
        return studentQuantile(confidence, degrees) * standardError;
    }
};

/// One quantity over independent replications, each with the values of controls: quantities of the same replication
/// whose expectations are known. The estimate is the mean at the controls' expectations, by least squares (Lavenberg
/// and Welch, 1981); without controls it is the plain mean with Student's t.
class Replications {
public:
    explicit Replications(std::vector<double> controlExpectations = {})
        : m_expectations(std::move(controlExpectations))
    {
    }
    void add(double value, std::vector<double> controls = {})
    {
        for (std::size_t j = 0; j < controls.size(); ++j) {
            controls[j] -= m_expectations[j];
        }
        m_values.push_back(value);
        m_controls.push_back(std::move(controls));
    }
    [[nodiscard]] std::size_t size() const { return m_values.size(); }

    /// Least squares of value = b0 + sum b_j control_j: b0 and its standard error, from the normal equations.
    [[nodiscard]] Estimate estimate() const
    {
        const std::size_t n = m_values.size(), columns = m_expectations.size() + 1;
        const auto at = [&](std::size_t row, std::size_t column) {
            return column == 0 ? 1.0 : m_controls[row][column - 1];
        };
        // Columns are scaled to unit length: they may differ by orders of magnitude.
        std::vector<double> length(columns, 0);
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t j = 0; j < columns; ++j) {
                length[j] += at(i, j) * at(i, j);
            }
        }
        // [X'X | X'y | e0], by Gauss and Jordan: b = (X'X)^-1 X'y, and the first column of the inverse.
        std::vector<std::vector<double>> m(columns, std::vector<double>(columns + 2, 0));
        for (std::size_t j = 0; j < columns; ++j) {
            length[j] = std::sqrt(length[j]);
            m[j][columns + 1] = j == 0 ? 1 : 0;
        }
        for (std::size_t i = 0; i < n; ++i) {
            for (std::size_t j = 0; j < columns; ++j) {
                for (std::size_t k = 0; k < columns; ++k) {
                    m[j][k] += at(i, j) * at(i, k) / (length[j] * length[k]);
                }
                m[j][columns] += at(i, j) * m_values[i] / length[j];
            }
        }
        for (std::size_t p = 0; p < columns; ++p) { // X'X is positive definite: no pivoting
            const double pivot = m[p][p];
            for (double& v : m[p]) {
                v /= pivot;
            }
            for (std::size_t j = 0; j < columns; ++j) {
                const double factor = j == p ? 0 : m[j][p];
                for (std::size_t k = 0; k < columns + 2; ++k) {
                    m[j][k] -= factor * m[p][k];
                }
            }
        }
        double squares = 0;
        for (std::size_t i = 0; i < n; ++i) {
            double fitted = 0;
            for (std::size_t j = 0; j < columns; ++j) {
                fitted += m[j][columns] / length[j] * at(i, j);
            }
            squares += (m_values[i] - fitted) * (m_values[i] - fitted);
        }
        const double degrees = static_cast<double>(n) - static_cast<double>(columns);
        const double inverse = m[0][columns + 1] / (length[0] * length[0]);
        return {m[0][columns] / length[0], std::sqrt(squares / degrees * inverse), degrees};
    }

private:
    std::vector<double> m_expectations;
    std::vector<double> m_values;
    std::vector<std::vector<double>> m_controls;
};

/// The integral over time of the number in a system, from arrivals and departures told in any order; the left side
/// of Little's law.
class FlightIntegral {
public:
    explicit FlightIntegral(double bucketSeconds)
        : m_width(bucketSeconds)
        , m_perSecond(1 / bucketSeconds)
    {
    }
    void arrive(double seconds) { change(seconds, 1); }
    void leave(double seconds) { change(seconds, -1); }

    struct Total {
        double area = 0;
        std::int64_t left = 0;   ///< in the system at the end
        std::int64_t fewest = 0; ///< at the end of any bucket
    };
    [[nodiscard]] Total total() const
    {
        Total total;
        for (const Bucket& bucket : m_buckets) {
            total.area += static_cast<double>(total.left) * m_width + bucket.area;
            total.left += bucket.change;
            total.fewest = std::min(total.fewest, total.left);
        }
        return total;
    }

private:
    struct Bucket {
        double area = 0; ///< of the changes inside, up to the bucket's end
        std::int64_t change = 0;
    };
    void change(double seconds, int by)
    {
        const auto index = static_cast<std::size_t>(seconds * m_perSecond);
        if (index >= m_buckets.size()) {
            m_buckets.resize(index + index / 2 + 16);
        }
        m_buckets[index].area += by * (m_width * static_cast<double>(index + 1) - seconds);
        m_buckets[index].change += by;
    }
    double m_width, m_perSecond;
    std::vector<Bucket> m_buckets;
};

} // namespace isobar::serving::test
