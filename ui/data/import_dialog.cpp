// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/data/import_dialog.h"

#include "ui/data/data_words.h"
#include "ui/data/diagnostics_view.h"
#include "ui/data/notice.h"
#include "ui/shell/format.h"
#include "ui/shell/icon.h"
#include "ui/shell/theme.h"

#include <QDir>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QMimeData>
#include <QProgressBar>
#include <QPushButton>
#include <QStackedWidget>
#include <QStandardPaths>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>

namespace isobar::ui {
namespace {

using State = ImportFile::State;
constexpr int kPerFile = 1000; ///< steps of the progress bar

QLabel* mutedLabel(const QString& text, QWidget* parent)
{
    auto* label = new QLabel(text, parent);
    label->setProperty("muted", true);
    label->setTextFormat(Qt::PlainText);
    return label;
}

QStringList localFiles(const QMimeData* data)
{
    QStringList paths;
    for (const QUrl& url : data->urls()) {
        if (url.isLocalFile()) {
            paths << url.toLocalFile();
        }
    }
    return paths;
}

/// Whether writing this would change the fleet the session shows.
bool bringsFleet(const ingest::ImportReport& report)
{
    return report.record.format == ingest::formatName(ingest::Format::FleetText) &&
           report.record.rowsAccepted + report.record.rowsRepaired > 0;
}

} // namespace

QString defaultStorePath()
{
    const QDir folder(QStandardPaths::writableLocation(QStandardPaths::AppDataLocation));
    QString path = folder.filePath(QStringLiteral("fleet.isobar"));
    for (int i = 2; QFileInfo::exists(path); ++i) {
        path = folder.filePath(QStringLiteral("fleet-%1.isobar").arg(i));
    }
    return path;
}

ImportDialog::ImportDialog(Session& session, const QStringList& paths, QWidget* parent, ImportJob::Importer importer)
    : QDialog(parent)
    , m_session(session)
    , m_job(nullptr, std::move(importer))
    , m_files(new ImportFilesModel(this))
    , m_target(mutedLabel({}, this))
    , m_notice(new Notice(this))
    , m_saveStore(m_notice->addButton(tr("Save the sample as a store…"), QStringLiteral("importSaveStore")))
    , m_defaultStore(m_notice->addButton(tr("Use the default place"), QStringLiteral("importDefaultStore")))
    , m_pages(new QStackedWidget(this))
    , m_table(new QTableView(this))
    , m_diagnostics(new DiagnosticsView(this))
    , m_progress(new QProgressBar(this))
    , m_progressText(mutedLabel({}, this))
    , m_choose(new QPushButton(tr("Add files…"), this))
    , m_cancel(new QPushButton(tr("Cancel"), this))
    , m_accept(new QPushButton(this))
{
    setObjectName(QStringLiteral("importDialog"));
    setWindowTitle(tr("Import"));
    setAcceptDrops(true);
    setMinimumSize(760, 520);
    resize(980, 660);

    auto* title = new QLabel(tr("Import"), this);
    title->setFont(ui::font(TextRole::Title));
    m_choose->setObjectName(QStringLiteral("importChoose"));
    m_choose->setAutoDefault(false);
    auto* top = new QHBoxLayout;
    top->setSpacing(8);
    top->addWidget(title);
    top->addWidget(m_target, 1);
    top->addWidget(m_choose);

    m_pages->addWidget(makeEmpty());
    m_pages->addWidget(makeFiles());

    m_notice->setObjectName(QStringLiteral("importNotice"));
    m_progress->setObjectName(QStringLiteral("importProgress"));
    m_progress->setAccessibleName(tr("Progress of the import"));
    m_progress->setTextVisible(false);
    m_progress->setFixedHeight(6);
    QSizePolicy keepsRoom = m_progress->sizePolicy();
    keepsRoom.setRetainSizeWhenHidden(true);
    m_progress->setSizePolicy(keepsRoom);
    m_progressText->setObjectName(QStringLiteral("importProgressText"));
    m_progressText->setFont(ui::font(TextRole::Secondary));
    m_progressText->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_cancel->setObjectName(QStringLiteral("importCancel"));
    m_cancel->setAutoDefault(false);
    m_accept->setObjectName(QStringLiteral("importAccept"));
    m_accept->setProperty("primary", true);
    m_accept->setDefault(true);
    auto* words = new QVBoxLayout;
    words->setSpacing(6);
    words->addStretch(1); // on a line with the buttons, with or without the bar
    words->addWidget(m_progressText);
    words->addWidget(m_progress);
    words->addStretch(1);
    auto* bottom = new QHBoxLayout;
    bottom->setSpacing(8);
    bottom->addLayout(words, 1);
    bottom->addSpacing(16);
    bottom->addWidget(m_cancel);
    bottom->addWidget(m_accept);

    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(16, 14, 16, 14);
    column->setSpacing(Theme::kGutter);
    column->addLayout(top);
    column->addWidget(m_notice);
    column->addWidget(m_pages, 1);
    column->addLayout(bottom);

    connect(m_choose, &QPushButton::clicked, this, &ImportDialog::chooseFiles);
    connect(m_cancel, &QPushButton::clicked, this, &ImportDialog::reject);
    connect(m_accept, &QPushButton::clicked, this, &ImportDialog::accept);
    connect(m_saveStore, &QPushButton::clicked, this, &ImportDialog::chooseStore);
    connect(m_defaultStore, &QPushButton::clicked, this, [this] { saveStore(defaultStorePath()); });
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this, &ImportDialog::showFile);
    connect(&m_job, &ImportJob::progressed, this, [this](int file, const Progress& progress) {
        const auto files = static_cast<int>(m_running.size());
        const bool known = progress.total > 0;
        m_progress->setRange(0, known || files > 1 ? files * kPerFile : 0); // 0 to 0: busy, of unknown length
        const double part = known ? static_cast<double>(progress.done) / static_cast<double>(progress.total) : 0;
        m_progress->setValue(file * kPerFile + static_cast<int>(std::clamp(part, 0.0, 1.0) * kPerFile));
        QString text = QString::fromStdString(progress.stage);
        if (known) {
            text += QStringLiteral(" · ") + percent(std::clamp(part, 0.0, 1.0), 0).joined();
        }
        if (m_stage != Stage::Stopping) {
            m_progressText->setText(text);
        }
        const State now = m_stage == Stage::Previewing ? State::Checking : State::Importing;
        if (const int row = m_running[static_cast<std::size_t>(file)]; m_files->at(row).state != now) {
            m_files->setState(row, now);
        }
    });
    connect(&m_job, &ImportJob::fileDone, this, &ImportDialog::fileDone);
    connect(&m_job, &ImportJob::storeFailed, this, [this](const Error& error) { m_notice->say(error); });
    connect(&m_job, &ImportJob::finished, this, &ImportDialog::jobFinished);
    addFiles(paths);
    showControls();
}

