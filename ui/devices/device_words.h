// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/engine/devices.h"

#include <QString>

#include <utility>
#include <vector>

namespace isobar::ui {

/// What is known of one chip, in words: the same in the tip, the details, the table and for screen readers.
struct Fact {
    QString name, value;
};
[[nodiscard]] std::vector<Fact> factsOf(const Fleet& fleet, const engine::DeviceView& view, std::uint32_t chip);
/// One line: "Chip 17; Node 2; …".
[[nodiscard]] QString factLine(const std::vector<Fact>& facts);
[[nodiscard]] QString chipLine(const Fleet& fleet, const engine::DeviceView& view, std::uint32_t chip);
/// "Llama-3.1-70B, replica 3", "training: atlas", "nobody", …
[[nodiscard]] QString holderText(const Fleet& fleet, const engine::Device& chip);
/// "working", "down: node fault", …
[[nodiscard]] QString stateText(const engine::Device& chip);
/// "XID 79: GPU has fallen off the bus"; empty when there is none.
[[nodiscard]] QString xidText(const engine::Device& chip);
/// "4×4×8"; empty when not known.
[[nodiscard]] QString shapeText(const engine::Slice& slice);
/// Chips and means of one node.
[[nodiscard]] std::vector<Fact> nodeFacts(const Fleet& fleet, const engine::DeviceView& view, std::uint32_t node);

} // namespace isobar::ui
