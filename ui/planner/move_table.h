// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/planner/move_words.h"

#include <QWidget>

#include <optional>

class QGridLayout;
class QLabel;

namespace isobar::ui {

/// Baseline, scenario and delta side by side, with the reasons; says what to do when nothing is being moved.
class MoveTable : public QWidget {
    Q_OBJECT
public:
    explicit MoveTable(QWidget* parent = nullptr);

    void showMove(const Fleet& fleet, const plan::Assessment& assessment);
    void clear();

Q_SIGNALS:
    void movingChanged(bool moving);

private:
    void rebuild();
    QLabel* cell(int row, int column, const QString& text, const QColor& color);

    QLabel* m_headline;
    QLabel* m_reasons;
    QLabel* m_note;
    QWidget* m_figures;
    QGridLayout* m_grid;
    QString m_headlineText;
    std::optional<plan::Assessment> m_assessment;
};

} // namespace isobar::ui
