// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/dashboard/views.h"

/// The questions behind the views; private to the room.
namespace isobar::ui {

/// About as many as a chart over time is wide.
inline constexpr std::size_t kChartPixels = 800;
/// The same of percentiles, on the overview: what they are made of is read, not kept ready, and must not take 5 ms.
inline constexpr std::size_t kLatencyPixels = 400;

/// Runs a query over the context's range and selection. By time in buckets of bucketMicros(), or, with `pixels`, in at
/// most so many: then as fine as the coarsest stretch of the history is kept, one width all along. A query the room itself wrote cannot fail but by
/// a bug: then the table is empty in Release and asserts in Debug.
[[nodiscard]] query::Table ask(const ViewContext& context, std::vector<query::Measure> measures,
                               std::vector<query::Dimension> by, std::size_t pixels = 0);

/// What the range is compared with.
struct Comparison {
    query::Table now, before;
    QString versus; ///< "previous 5 min", "run 3"; empty when there is nothing to compare yet
};
/// The range against the recorded run that the selection compares with; else against the stretch of equal length just
/// before it; where history does not reach back that far, the second half of what there is against the first.
[[nodiscard]] Comparison compare(const ViewContext& context, const std::vector<query::Measure>& measures);

/// Width of a time bucket: about a hundred over the range, never finer than the history kept there.
[[nodiscard]] aggregate::SimMicros bucketMicros(const ViewContext& context);

/// "90 s", "5 min", "24 h".
[[nodiscard]] QString durationWords(aggregate::SimMicros length);

/// A chart over the context's range with its events, and nothing drawn in it yet.
[[nodiscard]] TimeChartData timeFrame(const ViewContext& context, const QString& title);
/// Draws the target of a key figure, where one is set for what the filters leave; the chart's values are the measure's
/// divided by `factor`.
void addTarget(TimeChartData& data, std::size_t figure, const ViewContext& context, double factor = 1);

/// What a chart says before there is anything to draw.
[[nodiscard]] QString waitingText();

/// A chart's data with what all views have: title, unit, and words for when there is nothing to draw.
template <typename Data> [[nodiscard]] Data framed(View view, const QString& unitNote = {})
{
    Data data;
    data.title = viewTitle(view);
    data.unitNote = unitNote;
    data.emptyText = waitingText();
    return data;
}

/// The value of a table's cell; NaN when the row is missing.
[[nodiscard]] double valueOf(const query::Table& table, const std::vector<std::string>& keys, query::Measure measure);

} // namespace isobar::ui
