// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/engine/engine.h"
#include "model/store/store.h"

namespace isobar::ui {

/// The recorded demand that `operations` name, out of a store's traces, as the engine takes it. `store` may be null
/// where there is none. NotFound when a trace is not there.
[[nodiscard]] Result<decltype(engine::EngineOptions::traces)> storedDemand(const store::Store* store,
                                                                           const Operations& operations);

} // namespace isobar::ui
