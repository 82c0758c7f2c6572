// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explorer/sql_panel.h"

#include "ui/data/data_words.h"
#include "ui/data/notice.h"
#include "ui/explorer/result_view.h"
#include "ui/explorer/sql_highlighter.h"
#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <QFontDatabase>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLabel>
#include <QMenu>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSettings>
#include <QSplitter>
#include <QTreeWidget>
#include <QVBoxLayout>

#include <array>

namespace isobar::ui {
namespace {

using Views = std::vector<std::pair<std::string, std::vector<std::string>>>;

/// In the order of docs/store.md, with what a row is.
constexpr std::array<std::pair<const char*, const char*>, 13> kViews{
    {{"v_cost_daily", "a run, day, provider, region and model"},
     {"v_utilization_hourly", "a run, hour and pool"},
     {"v_latency_hourly", "a run, hour, region, model, workload and tier"},
     {"v_requests_daily", "a run, day, region, model, workload and tier"},
     {"v_demand_hourly", "a run, hour, placement and workload"},
     {"v_supply_hourly", "a run, hour and use of a pool"},
     {"v_runs", "a recorded run"},
     {"v_pools", "a pool of a scenario"},
     {"v_placements", "a placement of a scenario"},
     {"v_prices", "a price of the fleet or offer of a catalogue"},
     {"v_links", "a measured or published link"},
     {"v_imports", "an import"},
     {"v_quarantine", "a row left out"}}};
constexpr int kMostAsked = 50;
const char* const kFirst = "SELECT day_utc, provider, round(sum(cost_usd), 2) AS usd\n"
                           "FROM v_cost_daily\nGROUP BY 1, 2\nORDER BY 1, 3 DESC";

Result<Views> readViews(store::Store& store)
{
    Views views;
    for (const auto& [name, row] : kViews) {
        ISOBAR_TRY_ASSIGN(const auto table,
                          store::runReadOnlySql(store.path(), std::string("SELECT * FROM ") + name + " LIMIT 0"));
        views.emplace_back(name, table.columns);
    }
    return views;
}

} // namespace

SqlPanel::SqlPanel(Session& session, QWidget* parent)
    : QWidget(parent)
    , m_session(session)
    , m_views(new QTreeWidget(this))
    , m_editor(new QPlainTextEdit(this))
    , m_run(new QPushButton(tr("Run"), this))
    , m_cancel(new QPushButton(tr("Cancel"), this))
    , m_asked(new QPushButton(tr("Asked before"), this))
    , m_status(new QLabel(this))
    , m_notice(new Notice(this))
    , m_result(new ResultView(QStringLiteral("sql"), this))
{
    setObjectName(QStringLiteral("sqlPanel"));
    m_views->setObjectName(QStringLiteral("sqlViews"));
    m_views->setAccessibleName(tr("Views and their columns"));
    m_views->setHeaderHidden(true);
    m_views->setIndentation(14);
    m_views->setFrameShape(QFrame::NoFrame);
    m_views->setUniformRowHeights(true);
    m_editor->setObjectName(QStringLiteral("sqlEditor"));
    m_editor->setAccessibleName(tr("SQL query"));
    m_editor->setPlaceholderText(tr("One SELECT. A click on a view or column at the left inserts it."));
    m_editor->setFrameShape(QFrame::NoFrame);
    m_editor->setTabChangesFocus(true);
    m_editor->setPlainText(asked().isEmpty() ? QLatin1String(kFirst) : asked().front());
    m_editor->installEventFilter(this);
    new SqlHighlighter(m_editor->document());
    m_run->setObjectName(QStringLiteral("sqlRun"));
    m_run->setProperty("primary", true);
    m_run->setToolTip(tr("Ctrl+Return"));
    m_run->setAccessibleName(tr("Run the query"));
    m_cancel->setObjectName(QStringLiteral("sqlCancel"));
    m_cancel->setAccessibleName(tr("Cancel the query"));
    m_asked->setObjectName(QStringLiteral("sqlAsked"));
    m_asked->setAccessibleName(tr("Queries asked before"));
    m_asked->setStyleSheet(QStringLiteral("QPushButton::menu-indicator { image: none; width: 0; }"));
    m_asked->setMenu(new QMenu(m_asked));
    m_status->setObjectName(QStringLiteral("sqlStatus"));
    m_status->setProperty("muted", true);
    m_notice->setObjectName(QStringLiteral("sqlNotice"));

    auto* heading = new QLabel(tr("Views"), this);
    heading->setFont(ui::font(TextRole::Strong));
    auto* left = new QFrame(this);
    left->setProperty("panel", true);
    auto* leftColumn = new QVBoxLayout(left);
    leftColumn->setContentsMargins(Theme::kPadding, 10, 6, 6);
    leftColumn->addWidget(heading);
    leftColumn->addWidget(m_views, 1);
    auto* editor = new QFrame(this);
    editor->setProperty("panel", true);
    auto* tools = new QHBoxLayout;
    tools->addWidget(m_run);
    tools->addWidget(m_cancel);
    tools->addWidget(m_asked);
    tools->addWidget(m_status, 1);
    auto* editorColumn = new QVBoxLayout(editor);
    editorColumn->setContentsMargins(Theme::kPadding, 10, Theme::kPadding, 10);
    editorColumn->addWidget(m_editor, 1);
    editorColumn->addLayout(tools);
    auto* lower = new QWidget(this);
    auto* lowerColumn = new QVBoxLayout(lower);
    lowerColumn->setContentsMargins(0, 0, 0, 0);
    lowerColumn->setSpacing(Theme::kGutter);
    lowerColumn->addWidget(m_notice);
    lowerColumn->addWidget(m_result, 1);
    auto* right = new QSplitter(Qt::Vertical, this);
    right->setHandleWidth(Theme::kGutter);
    right->setChildrenCollapsible(false);
    right->addWidget(editor);
    right->addWidget(lower);
    right->setSizes({230, 500});
    right->setStretchFactor(1, 1);
    auto* whole = new QSplitter(Qt::Horizontal, this);
    whole->setHandleWidth(Theme::kGutter);
    whole->setChildrenCollapsible(false);
    whole->addWidget(left);
    whole->addWidget(right);
    whole->setSizes({250, 900});
    whole->setStretchFactor(1, 1);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(whole);

    connect(m_run, &QPushButton::clicked, this, &SqlPanel::run);
    connect(m_cancel, &QPushButton::clicked, this, &SqlPanel::cancel);
    connect(m_views, &QTreeWidget::itemClicked, this, &SqlPanel::insertItem);
    connect(m_views, &QTreeWidget::itemActivated, this, &SqlPanel::insertItem);
    connect(m_asked->menu(), &QMenu::aboutToShow, this, &SqlPanel::showAsked);
    connect(&m_session, &Session::opened, this, &SqlPanel::followSession);
    connect(&m_session, &Session::placementsChanged, this, &SqlPanel::followSession); // saved as a store
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, &SqlPanel::restyle);
    restyle();
    followSession();
}

