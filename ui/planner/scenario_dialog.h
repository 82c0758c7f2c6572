// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/session/session.h"

#include <QDialog>

class QLabel;
class QListWidget;
class QListWidgetItem;
class QPushButton;

namespace isobar::ui {

/// The scenarios of what is open: what each does in words; run one, bring one in from a file, write one out, copy,
/// rename and remove. Changes of the list can be undone, here and in the window.
class ScenarioDialog : public QDialog {
    Q_OBJECT
public:
    explicit ScenarioDialog(Session& session, QWidget* parent = nullptr);

    /// Adds the scenario in a file, under the file's name; what is wrong with it is shown with its line.
    void importFile(const QString& path);
    /// Writes the chosen one as it was read.
    void exportFile(const QString& path);
    /// The one chosen; null for the fleet as it stands.
    [[nodiscard]] const store::Scenario* chosen() const;

private:
    void fill();
    void choose(const std::string& name);
    void showChosen();
    void renamed(QListWidgetItem* item);
    void rename(int row, const QString& name);
    void run();
    void askImport();
    void askExport();
    void duplicate();
    void remove();
    void add(store::Scenario scenario, const QString& text);
    void say(const Error& error);
    void say(const QString& text);
    [[nodiscard]] std::string freeName(const std::string& wanted) const;

    Session& m_session;
    QListWidget* m_list;
    QLabel *m_title, *m_note, *m_does, *m_from, *m_message;
    QPushButton *m_run, *m_export, *m_duplicate, *m_rename, *m_remove, *m_undo;
    bool m_filling = false;
    const int m_undoneFrom = m_session.undoStack().index(); ///< what was done before is not undone here
};

} // namespace isobar::ui
