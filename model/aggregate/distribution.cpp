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

double Distribution::quantileOfSorted(double ratio) const
{
    if (m_sketch) {
        return m_sketch->quantile(ratio);
    }
    if (m_values.empty()) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    // The same hair less as Sketch::quantile, against products that come out just above a whole rank.
    const double rank = std::ceil(ratio * static_cast<double>(m_values.size()) * (1 - 1e-14));
    return m_values[static_cast<std::size_t>(std::max(1.0, rank)) - 1];
}

Distribution::Summary Distribution::summarize()
{
    Summary summary;
    summary.count = m_count;
    summary.exact = !m_sketch;
    summary.mean = m_count > 0 ? m_sum / static_cast<double>(m_count) : std::numeric_limits<double>::quiet_NaN();
    std::sort(m_values.begin(), m_values.end());
    summary.p50 = quantileOfSorted(0.5);
    summary.p90 = quantileOfSorted(0.9);
    summary.p95 = quantileOfSorted(0.95);
    summary.p99 = quantileOfSorted(0.99);
    return summary;
}

std::vector<double> Distribution::quantiles(const std::vector<double>& ratios)
{
    std::sort(m_values.begin(), m_values.end());
    std::vector<double> values;
    values.reserve(ratios.size());
    for (const double ratio : ratios) {
        values.push_back(quantileOfSorted(ratio));
    }
    return values;
}

} // namespace isobar::aggregate