SqlPanel::~SqlPanel()
{
    m_stop.request_stop(); // whoever still reads for this window need not
}

void SqlPanel::restyle()
{
    QFont mono = QFontDatabase::systemFont(QFontDatabase::FixedFont);
    mono.setStyleHint(QFont::Monospace);
    mono.setFixedPitch(true);
    mono.setPixelSize(13);
    m_editor->setFont(mono);
    m_editor->setStyleSheet(
        QStringLiteral("QPlainTextEdit { background: transparent; border: none; selection-background-color: %1; "
                       "selection-color: %2; font-family: \"%3\"; }")
            .arg(theme().line.name(), theme().text.name(),
                 mono.family().isEmpty() ? QStringLiteral("monospace") : mono.family()));
    m_views->setStyleSheet(QStringLiteral("QTreeWidget { border: none; border-radius: 0; background: transparent; }"));
    const QString text = m_editor->toPlainText();
    m_editor->setPlainText(text); // the colours of words are the theme's
}

void SqlPanel::followSession()
{
    const bool open = m_session.store() != nullptr;
    m_run->setEnabled(open && !m_running);
    m_views->parentWidget()->setVisible(open); // with its heading: without a store there is none to list
    if (!open) {
        m_viewsReader.forget();
        showViews({});
        m_result->showNothing(tr("There is no store to ask: the bundled sample lives in memory."));
        showRunning();
        return;
    }
    if (m_result->model().columnCount() == 0) {
        m_result->showNothing(tr("Ctrl+Return runs the query. Nothing in the store can be changed by it."));
    }
    m_viewsReader.read<Views>(m_session.store()->path(), readViews, [this](const Result<Views>& views) {
        if (views) {
            showViews(*views);
        } else {
            m_notice->say(views.error());
        }
    });
    showRunning();
}

void SqlPanel::showViews(const Views& views)
{
    m_views->clear();
    for (const auto& [name, columns] : views) {
        auto* view = new QTreeWidgetItem(m_views, {QString::fromStdString(name)});
        const auto known =
            std::find_if(kViews.begin(), kViews.end(), [&](const auto& row) { return row.first == name; });
        if (known != kViews.end()) {
            view->setToolTip(0, tr("One row: %1. A click inserts the name.").arg(QLatin1String(known->second)));
        }
        for (const std::string& column : columns) {
            new QTreeWidgetItem(view, {QString::fromStdString(column)});
        }
    }
    if (QTreeWidgetItem* first = m_views->topLevelItem(0)) {
        first->setExpanded(true);
    }
}

void SqlPanel::insertItem(QTreeWidgetItem* item)
{
    QTextCursor cursor = m_editor->textCursor();
    const int at = cursor.position();
    const QString before = m_editor->toPlainText().left(at);
    const bool glued = !before.isEmpty() && (before.back().isLetterOrNumber() || before.back() == QLatin1Char('_'));
    cursor.insertText((glued ? QStringLiteral(" ") : QString()) + item->text(0));
    m_editor->setTextCursor(cursor);
    item->setExpanded(item->childCount() > 0);
    m_editor->setFocus();
}

