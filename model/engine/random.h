// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/serving/mix.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace isobar::engine {

using serving::mix; ///< for seeds and state hashes

/// xoshiro256++ (Blackman and Vigna, 2019). Each source and placement has its own stream, seeded from the run's seed
/// and its number, so what one draws does not depend on what another does.
class Random {
public:
    Random(std::uint64_t seed, std::uint64_t kind, std::uint64_t number)
    {
        std::uint64_t state = mix(mix(seed, kind), number);
        for (std::uint64_t& word : m_state) {
            state += 0x9e3779b97f4a7c15ull;
            word = mix(0, state);
        }
    }

    [[nodiscard]] std::uint64_t bits()
    {
        const std::uint64_t result = std::rotl(m_state[0] + m_state[3], 23) + m_state[0];
        const std::uint64_t t = m_state[1] << 17;
        m_state[2] ^= m_state[0];
        m_state[3] ^= m_state[1];
        m_state[1] ^= m_state[2];
        m_state[0] ^= m_state[3];
        m_state[2] ^= t;
        m_state[3] = std::rotl(m_state[3], 45);
        return result;
    }
    /// In [0, 1).
    [[nodiscard]] double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
    /// In [0, count), count below 2^32; biased by less than count / 2^32.
    [[nodiscard]] static std::uint32_t below(std::uint32_t bits, std::uint32_t count)
    {
        return static_cast<std::uint32_t>((std::uint64_t{bits} * count) >> 32);
    }
    /// Mean 1.
    [[nodiscard]] double exponential() { return -std::log(1 - uniform()); }
    [[nodiscard]] double normal() { return std::sqrt(2 * exponential()) * std::cos(2 * std::numbers::pi * uniform()); }
    /// Mean 1, coefficient of variation `cv` above 0 (Marsaglia and Tsang, 2000; shapes below 1 by their boost).
    [[nodiscard]] double gamma(double cv)
    {
        const double shape = 1 / (cv * cv);
        const double boosted = shape < 1 ? shape + 1 : shape;
        const double d = boosted - 1.0 / 3, c = 1 / std::sqrt(9 * d);
        double value = 0;
        for (;;) {
            const double x = normal();
            const double v = (1 + c * x) * (1 + c * x) * (1 + c * x);
            if (v > 0 && std::log(1 - uniform()) < x * x / 2 + d - d * v + d * std::log(v)) {
                value = d * v;
                break;
            }
        }
        if (shape < 1) {
            value *= std::pow(1 - uniform(), 1 / shape);
        }
        return value / shape;
    }
    [[nodiscard]] std::uint64_t hash(std::uint64_t hash) const
    {
        for (const std::uint64_t word : m_state) {
            hash = mix(hash, word);
        }
        return hash;
    }

private:
    std::array<std::uint64_t, 4> m_state{};
};

} // namespace isobar::engine
