// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/event_marks.h"

#include <QVector>
#include <QWidget>

namespace isobar::ui {

/// Requests a second over all the history kept, with marks where something happened; behind it an earlier run, as it
/// was recorded. Marks too close to each other are one with their count; a tip lists what they stand for.
class LoadStrip : public QWidget {
    Q_OBJECT
public:
    struct Mark {
        double at = 0; ///< 0-1 along the strip
        QString text;
        TimeEvent::Kind kind = TimeEvent::Kind::Note; ///< its shape and colour
    };
    explicit LoadStrip(QWidget* parent = nullptr);

    /// `values` evenly spaced, oldest first; NaN = nothing known there. `spanText` says what the strip covers.
    void setHistory(QVector<double> values, QVector<Mark> marks, const QString& spanText);

    /// An earlier run behind the running one, which then takes [runningFrom, runningTo] of the strip.
    struct Recorded {
        QVector<QPointF> line; ///< x: 0-1 along the strip; y: requests/s; empty = there is none
        double runningFrom = 0, runningTo = 1;
        double shownAt = -1; ///< where what is shown ends; below 0: the running fleet is shown
        QString text;
    };
    void setRecorded(Recorded recorded);

    [[nodiscard]] QSize sizeHint() const override { return {400, 40}; }
    [[nodiscard]] QSize minimumSizeHint() const override { return {80, 30}; }

Q_SIGNALS:
    /// Somebody wants to be there: 0-1 along the strip.
    void clicked(double at);
    /// Somebody wants to see the recorded run there: a click beyond the running one, or with Shift.
    void recordedClicked(double at);

protected:
    void mouseReleaseEvent(QMouseEvent* event) override;
    void paintEvent(QPaintEvent* event) override;
    bool event(QEvent* event) override;

private:
    [[nodiscard]] QRectF area() const; ///< of the line and the marks
    /// The marks as they are drawn: those too close together as one. Their times are pixels.
    [[nodiscard]] std::vector<EventGroup> groups() const;

    QVector<double> m_values;
    QVector<Mark> m_marks;
    QString m_spanText;
    Recorded m_recorded;
};

} // namespace isobar::ui
