// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explorer/question_panel.h"

#include "model/query/row_keys.h"
#include "model/report/table_writer.h"
#include "ui/data/data_words.h"
#include "ui/data/notice.h"
#include "ui/explorer/result_view.h"
#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <QApplication>
#include <QCheckBox>
#include <QClipboard>
#include <QComboBox>
#include <QGridLayout>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>
#include <QScrollArea>
#include <QShortcut>
#include <QSpinBox>
#include <QSplitter>
#include <QVBoxLayout>

#include <algorithm>

namespace isobar::ui {
namespace {

using aggregate::SimMicros;
using query::Dimension;
using query::Measure;

QString text(std::string_view view)
{
    return QString::fromUtf8(view.data(), static_cast<qsizetype>(view.size()));
}

QLabel* caption(const QString& words, QWidget* buddy)
{
    auto* label = new QLabel(words);
    label->setProperty("muted", true);
    label->setFont(ui::font(TextRole::Secondary));
    label->setBuddy(buddy);
    return label;
}

QComboBox* choice(const QString& name, const QString& accessible)
{
    auto* box = new QComboBox;
    box->setObjectName(name);
    box->setAccessibleName(accessible);
    box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    box->setMinimumContentsLength(8);
    return box;
}

QLineEdit* field(const QString& name, const QString& accessible, const QString& placeholder)
{
    auto* edit = new QLineEdit;
    edit->setObjectName(name);
    edit->setAccessibleName(accessible);
    edit->setPlaceholderText(placeholder);
    return edit;
}

/// Whole seconds of a simulated time, as the command line reads them.
std::string secondsText(SimMicros at)
{
    return at == 0 ? "0" : std::to_string(at / aggregate::kMicrosPerSecond) + "s";
}

/// A comparison as an item of the list holds it.
QString compareData(const query::CompareChoice& choice)
{
    return QString::fromStdString(query::compareText(choice));
}

constexpr int kFilterRole = Qt::UserRole;

} // namespace

QuestionPanel::QuestionPanel(Session& session, QWidget* parent)
    : QWidget(parent)
    , m_session(session)
    , m_source(choice(QStringLiteral("questionSource"), tr("Which run")))
    , m_measures(new QListWidget)
    , m_whereDimension(choice(QStringLiteral("questionWhereDimension"), tr("Filter by")))
    , m_whereValue(choice(QStringLiteral("questionWhereValue"), tr("Filter value")))
    , m_where(new QListWidget)
    , m_from(field(QStringLiteral("questionFrom"), tr("From"), tr("the start")))
    , m_to(field(QStringLiteral("questionTo"), tr("To"), tr("the end")))
    , m_bucket(field(QStringLiteral("questionBucket"), tr("Width of time"), tr("at most 100")))
    , m_compare(choice(QStringLiteral("questionCompare"), tr("Compare with")))
    , m_top(new QSpinBox)
    , m_fill(new QCheckBox(tr("Fill gaps in time")))
    , m_zone(field(QStringLiteral("questionZone"), tr("Time zone"), tr("since the start")))
    , m_ask(new QPushButton(tr("Ask")))
    , m_copyCommand(new QPushButton(tr("Copy as command")))
    , m_notice(new Notice)
    , m_result(new ResultView(QStringLiteral("question")))
{
    setObjectName(QStringLiteral("questionPanel"));
    m_notice->setObjectName(QStringLiteral("questionNotice"));
    m_copyCommand->setObjectName(QStringLiteral("questionCopyCommand"));
    m_copyCommand->setAccessibleName(tr("Copy the question as a command"));
    m_result->addTool(m_copyCommand);
    auto* right = new QWidget;
    auto* rightColumn = new QVBoxLayout(right);
    rightColumn->setContentsMargins(0, 0, 0, 0);
    rightColumn->setSpacing(Theme::kGutter);
    rightColumn->addWidget(m_notice);
    rightColumn->addWidget(m_result, 1);
    auto* whole = new QSplitter(Qt::Horizontal, this);
    whole->setHandleWidth(Theme::kGutter);
    whole->setChildrenCollapsible(false);
    whole->addWidget(buildForm());
    whole->addWidget(right);
    whole->setSizes({340, 900});
    whole->setStretchFactor(1, 1);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->addWidget(whole);

    connect(m_ask, &QPushButton::clicked, this, &QuestionPanel::ask);
    connect(m_copyCommand, &QPushButton::clicked, this, [this] { QApplication::clipboard()->setText(m_command); });
    auto* shortcut = new QShortcut(QKeySequence(tr("Ctrl+Return")), this);
    shortcut->setContext(Qt::WidgetWithChildrenShortcut);
    connect(shortcut, &QShortcut::activated, this, &QuestionPanel::ask);
    connect(&m_session, &Session::opened, this, &QuestionPanel::followSession);
    connect(&m_session, &Session::placementsChanged, this, &QuestionPanel::followSession);
    followSession();
}

QWidget* QuestionPanel::buildForm()
{
    m_measures->setObjectName(QStringLiteral("questionMeasures"));
    m_measures->setAccessibleName(tr("Measures"));
    m_measures->setMinimumHeight(150);
    for (QListWidget* list : {m_measures, m_where}) {
        list->setSpacing(2); // no padding by style sheet: then Qt draws its own box behind ours
    }
    for (const query::MeasureInfo& info : query::measures()) {
        auto* item = new QListWidgetItem(text(info.title) + QStringLiteral(" · ") + text(info.unit), m_measures);
        item->setFlags(Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemIsUserCheckable);
        item->setCheckState(info.measure == Measure::SpendUsd ? Qt::Checked : Qt::Unchecked);
        item->setToolTip(QStringLiteral("<b>%1</b> [%2]<br>%3")
                             .arg(text(info.name), text(info.unit), text(info.formula).toHtmlEscaped()));
    }
    auto* by = new QGridLayout;
    by->setSpacing(6);
    for (std::size_t i = 0; i < m_by.size(); ++i) {
        m_by[i] = choice(QStringLiteral("questionBy%1").arg(i + 1), tr("By, %1").arg(i + 1));
        m_by[i]->addItem(tr("–"), -1);
        for (const query::DimensionInfo& info : query::dimensions()) {
            m_by[i]->addItem(text(info.name), static_cast<int>(info.dimension));
        }
        by->addWidget(m_by[i], static_cast<int>(i) / 2, static_cast<int>(i) % 2);
    }
    m_by[0]->setCurrentIndex(m_by[0]->findData(static_cast<int>(Dimension::Provider)));
    for (const query::DimensionInfo& info : query::dimensions()) {
        if (info.dimension != Dimension::Time) {
            m_whereDimension->addItem(text(info.name), static_cast<int>(info.dimension));
        }
    }
    auto* add = new QPushButton(tr("Add"));
    add->setObjectName(QStringLiteral("questionAddFilter"));
    add->setAccessibleName(tr("Add the filter"));
    m_where->setObjectName(QStringLiteral("questionWhere"));
    m_where->setAccessibleName(tr("Filters; Delete removes one"));
    m_where->setMaximumHeight(64);
    m_where->hide();
    auto* where = new QHBoxLayout;
    where->setSpacing(6);
    where->addWidget(m_whereDimension, 2);
    where->addWidget(m_whereValue, 3);
    where->addWidget(add);
    const QString times = tr("A time, 2026-11-22T14:00Z, or how long after the run's start: 90s, 5m, 1h");
    m_from->setToolTip(times);
    m_to->setToolTip(times + tr("; exclusive"));
    m_bucket->setToolTip(tr("With time among the dimensions: 1s, 5m, 1h, 1d"));
    m_zone->setToolTip(tr("Buckets and times by this clock: Europe/Berlin, +05:30, UTC"));
    m_top->setObjectName(QStringLiteral("questionTop"));
    m_top->setAccessibleName(tr("Only the most, by the first measure"));
    m_top->setToolTip(tr("Only so many groups, those with most of the first measure, and one row for all others"));
    m_top->setRange(0, 10'000);
    m_top->setSpecialValueText(tr("all"));
    m_fill->setObjectName(QStringLiteral("questionFill"));
    m_ask->setObjectName(QStringLiteral("questionAsk"));
    m_ask->setProperty("primary", true);
    m_ask->setToolTip(tr("Ctrl+Return"));

    auto* panel = new QFrame;
    panel->setProperty("panel", true);
    auto* inside = new QWidget;
    auto* form = new QVBoxLayout(inside);
    form->setContentsMargins(Theme::kPadding, 10, Theme::kPadding, 10);
    form->setSpacing(5);
    form->addWidget(caption(tr("Of"), m_source));
    form->addWidget(m_source);
    form->addWidget(caption(tr("Measures"), m_measures));
    form->addWidget(m_measures, 1);
    form->addWidget(caption(tr("By"), m_by[0]));
    form->addLayout(by);
    form->addWidget(caption(tr("Where"), m_whereDimension));
    form->addLayout(where);
    form->addWidget(m_where);
    auto* grid = new QGridLayout;
    grid->setHorizontalSpacing(6);
    grid->setVerticalSpacing(5);
    const auto put = [grid](int row, int at, const QString& words, QWidget* widget) {
        grid->addWidget(caption(words, widget), row * 2, at);
        grid->addWidget(widget, row * 2 + 1, at);
    };
    put(0, 0, tr("From"), m_from);
    put(0, 1, tr("To"), m_to);
    put(1, 0, tr("Width of time"), m_bucket);
    put(1, 1, tr("Time zone"), m_zone);
    put(2, 0, tr("Compare with"), m_compare);
    put(2, 1, tr("Top"), m_top);
    form->addLayout(grid);
    form->addWidget(m_fill);
    auto* scroll = new QScrollArea;
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setWidget(inside);
    auto* column = new QVBoxLayout(panel);
    column->setContentsMargins(1, 1, 1, 10);
    column->addWidget(scroll, 1);
    auto* bottom = new QHBoxLayout;
    bottom->setContentsMargins(Theme::kPadding, 0, Theme::kPadding, 0);
    bottom->addWidget(m_ask, 1);
    column->addLayout(bottom);
    panel->setMinimumWidth(inside->minimumSizeHint().width() + 16); // nothing of it lies beyond the edge

    connect(add, &QPushButton::clicked, this, &QuestionPanel::addFilter);
    connect(m_whereDimension, &QComboBox::currentIndexChanged, this, &QuestionPanel::showValues);
    auto* remove = new QShortcut(QKeySequence(Qt::Key_Delete), m_where);
    remove->setContext(Qt::WidgetShortcut);
    connect(remove, &QShortcut::activated, this, [this] {
        delete m_where->currentItem();
        m_where->setVisible(m_where->count() > 0);
    });
    return panel;
}

void QuestionPanel::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    readRuns(); // there may be more than when it was last seen
}

void QuestionPanel::followSession()
{
    m_command.clear();
    m_copyCommand->setEnabled(false);
    m_copyCommand->setToolTip(tr("Of an answer from a recorded run: the line that prints the same CSV"));
    showRuns({});
    showValues();
    m_ask->setEnabled(m_session.isOpen());
    if (m_result->model().columnCount() == 0) {
        m_result->showNothing(tr("Choose measures and what to split them by, then ask."));
    }
    readRuns();
}

void QuestionPanel::readRuns()
{
    if (m_session.store() == nullptr) {
        m_runsReader.forget();
        return;
    }
    m_runsReader.read<std::vector<store::HistoryRun>>(
        m_session.store()->path(), [](store::Store& store) { return store::historyRuns(store); },
        [this](const Result<std::vector<store::HistoryRun>>& runs) {
            if (runs) {
                showRuns(*runs);
            } else {
                m_notice->say(runs.error());
            }
        });
}

void QuestionPanel::showRuns(const std::vector<store::HistoryRun>& runs)
{
    m_runs = runs;
    std::erase_if(m_runs, [](const store::HistoryRun& run) { return run.begin >= run.end; });
    const std::int64_t source = chosenRun();
    const QVariant compare = m_compare->currentData();
    m_source->clear();
    m_compare->clear();
    m_source->addItem(tr("The running fleet"), 0);
    m_compare->addItem(tr("nothing"), QString());
    m_compare->addItem(tr("previous period"), compareData({query::Compare::PreviousPeriod, 0}));
    m_compare->addItem(tr("baseline"), compareData({query::Compare::Other, 0}));
    for (auto run = m_runs.rbegin(); run != m_runs.rend(); ++run) {
        const QString length = seconds(static_cast<double>(run->end - run->begin) * 1e-6).joined();
        m_source->addItem(tr("Run %1 · %2 · %3").arg(run->id).arg(whenText(run->recordedAtUtc), length),
                          QVariant::fromValue<qlonglong>(run->id));
        m_compare->addItem(tr("run %1").arg(run->id), compareData({query::Compare::Other, run->id}));
    }
    m_source->setCurrentIndex(std::max(0, m_source->findData(QVariant::fromValue<qlonglong>(source))));
    m_compare->setCurrentIndex(compare.isValid() ? std::max(0, m_compare->findData(compare)) : 0);
}

std::int64_t QuestionPanel::chosenRun() const
{
    return m_source->currentData().toLongLong();
}

void QuestionPanel::showValues()
{
    m_whereValue->clear();
    if (!m_session.isOpen()) {
        return;
    }
    const query::RowKeys keys(m_session.fleet());
    const auto dimension = static_cast<Dimension>(m_whereDimension->currentData().toInt());
    for (std::uint32_t i = 0; i < keys.size(dimension); ++i) {
        m_whereValue->addItem(QString::fromStdString(keys.name(dimension, i)));
    }
    m_whereValue->addItem(QStringLiteral("(none)"));
}

void QuestionPanel::addFilter()
{
    const QString words = m_whereDimension->currentText() + QStringLiteral(" = ") + m_whereValue->currentText();
    if (m_whereValue->currentText().isEmpty() || !m_where->findItems(words, Qt::MatchExactly).isEmpty()) {
        return;
    }
    auto* item = new QListWidgetItem(words, m_where);
    item->setData(kFilterRole, QStringList{m_whereDimension->currentText(), m_whereValue->currentText()});
    m_where->show();
}

query::RecordedQuestion QuestionPanel::question() const
{
    query::RecordedQuestion question;
    question.run = chosenRun();
    for (int i = 0; i < m_measures->count(); ++i) {
        if (m_measures->item(i)->checkState() == Qt::Checked) {
            question.measures.push_back(query::measures()[static_cast<std::size_t>(i)].measure);
        }
    }
    for (const QComboBox* box : m_by) {
        if (box->currentData().toInt() >= 0) {
            question.by.push_back(static_cast<Dimension>(box->currentData().toInt()));
        }
    }
    for (int i = 0; i < m_where->count(); ++i) {
        const QStringList filter = m_where->item(i)->data(kFilterRole).toStringList();
        const Dimension dimension = *query::dimensionByName(filter[0].toStdString());
        auto same = std::find_if(question.where.begin(), question.where.end(),
                                 [dimension](const query::Filter& f) { return f.dimension == dimension; });
        if (same == question.where.end()) {
            same = question.where.insert(same, {dimension, {}});
        }
        same->values.push_back(filter[1].toStdString());
    }
    question.from = m_from->text().trimmed().toStdString();
    question.to = m_to->text().trimmed().toStdString();
    question.bucketSeconds = query::parseDuration(m_bucket->text().trimmed().toStdString()).value_or(0);
    question.compare =
        query::parseCompare(m_compare->currentData().toString().toStdString()).value_or(query::CompareChoice{});
    question.top = static_cast<std::size_t>(m_top->value());
    question.fill = m_fill->isChecked();
    question.zone = m_zone->text().trimmed().toStdString();
    return question;
}

void QuestionPanel::setQuestion(const query::RecordedQuestion& question)
{
    m_source->setCurrentIndex(std::max(0, m_source->findData(QVariant::fromValue<qlonglong>(question.run))));
    for (int i = 0; i < m_measures->count(); ++i) {
        const Measure measure = query::measures()[static_cast<std::size_t>(i)].measure;
        const bool wanted =
            std::find(question.measures.begin(), question.measures.end(), measure) != question.measures.end();
        m_measures->item(i)->setCheckState(wanted ? Qt::Checked : Qt::Unchecked);
    }
    for (std::size_t i = 0; i < m_by.size(); ++i) {
        const int wanted = i < question.by.size() ? static_cast<int>(question.by[i]) : -1;
        m_by[i]->setCurrentIndex(m_by[i]->findData(wanted));
    }
    m_where->clear();
    for (const query::Filter& filter : question.where) {
        for (const std::string& value : filter.values) {
            m_whereDimension->setCurrentIndex(m_whereDimension->findData(static_cast<int>(filter.dimension)));
            m_whereValue->setCurrentIndex(m_whereValue->findText(QString::fromStdString(value)));
            addFilter();
        }
    }
    m_where->setVisible(m_where->count() > 0);
    m_from->setText(QString::fromStdString(question.from));
    m_to->setText(QString::fromStdString(question.to));
    m_bucket->setText(question.bucketSeconds > 0 ? QStringLiteral("%1s").arg(question.bucketSeconds) : QString());
    m_compare->setCurrentIndex(std::max(0, m_compare->findData(compareData(question.compare))));
    m_top->setValue(static_cast<int>(question.top));
    m_fill->setChecked(question.fill);
    m_zone->setText(QString::fromStdString(question.zone));
}

void QuestionPanel::ask()
{
    if (!m_session.isOpen()) {
        return;
    }
    m_notice->clear();
    query::RecordedQuestion asked = question();
    const QString width = m_bucket->text().trimmed();
    if (!width.isEmpty() && asked.bucketSeconds == 0) {
        m_notice->say(Notice::Tone::Trouble, tr("\"%1\" is no width of time.").arg(width),
                      tr("Write whole seconds, or 5m, 1h, 1d."));
        Q_EMIT finished();
        return;
    }
    // The end is said, not left to when it is asked again: the run may still be growing.
    const auto run = std::find_if(m_runs.begin(), m_runs.end(), [&](const auto& r) { return r.id == asked.run; });
    if (run != m_runs.end()) {
        asked.from = asked.from.empty() ? secondsText(run->begin) : asked.from;
        asked.to = asked.to.empty() ? secondsText(run->end) : asked.to;
    }
    const std::uint64_t mine = ++m_generation;
    const auto show = [this, asked, mine](const Result<query::Table>& table) {
        if (mine == m_generation) {
            answered(asked, table);
        }
    };
    query::RecordedQuestion ofRunning = asked;
    ofRunning.run = m_session.recorder() != nullptr ? m_session.recorder()->runId() : 0;
    const auto running = [fleet = m_session.fleetPointer(), history = m_session.history(),
                          ofRunning](const store::Store* store) -> Result<query::Table> {
        return query::askHistory(*fleet, history, ofRunning, store);
    };
    if (m_session.store() != nullptr && (asked.run > 0 || asked.compare.compare == query::Compare::Other)) {
        m_reader.read<query::Table>(
            m_session.store()->path(),
            [asked, running](store::Store& store) {
                return asked.run > 0 ? query::askRecorded(store, asked) : running(&store);
            },
            show);
        return;
    }
    auto* watcher = new QFutureWatcher<Result<query::Table>>(this);
    connect(watcher, &QFutureWatcherBase::finished, this, [watcher, show] {
        watcher->deleteLater();
        show(watcher->result());
    });
    watcher->setFuture(QtConcurrent::run(running, nullptr));
}

void QuestionPanel::answered(const query::RecordedQuestion& asked, const Result<query::Table>& table)
{
    m_command.clear();
    if (!table) {
        m_copyCommand->setEnabled(false);
        m_notice->say(table.error());
        Q_EMIT finished();
        return;
    }
    if (asked.run > 0 && m_session.store() != nullptr) {
        std::vector<std::string> line{"isobar-cli", "query",
                                      std::filesystem::absolute(m_session.store()->path()).string()};
        for (std::string& argument : query::argumentsOf(asked)) {
            line.push_back(std::move(argument));
        }
        line.insert(line.end(), {"--format", "csv"});
        m_command = QString::fromStdString(query::shellLine(line));
    }
    m_copyCommand->setEnabled(!m_command.isEmpty());
    m_copyCommand->setToolTip(
        m_command.isEmpty() ? tr("Only a recorded run can be asked from the command line: choose one under \"Of\"")
                            : m_command.toHtmlEscaped());
    const auto rows = static_cast<std::int64_t>(table->rows.size());
    if (rows == 0) {
        m_result->showNothing(tr("Nothing was counted there."));
    } else {
        const QString clock = QStringLiteral("yyyy-MM-dd HH:mm:ss");
        const auto range = [&](SimMicros from, SimMicros to) {
            return m_session.timeAt(from).toString(clock) + QStringLiteral(" – ") +
                   m_session.timeAt(to).toString(clock);
        };
        QString heading = counted(rows, tr("row"), tr("rows")) + QStringLiteral(" · ") + range(table->from, table->to) +
                          QStringLiteral(" UTC");
        if (table->compare != query::Compare::Nothing) {
            heading += tr(", compared with ") + range(table->baseFrom, table->baseTo);
        }
        m_result->showTable(cellsOf(*table), report::toCsv(*table), heading);
    }
    Q_EMIT finished();
}

} // namespace isobar::ui
