// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/fidelity_plots.h"

#include "ui/charts/axis_ticks.h"
#include "ui/charts/chart_paint.h"
#include "ui/shell/color.h"
#include "ui/shell/export_picture.h"
#include "ui/shell/theme.h"

#include <QPainter>
#include <QPainterPath>

#include <algorithm>
#include <array>
#include <cmath>

namespace isobar::cli {
namespace {

using ui::Tick;

constexpr double kLeft = 48, kBottom = 34, kRight = 8, kTop = 6; ///< around the plot, inside a panel
constexpr double kCaption = 34;
constexpr double kMargin = 12, kBand = 0.2;

/// An axis with its place on the picture.
struct Scale {
    bool isLogarithmic = false;
    double lower = 0, upper = 1, from = 0, to = 1;
    std::vector<Tick> ticks;

    [[nodiscard]] double at(double value) const
    {
        const double share =
            isLogarithmic ? std::log(value / lower) / std::log(upper / lower) : (value - lower) / (upper - lower);
        return from + share * (to - from);
    }
};

Scale scaleOf(const PlotAxis& axis, double low, double high, double from, double to, int maxTicks)
{
    Scale scale;
    scale.isLogarithmic = axis.isLogarithmic;
    scale.from = from;
    scale.to = to;
    if (axis.upper > axis.lower) {
        low = axis.lower;
        high = axis.upper;
    }
    if (!axis.isLogarithmic) {
        const ui::ValueAxis ticks = ui::valueAxis(low, high, maxTicks, true);
        scale.lower = ticks.lower;
        scale.upper = ticks.upper;
        scale.ticks = ticks.ticks;
        return scale;
    }
    scale.lower = low / 1.15;
    scale.upper = high * 1.15;
    const double decades = std::log10(scale.upper / scale.lower);
    for (int power = static_cast<int>(std::floor(std::log10(scale.lower))); power < 12; ++power) {
        for (const double digit : {1.0, 2.0, 5.0}) {
            const double value = digit * std::pow(10.0, power);
            if (value >= scale.lower && value <= scale.upper && (digit == 1 || decades < 2.2)) {
                scale.ticks.push_back(
                    {value, value >= 1e4 ? QStringLiteral("%1 k").arg(value / 1e3) : QString::number(value, 'g', 6)});
            }
        }
    }
    return scale;
}

struct Range {
    double low = INFINITY, high = -INFINITY;
    void add(double value)
    {
        if (std::isfinite(value)) {
            low = std::min(low, value);
            high = std::max(high, value);
        }
    }
};

void paintGrid(QPainter& painter, const Scale& x, const Scale& y, const PlotPanel& panel)
{
    const ui::Theme& t = ui::theme();
    const QFont small = ui::font(ui::TextRole::Small);
    for (const Tick& tick : y.ticks) {
        painter.setPen(QPen(t.line, 1));
        painter.drawLine(QPointF(x.from, y.at(tick.at)), QPointF(x.to, y.at(tick.at)));
        ui::drawLine(painter, QRectF(x.from - kLeft, y.at(tick.at) - 8, kLeft - 6, 16), small, t.muted, tick.label,
                     Qt::AlignRight | Qt::AlignVCenter);
    }
    for (const Tick& tick : x.ticks) {
        painter.setPen(QPen(t.line, 1));
        painter.drawLine(QPointF(x.at(tick.at), y.from), QPointF(x.at(tick.at), y.to));
        ui::drawLine(painter, QRectF(x.at(tick.at) - 30, y.from + 2, 60, 14), small, t.muted, tick.label,
                     Qt::AlignHCenter | Qt::AlignVCenter);
    }
    ui::drawLine(painter, QRectF(x.from, y.from + 17, x.to - x.from, 15), small, t.muted, panel.x.title,
                 Qt::AlignHCenter | Qt::AlignVCenter);
}

void paintDiagonal(QPainter& painter, const Scale& x, const Scale& y)
{
    const ui::Theme& t = ui::theme();
    const double low = std::max(x.lower, y.lower), high = std::min(x.upper, y.upper);
    for (const double factor : {1 - kBand, 1.0, 1 + kBand}) {
        const double begin = std::max(low, y.lower / factor), end = std::min(high, y.upper / factor);
        painter.setPen(QPen(factor == 1.0 ? t.muted : t.faint, 1, factor == 1.0 ? Qt::SolidLine : Qt::DashLine));
        painter.drawLine(QPointF(x.at(begin), y.at(begin * factor)), QPointF(x.at(end), y.at(end * factor)));
    }
}

void paintCurve(QPainter& painter, const Scale& x, const Scale& y, const PlotCurve& curve)
{
    const ui::Theme& t = ui::theme();
    const QColor color = ui::readableOn(curve.color, t.panel);
    if (curve.style == PlotCurve::Style::Dots) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(color);
        for (const QPointF& p : curve.points) {
            painter.drawEllipse(QPointF(x.at(p.x()), y.at(p.y())), 1.7, 1.7);
        }
        return;
    }
    QPolygonF line;
    for (const QPointF& p : curve.points) {
        line << QPointF(x.at(p.x()), y.at(p.y()));
    }
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(color, 1.8, curve.style == PlotCurve::Style::Dashed ? Qt::DashLine : Qt::SolidLine));
    painter.drawPolyline(line);
}

