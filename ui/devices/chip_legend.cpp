// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/devices/chip_legend.h"

#include "ui/shell/color.h"
#include "ui/shell/format.h"

#include <QPainter>

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {

constexpr int kBarsHeight = 44, kRampHeight = 10, kTicksHeight = 18, kRowHeight = 20;

} // namespace

ChipLegend::ChipLegend(QWidget* parent)
    : QWidget(parent)
{
    setAccessibleName(tr("Legend"));
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, qOverload<>(&QWidget::update));
}

std::vector<ChipClass> ChipLegend::rows() const
{
    std::vector<ChipClass> shown;
    for (std::size_t i = 0; i < kChipClasses; ++i) {
        const auto kind = static_cast<ChipClass>(i);
        if (m_colors.counts[i] > 0 && kind != ChipClass::Valued) {
            shown.push_back(kind);
        }
    }
    return shown;
}

void ChipLegend::setColors(const ChipColors& colors)
{
    const auto before = rows().size();
    m_colors = colors;
    m_colors.chips.clear();
    m_colors.classes.clear();
    QStringList words{chipMeasureTitle(colors.measure)};
    if (hasScale()) {
        const auto most = std::max_element(colors.bars.begin(), colors.bars.end()) - colors.bars.begin();
        words << tr("from %1 to %2, most chips near %3")
                     .arg(chipValueText(colors.low, colors.measure), chipValueText(colors.high, colors.measure),
                          chipValueText(colors.low +
                                            (colors.high - colors.low) * (double(most) + 0.5) / ChipColors::kBars,
                                        colors.measure));
    }
    for (const ChipClass kind : rows()) {
        words << tr("%1 %2").arg(m_colors.counts[static_cast<std::size_t>(kind)]).arg(chipClassTitle(kind));
    }
    setAccessibleDescription(words.join(QStringLiteral("; ")));
    if (rows().size() != before) {
        updateGeometry();
    }
    update();
}

void ChipLegend::setMark(std::optional<double> value)
{
    if (value != m_mark) {
        m_mark = value;
        update();
    }
}

QSize ChipLegend::sizeHint() const
{
    const int scale = hasScale() ? kBarsHeight + kRampHeight + kTicksHeight + 8 : 0;
    return {290, scale + kRowHeight * static_cast<int>((rows().size() + 1) / 2)};
}

void ChipLegend::paintEvent(QPaintEvent*)
{
    const Theme& t = theme();
    QPainter painter(this);
    painter.setFont(ui::font(TextRole::Small));
    int y = 0;
    if (hasScale()) {
        std::int64_t most = 1;
        for (const std::int64_t count : m_colors.bars) {
            most = std::max(most, count);
        }
        const double wide = double(width()) / ChipColors::kBars;
        for (std::size_t i = 0; i < ChipColors::kBars; ++i) {
            if (m_colors.bars[i] == 0) {
                continue;
            }
            // By the square root: a few hot chips show beside thousands of idle ones.
            const double high = std::max(2.0, kBarsHeight * std::sqrt(double(m_colors.bars[i]) / double(most)));
            painter.fillRect(QRectF(double(i) * wide, kBarsHeight - high, std::max(1.0, wide - 1), high),
                             mixed(t.panel, t.muted, 0.75));
        }
        y = kBarsHeight + 2;
        for (int x = 0; x < width(); ++x) {
            painter.fillRect(x, y, 1, kRampHeight, chipRampColor(double(x) / std::max(1, width() - 1), t));
        }
        if (m_mark && std::isfinite(*m_mark)) {
            const double at = std::clamp((*m_mark - m_colors.low) / (m_colors.high - m_colors.low), 0.0, 1.0);
            const double x = at * (width() - 1);
            painter.setPen(QPen(t.text, 2));
            painter.drawLine(QLineF(x, y - 4, x, y + kRampHeight + 3));
        }
        y += kRampHeight;
        painter.setPen(t.muted);
        const QRect ticks(0, y + 2, width(), kTicksHeight);
        painter.drawText(ticks, Qt::AlignLeft | Qt::AlignTop, chipValueText(m_colors.low, m_colors.measure));
        painter.drawText(ticks, Qt::AlignHCenter | Qt::AlignTop,
                         chipValueText((m_colors.low + m_colors.high) / 2, m_colors.measure));
        painter.drawText(ticks, Qt::AlignRight | Qt::AlignTop, chipValueText(m_colors.high, m_colors.measure));
        y += kTicksHeight + 6;
    }
    int column = 0;
    for (const ChipClass kind : rows()) {
        const QRect row(column * width() / 2, y, width() / 2, kRowHeight);
        const QRect swatch(row.left(), row.center().y() - 4, 10, 10);
        painter.fillRect(swatch, chipClassColor(kind, t));
        if (kind == ChipClass::Down) {
            painter.setPen(QPen(t.panel, 1));
            painter.drawLine(swatch.topLeft() + QPoint(2, 2), swatch.bottomRight() - QPoint(2, 2));
            painter.drawLine(swatch.topRight() + QPoint(-2, 2), swatch.bottomLeft() + QPoint(2, -2));
        }
        painter.setPen(t.muted);
        painter.drawText(
            row.adjusted(16, 0, 0, 0), Qt::AlignVCenter | Qt::AlignLeft,
            QStringLiteral("%1 %2").arg(grouped(double(m_colors.counts[static_cast<std::size_t>(kind)]), 0),
                                        chipClassTitle(kind)));
        column = 1 - column;
        y += column == 0 ? kRowHeight : 0;
    }
}

} // namespace isobar::ui
