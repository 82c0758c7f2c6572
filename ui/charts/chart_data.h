// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QColor>
#include <QString>
#include <QVector>
#include <optional>
#include <vector>

/// What the charts draw: plain values, filled by whoever asks the queries. Nothing here knows where a number is from.
namespace isobar::ui {

/// One line or one layer of a stack. `times` ascend; a value that is not finite is a gap, and is drawn as one.
struct TimeSeries {
    QString name;
    QColor color;
    QVector<double> times;  ///< UTC, seconds since 1970
    QVector<double> values; ///< as many as `times`
    bool dashed = false;
    bool ghost = false;     ///< to compare with (the previous period, another scenario): quieter, dashed, never stacked
    bool rightAxis = false; ///< measured on the right axis; never stacked
};

/// The room between two percentiles over time, filled behind the lines. A sample where either end is not finite is a
/// gap.
struct TimeBand {
    QString name; ///< "p50 to p99"
    QColor color;
    QVector<double> times, low, high; ///< as many of each; times ascend
};

/// Something that happened, marked on the time axis: a shape for each kind, never by colour alone.
struct TimeEvent {
    enum class Kind { Note, Trouble, Scaling, Plan };
    double time = 0;
    Kind kind = Kind::Note;
    QString text; ///< "spot reclaim, 312 chips, us-east5"
};

struct TimeChartData {
    QString title;
    QString unitNote; ///< "M tokens/s": quieter, behind the title
    std::vector<TimeSeries> series;
    bool stacked = false;         ///< layers summed from the first series up; a gap in one is a gap in the sum
    std::optional<double> target; ///< a dashed horizontal line
    QString targetLabel;          ///< "SLO 0.5 s"
    double from = 0, to = 0;      ///< UTC seconds shown; equal = as far as the data goes
    bool elapsed = false;         ///< times are seconds since a start rather than since 1970, and are labelled so
    QString emptyText;            ///< said in place of the chart when there is nothing to draw
    std::vector<TimeBand> bands;
    std::vector<TimeEvent> events;
    QString rightUnitNote;  ///< of the right axis: "$ / Mtok"
    bool brushable = false; ///< dragging selects a range
};

/// One distribution of durations by its quantiles.
struct PercentileCurve {
    QString name;
    QColor color;
    QVector<double> ratios;  ///< ascending, from 0 to below 1
    QVector<double> seconds; ///< as many
    bool dashed = false;     ///< to compare with: no marks on it
};

struct PercentileChartData {
    QString title;
    QString unitNote;
    std::vector<PercentileCurve> curves; ///< the first is drawn on top
    std::optional<double> target;        ///< seconds; a dashed line, unless it is more than a hundredfold off the data
    QString targetLabel;                 ///< "SLO 0.5 s"
    QString emptyText;
};

struct ShareRow {
    QString key, name;
    QColor color;
    double value = 0; ///< length of the bar; any unit, the same for every row
    QString valueText;
    bool trouble = false;                        ///< the value is marked "look here"
    std::optional<double> before = std::nullopt; ///< of what it is compared with: a line across the bar
};

struct ShareData {
    QString title, unitNote;
    std::vector<ShareRow> rows;
    QString footnote;
    QString totalText;
    QString beforeName{}; ///< "previous 5 min": of what the rows' `before` are; empty: nothing
};

struct KpiData {
    enum class Direction { None, Better, Worse, Neutral };
    enum class Standing { None, Met, Near, Missed }; ///< how the value stands to its target

    QString title;
    QString value, unit;
    QStringList
        notes{};    ///< quieter words behind the unit, most wanted first; left out one by one where there is no room
    QString change; ///< "+2.1 % vs 1 min ago"; what precedes " vs " is drawn in the direction's colour
    Direction direction = Direction::None;
    bool up = false; ///< ▲ or ▼ before the change; no mark when the direction is None
    QVector<double> spark;
    QString explanation; ///< tooltip: formula and source
    bool warning = false;
    Standing standing = Standing::None;
    QString target{}, targetWords{};  ///< "≥ 95 %", "at least 95 %"; empty: none is set
    double reached = 0, targetAt = 0; ///< where value and target lie on the track under them, 0 to 1
};

} // namespace isobar::ui
