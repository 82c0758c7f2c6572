// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/interval.h"
#include "model/engine/engine.h"
#include "model/fleet/places.h"
#include "model/proto/shipped.h"
#include "ui/dashboard/views.h"

#include <memory>

namespace isobar::ui::test {

/// What views show of the first `seconds` of the bundled sample with seed 42, as everything selects; nothing when the
/// sample cannot be run.
[[nodiscard]] inline std::optional<ViewContext> sampleContext(double seconds, const SelectionState& selection = {})
{
    const auto fleet = proto::shippedSample();
    const auto calibration = proto::shippedCalibration();
    if (!fleet.ok() || !calibration.ok()) {
        return std::nullopt;
    }
    const auto shared = std::make_shared<const Fleet>(*fleet);
    engine::EngineOptions options;
    options.settleSeconds = 3;
    auto engine = engine::Engine::create(shared, *calibration, options);
    if (!engine.ok()) {
        return std::nullopt;
    }
    aggregate::History history;
    while (static_cast<double>(engine->now()) < seconds * aggregate::kMicrosPerSecond) {
        engine->step();
        for (auto& interval : engine->takeIntervals()) {
            history.append(std::move(interval));
        }
    }
    return contextOf(shared, gatherPlaces(*shared), history, selection, 42);
}

} // namespace isobar::ui::test