QWidget* ImportDialog::makeEmpty()
{
    auto* page = new QFrame(this);
    page->setProperty("panel", true);
    auto* picture = new QLabel(page);
    const auto paint = [picture] {
        picture->setPixmap(
            icon(QStringLiteral("import"), theme().muted).pixmap(QSize(40, 40), picture->devicePixelRatioF()));
    };
    paint();
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, picture, paint);
    auto* heading = new QLabel(tr("Choose files, or drop them here"), page);
    heading->setFont(ui::font(TextRole::Title));
    QLabel* hint =
        mutedLabel(tr("Prices (SkyPilot catalogues), request traces (Azure LLM, BurstGPT, Mooncake, ServeGen),\n"
                      "measured runs (vLLM, MLPerf), model configurations, systems and Isobar fleet files\n"
                      "are recognised by what is in them. You see first what would be read;\n"
                      "nothing is written until you accept."),
                   page);
    hint->setAlignment(Qt::AlignCenter);
    auto* choose = new QPushButton(tr("Choose files…"), page);
    choose->setObjectName(QStringLiteral("importChooseFirst"));
    choose->setProperty("primary", true);
    choose->setAutoDefault(false);
    connect(choose, &QPushButton::clicked, this, &ImportDialog::chooseFiles);
    auto* column = new QVBoxLayout(page);
    column->setSpacing(12);
    column->addStretch(1);
    for (QWidget* part : {static_cast<QWidget*>(picture), static_cast<QWidget*>(heading), static_cast<QWidget*>(hint),
                          static_cast<QWidget*>(choose)}) {
        column->addWidget(part, 0, Qt::AlignHCenter);
    }
    column->addStretch(1);
    return page;
}

