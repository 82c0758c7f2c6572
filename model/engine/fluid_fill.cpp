// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/fluid_impl.h"

#include <algorithm>
#include <utility>

/// From the fluid's steady state to single requests: what a fleet that has long been running holds.
namespace isobar::engine {
namespace {

using aggregate::Sketch;

constexpr std::uint64_t kUnderwayStream = 6;

/// The number of points of a Poisson process of rate 1 in `mean`.
std::int64_t poisson(double mean, Random& random)
{
    std::int64_t count = 0;
    for (double at = random.exponential(); at < mean; at += random.exponential()) {
        ++count;
    }
    return count;
}

/// A law of durations, to draw from.
class Durations {
public:
    explicit Durations(const BucketMass& mass)
    {
        double sum = 0;
        for (std::size_t bucket = 0; bucket < mass.size(); ++bucket) {
            if (mass[bucket] > 0) {
                m_upTo.emplace_back(sum += mass[bucket], Sketch::valueOf(bucket));
            }
        }
    }
    [[nodiscard]] double draw(Random& random) const
    {
        const double point = random.uniform() * m_upTo.back().first;
        const auto at = std::upper_bound(m_upTo.begin(), m_upTo.end() - 1, point,
                                         [](double p, const auto& entry) { return p < entry.first; });
        return at->second;
    }

private:
    std::vector<std::pair<double, double>> m_upTo; ///< cumulative chance, seconds
};

} // namespace

/// Puts what is in flight in the steady state into the replicas of `engine`, which hold nothing, and lets its routers
/// know. Each placement draws from a stream of its own, which nothing else draws from.
void FluidEngine::Impl::fill(Engine::Impl& engine) const
{
    const double now = static_cast<double>(engine.now) * kSecondsPerMicro;
    std::vector<OngoingLengths> ongoing;
    std::vector<bool> recorded;
    for (std::size_t w = 0; w < engine.lengths.size(); ++w) {
        ongoing.emplace_back(*engine.lengths[w].output);
        recorded.push_back(!workloadOperations(engine.options.operations, WorkloadId(w)).trace.empty());
    }
    engine.crew->run(places.size(), [&](std::size_t p) {
        const Place& place = places[p];
        const FluidPlacement::State& state = place.state;
        Random random(engine.options.seed, kUnderwayStream, p);
        BucketMass mass;
        for (std::size_t i = 0; i < place.rows.size(); ++i) {
            const Row& row = place.rows[i];
            if (row.ratePerSecond <= 0 || recorded[row.workload] || !ongoing[row.workload].any()) {
                continue;
            }
            place.fluid.ttftLaw(state, i, mass);
            const Durations ttft(mass);
            const double decodeSeconds = (place.fluid.works()[i].output.mean - 1) * state.iterationSeconds;
            for (const auto& [source, candidate] : row.feeders) {
                const double rate = sourceRates[source] * shares[source][candidate] * state.servedRatio;
                PlacementRun::Underway request;
                request.feeder = base.sources[source].candidates()[candidate].feeder;
                for (std::int64_t left = poisson(rate * decodeSeconds, random); left > 0; --left) {
                    const OngoingLengths::Length output = ongoing[row.workload].draw(random);
                    request.inputTokens = engine.lengths[row.workload].input->draw(random.bits());
                    request.outputTokens = output.tokens;
                    request.givenTokens = output.given;
                    request.ttftSeconds = ttft.draw(random);
                    // Somewhere in the step to the token after those given.
                    request.firstTokenSeconds = now - (output.given - 1 + random.uniform()) * state.iterationSeconds;
                    engine.placements[p].resume(request, now, random.bits());
                }
            }
        }
    });
    for (std::size_t p = 0; p < places.size(); ++p) {
        engine.loads[p] = engine.placements[p].load(loads[p].spillRatio);
    }
    for (std::size_t window = 0; window < LoadBoard::kMostWindows; ++window) {
        engine.board.publish(engine.loads, engine.frozenViews);
    }
}

} // namespace isobar::engine
