// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/fleet/suggest.h"

#include <algorithm>
#include <fmt/format.h>
#include <tuple>

namespace isobar {
namespace {

constexpr std::size_t kMostTyped = 200, kShortestPart = 3;

std::string lowered(std::string_view text)
{
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return out;
}

/// Letters to change, drop or add to make `from` of `to`; `inside`: of some stretch of `to`.
std::size_t editDistance(std::string_view from, std::string_view to, bool inside)
{
    std::vector<std::size_t> above(to.size() + 1), row(to.size() + 1);
    for (std::size_t j = 0; j <= to.size(); ++j) {
        above[j] = inside ? 0 : j;
    }
    for (std::size_t i = 1; i <= from.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= to.size(); ++j) {
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1)});
        }
        std::swap(above, row);
    }
    return inside ? *std::min_element(above.begin(), above.end()) : above.back();
}

} // namespace

std::vector<std::string> nearestNames(std::string_view typed, std::span<const std::string> known)
{
    const std::string wanted = lowered(typed.substr(0, kMostTyped));
    const std::size_t tolerated = std::max<std::size_t>(1, wanted.size() / 3);
    std::vector<std::tuple<bool, std::size_t, std::size_t, std::string_view>> near; // only a part, how far, in all
    for (const std::string& name : known) {
        const std::string there = lowered(name);
        const std::size_t whole = editDistance(wanted, there, false);
        if (whole <= tolerated && whole < std::max(wanted.size(), there.size())) {
            near.emplace_back(false, whole, whole, name);
            continue;
        }
        const bool shorter = wanted.size() < there.size();
        const std::string &part = shorter ? wanted : there, &of = shorter ? there : wanted;
        const std::size_t inside = editDistance(part, of, true);
        if (part.size() >= kShortestPart && inside <= part.size() / 5) {
            near.emplace_back(true, inside, whole, name);
        }
    }
    std::sort(near.begin(), near.end());
    std::vector<std::string> names;
    for (const auto& one : near) {
        const std::string_view name = std::get<3>(one);
        if (names.size() < kMostSuggested && (names.empty() || names.back() != name)) {
            names.emplace_back(name);
        }
    }
    return names;
}

std::string suggestNames(std::string_view typed, std::span<const std::string> known)
{
    const std::vector<std::string> near = nearestNames(typed, known);
    if (!near.empty()) {
        std::string said = "did you mean ";
        for (std::size_t i = 0; i < near.size(); ++i) {
            said += (i == 0 ? "" : i + 1 < near.size() ? ", " : " or ") + near[i];
        }
        return said + "?";
    }
    std::string said;
    for (std::size_t i = 0; i < std::min(known.size(), kMostSuggested); ++i) {
        said += (i == 0 ? "there are: " : ", ") + known[i];
    }
    return known.size() > kMostSuggested ? said + fmt::format(" and {} more", known.size() - kMostSuggested) : said;
}

} // namespace isobar
