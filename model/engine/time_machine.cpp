// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/time_machine.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>
#include <cmath>
#include <fmt/format.h>
#include <type_traits>
#include <utility>

namespace isobar::engine {
namespace {

using Clock = std::chrono::steady_clock;
using aggregate::kMicrosPerSecond;

/// Where checkpoints may lie, and up to what age of a checkpoint that is fine enough: aggregate::History's tiers.
struct Spacing {
    SimMicros width, fineUntil;
    double worth; ///< of a checkpoint on such a time, when some must go: it will be of use for longer
};
constexpr std::array<Spacing, 4> kSpacings{{{10 * kMicrosPerSecond, 1'200 * kMicrosPerSecond, 1},
                                            {60 * kMicrosPerSecond, 21'600 * kMicrosPerSecond, 2},
                                            {600 * kMicrosPerSecond, 172'800 * kMicrosPerSecond, 4},
                                            {3'600 * kMicrosPerSecond, INT64_MAX, 8}}};
constexpr double kStepMemory = 0.95; ///< how much a smoothed step time keeps of its past

double secondsSince(Clock::time_point begin)
{
    return std::chrono::duration<double>(Clock::now() - begin).count();
}

double worthOf(SimMicros at)
{
    double worth = 1;
    for (const Spacing& spacing : kSpacings) {
        worth = at % spacing.width == 0 ? spacing.worth : worth;
    }
    return worth;
}

} // namespace

TimeMachine::TimeMachine(Engine engine, const TimeMachineOptions& options)
    : m_engine(std::move(engine))
    , m_options(options)
    , m_closedTo(std::max<SimMicros>(0, m_engine.now()))
{
    collect();
    if (now() >= 0) {
        takeCheckpoint();
    }
}

void TimeMachine::step()
{
    for (; m_done < m_log.size() && m_log[m_done].at <= now(); ++m_done) {
        redo(m_log[m_done]);
    }
    const auto begin = Clock::now();
    m_engine.step();
    const double perSecond = secondsSince(begin) * 1e6 / static_cast<double>(m_engine.options().windowMicros);
    m_stepSeconds = m_stepSeconds > 0 ? kStepMemory * m_stepSeconds + (1 - kStepMemory) * perSecond : perSecond;
    collect();
    if (isDue()) {
        takeCheckpoint();
    }
}

/// Takes over what the engine hands out, so that no checkpoint holds any of it.
void TimeMachine::collect()
{
    if (now() < 0) {
        return; // it drops by itself what happened while it settled
    }
    for (auto& interval : m_engine.takeIntervals()) {
        m_closedTo = interval->end;
        m_intervals.push_back(std::move(interval));
    }
    std::erase_if(m_lastWords, [this](const Event& event) { return event.at != now(); });
    for (Event& event : m_engine.takeEvents()) {
        if (event.at == now()) {
            m_lastWords.push_back(event);
        }
        m_events.push_back(std::move(event));
    }
}

Status TimeMachine::applyPlacements(std::shared_ptr<const Fleet> fleet)
{
    ISOBAR_TRY(m_engine.applyPlacements(fleet));
    remember({now(), std::move(fleet)});
    return Done{};
}

Result<std::uint32_t> TimeMachine::inject(const Fault& fault)
{
    ISOBAR_TRY_ASSIGN(const std::uint32_t number, m_engine.inject(fault));
    remember({now(), fault});
    return number;
}

void TimeMachine::mend(std::uint32_t fault)
{
    const auto active = m_engine.faults();
    if (std::any_of(active.begin(), active.end(), [&](const auto& one) { return one.first == fault; })) {
        m_engine.mend(fault);
        remember({now(), Mend{fault}});
    }
}

void TimeMachine::remember(Command command)
{
    m_log.erase(m_log.begin() + static_cast<std::ptrdiff_t>(m_done), m_log.end());
    m_log.push_back(std::move(command));
    m_done = m_log.size();
    m_latest = now();
    collect();
}

void TimeMachine::redo(const Command& command)
{
    std::visit(
        [this](const auto& what) {
            using What = std::decay_t<decltype(what)>;
            // Each was accepted in this very state before.
            if constexpr (std::is_same_v<What, Fault>) {
                [[maybe_unused]] const auto number = m_engine.inject(what);
                assert(number.ok());
            } else if constexpr (std::is_same_v<What, Mend>) {
                m_engine.mend(what.fault);
            } else {
                [[maybe_unused]] const Status applied = m_engine.applyPlacements(what);
                assert(applied.ok());
            }
        },
        command.what);
}

Result<SimMicros> TimeMachine::rewind(SimMicros to)
{
    if (to >= now()) {
        return now();
    }
    thinOut(); // time has passed since the last one
    const auto after = std::upper_bound(m_checkpoints.begin(), m_checkpoints.end(), to,
                                        [](SimMicros time, const Checkpoint& one) { return time < one.at; });
    if (after == m_checkpoints.begin()) {
        Error error{ErrorCode::NotFound, fmt::format("the clock cannot go back to {} s: no checkpoint is that old",
                                                     static_cast<double>(to) * 1e-6)};
        error.advice = m_checkpoints.empty() ? "one would take more memory than is set aside; start over instead"
                                             : "go to a later time, or start over";
        return error;
    }
    m_latest = latest();
    while (m_checkpoints.end() != after) {
        m_bytes -= m_checkpoints.back().bytes;
        m_checkpoints.pop_back();
    }
    const Checkpoint& from = m_checkpoints.back();
    m_engine = from.engine.clone();
    m_done = from.done;
    m_closedTo = from.at;
    std::erase_if(m_intervals, [&](const auto& interval) { return interval->begin >= from.at; });
    std::erase_if(m_events, [&](const Event& event) { return event.at >= from.at; });
    m_events.insert(m_events.end(), from.lastWords.begin(), from.lastWords.end());
    m_lastWords = from.lastWords;
    return from.at;
}

bool TimeMachine::isDue() const
{
    // Only between two intervals: what is handed out after going back then begins where something handed out ends.
    if (now() < 0 || m_closedTo != now()) {
        return false;
    }
    if (m_checkpoints.empty() && now() == 0) {
        return true;
    }
    const Spacing* spacing = kSpacings.data();
    const auto isDear = [this](const Spacing& s) {
        return m_lastSeconds > m_options.mostCostRatio * m_stepSeconds * static_cast<double>(s.width) * 1e-6;
    };
    while (spacing != &kSpacings.back() && isDear(*spacing)) {
        ++spacing;
    }
    return now() % spacing->width == 0;
}

void TimeMachine::takeCheckpoint()
{
    if (m_engine.memoryBytes() > m_options.memoryBytes) {
        return;
    }
    const auto begin = Clock::now();
    m_checkpoints.push_back({now(), m_engine.clone(), m_done, m_lastWords, 0});
    // Of the clone: it has no room to grow.
    m_checkpoints.back().bytes = m_checkpoints.back().engine.memoryBytes();
    m_bytes += m_checkpoints.back().bytes;
    thinOut();
    m_lastSeconds = secondsSince(begin);
    m_cloneSeconds += m_lastSeconds;
    m_longestSeconds = std::max(m_longestSeconds, m_lastSeconds);
}

void TimeMachine::thinOut()
{
    const auto drop = [this](std::size_t index) {
        m_bytes -= m_checkpoints[index].bytes;
        m_checkpoints.erase(m_checkpoints.begin() + static_cast<std::ptrdiff_t>(index));
    };
    // The first one stays: before it there is nothing.
    for (std::size_t i = m_checkpoints.size(); i-- > 1;) {
        const SimMicros at = m_checkpoints[i].at, age = now() - at;
        const auto* spacing = kSpacings.data();
        while (age > spacing->fineUntil) {
            ++spacing;
        }
        if (at % spacing->width != 0) {
            drop(i);
        }
    }
    while (m_checkpoints.size() > 1 &&
           (m_checkpoints.size() > m_options.mostCheckpoints || m_bytes > m_options.memoryBytes)) {
        // The one whose going makes the least gap for its age; not the newest while there are others.
        std::size_t least = 1;
        double leastScore = INFINITY;
        for (std::size_t i = 1; i + 1 < m_checkpoints.size(); ++i) {
            const SimMicros at = m_checkpoints[i].at;
            const double gap = static_cast<double>(m_checkpoints[i + 1].at - m_checkpoints[i - 1].at);
            const double score = gap * worthOf(at) / static_cast<double>(now() - at + kSpacings.front().width);
            if (score < leastScore) {
                least = i;
                leastScore = score;
            }
        }
        drop(least);
    }
}

SimMicros TimeMachine::earliest() const
{
    return m_checkpoints.empty() ? now() : m_checkpoints.front().at;
}

std::vector<std::shared_ptr<const aggregate::Interval>> TimeMachine::takeIntervals()
{
    return std::exchange(m_intervals, {});
}

std::vector<Event> TimeMachine::takeEvents()
{
    return std::exchange(m_events, {});
}

TimeMachine::Cost TimeMachine::cost() const
{
    return {m_checkpoints.size(), m_bytes, m_cloneSeconds, m_longestSeconds};
}

std::vector<SimMicros> TimeMachine::checkpointTimes() const
{
    std::vector<SimMicros> times;
    for (const Checkpoint& one : m_checkpoints) {
        times.push_back(one.at);
    }
    return times;
}

} // namespace isobar::engine