void paintBars(QPainter& painter, const QRectF& area, const Scale& y, const std::vector<PlotBarGroup>& groups)
{
    const ui::Theme& t = ui::theme();
    const QFont small = ui::font(ui::TextRole::Small);
    const double width = area.width() / static_cast<double>(groups.size());
    for (std::size_t g = 0; g < groups.size(); ++g) {
        const double count = static_cast<double>(groups[g].bars.size());
        const double bar = std::min(34.0, 0.8 * width / std::max(1.0, count));
        const double middle = area.left() + (static_cast<double>(g) + 0.5) * width;
        double left = middle - bar * count / 2;
        for (const PlotBar& b : groups[g].bars) {
            if (std::isfinite(b.value)) {
                const double top = y.at(b.value);
                painter.setPen(Qt::NoPen);
                painter.setBrush(ui::readableOn(b.color, t.panel));
                painter.drawRect(QRectF(left + 1, top, bar - 2, area.bottom() - top));
                ui::drawLine(painter, QRectF(left - 20, top - 14, bar + 40, 13), small, t.text, b.text,
                             Qt::AlignHCenter | Qt::AlignVCenter);
            }
            left += bar;
        }
        ui::drawLine(painter, QRectF(middle - width / 2, area.bottom() + 2, width, 14), small, t.muted, groups[g].name,
                     Qt::AlignHCenter | Qt::AlignVCenter);
    }
}

