// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/fluid_placement.h"
#include "model/serving/batch_policy.h"
#include "model/serving/erlang.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace isobar::engine {
namespace {

using aggregate::Sketch;

/// A standard normal as five values (Gauss-Hermite) with their weights.
struct Point {
    double z, weight;
};
constexpr std::array<Point, 5> kNormal{
    {{-2.8570, 0.011257}, {-1.3556, 0.222076}, {0, 0.533334}, {1.3556, 0.222076}, {2.8570, 0.011257}}};
/// Where in an iteration one comes: three equally likely parts.
constexpr std::array kParts{1.0 / 6, 3.0 / 6, 5.0 / 6};
/// The spread of a replica's batch against that of independent arrivals: the emptier of two evens it out, and a request
/// lives through several of its swings.
constexpr double kBatchSpread = 0.5;

void addMass(BucketMass& mass, double seconds, double weight)
{
    mass[Sketch::bucketOf(seconds)] += weight;
}

/// The log-normal law of a mean and a variance at a standard normal's value.
struct LogNormal {
    LogNormal(double mean, double variance)
        : spread(mean > 0 ? std::sqrt(std::log1p(variance / (mean * mean))) : 0)
        , median(mean * std::exp(-spread * spread / 2))
    {
    }
    [[nodiscard]] double at(double z) const { return median * std::exp(spread * z); }
    double spread, median;
};

} // namespace

LengthLaw::LengthLaw(const LengthTable& table)
{
    // The cells of the table, at their middles: the last one is made of as many again.
    constexpr std::uint64_t kCells = 1024, kMiddle = std::uint64_t{1} << 23;
    constexpr std::uint64_t kCellsPerClass = kCells / kClasses;
    const auto add = [&](std::uint64_t cell, double length, double weight) {
        classes[cell / kCellsPerClass] += length * weight / kCellsPerClass;
        mean += length * weight / kCells;
        meanOfSquares += length * length * weight / kCells;
        oneRatio += length < 1.5 ? weight / kCells : 0;
        longest = std::max(longest, length);
    };
    for (std::uint64_t cell = 0; cell + 1 < kCells; ++cell) {
        add(cell, table.draw(cell << 54 | kMiddle), 1);
    }
    for (std::uint64_t cell = 0; cell < kCells; ++cell) {
        add(kCells - 1, table.draw((kCells - 1) << 54 | cell << 44 | kMiddle), 1.0 / kCells);
    }
}

FluidPlacement::FluidPlacement(const serving::IterationModel& model, double meanContextTokens)
    : m_model(model)
    , m_meanContext(std::max(1.0, meanContextTokens))
{
    const double room = static_cast<double>(model.kvCapacityTokens) / m_meanContext;
    m_workBatch = std::clamp(room, 1.0, std::max(1.0, double{1} * model.maxBatch));
    m_workContext = m_workBatch * meanContextTokens;
    m_workDecode = model.decodeSeconds(m_workBatch, m_workContext);
    for (std::int32_t batch = 0; batch <= std::max(1, model.maxBatch); ++batch) {
        m_decodeBase.push_back(model.decodeSeconds(batch, 0));
    }
    m_batchInverse = 1 / static_cast<double>(m_decodeBase.size() - 1);
}

void FluidPlacement::addWork(const LengthTable& input, const LengthTable& output)
{
    constexpr std::int32_t kGrid = 32; // the batch sizes at which prefill is averaged; straight lines between
    Work work{LengthLaw(input), LengthLaw(output), 0, 0, 0, 0, {}, {}};
    work.contextTokens = work.input.mean + work.output.meanOfSquares / work.output.mean / 2;
    for (const double length : work.input.classes) {
        work.prefillWorkSeconds +=
            (m_model.mixedSeconds(m_workBatch, m_workContext, length) - m_workDecode) / LengthLaw::kClasses;
    }
    work.decodeWorkSeconds = (work.output.mean - 1) * m_workDecode / m_workBatch;
    const double room = static_cast<double>(m_model.kvCapacityTokens);
    if (work.input.longest + work.output.longest > room) {
        for (const double in : work.input.classes) {
            for (const double out : work.output.classes) {
                work.tooLongRatio += in + out > room ? 1.0 / (LengthLaw::kClasses * LengthLaw::kClasses) : 0;
            }
        }
    }
    for (std::int32_t i = 0; i <= kGrid; ++i) {
        const double batch = static_cast<double>(m_decodeBase.size() - 1) * i / kGrid;
        const double decode = m_model.decodeSeconds(batch, 0);
        double sum = 0, squares = 0;
        for (const double length : work.input.classes) {
            const double adds = m_model.mixedSeconds(batch, 0, length) - decode;
            sum += adds / LengthLaw::kClasses;
            squares += adds * adds / LengthLaw::kClasses;
        }
        work.prefillAdds.push_back(sum);
        work.prefillAdds2.push_back(squares);
    }
    m_works.push_back(std::move(work));
}

