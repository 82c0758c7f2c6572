// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

/// The inner loops over codes of a SampleCube. Integers only, so every processor gets the same digits; compiled for
/// several vector widths, the widest the processor has is taken when the program starts.
namespace isobar::aggregate::kernels {

/// What a stretch of codes comes to. `sum` is modulo 2^64.
struct Fold {
    std::uint64_t sum = 0, count = 0;
    std::uint64_t min = std::numeric_limits<std::uint64_t>::max(), max = 0;
};

/// `missing`: the largest code means "no value". min and max stay as they are unless `extremes`.
void fold(std::span<const std::uint16_t> codes, bool extremes, bool missing, Fold& into);
void fold(std::span<const std::uint32_t> codes, bool extremes, bool missing, Fold& into);
void fold(std::span<const std::uint64_t> codes, bool extremes, bool missing, Fold& into);

/// Running folds of several runs side by side: element i of each goes to position i. `counts` only where `missing`.
struct Lanes {
    std::uint64_t* sums = nullptr;
    std::uint32_t* counts = nullptr;
    std::uint64_t* mins = nullptr; ///< null: no extremes
    std::uint64_t* maxs = nullptr;
};
void add(std::span<const std::uint16_t> codes, bool missing, const Lanes& lanes);
void add(std::span<const std::uint32_t> codes, bool missing, const Lanes& lanes);
void add(std::span<const std::uint64_t> codes, bool missing, const Lanes& lanes);

/// to[i] += counts[i].
void addCounts(std::uint32_t* to, std::span<const std::uint32_t> counts);
/// The same from `length` counts of 1, 2 or 4 bytes each, at any address; returns their sum.
std::int64_t addPacked(std::int64_t* to, const char* counts, std::size_t width, std::size_t length);

} // namespace isobar::aggregate::kernels
