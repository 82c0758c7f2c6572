// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/data/import_files_model.h"

#include "ui/data/data_words.h"
#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <QBrush>

#include <algorithm>

namespace isobar::ui {
namespace {

bool isCount(int column)
{
    return column >= ImportFilesModel::Read && column <= ImportFilesModel::Unchanged;
}

std::int64_t countOf(const store::ImportRecord& record, int column)
{
    switch (column) {
    case ImportFilesModel::Read:
        return record.rowsRead;
    case ImportFilesModel::Accepted:
        return record.rowsAccepted;
    case ImportFilesModel::Repaired:
        return record.rowsRepaired;
    case ImportFilesModel::Quarantined:
        return record.rowsQuarantined;
    default:
        return record.rowsUnchanged;
    }
}

QString stateText(ImportFile::State state)
{
    switch (state) {
    case ImportFile::State::Waiting:
        return ImportFilesModel::tr("waiting");
    case ImportFile::State::Checking:
        return ImportFilesModel::tr("checking…");
    case ImportFile::State::Checked:
        return ImportFilesModel::tr("ready");
    case ImportFile::State::Importing:
        return ImportFilesModel::tr("importing…");
    case ImportFile::State::Imported:
        return ImportFilesModel::tr("imported");
    case ImportFile::State::Stopped:
        return ImportFilesModel::tr("not imported");
    case ImportFile::State::Failed:
        return ImportFilesModel::tr("failed");
    }
    return {};
}

} // namespace

bool ImportFilesModel::add(const QString& path)
{
    if (std::any_of(m_files.begin(), m_files.end(), [&](const ImportFile& f) { return f.path == path; })) {
        return false;
    }
    const int row = static_cast<int>(m_files.size());
    beginInsertRows({}, row, row);
    m_files.push_back({path, ImportFile::State::Waiting, {}, {}});
    endInsertRows();
    return true;
}

void ImportFilesModel::set(int row, ImportFile file)
{
    m_files[static_cast<std::size_t>(row)] = std::move(file);
    Q_EMIT dataChanged(index(row, 0), index(row, ColumnCount - 1));
}

void ImportFilesModel::setState(int row, ImportFile::State state)
{
    m_files[static_cast<std::size_t>(row)].state = state;
    Q_EMIT dataChanged(index(row, 0), index(row, ColumnCount - 1));
}

std::vector<int> ImportFilesModel::inState(ImportFile::State state) const
{
    std::vector<int> rows;
    for (std::size_t i = 0; i < m_files.size(); ++i) {
        if (m_files[i].state == state) {
            rows.push_back(static_cast<int>(i));
        }
    }
    return rows;
}

int ImportFilesModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_files.size());
}

int ImportFilesModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant ImportFilesModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid()) {
        return {};
    }
    const ImportFile& file = at(index.row());
    const int column = index.column();
    switch (role) {
    case Qt::DisplayRole:
        if (isCount(column)) {
            return file.report ? grouped(static_cast<double>(countOf(file.report->record, column)), 0)
                               : QStringLiteral("–");
        }
        switch (column) {
        case File:
            return fileName(file.path);
        case Format:
            return file.report ? formatTitle(file.report->record.format) : QStringLiteral("–");
        case Status:
            return stateText(file.state);
        default:
            return {};
        }
    case Qt::ToolTipRole:
        return column == File ? file.path.toHtmlEscaped() : QString();
    case Qt::TextAlignmentRole:
        return isCount(column) ? QVariant(Qt::AlignRight | Qt::AlignVCenter)
                               : QVariant(Qt::AlignLeft | Qt::AlignVCenter);
    case Qt::ForegroundRole:
        if (column == Status) {
            return QBrush(file.state == ImportFile::State::Failed ? theme().trouble : theme().muted);
        }
        if (isCount(column)) {
            const bool some = file.report && countOf(file.report->record, column) > 0;
            return QBrush(!some ? theme().faint : column == Quarantined ? theme().trouble : theme().text);
        }
        return QBrush(column == File ? theme().text : theme().muted);
    default:
        return {};
    }
}

QVariant ImportFilesModel::headerData(int section, Qt::Orientation orientation, int role) const
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
    case File:
        return tr("File");
    case Format:
        return tr("Recognised as");
    case Read:
        return tr("Rows read");
    case Accepted:
        return tr("Accepted");
    case Repaired:
        return tr("Repaired");
    case Quarantined:
        return tr("Quarantined");
    case Unchanged:
        return tr("Unchanged");
    case Status:
        return tr("State");
    default:
        return {};
    }
}

} // namespace isobar::ui
