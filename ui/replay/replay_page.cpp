// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/replay/replay_page.h"

#include "ui/charts/kpi_tile.h"
#include "ui/charts/percentile_chart.h"
#include "ui/charts/time_chart.h"
#include "ui/data/data_words.h"
#include "ui/data/diagnostics_view.h"
#include "ui/data/notice.h"
#include "ui/replay/setup_panel.h"
#include "ui/shell/format.h"
#include "ui/shell/icon.h"
#include "ui/shell/theme.h"

#include <QAbstractButton>
#include <QAbstractItemView>
#include <QApplication>
#include <QComboBox>
#include <QDir>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QMenu>
#include <QMimeData>
#include <QProgressBar>
#include <QPushButton>
#include <QShortcut>
#include <QStackedWidget>
#include <QStandardPaths>
#include <QTableView>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace isobar::ui {
namespace {

constexpr int kSetupWidth = 296, kProgressSteps = 1000;
constexpr int kRoomy = 1750; ///< the page's width from which the table of runs has all its columns

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

QFrame* panel(QWidget* parent)
{
    auto* frame = new QFrame(parent);
    frame->setProperty("panel", true);
    return frame;
}

} // namespace

ReplayPage::ReplayPage(Session& session, QWidget* parent)
    : QWidget(parent)
    , m_session(session)
    , m_runs(new RunsModel(this))
    , m_percentiles(new PercentilesModel(this))
    , m_setup(new SetupPanel(session, this))
    , m_run(new QPushButton(this))
    , m_progress(new QProgressBar(this))
    , m_progressText(new QLabel(this))
    , m_notice(new Notice(this))
    , m_trust(new QLabel(this))
    , m_export(new QToolButton(this))
    , m_pages(new QStackedWidget(this))
    , m_runsTable(new QTableView(this))
    , m_percentilesTable(new QTableView(this))
    , m_remove(new QToolButton(this))
{
    setObjectName(QStringLiteral("replayPage"));
    setAccessibleName(tr("Replay a trace"));
    setAcceptDrops(true);

    auto* title = new QLabel(tr("Replay a trace"), this);
    title->setFont(ui::font(TextRole::Title));
    m_trust->setObjectName(QStringLiteral("replayTrust"));
    m_trust->setProperty("muted", true);
    m_trust->setFont(ui::font(TextRole::Secondary));
    m_trust->setTextFormat(Qt::PlainText);
    m_trust->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_export->setObjectName(QStringLiteral("replayExport"));
    m_export->setText(tr("Export"));
    m_export->setAccessibleName(tr("Export charts, percentiles or requests"));
    m_export->setPopupMode(QToolButton::InstantPopup);
    m_export->setMenu(new QMenu(m_export));
    fillExportMenu();
    auto* top = new QHBoxLayout;
    top->setSpacing(12);
    top->addWidget(title);
    top->addWidget(m_trust, 1);
    top->addWidget(m_export);

    m_notice->setObjectName(QStringLiteral("replayNotice"));
    m_pages->addWidget(makeEmpty());
    m_pages->addWidget(makeResults());
    auto* right = new QVBoxLayout;
    right->setSpacing(Theme::kGutter);
    right->addWidget(m_notice);
    right->addWidget(m_pages, 1);
    auto* body = new QHBoxLayout;
    body->setSpacing(Theme::kGutter);
    body->addWidget(makeLeft());
    body->addLayout(right, 1);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(12, 10, 12, 12);
    column->setSpacing(Theme::kGutter);
    column->addLayout(top);
    column->addLayout(body, 1);

    connect(m_setup, &SetupPanel::traceChosen, this, &ReplayPage::openTrace);
    connect(m_setup, &SetupPanel::changed, this, &ReplayPage::showControls);
    connect(m_setup, &SetupPanel::tierChanged, this, &ReplayPage::showRuns);
    connect(m_run, &QPushButton::clicked, this, [this] { m_stage == Stage::Idle ? run() : cancel(); });
    connect(m_runs, &RunsModel::dataChanged, this, &ReplayPage::showRuns);
    connect(m_runsTable->selectionModel(), &QItemSelectionModel::currentRowChanged, this, &ReplayPage::showRuns);
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, &ReplayPage::showRuns);
    connect(&m_job, &ReplayJob::finished, this, &ReplayPage::jobFinished);
    connect(&m_job, &ReplayJob::progressed, this, [this](const Progress& progress) {
        const double part =
            progress.total > 0 ? static_cast<double>(progress.done) / static_cast<double>(progress.total) : 0;
        m_progress->setRange(0, progress.total > 0 ? kProgressSteps : 0);
        m_progress->setValue(static_cast<int>(std::clamp(part, 0.0, 1.0) * kProgressSteps));
        if (m_stage == Stage::Loading) {
            m_progressText->setText(QString::fromStdString(progress.stage));
        } else if (m_stage == Stage::Replaying || m_stage == Stage::Writing) {
            const double rate = static_cast<double>(progress.done) / std::max(1e-3, m_sinceStart.elapsed() * 1e-3);
            m_progressText->setText(tr("%1 of %2 requests · %3 · %4/s")
                                        .arg(count(static_cast<double>(progress.done)).value,
                                             count(static_cast<double>(progress.total)).value,
                                             QString::fromStdString(progress.stage), compact(rate).joined()));
        }
    });
    auto* start = new QShortcut(QKeySequence(tr("Ctrl+Return")), this);
    start->setContext(Qt::WidgetWithChildrenShortcut);
    connect(start, &QShortcut::activated, this, &ReplayPage::run);
    showRuns();
    showControls();
}

