// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/planner/scenario_dialog.h"

#include "model/ingest/whole_file.h"
#include "model/plan/scenario_words.h"
#include "ui/planner/list_row.h"
#include "ui/shell/text_color.h"
#include "ui/shell/theme.h"
#include "ui/shell/wait_cursor.h"

#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QLabel>
#include <QListWidget>
#include <QPushButton>
#include <QSaveFile>
#include <QScrollArea>
#include <QShortcut>
#include <QVBoxLayout>

#include <algorithm>

namespace isobar::ui {
namespace {

constexpr int kListWidth = 230, kWordsWidth = 420;
const QString kDocuments = QStringLiteral("isobar.v1.Operations (*.textproto *.txt);;All files (*)");

QString text(const std::string& of)
{
    return QString::fromStdString(of);
}

/// "region_outage.textproto" -> "Region outage".
std::string nameOf(const QString& path)
{
    QString name = QFileInfo(path).completeBaseName().replace(QLatin1Char('_'), QLatin1Char(' ')).simplified();
    if (!name.isEmpty()) {
        name[0] = name[0].toUpper();
    }
    return name.left(60).toStdString();
}

QLabel* words(TextRole role, bool muted)
{
    auto* label = new QLabel;
    label->setFont(ui::font(role));
    label->setWordWrap(true);
    label->setProperty("muted", muted);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    return label;
}

} // namespace

ScenarioDialog::ScenarioDialog(Session& session, QWidget* parent)
    : QDialog(parent)
    , m_session(session)
    , m_list(new QListWidget)
    , m_title(words(TextRole::Title, false))
    , m_note(words(TextRole::Body, true))
    , m_does(words(TextRole::Body, false))
    , m_from(words(TextRole::Small, true))
    , m_message(words(TextRole::Body, false))
{
    setWindowTitle(tr("Scenarios"));
    resize(860, 560);
    m_list->setAccessibleName(tr("Scenarios"));
    useRows(*m_list);
    m_list->setMinimumWidth(kListWidth);
    m_list->setEditTriggers(QAbstractItemView::EditKeyPressed | QAbstractItemView::SelectedClicked);
    m_does->setAccessibleName(tr("What it does"));
    m_message->setAccessibleName(tr("What went wrong"));
    m_message->hide();

    const auto button = [this](const QString& label, const QString& hint, void (ScenarioDialog::*clicked)()) {
        auto* made = new QPushButton(label);
        made->setToolTip(hint);
        made->setAutoDefault(false);
        connect(made, &QPushButton::clicked, this, clicked);
        return made;
    };
    m_run = button(tr("Run"), tr("Start the clock over under this scenario"), &ScenarioDialog::run);
    m_run->setProperty("primary", true);
    m_run->setAutoDefault(true);
    m_run->setDefault(true);
    auto* bringIn = button(tr("Import file…"), tr("Read a document of operations"), &ScenarioDialog::askImport);
    m_export = button(tr("Export file…"), tr("Write the document as it was read"), &ScenarioDialog::askExport);
    m_duplicate = button(tr("Duplicate"), tr("The same under another name"), &ScenarioDialog::duplicate);
    m_rename = new QPushButton(tr("Rename"));
    m_rename->setAutoDefault(false);
    m_rename->setToolTip(tr("F2"));
    m_remove = button(tr("Remove"), tr("Del"), &ScenarioDialog::remove);
    m_undo = new QPushButton;
    m_undo->setAutoDefault(false);
    m_undo->setAccessibleName(tr("Undo"));
    auto* close = button(tr("Close"), {}, &ScenarioDialog::reject);

    auto* ofList = new QVBoxLayout;
    ofList->addWidget(m_list, 1);
    ofList->addWidget(bringIn);
    auto* page = new QWidget;
    auto* pageColumn = new QVBoxLayout(page);
    pageColumn->setContentsMargins(0, 0, Theme::kGutter, 0);
    pageColumn->setSpacing(8);
    pageColumn->addWidget(m_title);
    pageColumn->addWidget(m_note);
    pageColumn->addWidget(m_does);
    pageColumn->addWidget(m_from);
    pageColumn->addStretch(1);
    auto* scroll = new QScrollArea;
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setMinimumWidth(kWordsWidth);
    scroll->setWidget(page);
    auto* ofOne = new QHBoxLayout;
    for (QPushButton* one : {m_duplicate, m_rename, m_remove, m_export}) {
        ofOne->addWidget(one);
    }
    ofOne->addStretch(1);
    auto* right = new QVBoxLayout;
    right->addWidget(scroll, 1);
    right->addLayout(ofOne);
    auto* middle = new QHBoxLayout;
    middle->setSpacing(Theme::kPadding);
    middle->addLayout(ofList);
    middle->addLayout(right, 1);
    auto* end = new QHBoxLayout;
    end->addWidget(m_undo);
    end->addStretch(1);
    end->addWidget(close);
    end->addWidget(m_run);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(Theme::kPadding, Theme::kPadding, Theme::kPadding, Theme::kPadding);
    column->setSpacing(10);
    column->addLayout(middle, 1);
    column->addWidget(m_message);
    column->addLayout(end);

    connect(m_list, &QListWidget::currentRowChanged, this, [this] {
        if (!m_filling) {
            m_message->hide();
            showChosen();
        }
    });
    connect(m_list, &QListWidget::itemChanged, this, &ScenarioDialog::renamed);
    connect(m_rename, &QPushButton::clicked, this, [this] { m_list->editItem(m_list->currentItem()); });
    const auto undo = [this] {
        if (m_session.undoStack().index() > m_undoneFrom) {
            m_session.undoStack().undo();
        }
    };
    connect(m_undo, &QPushButton::clicked, this, undo);
    connect(new QShortcut(QKeySequence::Undo, this), &QShortcut::activated, this, undo);
    connect(new QShortcut(QKeySequence::Redo, this), &QShortcut::activated, &m_session.undoStack(), &QUndoStack::redo);
    auto* del = new QShortcut(QKeySequence::Delete, m_list);
    del->setContext(Qt::WidgetShortcut);
    connect(del, &QShortcut::activated, this, &ScenarioDialog::remove);
    connect(&m_session.undoStack(), &QUndoStack::indexChanged, this, &ScenarioDialog::showChosen);
    connect(&m_session, &Session::scenariosChanged, this, &ScenarioDialog::fill);
    connect(&m_session, &Session::problem, this, qOverload<const Error&>(&ScenarioDialog::say));
    fill();
    choose(m_session.scenarioName());
}

const store::Scenario* ScenarioDialog::chosen() const
{
    const auto row = static_cast<std::size_t>(m_list->currentRow()) - 1; // the first is the fleet as it stands
    return row < m_session.scenarios().size() ? &m_session.scenarios()[row] : nullptr;
}

void ScenarioDialog::fill()
{
    m_filling = true;
    const int row = m_list->currentRow();
    m_list->clear();
    const auto add = [this](const QString& name, bool runs, bool named) {
        QListWidgetItem* item = addRow(*m_list, name);
        item->setFont(ui::font(runs ? TextRole::Strong : TextRole::Body));
        item->setToolTip(runs ? tr("Runs now") : QString());
        item->setFlags(named ? item->flags() | Qt::ItemIsEditable : item->flags());
    };
    add(tr("The fleet as it stands"), m_session.scenarioName().empty(), false);
    for (const store::Scenario& scenario : m_session.scenarios()) {
        add(text(scenario.name), scenario.name == m_session.scenarioName(), true);
    }
    m_list->setCurrentRow(std::clamp(row, 0, m_list->count() - 1));
    m_filling = false;
    showChosen();
}

void ScenarioDialog::choose(const std::string& name)
{
    const auto& all = m_session.scenarios();
    const auto at = std::find_if(all.begin(), all.end(), [&](const store::Scenario& s) { return s.name == name; });
    m_list->setCurrentRow(at == all.end() ? 0 : static_cast<int>(at - all.begin()) + 1);
}

void ScenarioDialog::showChosen()
{
    const store::Scenario* one = chosen();
    for (QPushButton* ofOne : {m_export, m_duplicate, m_rename, m_remove}) {
        ofOne->setEnabled(one != nullptr);
    }
    const QUndoStack& undo = m_session.undoStack();
    m_undo->setVisible(undo.canUndo() && undo.index() > m_undoneFrom);
    m_undo->setText(tr("Undo: %1").arg(undo.undoText()));
    bool fits = true;
    QStringList lines;
    if (one == nullptr) {
        m_title->setText(tr("The fleet as it stands"));
        m_note->setText(tr("No scenario: routing to the nearest with spill, chips in nodes of eight, nothing scales "
                           "and nothing breaks by itself."));
        m_from->clear();
    } else {
        m_title->setText(text(one->name));
        m_note->setText(text(one->note));
        m_from->setText(tr("Source: %1 · added %2 · SHA-256 %3…")
                            .arg(text(one->source), text(one->createdAtUtc), text(one->sha256.substr(0, 12))));
        const auto operations = store::operationsOf(*one, m_session.fleet());
        fits = operations.ok();
        if (fits) {
            for (const std::string& line : plan::scenarioWords(*operations, m_session.fleet())) {
                lines << QStringLiteral("•  ") + text(line);
            }
        } else {
            lines << tr("! It does not fit this fleet: %1").arg(text(operations.error().toString()));
        }
    }
    m_does->setText(lines.join(QLatin1Char('\n')));
    m_does->setStyleSheet(fits ? QString() : QStringLiteral("color: %1").arg(theme().trouble.name()));
    m_note->setVisible(!m_note->text().isEmpty());
    const bool runs = (one == nullptr ? std::string() : one->name) == m_session.scenarioName();
    m_run->setText(runs ? tr("Run again") : tr("Run"));
    m_run->setEnabled(fits && !m_session.isRecording());
}

void ScenarioDialog::say(const Error& error)
{
    say(QStringLiteral("! ") + text(error.toString()));
    setTextColor(m_message, theme().trouble);
}

void ScenarioDialog::say(const QString& what)
{
    m_message->setText(what);
    setTextColor(m_message, theme().fine);
    m_message->show();
}

std::string ScenarioDialog::freeName(const std::string& wanted) const
{
    std::string name = wanted;
    for (int n = 2; store::findScenario(m_session.scenarios(), name) != nullptr; ++n) {
        name = wanted + " " + std::to_string(n);
    }
    return name;
}

void ScenarioDialog::add(store::Scenario scenario, const QString& what)
{
    std::vector<store::Scenario> after = m_session.scenarios();
    const std::string name = scenario.name;
    after.push_back(std::move(scenario));
    if (const Status changed = m_session.changeScenarios(after, what); !changed.ok()) {
        say(changed.error());
        return;
    }
    choose(name);
}

void ScenarioDialog::importFile(const QString& path)
{
    const auto read = ingest::readWholeFile(path.toStdString(), store::kMostScenarioBytes);
    if (!read.ok()) {
        say(read.error());
        return;
    }
    auto made = store::makeScenario(freeName(nameOf(path)), *read, path.toStdString(), {}, m_session.fleet());
    if (!made.ok()) {
        say(made.error());
        return;
    }
    const QString name = text(made->name);
    m_message->hide();
    add(std::move(*made), tr("import scenario %1").arg(name));
}

void ScenarioDialog::askImport()
{
    const QString path = QFileDialog::getOpenFileName(this, tr("Import a scenario"), QString(), kDocuments, nullptr,
                                                      QFileDialog::DontUseNativeDialog);
    if (!path.isEmpty()) {
        importFile(path);
    }
}

void ScenarioDialog::exportFile(const QString& path)
{
    const store::Scenario* one = chosen();
    if (one == nullptr) {
        return;
    }
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly) || file.write(one->document.data(), qint64(one->document.size())) < 0 ||
        !file.commit()) {
        say({.code = ErrorCode::NotWritable,
             .message = "could not be written: " + file.errorString().toStdString(),
             .advice = "choose another folder",
             .file = path.toStdString()});
        return;
    }
    say(tr("Written to %1").arg(path));
}

