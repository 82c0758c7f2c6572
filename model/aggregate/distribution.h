// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/sketch.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace isobar::aggregate {

/// Durations of one run, in bounded memory: every value is kept, and quantiles are exact, up to kExactValues of them;
/// beyond that they go into a Sketch (quantiles within Sketch::kRelativeError). Mean and count are always exact.
class Distribution {
public:
    static constexpr std::size_t kExactValues = 4'000'000; ///< 32 MB

    void add(double seconds)
    {
        ++m_count;
        m_sum += seconds;
        if (m_sketch) {
            m_sketch->add(seconds);
        } else {
            m_values.push_back(seconds);
            if (m_values.size() > kExactValues) {
                toSketch();
            }
        }
    }

    struct Summary {
        std::int64_t count = 0;
        double mean = 0, p50 = 0, p90 = 0, p95 = 0, p99 = 0; ///< NaN when empty
        bool exact = true;
    };
    /// Nearest rank, as Sketch::quantile. Sorts what is kept.
    [[nodiscard]] Summary summarize();
    /// The values at `ratios` (0-1), for drawing; NaN when empty. The same rank, and sorts too.
    [[nodiscard]] std::vector<double> quantiles(const std::vector<double>& ratios);

private:
    [[nodiscard]] double quantileOfSorted(double ratio) const;
    void toSketch();

    std::vector<double> m_values;
    std::unique_ptr<Sketch> m_sketch;
    std::int64_t m_count = 0;
    double m_sum = 0;
};

} // namespace isobar::aggregate
