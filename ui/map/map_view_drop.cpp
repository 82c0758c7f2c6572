// SPDX-License-Identifier: GPL-3.0-or-later
// MapView as a drop target: what a dragged workload is told by every place.
#include "ui/map/float_panel.h"
#include "ui/map/map_view.h"

#include <QDragEnterEvent>
#include <QMimeData>

#include <algorithm>

namespace isobar::ui {
namespace {

constexpr double kKeepFanned = 24; ///< pixels: a fan stays open while the pointer is this near to it

QString answerHtml(const QString& place, const DropAnswer& answer)
{
    const Theme& t = theme();
    const bool yes = answer.verdict == DropAnswer::Verdict::Yes, tight = answer.verdict == DropAnswer::Verdict::Tight;
    const QColor color = yes ? t.fine : tight ? t.caution : t.trouble;
    const QString sign = yes ? QStringLiteral("✓") : tight ? QStringLiteral("!") : QStringLiteral("✕");
    QString html = QStringLiteral("<b>%1</b><br><span style='color:%2'><b>%3</b> %4</span>")
                       .arg(place.toHtmlEscaped(), color.name(), sign, answer.headline.toHtmlEscaped());
    for (const QString& line : answer.lines) {
        html += QStringLiteral("<br><span style='color:%1'>%2</span>").arg(t.muted.name(), line.toHtmlEscaped());
    }
    return html;
}

} // namespace

DropMark MapView::dropMarkOf(const PlacedMarker& placed) const
{
    if (!m_dragging) {
        return DropMark::None;
    }
    DropMark best = DropMark::No; // a cluster is worth opening when one of its places says yes
    for (const int member : placed.members) {
        const auto answer = m_answers.find(markerAt(member).id);
        if (answer == m_answers.end()) {
            continue;
        }
        if (answer->second.verdict == DropAnswer::Verdict::Yes) {
            return DropMark::Yes;
        }
        if (answer->second.verdict == DropAnswer::Verdict::Tight) {
            best = DropMark::Tight;
        }
    }
    return best;
}

void MapView::dragEnterEvent(QDragEnterEvent* event)
{
    if (!event->mimeData()->hasFormat(kPlacementMime) || !dropProvider) {
        event->ignore();
        return;
    }
    m_dragging = true;
    m_answers.clear();
    for (const MapMarker& m : m_scene->markers) {
        m_answers[m.id] = dropProvider(m.id, event->mimeData());
    }
    m_panel->hide();
    event->acceptProposedAction();
    update();
}

void MapView::dragMoveEvent(QDragMoveEvent* event)
{
    if (!m_dragging) {
        event->ignore();
        return;
    }
    const QPointF at = event->position();
    int hit = layoutNow().hit(at);
    if (hit >= 0 && layoutNow().placed[static_cast<std::size_t>(hit)].isCluster()) {
        const int cluster = markerAt(layoutNow().placed[static_cast<std::size_t>(hit)].members.front()).id;
        if (m_restingId != cluster) {
            m_restingId = cluster;
            m_fanTimer.start();
        }
    } else {
        m_restingId = -1;
        m_fanTimer.stop();
    }
    if (m_fannedId >= 0 && m_restingId < 0) {
        const QRectF keep = layoutNow().fanDisc.adjusted(-kKeepFanned, -kKeepFanned, kKeepFanned, kKeepFanned);
        const bool near = keep.contains(at);
        if (!near) {
            m_fannedId = -1;
            invalidateLayout();
            hit = layoutNow().hit(at);
        }
    }
    m_hovered = hit;
    update();
    const PlacedMarker* target = hit >= 0 ? &layoutNow().placed[static_cast<std::size_t>(hit)] : nullptr;
    if (target == nullptr || target->isCluster()) {
        Q_EMIT markerHovered(-1);
        m_panel->hide();
        event->ignore();
        return;
    }
    const MapMarker& marker = markerAt(target->members.front());
    const DropAnswer& answer = m_answers[marker.id];
    Q_EMIT markerHovered(marker.id);
    m_panel->showAt(answerHtml(marker.name, answer), at.toPoint());
    if (answer.verdict == DropAnswer::Verdict::No) {
        event->ignore();
    } else {
        event->acceptProposedAction();
    }
}

void MapView::dragLeaveEvent(QDragLeaveEvent* event)
{
    endDrag();
    event->accept();
}

void MapView::dropEvent(QDropEvent* event)
{
    const int hit = m_dragging ? layoutNow().hit(event->position()) : -1;
    int id = -1;
    if (hit >= 0 && !layoutNow().placed[static_cast<std::size_t>(hit)].isCluster()) {
        const int candidate = markerAt(layoutNow().placed[static_cast<std::size_t>(hit)].members.front()).id;
        const auto answer = m_answers.find(candidate);
        if (answer != m_answers.end() && answer->second.verdict != DropAnswer::Verdict::No) {
            id = candidate;
        }
    }
    endDrag();
    if (id < 0) {
        event->ignore();
        return;
    }
    event->acceptProposedAction();
    Q_EMIT placementDropped(id, event->mimeData());
}

void MapView::endDrag()
{
    m_dragging = false;
    m_fannedId = -1;
    m_restingId = -1;
    m_fanTimer.stop();
    m_hovered = -1;
    m_answers.clear();
    m_panel->hide();
    invalidateLayout();
    update();
}

} // namespace isobar::ui
