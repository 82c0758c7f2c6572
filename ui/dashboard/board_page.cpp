// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/board_page.h"

#include "ui/dashboard/board_grid.h"
#include "ui/dashboard/kpi_target_book.h"
#include "ui/session/session.h"
#include "ui/shell/elided_label.h"
#include "ui/shell/theme.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QInputDialog>
#include <QMenu>
#include <QScrollArea>
#include <QScrollBar>
#include <QSettings>
#include <QSignalBlocker>
#include <QTimer>
#include <QToolButton>
#include <QUndoStack>
#include <QVBoxLayout>

#include <algorithm>

namespace isobar::ui {
namespace {

const char* const kKey = "boards"; ///< of the store's settings, and of the program's

class BoardsCommand : public QUndoCommand {
public:
    BoardsCommand(BoardPage& page, std::vector<Board> before, int current, std::vector<Board> after, int currentAfter,
                  const QString& text)
        : QUndoCommand(text)
        , m_page(page)
        , m_before(std::move(before))
        , m_after(std::move(after))
        , m_current(current)
        , m_currentAfter(currentAfter)
    {
    }
    void undo() override { m_page.useBoards(m_before, m_current); }
    void redo() override { m_page.useBoards(m_after, m_currentAfter); }

private:
    BoardPage& m_page;
    std::vector<Board> m_before, m_after;
    int m_current, m_currentAfter;
};

} // namespace

BoardPage::BoardPage(Session& session, KpiTargetBook& targets, QWidget* parent)
    : QWidget(parent)
    , m_session(session)
    , m_targets(targets)
    , m_boards(shippedBoards())
    , m_tools(new QWidget)
    , m_names(new QComboBox)
    , m_source(new ElidedLabel)
    , m_arrange(new QToolButton)
    , m_scroll(new QScrollArea)
    , m_grid(new BoardGrid(session))
{
    m_names->setAccessibleName(tr("Board"));
    m_names->setMinimumWidth(160);
    m_source->setProperty("muted", true);
    m_source->setAccessibleName(tr("Source"));
    m_arrange->setText(tr("Arrange"));
    m_arrange->setCheckable(true);
    m_arrange->setToolTip(tr("Move panels by their header, resize them by their corner"));
    const auto button = [](const QString& text, const QString& tip) {
        auto* made = new QToolButton;
        made->setText(text);
        made->setToolTip(tip);
        return made;
    };
    auto* add = button(tr("Add panel"), tr("Choose a chart from the gallery"));
    auto* more = button(tr("Board…"), tr("New, rename, remove, reset"));
    auto* present = button(tr("Present"), tr("Full screen, board after board (F11)"));
    add->setPopupMode(QToolButton::InstantPopup);
    more->setPopupMode(QToolButton::InstantPopup);
    auto* gallery = new QMenu(add);
    gallery->addAction(tr("Key figures"), this, [this] { addView(View::Overview); });
    for (const View view : allViews()) {
        if (isChart(view) || view == View::Map) {
            gallery->addAction(viewTitle(view), this, [this, view] { addView(view); });
        }
    }
    add->setMenu(gallery);
    auto* menu = new QMenu(more);
    menu->addAction(tr("New board…"), this, [this] {
        askName(tr("New board"), tr("My board"), [this](const QString& name) { addBoard(name); });
    });
    menu->addAction(tr("Rename…"), this, [this] {
        askName(tr("Rename board"), m_boards[static_cast<std::size_t>(m_current)].name,
                [this](const QString& name) { renameBoard(name); });
    });
    menu->addAction(tr("Remove this board"), this, &BoardPage::removeBoard);
    menu->addSeparator();
    menu->addAction(tr("Reset to the shipped boards"), this, &BoardPage::resetToShipped);
    more->setMenu(menu);

    auto* tools = new QHBoxLayout(m_tools);
    tools->setContentsMargins(0, 0, 0, 0);
    tools->setSpacing(8);
    tools->addWidget(m_names);
    tools->addWidget(m_source, 1);
    for (QToolButton* each : {m_arrange, add, more, present}) {
        tools->addWidget(each);
    }
    m_scroll->setWidget(m_grid);
    m_scroll->setWidgetResizable(true);
    m_scroll->setFrameShape(QFrame::NoFrame);
    m_scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(Theme::kGutter, Theme::kGutter, Theme::kGutter, Theme::kGutter);
    column->setSpacing(Theme::kGutter);
    column->addWidget(m_tools);
    column->addWidget(m_scroll, 1);

    connect(m_names, &QComboBox::activated, this, &BoardPage::showBoard);
    connect(m_arrange, &QToolButton::toggled, m_grid, &BoardGrid::setArranging);
    connect(present, &QToolButton::clicked, this, &BoardPage::presentRequested);
    connect(m_grid, &BoardGrid::arranged, this, [this](const Board& board) {
        std::vector<Board> boards = m_boards;
        boards[static_cast<std::size_t>(m_current)] = board;
        change(boards, m_current, tr("arrange board %1").arg(board.name));
    });
    connect(m_scroll->verticalScrollBar(), &QScrollBar::valueChanged, m_grid, &BoardGrid::scrolled);
    connect(m_grid, &BoardGrid::targetChosen, &m_targets, &KpiTargetBook::set);
    connect(&m_targets, &KpiTargetBook::changed, this, &BoardPage::refresh);
    connect(&m_session, &Session::opened, this, &BoardPage::load);
    connect(&m_session, &Session::historyChanged, this, &BoardPage::refresh);
    connect(&m_session, &Session::placementsChanged, this, &BoardPage::refresh);
    connect(&m_session.selection(), &Selection::changed, this, &BoardPage::refresh);
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, &BoardPage::refresh);
    fillNames();
}

