// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/engine/devices.h"

#include <QPointF>
#include <QRectF>

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace isobar::ui {

/// Where the chips of a pool stand on a plane on which a chip is a square of side 1: chips in nodes, nodes in racks;
/// where chips come in slices of fixed sizes, a slice is one block, its layers side by side. A value; knows no pixels.
struct ChipLayout {
    /// Chips in a row of numbers, drawn as one grid: a node, or a slice.
    struct Block {
        QRectF rect;
        std::uint32_t first = 0, chips = 0;
        std::uint32_t slice = engine::Device::kNone; ///< index into DeviceView::slices
        std::uint16_t wide = 1, high = 1;            ///< chips of a layer
        std::uint16_t layersAcross = 1;
    };
    /// What belongs together: a rack, or a slice.
    struct Unit {
        QRectF rect;
        std::uint32_t firstBlock = 0, blocks = 0;
        std::uint32_t rack = engine::Device::kNone; ///< none of a slice
    };
    std::vector<Block> blocks;
    std::vector<Unit> units;            ///< left to right, then down
    std::vector<std::uint32_t> rows;    ///< index of the first unit of every row of units, then units.size()
    std::vector<double> rowBottoms;     ///< by row of units
    std::vector<std::uint32_t> blockOf; ///< by chip
    QSizeF size;

    static constexpr double kNodeGap = 0.4, kLayerGap = 0.5, kUnitGap = 2;

    [[nodiscard]] QRectF chipRect(std::uint32_t chip) const;
    [[nodiscard]] std::optional<std::uint32_t> chipAt(QPointF at) const;
    [[nodiscard]] std::optional<std::uint32_t> blockAt(QPointF at) const;
};

/// `aspect`: width / height that the whole shall come near to.
[[nodiscard]] ChipLayout layoutOf(const engine::DeviceView& view, double aspect);

/// Which of a slice's three axes close to rings, by its accelerator's name. Cloud TPU v5e and v6e: an axis of 16, the
/// whole width of the pod. v4, v5p and TPU7x: all three where each is a multiple of 4, as whole cubes are joined by
/// optical switches. (cloud.google.com/tpu/docs/v4, /v5e, /system-architecture-tpu-vm)
[[nodiscard]] std::array<bool, 3> closedAxes(const std::array<std::int32_t, 3>& shape, bool flat);

} // namespace isobar::ui
