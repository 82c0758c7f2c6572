// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/report/table_writer.h"
#include "ui/charts/chart_export.h"
#include "ui/charts/chart_paint.h"
#include "ui/charts/kpi_tile.h"
#include "ui/dashboard/views.h"
#include "ui/map/map_paint.h"
#include "ui/shell/theme.h"

#include <QPainter>

#include <algorithm>

namespace isobar::ui {
namespace {

constexpr double kGap = Theme::kGutter;
constexpr double kPad = Theme::kPadding;

/// Draws with the origin moved to a rectangle's corner.
template <class Paint> void at(QPainter& painter, const QRectF& rect, Paint paint)
{
    painter.save();
    painter.translate(rect.topLeft());
    paint(rect.size());
    painter.restore();
}

void panel(QPainter& painter, const QRectF& rect)
{
    painter.setPen(QPen(theme().line, 1));
    painter.setBrush(theme().panel);
    painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), Theme::kPanelRadius, Theme::kPanelRadius);
}

MapStyleOptions mapOptions(const ViewContext& context, bool alone)
{
    MapStyleOptions options;
    options.background = alone;
    if (alone) {
        options.title = viewTitle(View::Map);
        options.footer = context.footer();
    }
    options.emphasis.markers = context.selectedPlaces();
    return options;
}

/// The overview as one page: heading, six figures, map and share, two charts, source line.
void paintOverview(QPainter& painter, const ViewContext& context, QSizeF size)
{
    const double w = size.width(), h = size.height();
    const double headH = 44, footH = 30, kpiH = 92;
    const double chartH = std::clamp(h * 0.22, 150.0, 260.0);
    const double sideW = std::clamp(w * 0.24, 260.0, 420.0);
    drawLine(painter, QRectF(kPad, 0, w - 2 * kPad, headH), ui::font(TextRole::Title), theme().text,
             QString::fromStdString(context.fleet->name) +
                 QStringLiteral(": where models run, how evenly, at what cost"));
    const std::vector<KpiData> tiles = kpis(context);
    const double tileW = (w - 2 * kPad - 5 * kGap) / 6;
    for (std::size_t i = 0; i < tiles.size(); ++i) {
        const QRectF rect(kPad + static_cast<double>(i) * (tileW + kGap), headH, tileW, kpiH);
        panel(painter, rect);
        paintKpi(painter, rect, tiles[i]);
    }
    const double top = headH + kpiH + kGap;
    const double mapH = h - top - chartH - kGap - footH;
    const QRectF map(kPad, top, w - 2 * kPad - sideW - kGap, mapH);
    panel(painter, map);
    const MapScene scene = mapScene(context);
    at(painter, map, [&](QSizeF s) { paintMap(painter, s, scene, mapOptions(context, false)); });
    const QRectF side(map.right() + kGap, top, sideW, mapH);
    const std::size_t places = mapH > 560 ? 10 : 5;
    at(painter, side, [&](QSizeF s) {
        paintShareBars(painter, s, {providerShare(context), hottestPlaces(scene, places)}, {});
    });
    const double chartTop = top + mapH + kGap, chartW = (w - 2 * kPad - kGap) / 2;
    at(painter, QRectF(kPad, chartTop, chartW, chartH),
       [&](QSizeF s) { paintTimeChart(painter, s, throughputChart(context), {}); });
    at(painter, QRectF(kPad + chartW + kGap, chartTop, chartW, chartH),
       [&](QSizeF s) { paintTimeChart(painter, s, latencyChart(context), {}); });
    drawLine(painter, QRectF(kPad, h - footH, w - 2 * kPad, footH), ui::font(TextRole::Small), theme().muted,
             context.footer());
}

} // namespace

void paintView(QPainter& painter, View view, const ViewContext& context, QSizeF size)
{
    switch (view) {
    case View::Overview:
        paintOverview(painter, context, size);
        break;
    case View::Map:
        paintMap(painter, size, mapScene(context), mapOptions(context, true));
        break;
    case View::Throughput:
        paintTimeChart(painter, size, throughputChart(context), context.footer());
        break;
    case View::Latency:
        paintTimeChart(painter, size, latencyChart(context), context.footer());
        break;
    case View::Share:
        paintShareBars(painter, size, {providerShare(context)}, context.footer());
        break;
    }
}

Status exportView(View view, ExportFormat format, const QString& path, QSizeF size, double scale,
                  const ViewContext& context)
{
    if (format == ExportFormat::Csv) {
        ISOBAR_TRY_ASSIGN(const query::Table table, viewTable(view, context));
        return report::writeFile(path.toStdString(), report::toCsv(table));
    }
    const PictureFormat picture = format == ExportFormat::Png   ? PictureFormat::Png
                                  : format == ExportFormat::Svg ? PictureFormat::Svg
                                                                : PictureFormat::Pdf;
    return exportPicture(path, picture, size, scale, QStringLiteral("Isobar: ") + viewTitle(view),
                         [&](QPainter& painter) { paintView(painter, view, context, size); });
}

} // namespace isobar::ui
