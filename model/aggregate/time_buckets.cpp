// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/aggregate/time_buckets.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <limits>

namespace isobar::aggregate {
namespace {

/// The change in force at an instant; the first one before any is.
std::size_t inForceAt(std::int64_t instant, std::span<const OffsetChange> offsets)
{
    const auto after = std::upper_bound(offsets.begin(), offsets.end(), instant,
                                        [](std::int64_t at, const OffsetChange& c) { return at < c.atMicros; });
    return after == offsets.begin() ? 0 : static_cast<std::size_t>(after - offsets.begin()) - 1;
}

} // namespace

std::int64_t firstInstantOf(std::int64_t local, std::span<const OffsetChange> offsets)
{
    for (std::size_t i = 0; i < offsets.size(); ++i) {
        const std::int64_t begin = i == 0 ? std::numeric_limits<std::int64_t>::min() : offsets[i].atMicros;
        const std::int64_t instant = std::max(begin, local - std::int64_t{offsets[i].offsetSeconds} * 1'000'000);
        if (i + 1 == offsets.size() || instant < offsets[i + 1].atMicros) {
            return instant;
        }
    }
    return local;
}

std::int64_t localOf(std::int64_t instant, std::span<const OffsetChange> offsets)
{
    return instant + std::int64_t{offsets[inForceAt(instant, offsets)].offsetSeconds} * 1'000'000;
}

std::optional<std::size_t> TimeBuckets::of(std::int64_t micros) const
{
    const auto after = std::upper_bound(edges.begin(), edges.end(), micros);
    if (after == edges.begin() || after == edges.end()) {
        return std::nullopt;
    }
    return static_cast<std::size_t>(after - edges.begin()) - 1;
}

TimeBuckets fixedBuckets(std::int64_t from, std::int64_t to, std::int64_t width)
{
    assert(width > 0);
    TimeBuckets buckets;
    if (from >= to) {
        return buckets;
    }
    std::int64_t edge = floorTo(from, width);
    for (; edge < to; edge += width) {
        buckets.edges.push_back(edge);
    }
    buckets.edges.push_back(edge);
    return buckets;
}

std::int64_t widthForPixels(std::int64_t from, std::int64_t to, std::size_t pixels)
{
    constexpr std::int64_t kMilli = 1'000, kSecond = 1'000'000, kMinute = 60 * kSecond;
    static constexpr std::array<std::int64_t, 33> kWidths{
        1 * kMilli,          2 * kMilli,         5 * kMilli,         10 * kMilli,        20 * kMilli,
        50 * kMilli,         100 * kMilli,       200 * kMilli,       500 * kMilli,       1 * kSecond,
        2 * kSecond,         5 * kSecond,        10 * kSecond,       20 * kSecond,       30 * kSecond,
        1 * kMinute,         2 * kMinute,        5 * kMinute,        10 * kMinute,       20 * kMinute,
        30 * kMinute,        1 * kMicrosPerHour, 2 * kMicrosPerHour, 3 * kMicrosPerHour, 6 * kMicrosPerHour,
        12 * kMicrosPerHour, 1 * kMicrosPerDay,  2 * kMicrosPerDay,  7 * kMicrosPerDay,  14 * kMicrosPerDay,
        28 * kMicrosPerDay,  91 * kMicrosPerDay, 365 * kMicrosPerDay};
    const auto fits = [&](std::int64_t width) {
        return from >= to || static_cast<std::size_t>((to - floorTo(from, width) + width - 1) / width) <=
                                 std::max<std::size_t>(pixels, 2);
    };
    const auto usual = std::find_if(kWidths.begin(), kWidths.end(), fits);
    std::int64_t width = usual == kWidths.end() ? kWidths.back() : *usual;
    while (!fits(width)) {
        width *= 2;
    }
    return width;
}

TimeBuckets localDays(std::int64_t from, std::int64_t to, std::span<const OffsetChange> offsets)
{
    assert(!offsets.empty());
    TimeBuckets buckets;
    if (from >= to) {
        return buckets;
    }
    std::int64_t day = floorTo(localOf(from, offsets), kMicrosPerDay);
    // Where the clock was put back over midnight, `from` may show yesterday's date again.
    while (firstInstantOf(day + kMicrosPerDay, offsets) <= from) {
        day += kMicrosPerDay;
    }
    std::int64_t edge = firstInstantOf(day, offsets);
    for (; edge < to; edge = firstInstantOf(day, offsets)) {
        if (buckets.edges.empty() || buckets.edges.back() < edge) {
            buckets.edges.push_back(edge); // a date that a zone left out altogether has no bucket
        }
        day += kMicrosPerDay;
    }
    buckets.edges.push_back(edge);
    return buckets;
}

TimeBuckets localBuckets(std::int64_t from, std::int64_t to, std::int64_t width, std::span<const OffsetChange> offsets)
{
    assert(isLocalWidth(width) && !offsets.empty());
    TimeBuckets buckets;
    if (from >= to) {
        return buckets;
    }
    auto& edges = buckets.edges;
    const auto add = [&edges](std::int64_t edge) {
        if (edges.empty() || edges.back() < edge) {
            edges.push_back(edge);
        }
    };
    if (width == kMicrosPerDay) {
        return localDays(from, to, offsets);
    }
    if (width > kMicrosPerDay) {
        constexpr std::int64_t kMonday = -3 * kMicrosPerDay; // 1969-12-29
        std::int64_t day = floorTo(localOf(from, offsets) - kMonday, width) + kMonday;
        while (firstInstantOf(day + width, offsets) <= from) {
            day += width;
        }
        for (; edges.empty() || edges.back() < to; day += width) {
            add(firstInstantOf(day, offsets));
        }
        return buckets;
    }
    if (width > kMicrosPerHour) {
        std::int64_t local = floorTo(localOf(from, offsets), width);
        while (firstInstantOf(local + width, offsets) <= from) {
            local += width;
        }
        for (; edges.empty() || edges.back() < to; local += width) {
            add(firstInstantOf(local, offsets));
        }
        return buckets;
    }
    for (std::size_t i = inForceAt(from, offsets); edges.empty() || edges.back() < to; ++i) {
        const std::int64_t offset = std::int64_t{offsets[i].offsetSeconds} * 1'000'000;
        const std::int64_t end =
            i + 1 < offsets.size() ? offsets[i + 1].atMicros : std::numeric_limits<std::int64_t>::max();
        const std::int64_t begin = edges.empty() ? from : offsets[i].atMicros;
        const std::int64_t first = floorTo(begin + offset, width) - offset;
        add(edges.empty() && i == 0 ? first : std::max(first, offsets[i].atMicros));
        while (edges.back() < to && edges.back() < end) {
            const std::int64_t next = floorTo(edges.back() + offset, width) + width - offset;
            add(std::min(next, end));
        }
    }
    return buckets;
}

} // namespace isobar::aggregate
