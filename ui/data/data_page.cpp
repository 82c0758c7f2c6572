// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/data/data_page.h"

#include "model/report/table_writer.h"
#include "ui/data/counts_panel.h"
#include "ui/data/data_words.h"
#include "ui/data/diagnostics_view.h"
#include "ui/data/import_dialog.h"
#include "ui/data/notice.h"
#include "ui/shell/format.h"
#include "ui/shell/icon.h"
#include "ui/shell/theme.h"

#include <QDragEnterEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QMimeData>
#include <QPushButton>
#include <QSplitter>
#include <QTableView>
#include <QVBoxLayout>

#include <limits>

namespace isobar::ui {
namespace {

constexpr std::int64_t kShownRows = 5000;

struct Overview {
    store::Counts counts;
    std::vector<store::ImportRecord> imports;
    std::vector<store::Store::TraceInfo> traces;
};

Result<Overview> readOverview(store::Store& store)
{
    Overview overview;
    ISOBAR_TRY_ASSIGN(overview.counts, store.counts());
    ISOBAR_TRY_ASSIGN(overview.imports, store.imports());
    ISOBAR_TRY_ASSIGN(overview.traces, store.traces());
    return overview;
}

} // namespace

DataPage::DataPage(Session& session, QWidget* parent)
    : QWidget(parent)
    , m_session(session)
    , m_log(new ImportLogModel(this))
    , m_where(new QLabel(this))
    , m_replay(new QPushButton(tr("Replay trace…"), this))
    , m_import(new QPushButton(tr("Import…"), this))
    , m_notice(new Notice(this))
    , m_counts(new CountsPanel(this))
    , m_table(new QTableView(this))
    , m_logNote(new QLabel(this))
    , m_noLog(new QLabel(this))
    , m_rows(new DiagnosticsView(this))
    , m_copy(new QPushButton(tr("Copy"), this))
    , m_export(new QPushButton(tr("Export CSV…"), this))
{
    setObjectName(QStringLiteral("dataPage"));
    setAccessibleName(tr("Data"));
    setAcceptDrops(true);

    auto* title = new QLabel(tr("Data"), this);
    title->setFont(ui::font(TextRole::Title));
    m_where->setProperty("muted", true);
    m_where->setTextFormat(Qt::PlainText);
    m_where->setObjectName(QStringLiteral("dataWhere"));
    m_replay->setObjectName(QStringLiteral("dataReplay"));
    m_replay->setAccessibleName(tr("Replay the trace of the selected import"));
    m_replay->setVisible(false);
    m_import->setObjectName(QStringLiteral("dataImport"));
    m_import->setAccessibleName(tr("Import files"));
    m_import->setProperty("primary", true);
    auto* top = new QHBoxLayout;
    top->setSpacing(8);
    top->addWidget(title);
    top->addWidget(m_where, 1);
    top->addWidget(m_replay);
    top->addWidget(m_import);

    m_counts->setFixedWidth(250);
    auto* rows = new QFrame(this);
    rows->setProperty("panel", true);
    auto* inside = new QVBoxLayout(rows);
    inside->setContentsMargins(0, 0, 0, 0);
    inside->addWidget(m_rows);
    m_rows->setObjectName(QStringLiteral("dataRows"));
    m_rows->hideOutcome();
    m_copy->setObjectName(QStringLiteral("dataCopy"));
    m_copy->setAccessibleName(tr("Copy the quarantined rows shown"));
    m_copy->setToolTip(tr("The selected rows, or all that are shown"));
    m_export->setObjectName(QStringLiteral("dataExport"));
    m_export->setAccessibleName(tr("Export all quarantined rows of this import as CSV"));
    m_rows->addTool(m_copy);
    m_rows->addTool(m_export);

    auto* split = new QSplitter(Qt::Vertical, this);
    split->setHandleWidth(Theme::kGutter);
    split->setChildrenCollapsible(false);
    split->addWidget(makeLog());
    split->addWidget(rows);
    split->setStretchFactor(0, 2);
    split->setStretchFactor(1, 3);
    split->setSizes({400, 600});
    auto* body = new QHBoxLayout;
    body->setSpacing(Theme::kGutter);
    body->addWidget(m_counts);
    body->addWidget(split, 1);
    m_notice->setObjectName(QStringLiteral("dataNotice"));

    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(12, 10, 12, 12);
    column->setSpacing(Theme::kGutter);
    column->addLayout(top);
    column->addWidget(m_notice);
    column->addLayout(body, 1);

    connect(m_import, &QPushButton::clicked, this, [this] { openImport(); });
    connect(m_replay, &QPushButton::clicked, this, [this] { Q_EMIT replayRequested(shownTrace()); });
    connect(m_copy, &QPushButton::clicked, m_rows, &DiagnosticsView::copy);
    connect(m_export, &QPushButton::clicked, this, &DataPage::chooseExport);
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this, &DataPage::showImport);
    connect(&m_session, &Session::opened, this, &DataPage::followSession);
    connect(&m_session, &Session::placementsChanged, this, &DataPage::followSession);
    followSession();
}

