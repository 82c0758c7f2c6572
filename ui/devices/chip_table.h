// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/engine/devices.h"

#include <QAbstractTableModel>

#include <memory>
#include <vector>

namespace isobar::ui {

/// The chips of a pool, or of one of its nodes, as rows. Sorts an order of its own: 100,000 rows are no trouble.
class ChipTable final : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column {
        Chip,
        Node,
        Rack,
        Zone,
        State,
        HeldBy,
        Utilization,
        Memory,
        Power,
        Temperature,
        PaidAs,
        SliceShape,
        Event,
        ColumnCount
    };
    using QAbstractTableModel::QAbstractTableModel;

    /// Chips [first, first + count) of the view; keeps the order by which it was sorted.
    void setView(std::shared_ptr<const Fleet> fleet, std::shared_ptr<const engine::DeviceView> view,
                 std::uint32_t first, std::uint32_t count);
    [[nodiscard]] std::uint32_t chipOf(int row) const { return m_order[static_cast<std::size_t>(row)]; }
    [[nodiscard]] int rowOf(std::uint32_t chip) const; ///< -1 = not here

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;
    void sort(int column, Qt::SortOrder order = Qt::AscendingOrder) override;

private:
    void putInOrder();
    [[nodiscard]] QString cell(std::uint32_t chip, int column) const;

    std::shared_ptr<const Fleet> m_fleet;
    std::shared_ptr<const engine::DeviceView> m_view;
    std::vector<std::uint32_t> m_order;
    int m_column = Chip;
    Qt::SortOrder m_direction = Qt::AscendingOrder;
};

} // namespace isobar::ui
