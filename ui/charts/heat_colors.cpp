// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/heat_colors.h"

#include "ui/charts/chart_paint.h"
#include "ui/shell/theme.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace isobar::ui {
namespace {

using Triple = std::array<double, 3>;

double toLinear(double c)
{
    return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
}

double toGamma(double c)
{
    const double in = std::clamp(c, 0.0, 1.0);
    return in <= 0.0031308 ? 12.92 * in : 1.055 * std::pow(in, 1 / 2.4) - 0.055;
}

Triple linearOf(const QColor& c)
{
    return {toLinear(c.redF()), toLinear(c.greenF()), toLinear(c.blueF())};
}

QColor colorOf(const Triple& linear)
{
    return QColor::fromRgbF(static_cast<float>(toGamma(linear[0])), static_cast<float>(toGamma(linear[1])),
                            static_cast<float>(toGamma(linear[2])));
}

// Björn Ottosson, "A perceptual color space for image processing" (2020).
Triple oklab(const QColor& color)
{
    const Triple c = linearOf(color);
    const double l = std::cbrt(0.4122214708 * c[0] + 0.5363325363 * c[1] + 0.0514459929 * c[2]);
    const double m = std::cbrt(0.2119034982 * c[0] + 0.6806995451 * c[1] + 0.1073969566 * c[2]);
    const double s = std::cbrt(0.0883024619 * c[0] + 0.2817188376 * c[1] + 0.6299787005 * c[2]);
    return {0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
            1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
            0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s};
}

QColor fromOklab(const Triple& lab)
{
    const double l = std::pow(lab[0] + 0.3963377774 * lab[1] + 0.2158037573 * lab[2], 3);
    const double m = std::pow(lab[0] - 0.1055613458 * lab[1] - 0.0638541728 * lab[2], 3);
    const double s = std::pow(lab[0] - 0.0894841775 * lab[1] - 1.2914855480 * lab[2], 3);
    return colorOf({4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
                    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
                    -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s});
}

double distance(const Triple& a, const Triple& b)
{
    return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

constexpr int kSteps = 64;
using Ramp = std::array<QColor, kSteps + 1>;

/// Even steps of perceived distance along a line through the given colours.
Ramp rampThrough(const std::array<const char*, 5>& stops)
{
    std::vector<Triple> fine;
    for (std::size_t i = 0; i + 1 < stops.size(); ++i) {
        const Triple a = oklab(QColor(QLatin1String(stops[i]))), b = oklab(QColor(QLatin1String(stops[i + 1])));
        for (int k = 0; k < 100; ++k) {
            const double f = k / 100.0;
            fine.push_back({a[0] + (b[0] - a[0]) * f, a[1] + (b[1] - a[1]) * f, a[2] + (b[2] - a[2]) * f});
        }
    }
    fine.push_back(oklab(QColor(QLatin1String(stops.back()))));
    std::vector<double> along{0};
    for (std::size_t i = 1; i < fine.size(); ++i) {
        along.push_back(along.back() + distance(fine[i - 1], fine[i]));
    }
    Ramp ramp;
    for (int step = 0; step <= kSteps; ++step) {
        const auto at = std::lower_bound(along.begin(), along.end(), along.back() * step / kSteps - 1e-12);
        ramp[static_cast<std::size_t>(step)] =
            fromOklab(fine[std::min<std::size_t>(static_cast<std::size_t>(at - along.begin()), fine.size() - 1)]);
    }
    return ramp;
}

} // namespace

QColor heatColor(double share)
{
    static const Ramp dark = rampThrough({"#1E2F4B", "#27568A", "#3A8FBF", "#8CCBD0", "#F7F0B5"});
    static const Ramp light = rampThrough({"#EAF1F6", "#B4D9E6", "#64AECF", "#2877AD", "#12386E"});
    const double clamped = std::isfinite(share) ? std::clamp(share, 0.0, 1.0) : 0;
    return (theme().dark ? dark : light)[static_cast<std::size_t>(std::lround(clamped * kSteps))];
}

double perceivedDistance(const QColor& a, const QColor& b)
{
    return distance(oklab(a), oklab(b));
}

QColor seenWith(ColorVision vision, const QColor& color)
{
    using Matrix = std::array<Triple, 3>;
    static constexpr Matrix kProtan{
        {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}}};
    static constexpr Matrix kDeutan{
        {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}}};
    static constexpr Matrix kTritan{
        {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}}};
    if (vision == ColorVision::Full) {
        return color;
    }
    const Matrix& m = vision == ColorVision::Protan ? kProtan : vision == ColorVision::Deutan ? kDeutan : kTritan;
    const Triple in = linearOf(color);
    Triple out{};
    for (std::size_t i = 0; i < 3; ++i) {
        out[i] = m[i][0] * in[0] + m[i][1] * in[1] + m[i][2] * in[2];
    }
    return colorOf(out);
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
