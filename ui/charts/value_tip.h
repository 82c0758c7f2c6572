// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QColor>
#include <QPointer>
#include <QString>
#include <QWidget>
#include <vector>

namespace isobar::ui {

/// The small floating table of values beside the mouse. A child of the window rather than a window of its own, so that
/// it may reach over the chart's edge, follows without flicker and never takes the mouse or the focus.
class ValueTip : public QWidget {
    Q_OBJECT
public:
    struct Row {
        QColor color; ///< invalid = no swatch
        QString name, value;
        bool strong = false;
    };

    explicit ValueTip(QWidget* window);
    /// The tip of a chart, made when first needed and anew when the chart has moved to another window.
    static ValueTip& of(QPointer<ValueTip>& tip, const QWidget* chart);
    void setContent(const QString& heading, const QString& unitNote, std::vector<Row> rows);
    /// Shows it to the right of `point` (in the parent's coordinates), or left of it, always inside the parent.
    void showAt(QPoint point);
    /// The content as lines of text: what a test or a screen reader asks for.
    [[nodiscard]] QString text() const;
    /// Says the content for those who do not see it: what the keys have come to in `chart`.
    void sayFor(QWidget* chart) const;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QString m_heading, m_unitNote;
    std::vector<Row> m_rows;
};

} // namespace isobar::ui