QWidget* ReplayPage::makeLeft()
{
    m_run->setObjectName(QStringLiteral("replayRun"));
    m_run->setProperty("primary", true);
    m_run->setToolTip(tr("Ctrl+Return runs, Esc cancels"));
    m_progress->setObjectName(QStringLiteral("replayProgress"));
    m_progress->setAccessibleName(tr("Progress of the replay"));
    m_progress->setTextVisible(false);
    m_progress->setFixedHeight(6);
    QSizePolicy keepsRoom = m_progress->sizePolicy();
    keepsRoom.setRetainSizeWhenHidden(true);
    m_progress->setSizePolicy(keepsRoom);
    m_progressText->setObjectName(QStringLiteral("replayProgressText"));
    m_progressText->setProperty("muted", true);
    m_progressText->setFont(ui::font(TextRole::Small));
    m_progressText->setWordWrap(true);
    m_progressText->setMinimumHeight(2 * m_progressText->fontMetrics().height());
    m_progressText->setAlignment(Qt::AlignLeft | Qt::AlignTop);
    auto* left = new QWidget(this);
    left->setFixedWidth(kSetupWidth);
    auto* column = new QVBoxLayout(left);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(6);
    column->addWidget(m_setup, 1);
    column->addWidget(m_run);
    column->addWidget(m_progress);
    column->addWidget(m_progressText);
    return left;
}

QWidget* ReplayPage::makeEmpty()
{
    auto* page = panel(this);
    auto* picture = new QLabel(page);
    const auto paint = [picture] {
        picture->setPixmap(
            icon(QStringLiteral("replay"), theme().muted).pixmap(QSize(40, 40), picture->devicePixelRatioF()));
    };
    paint();
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, picture, paint);
    auto* heading = m_emptyHeading = new QLabel(page);
    heading->setFont(ui::font(TextRole::Title));
    auto* hint = new QLabel(tr("Every request of it is served by the replicas you set at the left, in the same model\n"
                               "of a replica the live fleet runs on. Runs are kept side by side, so that\n"
                               "routers, replica counts and chips can be compared."),
                            page);
    hint->setProperty("muted", true);
    hint->setAlignment(Qt::AlignCenter);
    auto* column = new QVBoxLayout(page);
    column->setSpacing(12);
    column->addStretch(1);
    for (QWidget* part :
         {static_cast<QWidget*>(picture), static_cast<QWidget*>(heading), static_cast<QWidget*>(hint)}) {
        column->addWidget(part, 0, Qt::AlignHCenter);
    }
    column->addStretch(1);
    return page;
}

