// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/chart_data.h"

#include <QStringList>

class QPainter;
class QPointF;

/// Marks of what happened, on charts over time and on the time bar: many at one moment are one mark with their count.
namespace isobar::ui {

/// Events whose marks would lie over each other.
struct EventGroup {
    double time = 0;                              ///< of the first: there the mark stands
    TimeEvent::Kind kind = TimeEvent::Kind::Note; ///< of the one that matters most: trouble, plan, scaling, note
    std::vector<TimeEvent> events;                ///< by time
};

/// How far apart marks stand at least, so that their counts do not touch; pixels.
inline constexpr double kEventApart = 18;

/// By time; two groups are more than `apart` from each other, in the unit of the events' times. O(n log n).
[[nodiscard]] std::vector<EventGroup> gatherEvents(std::vector<TimeEvent> events, double apart);

/// What happened, one line each, the same words once with how often ("8 replicas ready ×3"); what is more than `most`
/// lines is counted in the last one ("and 4 more").
[[nodiscard]] QStringList eventLines(const EventGroup& group, int most);

/// The colour of a kind of event.
[[nodiscard]] QColor eventColor(TimeEvent::Kind kind);
/// A mark of 8 px standing on `foot`: trouble a triangle, scaling a square, a plan step a diamond, a note a disc.
void drawEventMark(QPainter& painter, QPointF foot, TimeEvent::Kind kind);
/// How many events a mark stands for, as a small badge around `center`; nothing for one.
void drawEventCount(QPainter& painter, QPointF center, const EventGroup& group);

} // namespace isobar::ui