QWidget* DataPage::makeLog()
{
    auto* panel = new QFrame(this);
    panel->setProperty("panel", true);
    auto* heading = new QLabel(tr("Import log"), panel);
    heading->setFont(ui::font(TextRole::Strong));
    m_logNote->setProperty("muted", true);
    m_logNote->setFont(ui::font(TextRole::Secondary));
    m_noLog->setProperty("muted", true);
    m_noLog->setAlignment(Qt::AlignCenter);
    m_noLog->setWordWrap(true);
    m_noLog->setObjectName(QStringLiteral("dataNoLog"));
    m_table->setObjectName(QStringLiteral("dataLog"));
    m_table->setModel(m_log);
    setUpTable(*m_table, tr("Import log"), ImportLogModel::File);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setColumnWidth(ImportLogModel::When, 184);
    m_table->setColumnWidth(ImportLogModel::Format, 130);
    m_table->setColumnWidth(ImportLogModel::Hash, 110);
    for (int column = ImportLogModel::Read; column <= ImportLogModel::Quarantined; ++column) {
        m_table->setColumnWidth(column, 96);
    }
    auto* top = new QHBoxLayout;
    top->setContentsMargins(Theme::kPadding - kTableInset, 10, Theme::kPadding - kTableInset, 0);
    top->setSpacing(10);
    top->addWidget(heading);
    top->addWidget(m_logNote, 1);
    auto* column = new QVBoxLayout(panel);
    column->setContentsMargins(1 + kTableInset, 1, 1 + kTableInset, 8);
    column->setSpacing(8);
    column->addLayout(top);
    column->addWidget(m_table, 1);
    column->addWidget(m_noLog, 1);
    return panel;
}

ImportDialog* DataPage::openImport(const QStringList& paths)
{
    auto* dialog = new ImportDialog(m_session, paths, window());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &ImportDialog::storeSaved, this, &DataPage::refresh);
    connect(dialog, &ImportDialog::imported, this, [this] {
        m_shownImport = 0; // so that the newest is shown
        refresh();
        Q_EMIT imported();
    });
    dialog->open();
    return dialog;
}

void DataPage::followSession()
{
    m_stale = true;
    if (isVisible()) {
        refresh();
    }
}

void DataPage::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    if (m_stale) {
        refresh();
    }
}

void DataPage::refresh()
{
    if (!m_session.isOpen()) {
        return;
    }
    m_stale = false;
    m_notice->clear();
    if (m_session.store() == nullptr) {
        m_overviewReader.forget();
        m_counts->setCounts(countsOf(m_session.fleet()));
        m_where->setText(tr("%1, bundled with the program").arg(QString::fromStdString(m_session.fleet().name)));
        m_log->setRecords({});
        m_noLog->setText(tr("The bundled sample is not kept in a store, so nothing has been imported into it.\n"
                            "Import… offers to save it as a store, a file of yours, and goes on from there."));
        m_table->hide();
        m_noLog->show();
        m_logNote->clear();
        m_shownImport = 0;
        showImport();
        return;
    }
    m_where->setText(pathText(m_session.store()->path()) +
                     (m_session.store()->isReadOnly() ? tr(" · read-only") : QString()));
    m_overviewReader.read<Overview>(m_session.store()->path(), readOverview, [this](const Result<Overview>& overview) {
        if (!overview) {
            m_notice->say(overview.error());
            return;
        }
        m_counts->setCounts(overview->counts);
        m_traces = overview->traces;
        const std::int64_t keep = m_shownImport;
        m_log->setRecords(overview->imports);
        const int count = m_log->rowCount();
        m_noLog->setText(tr("Nothing has been imported into this store yet.\n"
                            "Drop files here, or press Import…"));
        m_table->setVisible(count > 0);
        m_noLog->setVisible(count == 0);
        m_logNote->setText(count == 0 ? QString()
                                      : tr("%1, newest first").arg(counted(count, tr("file"), tr("files"))));
        if (count > 0) {
            m_table->selectRow(std::max(0, m_log->rowOf(keep)));
        } else {
            showImport();
        }
    });
}