void SqlPanel::setText(const QString& sql)
{
    QTextCursor cursor(m_editor->document()); // so that it can be undone
    cursor.select(QTextCursor::Document);
    cursor.insertText(sql);
}

void SqlPanel::run()
{
    if (m_session.store() == nullptr || m_running) {
        return;
    }
    const QString sql = m_editor->toPlainText();
    m_notice->clear();
    m_running = true;
    m_stop = std::stop_source();
    showRunning();
    const std::uint64_t mine = ++m_generation;
    using Answer = Result<store::SqlTable>;
    auto* watcher = new QFutureWatcher<Answer>(this);
    connect(watcher, &QFutureWatcherBase::finished, this, [this, watcher, mine, sql] {
        watcher->deleteLater();
        if (mine == m_generation) {
            answered(sql, watcher->result());
        }
    });
    watcher->setFuture(QtConcurrent::run(
        [path = m_session.store()->path(), text = sql.toStdString(), limits = m_limits,
         stop = m_stop.get_token()]() -> Answer { return store::runReadOnlySql(path, text, limits, stop); }));
}

void SqlPanel::cancel()
{
    m_stop.request_stop();
}

void SqlPanel::answered(const QString& sql, const Result<store::SqlTable>& table)
{
    m_running = false;
    showRunning();
    if (!table) {
        if (table.error().code == ErrorCode::Cancelled) {
            m_notice->say(Notice::Tone::Hint, tr("Cancelled."));
        } else {
            Error error = table.error();
            pointAt(error);
            error.file.clear(); // there is one store, and it is not what is wrong
            const QString where =
                error.line > 0 ? tr("Line %1, column %2: ").arg(error.line).arg(error.column) : QString();
            QString what = errorSentence(error);
            what = where.isEmpty() ? what : where + what.at(0).toLower() + what.mid(1);
            m_notice->say(Notice::Tone::Trouble, what, adviceSentence(error));
        }
        Q_EMIT finished();
        return;
    }
    remember(sql);
    const auto rows = static_cast<std::int64_t>(table->rows.size());
    QString heading = tr("%1 in %2").arg(counted(rows, tr("row"), tr("rows")), seconds(table->seconds).joined());
    if (table->truncated) {
        heading += tr("; there are more, these are the first");
    }
    if (rows == 0) {
        m_result->showNothing(tr("No rows."));
    } else {
        m_result->showTable(*table, store::toCsv(*table), heading);
    }
    Q_EMIT finished();
}

/// Puts the cursor where SQLite stumbled. Columns are bytes of UTF-8.
void SqlPanel::pointAt(const Error& error)
{
    if (error.line <= 0 || error.column <= 0) {
        return;
    }
    const QTextBlock block = m_editor->document()->findBlockByNumber(static_cast<int>(error.line) - 1);
    if (block.isValid()) {
        const QByteArray line = block.text().toUtf8();
        const qsizetype before = QString::fromUtf8(line.left(error.column - 1)).size();
        QTextCursor cursor(block);
        cursor.setPosition(block.position() + static_cast<int>(std::min<qsizetype>(before, block.length() - 1)));
        cursor.movePosition(QTextCursor::EndOfWord, QTextCursor::KeepAnchor);
        m_editor->setTextCursor(cursor);
        m_editor->setFocus();
    }
}

QStringList SqlPanel::asked()
{
    return QSettings().value(QStringLiteral("explorer/asked")).toStringList();
}

void SqlPanel::remember(const QString& sql)
{
    QStringList all = asked();
    all.removeAll(sql);
    all.prepend(sql);
    QSettings().setValue(QStringLiteral("explorer/asked"), QStringList(all.mid(0, kMostAsked)));
}

void SqlPanel::showAsked()
{
    QMenu* menu = m_asked->menu();
    menu->clear();
    const QStringList all = asked();
    for (const QString& sql : all.mid(0, 20)) {
        QString line = sql.simplified();
        line = line.size() > 90 ? line.left(90) + QStringLiteral("…") : line;
        menu->addAction(line.replace(QLatin1Char('&'), QStringLiteral("&&")), this, [this, sql] { setText(sql); });
    }
    if (all.isEmpty()) {
        menu->addAction(tr("Nothing yet"))->setEnabled(false);
    }
}

void SqlPanel::showRunning()
{
    m_run->setEnabled(!m_running && m_session.store() != nullptr);
    m_cancel->setEnabled(m_running);
    m_status->setText(m_running ? tr("Running…")
                                : tr("Read-only; at most %1 rows, %2 s and %3 MB")
                                      .arg(grouped(static_cast<double>(m_limits.rows), 0))
                                      .arg(m_limits.seconds)
                                      .arg(m_limits.workBytes >> 20));
}

bool SqlPanel::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_editor && event->type() == QEvent::KeyPress) {
        const auto* key = static_cast<QKeyEvent*>(event);
        const bool enter = key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter;
        if (enter && key->modifiers().testFlag(Qt::ControlModifier)) {
            run();
            return true;
        }
        if (key->key() == Qt::Key_Escape && m_running) {
            cancel();
            return true;
        }
    }
    return QWidget::eventFilter(watched, event);
}

} // namespace isobar::ui