/// Panels are made when somebody looks: a map and five charts would be part of every start else.
void BoardPage::showPanels()
{
    if (isVisible()) {
        m_grid->setBoard(m_boards[static_cast<std::size_t>(m_current)]);
    }
}

Result<std::vector<Board>> keptBoards(Session& session)
{
    QByteArray json;
    if (const store::Store* open = session.store()) {
        if (const auto kept = open->setting(kKey); kept.ok() && *kept) {
            json = QByteArray::fromStdString(**kept);
        }
    } else {
        json = QSettings().value(QLatin1String(kKey)).toByteArray();
    }
    if (json.isEmpty()) {
        return shippedBoards();
    }
    ISOBAR_TRY_ASSIGN(std::vector<Board> boards, boardsFromJson(json));
    return boards.empty() ? shippedBoards() : boards;
}

void BoardPage::load()
{
    const Result<std::vector<Board>> kept = keptBoards(m_session);
    if (!kept.ok()) {
        Q_EMIT problem(kept.error());
    }
    m_boards = kept.ok() ? *kept : shippedBoards();
    fillNames();
    showBoard(std::min(m_current, static_cast<int>(m_boards.size()) - 1));
}

void BoardPage::keep()
{
    const QByteArray json = m_boards == shippedBoards() ? QByteArray() : boardsToJson(m_boards);
    store::Store* open = m_session.store();
    if (open == nullptr) {
        QSettings().setValue(QLatin1String(kKey), json);
    } else if (!open->isReadOnly()) {
        if (const Status kept = open->setSetting(kKey, json.toStdString()); !kept) {
            Q_EMIT problem(kept.error());
        }
    }
}

void BoardPage::showBoard(int board)
{
    m_current = std::clamp(board, 0, static_cast<int>(m_boards.size()) - 1);
    m_names->setCurrentIndex(m_current);
    showPanels();
    m_scroll->verticalScrollBar()->setValue(0);
    fit();
    refresh();
}

void BoardPage::change(const std::vector<Board>& boards, int current, const QString& text)
{
    m_session.undoStack().push(new BoardsCommand(*this, m_boards, m_current, boards, current, text));
}

