// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/frame_meter.h"

#include "ui/shell/theme.h"

#include <QPainter>

#include <algorithm>
#include <vector>

namespace isobar::ui {
namespace {

constexpr int kRefreshMs = 500;
constexpr double kTargetP50 = 8e-3, kTargetP99 = 16e-3;
constexpr int kLine = 16;

double quantile(std::vector<double>& values, double q)
{
    std::sort(values.begin(), values.end());
    return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))];
}

} // namespace

QString frameLayerName(FrameLayer layer)
{
    constexpr std::array<const char*, kFrameLayers> kNames{"layout", "backdrop", "arcs",   "dots",
                                                           "donuts", "labels",   "overlay"};
    return QLatin1String(kNames[static_cast<std::size_t>(layer)]);
}

void FrameMeter::begin()
{
    m_clock.start();
    m_before = 0;
}

void FrameMeter::lap(FrameLayer layer)
{
    const qint64 now = m_clock.nsecsElapsed();
    m_now[static_cast<std::size_t>(layer)] += static_cast<double>(now - m_before) * 1e-9;
    m_before = now;
}

void FrameMeter::add(FrameLayer layer, double seconds)
{
    m_now[static_cast<std::size_t>(layer)] += seconds;
}

void FrameMeter::end()
{
    m_frames[m_count++ % kFrames] = m_now;
    m_now = {};
}

FrameMeter::Stats FrameMeter::stats() const
{
    Stats stats;
    stats.frames = std::min(m_count, kFrames);
    if (stats.frames == 0) {
        return stats;
    }
    std::vector<double> values(stats.frames);
    for (std::size_t layer = 0; layer < kFrameLayers; ++layer) {
        for (std::size_t i = 0; i < stats.frames; ++i) {
            values[i] = m_frames[i][layer];
        }
        stats.layerSeconds[layer] = quantile(values, 0.5);
    }
    for (std::size_t i = 0; i < stats.frames; ++i) {
        values[i] = 0;
        for (const double seconds : m_frames[i]) {
            values[i] += seconds;
        }
    }
    stats.p99Seconds = quantile(values, 0.99);
    stats.p50Seconds = quantile(values, 0.5);
    return stats;
}

PerformanceMeter::PerformanceMeter(const FrameMeter& meter, QWidget* parent)
    : QWidget(parent)
    , m_meter(meter)
{
    setObjectName(QStringLiteral("performanceMeter"));
    setAttribute(Qt::WA_TransparentForMouseEvents);
    setAccessibleName(QStringLiteral("Frame cost"));
    resize(196, kLine * (static_cast<int>(kFrameLayers) + 2) + 20);
    connect(&m_timer, &QTimer::timeout, this, qOverload<>(&QWidget::update));
    m_timer.start(kRefreshMs);
}

void PerformanceMeter::paintEvent(QPaintEvent*)
{
    const FrameMeter::Stats stats = m_meter.stats();
    const Theme& t = theme();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing, true);
    painter.setPen(QPen(t.line, 1));
    painter.setBrush(t.raised);
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), Theme::kControlRadius,
                            Theme::kControlRadius);
    painter.setFont(ui::font(TextRole::Small));
    int y = 10;
    const auto line = [&](const QString& name, double seconds, const QColor& color) {
        const QRect row(12, y, width() - 24, kLine);
        painter.setPen(t.muted);
        painter.drawText(row, Qt::AlignLeft | Qt::AlignVCenter, name);
        painter.setPen(color);
        painter.drawText(row, Qt::AlignRight | Qt::AlignVCenter,
                         QString::number(1e3 * seconds, 'f', 2) + QStringLiteral(" ms"));
        y += kLine;
    };
    line(QStringLiteral("Frame, median"), stats.p50Seconds, stats.p50Seconds > kTargetP50 ? t.caution : t.text);
    line(QStringLiteral("Frame, p99 of %1").arg(stats.frames), stats.p99Seconds,
         stats.p99Seconds > kTargetP99 ? t.caution : t.text);
    for (std::size_t i = 0; i < kFrameLayers; ++i) {
        line(QStringLiteral("  ") + frameLayerName(static_cast<FrameLayer>(i)), stats.layerSeconds[i], t.muted);
    }
}

} // namespace isobar::ui
