// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/dashboard/board.h"

#include <QWidget>

class QComboBox;
class QScrollArea;
class QToolButton;

namespace isobar::ui {

class BoardGrid;
class ElidedLabel;
class KpiTargetBook;
class Session;

/// The room of boards: one board at a time, chosen, arranged and kept. Boards live in the open store, with the bundled
/// sample in the settings. While presenting, only the board is there and it fills the page.
/// The boards of what is open: its store's, or for the sample those in the settings; the shipped ones where none are
/// kept. Errors as boardsFromJson().
[[nodiscard]] Result<std::vector<Board>> keptBoards(Session& session);

class BoardPage : public QWidget {
    Q_OBJECT
public:
    BoardPage(Session& session, KpiTargetBook& targets, QWidget* parent = nullptr);

    [[nodiscard]] const std::vector<Board>& boards() const { return m_boards; }
    [[nodiscard]] int current() const { return m_current; }
    void showBoard(int board);
    void showNext() { showBoard((m_current + 1) % std::max(1, static_cast<int>(m_boards.size()))); }
    [[nodiscard]] BoardGrid& grid() { return *m_grid; }
    void setPresenting(bool on);

    // What the buttons do; each is one step of undo.
    void addView(View view);
    void addBoard(const QString& name);
    void renameBoard(const QString& name);
    void removeBoard();
    void resetToShipped();

    /// Reads the boards of what is open; it happens by itself when something is opened.
    void load();
    /// Puts boards in force and keeps them; what undo and redo call.
    void useBoards(const std::vector<Board>& boards, int current);
    /// Writes them where they live; when what is open has moved to another store.
    void keep();

Q_SIGNALS:
    void problem(const isobar::Error& error);
    void presentRequested();

protected:
    void showEvent(QShowEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;

private:
    void refresh();
    void showPanels();
    void fit();
    void change(const std::vector<Board>& boards, int current, const QString& text);
    void fillNames();
    [[nodiscard]] bool nameIsFree(const QString& name) const;
    void askName(const QString& title, const QString& proposal, const std::function<void(const QString&)>& take);

    Session& m_session;
    KpiTargetBook& m_targets;
    std::vector<Board> m_boards;
    int m_current = 0;
    bool m_presenting = false;
    QWidget* m_tools;
    QComboBox* m_names;
    ElidedLabel* m_source;
    QToolButton* m_arrange;
    QScrollArea* m_scroll;
    BoardGrid* m_grid;
};

} // namespace isobar::ui
