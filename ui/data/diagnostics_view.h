// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/data/diagnostics_model.h"

#include <QWidget>

class QComboBox;
class QLabel;
class QSortFilterProxyModel;
class QTableView;

namespace isobar::ui {

/// A heading, a filter by rule and the table of rows of one file that need a look.
class DiagnosticsView final : public QWidget {
    Q_OBJECT
public:
    explicit DiagnosticsView(QWidget* parent = nullptr);

    /// `total` is how many there are in all, where `rows` are only the first of them.
    void showRows(const QString& heading, std::vector<store::Diagnostic> rows, std::int64_t total,
                  const QString& whenEmpty);
    /// Without the column that says what became of the row: where all were quarantined.
    void hideOutcome();
    /// Room at the right of the heading for a button.
    void addTool(QWidget* tool);

    [[nodiscard]] DiagnosticsModel& model() { return *m_model; }
    /// The selected rows, or all shown ones when none is, as lines of tab-separated text.
    [[nodiscard]] QString asText() const;
    void copy() const;

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void filterByRule();

    QLabel* m_heading;
    QLabel* m_note;
    QLabel* m_empty;
    QComboBox* m_rule;
    QTableView* m_table;
    QWidget* m_tools;
    DiagnosticsModel* m_model;
    QSortFilterProxyModel* m_shown;
};

/// How tables of this room look and behave; `stretch` is the column that takes what is left.
void setUpTable(QTableView& table, const QString& name, int stretch);

} // namespace isobar::ui
