// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/value_kind.h"

#include <QColor>
#include <QString>
#include <QVector>
#include <optional>
#include <vector>

/// What the charts made of marks (cells, ribbons, rectangles, bars) draw. Plain values, as in chart_data.h; a key is
/// what a click reports and must be unique within its list. A value that is not finite is unknown: drawn as such, never
/// as 0. What a chart is compared with (an earlier period, another run) has the name `beforeName`; empty: nothing.
namespace isobar::ui {

// ---- Heat map: rows × columns
// ----------------------------------------------------------------------------------------
struct HeatMapLine {
    QString key, name;
};
struct HeatMapData {
    enum class Scale {
        Linear,  ///< even steps of value
        Log,     ///< even steps of ratio; values at or below zero take the lowest colour
        Quantile ///< even steps of rank: shows differences where most values are alike
    };
    QString title, unitNote;
    std::vector<HeatMapLine> rows, columns;
    QVector<double> values; ///< row-major, rows.size() × columns.size(); NaN: not there, hatched
    ValueKind kind = ValueKind::Ratio;
    Scale scale = Scale::Linear;
    std::optional<double> from, to; ///< ends of the colour scale; the data's own when absent
    std::optional<double> trouble;  ///< values at or above it carry a mark: never by colour alone
    QString emptyText;
    QVector<double> before{}; ///< as `values`, of what it is compared with; empty: nothing
    QString beforeName{};
};

// ---- Lorenz curve: share of load over share of capacity
// ---------------------------------------------------------------
struct LorenzEntry {
    QString key, name;
    double capacity = 0, load = 0; ///< any units, one for all; capacity must be > 0 to count
};
struct LorenzData {
    QString title, unitNote;
    std::vector<LorenzEntry> entries;
    std::vector<LorenzEntry> before; ///< the same some time ago; drawn quieter; may be empty
    QString nowName, beforeName;     ///< "now", "yesterday"
    QString emptyText;
};

// ---- Sankey: paths through columns
// -------------------------------------------------------------------------------------
struct SankeyNode {
    QString key, name;
    QColor color;
};
struct SankeyColumn {
    QString title; ///< "User area"
    std::vector<SankeyNode> nodes;
};
/// So much flows along one way: `nodes[c]` is the index of its node in column c. One entry a column.
struct SankeyPath {
    QVector<int> nodes;
    double value = 0;  ///< > 0 to be drawn
    double before = 0; ///< of what it is compared with
};
struct SankeyData {
    QString title, unitNote;
    std::vector<SankeyColumn> columns; ///< two or more
    std::vector<SankeyPath> paths;
    int colorColumn = 1; ///< ribbons take the colour of their node in this column (clamped)
    ValueKind kind = ValueKind::Plain;
    QString emptyText;
    QString beforeName{};
};

// ---- Treemap
// -----------------------------------------------------------------------------------------------------------
struct TreemapNode {
    QString key, name;
    QColor color;     ///< of a top-level node; those within take it over, lighter and darker in turn
    double value = 0; ///< of a leaf, > 0; that of a group is the sum of its leaves
    QString note;     ///< "+2.1 % vs last week"; said in the tip
    std::vector<TreemapNode> children;
    double before = 0; ///< of a leaf, of what it is compared with
};
struct TreemapData {
    QString title, unitNote;
    QString rootName; ///< "All providers": the first word of the breadcrumb
    std::vector<TreemapNode> nodes;
    ValueKind kind = ValueKind::UsdPerDay;
    QString emptyText;
    QString beforeName{};
};

// ---- Commitments over time
// ---------------------------------------------------------------------------------------------
struct CapacityArrival {
    double time = 0; ///< UTC seconds
    QString text;    ///< "512 TPU v6e, europe-west3"
};
struct CommitmentRow {
    QString key, name; ///< "Azure"
    QString kind;      ///< "Reserved, 1 year": quieter, behind the name
    QColor color;
    double start = 0, end = 0;             ///< UTC seconds; the expiry is `end`
    double coverage = 0;                   ///< 0-1: part of the use that the contract covers
    double utilization = 0;                ///< 0-1: part of the contract that is used
    std::optional<double> unusedUsdPerDay; ///< paid for and not used
    bool trouble = false;                  ///< marked "look here"
    std::vector<CapacityArrival> arrivals;
    bool open = false;                                      ///< no end is known: `end` only says how far it is drawn
    std::optional<double> utilizationBefore = std::nullopt; ///< of what it is compared with
};
struct CommitmentsData {
    QString title, unitNote;
    double from = 0, to = 0, now = 0; ///< UTC seconds shown; equal: as far as the contracts go
    std::vector<CommitmentRow> rows;
    QString emptyText;
    QString beforeName{};
};

// ---- Concentration: who has how much, and what if one is lost
// ---------------------------------------------------------
struct ConcentrationRow {
    QString key, name;
    QColor color;
    double share = 0;                                 ///< 0-1 of the whole; the HHI is the sum of the squares
    double remainingCapacity = 0;                     ///< of the others, when this one is lost
    double demand = 0;                                ///< what the others would then have to serve; the same unit
    QString verdict;                                  ///< "SLO 71 %": said with the numbers; may be empty
    std::optional<double> shareBefore = std::nullopt; ///< of what it is compared with
};
struct ConcentrationData {
    QString title, unitNote;
    std::vector<ConcentrationRow> rows;
    ValueKind kind = ValueKind::Count; ///< of capacity and demand
    QString capacityUnit;              ///< "accelerators"
    std::optional<double> limit;       ///< 0-1: no share should pass it; a line
    QString emptyText;
    QString beforeName{};
};

// ---- Distribution
// ------------------------------------------------------------------------------------------------------
struct DistributionSeries {
    QString name;
    QColor color;
    QVector<double> edges;  ///< ascending, one more than counts
    QVector<double> counts; ///< events in each bin, >= 0
    bool ghost = false;     ///< to compare with: an outline, quieter, without percentiles
};
struct DistributionData {
    QString title, unitNote;
    std::vector<DistributionSeries> series; ///< the first one carries the percentile marks
    bool logX = true;                       ///< logarithmic; bins at or below zero are left out
    ValueKind kind = ValueKind::Seconds;
    std::optional<double> target; ///< the SLO
    QString targetLabel;          ///< "SLO 0.5 s"
    QString emptyText;
};

// ---- Bars
// --------------------------------------------------------------------------------------------------------------
struct BarRow {
    QString key, name;
    QColor color;
    double value = 0;             ///< may be negative
    std::optional<double> before; ///< compared with: a ghost behind the bar
    QString note;                 ///< said in the tip
    bool remainder = false;       ///< what is left over ("Other"): hatched and always last
};
struct BarsData {
    QString title, unitNote;
    std::vector<BarRow> rows;
    ValueKind kind = ValueKind::Plain;
    bool sorted = true; ///< largest first; else in the order given
    int maxRows = 0;    ///< the rest is summed into one remainder; 0: as many as there is room for
    QString beforeName; ///< "last week"
    std::optional<double> target;
    QString targetLabel;
    QString emptyText;
};

} // namespace isobar::ui
