// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/aggregate/cube_kernels.h"

#include <algorithm>
#include <cstring>

// Resolvers of cloned functions run before a sanitizer is ready, so instrumented builds take the plain ones.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) &&               \
    !defined(__SANITIZE_THREAD__)
#define ISOBAR_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define ISOBAR_CLONES
#endif
#define ISOBAR_INLINE __attribute__((always_inline)) inline

namespace isobar::aggregate::kernels {
namespace {

template <class Code, bool kExtremes, bool kMissing>
ISOBAR_INLINE void foldAs(const Code* codes, std::size_t count, Fold& into)
{
    constexpr Code kNone = std::numeric_limits<Code>::max();
    std::uint64_t sum = 0, missing = 0;
    Code least = kNone, most = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const Code code = codes[i];
        const bool there = !kMissing || code != kNone;
        sum += there ? code : 0;
        if constexpr (kMissing) {
            missing += there ? 0 : 1;
        }
        if constexpr (kExtremes) {
            least = std::min(least, code); // "no value" is the largest code
            most = std::max(most, there ? code : Code{0});
        }
    }
    into.sum += sum;
    into.count += count - missing;
    if (kExtremes && missing < count) {
        into.min = std::min<std::uint64_t>(into.min, least);
        into.max = std::max<std::uint64_t>(into.max, most);
    }
}

template <class Code> ISOBAR_INLINE void foldAny(std::span<const Code> codes, bool extremes, bool missing, Fold& into)
{
    if (missing) {
        extremes ? foldAs<Code, true, true>(codes.data(), codes.size(), into)
                 : foldAs<Code, false, true>(codes.data(), codes.size(), into);
    } else {
        extremes ? foldAs<Code, true, false>(codes.data(), codes.size(), into)
                 : foldAs<Code, false, false>(codes.data(), codes.size(), into);
    }
}

template <class Code, bool kExtremes, bool kMissing>
ISOBAR_INLINE void addAs(const Code* __restrict codes, std::size_t count, std::uint64_t* __restrict sums,
                         std::uint32_t* __restrict counts, std::uint64_t* __restrict mins,
                         std::uint64_t* __restrict maxs)
{
    constexpr Code kNone = std::numeric_limits<Code>::max();
    for (std::size_t i = 0; i < count; ++i) {
        const Code code = codes[i];
        const bool there = !kMissing || code != kNone;
        sums[i] += there ? code : 0;
        if constexpr (kMissing) {
            counts[i] += there ? 1 : 0;
        }
        if constexpr (kExtremes) {
            mins[i] = std::min<std::uint64_t>(mins[i], there ? code : std::numeric_limits<std::uint64_t>::max());
            maxs[i] = std::max<std::uint64_t>(maxs[i], there ? code : 0);
        }
    }
}

template <class Code> ISOBAR_INLINE void addAny(std::span<const Code> codes, bool missing, const Lanes& to)
{
    const std::size_t count = codes.size();
    if (missing) {
        to.mins != nullptr ? addAs<Code, true, true>(codes.data(), count, to.sums, to.counts, to.mins, to.maxs)
                           : addAs<Code, false, true>(codes.data(), count, to.sums, to.counts, to.mins, to.maxs);
    } else {
        to.mins != nullptr ? addAs<Code, true, false>(codes.data(), count, to.sums, to.counts, to.mins, to.maxs)
                           : addAs<Code, false, false>(codes.data(), count, to.sums, to.counts, to.mins, to.maxs);
    }
}

template <class Count>
ISOBAR_INLINE std::int64_t addPackedAs(std::int64_t* __restrict to, const char* __restrict counts, std::size_t length)
{
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < length; ++i) {
        Count count;
        std::memcpy(&count, counts + i * sizeof(Count), sizeof(Count));
        to[i] += count;
        sum += count;
    }
    return sum;
}

} // namespace

ISOBAR_CLONES void fold(std::span<const std::uint16_t> codes, bool extremes, bool missing, Fold& into)
{
    foldAny(codes, extremes, missing, into);
}
ISOBAR_CLONES void fold(std::span<const std::uint32_t> codes, bool extremes, bool missing, Fold& into)
{
    foldAny(codes, extremes, missing, into);
}
ISOBAR_CLONES void fold(std::span<const std::uint64_t> codes, bool extremes, bool missing, Fold& into)
{
    foldAny(codes, extremes, missing, into);
}

ISOBAR_CLONES void add(std::span<const std::uint16_t> codes, bool missing, const Lanes& lanes)
{
    addAny(codes, missing, lanes);
}
ISOBAR_CLONES void add(std::span<const std::uint32_t> codes, bool missing, const Lanes& lanes)
{
    addAny(codes, missing, lanes);
}
ISOBAR_CLONES void add(std::span<const std::uint64_t> codes, bool missing, const Lanes& lanes)
{
    addAny(codes, missing, lanes);
}

ISOBAR_CLONES void addCounts(std::uint32_t* to, std::span<const std::uint32_t> counts)
{
    for (std::size_t i = 0; i < counts.size(); ++i) {
        to[i] += counts[i];
    }
}

ISOBAR_CLONES std::int64_t addPacked(std::int64_t* to, const char* counts, std::size_t width, std::size_t length)
{
    switch (width) {
    case 1:
        return addPackedAs<std::uint8_t>(to, counts, length);
    case 2:
        return addPackedAs<std::uint16_t>(to, counts, length);
    default:
        return addPackedAs<std::uint32_t>(to, counts, length);
    }
}

} // namespace isobar::aggregate::kernels
