// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/serving/replay.h"

#include <cstddef>
#include <vector>

namespace isobar::replay {

/// What a replay looked like over the time of its trace: requests waiting and running, tokens and arrivals. Keeps a
/// fixed number of equal stretches of time, which double in length when the run outgrows them, so memory does not grow
/// with the trace. Outcomes may come in any order. Every stretch holds exact time averages: summed over all of them,
/// requests in flight times seconds are the seconds that requests stayed (Little's law), and tokens are the tokens.
class Timeline {
public:
    static constexpr std::size_t kStretches = 720;

    /// `expectedSeconds`: about how long the trace is; a run may take longer.
    explicit Timeline(double expectedSeconds);

    /// Rejected requests count as arrivals only. The first token of a request counts when it comes, the others evenly
    /// from then to the last.
    void operator()(const serving::Outcome& outcome);

    /// A request of a run that was broken off at `untilSeconds`, still in flight then: counts as waiting.
    void unfinished(double arrivalSeconds, double untilSeconds);

    struct Curves {
        double stretchSeconds = 0;
        std::vector<double> waiting, running;                         ///< requests, mean over each stretch
        std::vector<double> outputTokensPerSecond, arrivalsPerSecond; ///< means over each stretch
    };
    /// Up to the last stretch in which anything happened.
    [[nodiscard]] Curves curves() const;

private:
    /// A quantity over time as its integral in each stretch.
    struct Track {
        std::vector<double> part = std::vector<double>(kStretches + 1);  ///< of what covers a stretch in part
        std::vector<double> whole = std::vector<double>(kStretches + 1); ///< change of what covers whole stretches
        void addPoint(double at, double amount, double width);
        void addSpan(double begin, double end, double height, double width);
        [[nodiscard]] std::vector<double> integrals(double width) const;
        void fold(double width);
    };
    void reach(double seconds);

    double m_width;      ///< of a stretch
    double m_latest = 0; ///< moment seen
    Track m_waiting, m_running, m_tokens, m_arrivals;
};

} // namespace isobar::replay
