// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/engine/random.h"
#include "model/fleet/operations.h"

#include <cstdint>
#include <string>
#include <vector>

namespace isobar::engine {

/// Requests a second of one workload from one area over the days, weeks and years:
///   share mean (1 + amplitude cos(2 pi (local hour - peak) / 24)) week(t) (1 + growth)^(t / 365 days) surges(t)
/// with week = weekendRatio on a local Saturday or Sunday, else 1. The mean is that of a weekday, times the operations'
/// demandRatio.
class DemandShape {
public:
    /// `firstLocalHourOfWeek`: local hours since Monday 00:00 at second zero. `surges` that are this workload's, their
    /// times counted from second zero.
    DemandShape(const Workload& workload, const WorkloadOperations& operations, double share,
                double firstLocalHourOfWeek, std::vector<DemandSurge> surges = {});
    [[nodiscard]] double requestsPerSecond(double seconds) const;

private:
    double m_mean, m_amplitude, m_peakLocalHour, m_weekendRatio, m_logGrowthPerSecond, m_firstHour;
    std::vector<DemandSurge> m_surges;
};

/// Hours since 1970-01-01T00:00Z at "2026-11-22T14:30:00Z" or at the start of "2026-11-22".
[[nodiscard]] double hoursSince1970Utc(const std::string& time);
/// Local hours since Monday 00:00 at a UTC time "2026-11-22T14:30:00Z".
[[nodiscard]] double hourOfWeekUtc(const std::string& time);

/// Draws gaps between requests of mean 1 and a given coefficient of variation.
class GapLawDraw {
public:
    GapLawDraw(GapLaw law, double coefficientOfVariation);
    [[nodiscard]] double draw(Random& random) const;

private:
    enum class Kind : std::uint8_t { Regular, Exponential, Gamma, Weibull };
    Kind m_kind;
    double m_cv, m_inverseShape = 1, m_scale = 1; ///< of Weibull: scale (-ln U)^inverseShape
};

/// A recorded stream that stands in for drawn arrivals and lengths. It repeats after `lengthSeconds`.
struct DemandTrace {
    struct Request {
        double seconds = 0; ///< since the trace's start, ascending
        std::uint32_t inputTokens = 1, outputTokens = 1;
    };
    std::vector<Request> requests;
    double lengthSeconds = 0; ///< above the last request's seconds
};

} // namespace isobar::engine
