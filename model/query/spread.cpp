// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/query/balance.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace isobar::query {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// Ascending, scaled so that the greatest is 1: neither the order nor the scale can then change a digit that matters,
/// and squares neither overflow nor vanish. Empty where no index is defined.
std::vector<double> normalised(std::span<const double> figures)
{
    std::vector<double> sorted(figures.begin(), figures.end());
    std::sort(sorted.begin(), sorted.end());
    if (sorted.empty() || !(sorted.back() > 0)) {
        return {};
    }
    const double greatest = sorted.back();
    for (double& figure : sorted) {
        figure /= greatest;
    }
    return sorted;
}

double sumOf(const std::vector<double>& figures)
{
    return std::accumulate(figures.begin(), figures.end(), 0.0);
}

double sumOfSquares(const std::vector<double>& figures)
{
    return std::inner_product(figures.begin(), figures.end(), figures.begin(), 0.0);
}

} // namespace

double maxOverMean(std::span<const double> figures)
{
    const std::vector<double> x = normalised(figures);
    return x.empty() ? kNaN : static_cast<double>(x.size()) / sumOf(x);
}

double jainIndex(std::span<const double> figures)
{
    const std::vector<double> x = normalised(figures);
    return x.empty() ? kNaN : sumOf(x) * sumOf(x) / (static_cast<double>(x.size()) * sumOfSquares(x));
}

double giniIndex(std::span<const double> figures)
{
    const std::vector<double> x = normalised(figures);
    if (x.empty()) {
        return kNaN;
    }
    // Of ascending figures the sum over all pairs is sum (2 i - n + 1) x_i, i from 0, counted twice.
    const auto n = static_cast<double>(x.size());
    double pairs = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        pairs += (2 * static_cast<double>(i) - n + 1) * x[i];
    }
    return std::max(0.0, pairs / (n * sumOf(x)));
}

double herfindahlIndex(std::span<const double> figures)
{
    const std::vector<double> x = normalised(figures);
    return x.empty() ? kNaN : sumOfSquares(x) / (sumOf(x) * sumOf(x));
}

std::vector<LorenzPoint> lorenzCurve(std::span<const double> figures)
{
    const std::vector<double> x = normalised(figures);
    if (x.empty()) {
        return {};
    }
    std::vector<LorenzPoint> curve{{0, 0}};
    const double whole = sumOf(x);
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        sum += x[i];
        curve.push_back({static_cast<double>(i + 1) / static_cast<double>(x.size()), sum / whole});
    }
    return curve;
}

Spread spreadOf(std::span<const double> figures)
{
    std::vector<double> defined;
    std::copy_if(figures.begin(), figures.end(), std::back_inserter(defined), [](double x) { return !std::isnan(x); });
    Spread spread;
    spread.count = defined.size();
    spread.maxOverMean = maxOverMean(defined);
    spread.jain = jainIndex(defined);
    spread.gini = giniIndex(defined);
    spread.hhi = herfindahlIndex(defined);
    spread.effectiveNumber = 1 / spread.hhi;
    spread.lorenz = lorenzCurve(defined);
    return spread;
}

} // namespace isobar::query
