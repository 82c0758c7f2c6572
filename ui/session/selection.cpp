// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/selection.h"

#include <algorithm>
#include <utility>

namespace isobar::ui {

bool holdsSelection(const Place& place, const SelectionState& state)
{
    return std::any_of(place.regions.begin(), place.regions.end(),
                       [&state](RegionId id) { return state.regions.count(id) > 0; });
}

void Selection::set(const SelectionState& state)
{
    if (state == m_state) {
        return;
    }
    m_back.push_back(std::exchange(m_state, state));
    m_forward.clear();
    Q_EMIT changed();
}

void Selection::reset()
{
    m_back.clear();
    m_forward.clear();
    m_state = {};
    Q_EMIT changed();
}

void Selection::back()
{
    if (canGoBack()) {
        m_forward.push_back(std::exchange(m_state, m_back.back()));
        m_back.pop_back();
        Q_EMIT changed();
    }
}

void Selection::forward()
{
    if (canGoForward()) {
        m_back.push_back(std::exchange(m_state, m_forward.back()));
        m_forward.pop_back();
        Q_EMIT changed();
    }
}

} // namespace isobar::ui
