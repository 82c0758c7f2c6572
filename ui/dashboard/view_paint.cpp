// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/report/table_writer.h"
#include "ui/charts/chart_export.h"
#include "ui/charts/chart_paint.h"
#include "ui/charts/kpi_tile.h"
#include "ui/dashboard/contracts.h"
#include "ui/dashboard/view_tables.h"
#include "ui/dashboard/view_widget.h"
#include "ui/map/map_paint.h"
#include "ui/shell/theme_scope.h"

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

void paintChart(QPainter& painter, QSizeF size, View view, const ViewContext& context, const QString& footer,
                const PlotRecorder& record)
{
    if (isOverTime(view)) {
        paintTimeChart(painter, size, timeChart(view, context), footer, record);
    } else if (view == View::Share) {
        paintShareBars(painter, size, {providerShare(context)}, footer);
    } else if (view == View::Margin) {
        paintShareBars(painter, size, {marginByModel(context)}, footer);
    } else {
        paintMarkChart(
            painter, size, [&](QSizeF inside) { return markScene(view, context, inside); }, footer);
    }
}

/// The answers an executive asks for first, as sentences.
QStringList answersOf(const ViewContext& context, const std::vector<KpiData>& tiles)
{
    QStringList lines;
    if (tiles.size() == 6 && !tiles[2].spark.isEmpty()) {
        lines << QStringLiteral("Are we all right? %1 %2 of requests kept their promise; %3 %4.")
                     .arg(tiles[2].value, tiles[2].unit, tiles[3].value,
                          (QStringList(tiles[3].unit) + tiles[3].notes).join(QLatin1Char(' ')) +
                              QStringLiteral(" are busy"));
        lines << QStringLiteral("What does it cost? %1 %2, %3 %4.")
                     .arg(tiles[0].value, tiles[0].unit, tiles[1].value, tiles[1].unit);
    }
    QStringList losses;
    for (const BalanceFigure& figure : balanceFigures(context)) {
        if (figure.name.startsWith(QStringLiteral("N+1"))) {
            losses << figure.name + QStringLiteral(": ") + figure.value;
        }
    }
    if (!losses.isEmpty()) {
        lines << QStringLiteral("What if we lose one? ") + losses.join(QStringLiteral("; ")) +
                     QStringLiteral(" (an estimate from the capacity seen).");
    }
    return lines;
}

/// One page: heading, six figures, map and share, a row of charts, source line. The summary answers in words on top.
void paintPage(QPainter& painter, const ViewContext& context, QSizeF size, bool summary, const PlotRecorder& record)
{
    const double w = size.width(), h = size.height();
    const double headH = 44, footH = 30, kpiH = 92;
    const double chartH = std::clamp(h * 0.24, 150.0, 280.0);
    const double sideW = std::clamp(w * 0.24, 240.0, 420.0);
    const std::vector<KpiData> tiles = kpis(context);
    const QStringList answers = summary ? answersOf(context, tiles) : QStringList();
    drawLine(painter, QRectF(kPad, 0, w - 2 * kPad, headH), ui::font(TextRole::Title), theme().text,
             QString::fromStdString(context.fleet->name) +
                 (summary ? QStringLiteral(": summary, ") + context.timeAt(context.now).toString(Qt::ISODate).left(10)
                          : QStringLiteral(": where models run, how evenly, at what cost")));
    double top = headH;
    for (const QString& answer : answers) {
        drawLine(painter, QRectF(kPad, top - 6, w - 2 * kPad, 20), ui::font(TextRole::Body), theme().text, answer);
        top += 20;
    }
    const double tileW = (w - 2 * kPad - 5 * kGap) / 6;
    for (std::size_t i = 0; i < tiles.size(); ++i) {
        const QRectF rect(kPad + static_cast<double>(i) * (tileW + kGap), top, tileW, kpiH);
        panel(painter, rect);
        paintKpi(painter, rect, tiles[i]);
    }
    top += kpiH + kGap;
    const double mapH = h - top - chartH - kGap - footH;
    const QRectF map(kPad, top, w - 2 * kPad - sideW - kGap, mapH);
    panel(painter, map);
    const MapScene scene = mapScene(context);
    at(painter, map, [&](QSizeF s) { paintMap(painter, s, scene, mapOptions(context, false)); });
    const QRectF side(map.right() + kGap, top, sideW, mapH);
    const std::size_t places = mapH > 560 ? 10 : mapH > 400 ? 5 : 2;
    at(painter, side, [&](QSizeF s) {
        paintShareBars(painter, s, {providerShare(context), hottestPlaces(scene, places)}, {});
    });
    const std::vector<View> row = overviewCharts(w);
    const double count = static_cast<double>(row.size());
    const double chartTop = top + mapH + kGap, chartW = (w - 2 * kPad - (count - 1) * kGap) / count;
    for (std::size_t i = 0; i < row.size(); ++i) {
        at(painter, QRectF(kPad + static_cast<double>(i) * (chartW + kGap), chartTop, chartW, chartH),
           [&](QSizeF s) { paintChart(painter, s, row[i], context, {}, record); });
    }
    drawLine(painter, QRectF(kPad, h - footH, w - 2 * kPad, footH), ui::font(TextRole::Small), theme().muted,
             context.footer());
}

} // namespace

void paintView(QPainter& painter, View view, const ViewContext& context, QSizeF size, const PlotRecorder& record)
{
    if (view == View::Overview || view == View::Summary) {
        paintPage(painter, context, size, view == View::Summary, record);
    } else if (view == View::Map) {
        paintMap(painter, size, mapScene(context), mapOptions(context, true));
    } else {
        paintChart(painter, size, view, context, context.footer(), record);
    }
}

Status exportView(View view, ExportFormat format, const QString& path, QSizeF size, double scale,
                  const ViewContext& context, const ExportPlace& place)
{
    if (format == ExportFormat::Csv) {
        ISOBAR_TRY_ASSIGN(const std::string csv, viewCsv(view, context));
        if (place.stop.stop_requested()) {
            return Error{ErrorCode::Cancelled, "Stopped before anything was written.", ""};
        }
        return report::writeFile(path.toStdString(), csv);
    }
    const PictureFormat picture = format == ExportFormat::Png   ? PictureFormat::Png
                                  : format == ExportFormat::Svg ? PictureFormat::Svg
                                                                : PictureFormat::Pdf;
    return exportPicture(
        path, picture, size, scale, QStringLiteral("Isobar: ") + viewTitle(view),
        [&](QPainter& painter) { paintView(painter, view, context, size, place.record); }, place.stop);
}

Status exportSummary(const QString& path, const ViewContext& context, const ExportPlace& place)
{
    // Laid out a little wider than the paper's 297 mm at 96 dpi: 13 px type then prints at about 8 pt.
    constexpr QSizeF kPaper{1123, 794};
    constexpr double kShrunk = 0.8;
    const ThemeScope paper(Theme::lightTheme());
    return exportPicture(
        path, PictureFormat::Pdf, kPaper, 1, QStringLiteral("Isobar: summary"),
        [&](QPainter& painter) {
            painter.scale(kShrunk, kShrunk);
            paintView(painter, View::Summary, context, kPaper / kShrunk, place.record);
        },
        place.stop);
}

} // namespace isobar::ui
