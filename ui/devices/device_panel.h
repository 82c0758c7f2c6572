// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/devices/chip_colors.h"
#include "ui/devices/device_words.h"
#include "ui/session/session.h"

#include <QFrame>

#include <deque>
#include <memory>

class QLabel;

namespace isobar::ui {

class ChipLegend;
class TorusView;

/// Beside the heat grid: the legend, what the chips add up to against the pool's own account, what is known of the
/// node or chip pointed at or chosen, its slice as it is wired, and what happened to chips of the pool of late.
class DevicePanel : public QFrame {
    Q_OBJECT
public:
    explicit DevicePanel(Session& session, QWidget* parent = nullptr);
    /// New chips, or other colours for them.
    void showPool(std::shared_ptr<const engine::DeviceView> view, const ChipColors& colors);
    /// The chip whose details are shown; none = those of the node, none = nothing.
    void showChip(std::optional<std::uint32_t> chip, std::optional<std::uint32_t> node);
    [[nodiscard]] QString sumText() const;
    [[nodiscard]] QString detailText() const;
    [[nodiscard]] QString eventText() const;
    [[nodiscard]] ChipLegend& legend() { return *m_legend; }

private:
    void showSum();
    void showDetail();
    void showEvents();
    void watchChips(const engine::DeviceView& before, const engine::DeviceView& after);

    Session& m_session;
    std::shared_ptr<const engine::DeviceView> m_view;
    ChipColors m_colors;
    std::optional<std::uint32_t> m_chip, m_node;
    struct ChipEvent {
        engine::SimMicros at = 0;
        QString text;
    };
    std::deque<ChipEvent> m_events; ///< of the pool shown, newest first
    QLabel* m_title;
    ChipLegend* m_legend;
    QLabel* m_sum;
    QLabel* m_detailTitle;
    QLabel* m_detail;
    TorusView* m_torus;
    QLabel* m_eventList;
};

/// Whether slices of that accelerator have two axes: Cloud TPU v5e and v6e.
[[nodiscard]] bool hasFlatSlices(const std::string& accelerator);

} // namespace isobar::ui
