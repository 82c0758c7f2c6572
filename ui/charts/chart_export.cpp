// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/chart_export.h"

#include "ui/charts/chart_paint.h"
#include "ui/charts/custom_plot.h"
#include "ui/charts/percentile_chart.h"
#include "ui/charts/share_bars.h"
#include "ui/charts/time_plot.h"
#include "ui/shell/theme.h"

#include <QPicture>

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {

constexpr double kMargin = 12, kFooter = 18;

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

} // namespace

void paintTimeChart(QPainter& painter, QSizeF size, const TimeChartData& data, const QString& footer)
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
    QCustomPlot plot;
    plot.setBackground(Qt::NoBrush);
    fillTimePlot(plot, chart, data, plotSize);
    // QCustomPlot paints through its own painter class only, so the drawing is recorded and played back as vectors.
    QPicture picture;
    {
        QCPPainter recorder(&picture);
        recorder.setMode(QCPPainter::pmVectorized);
        plot.toPainter(&recorder, plotSize.width(), plotSize.height());
    }
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
    std::vector<ShareLayout> layouts;
    double height = 0;
    for (const ShareData& section : sections) {
        layouts.push_back(layOutShare(section, panel.width()));
        height += layouts.back().height;
    }
    // More rows than the picture has room for are made smaller rather than cut off.
    painter.translate(panel.topLeft());
    if (height > panel.height()) {
        painter.scale(panel.height() / height, panel.height() / height);
    }
    double top = 0;
    for (std::size_t i = 0; i < sections.size(); ++i) {
        paintShare(painter, QPointF(0, top), layouts[i], sections[i], {});
        top += layouts[i].height;
    }
    painter.restore();
}

} // namespace isobar::ui
