// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QVector>
#include <QWidget>

namespace isobar::ui {

/// Requests a second over all the history kept, with marks where something happened.
class LoadStrip : public QWidget {
    Q_OBJECT
public:
    struct Mark {
        double at = 0; ///< 0-1 along the strip
        QString text;
    };
    explicit LoadStrip(QWidget* parent = nullptr);

    /// `values` evenly spaced, oldest first; NaN = nothing known there. `spanText` says what the strip covers.
    void setHistory(QVector<double> values, QVector<Mark> marks, const QString& spanText);

    [[nodiscard]] QSize sizeHint() const override { return {400, 40}; }
    [[nodiscard]] QSize minimumSizeHint() const override { return {80, 30}; }

Q_SIGNALS:
    /// Somebody wants to be there: 0-1 along the strip.
    void clicked(double at);

protected:
    void mouseReleaseEvent(QMouseEvent* event) override;
    void paintEvent(QPaintEvent* event) override;
    bool event(QEvent* event) override;

private:
    QVector<double> m_values;
    QVector<Mark> m_marks;
    QString m_spanText;
};

} // namespace isobar::ui
