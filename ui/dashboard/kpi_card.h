// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/dashboard/views.h"

#include <QFrame>

class QComboBox;
class QDoubleSpinBox;
class QLabel;
class QPushButton;

namespace isobar::ui {

class TimeChart;

/// Explains a key figure: formula, source, the parts the value is made of, how it went; and sets its target. Floats
/// until something else is clicked.
class KpiCard : public QFrame {
    Q_OBJECT
public:
    KpiCard(std::size_t figure, const ViewContext& context, QWidget* parent);

    [[nodiscard]] std::size_t figure() const { return m_figure; }
    void showContext(const ViewContext& context);
    /// Takes the height that its words need, less than `most`: where there is little room the course is left out.
    void fitInto(int most);
    /// Puts the keyboard where the target is typed.
    void editTarget();

Q_SIGNALS:
    void targetChosen(std::size_t figure, const std::optional<isobar::ui::KpiTarget>& target);

protected:
    void keyPressEvent(QKeyEvent* event) override;

private:
    void fillTarget(const ViewContext& context);
    void takeTarget();
    [[nodiscard]] int neededHeight() const;

    const std::size_t m_figure;
    QLabel* m_words;
    TimeChart* m_course;
    QComboBox* m_way;
    QDoubleSpinBox* m_value;
    QPushButton *m_set, *m_clear;
    double m_factor = 1; ///< of the unit the target is typed in
};

} // namespace isobar::ui
