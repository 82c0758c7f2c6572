// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/aggregate/distribution.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace isobar::aggregate {

void Distribution::toSketch()
{
    m_sketch = std::make_unique<Sketch>();
    for (const double value : m_values) {
        m_sketch->add(value);
    }
    m_values = {};
}

Distribution::Summary Distribution::summarize()
{
    constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();
    Summary summary;
    summary.count = m_count;
    summary.exact = !m_sketch;
    summary.mean = m_count > 0 ? m_sum / static_cast<double>(m_count) : kUndefined;
    std::sort(m_values.begin(), m_values.end());
    const auto quantile = [&](double q) {
        if (m_sketch) {
            return m_sketch->quantile(q);
        }
        if (m_values.empty()) {
            return kUndefined;
        }
        // The same hair less as Sketch::quantile, against products that come out just above a whole rank.
        const double rank = std::ceil(q * static_cast<double>(m_values.size()) * (1 - 1e-14));
        return m_values[static_cast<std::size_t>(std::max(1.0, rank)) - 1];
    };
    summary.p50 = quantile(0.5);
    summary.p90 = quantile(0.9);
    summary.p95 = quantile(0.95);
    summary.p99 = quantile(0.99);
    return summary;
}

} // namespace isobar::aggregate
