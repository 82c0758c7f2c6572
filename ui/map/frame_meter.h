// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QElapsedTimer>
#include <QString>
#include <QTimer>
#include <QWidget>

#include <array>

namespace isobar::ui {

enum class FrameLayer : unsigned char { Layout, Backdrop, Arcs, Dots, Donuts, Labels, Overlay };
inline constexpr std::size_t kFrameLayers = 7;
[[nodiscard]] QString frameLayerName(FrameLayer layer);

/// What the last frames of a view cost, layer by layer, on the window's thread.
class FrameMeter {
public:
    static constexpr std::size_t kFrames = 240;

    struct Stats {
        std::size_t frames = 0; ///< that the figures are of, at most kFrames
        double p50Seconds = 0, p99Seconds = 0;
        std::array<double, kFrameLayers> layerSeconds{}; ///< median of each
    };

    void begin();
    /// The time since begin() or the last call counts for this layer.
    void lap(FrameLayer layer);
    /// Counts time to a layer of the frame that comes next, or of the one under way.
    void add(FrameLayer layer, double seconds);
    void end();
    void reset() { m_count = 0; }
    [[nodiscard]] Stats stats() const;

private:
    using Frame = std::array<double, kFrameLayers>;
    QElapsedTimer m_clock;
    qint64 m_before = 0;
    Frame m_now{};
    std::array<Frame, kFrames> m_frames{};
    std::size_t m_count = 0;
};

/// Shows a meter's figures over the view it belongs to. Takes no mouse events.
class PerformanceMeter : public QWidget {
    Q_OBJECT
public:
    PerformanceMeter(const FrameMeter& meter, QWidget* parent);

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    const FrameMeter& m_meter;
    QTimer m_timer;
};

} // namespace isobar::ui