void paintPanel(QPainter& painter, const QRectF& rect, const PlotPanel& panel)
{
    const ui::Theme& t = ui::theme();
    painter.setPen(QPen(t.line, 1));
    painter.setBrush(t.panel);
    painter.drawRoundedRect(rect.adjusted(0.5, 0.5, -0.5, -0.5), ui::Theme::kPanelRadius, ui::Theme::kPanelRadius);
    const QRectF inside = rect.adjusted(ui::Theme::kPadding, 10, -ui::Theme::kPadding, -6);
    std::vector<ui::ChartLegendEntry> legend;
    for (const PlotCurve& c : panel.curves) {
        legend.push_back({c.name, c.color, c.style == PlotCurve::Style::Dashed});
    }
    for (const auto& [name, color] : panel.legend) {
        legend.push_back({name, color, false});
    }
    const ui::ChartHeader header(panel.title, panel.unitNote, std::move(legend), inside.width(), 2);
    header.paint(painter, inside.topLeft());
    QRectF area(inside.left() + kLeft, inside.top() + std::ceil(header.height()) + kTop,
                inside.width() - kLeft - kRight, 0);
    area.setBottom(inside.bottom() - kBottom);
    Range xs, ys;
    for (const PlotCurve& c : panel.curves) {
        for (const QPointF& p : c.points) {
            xs.add(p.x());
            ys.add(p.y());
        }
    }
    for (const PlotBarGroup& g : panel.groups) {
        for (const PlotBar& b : g.bars) {
            ys.add(b.value * 1.1); // room for what stands above it
            ys.add(0);
        }
    }
    if (panel.mark > 0) {
        ys.add(panel.mark);
    }
    if (!(ys.low < INFINITY)) {
        ui::drawEmptyText(painter, area, QStringLiteral("no data"));
        return;
    }
    if (panel.hasDiagonal) {
        xs.low = ys.low = std::min(xs.low, ys.low);
        xs.high = ys.high = std::max(xs.high, ys.high);
    }
    const Scale y = scaleOf(panel.y, ys.low, ys.high, area.bottom(), area.top(), 6);
    Scale x;
    x.from = area.left();
    x.to = area.right();
    if (panel.groups.empty()) {
        x = scaleOf(panel.x, xs.low, xs.high, area.left(), area.right(), 7);
    }
    paintGrid(painter, x, y, panel);
    if (panel.hasDiagonal) {
        paintDiagonal(painter, x, y);
    }
    for (const PlotCurve& c : panel.curves) {
        paintCurve(painter, x, y, c);
    }
    paintBars(painter, area, y, panel.groups);
    if (panel.mark > 0) {
        painter.setPen(QPen(t.muted, 1, Qt::DashLine));
        painter.drawLine(QPointF(area.left(), y.at(panel.mark)), QPointF(area.right(), y.at(panel.mark)));
        ui::drawLine(painter, QRectF(area.left(), y.at(panel.mark) - 15, area.width() - 2, 14),
                     ui::font(ui::TextRole::Small), t.muted, panel.markName, Qt::AlignRight | Qt::AlignVCenter);
    }
}

} // namespace

QColor plotColor(std::size_t index)
{
    // Okabe and Ito's, the darker ones first.
    static const std::array<QColor, 7> kColors{
        QColor(0x00, 0x72, 0xb2), QColor(0xd5, 0x5e, 0x00), QColor(0x00, 0x9e, 0x73), QColor(0xcc, 0x79, 0xa7),
        QColor(0xe6, 0x9f, 0x00), QColor(0x56, 0xb4, 0xe9), QColor(0x66, 0x66, 0x66)};
    return kColors[index % kColors.size()];
}

Status writePlot(const PlotPicture& picture, const std::filesystem::path& folder)
{
    const int rows = (static_cast<int>(picture.panels.size()) + picture.columns - 1) / picture.columns;
    const double gutter = ui::Theme::kGutter;
    const QSizeF size(2 * kMargin + picture.columns * (picture.panelWidth + gutter) - gutter,
                      2 * kMargin + rows * (picture.panelHeight + gutter) - gutter + kCaption);
    const auto paint = [&](QPainter& painter) {
        painter.setRenderHint(QPainter::Antialiasing);
        for (std::size_t i = 0; i < picture.panels.size(); ++i) {
            const int row = static_cast<int>(i) / picture.columns, column = static_cast<int>(i) % picture.columns;
            paintPanel(painter,
                       QRectF(kMargin + column * (picture.panelWidth + gutter),
                              kMargin + row * (picture.panelHeight + gutter), picture.panelWidth, picture.panelHeight),
                       picture.panels[i]);
        }
        painter.setFont(ui::font(ui::TextRole::Small));
        painter.setPen(ui::theme().muted);
        painter.drawText(
            QRectF(kMargin + 2, size.height() - kMargin - kCaption + 4, size.width() - 2 * kMargin - 4, kCaption),
            Qt::TextWordWrap | Qt::AlignLeft | Qt::AlignTop, picture.caption);
    };
    const bool isPng = picture.file.ends_with(".png");
    return ui::exportPicture(QString::fromStdString((folder / picture.file).string()),
                             isPng ? ui::PictureFormat::Png : ui::PictureFormat::Svg, size, isPng ? 2 : 1,
                             picture.caption, paint);
}

} // namespace isobar::cli
