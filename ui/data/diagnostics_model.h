// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/store/store.h"

#include <QAbstractTableModel>

#include <vector>

namespace isobar::ui {

/// Rows of a file that were repaired, left out or noticed. A thin adaptor over values.
class DiagnosticsModel final : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { Line, Field, Rule, Text, Outcome, ColumnCount };
    enum Role { SortRole = Qt::UserRole }; ///< numbers as numbers

    using QAbstractTableModel::QAbstractTableModel;

    void setRows(std::vector<store::Diagnostic> rows);
    [[nodiscard]] const std::vector<store::Diagnostic>& rows() const { return m_rows; }

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

private:
    std::vector<store::Diagnostic> m_rows;
};

} // namespace isobar::ui
