// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/interval.h"
#include "model/fleet/fleet.h"
#include "model/fleet/places.h"

#include <QObject>
#include <QPointF>
#include <QStringList>

#include <functional>
#include <optional>
#include <set>
#include <vector>

class QUndoStack;

namespace isobar::ui {

/// A stretch of simulated time, [from, to).
struct TimeSpan {
    aggregate::SimMicros from = 0, to = 0;
    friend bool operator==(const TimeSpan&, const TimeSpan&) = default;
};

/// What the figures and charts are set against. Run: one that the open store remembers; Baseline: the latest of those
/// that ran no scenario.
enum class Comparing : std::uint8_t { Nothing, PreviousPeriod, Run, Baseline };

/// What is looked at: every view asks this one object, never another view.
struct SelectionState {
    std::set<RegionId> regions;         ///< empty = the whole world
    std::optional<ModelId> model;       ///< absent = all models
    std::optional<ProviderId> provider; ///< absent = all providers
    std::optional<TierId> tier;         ///< absent = all service levels; chips and money are not counted by it
    std::optional<WorkloadId> workload; ///< absent = all; chips and money are not counted by it
    std::optional<AreaId> area;         ///< absent = all user areas; only flows of requests are counted by it
    double rangeSeconds = 300;          ///< the last so many simulated seconds; 0 = all there is
    std::optional<TimeSpan> span;       ///< this stretch instead, e.g. brushed on a chart
    Comparing compare = Comparing::Nothing;
    std::int64_t compareRun = 0; ///< of the open store, for Comparing::Run
    friend bool operator==(const SelectionState&, const SelectionState&) = default;

    /// Whether anything but the time is narrowed down.
    [[nodiscard]] bool isFiltered() const { return !regions.empty() || model || provider || tier || workload || area; }
};

/// What of the time that is `known` the state shows.
[[nodiscard]] TimeSpan shownSpan(const SelectionState& state, const TimeSpan& known);

/// Where the map looks. The session knows no map: `projection` is the number of one of its kinds.
struct MapCamera {
    int projection = 0;
    QPointF center;  ///< on the projected plane
    LatLon facing;   ///< of a globe
    double zoom = 1; ///< 1 = the whole world
    friend bool operator==(const MapCamera&, const MapCamera&) = default;
};

/// Chips busier than this are marked "look here".
inline constexpr double kHotUtilization = 0.92;

/// Whether any region of a place is selected.
[[nodiscard]] bool holdsSelection(const Place& place, const SelectionState& state);

/// One filter in force, as the top bar shows it; it is taken off by setting `without`.
struct FilterChip {
    QString kind, value; ///< "Model", "Llama-3.1-70B"
    SelectionState without;
};
/// In a fixed order: places, provider, model, tier, workload, area, time span, comparison.
[[nodiscard]] std::vector<FilterChip> filterChips(const SelectionState& state, const Fleet& fleet,
                                                  const std::vector<Place>& places);

/// What changed from one state to another, for the undo menu: "filter: model Llama-3.1-70B", "range".
[[nodiscard]] QString changeText(const SelectionState& before, const SelectionState& after, const Fleet& fleet);

/// The shared selection, filter, time range and the map's camera, with a way back and forward over all of them. Main
/// thread.
class Selection : public QObject {
    Q_OBJECT
public:
    using QObject::QObject;

    [[nodiscard]] const SelectionState& state() const { return m_state; }
    /// Changes the state and remembers the one before; nothing happens when it is the same.
    void set(const SelectionState& state);
    /// The same without a step on the way back, and without chosen(): what undo and redo do.
    void restore(const SelectionState& state);
    [[nodiscard]] const MapCamera& camera() const { return m_camera; }
    /// Remembers where the map looked before; to be called once a gesture. No view but the map depends on it: it is not
    /// told by changed().
    void setCamera(const MapCamera& camera);
    /// The same without a step on the way back, and without cameraChosen().
    void restoreCamera(const MapCamera& camera);
    /// Forgets the past and starts anew, e.g. for another fleet; the camera stays.
    void reset();
    [[nodiscard]] bool canGoBack() const { return !m_back.empty(); }
    [[nodiscard]] bool canGoForward() const { return !m_forward.empty(); }
    void back();
    void forward();

    /// The moment the pointer is at on some chart over time, shown on all of them; none = nowhere. UTC seconds.
    [[nodiscard]] std::optional<double> moment() const { return m_moment; }
    void setMoment(std::optional<double> utcSeconds);

Q_SIGNALS:
    void changed();
    /// Somebody set another state; not for back(), forward() and restore().
    void chosen(const isobar::ui::SelectionState& before, const isobar::ui::SelectionState& after);
    void momentChanged();
    void cameraChanged();
    /// Somebody moved the map; not for back(), forward() and restoreCamera().
    void cameraChosen(const isobar::ui::MapCamera& before, const isobar::ui::MapCamera& after);

private:
    struct Step {
        SelectionState state;
        MapCamera camera;
    };
    void remember();
    void walk(std::vector<Step>& from, std::vector<Step>& to);

    SelectionState m_state;
    MapCamera m_camera;
    std::vector<Step> m_back, m_forward;
    std::optional<double> m_moment;
};

/// Makes every choice of `selection` a step of `undo`; both must live as long as the other. `fleet` names what is
/// filtered, in the menu's words.
void makeUndoable(Selection& selection, QUndoStack& undo, std::function<const Fleet*()> fleet);

} // namespace isobar::ui