QWidget* ImportDialog::makeFiles()
{
    auto* page = new QWidget(this);
    auto* list = new QFrame(page);
    list->setProperty("panel", true);
    auto* inside = new QVBoxLayout(list);
    inside->setContentsMargins(1, 4, 1, 4);
    inside->addWidget(m_table);
    m_table->setObjectName(QStringLiteral("importFiles"));
    m_table->setModel(m_files);
    setUpTable(*m_table, tr("Files to import"), ImportFilesModel::File);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    for (int column = ImportFilesModel::Read; column <= ImportFilesModel::Unchanged; ++column) {
        m_table->setColumnWidth(column, 96);
    }
    m_table->setColumnWidth(ImportFilesModel::Format, 140);
    m_table->setColumnWidth(ImportFilesModel::Status, 110);

    auto* rows = new QFrame(page);
    rows->setProperty("panel", true);
    auto* rowsInside = new QVBoxLayout(rows);
    rowsInside->setContentsMargins(0, 0, 0, 0);
    rowsInside->addWidget(m_diagnostics);
    m_diagnostics->setObjectName(QStringLiteral("importDiagnostics"));

    auto* column = new QVBoxLayout(page);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(Theme::kGutter);
    column->addWidget(list, 2);
    column->addWidget(rows, 5);
    return page;
}

QString ImportDialog::noticeText() const
{
    return m_notice->isHidden() ? QString() : m_notice->text();
}

void ImportDialog::addFiles(const QStringList& paths)
{
    if (m_stage == Stage::Importing || m_stage == Stage::Stopping || m_stage == Stage::Finished) {
        return;
    }
    bool added = false;
    for (const QString& path : paths) {
        added = m_files->add(path) || added;
    }
    if (!added) {
        return;
    }
    if (!m_table->currentIndex().isValid()) {
        m_table->setCurrentIndex(m_files->index(0, 0));
    }
    preview();
}

void ImportDialog::chooseFiles()
{
    auto* files = new QFileDialog(this, tr("Choose files to import"));
    files->setAttribute(Qt::WA_DeleteOnClose);
    files->setOption(QFileDialog::DontUseNativeDialog);
    files->setFileMode(QFileDialog::ExistingFiles);
    connect(files, &QFileDialog::filesSelected, this, &ImportDialog::addFiles);
    files->open();
}

void ImportDialog::chooseStore()
{
    auto* files = new QFileDialog(this, tr("Save the sample as a store"));
    files->setAttribute(Qt::WA_DeleteOnClose);
    files->setOption(QFileDialog::DontUseNativeDialog);
    // A file that is there is never replaced; that is told in the dialog, not asked in a box over a box.
    files->setOption(QFileDialog::DontConfirmOverwrite);
    files->setAcceptMode(QFileDialog::AcceptSave);
    files->setNameFilter(tr("Isobar stores (*.isobar)"));
    files->setDefaultSuffix(QStringLiteral("isobar"));
    files->selectFile(QStringLiteral("fleet.isobar"));
    connect(files, &QFileDialog::fileSelected, this, &ImportDialog::saveStore);
    files->open();
}

void ImportDialog::saveStore(const QString& path)
{
    QDir().mkpath(QFileInfo(path).absolutePath()); // a failure shows as one of saving
    if (const Status saved = m_session.saveAs(toPath(path)); !saved) {
        m_notice->say(saved.error());
        return;
    }
    Q_EMIT storeSaved();
    preview();
}

/// Reads all files that wait; what is checked already stays.
void ImportDialog::preview()
{
    m_notice->clear();
    m_job.abandon();
    settleStates(State::Checking, State::Waiting);
    if (m_session.store() == nullptr) {
        m_stage = Stage::NeedsStore;
        m_notice->say(
            Notice::Tone::Hint, tr("Imported data needs a store to be kept in."),
            tr("You are looking at the bundled sample, which is part of the program. Save it as a store, a file "
               "of yours, and the import goes on from there."));
        showControls();
        return;
    }
    m_running = m_files->inState(State::Waiting);
    ImportJob::Files files;
    for (const int row : m_running) {
        files.push_back(toPath(m_files->at(row).path));
    }
    m_stage = Stage::Previewing;
    m_job.start(ImportMode::Preview, m_session.store()->path(), files);
    showControls();
}