QWidget* ReplayPage::makeResults()
{
    auto* page = new QWidget(this);
    auto* tiles = new QHBoxLayout;
    tiles->setSpacing(Theme::kGutter);
    for (int i = 0; i < 6; ++i) {
        m_tiles.push_back(new KpiTile(page));
        tiles->addWidget(m_tiles.back(), 1);
    }
    auto* charts = new QGridLayout;
    charts->setSpacing(Theme::kGutter);
    const std::array pictures{ReplayPicture::Ttft, ReplayPicture::Itl, ReplayPicture::EndToEnd, ReplayPicture::Queue};
    for (std::size_t i = 0; i < m_durations.size(); ++i) {
        m_durations[i] = new PercentileChart(page);
        m_durations[i]->setObjectName(QStringLiteral("replay-") + pictureName(pictures[i]));
        offerExport(m_durations[i], pictures[i]);
        charts->addWidget(m_durations[i], static_cast<int>(i) / 3, static_cast<int>(i) % 3);
    }
    m_inFlight = new TimeChart(page);
    m_inFlight->setObjectName(QStringLiteral("replay-in-flight"));
    m_throughput = new TimeChart(page);
    m_throughput->setObjectName(QStringLiteral("replay-throughput"));
    offerExport(m_inFlight, ReplayPicture::InFlight);
    offerExport(m_throughput, ReplayPicture::Throughput);
    charts->addWidget(m_inFlight, 1, 1);
    charts->addWidget(m_throughput, 1, 2);
    for (int column = 0; column < 3; ++column) {
        charts->setColumnStretch(column, 1);
    }
    charts->setRowStretch(0, 1);
    charts->setRowStretch(1, 1);
    auto* column = new QVBoxLayout(page);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(Theme::kGutter);
    column->addLayout(tiles);
    column->addLayout(charts, 1);
    column->addWidget(makeTables());
    return page;
}

QWidget* ReplayPage::makeTables()
{
    auto* both = new QWidget(this);
    const auto framed = [&](const QString& text, QTableView* table, QWidget* tool) {
        auto* frame = panel(both);
        auto* heading = new QLabel(text, frame);
        heading->setFont(ui::font(TextRole::Strong));
        auto* top = new QHBoxLayout;
        top->setContentsMargins(Theme::kPadding, 8, 8, 0);
        top->addWidget(heading, 1);
        if (tool != nullptr) {
            top->addWidget(tool);
        }
        auto* column = new QVBoxLayout(frame);
        column->setContentsMargins(1, 1, 1, 4);
        column->setSpacing(2);
        column->addLayout(top);
        column->addWidget(table, 1);
        return frame;
    };
    m_runsTable->setObjectName(QStringLiteral("replayRuns"));
    m_runsTable->setModel(m_runs);
    setUpTable(*m_runsTable, tr("Runs"), RunsModel::SetUp);
    m_runsTable->setSelectionMode(QAbstractItemView::SingleSelection);
    m_runsTable->setColumnWidth(RunsModel::Name, 96);
    for (int column = RunsModel::Requests; column < RunsModel::ColumnCount; ++column) {
        m_runsTable->setColumnWidth(column, 82);
    }
    m_percentilesTable->setObjectName(QStringLiteral("replayPercentiles"));
    m_percentilesTable->setModel(m_percentiles);
    setUpTable(*m_percentilesTable, tr("Percentiles of the selected run"), PercentilesModel::Measure);
    m_percentilesTable->setSelectionMode(QAbstractItemView::SingleSelection);
    for (int column = PercentilesModel::Mean; column < PercentilesModel::ColumnCount; ++column) {
        m_percentilesTable->setColumnWidth(column, 74);
    }
    for (QTableView* table : {m_runsTable, m_percentilesTable}) {
        table->verticalHeader()->setDefaultSectionSize(24);
    }
    m_remove->setObjectName(QStringLiteral("replayRemove"));
    m_remove->setText(tr("Remove"));
    m_remove->setAccessibleName(tr("Remove the selected run"));
    connect(m_remove, &QToolButton::clicked, this, &ReplayPage::removeRun);
    auto* row = new QHBoxLayout(both);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(Theme::kGutter);
    m_tables = row;
    row->addWidget(framed(tr("Runs"), m_runsTable, m_remove), 1);
    row->addWidget(framed(tr("Percentiles of the selected run"), m_percentilesTable, nullptr), 1);
    both->setFixedHeight(176);
    return both;
}

QString ReplayPage::noticeText() const
{
    return m_notice->isHidden() ? QString() : m_notice->text();
}

ReplayView ReplayPage::view() const
{
    return {m_runs->shown(m_runsTable->currentIndex().row()), m_setup->tier()};
}

