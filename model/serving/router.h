// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>

namespace isobar::serving {

/// How a request finds its replica among equals.
enum class RouterPolicy : std::uint8_t {
    RoundRobin,    ///< each in turn, whatever its load
    Random,        ///< any, evenly
    LeastInFlight, ///< the one with the fewest requests running and waiting
    PowerOfTwo,    ///< the less loaded of two different ones drawn evenly
    PowerOfD,      ///< the least loaded of d different ones drawn evenly
};
[[nodiscard]] const char* routerPolicyName(RouterPolicy policy); ///< "round-robin", …
[[nodiscard]] std::optional<RouterPolicy> routerPolicyByName(std::string_view name);
[[nodiscard]] std::string routerPolicyNames(); ///< all of them, for messages

/// Picks replicas of one group. Ties go to the next replica in turn after the last one picked, so that equals share.
/// Work a pick: constant, but linear in the number of replicas for LeastInFlight, and d^2 at most for PowerOfD.
class Router {
public:
    static constexpr std::size_t kMaxChoices = 64;

    /// `replicas` at least 1. `choices`: the d of PowerOfD, from 1 to kMaxChoices; more than there are replicas is all
    /// of them.
    Router(RouterPolicy policy, std::size_t replicas, std::uint64_t seed, std::size_t choices = 2)
        : m_policy(policy)
        , m_replicas(replicas)
        , m_choices(choices < replicas ? choices : replicas)
        , m_last(replicas - 1)
        , m_random(seed)
    {
    }

    /// `inFlight(i)`: requests running and waiting at replica i now; only asked for the replicas that are compared.
    template <class InFlight> [[nodiscard]] std::size_t pick(InFlight&& inFlight)
    {
        switch (m_policy) {
        case RouterPolicy::RoundRobin:
            m_last = next(m_last);
            break;
        case RouterPolicy::Random:
            m_last = below(m_replicas);
            break;
        case RouterPolicy::LeastInFlight:
            m_last = leastInFlight(inFlight);
            break;
        case RouterPolicy::PowerOfTwo:
            if (m_replicas > 1) {
                const std::size_t first = below(m_replicas);
                std::size_t second = below(m_replicas - 1);
                second += second >= first ? 1 : 0;
                const auto firstLoad = inFlight(first), secondLoad = inFlight(second);
                m_last = secondLoad < firstLoad ? second : first;
            }
            break;
        case RouterPolicy::PowerOfD:
            m_last = leastOfDrawn(inFlight);
            break;
        }
        return m_last;
    }

private:
    [[nodiscard]] std::size_t next(std::size_t replica) const { return replica + 1 == m_replicas ? 0 : replica + 1; }
    /// Even in [0, count) to within count / 2^32; count is below 2^32.
    [[nodiscard]] std::size_t below(std::size_t count) { return ((m_random() >> 32) * count) >> 32; }
    template <class InFlight> [[nodiscard]] std::size_t leastInFlight(InFlight& inFlight) const
    {
        std::size_t replica = next(m_last);
        std::size_t best = replica;
        auto fewest = inFlight(replica);
        for (std::size_t asked = 1; asked < m_replicas && fewest > 0; ++asked) {
            replica = next(replica);
            if (const auto load = inFlight(replica); load < fewest) {
                fewest = load;
                best = replica;
            }
        }
        return best;
    }

    /// Of equals the one drawn first.
    template <class InFlight> [[nodiscard]] std::size_t leastOfDrawn(InFlight& inFlight)
    {
        std::array<std::size_t, kMaxChoices> drawn; // in rising order
        std::size_t best = 0;
        auto fewest = decltype(inFlight(best)){};
        for (std::size_t count = 0; count < m_choices && count < kMaxChoices; ++count) {
            // The draw is a place among those not drawn yet: step over the others.
            std::size_t replica = below(m_replicas - count), at = 0;
            for (; at < count && drawn[at] <= replica; ++at) {
                ++replica;
            }
            std::copy_backward(drawn.begin() + at, drawn.begin() + count, drawn.begin() + count + 1);
            drawn[at] = replica;
            if (const auto load = inFlight(replica); count == 0 || load < fewest) {
                fewest = load;
                best = replica;
            }
        }
        return best;
    }

    RouterPolicy m_policy;
    std::size_t m_replicas, m_choices;
    std::size_t m_last;
    std::mt19937_64 m_random;
};

} // namespace isobar::serving
