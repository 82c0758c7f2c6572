// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// What to say when somebody names what is not there.
namespace isobar {

inline constexpr std::size_t kMostSuggested = 5;

/// Those of `known` that may have been meant by `typed`, the likeliest first, at most kMostSuggested: the same but for
/// case, a few letters wrong (one in three at most), or part of it. Work: typed x known, by characters; only the first
/// 200 of `typed` count.
[[nodiscard]] std::vector<std::string> nearestNames(std::string_view typed, std::span<const std::string> known);

/// An advice for an error: "did you mean a, b or c?"; where nothing is near, "there are: a, b, c, d, e and 66 more";
/// "" when nothing is known.
[[nodiscard]] std::string suggestNames(std::string_view typed, std::span<const std::string> known);

/// The same of the names entities have, e.g. suggestNames("H10", fleet.accelerators, &AcceleratorType::name).
template <class Entity>
[[nodiscard]] std::string suggestNames(std::string_view typed, const std::vector<Entity>& entities,
                                       std::string Entity::*name)
{
    std::vector<std::string> known;
    for (const Entity& entity : entities) {
        known.push_back(entity.*name);
    }
    return suggestNames(typed, known);
}

} // namespace isobar
