// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/data/import_files_model.h"
#include "ui/data/import_job.h"
#include "ui/session/session.h"

#include <QDialog>
#include <QStringList>

class QLabel;
class QProgressBar;
class QPushButton;
class QStackedWidget;
class QTableView;

namespace isobar::ui {

class DiagnosticsView;
class Notice;

/// File > Import: files are read and checked in the background and shown row by row; nothing is written before Accept.
/// Accept writes, one transaction a file, also in the background. On the bundled sample it first offers to save it as a
/// store. Errors are told in the dialog. Open it with open() or show(); it never blocks.
class ImportDialog final : public QDialog {
    Q_OBJECT
public:
    /// `paths` may be empty: the dialog then asks for files, and takes dropped ones.
    ImportDialog(Session& session, const QStringList& paths, QWidget* parent = nullptr,
                 ImportJob::Importer importer = ingest::importFile);

    /// Where the work stands.
    enum class Stage { Choosing, NeedsStore, Previewing, Previewed, Importing, Stopping, Finished };
    [[nodiscard]] Stage stage() const { return m_stage; }
    [[nodiscard]] const ImportFilesModel& files() const { return *m_files; }
    /// What the notice says; empty when nothing is.
    [[nodiscard]] QString noticeText() const;

    void addFiles(const QStringList& paths);
    /// Saves what is open as a new store at `path`, then goes on with the files.
    void saveStore(const QString& path);

    /// While importing: stops the import and stays, to say what was written. Otherwise closes at once.
    void reject() override;
    /// Writes what the preview showed, or checks again what failed.
    void accept() override;

Q_SIGNALS:
    /// At least one file was written. An imported fleet has been loaded into the session already.
    void imported();
    /// The sample was saved as a store, which the session now works in.
    void storeSaved();

protected:
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    QWidget* makeEmpty();
    QWidget* makeFiles();
    void chooseFiles();
    void chooseStore();
    void preview();

    void fileDone(int file, const Result<ingest::ImportReport>& result);
    void jobFinished(bool cancelled);
    void settleStates(ImportFile::State running, ImportFile::State becomes);
    void tellResult(bool cancelled);
    void tellPreview();
    void showFile();
    void showControls();

    Session& m_session;
    ImportJob m_job;
    Stage m_stage = Stage::Choosing;
    std::vector<int> m_running; ///< the rows the job works on, in its order
    bool m_fleetCame = false;
    ImportFilesModel* m_files;
    QLabel* m_target;
    Notice* m_notice;
    QPushButton* m_saveStore;
    QPushButton* m_defaultStore;
    QStackedWidget* m_pages;
    QTableView* m_table;
    DiagnosticsView* m_diagnostics;
    QProgressBar* m_progress;
    QLabel* m_progressText;
    QPushButton* m_choose;
    QPushButton* m_cancel;
    QPushButton* m_accept;
};

/// A free path for a store in the folder of the application's data.
[[nodiscard]] QString defaultStorePath();

} // namespace isobar::ui
