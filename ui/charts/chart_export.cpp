// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/chart_export.h"

#include "ui/charts/chart_paint.h"
#include "ui/charts/custom_plot.h"
#include "ui/charts/percentile_chart.h"
#include "ui/charts/share_bars.h"
#include "ui/charts/time_plot.h"
#include "ui/shell/theme.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace isobar::ui {
namespace {

constexpr double kMargin = 12, kFooter = 18;
constexpr double kLeastShareScale = 0.1;

/// The panel of a picture: alone, with a footer, it stands in a margin; without one it is part of a page that has
/// gutters of its own.
QRectF panelRect(QSizeF size, const QString& footer)
{
    const QRectF whole(QPointF(), size);
    return footer.isEmpty() ? whole : whole.adjusted(kMargin, kMargin, -kMargin, -kMargin - kFooter);
}

/// The panel and the footer below it; returns the panel's inside.
QRectF paintFrame(QPainter& painter, QSizeF size, const QString& footer)
{
    const Theme& t = theme();
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF panel = panelRect(size, footer);
    drawLine(painter, QRectF(panel.left() + 2, panel.bottom() + 6, panel.width() - 4, kFooter), font(TextRole::Small),
             t.muted, footer);
    painter.setPen(QPen(t.line, 1));
    painter.setBrush(t.panel);
    painter.drawRoundedRect(panel.adjusted(0.5, 0.5, -0.5, -0.5), Theme::kPanelRadius, Theme::kPanelRadius);
    return panel.adjusted(Theme::kPadding, Theme::kPadding - 2, -Theme::kPadding, -4);
}

/// Sections below each other, every row of them; one alone fills the height.
std::vector<ShareLayout> layOutShares(const std::vector<ShareData>& sections, QSizeF size)
{
    std::vector<ShareLayout> layouts;
    for (const ShareData& section : sections) {
        ShareLayout layout = layOutShare(section, size.width(), sections.size() == 1 ? size.height() : 0);
        const bool whole =
            layout.rows.size() == section.rows.size() && layout.footnote.isEmpty() == section.footnote.isEmpty();
        layouts.push_back(whole ? std::move(layout) : layOutShare(section, size.width()));
    }
    return layouts;
}

double heightOf(const std::vector<ShareLayout>& layouts)
{
    return std::accumulate(layouts.begin(), layouts.end(), 0.0,
                           [](double sum, const ShareLayout& layout) { return sum + layout.height; });
}

} // namespace

QPicture recordPlot(const PreparedChart& chart, const TimeChartData& data, QSize size)
{
    QCustomPlot plot;
    plot.setBackground(Qt::NoBrush);
    fillTimePlot(plot, chart, data, size);
    // QCustomPlot paints through its own painter class only, so the drawing is recorded and played back as vectors.
    QPicture picture;
    QCPPainter recorder(&picture);
    recorder.setMode(QCPPainter::pmVectorized);
    plot.toPainter(&recorder, size.width(), size.height());
    recorder.end();
    return picture;
}

void paintTimeChart(QPainter& painter, QSizeF size, const TimeChartData& data, const QString& footer,
                    const PlotRecorder& record)
{
    painter.save();
    QRectF inside = paintFrame(painter, size, footer);
    const ChartHeader header = timeHeader(data, inside.width(), 2);
    header.paint(painter, inside.topLeft());
    inside.setTop(inside.top() + std::ceil(header.height()));
    const PreparedChart chart = prepareChart(data);
    if (chart.empty) {
        drawEmptyText(painter, inside, data.emptyText);
        painter.restore();
        return;
    }
    const QSize plotSize(std::max(40, static_cast<int>(inside.width())),
                         std::max(40, static_cast<int>(inside.height())));
    const QPicture picture = record(chart, data, plotSize);
    painter.translate(inside.topLeft());
    // Playing back scales by the ratio of resolutions; sizes here are pixels already.
    painter.scale(static_cast<double>(picture.logicalDpiX()) / painter.device()->logicalDpiX(),
                  static_cast<double>(picture.logicalDpiY()) / painter.device()->logicalDpiY());
    painter.drawPicture(QPointF(0, 0), picture);
    painter.restore();
}

void paintPercentileChart(QPainter& painter, QSizeF size, const PercentileChartData& data, const QString& footer)
{
    painter.save();
    QRectF inside = paintFrame(painter, size, footer);
    const ChartHeader header = percentileHeader(data, inside.width(), 2);
    header.paint(painter, inside.topLeft());
    inside.setTop(inside.top() + std::ceil(header.height()));
    paintPercentilePlot(painter, inside, data, {});
    painter.restore();
}

void paintMarkChart(QPainter& painter, QSizeF size, const std::function<std::unique_ptr<MarkScene>(QSizeF)>& makeScene,
                    const QString& footer)
{
    painter.save();
    const QRectF inside = paintFrame(painter, size, footer).adjusted(0, 0, 0, -6);
    painter.translate(inside.topLeft());
    makeScene({std::max(20.0, inside.width()), std::max(20.0, inside.height())})->paint(painter);
    painter.restore();
}

void paintShareBars(QPainter& painter, QSizeF size, const std::vector<ShareData>& sections, const QString& footer)
{
    painter.save();
    paintFrame(painter, size, footer);
    const QRectF panel = panelRect(size, footer);
    painter.translate(panel.topLeft());
    // More rows than the picture has room for are made smaller rather than cut off, and keep the panel's width.
    double scale = 1;
    std::vector<ShareLayout> layouts = layOutShares(sections, panel.size());
    while (heightOf(layouts) * scale > panel.height() + 0.5 && scale > kLeastShareScale) {
        scale *= 0.95;
        layouts = layOutShares(sections, panel.size() / scale);
    }
    painter.scale(scale, scale);
    double top = 0;
    for (std::size_t i = 0; i < sections.size(); ++i) {
        paintShare(painter, QPointF(0, top), layouts[i], sections[i], {});
        top += layouts[i].height;
    }
    painter.restore();
}

} // namespace isobar::ui