double FluidPlacement::at(const std::vector<double>& byBatch, double batch) const
{
    const double position = std::max(0.0, batch) * static_cast<double>(byBatch.size() - 1) * m_batchInverse;
    const auto cell = std::min(static_cast<std::size_t>(position), byBatch.size() - 2);
    const double part = position - static_cast<double>(cell);
    return byBatch[cell] + (byBatch[cell + 1] - byBatch[cell]) * part;
}

FluidPlacement::State FluidPlacement::steady(std::span<const double> rates, double near) const
{
    State s;
    double decoded = 0, context = 0; // tokens a second, and the context of a running sequence
    for (std::size_t w = 0; w < rates.size(); ++w) {
        const double tokens = rates[w] * std::max(0.0, m_works[w].output.mean - 1);
        s.requestsPerSecond += rates[w];
        decoded += tokens;
        context += tokens * m_works[w].contextTokens;
    }
    context = decoded > 0 ? context / decoded : m_meanContext;
    const double full = std::clamp(static_cast<double>(m_model.kvCapacityTokens) / std::max(1.0, context), 1.0,
                                   static_cast<double>(m_decodeBase.size() - 1));
    double prefill = 0; // seconds of it that come in a second
    const auto decodeAt = [&](double batch) {
        prefill = 0;
        for (std::size_t w = 0; w < rates.size(); ++w) {
            prefill += rates[w] * at(m_works[w].prefillAdds, batch);
        }
        return at(m_decodeBase, batch) + batch * context * m_model.perContextTokenSeconds;
    };
    const auto excess = [&](double batch) { // of the batch the rates make over the batch assumed
        const double decode = decodeAt(batch);
        return prefill < 1 ? decoded * decode / (1 - prefill) - batch : full;
    };
    s.batch = full;
    if (s.requestsPerSecond > 0) {
        const double decode = decodeAt(full);
        s.capacityRatio = full / (decoded * decode + full * prefill);
        s.servedRatio = std::min(1.0, s.capacityRatio);
    }
    if (s.servedRatio == 1) {
        // Nearly a straight line, so the secant gets there in a few steps.
        double last = std::clamp(near, 0.0, full), atLast = excess(last);
        s.batch = std::clamp(last + atLast, 0.0, full);
        for (int i = 0; i < 20 && std::abs(atLast) > 1e-6 * full && s.batch != last; ++i) {
            const double there = excess(s.batch);
            const double slope = (there - atLast) / (s.batch - last);
            last = std::exchange(s.batch, std::clamp(s.batch - there / std::min(slope, -1e-3), 0.0, full));
            atLast = there;
        }
    }
    s.decodeSeconds = decodeAt(s.batch);
    double squares = 0;
    for (std::size_t w = 0; w < rates.size(); ++w) {
        squares += rates[w] * at(m_works[w].prefillAdds2, s.batch);
    }
    const double carried = prefill * s.servedRatio;
    s.iterationSeconds = carried < 1 ? s.decodeSeconds / (1 - carried) : s.decodeSeconds;
    s.promptAddsSeconds = s.requestsPerSecond > 0 ? prefill / s.requestsPerSecond : 0;
    s.promptAddsSquared = s.requestsPerSecond > 0 ? squares / s.requestsPerSecond : 0;
    s.requestsPerSecond *= s.servedRatio;
    if (s.batch > 0.5 * full && s.requestsPerSecond > 0) {
        const int places = std::max(1, static_cast<int>(full));
        const double load = std::min(s.batch, places * 0.98);
        s.fullRatio = serving::erlangC(places, load);
        s.fullWaitSeconds = s.batch / s.requestsPerSecond / (places - load);
    }
    // An iteration prefills what came during the one before it: T' = decode + sum of prompts in T, so with
    // p = rate prompt: E T = decode / (1 - p), Var T = rate E prompt^2 E T / (1 - p^2). One comes into long iterations
    // more often: E T^2 / E T. One waits for half of that, then for one's own iteration with all that came meanwhile.
    const double variance =
        s.requestsPerSecond * s.promptAddsSquared * s.iterationSeconds / std::max(0.02, 1 - carried * carried);
    s.swingSeconds = std::sqrt(variance);
    const double busy = 1 - std::exp(-s.batch);
    const double seen = busy * (s.iterationSeconds + variance / std::max(1e-9, s.iterationSeconds));
    s.ttftSeconds = seen / 2 + s.decodeSeconds + s.promptAddsSeconds * (1 + s.requestsPerSecond * seen) +
                    s.fullRatio * s.fullWaitSeconds;
    return s;
}