/// The trace that the selected import brought, empty when it brought none.
QString DataPage::shownTrace() const
{
    const int row = m_table->currentIndex().row();
    if (row < 0 || m_session.store() == nullptr) {
        return {};
    }
    for (const store::Store::TraceInfo& trace : m_traces) {
        if (trace.path == m_log->at(row).path) {
            return QString::fromStdString(trace.name);
        }
    }
    return {};
}

/// Shows the rows that the selected import left out.
void DataPage::showImport()
{
    m_replay->setVisible(!shownTrace().isEmpty());
    const int row = m_table->currentIndex().row();
    if (row < 0 || m_session.store() == nullptr) {
        m_rowsReader.forget();
        m_shownImport = 0;
        m_rows->showRows(tr("Quarantined rows"), {}, 0,
                         tr("Rows that cannot be used are kept here with their line and the reason."));
        m_copy->setEnabled(false);
        m_export->setEnabled(false);
        return;
    }
    const store::ImportRecord record = m_log->at(row);
    m_shownImport = record.id;
    const QString heading = tr("Quarantined rows of %1").arg(fileName(QString::fromStdString(record.path)));
    m_copy->setEnabled(record.rowsQuarantined > 0);
    m_export->setEnabled(record.rowsQuarantined > 0);
    if (record.rowsQuarantined == 0) {
        m_rowsReader.forget();
        m_rows->showRows(heading, {}, 0, tr("Every row of this file could be used."));
        return;
    }
    m_rowsReader.read<std::vector<store::Diagnostic>>(
        m_session.store()->path(), [id = record.id](store::Store& store) { return store.quarantine(id, kShownRows); },
        [this, heading, total = record.rowsQuarantined](const Result<std::vector<store::Diagnostic>>& rows) {
            if (rows) {
                m_rows->showRows(heading, *rows, total, {});
            } else {
                m_notice->say(rows.error());
            }
        });
}

void DataPage::chooseExport()
{
    auto* files = new QFileDialog(this, tr("Export quarantined rows"));
    files->setAttribute(Qt::WA_DeleteOnClose);
    files->setOption(QFileDialog::DontUseNativeDialog);
    files->setAcceptMode(QFileDialog::AcceptSave);
    files->setNameFilter(tr("CSV (*.csv)"));
    files->setDefaultSuffix(QStringLiteral("csv"));
    const QString source = fileName(QString::fromStdString(m_log->at(m_table->currentIndex().row()).path));
    files->selectFile(QFileInfo(source).completeBaseName() + QStringLiteral("-quarantined.csv"));
    connect(files, &QFileDialog::fileSelected, this, &DataPage::exportCsv);
    files->open();
}

/// All rows of the import, not only those shown; written whole or not at all.
void DataPage::exportCsv(const QString& path)
{
    if (m_session.store() == nullptr || m_shownImport == 0) {
        return;
    }
    m_exportReader.read<std::int64_t>(
        m_session.store()->path(),
        [id = m_shownImport, to = toPath(path)](store::Store& store) -> Result<std::int64_t> {
            ISOBAR_TRY_ASSIGN(const auto rows, store.quarantine(id, std::numeric_limits<std::int64_t>::max()));
            ISOBAR_TRY(report::writeFile(to, toCsv(rows)));
            return static_cast<std::int64_t>(rows.size());
        },
        [this, path](const Result<std::int64_t>& written) {
            if (written) {
                m_notice->say(Notice::Tone::Hint,
                              tr("%1 written to %2.").arg(counted(*written, tr("row"), tr("rows")), fileName(path)));
            } else {
                m_notice->say(written.error());
            }
        });
}

void DataPage::dragEnterEvent(QDragEnterEvent* event)
{
    if (event->mimeData()->hasUrls()) {
        event->acceptProposedAction();
    }
}

void DataPage::dropEvent(QDropEvent* event)
{
    QStringList paths;
    for (const QUrl& url : event->mimeData()->urls()) {
        if (url.isLocalFile()) {
            paths << url.toLocalFile();
        }
    }
    event->acceptProposedAction();
    openImport(paths);
}

} // namespace isobar::ui
