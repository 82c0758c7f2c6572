// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/data/diagnostics_model.h"

#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <QBrush>

namespace isobar::ui {

void DiagnosticsModel::setRows(std::vector<store::Diagnostic> rows)
{
    beginResetModel();
    m_rows = std::move(rows);
    endResetModel();
}

int DiagnosticsModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int DiagnosticsModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant DiagnosticsModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid()) {
        return {};
    }
    const store::Diagnostic& row = m_rows[static_cast<std::size_t>(index.row())];
    switch (role) {
    case Qt::DisplayRole:
        switch (index.column()) {
        case Line:
            return row.line > 0 ? grouped(static_cast<double>(row.line), 0) : QStringLiteral("–");
        case Field:
            return row.column > 0 ? QString::number(row.column) : tr("row");
        case Rule:
            return QString::fromStdString(row.rule);
        case Text:
            return QString::fromStdString(row.text);
        case Outcome:
            return row.quarantined ? tr("quarantined") : tr("kept");
        default:
            return {};
        }
    case SortRole:
        switch (index.column()) {
        case Line:
            return static_cast<qlonglong>(row.line);
        case Field:
            return static_cast<qlonglong>(row.column);
        default:
            return data(index, Qt::DisplayRole);
        }
    case Qt::ToolTipRole:
        return index.column() == Text ? QString::fromStdString(row.text).toHtmlEscaped() : QString();
    case Qt::TextAlignmentRole:
        return index.column() == Line || index.column() == Field ? QVariant(Qt::AlignRight | Qt::AlignVCenter)
                                                                 : QVariant(Qt::AlignLeft | Qt::AlignVCenter);
    case Qt::ForegroundRole:
        if (index.column() == Outcome) {
            return QBrush(row.quarantined ? theme().trouble : theme().muted);
        }
        return index.column() == Text ? QVariant(QBrush(theme().text)) : QVariant(QBrush(theme().muted));
    default:
        return {};
    }
}

QVariant DiagnosticsModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal) {
        return {};
    }
    if (role == Qt::TextAlignmentRole) {
        return section == Line || section == Field ? QVariant(Qt::AlignRight | Qt::AlignVCenter)
                                                   : QVariant(Qt::AlignLeft | Qt::AlignVCenter);
    }
    if (role != Qt::DisplayRole) {
        return {};
    }
    switch (section) {
    case Line:
        return tr("Line");
    case Field:
        return tr("Field");
    case Rule:
        return tr("Rule");
    case Text:
        return tr("What is there, and why it matters");
    case Outcome:
        return tr("Row");
    default:
        return {};
    }
}

} // namespace isobar::ui