double FluidPlacement::residenceSeconds(const State& state, std::size_t work) const
{
    return state.ttftSeconds + state.queueWaitSeconds +
           std::max(0.0, m_works[work].output.mean - 1) * state.iterationSeconds;
}

void FluidPlacement::ttftLaw(const State& s, std::size_t work, BucketMass& mass) const
{
    mass.assign(Sketch::kBuckets, 0);
    const std::vector<Weighted> waits = promptWaits(s);
    const auto chunk = static_cast<double>(serving::BatchPolicy{}.maxBatchedTokens);
    const double bare = m_model.decodeSeconds(s.batch, 0);
    for (const double length : m_works[work].input.classes) {
        const double parts = std::floor((length - 1) / std::max(1.0, chunk - s.batch));
        const double own = s.decodeSeconds * (1 + parts) + m_model.mixedSeconds(s.batch, 0, length) - bare;
        for (const Weighted& wait : waits) {
            const double seconds = wait.seconds + own + s.queueWaitSeconds;
            const double weight = wait.weight / LengthLaw::kClasses;
            if (s.fullRatio < 1e-3) {
                addMass(mass, seconds, weight);
                continue;
            }
            addMass(mass, seconds, weight * (1 - s.fullRatio));
            for (const double part : kParts) { // an exponential wait
                addMass(mass, seconds - s.fullWaitSeconds * std::log(1 - part), weight * s.fullRatio / kParts.size());
            }
        }
    }
}

