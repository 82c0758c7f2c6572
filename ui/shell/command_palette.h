// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/shell/command_registry.h"

#include <QFrame>
#include <QList>
#include <QPointer>
#include <QString>

#include <optional>

class QLabel;
class QLineEdit;
class QListView;

/// Ctrl+K: every command of the window by a few letters of its title.
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

/// The title as it is read: without mnemonic ampersands.
[[nodiscard]] QString plainTitle(const QString& title);

/// A frame that floats at the top of `window` and runs commands of a registry. Typing filters, Up and Down move, Enter
/// runs, Esc or a click elsewhere closes. Commands that cannot run now are listed last, greyed. Follows the registry
/// and the theme each time it opens.
class CommandPalette final : public QFrame {
    Q_OBJECT
public:
    CommandPalette(CommandRegistry& registry, QWidget* window);

    void open();
    void dismiss();

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
    QLineEdit* m_query;
    QListView* m_list;
    QLabel* m_nothing;
    Matches* m_matches;
    QPointer<QWidget> m_focusBefore;
};

} // namespace isobar::ui
