// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/ingest/import.h"

#include <QAbstractTableModel>
#include <QString>

#include <optional>
#include <vector>

namespace isobar::ui {

/// One file on its way in.
struct ImportFile {
    enum class State { Waiting, Checking, Checked, Importing, Imported, Stopped, Failed };
    QString path;
    State state = State::Waiting;
    std::optional<ingest::ImportReport> report; ///< of the preview, then of the import
    std::optional<Error> error;
};

/// The files of an import and what was, or would be, read of them. A thin adaptor over values.
class ImportFilesModel final : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { File, Format, Read, Accepted, Repaired, Quarantined, Unchanged, Status, ColumnCount };

    using QAbstractTableModel::QAbstractTableModel;

    /// Adds a file that waits; false when it is there already.
    bool add(const QString& path);
    void set(int row, ImportFile file);
    void setState(int row, ImportFile::State state);
    [[nodiscard]] const std::vector<ImportFile>& files() const { return m_files; }
    [[nodiscard]] const ImportFile& at(int row) const { return m_files[static_cast<std::size_t>(row)]; }
    /// The rows in one of these states, in order.
    [[nodiscard]] std::vector<int> inState(ImportFile::State state) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

private:
    std::vector<ImportFile> m_files;
};

} // namespace isobar::ui