void ScenarioDialog::askExport()
{
    if (const store::Scenario* one = chosen()) {
        const QString path = QFileDialog::getSaveFileName(this, tr("Export the scenario"),
                                                          text(one->name)
                                                                  .toLower()
                                                                  .replace(QLatin1Char(' '), QLatin1Char('_'))
                                                                  .replace(QLatin1Char('/'), QLatin1Char('_')) +
                                                              QStringLiteral(".textproto"),
                                                          kDocuments, nullptr, QFileDialog::DontUseNativeDialog);
        if (!path.isEmpty()) {
            exportFile(path);
        }
    }
}

void ScenarioDialog::duplicate()
{
    if (const store::Scenario* one = chosen()) {
        store::Scenario copy = *one;
        copy.id = 0;
        copy.name = freeName(one->name + " copy");
        add(std::move(copy), tr("duplicate scenario %1").arg(text(one->name)));
    }
}

void ScenarioDialog::renamed(QListWidgetItem* item)
{
    if (!m_filling) {
        // Not while the list is still at work on its item.
        QMetaObject::invokeMethod(
            this, [this, row = m_list->row(item), name = item->text().trimmed()] { rename(row, name); },
            Qt::QueuedConnection);
    }
}

void ScenarioDialog::rename(int row, const QString& name)
{
    const auto index = static_cast<std::size_t>(row) - 1;
    std::vector<store::Scenario> after = m_session.scenarios();
    if (index >= after.size() || after[index].name == name.toStdString()) {
        return;
    }
    m_message->hide();
    const QString before = text(std::exchange(after[index].name, name.toStdString()));
    if (const Status changed = m_session.changeScenarios(after, tr("rename scenario %1").arg(before)); !changed.ok()) {
        fill();
        say(changed.error());
    }
}

void ScenarioDialog::remove()
{
    const store::Scenario* one = chosen();
    if (one == nullptr) {
        return;
    }
    std::vector<store::Scenario> after = m_session.scenarios();
    const QString name = text(one->name);
    after.erase(after.begin() + (one - m_session.scenarios().data()));
    if (const Status changed = m_session.changeScenarios(after, tr("remove scenario %1").arg(name)); !changed.ok()) {
        say(changed.error());
    }
}

void ScenarioDialog::run()
{
    const store::Scenario* one = chosen();
    const WaitCursor busy;
    if (const Status started = m_session.runScenario(one == nullptr ? std::string() : one->name); !started.ok()) {
        say(started.error());
        return;
    }
    accept();
}

} // namespace isobar::ui
