// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/demand_shape.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <numbers>

namespace isobar::engine {
namespace {

constexpr double kHoursPerDay = 24, kHoursPerWeek = 168, kFirstWeekendHour = 120;
constexpr double kSecondsPerYear = 365.0 * 86'400;

int digits(const std::string& text, std::size_t at, std::size_t count)
{
    int value = 0;
    std::from_chars(text.data() + at, text.data() + at + count, value);
    return value;
}

/// Squared coefficient of variation of a Weibull law of shape 1 / `inverseShape`.
double weibullCvSquared(double inverseShape)
{
    const double logFirst = std::lgamma(1 + inverseShape), logSecond = std::lgamma(1 + 2 * inverseShape);
    return std::exp(logSecond - 2 * logFirst) - 1;
}

} // namespace

DemandShape::DemandShape(const Workload& workload, const WorkloadOperations& operations, double share,
                         double firstLocalHourOfWeek, std::vector<DemandSurge> surges)
    : m_mean(workload.meanRequestsPerSecond * operations.demandRatio * share)
    , m_amplitude(workload.diurnalAmplitude)
    , m_peakLocalHour(workload.peakLocalHour)
    , m_weekendRatio(operations.weekendRatio)
    , m_logGrowthPerSecond(std::log1p(std::max(-0.999, operations.growthPerYearRatio)) / kSecondsPerYear)
    , m_firstHour(firstLocalHourOfWeek)
    , m_surges(std::move(surges))
{
}

double DemandShape::requestsPerSecond(double seconds) const
{
    const double hour = m_firstHour + seconds / 3600;
    const double ofWeek = hour - std::floor(hour / kHoursPerWeek) * kHoursPerWeek;
    const double day = 1 + m_amplitude * std::cos(2 * std::numbers::pi * (hour - m_peakLocalHour) / kHoursPerDay);
    double surge = 1;
    for (const DemandSurge& s : m_surges) {
        surge *= seconds >= s.atSeconds && seconds < s.atSeconds + s.durationSeconds ? s.ratio : 1;
    }
    return m_mean * day * (ofWeek >= kFirstWeekendHour ? m_weekendRatio : 1) *
           std::exp(m_logGrowthPerSecond * seconds) * surge;
}

double hoursSince1970Utc(const std::string& time)
{
    // The shape has been seen to by validate().
    if (time.size() < 10) {
        return 0;
    }
    const std::chrono::year_month_day date{std::chrono::year(digits(time, 0, 4)),
                                           std::chrono::month(static_cast<unsigned>(digits(time, 5, 2))),
                                           std::chrono::day(static_cast<unsigned>(digits(time, 8, 2)))};
    const double days = std::chrono::sys_days(date).time_since_epoch().count();
    const bool withTime = time.size() >= 19;
    return days * kHoursPerDay +
           (withTime ? digits(time, 11, 2) + digits(time, 14, 2) / 60.0 + digits(time, 17, 2) / 3600.0 : 0);
}

double hourOfWeekUtc(const std::string& time)
{
    const double hours = hoursSince1970Utc(time) + 3 * kHoursPerDay; // 1970 began on a Thursday
    return hours - std::floor(hours / kHoursPerWeek) * kHoursPerWeek;
}

GapLawDraw::GapLawDraw(GapLaw law, double coefficientOfVariation)
    : m_kind(law == GapLaw::Gamma ? Kind::Gamma : Kind::Weibull)
    , m_cv(coefficientOfVariation)
{
    constexpr double kRegular = 1e-6; // below it the gaps are equal
    if (m_cv < kRegular) {
        m_kind = Kind::Regular;
    } else if (m_cv == 1) {
        m_kind = Kind::Exponential;
    } else if (m_kind == Kind::Weibull) {
        // The variation grows with the inverse shape.
        double low = 1e-7, high = 20;
        for (int i = 0; i < 100; ++i) {
            const double middle = (low + high) / 2;
            (weibullCvSquared(middle) < m_cv * m_cv ? low : high) = middle;
        }
        m_inverseShape = high;
        m_scale = std::exp(-std::lgamma(1 + m_inverseShape));
    }
}

double GapLawDraw::draw(Random& random) const
{
    switch (m_kind) {
    case Kind::Regular:
        return 1;
    case Kind::Exponential:
        return random.exponential();
    case Kind::Gamma:
        return random.gamma(m_cv);
    case Kind::Weibull:
        return m_scale * std::pow(random.exponential(), m_inverseShape);
    }
    return 1;
}

} // namespace isobar::engine