void BoardPage::useBoards(const std::vector<Board>& boards, int current)
{
    m_boards = boards;
    m_current = std::clamp(current, 0, static_cast<int>(m_boards.size()) - 1);
    fillNames();
    showPanels();
    keep();
    fit();
    refresh();
}

void BoardPage::addView(View view)
{
    std::vector<Board> boards = m_boards;
    addPanel(boards[static_cast<std::size_t>(m_current)], view);
    change(boards, m_current, tr("add panel %1").arg(viewTitle(view)));
}

bool BoardPage::nameIsFree(const QString& name) const
{
    return std::none_of(m_boards.begin(), m_boards.end(), [&name](const Board& board) { return board.name == name; });
}

void BoardPage::addBoard(const QString& name)
{
    if (name.isEmpty() || !nameIsFree(name)) {
        return;
    }
    std::vector<Board> boards = m_boards;
    boards.push_back({name, {}});
    addPanel(boards.back(), View::Overview);
    change(boards, static_cast<int>(boards.size()) - 1, tr("new board %1").arg(name));
}

void BoardPage::renameBoard(const QString& name)
{
    if (name.isEmpty() || !nameIsFree(name)) {
        return;
    }
    std::vector<Board> boards = m_boards;
    boards[static_cast<std::size_t>(m_current)].name = name;
    change(boards, m_current, tr("rename board"));
}

void BoardPage::removeBoard()
{
    if (m_boards.size() > 1) {
        std::vector<Board> boards = m_boards;
        boards.erase(boards.begin() + m_current);
        change(boards, std::max(0, m_current - 1), tr("remove board"));
    }
}

void BoardPage::resetToShipped()
{
    if (!(m_boards == shippedBoards())) {
        change(shippedBoards(), 0, tr("reset boards"));
    }
}

void BoardPage::askName(const QString& title, const QString& proposal, const std::function<void(const QString&)>& take)
{
    bool ok = false;
    const QString name = QInputDialog::getText(this, title, tr("Name"), QLineEdit::Normal, proposal, &ok).trimmed();
    if (ok && !name.isEmpty()) {
        if (!nameIsFree(name)) {
            Q_EMIT problem({.code = ErrorCode::InvalidValue,
                            .message = "there is a board of that name already",
                            .advice = "choose another name",
                            .text = name.toStdString()});
            return;
        }
        take(name);
    }
}

void BoardPage::fillNames()
{
    const QSignalBlocker blocker(m_names);
    m_names->clear();
    for (const Board& board : m_boards) {
        m_names->addItem(board.name);
    }
    m_names->setCurrentIndex(m_current);
}

void BoardPage::setPresenting(bool on)
{
    m_presenting = on;
    m_arrange->setChecked(false);
    // What is shown stays named, and that it is simulated: the tools go.
    m_names->setVisible(!on);
    for (QToolButton* button : m_tools->findChildren<QToolButton*>(QString(), Qt::FindDirectChildrenOnly)) {
        button->setVisible(!on);
    }
    fit();
    refresh();
}

void BoardPage::fit()
{
    m_scroll->setVerticalScrollBarPolicy(m_presenting ? Qt::ScrollBarAlwaysOff : Qt::ScrollBarAsNeeded);
    m_grid->setHeightToFill(m_presenting ? m_scroll->viewport()->height() : 0);
}

void BoardPage::refresh()
{
    if (!isVisible() || !m_session.isOpen()) {
        return; // a room that is not looked at costs nothing
    }
    const ViewContext context = contextOf(m_session, m_targets.targets());
    const QString footer = context.footer();
    m_source->setText(m_presenting ? m_boards[static_cast<std::size_t>(m_current)].name + QStringLiteral(" · ") + footer
                                   : footer);
    m_grid->showContext(context);
}

void BoardPage::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    showPanels();
    // After the layout: before it no panel is in sight.
    QTimer::singleShot(0, this, [this] {
        fit();
        refresh();
    });
}

void BoardPage::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    QTimer::singleShot(0, this, &BoardPage::fit);
}

} // namespace isobar::ui
