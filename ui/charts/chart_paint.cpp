// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/chart_paint.h"

#include "ui/shell/theme.h"

#include <QFontMetricsF>
#include <QPainterPath>
#include <QPolygonF>

#include <algorithm>
#include <cmath>
#include <limits>

namespace isobar::ui {
namespace {

constexpr double kTitleRow = 18, kLegendRow = 17, kSwatch = 8, kSwatchGap = 5, kEntryGap = 13;

} // namespace

QColor readableOn(const QColor& color, const QColor& ground, double ratio)
{
    const QColor end = contrastRatio(ground, Qt::black) > 4.6 ? QColor(Qt::black) : QColor(Qt::white);
    for (double share = 0; share < 1; share += 0.05) {
        const QColor candidate = mixed(color, end, share);
        if (contrastRatio(candidate, ground) >= ratio) {
            return candidate;
        }
    }
    return end;
}

double textWidth(const QFont& font, const QString& text)
{
    return QFontMetricsF(font).horizontalAdvance(text);
}

double drawLine(QPainter& painter, const QRectF& rect, const QFont& font, const QColor& color, const QString& text,
                Qt::Alignment alignment)
{
    if (text.isEmpty() || rect.width() <= 0) {
        return 0;
    }
    const QFontMetricsF metrics(font);
    const double full = metrics.horizontalAdvance(text);
    // Half a pixel of slack: a text that fits exactly must not lose its last letter to rounding.
    const QString shown = full <= rect.width() + 0.5 ? text : metrics.elidedText(text, Qt::ElideRight, rect.width());
    painter.setFont(font);
    painter.setPen(color);
    const double width = metrics.horizontalAdvance(shown);
    double x = rect.left();
    if (alignment & Qt::AlignRight) {
        x = rect.right() - width;
    } else if (alignment & Qt::AlignHCenter) {
        x = rect.center().x() - width / 2;
    }
    double baseline = rect.center().y() + metrics.capHeight() / 2;
    if (alignment & Qt::AlignTop) {
        baseline = rect.top() + metrics.ascent();
    } else if (alignment & Qt::AlignBottom) {
        baseline = rect.bottom() - metrics.descent();
    }
    painter.drawText(QPointF(x, baseline), shown);
    return width;
}

QString middleElided(const QFont& font, const QString& text, double width)
{
    const QFontMetricsF metrics(font);
    return metrics.horizontalAdvance(text) <= width + 0.5 ? text : metrics.elidedText(text, Qt::ElideMiddle, width);
}

QStringList brokenText(const QFont& font, const QString& text, double width)
{
    const QFontMetricsF metrics(font);
    if (metrics.horizontalAdvance(text) <= width) {
        return {text};
    }
    QStringList best;
    double widest = width;
    for (qsizetype i = 1; i + 1 < text.size(); ++i) {
        if (text[i] != QLatin1Char('-') && text[i] != QLatin1Char('/') && text[i] != QLatin1Char(' ')) {
            continue;
        }
        const QString first = text.left(i + 1).trimmed(), second = text.mid(i + 1);
        const double wide = std::max(metrics.horizontalAdvance(first), metrics.horizontalAdvance(second));
        if (wide <= widest) { // as even as may be
            widest = wide, best = {first, second};
        }
    }
    return best;
}

void drawSwatch(QPainter& painter, QPointF center, const QColor& color)
{
    const QColor edge = readableOn(color, theme().panel);
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setBrush(color);
    painter.setPen(edge == color ? QPen(Qt::NoPen) : QPen(edge, 1));
    const double half = edge == color ? kSwatch / 2 : kSwatch / 2 - 0.5;
    painter.drawRoundedRect(QRectF(center.x() - half, center.y() - half, 2 * half, 2 * half), 2, 2);
    painter.restore();
}

void drawEmptyText(QPainter& painter, const QRectF& rect, const QString& text)
{
    painter.setFont(font(TextRole::Secondary));
    painter.setPen(theme().muted);
    painter.drawText(rect, static_cast<int>(Qt::AlignCenter) | Qt::TextWordWrap, text);
}

void paintSparkline(QPainter& painter, const QRectF& rect, const QVector<double>& values, const QColor& color)
{
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const double v : values) {
        if (std::isfinite(v)) {
            low = std::min(low, v), high = std::max(high, v);
        }
    }
    if (!(low <= high) || rect.isEmpty()) {
        return;
    }
    const QRectF inner = rect.adjusted(2, 2, -2, -2);
    const qsizetype n = values.size();
    const auto place = [&](double index, double value) {
        const double x = n > 1 ? inner.left() + inner.width() * index / static_cast<double>(n - 1) : inner.right();
        const double share = high > low ? (value - low) / (high - low) : 0.5;
        return QPointF(x, inner.bottom() - inner.height() * share);
    };
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(color, 1));
    painter.setBrush(Qt::NoBrush);
    QPolygonF run;
    const auto flush = [&] {
        if (run.size() > 1) {
            painter.drawPolyline(run);
        } else if (run.size() == 1) {
            painter.drawEllipse(run.front(), 0.5, 0.5);
        }
        run.clear();
    };
    const qsizetype bucket = std::max<qsizetype>(1, n / std::max<qsizetype>(1, qRound(inner.width())));
    QPointF last;
    for (qsizetype start = 0; start < n; start += bucket) {
        const qsizetype end = std::min(n, start + bucket);
        qsizetype lowest = -1, highest = -1;
        for (qsizetype i = start; i < end; ++i) {
            if (std::isfinite(values[i])) {
                lowest = lowest < 0 || values[i] < values[lowest] ? i : lowest;
                highest = highest < 0 || values[i] > values[highest] ? i : highest;
                last = place(static_cast<double>(i), values[i]);
            }
        }
        if (lowest < 0) {
            flush();
            continue;
        }
        for (const qsizetype i : {std::min(lowest, highest), std::max(lowest, highest)}) {
            const QPointF point = place(static_cast<double>(i), values[i]);
            if (run.isEmpty() || run.back() != point) {
                run.append(point);
            }
        }
    }
    flush();
    painter.setPen(Qt::NoPen);
    painter.setBrush(color);
    painter.drawEllipse(last, 2, 2);
    painter.restore();
}

