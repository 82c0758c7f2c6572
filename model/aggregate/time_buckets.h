// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

/// How time is cut into buckets. Instants are microseconds of a clock without leap seconds (UTC as computers keep it: a
/// leap second shows as its neighbour twice), so every UTC minute has 60 s; a local day has 23, 24 or 25 hours.
namespace isobar::aggregate {

inline constexpr std::int64_t kMicrosPerHour = 3'600'000'000;
inline constexpr std::int64_t kMicrosPerDay = 24 * kMicrosPerHour;

/// Buckets side by side: bucket i is [edges[i], edges[i + 1]). Edges ascend strictly; no or two or more edges.
struct TimeBuckets {
    std::vector<std::int64_t> edges;

    [[nodiscard]] std::size_t count() const { return edges.empty() ? 0 : edges.size() - 1; }
    /// The bucket an instant lies in; nothing outside all of them.
    [[nodiscard]] std::optional<std::size_t> of(std::int64_t micros) const;
};

/// `micros` rounded down to a multiple of `width`, below zero too.
[[nodiscard]] constexpr std::int64_t floorTo(std::int64_t micros, std::int64_t width)
{
    const std::int64_t rest = micros % width;
    return micros - (rest < 0 ? rest + width : rest);
}

/// Buckets on multiples of `width` (above zero) that cover [from, to); none for an empty range.
[[nodiscard]] TimeBuckets fixedBuckets(std::int64_t from, std::int64_t to, std::int64_t width);

/// The width a chart of so many pixels asks for: the smallest of the usual ones (1 ms to 365 days, then doubled) of
/// which at most `pixels` buckets (or two: a range may lie across an edge of any width) cover [from, to).
[[nodiscard]] std::int64_t widthForPixels(std::int64_t from, std::int64_t to, std::size_t pixels);

/// An offset from UTC and the instant from which it is in force, as a time zone database tells
/// (std::chrono::sys_info: begin and offset).
struct OffsetChange {
    std::int64_t atMicros = 0;
    std::int32_t offsetSeconds = 0; ///< local - UTC
};

/// The local days that overlap [from, to), whole. A day begins at the first instant whose local date it is, so where
/// the clock jumps over midnight it begins at the jump. `offsets` (not empty) ascend in time; the first one also holds
/// before its instant.
[[nodiscard]] TimeBuckets localDays(std::int64_t from, std::int64_t to, std::span<const OffsetChange> offsets);

/// Buckets of a local clock that cover [from, to), whole; instants since 1970 UTC. `width` is
/// - whole days: local days, as many at a time, counted from Monday, 1969-12-29, so that seven begin on Mondays; or
/// - a part of a day: multiples from local midnight on. Up to an hour, a bucket ends where the clock is changed, so an
///   hour that comes twice is two buckets; wider ones are longer or shorter by the change.
[[nodiscard]] TimeBuckets localBuckets(std::int64_t from, std::int64_t to, std::int64_t width,
                                       std::span<const OffsetChange> offsets);
/// Whether localBuckets can cut so: above zero, and a part of a day or whole days.
[[nodiscard]] constexpr bool isLocalWidth(std::int64_t width)
{
    return width > 0 && (width < kMicrosPerDay ? kMicrosPerDay % width == 0 : width % kMicrosPerDay == 0);
}
/// The first instant whose local time (microseconds since 1970 as if it were UTC) is at least `local`.
[[nodiscard]] std::int64_t firstInstantOf(std::int64_t local, std::span<const OffsetChange> offsets);
/// What the local clock shows, in the same way.
[[nodiscard]] std::int64_t localOf(std::int64_t instant, std::span<const OffsetChange> offsets);

} // namespace isobar::aggregate