/// The law of the wait for the end of the iteration under way, and for the prompts that wait alike: some values.
std::vector<FluidPlacement::Weighted> FluidPlacement::promptWaits(const State& s) const
{
    constexpr std::size_t kValues = 16;
    const double rate = s.requestsPerSecond;
    const double busy = 1 - std::exp(-s.batch);
    std::vector<Weighted> all{{0, 1 - busy}};
    // Iterations: those without a prompt, and, by their extra time, those with; each as often as one comes into it.
    const double none = std::exp(-rate * s.iterationSeconds);
    std::vector<Weighted> iterations{{s.decodeSeconds, none * s.decodeSeconds}};
    const double extra = std::max(0.0, s.iterationSeconds - s.decodeSeconds) / std::max(1e-9, 1 - none);
    const double spread =
        std::max(0.0, s.swingSeconds * s.swingSeconds / std::max(1e-9, 1 - none) - none * extra * extra);
    const LogNormal adds(extra, spread);
    for (const auto& [z, weight] : kNormal) {
        const double seconds = s.decodeSeconds + adds.at(z);
        iterations.push_back({seconds, (1 - none) * weight * seconds});
    }
    double sum = 0;
    for (const Weighted& iteration : iterations) {
        sum += iteration.weight;
    }
    for (const Weighted& iteration : iterations) {
        const double weight = busy * iteration.weight / std::max(1e-12, sum);
        // Others that come in it: none, or a sum of prompts.
        const double alone = std::exp(-rate * iteration.seconds), some = std::max(1e-9, 1 - alone);
        const double mean = rate * iteration.seconds * s.promptAddsSeconds / some;
        const double squares = rate * iteration.seconds * s.promptAddsSquared +
                               std::pow(rate * iteration.seconds * s.promptAddsSeconds, 2);
        const LogNormal others(mean, std::max(0.0, squares / some - mean * mean));
        for (const double part : kParts) {
            const double rest = part * iteration.seconds;
            all.push_back({rest, weight / kParts.size() * alone});
            for (const Point& point : kNormal) {
                all.push_back({rest + others.at(point.z), weight / kParts.size() * (1 - alone) * point.weight});
            }
        }
    }
    // As a few values of equal weight but for the last ones, which make the high percentiles.
    std::sort(all.begin(), all.end(), [](const Weighted& a, const Weighted& b) { return a.seconds < b.seconds; });
    std::vector<Weighted> few(kValues);
    double passed = 0;
    for (const Weighted& each : all) {
        const double place = passed + each.weight / 2;
        const double position = place < 0.9 ? place / 0.9 * (kValues - 4) : kValues - 4 + (place - 0.9) / 0.1 * 4;
        Weighted& to = few[std::min(kValues - 1, static_cast<std::size_t>(position))];
        to.seconds += each.seconds * each.weight;
        to.weight += each.weight;
        passed += each.weight;
    }
    std::erase_if(few, [](const Weighted& each) { return each.weight <= 0; });
    for (Weighted& each : few) {
        each.seconds /= each.weight;
    }
    return few;
}

void FluidPlacement::itlLaw(const State& s, std::size_t work, BucketMass& mass) const
{
    mass.assign(Sketch::kBuckets, 0);
    const double perToken = s.batch > 1 ? (s.decodeSeconds - m_decodeBase[0]) / s.batch : 0;
    const double swing = perToken * std::sqrt(s.batch) * kBatchSpread;
    const double prompts = s.requestsPerSecond * s.iterationSeconds; // that ride along, per iteration
    for (const double length : m_works[work].output.classes) {
        const double gaps = std::max(1.0, length - 1);
        if (length < 1.5) {
            continue; // one token has no time between tokens
        }
        const double none = std::exp(-gaps * prompts);
        for (const auto& [z, weight] : kNormal) {
            addMass(mass, std::max(s.decodeSeconds * 0.5, s.decodeSeconds + swing * z), none * weight);
        }
        if (none > 0.999) {
            continue;
        }
        // A compound Poisson law, given that some prompt rides along.
        const double mean = prompts * s.promptAddsSeconds / (1 - none);
        const double squares = prompts * s.promptAddsSquared / gaps + std::pow(prompts * s.promptAddsSeconds, 2);
        const LogNormal adds(mean, std::max(0.0, squares / (1 - none) - mean * mean) + swing * swing);
        for (const auto& [z, weight] : kNormal) {
            addMass(mass, s.decodeSeconds + adds.at(z), (1 - none) * weight);
        }
    }
    double sum = 0;
    for (const double m : mass) {
        sum += m;
    }
    for (double& m : mass) {
        m = sum > 0 ? m / sum : 0;
    }
}

void FluidPlacement::endToEndLaw(const State& s, std::size_t work, const BucketMass& ttft, BucketMass& mass) const
{
    mass.assign(Sketch::kBuckets, 0);
    // Three equally likely times to first token.
    std::array<double, kParts.size()> first{};
    double sum = 0;
    std::size_t next = 0;
    for (std::size_t bucket = 0; bucket < ttft.size() && next < first.size(); ++bucket) {
        sum += ttft[bucket];
        while (next < first.size() && sum >= kParts[next]) {
            first[next++] = Sketch::valueOf(bucket);
        }
    }
    for (const double length : m_works[work].output.classes) {
        for (const double seconds : first) {
            addMass(mass, seconds + (length - 1) * s.iterationSeconds,
                    1.0 / (LengthLaw::kClasses * static_cast<double>(first.size())));
        }
    }
}

} // namespace isobar::engine