ChartHeader::ChartHeader(QString title, QString unitNote, std::vector<ChartLegendEntry> legend, double width,
                         int maxLegendRows)
    : m_title(std::move(title))
    , m_unitNote(std::move(unitNote))
    , m_width(width)
    , m_titleRowWidth(width)
    , m_height(kTitleRow)
{
    if (legend.size() < 2) {
        return; // one series needs no legend: the title names it
    }
    const QFont small = font(TextRole::Small);
    std::vector<double> widths;
    double total = 0;
    for (const ChartLegendEntry& entry : legend) {
        widths.push_back(kSwatch + kSwatchGap + std::ceil(textWidth(small, entry.name)));
        total += widths.back() + kEntryGap;
    }
    total -= kEntryGap;
    const double titleWidth = textWidth(font(TextRole::Strong), m_title) + 8 + textWidth(small, m_unitNote);
    if (titleWidth + 24 + total <= width) {
        double x = width - total;
        m_titleRowWidth = x - 12;
        for (std::size_t i = 0; i < legend.size(); ++i) {
            m_legend.push_back({legend[i], QRectF(x, 0, widths[i], kTitleRow)});
            x += widths[i] + kEntryGap;
        }
        return;
    }
    double x = 0, y = kTitleRow + 2;
    int row = 0;
    const double moreWidth = std::ceil(textWidth(small, QStringLiteral("+99")));
    for (std::size_t i = 0; i < legend.size(); ++i) {
        const bool lastRow = row + 1 == maxLegendRows, isLast = i + 1 == legend.size();
        const double room = width - x - (lastRow && !isLast ? kEntryGap + moreWidth : 0);
        if (x > 0 && widths[i] > room) {
            if (lastRow) {
                m_more = static_cast<int>(legend.size() - i);
                m_moreRect = QRectF(x, y, width - x, kLegendRow);
                break;
            }
            ++row, x = 0, y += kLegendRow;
            --i;
            continue;
        }
        m_legend.push_back({legend[i], QRectF(x, y, std::min(widths[i], room), kLegendRow)});
        x += widths[i] + kEntryGap;
    }
    m_height = y + kLegendRow;
}

void ChartHeader::paint(QPainter& painter, QPointF topLeft) const
{
    const Theme& t = theme();
    const QRectF titleRow(topLeft, QSizeF(m_titleRowWidth, kTitleRow));
    const double used = drawLine(painter, titleRow, font(TextRole::Strong), t.text, m_title);
    if (used + 30 < m_titleRowWidth) {
        drawLine(painter, titleRow.adjusted(used + 8, 0.5, 0, 0.5), font(TextRole::Small), t.muted, m_unitNote);
    }
    const QFont small = font(TextRole::Small);
    for (const Placed& placed : m_legend) {
        const QRectF rect = placed.rect.translated(topLeft);
        if (placed.entry.hidden) {
            painter.setBrush(Qt::NoBrush);
            painter.setPen(QPen(t.faint, 1));
            painter.drawRect(
                QRectF(rect.left() + 0.5, rect.center().y() - kSwatch / 2 + 0.5, kSwatch - 1, kSwatch - 1));
        } else if (placed.entry.dashed) {
            painter.setPen(QPen(readableOn(placed.entry.color, t.panel), 1, Qt::DashLine));
            painter.drawLine(QPointF(rect.left(), rect.center().y()),
                             QPointF(rect.left() + kSwatch + 1, rect.center().y()));
        } else {
            drawSwatch(painter, QPointF(rect.left() + kSwatch / 2, rect.center().y()), placed.entry.color);
        }
        QFont face = small;
        face.setStrikeOut(placed.entry.hidden);
        drawLine(painter, rect.adjusted(kSwatch + kSwatchGap, 0, 1, 0), face, t.muted, placed.entry.name);
    }
    if (m_more > 0) {
        drawLine(painter, m_moreRect.translated(topLeft), small, t.muted, QStringLiteral("+%1").arg(m_more));
    }
}

QString ChartHeader::entryAt(QPointF point) const
{
    for (const Placed& placed : m_legend) {
        if (placed.rect.adjusted(-4, 0, 4, 0).contains(point)) {
            return placed.entry.name;
        }
    }
    return {};
}

QRectF ChartHeader::entryRect(const QString& name) const
{
    for (const Placed& placed : m_legend) {
        if (placed.entry.name == name) {
            return placed.rect;
        }
    }
    return {};
}

} // namespace isobar::ui
