// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/mark_scene.h"
#include "ui/dashboard/views.h"

#include <functional>
#include <memory>

class QWidget;

/// Views as charts: which widget shows a view, and what a click in it filters.
namespace isobar::ui {

class Session;

/// Whether a view is lines or layers over time.
[[nodiscard]] bool isOverTime(View view);
/// Whether a view is one chart, that a panel of a board can hold; not the map nor a page.
[[nodiscard]] bool isChart(View view);
/// The charts below the map, as many as fit the width.
[[nodiscard]] std::vector<View> overviewCharts(double width);

/// A view that is neither over time nor bars of a share, laid out for one size.
[[nodiscard]] std::unique_ptr<MarkScene> markScene(View view, const ViewContext& context, QSizeF size);

/// A view in the window. A click on a part of it filters by what the part stands for, a range brushed on a chart over
/// time becomes the time range, and its crosshair is every chart's. The parent owns the widget.
class ViewWidget {
public:
    ViewWidget(View view, Session& session, QWidget* parent);
    [[nodiscard]] View view() const { return m_view; }
    [[nodiscard]] QWidget* widget() const { return m_widget; }
    /// Draws what the context says. O(rows of its range).
    void show(const ViewContext& context) const { m_show(context); }

private:
    View m_view;
    QWidget* m_widget = nullptr;
    std::function<void(const ViewContext&)> m_show;
};

} // namespace isobar::ui
