// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/query/query.h"
#include "model/store/sql.h"

#include <QAbstractTableModel>
#include <QSortFilterProxyModel>

namespace isobar::ui {

/// The cells of a question's answer: names as text, numbers as numbers, what is undefined as NULL. Columns are named as
/// in report::toCsv(), with units.
[[nodiscard]] store::SqlTable cellsOf(const query::Table& table);

/// Rows of SQL values. Numbers are shown with six digits; the tooltip and copies have all of them.
class ResultModel final : public QAbstractTableModel {
    Q_OBJECT
public:
    using QAbstractTableModel::QAbstractTableModel;
    static constexpr int kSortRole = Qt::UserRole; ///< the value: QVariant() for NULL, a number, or text

    void setTable(store::SqlTable table);
    [[nodiscard]] const store::SqlTable& table() const { return m_table; }

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const final;
    [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const final;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const final;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const final;

private:
    store::SqlTable m_table;
    std::vector<bool> m_isNumber; ///< by column: right-aligned
};

/// Sorts by value: NULL first, then numbers, then text.
class ResultOrder final : public QSortFilterProxyModel {
public:
    using QSortFilterProxyModel::QSortFilterProxyModel;

protected:
    [[nodiscard]] bool lessThan(const QModelIndex& left, const QModelIndex& right) const final;
};

} // namespace isobar::ui
