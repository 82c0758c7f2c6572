// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/selection.h"

#include <QDateTime>
#include <QUndoCommand>
#include <QUndoStack>

#include <algorithm>
#include <utility>

namespace isobar::ui {
namespace {

/// Lets choices of time run together, see SelectionCommand::mergeWith().
constexpr int kSelectionCommandId = 7001;

class SelectionCommand : public QUndoCommand {
public:
    SelectionCommand(Selection& selection, SelectionState before, SelectionState after, const QString& text)
        : QUndoCommand(text)
        , m_selection(selection)
        , m_before(std::move(before))
        , m_after(std::move(after))
    {
    }
    void undo() override { m_selection.restore(m_before); }
    void redo() override { m_selection.restore(m_after); } // a no-op the first time: it is in force already
    [[nodiscard]] int id() const override { return kSelectionCommandId; }
    bool mergeWith(const QUndoCommand* other) override
    {
        const auto* next = static_cast<const SelectionCommand*>(other);
        // Only choices of time run together: brushing and stepping through ranges is one thing to take back.
        SelectionState mine = m_after, theirs = next->m_after;
        mine.span = theirs.span;
        mine.rangeSeconds = theirs.rangeSeconds;
        SelectionState start = m_before;
        start.span = m_after.span;
        start.rangeSeconds = m_after.rangeSeconds;
        if (mine == theirs && start == m_after) {
            m_after = theirs;
            return true;
        }
        return false;
    }

private:
    Selection& m_selection;
    SelectionState m_before, m_after;
};

class CameraCommand : public QUndoCommand {
public:
    CameraCommand(Selection& selection, const MapCamera& before, const MapCamera& after)
        : QUndoCommand(QObject::tr("map view"))
        , m_selection(selection)
        , m_before(before)
        , m_after(after)
    {
    }
    void undo() override { m_selection.restoreCamera(m_before); }
    void redo() override { m_selection.restoreCamera(m_after); } // a no-op the first time

private:
    Selection& m_selection;
    MapCamera m_before, m_after;
};

QString names(const std::set<RegionId>& regions, const Fleet& fleet, const std::vector<Place>& places)
{
    QStringList list;
    std::set<RegionId> named;
    for (const Place& place : places) {
        const bool whole = std::all_of(place.regions.begin(), place.regions.end(),
                                       [&regions](RegionId id) { return regions.count(id) > 0; });
        if (whole && !place.regions.empty()) {
            list << QString::fromStdString(place.name);
            named.insert(place.regions.begin(), place.regions.end());
        }
    }
    for (const RegionId id : regions) {
        if (named.count(id) == 0) {
            list << QString::fromStdString(regionKey(fleet, id));
        }
    }
    return list.size() <= 2 ? list.join(QStringLiteral(", "))
                            : QObject::tr("%1 and %2 more").arg(list.front()).arg(list.size() - 1);
}

QString spanText(const TimeSpan& span, const Fleet& fleet)
{
    const QDateTime start = QDateTime::fromString(QString::fromStdString(fleet.startTimeUtc), Qt::ISODate).toUTC();
    const QDateTime from = start.addMSecs(span.from / 1000), to = start.addMSecs(span.to / 1000);
    const QString clock = QStringLiteral("HH:mm:ss"), full = QStringLiteral("yyyy-MM-dd HH:mm");
    return from.date() == to.date()
               ? from.toString(clock) + QStringLiteral("–") + to.toString(clock) + QStringLiteral(" UTC")
               : from.toString(full) + QStringLiteral(" – ") + to.toString(full) + QStringLiteral(" UTC");
}

} // namespace

TimeSpan shownSpan(const SelectionState& state, const TimeSpan& known)
{
    const aggregate::SimMicros first = std::min(known.from, known.to);
    if (state.span) {
        const aggregate::SimMicros to = std::clamp(state.span->to, first, known.to);
        return {std::clamp(state.span->from, first, to), to};
    }
    const auto length = static_cast<aggregate::SimMicros>(state.rangeSeconds * 1e6);
    return {length > 0 ? std::max(first, known.to - length) : first, known.to};
}

bool holdsSelection(const Place& place, const SelectionState& state)
{
    return std::any_of(place.regions.begin(), place.regions.end(),
                       [&state](RegionId id) { return state.regions.count(id) > 0; });
}

std::vector<FilterChip> filterChips(const SelectionState& state, const Fleet& fleet, const std::vector<Place>& places)
{
    std::vector<FilterChip> chips;
    const auto add = [&](const QString& kind, const QString& value, auto take) {
        SelectionState without = state;
        take(without);
        chips.push_back({kind, value, std::move(without)});
    };
    const auto text = [](const std::string& s) { return QString::fromStdString(s); };
    if (!state.regions.empty()) {
        add(QObject::tr("Place"), names(state.regions, fleet, places), [](SelectionState& s) { s.regions.clear(); });
    }
    if (state.provider) {
        add(QObject::tr("Provider"), text(fleet[*state.provider].name), [](SelectionState& s) { s.provider.reset(); });
    }
    if (state.model) {
        add(QObject::tr("Model"), text(fleet[*state.model].name), [](SelectionState& s) { s.model.reset(); });
    }
    if (state.tier) {
        add(QObject::tr("Tier"), text(fleet[*state.tier].name), [](SelectionState& s) { s.tier.reset(); });
    }
    if (state.workload) {
        add(QObject::tr("Workload"), text(fleet[*state.workload].name), [](SelectionState& s) { s.workload.reset(); });
    }
    if (state.area) {
        add(QObject::tr("From"), text(fleet[*state.area].name), [](SelectionState& s) { s.area.reset(); });
    }
    if (state.span) {
        add(QObject::tr("Time"), spanText(*state.span, fleet), [](SelectionState& s) { s.span.reset(); });
    }
    if (state.compare != Comparing::Nothing) {
        const QString with = state.compare == Comparing::PreviousPeriod ? QObject::tr("previous period")
                             : state.compare == Comparing::Baseline     ? QObject::tr("baseline")
                                                                        : QObject::tr("run %1").arg(state.compareRun);
        add(QObject::tr("Compare"), with, [](SelectionState& s) {
            s.compare = Comparing::Nothing;
            s.compareRun = 0;
        });
    }
    return chips;
}

QString changeText(const SelectionState& before, const SelectionState& after, const Fleet& fleet)
{
    const auto known = filterChips(before, fleet, {});
    for (const FilterChip& chip : filterChips(after, fleet, {})) {
        const bool had = std::any_of(known.begin(), known.end(), [&chip](const FilterChip& old) {
            return old.kind == chip.kind && old.value == chip.value;
        });
        if (!had) {
            return QObject::tr("filter: %1 %2").arg(chip.kind.toLower(), chip.value);
        }
    }
    return before.rangeSeconds != after.rangeSeconds ? QObject::tr("time range") : QObject::tr("clear filter");
}

void Selection::set(const SelectionState& state)
{
    if (state == m_state) {
        return;
    }
    remember();
    const SelectionState before = std::exchange(m_state, state);
    Q_EMIT chosen(before, state);
    Q_EMIT changed();
}

void Selection::restore(const SelectionState& state)
{
    if (state != m_state) {
        m_state = state;
        Q_EMIT changed();
    }
}

void Selection::reset()
{
    m_back.clear();
    m_forward.clear();
    m_state = {};
    m_moment.reset();
    Q_EMIT changed();
}

void Selection::remember()
{
    m_back.push_back({m_state, m_camera});
    m_forward.clear();
}

void Selection::setCamera(const MapCamera& camera)
{
    if (camera == m_camera) {
        return;
    }
    remember();
    const MapCamera before = std::exchange(m_camera, camera);
    Q_EMIT cameraChosen(before, camera);
    Q_EMIT cameraChanged();
}

void Selection::restoreCamera(const MapCamera& camera)
{
    if (camera != m_camera) {
        m_camera = camera;
        Q_EMIT cameraChanged();
    }
}

void Selection::walk(std::vector<Step>& from, std::vector<Step>& to)
{
    if (from.empty()) {
        return;
    }
    const Step step = std::move(from.back());
    from.pop_back();
    to.push_back({m_state, m_camera});
    restore(step.state);
    restoreCamera(step.camera);
}

void Selection::back()
{
    walk(m_back, m_forward);
}

void Selection::forward()
{
    walk(m_forward, m_back);
}

void Selection::setMoment(std::optional<double> utcSeconds)
{
    if (utcSeconds != m_moment) {
        m_moment = utcSeconds;
        Q_EMIT momentChanged();
    }
}

void makeUndoable(Selection& selection, QUndoStack& undo, std::function<const Fleet*()> fleet)
{
    QObject::connect(
        &selection, &Selection::chosen, &undo,
        [&selection, &undo, fleet = std::move(fleet)](const SelectionState& before, const SelectionState& after) {
            if (const Fleet* named = fleet()) {
                undo.push(new SelectionCommand(selection, before, after, changeText(before, after, *named)));
            }
        });
    QObject::connect(&selection, &Selection::cameraChosen, &undo,
                     [&selection, &undo](const MapCamera& before, const MapCamera& after) {
                         undo.push(new CameraCommand(selection, before, after));
                     });
}

} // namespace isobar::ui
