// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/lengths.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace isobar::engine {
namespace {

/// z with P(Z > z) = upper for a standard normal Z, by bisection.
double normalUpperQuantile(double upper)
{
    double low = -10, high = 10;
    for (int i = 0; i < 60; ++i) {
        const double middle = (low + high) / 2;
        (std::erfc(middle / std::sqrt(2.0)) / 2 > upper ? low : high) = middle;
    }
    return (low + high) / 2;
}

/// Standard normal quantiles at 1 - (count - i) * step: the same for every distribution, so computed once.
std::vector<double> quantiles(std::size_t count, double step)
{
    std::vector<double> z(count + 1);
    for (std::size_t i = 0; i <= count; ++i) {
        z[i] = normalUpperQuantile(std::max(step / 4, static_cast<double>(count - i) * step));
    }
    return z;
}

} // namespace

LengthTable::LengthTable(const LengthDistribution& distribution)
{
    static const std::vector<double> kBody = quantiles(kCells, 1.0 / kCells);
    static const std::vector<double> kTail = quantiles(kCells, 1.0 / (kCells * kCells));
    const double variance = std::log1p(distribution.coefficientOfVariation * distribution.coefficientOfVariation);
    const double mu = std::log(distribution.mean) - variance / 2;
    const double most = std::max(1, distribution.maximum);
    const auto lengthAt = [&](double z) {
        return static_cast<float>(std::clamp(std::exp(mu + std::sqrt(variance) * z), 1.0, most));
    };
    for (std::size_t i = 0; i <= kCells; ++i) {
        m_body[i] = lengthAt(kBody[i]);
        m_tail[i] = lengthAt(kTail[i]);
    }
    double body = 0, tail = 0;
    for (std::size_t i = 0; i < kCells; ++i) {
        body += i + 1 < kCells ? (m_body[i] + m_body[i + 1]) / 2 : 0;
        tail += (m_tail[i] + m_tail[i + 1]) / 2;
    }
    m_mean = (body + tail / kCells) / kCells;
}

namespace {

/// The bits that make a LengthTable draw from one of its cells: 1,023 equally likely ones, then the 1,024 of its tail.
constexpr std::size_t kBodyCells = 1023, kTailCells = 1024;
constexpr std::uint64_t kInTail = ~std::uint64_t{0} << 54;

std::uint64_t bitsOfCell(std::size_t cell)
{
    return cell < kBodyCells ? std::uint64_t{cell} << 54 : kInTail | std::uint64_t{cell - kBodyCells} << 44;
}

} // namespace

OngoingLengths::OngoingLengths(const LengthTable& table)
    : m_table(&table)
{
    constexpr std::uint64_t kHighest = 0xffffff; // the part of a cell
    double sum = 0;
    for (std::size_t cell = 0; cell < kBodyCells + kTailCells; ++cell) {
        m_longest.push_back(table.draw(bitsOfCell(cell) | kHighest));
        sum += (m_longest.back() - 1.0) * (cell < kBodyCells ? 1.0 : 1.0 / kTailCells);
        m_upTo.push_back(sum);
    }
}

OngoingLengths::Length OngoingLengths::draw(Random& random) const
{
    for (;;) {
        const double point = random.uniform() * m_upTo.back();
        const auto at = std::upper_bound(m_upTo.begin(), m_upTo.end() - 1, point) - m_upTo.begin();
        const auto cell = static_cast<std::size_t>(at);
        const std::uint64_t bits = random.bits();
        const std::uint32_t tokens = m_table->draw(bitsOfCell(cell) | (bits & 0xffffff));
        // The rest of the bits says whether it is one of those met, and how far it is.
        const auto most = m_longest[cell] - 1;
        const std::uint32_t place = Random::below(static_cast<std::uint32_t>(bits >> 32), most);
        if (place + 1 < tokens) {
            return {tokens, place + 1};
        }
    }
}

} // namespace isobar::engine