void ImportDialog::accept()
{
    const std::vector<int> ready = m_files->inState(State::Checked);
    if (m_stage == Stage::Finished || (m_stage == Stage::Previewed && ready.empty())) {
        settleStates(State::Failed, State::Waiting);
        settleStates(State::Stopped, State::Waiting);
        preview();
        return;
    }
    if (m_stage != Stage::Previewed) {
        return;
    }
    m_notice->clear();
    m_running = ready;
    m_fleetCame = false;
    ImportJob::Files files;
    for (const int row : ready) {
        files.push_back(toPath(m_files->at(row).path));
    }
    m_stage = Stage::Importing;
    m_job.start(ImportMode::Import, m_session.store()->path(), files);
    showControls();
}

void ImportDialog::reject()
{
    if (m_stage == Stage::Importing || m_stage == Stage::Stopping) {
        m_job.cancel();
        m_stage = Stage::Stopping;
        showControls();
        return;
    }
    m_job.abandon();
    QDialog::done(m_stage == Stage::Finished ? Accepted : Rejected);
}

void ImportDialog::fileDone(int file, const Result<ingest::ImportReport>& result)
{
    const int row = m_running[static_cast<std::size_t>(file)];
    ImportFile now = m_files->at(row);
    if (result) {
        now.report = *result;
        now.error.reset();
        now.state = m_stage == Stage::Previewing ? State::Checked : State::Imported;
        m_fleetCame = m_fleetCame || (now.state == State::Imported && bringsFleet(*result));
    } else if (result.error().code == ErrorCode::Cancelled) {
        now.state = State::Stopped;
    } else {
        now.error = result.error();
        now.report.reset();
        now.state = State::Failed;
    }
    m_files->set(row, std::move(now));
    if (m_table->currentIndex().row() == row) {
        showFile();
    }
}

void ImportDialog::settleStates(State running, State becomes)
{
    for (const int row : m_files->inState(running)) {
        m_files->setState(row, becomes);
    }
}

void ImportDialog::jobFinished(bool cancelled)
{
    if (m_stage == Stage::Previewing) {
        settleStates(State::Checking, State::Waiting);
        m_stage = Stage::Previewed;
        tellPreview();
        showControls();
        return;
    }
    m_stage = Stage::Finished;
    // What was ready and was not reached, or was broken off, is not in the store.
    settleStates(State::Importing, State::Stopped);
    for (const int row : m_running) {
        if (m_files->at(row).state == State::Checked) {
            m_files->setState(row, State::Stopped);
        }
    }
    tellResult(cancelled);
    showControls();
    showFile();
}

void ImportDialog::tellPreview()
{
    const std::vector<int> failed = m_files->inState(State::Failed);
    if (m_session.store()->isReadOnly()) {
        m_notice->say(Notice::Tone::Caution,
                      tr("This store is read-only: the files were checked but cannot be imported."),
                      tr("Make the file and its folder writable, or save the fleet as a new store."));
    } else if (!failed.empty()) {
        m_notice->say(*m_files->at(failed.front()).error);
        m_table->setCurrentIndex(m_files->index(failed.front(), 0));
    }
}

void ImportDialog::tellResult(bool cancelled)
{
    std::vector<int> done;
    for (const int row : m_running) {
        if (m_files->at(row).state == State::Imported) {
            done.push_back(row);
        }
    }
    const QString files = counted(static_cast<std::int64_t>(m_running.size()), tr("file"), tr("files"));
    for (const int row : m_running) {
        if (m_files->at(row).state == State::Failed) {
            m_notice->say(*m_files->at(row).error);
            break;
        }
    }
    if (cancelled) {
        m_notice->say(
            Notice::Tone::Caution,
            done.empty() ? tr("Cancelled: nothing was imported.")
                         : tr("Cancelled: %1 of %2 were imported.").arg(done.size()).arg(files),
            tr("Every file goes in whole or not at all; the store is as it was but for what is listed as imported."));
    }
    if (m_fleetCame) {
        if (const Status loaded = m_session.reload(); !loaded) {
            m_notice->say(loaded.error());
        }
    }
    if (!done.empty()) {
        Q_EMIT imported();
    }
}

void ImportDialog::showFile()
{
    const int row = m_table->currentIndex().row();
    if (row < 0) {
        return;
    }
    const ImportFile& file = m_files->at(row);
    QString empty;
    if (file.error) {
        empty = errorSentence(*file.error) + QLatin1Char('\n') + adviceSentence(*file.error);
    } else if (file.report) {
        empty = file.report->record.rowsUnchanged == file.report->record.rowsRead
                    ? tr("Every row of this file is in the store already.")
                    : tr("Every row was read as it stands: nothing to look at.");
    }
    if (file.state == State::Waiting) {
        empty =
            m_stage == Stage::NeedsStore ? tr("Checked as soon as there is a store.") : tr("Waiting to be checked.");
    }
    m_diagnostics->showRows(fileName(file.path),
                            file.report ? file.report->diagnostics : std::vector<store::Diagnostic>{},
                            file.report ? file.report->diagnosticsTotal : 0, empty);
}

