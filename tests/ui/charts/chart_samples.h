// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/chart_data.h"
#include "ui/shell/theme.h"

#include <cmath>
#include <limits>

/// Small invented charts that the tests of this room share.
namespace isobar::ui::test {

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
/// 2026-11-22 12:00 UTC, a Sunday.
inline constexpr double kNoon = 1795348800;

inline TimeSeries seriesOf(const char* name, const QColor& color, QVector<double> times, QVector<double> values)
{
    TimeSeries s;
    s.name = QLatin1String(name), s.color = color;
    s.times = std::move(times), s.values = std::move(values);
    return s;
}

/// Two layers at 10 s, 11 samples: Azure constant 3 M, Google Cloud rising from 1 M to 2 M.
inline TimeChartData twoLayers()
{
    TimeChartData data;
    data.title = QStringLiteral("Throughput by provider");
    data.unitNote = QStringLiteral("tokens/s");
    data.stacked = true;
    QVector<double> times, flat, rising;
    for (int i = 0; i <= 10; ++i) {
        times << kNoon + i * 10;
        flat << 3e6;
        rising << 1e6 + i * 1e5;
    }
    data.series = {seriesOf("Azure", theme().provider("azure"), times, flat),
                   seriesOf("Google Cloud", theme().provider("gcp"), times, rising)};
    data.emptyText = QStringLiteral("Nothing recorded yet.");
    return data;
}

inline ShareData threeShares()
{
    ShareData data;
    data.title = QStringLiteral("Share by provider");
    data.unitNote = QStringLiteral("of spend");
    const auto row = [](const char* key, const char* name, double value, const char* text) {
        return ShareRow{
            QLatin1String(key), QLatin1String(name), theme().provider(key), value, QLatin1String(text), false};
    };
    data.rows = {row("azure", "Azure", 50, "50.0 %"), row("gcp", "Google Cloud", 30, "30.0 %"),
                 row("aws", "AWS", 20, "20.0 %")};
    data.footnote = QStringLiteral("Concentration (HHI) 0.38.");
    data.totalText = QStringLiteral("$14.62 M / day");
    return data;
}

} // namespace isobar::ui::test
