// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/heat_colors.h"

#include "ui/charts/chart_paint.h"
#include "ui/shell/theme.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace isobar::ui {
QColor heatColor(double share)
{
    static const std::initializer_list<const char*> kDark{"#1E2F4B", "#27568A", "#3A8FBF", "#8CCBD0", "#F7F0B5"};
    static const ColorRamp dark(kDark, Theme::darkTheme().panel, 1.2);
    static const ColorRamp highContrast(kDark, Theme::highContrastTheme().panel, 3.3);
    static const ColorRamp light({"#EAF1F6", "#B4D9E6", "#64AECF", "#2877AD", "#12386E"}, Theme::lightTheme().panel,
                                 1.1);
    return (!theme().dark ? light : keepsThreeToOne(theme()) ? highContrast : dark).at(share);
}

QColor inkOn(const QColor& fill)
{
    static const QColor dark(0x08, 0x12, 0x1F), bright(0xFF, 0xFF, 0xFF);
    const QColor& better = contrastRatio(fill, dark) >= contrastRatio(fill, bright) ? dark : bright;
    // Against a middling fill only black itself is dark enough.
    return contrastRatio(fill, better) >= 4.5 ? better : QColor(Qt::black);
}

HeatScale::HeatScale(const QVector<double>& values, HeatMapData::Scale scale, std::optional<double> from,
                     std::optional<double> to)
    : m_scale(scale)
{
    for (const double v : values) {
        if (std::isfinite(v)) {
            m_sorted.push_back(v);
        }
    }
    std::sort(m_sorted.begin(), m_sorted.end());
    if (!m_sorted.empty()) {
        m_low = m_sorted.front(), m_high = m_sorted.back();
        if (scale == HeatMapData::Scale::Log) {
            const auto above = std::upper_bound(m_sorted.begin(), m_sorted.end(), 0.0);
            m_low = above == m_sorted.end() ? 1 : *above;
            m_high = std::max(m_high, m_low);
        }
    }
    m_low = from.value_or(m_low), m_high = to.value_or(m_high);
    if (scale == HeatMapData::Scale::Log && m_low <= 0) {
        m_scale = HeatMapData::Scale::Linear; // an end given at or below zero has no logarithm
    }
}

double HeatScale::along(double value) const
{
    if (!(m_high > m_low)) {
        return 0.5;
    }
    const double at = m_scale == HeatMapData::Scale::Log
                          ? (value > 0 ? std::log(value / m_low) / std::log(m_high / m_low) : 0)
                          : (value - m_low) / (m_high - m_low);
    return std::clamp(at, 0.0, 1.0);
}

double HeatScale::share(double value) const
{
    if (!std::isfinite(value)) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    if (m_scale == HeatMapData::Scale::Quantile && m_sorted.size() > 1 && m_sorted.front() < m_sorted.back()) {
        // The middle of what is equal: equal values have one colour.
        const auto [first, last] = std::equal_range(m_sorted.begin(), m_sorted.end(), value);
        const double rank = (static_cast<double>(first - m_sorted.begin()) +
                             static_cast<double>(std::max(first, last - (first == last ? 0 : 1)) - m_sorted.begin())) /
                            2;
        return std::clamp(rank / static_cast<double>(m_sorted.size() - 1), 0.0, 1.0);
    }
    return along(value);
}

double HeatScale::legendValue(double at) const
{
    return m_scale == HeatMapData::Scale::Log ? m_low * std::pow(m_high / m_low, at) : m_low + (m_high - m_low) * at;
}

std::vector<int> HeatScale::distribution(int bins) const
{
    std::vector<int> counts(static_cast<std::size_t>(std::max(1, bins)), 0);
    for (const double v : m_sorted) {
        const auto bin = static_cast<std::size_t>(along(v) * static_cast<double>(counts.size()));
        ++counts[std::min(bin, counts.size() - 1)];
    }
    return counts;
}

} // namespace isobar::ui
