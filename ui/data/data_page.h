// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/data/import_log_model.h"
#include "ui/session/store_reader.h"
#include "ui/session/session.h"

#include <QStringList>
#include <QWidget>

class QLabel;
class QPushButton;
class QTableView;

namespace isobar::ui {

class CountsPanel;
class DiagnosticsView;
class ImportDialog;
class Notice;

/// The data room: what the store holds, what was imported, and the rows that imports left out. The store is read in the
/// background. Follows the session while it is shown.
class DataPage final : public QWidget {
    Q_OBJECT
public:
    explicit DataPage(Session& session, QWidget* parent = nullptr);

    /// Opens the import dialog over the window; what File > Import and dropped files call. Returns it; it deletes
    /// itself.
    ImportDialog* openImport(const QStringList& paths = {});
    void refresh();

Q_SIGNALS:
    void imported();
    /// Someone wants to replay this trace of the store.
    void replayRequested(const QString& trace);

protected:
    void showEvent(QShowEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    QWidget* makeLog();
    void followSession();
    void showImport();
    [[nodiscard]] QString shownTrace() const;
    void chooseExport();
    void exportCsv(const QString& path);

    Session& m_session;
    StoreReader m_overviewReader, m_rowsReader, m_exportReader;
    ImportLogModel* m_log;
    QLabel* m_where;
    QPushButton* m_replay;
    QPushButton* m_import;
    Notice* m_notice;
    CountsPanel* m_counts;
    QTableView* m_table;
    QLabel* m_logNote;
    QLabel* m_noLog;
    DiagnosticsView* m_rows;
    QPushButton* m_copy;
    QPushButton* m_export;
    std::vector<store::Store::TraceInfo> m_traces; ///< in the store
    std::int64_t m_shownImport = 0;                ///< 0 = none
    bool m_stale = true;
};

} // namespace isobar::ui
