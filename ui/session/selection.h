// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/fleet.h"
#include "model/fleet/places.h"

#include <QObject>

#include <optional>
#include <set>
#include <vector>

namespace isobar::ui {

/// What is looked at: every view asks this one object, never another view.
struct SelectionState {
    std::set<RegionId> regions;         ///< empty = the whole world
    std::optional<ModelId> model;       ///< absent = all models
    std::optional<ProviderId> provider; ///< absent = all providers
    double rangeSeconds = 300;          ///< the last so many simulated seconds; 0 = all there is
    friend bool operator==(const SelectionState&, const SelectionState&) = default;
};

/// Chips busier than this are marked "look here".
inline constexpr double kHotUtilization = 0.92;

/// Whether any region of a place is selected.
[[nodiscard]] bool holdsSelection(const Place& place, const SelectionState& state);

/// The shared selection, filter and time range, with a way back. Main thread.
class Selection : public QObject {
    Q_OBJECT
public:
    using QObject::QObject;

    [[nodiscard]] const SelectionState& state() const { return m_state; }
    /// Changes the state and remembers the one before; nothing happens when it is the same.
    void set(const SelectionState& state);
    /// Forgets the past and starts anew, e.g. for another fleet.
    void reset();
    [[nodiscard]] bool canGoBack() const { return !m_back.empty(); }
    [[nodiscard]] bool canGoForward() const { return !m_forward.empty(); }
    void back();
    void forward();

Q_SIGNALS:
    void changed();

private:
    SelectionState m_state;
    std::vector<SelectionState> m_back, m_forward;
};

} // namespace isobar::ui
