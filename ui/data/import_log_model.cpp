// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/data/import_log_model.h"

#include "ui/data/data_words.h"
#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <QBrush>

#include <algorithm>

namespace isobar::ui {
namespace {

bool isCount(int column)
{
    return column >= ImportLogModel::Read && column <= ImportLogModel::Quarantined;
}

std::int64_t countOf(const store::ImportRecord& record, int column)
{
    return column == ImportLogModel::Read       ? record.rowsRead
           : column == ImportLogModel::Repaired ? record.rowsRepaired
                                                : record.rowsQuarantined;
}

} // namespace

void ImportLogModel::setRecords(std::vector<store::ImportRecord> records)
{
    beginResetModel();
    m_records = std::move(records);
    std::reverse(m_records.begin(), m_records.end());
    endResetModel();
}

int ImportLogModel::rowOf(std::int64_t importId) const
{
    const auto at = std::find_if(m_records.begin(), m_records.end(), [&](const auto& r) { return r.id == importId; });
    return at == m_records.end() ? -1 : static_cast<int>(at - m_records.begin());
}

int ImportLogModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_records.size());
}

int ImportLogModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant ImportLogModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid()) {
        return {};
    }
    const store::ImportRecord& record = at(index.row());
    const int column = index.column();
    switch (role) {
    case Qt::DisplayRole:
        if (isCount(column)) {
            return grouped(static_cast<double>(countOf(record, column)), 0);
        }
        switch (column) {
        case When:
            return whenText(record.importedAtUtc);
        case File:
            return fileName(QString::fromStdString(record.path));
        case Format:
            return formatTitle(record.format);
        case Hash:
            return shortHash(record.sha256);
        default:
            return {};
        }
    case Qt::ToolTipRole:
        return column == File   ? QString::fromStdString(record.path).toHtmlEscaped()
               : column == Hash ? tr("SHA-256 of the file: %1").arg(QString::fromStdString(record.sha256))
                                : QString();
    case Qt::TextAlignmentRole:
        return isCount(column) ? QVariant(Qt::AlignRight | Qt::AlignVCenter)
                               : QVariant(Qt::AlignLeft | Qt::AlignVCenter);
    case Qt::ForegroundRole:
        if (isCount(column)) {
            return QBrush(countOf(record, column) == 0 ? theme().faint
                          : column == Quarantined      ? theme().trouble
                                                       : theme().text);
        }
        return QBrush(column == File ? theme().text : theme().muted);
    default:
        return {};
    }
}

QVariant ImportLogModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal) {
        return {};
    }
    if (role == Qt::TextAlignmentRole) {
        return isCount(section) ? QVariant(Qt::AlignRight | Qt::AlignVCenter)
                                : QVariant(Qt::AlignLeft | Qt::AlignVCenter);
    }
    if (role != Qt::DisplayRole) {
        return {};
    }
    switch (section) {
    case When:
        return tr("Imported");
    case File:
        return tr("File");
    case Format:
        return tr("Format");
    case Hash:
        return tr("Hash");
    case Read:
        return tr("Rows");
    case Repaired:
        return tr("Repaired");
    case Quarantined:
        return tr("Quarantined");
    default:
        return {};
    }
}

} // namespace isobar::ui