void ReplayPage::focusStart()
{
    if (m_trace == nullptr) {
        m_setup->setFocus();
        if (auto* choose = m_setup->findChild<QToolButton*>(QStringLiteral("replayChoose"))) {
            choose->setFocus(Qt::OtherFocusReason);
        }
    } else {
        m_run->setFocus(Qt::OtherFocusReason);
    }
}

// --- work ------------------------------------------------------------------------------------------------------------

void ReplayPage::openTrace(const TraceSource& source)
{
    m_notice->clear();
    m_trace = nullptr;
    m_setup->setLoading(source.name());
    m_stage = Stage::Loading;
    m_job.start([source, seed = m_setup->setup().group.seed](const JobContext& job) -> Result<ReplayJob::Answer> {
        ISOBAR_TRY_ASSIGN(TracePointer trace, loadTrace(source, seed, job));
        return ReplayJob::Answer(std::move(trace));
    });
    showControls();
}

void ReplayPage::run()
{
    if (m_stage != Stage::Idle || !m_setup->obstacle().isEmpty() || m_trace == nullptr) {
        return;
    }
    if (m_trace->trace.format == ingest::TraceFormat::ServeGen && m_trace->seed != m_setup->setup().group.seed) {
        // Its requests are drawn: another seed, other requests.
        const TraceSource source = m_trace->source;
        openTrace(source);
        m_runAfterLoading = true;
        return;
    }
    startRun();
}

void ReplayPage::startRun()
{
    m_notice->clear();
    m_stage = Stage::Replaying;
    m_sinceStart.start();
    m_job.start([context = m_setup->context(), trace = m_trace,
                 setup = m_setup->setup()](const JobContext& job) -> Result<ReplayJob::Answer> {
        ISOBAR_TRY_ASSIGN(RunPointer run, replayTrace(context, trace, setup, job));
        return ReplayJob::Answer(std::move(run));
    });
    showControls();
}

void ReplayPage::exportRows(const QString& path)
{
    const ReplayView shown = view();
    if (m_stage != Stage::Idle || shown.isEmpty() || shown.current().partial) {
        return;
    }
    m_notice->clear();
    m_stage = Stage::Writing;
    m_sinceStart.start();
    m_job.start([run = shown.runs.front().run, path](const JobContext& job) -> Result<ReplayJob::Answer> {
        ISOBAR_TRY(writeRequestRows(*run, toPath(path), job));
        return ReplayJob::Answer(ReplayJob::Written{path});
    });
    showControls();
}

void ReplayPage::cancel()
{
    if (m_stage == Stage::Idle || m_stage == Stage::Stopping) {
        return;
    }
    m_runAfterLoading = false;
    m_job.cancel();
    m_stage = Stage::Stopping;
    showControls();
}

void ReplayPage::jobFinished(const Result<ReplayJob::Answer>& answer)
{
    m_stage = Stage::Idle;
    const bool goOn = std::exchange(m_runAfterLoading, false);
    if (!answer) {
        if (m_trace == nullptr) {
            m_setup->setTrace(nullptr);
        }
        if (answer.error().code == ErrorCode::Cancelled) {
            m_notice->say(Notice::Tone::Hint, tr("Cancelled: nothing was kept."));
        } else {
            m_notice->say(answer.error());
        }
    } else if (const auto* trace = std::get_if<TracePointer>(&*answer)) {
        m_trace = *trace;
        if (m_trace->source.stored.empty()) {
            SetupPanel::rememberTrace(QFileInfo(pathText(m_trace->source.path)).absoluteFilePath());
        }
        m_setup->setTrace(m_trace);
        showRuns();
        QStringList notes;
        for (const std::string& note : m_trace->trace.notes) {
            notes << QString::fromStdString(note);
        }
        if (m_trace->trace.outOfOrder > 0) {
            notes << tr("%1 stood after a later one and were sorted into place.")
                         .arg(counted(m_trace->trace.outOfOrder, tr("request"), tr("requests")));
        }
        if (!notes.isEmpty()) {
            m_notice->say(Notice::Tone::Hint, notes.join(QLatin1Char(' ')));
        }
        if (goOn) {
            startRun();
            return;
        }
        m_run->setFocus(Qt::OtherFocusReason);
    } else if (const auto* run = std::get_if<RunPointer>(&*answer)) {
        const int row = m_runs->add(*run);
        m_runsTable->selectRow(row);
        m_runsTable->scrollTo(m_runs->index(row, 0));
        showRuns();
    } else {
        m_notice->say(Notice::Tone::Hint,
                      tr("One row a request written to %1.").arg(fileName(std::get<ReplayJob::Written>(*answer).path)));
    }
    showControls();
}

