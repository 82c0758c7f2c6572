// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/query/query.h"
#include "ui/devices/chip_colors.h"
#include "ui/devices/device_path.h"
#include "ui/session/session.h"

#include <QElapsedTimer>
#include <QTimer>
#include <QWidget>

#include <vector>

class QButtonGroup;
class QHBoxLayout;
class QLabel;
class QScrollArea;
class QStackedWidget;
class QTableView;
class QToolButton;

namespace isobar::ui {

class ChipGrid;
class ChipTable;
class DevicePanel;
class LevelCards;
class PoolLists;
struct PoolFigures;

/// Devices: the world, a provider and a region as cards, over lists of the pools worth a look, a pool as the heat grid
/// of its chips or as a table. While it is seen and a pool is open, it asks the session for the chips four times a
/// second; else it costs nothing.
class DevicePage : public QWidget {
    Q_OBJECT
public:
    explicit DevicePage(Session& session, QWidget* parent = nullptr);

    [[nodiscard]] const DevicePath& path() const { return m_path; }
    void open(const DevicePath& path);
    /// The regions of one of Session::places(), or what they hold where there is but one.
    void openPlace(std::size_t place);
    /// To where one was before, else a level up; false when there is neither.
    bool back();
    [[nodiscard]] bool canGoBack() const;
    void setMeasure(ChipMeasure measure);
    void setTableShown(bool shown);
    [[nodiscard]] bool isTableShown() const;

    [[nodiscard]] ChipGrid& grid() { return *m_grid; }
    [[nodiscard]] ChipTable& table() { return *m_table; }
    [[nodiscard]] LevelCards& cards() { return *m_cards; }
    [[nodiscard]] PoolLists& lists() { return *m_lists; }
    [[nodiscard]] DevicePanel& panel() { return *m_panel; }

Q_SIGNALS:
    void pathChanged();

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void showEvent(QShowEvent* event) override;

private:
    void go(const DevicePath& path);
    void rebuild();
    void showCrumbs();
    void showCards();
    void showPool();
    void showDevices();
    void follow();
    void choose(std::uint32_t chip);
    void point(std::optional<std::uint32_t> chip);
    [[nodiscard]] std::vector<struct LevelFigures> figures(query::Dimension level) const;
    [[nodiscard]] bool isHere(RegionId region) const;
    [[nodiscard]] std::vector<PoolFigures> poolFigures() const;
    [[nodiscard]] bool hasDevices() const;

    Session& m_session;
    DevicePath m_path;
    std::vector<DevicePath> m_past;
    ChipMeasure m_measure = ChipMeasure::Utilization;
    QElapsedTimer m_sinceAsked;
    QTimer m_askLater;
    QToolButton* m_back;
    QHBoxLayout* m_crumbs;
    QWidget* m_measures;
    QButtonGroup* m_measureButtons;
    QToolButton* m_tableButton;
    QStackedWidget* m_stack; ///< cards, grid, table, or why there is none
    LevelCards* m_cards;
    PoolLists* m_lists;
    QScrollArea* m_scroll;
    ChipGrid* m_grid;
    QTableView* m_tableView;
    ChipTable* m_table;
    QLabel* m_why;
    DevicePanel* m_panel;
};

} // namespace isobar::ui
