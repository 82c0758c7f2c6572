// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstdint>

namespace isobar::serving {

/// A value mixed into a running hash: the finalizer of splitmix64 over the two.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t hash, std::uint64_t value)
{
    std::uint64_t z = (hash ^ value) + 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

} // namespace isobar::serving