void ReplayPage::removeRun()
{
    const int row = m_runsTable->currentIndex().row();
    if (row < 0) {
        return;
    }
    m_runs->remove(row);
    if (m_runs->rowCount() > 0) {
        m_runsTable->selectRow(std::min(row, m_runs->rowCount() - 1));
    }
    showRuns();
}

// --- files -----------------------------------------------------------------------------------------------------------

void ReplayPage::fillExportMenu()
{
    QMenu* menu = m_export->menu();
    QAction* rows = menu->addAction(tr("Requests as CSV…"));
    connect(rows, &QAction::triggered, this, &ReplayPage::chooseRows);
    menu->addSeparator();
    for (const ReplayPicture picture : kReplayPictures) {
        connect(menu->addAction(pictureTitle(picture) + QStringLiteral("…")), &QAction::triggered, this,
                [this, picture] { chooseExport(picture); });
    }
    connect(menu, &QMenu::aboutToShow, this, [this, rows] {
        const ReplayView shown = view();
        const bool partial = !shown.isEmpty() && shown.current().partial;
        rows->setEnabled(m_stage == Stage::Idle && !shown.isEmpty() && !partial);
        rows->setText(partial ? tr("Requests as CSV: run to the end first") : tr("Requests as CSV…"));
    });
}

void ReplayPage::offerExport(QWidget* chart, ReplayPicture picture)
{
    chart->setContextMenuPolicy(Qt::CustomContextMenu);
    connect(chart, &QWidget::customContextMenuRequested, this, [this, chart, picture](const QPoint& at) {
        auto* menu = new QMenu(chart);
        menu->setAttribute(Qt::WA_DeleteOnClose);
        connect(menu->addAction(tr("Export %1…").arg(pictureTitle(picture))), &QAction::triggered, this,
                [this, picture] { chooseExport(picture); });
        menu->popup(chart->mapToGlobal(at));
    });
}

void ReplayPage::chooseExport(ReplayPicture picture)
{
    auto* files = new QFileDialog(this, tr("Export %1").arg(pictureTitle(picture)));
    files->setAttribute(Qt::WA_DeleteOnClose);
    files->setOption(QFileDialog::DontUseNativeDialog);
    files->setAcceptMode(QFileDialog::AcceptSave);
    files->setNameFilters({tr("PNG (*.png)"), tr("SVG (*.svg)"), tr("PDF (*.pdf)"), tr("CSV (*.csv)")});
    files->setDefaultSuffix(QStringLiteral("png"));
    connect(files, &QFileDialog::filterSelected, files,
            [files](const QString& filter) { files->setDefaultSuffix(filter.left(3).toLower()); });
    files->setDirectory(QStandardPaths::writableLocation(QStandardPaths::DocumentsLocation));
    files->selectFile(QStringLiteral("isobar-replay-") + pictureName(picture));
    connect(files, &QFileDialog::fileSelected, this,
            [this, picture](const QString& path) { exportPicture(picture, path); });
    files->open();
}

void ReplayPage::exportPicture(ReplayPicture picture, const QString& path)
{
    if (const Status written = exportReplay(path, picture, view()); !written) {
        m_notice->say(written.error());
    } else {
        m_notice->say(Notice::Tone::Hint, tr("Written to %1.").arg(fileName(path)));
    }
}

void ReplayPage::chooseRows()
{
    auto* files = new QFileDialog(this, tr("Export one row a request"));
    files->setAttribute(Qt::WA_DeleteOnClose);
    files->setOption(QFileDialog::DontUseNativeDialog);
    files->setAcceptMode(QFileDialog::AcceptSave);
    files->setNameFilter(tr("CSV (*.csv)"));
    files->setDefaultSuffix(QStringLiteral("csv"));
    files->setDirectory(QStandardPaths::writableLocation(QStandardPaths::DocumentsLocation));
    files->selectFile(QStringLiteral("isobar-replay-requests.csv"));
    connect(files, &QFileDialog::fileSelected, this, &ReplayPage::exportRows);
    files->open();
}

// --- what is shown ---------------------------------------------------------------------------------------------------