/// Texts and buttons for where the work stands.
void ImportDialog::showControls()
{
    const bool anyFiles = m_files->rowCount() > 0;
    if (!anyFiles) {
        m_stage = Stage::Choosing;
    }
    const bool running = m_job.isRunning();
    m_pages->setCurrentIndex(anyFiles ? 1 : 0);
    m_target->setText(m_session.store() != nullptr ? tr("into %1").arg(pathText(m_session.store()->path()))
                                                   : QString());
    m_choose->setVisible(anyFiles && m_stage != Stage::Finished);
    m_choose->setEnabled(m_stage != Stage::Importing && m_stage != Stage::Stopping);
    m_saveStore->setVisible(m_stage == Stage::NeedsStore);
    m_defaultStore->setVisible(m_stage == Stage::NeedsStore);
    m_defaultStore->setToolTip(defaultStorePath());
    m_progress->setVisible(running);
    if (m_stage == Stage::NeedsStore) {
        showFile();
    }
    if (running) {
        m_progress->setRange(0, 0);
    }

    const auto ready = static_cast<std::int64_t>(m_files->inState(State::Checked).size());
    const bool retry = (m_stage == Stage::Previewed && ready == 0) ||
                       (m_stage == Stage::Finished &&
                        (!m_files->inState(State::Failed).empty() || !m_files->inState(State::Stopped).empty()));
    const bool writable = m_session.store() != nullptr && !m_session.store()->isReadOnly();
    const QString files = counted(std::max<std::int64_t>(ready, 1), tr("file"), tr("files"));
    m_accept->setText(retry ? tr("Check again")
                      : ready < m_files->rowCount() && ready > 0 && m_stage == Stage::Previewed
                          ? tr("Import %1 of %2").arg(ready).arg(counted(m_files->rowCount(), tr("file"), tr("files")))
                          : tr("Import %1").arg(files));
    m_accept->setEnabled(retry || (m_stage == Stage::Previewed && ready > 0 && writable));
    m_accept->setVisible(anyFiles && (m_stage != Stage::Finished || retry));
    m_cancel->setText(m_stage == Stage::Finished   ? tr("Close")
                      : m_stage == Stage::Stopping ? tr("Cancelling…")
                                                   : tr("Cancel"));
    m_cancel->setEnabled(m_stage != Stage::Stopping);

    switch (m_stage) {
    case Stage::Choosing:
    case Stage::NeedsStore:
        m_progressText->setText(tr("Nothing is written until you accept."));
        break;
    case Stage::Previewing:
        m_progressText->setText(tr("Checking…"));
        break;
    case Stage::Previewed:
        m_progressText->setText(tr("Checked only: nothing has been written yet."));
        break;
    case Stage::Importing:
        m_progressText->setText(tr("Importing…"));
        break;
    case Stage::Stopping:
        m_progressText->setText(tr("Rolling back the file at hand…"));
        break;
    case Stage::Finished: {
        std::int64_t written = 0, quarantined = 0, unchanged = 0;
        for (const int row : m_files->inState(State::Imported)) {
            const store::ImportRecord& record = m_files->at(row).report->record;
            written += record.rowsAccepted + record.rowsRepaired;
            quarantined += record.rowsQuarantined;
            unchanged += record.rowsUnchanged;
        }
        m_progressText->setText(tr("%1 written, %2 quarantined, %3 there already.")
                                    .arg(counted(written, tr("row"), tr("rows")),
                                         grouped(static_cast<double>(quarantined), 0),
                                         grouped(static_cast<double>(unchanged), 0)));
        break;
    }
    }
}

void ImportDialog::dragEnterEvent(QDragEnterEvent* event)
{
    if (!localFiles(event->mimeData()).isEmpty()) {
        event->acceptProposedAction();
    }
}

void ImportDialog::dropEvent(QDropEvent* event)
{
    event->acceptProposedAction();
    addFiles(localFiles(event->mimeData()));
}

} // namespace isobar::ui
