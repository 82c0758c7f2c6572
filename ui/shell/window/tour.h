// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QPointer>
#include <QWidget>

#include <functional>
#include <vector>

class QFrame;
class QLabel;
class QPushButton;

namespace isobar::ui {

/// One stop: a widget of the window, and what to know of it.
struct TourStep {
    std::function<QWidget*()> target;
    QString title, text;
};

/// A tour of the window: a veil with a hole where the widget is, and a callout beside it. Next, Back and Skip by
/// button; Return, arrows and Esc by key. Ends with finished() and deletes itself.
class Tour : public QWidget {
    Q_OBJECT
public:
    Tour(QWidget* window, std::vector<TourStep> steps);

    [[nodiscard]] int step() const { return m_step; }
    [[nodiscard]] QString calloutText() const;
    /// Where the widget spoken of is, in this widget's coordinates.
    [[nodiscard]] QRect targetRect() const;
    [[nodiscard]] QRect calloutRect() const;
    void showStep(int step); ///< beyond the last one it ends

Q_SIGNALS:
    void finished();

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void place();
    void end();

    std::vector<TourStep> m_steps;
    int m_step = 0;
    QFrame* m_callout;
    QLabel* m_title;
    QLabel* m_text;
    QLabel* m_count;
    QPushButton* m_back;
    QPushButton* m_next;
};

} // namespace isobar::ui
