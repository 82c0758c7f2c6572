// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/value_kind.h"
#include "ui/charts/value_tip.h"

#include <QPointF>
#include <vector>

class QPainter;

/// How every chart says that something differs from what it is compared with: arrows for more and less, a line where a
/// bar ended before, words for the tip. No colour: more money and more requests are not both good.
namespace isobar::ui {

struct Change {
    enum class Way { Unknown, Same, More, Less } way = Way::Unknown;
    double size = 0; ///< absolute: of ratios the difference, of all else the part of what was; 1 for new and gone
    QString text;    ///< "+2.1 %", "+0.6 pt", "new", "gone", "no change"
    [[nodiscard]] bool seen() const { return way == Way::More || way == Way::Less; }
};
/// Unknown where either is not finite, or both are nothing.
[[nodiscard]] Change changeOf(ValueKind kind, double now, double before);

/// A solid triangle that points up (more) or down (less), `size` pixels wide. Draws nothing for the others.
void drawChange(QPainter& painter, QPointF center, double size, Change::Way way, const QColor& color);
/// Where a bar ended before: a line across it, seen on the bar and beside it.
void drawBeforeLine(QPainter& painter, double x, double top, double bottom);
/// What filled a rectangle before, as its outline.
void drawBeforeOutline(QPainter& painter, const QRectF& rect);

/// "USD a day · ▲▼ vs previous 5 min": the unit note with what the chart is compared with; as it is without a
/// name.
[[nodiscard]] QString comparedNote(const QString& unitNote, const QString& how, const QString& beforeName);
/// "Previous 5 min 61 %", "Change +2 pt": two lines of a tip; none where nothing is known.
void addChange(std::vector<ValueTip::Row>& tip, ValueKind kind, double now, double before, const QString& beforeName);

} // namespace isobar::ui