void ReplayPage::showRuns()
{
    const ReplayView shown = view();
    m_pages->setCurrentIndex(shown.isEmpty() ? 0 : 1);
    m_emptyHeading->setText(m_trace == nullptr ? tr("Choose a trace, or drop one here") : tr("Ready: press Run"));
    m_export->setEnabled(!shown.isEmpty());
    m_remove->setEnabled(!shown.isEmpty());
    m_percentiles->setRun(shown.isEmpty() ? nullptr : shown.runs.front().run);
    m_trust->setText(shown.isEmpty() ? tr("Simulated, never measured: every result says how far it may be off")
                                     : trustText(shown.current()));
    m_trust->setToolTip(m_trust->text());
    if (shown.isEmpty()) {
        return;
    }
    const std::vector<KpiData> figures = replayKpis(shown.current(), shown.tier);
    for (std::size_t i = 0; i < m_tiles.size(); ++i) {
        m_tiles[i]->setData(figures[i]);
    }
    for (std::size_t i = 0; i < m_durations.size(); ++i) {
        m_durations[i]->setData(percentileChart(shown, kDurationKinds[i]));
    }
    m_inFlight->setData(inFlightChart(shown));
    m_throughput->setData(throughputChart(shown));
    if (const QString partial = partialText(shown.current()); !partial.isEmpty()) {
        m_notice->say(Notice::Tone::Caution, partial);
    } else if (m_stage == Stage::Idle) {
        m_notice->clear();
    }
}

void ReplayPage::showControls()
{
    const bool idle = m_stage == Stage::Idle;
    m_run->setText(idle ? tr("Run") : m_stage == Stage::Stopping ? tr("Cancelling…") : tr("Cancel"));
    m_run->setAccessibleName(idle ? tr("Run the replay") : tr("Cancel"));
    m_run->setEnabled(idle ? m_setup->obstacle().isEmpty() : m_stage != Stage::Stopping);
    m_progress->setVisible(!idle);
    switch (m_stage) {
    case Stage::Idle:
        m_progressText->setText(m_setup->obstacle());
        break;
    case Stage::Loading:
        m_progress->setRange(0, 0);
        m_progressText->setText(tr("Reading the trace…"));
        break;
    case Stage::Replaying:
    case Stage::Writing:
        m_progress->setRange(0, kProgressSteps);
        m_progress->setValue(0);
        m_progressText->setText(m_stage == Stage::Writing ? tr("Writing one row a request…") : tr("Replaying…"));
        break;
    case Stage::Stopping:
        m_progressText->setText(tr("Cancelling…"));
        break;
    }
}

void ReplayPage::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    // The figures and the table beside it tell of the selected run; what is for comparing alone goes where room is
    // short.
    const bool roomy = width() >= kRoomy;
    for (const int column : {RunsModel::Requests, RunsModel::Rejected, RunsModel::Itl, RunsModel::EndToEnd}) {
        m_runsTable->setColumnHidden(column, !roomy);
    }
    m_percentilesTable->setColumnHidden(PercentilesModel::P90, !roomy);
    m_tables->setStretch(0, roomy ? 3 : 1);
    m_tables->setStretch(1, roomy ? 2 : 1);
}

bool ReplayPage::event(QEvent* event)
{
    // The window plays and pauses on Space; here the widget with the focus has it first, as everywhere.
    if (event->type() == QEvent::ShortcutOverride && static_cast<QKeyEvent*>(event)->key() == Qt::Key_Space) {
        QWidget* focused = QApplication::focusWidget();
        if (qobject_cast<QAbstractButton*>(focused) != nullptr || qobject_cast<QComboBox*>(focused) != nullptr ||
            qobject_cast<QAbstractItemView*>(focused) != nullptr) {
            event->accept();
            return true;
        }
    }
    return QWidget::event(event);
}

void ReplayPage::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Escape && m_stage != Stage::Idle) {
        cancel();
    } else if (event->key() == Qt::Key_Delete && m_runsTable->hasFocus()) {
        removeRun();
    } else {
        QWidget::keyPressEvent(event);
    }
}

void ReplayPage::dragEnterEvent(QDragEnterEvent* event)
{
    if (!localFiles(event->mimeData()).isEmpty()) {
        event->acceptProposedAction();
    }
}

void ReplayPage::dropEvent(QDropEvent* event)
{
    event->acceptProposedAction();
    openTrace({toPath(localFiles(event->mimeData()).front()), {}});
}

} // namespace isobar::ui
