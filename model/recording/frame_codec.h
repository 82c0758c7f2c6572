// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/interval.h"
#include "model/fleet/fleet.h"
#include "model/recording/recording.h"

#include "recording.pb.h"

#include <optional>
#include <string_view>
#include <vector>

/// Intervals and layouts to and from their messages, exactly. Private to this room.
namespace isobar::recording {

void putLayout(const aggregate::Layout& layout, v1::RecordingLayout& to);
/// Nothing when it does not fit the fleet.
[[nodiscard]] std::optional<aggregate::Layout> layoutOf(const v1::RecordingLayout& message, const Fleet& fleet);
/// Its first rows are those of `older`, and they are about the same areas.
[[nodiscard]] bool continues(const aggregate::Layout& newer, const aggregate::Layout& older);

/// The intervals of one frame in their order, either way.
class IntervalCoder {
public:
    [[nodiscard]] v1::RecordingInterval put(const aggregate::Interval& interval);
    /// False when the message makes no sense for the interval's layout.
    [[nodiscard]] bool get(const v1::RecordingInterval& message, aggregate::Interval& interval);

private:
    std::vector<aggregate::DemandTotals> m_demand; ///< of the interval before
    std::vector<aggregate::SupplyTotals> m_supply;
    std::vector<std::int64_t> m_flows;
};

struct FrameContent {
    std::shared_ptr<const aggregate::Layout> layout;
    std::vector<std::shared_ptr<const aggregate::Interval>> intervals; ///< at least one, each follows the one before
    std::vector<Event> events;
};
/// Nothing when the bytes are no frame that makes sense. `known`: shared when it is the frame's layout; may be null.
[[nodiscard]] std::optional<FrameContent> readFrame(std::string_view message, const Fleet& fleet,
                                                    const std::shared_ptr<const aggregate::Layout>& known);

} // namespace isobar::recording
