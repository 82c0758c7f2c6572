// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/shell/command_registry.h"

#include <QFrame>
#include <QList>
#include <QPointer>
#include <QString>

#include <functional>
#include <optional>
#include <vector>

class QLabel;
class QLineEdit;
class QListView;

/// Ctrl+K: every command of the window, and whatever one can go to, by a few letters of its title.
namespace isobar::ui {

/// How well a query fits a title, and which characters of the title it stands for.
struct FuzzyMatch {
    int score = 0; ///< higher is better; only comparable for one query
    QList<int> positions;
};

/// Whether the characters of `query` stand in `title` in this order, case and spaces of the query aside. Among all ways
/// to place them the best one counts: starts of words and unbroken runs are worth most. Absent when they do not.
/// O(query x title squared): titles are short.
[[nodiscard]] std::optional<FuzzyMatch> fuzzyMatch(const QString& query, const QString& title);

/// The same, or else all words of the query anywhere in the title, worth less: "dark theme" finds "Theme: dark".
[[nodiscard]] std::optional<FuzzyMatch> matchWords(const QString& query, const QString& title);

/// The title as it is read: without mnemonic ampersands.
[[nodiscard]] QString plainTitle(const QString& title);

/// What one can go to that is no command: a place, a board, a model.
struct Destination {
    QString title; ///< "Place: Tokyo"
    std::function<void()> go;
};

/// A frame that floats at the top of `window` and runs commands of a registry. Typing filters, Up and Down move, Enter
/// runs, Esc or a click elsewhere closes. Commands that cannot run now are listed last, greyed; destinations are found
/// by typing only. Follows the registry, what there is to go to, and the theme each time it opens.
class CommandPalette final : public QFrame {
    Q_OBJECT
public:
    CommandPalette(CommandRegistry& registry, QWidget* window);

    void open();
    void dismiss();

    /// Asked each time the palette opens; none without one.
    std::function<std::vector<Destination>()> destinations;

protected:
    void paintEvent(QPaintEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    class Matches;

    void filter(const QString& query);
    void run(int row);
    void place();
    void step(int rows);

    CommandRegistry& m_registry;
    std::vector<Destination> m_destinations;
    QLineEdit* m_query;
    QListView* m_list;
    QLabel* m_nothing;
    Matches* m_matches;
    QPointer<QWidget> m_focusBefore;
};

} // namespace isobar::ui
