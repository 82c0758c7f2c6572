// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/ids.h"
#include "ui/map/map_view.h"

#include <QMimeData>

#include <cstdint>
#include <memory>
#include <optional>

namespace isobar::ui {

/// What travels with the pointer: replicas of one placement.
struct PlacementDrag {
    PlacementId placement;
    std::int32_t replicas = 0;
};

[[nodiscard]] std::unique_ptr<QMimeData> toMimeData(const PlacementDrag& drag);
/// Nothing when the data is of another kind or damaged.
[[nodiscard]] std::optional<PlacementDrag> fromMimeData(const QMimeData* data);

} // namespace isobar::ui
