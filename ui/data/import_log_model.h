// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/store/store.h"

#include <QAbstractTableModel>

#include <vector>

namespace isobar::ui {

/// The import log of a store, newest first. A thin adaptor over values.
class ImportLogModel final : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { When, File, Format, Hash, Read, Repaired, Quarantined, ColumnCount };

    using QAbstractTableModel::QAbstractTableModel;

    /// In the order of the store: oldest first.
    void setRecords(std::vector<store::ImportRecord> records);
    [[nodiscard]] const store::ImportRecord& at(int row) const { return m_records[static_cast<std::size_t>(row)]; }
    /// The row of an import, -1 when it is not there.
    [[nodiscard]] int rowOf(std::int64_t importId) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

private:
    std::vector<store::ImportRecord> m_records;
};

} // namespace isobar::ui
