// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/query/joint_keys.h"

#include <algorithm>
#include <unordered_map>

namespace isobar::query {

JointKeys::JointKeys(const Fleet& now, const Fleet& base, const Query& query)
    : m_now(now)
    , m_base(base)
    , m_same(&now == &base)
{
    for (const Dimension dimension : query.by) {
        auto& joint = m_jointOfBase[static_cast<std::size_t>(dimension)];
        if (m_same || dimension == Dimension::Time || !joint.empty()) {
            continue;
        }
        std::unordered_map<std::string, std::uint32_t> numbers;
        for (std::uint32_t i = 0; i < m_now.size(dimension); ++i) {
            numbers.emplace(m_now.name(dimension, i), i);
        }
        for (std::uint32_t i = 0; i < m_base.size(dimension); ++i) {
            // Each number is given out once, so that two things of one name stay two.
            const auto found = numbers.find(m_base.name(dimension, i));
            joint.push_back(found == numbers.end() ? kOnlyInBase + i : found->second);
            if (found != numbers.end()) {
                numbers.erase(found);
            }
        }
    }
}

Status JointKeys::resolveFilters(const std::vector<Filter>& where)
{
    for (const Filter& filter : where) {
        std::array<std::vector<std::uint32_t>, 2> ids;
        for (const std::string& value : filter.values) {
            const auto now = m_now.resolve(filter.dimension, {value});
            const auto base = m_same ? now : m_base.resolve(filter.dimension, {value});
            if (!now.ok() && !base.ok()) {
                return now.error();
            }
            for (const auto& [found, to] : {std::pair{&now, &ids[0]}, std::pair{&base, &ids[1]}}) {
                if (found->ok()) {
                    to->insert(to->end(), (*found)->begin(), (*found)->end());
                }
            }
        }
        for (std::size_t side = 0; side < ids.size(); ++side) {
            std::sort(ids[side].begin(), ids[side].end());
            m_filters[side].emplace_back(filter.dimension, std::move(ids[side]));
        }
    }
    return Done{};
}

std::string JointKeys::name(Dimension dimension, std::uint32_t joint) const
{
    if (joint == kOther) {
        return std::string(kRemainderName);
    }
    return joint >= kOnlyInBase && joint != RowKeys::kNone ? m_base.name(dimension, joint - kOnlyInBase)
                                                           : m_now.name(dimension, joint);
}

} // namespace isobar::query
