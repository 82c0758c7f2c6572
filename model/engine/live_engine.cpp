// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/live_engine.h"

#include "model/engine/fluid_engine.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <variant>

namespace isobar::engine {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::duration;

constexpr auto kSnapshotPeriod = std::chrono::milliseconds(34); // below 30 a second
constexpr auto kSpeedSpan = std::chrono::seconds(1);
constexpr double kSlowest = 0.1, kFastest = 10'000;
/// A clock that is further behind than this has not kept up: it goes on from where it is instead of catching up.
constexpr double kMostLagSeconds = 0.25;
/// The last piece of a fast-forward, in which the fleet runs request by request beside the fluid; where that may begin.
constexpr SimMicros kSettleMicros = 10 * aggregate::kMicrosPerSecond;
constexpr SimMicros kBoundaryMicros = 10 * aggregate::kMicrosPerSecond;

struct Play {};
struct Pause {};
struct SetSpeed {
    double speed;
};
struct StepBy {
    SimMicros duration;
};
struct Seek {
    SimMicros to;
};
struct Restart {
    Engine engine;
};
struct Apply {
    std::shared_ptr<const Fleet> fleet;
};
struct Inject {
    Fault fault;
};
struct Mend {
    std::uint32_t number;
};
struct AskDevices {
    PoolId pool;
};
struct GoAhead {
    SimMicros duration;
};
struct CancelAhead {};
using Command =
    std::variant<Play, Pause, SetSpeed, StepBy, Seek, Restart, Apply, Inject, Mend, AskDevices, GoAhead, CancelAhead>;

/// Those that need not wait for a seek to arrive.
bool isUrgent(const Command& command)
{
    return std::holds_alternative<Pause>(command) || std::holds_alternative<SetSpeed>(command) ||
           std::holds_alternative<Restart>(command) || std::holds_alternative<AskDevices>(command) ||
           std::holds_alternative<CancelAhead>(command);
}

} // namespace

struct LiveEngine::Impl {
    Impl(Engine first, const TimeMachineOptions& options)
        : checkpoints(options)
        , engine(std::move(first), options)
    {
        feeds.push_back(emptyFeed(generation));
        publish(Clock::now());
        thread = std::jthread([this](const std::stop_token& stop) { run(stop); });
    }

    void send(Command command)
    {
        {
            const std::lock_guard lock(mutex);
            commands.push_back(std::move(command));
        }
        wake.notify_one();
    }

    // --- on the engine's thread --------------------------------------------------------------------------------------

    void run(const std::stop_token& stop)
    {
        while (!stop.stop_requested()) {
            obey();
            const auto now = Clock::now();
            if (unpublished && now >= nextSnapshot) {
                publish(now);
            }
            if (ahead) {
                stepAhead();
                continue;
            }
            if (aheadFor && !settling()) {
                approachAhead();
                continue;
            }
            if (runsFreely || settling() || (!paused && now >= nextStep())) {
                step();
                continue;
            }
            // Nothing to do until the next window is due, a snapshot is owed, or someone says something.
            std::unique_lock lock(mutex);
            const auto something = [this] { return !commands.empty(); };
            if (paused && !unpublished) {
                wake.wait(lock, stop, something);
            } else {
                auto until = paused ? nextSnapshot : nextStep();
                if (unpublished) {
                    until = std::min(until, nextSnapshot);
                }
                wake.wait_until(lock, stop, until, something);
            }
        }
    }

    void obey()
    {
        std::deque<Command> todo;
        {
            const std::lock_guard lock(mutex);
            todo.swap(commands);
        }
        if (!isBusy() && !afterSeek.empty()) {
            std::move(todo.begin(), todo.end(), std::back_inserter(afterSeek));
            todo = std::exchange(afterSeek, {});
        }
        for (Command& command : todo) {
            // What waits for the seek keeps its order; only while nothing does, another seek replaces it.
            const bool replaces = seekingTo && std::holds_alternative<Seek>(command) && afterSeek.empty();
            if (isBusy() && !isUrgent(command) && !replaces) {
                afterSeek.push_back(std::move(command));
                continue;
            }
            std::visit([this](auto& c) { carryOut(c); }, command);
            collect();
            unpublished = unpublished || !std::holds_alternative<AskDevices>(command);
        }
        if (devicesOf.valid()) {
            answerDevices();
        }
    }

    void carryOut(Play&)
    {
        paused = runsFreely = false;
        setAnchor();
    }
    void carryOut(Pause&)
    {
        CancelAhead cancel;
        carryOut(cancel);
        halt();
    }
    void carryOut(SetSpeed& c)
    {
        speed = std::clamp(c.speed, kSlowest, kFastest);
        setAnchor();
    }
    void carryOut(StepBy& c)
    {
        // Two steps asked for at once add up.
        stepUntil =
            (runsFreely ? stepUntil : std::max<SimMicros>(0, engine.now())) + std::max<SimMicros>(0, c.duration);
        runsFreely = stepUntil > engine.now();
        paused = !runsFreely;
        samples.clear();
    }
    void carryOut(Seek& c)
    {
        halt();
        const SimMicros to = std::max<SimMicros>(0, c.to);
        if (to < engine.now()) {
            const auto from = engine.rewind(std::max(to, engine.earliest()));
            if (!from.ok()) {
                report(from.error());
                return;
            }
            const std::lock_guard lock(mutex);
            Feed& feed = feeds.back();
            std::erase_if(feed.intervals, [&](const auto& interval) { return interval->begin >= *from; });
            std::erase_if(feed.events, [&](const Event& event) { return event.at >= *from; });
            feed.rewoundTo = std::min(feed.rewoundTo.value_or(*from), *from);
        }
        if (engine.now() < to) {
            seekingTo = stepUntil = to;
            runsFreely = true;
            paused = false;
        }
    }
    void carryOut(Restart& c)
    {
        engine = TimeMachine(std::move(c.engine), checkpoints);
        ahead.reset();
        aheadFor.reset();
        paused = paused || runsFreely;
        runsFreely = false;
        seekingTo.reset();
        afterSeek.clear(); // they were meant for the run that is gone
        samples.clear();
        setAnchor();
        const std::lock_guard lock(mutex);
        ++generation;
        feeds.push_back(emptyFeed(generation));
        latestDevices.reset();
        devicesOf = {};
    }
    void carryOut(Apply& c)
    {
        if (const Status applied = engine.applyPlacements(std::move(c.fleet)); !applied.ok()) {
            report(applied.error());
        }
    }
    void carryOut(Inject& c)
    {
        if (const auto number = engine.inject(c.fault); !number.ok()) {
            report(number.error());
        }
    }
    void carryOut(Mend& c) { engine.mend(c.number); }
    void carryOut(AskDevices& c) { devicesOf = c.pool; }
    void carryOut(GoAhead& c)
    {
        if (c.duration > 0) {
            if (runsFreely) {
                halt(); // a step under way ends here
            }
            aheadFor = c.duration;
        }
    }
    void carryOut(CancelAhead&)
    {
        aheadFor.reset();
        if (ahead && !ahead->settled) {
            ahead->to = std::min(ahead->to, ahead->fluid.now() + kSettleMicros);
        }
    }

    /// Commands wait until it has arrived.
    [[nodiscard]] bool isBusy() const { return seekingTo || ahead || aheadFor; }

    /// Request by request to where History's tiers have a boundary, then the fluid takes over.
    void approachAhead()
    {
        if (engine.now() % kBoundaryMicros >= engine.engine().options().windowMicros) {
            engine.step();
            collect();
            unpublished = true;
            return;
        }
        const SimMicros duration = *std::exchange(aheadFor, {});
        auto fluid = FluidEngine::takeOver(engine.engine());
        if (!fluid.ok()) {
            report(fluid.error());
            return;
        }
        const SimMicros to = engine.now() + std::max(duration, kSettleMicros);
        ahead.emplace(Ahead{std::move(*fluid), {}, engine.now(), to});
        unpublished = true;
    }

    void stepAhead()
    {
        const SimMicros settleFrom = std::max(ahead->from, ahead->to - kSettleMicros);
        if (!ahead->settled && ahead->fluid.now() < settleFrom) {
            ahead->fluid.step(settleFrom);
        } else if (!ahead->settled) {
            ahead->settled.emplace(ahead->fluid.perRequest());
            while (ahead->fluid.now() < ahead->to) {
                ahead->fluid.step(ahead->to);
            }
        } else if (ahead->settled->now() < ahead->to) {
            ahead->settled->step();
            static_cast<void>(ahead->settled->takeIntervals()); // they are not to be counted
            static_cast<void>(ahead->settled->takeEvents());
        }
        hand(ahead->fluid.takeIntervals(), ahead->fluid.takeEvents(), true);
        unpublished = true;
        if (ahead->settled && ahead->settled->now() >= ahead->to) {
            ahead->fluid.handOver(*ahead->settled);
            engine = TimeMachine(std::move(*ahead->settled), checkpoints);
            ahead.reset();
            samples.clear();
            setAnchor();
        }
    }

    /// Once for all that asked since the last window.
    void answerDevices()
    {
        const PoolId pool = std::exchange(devicesOf, {});
        if (pool.index() >= engine.engine().fleet()->pools.size()) {
            return;
        }
        auto made = std::make_shared<const Devices>(Devices{generation, engine.engine().devices(pool)});
        const std::lock_guard lock(mutex);
        latestDevices = std::move(made);
    }

    void halt()
    {
        paused = true;
        runsFreely = false;
        seekingTo.reset();
        samples.clear();
    }

    void report(const Error& error)
    {
        const std::lock_guard lock(mutex);
        feeds.back().errors.push_back(error);
    }

    static Feed emptyFeed(std::uint64_t generation) { return {generation, {}, {}, {}, {}, {}}; }

    /// Before the clock's zero there is nothing to pace or to pause.
    [[nodiscard]] bool settling() const { return engine.now() < 0; }

    /// From here on the clock is paced, and what it falls behind counts.
    void setAnchor()
    {
        catchUp();
        speedReal = anchorReal;
        speedSim = anchorSim;
    }

    /// From here on the clock is paced: it does not run after what it is behind.
    void catchUp()
    {
        anchorReal = Clock::now();
        anchorSim = engine.now();
    }

    /// When the next window is over on the paced clock.
    [[nodiscard]] Clock::time_point nextStep() const
    {
        const double simulated =
            static_cast<double>(engine.now() + engine.engine().options().windowMicros - anchorSim) * 1e-6;
        return anchorReal + std::chrono::duration_cast<Clock::duration>(duration<double>(simulated / speed));
    }

    void step()
    {
        engine.step();
        collect();
        unpublished = true;
        if (engine.now() <= 0) {
            samples.clear();
            setAnchor();
        } else if (runsFreely) {
            if (engine.now() >= stepUntil) {
                halt();
            }
        } else if (duration<double>(Clock::now() - nextStep()).count() > kMostLagSeconds) {
            catchUp();
        }
    }

    void collect() { hand(engine.takeIntervals(), engine.takeEvents(), false); }

    void hand(std::vector<std::shared_ptr<const aggregate::Interval>> intervals, std::vector<Event> events, bool fluid)
    {
        if (intervals.empty() && events.empty()) {
            return;
        }
        const std::lock_guard lock(mutex);
        Feed& feed = feeds.back();
        if (fluid && !intervals.empty()) {
            feed.fluid.emplace_back(intervals.front()->begin, intervals.back()->end);
        }
        std::move(intervals.begin(), intervals.end(), std::back_inserter(feed.intervals));
        std::move(events.begin(), events.end(), std::back_inserter(feed.events));
    }

    void publish(Clock::time_point now)
    {
        const SimMicros at = ahead ? ahead->fluid.now() : engine.now();
        if (!paused || ahead) {
            samples.emplace_back(now, at);
        }
        while (samples.size() > 2 && now - samples[1].first >= kSpeedSpan) {
            samples.pop_front();
        }
        auto snapshot = std::make_shared<Snapshot>();
        snapshot->generation = generation;
        snapshot->now = at;
        snapshot->seed = engine.engine().options().seed;
        snapshot->paused = paused;
        snapshot->requestedSpeed = speed;
        if (samples.size() > 1) {
            snapshot->achievedSpeed = static_cast<double>(samples.back().second - samples.front().second) * 1e-6 /
                                      duration<double>(samples.back().first - samples.front().first).count();
        }
        if (!paused && !runsFreely && !settling() && !isBusy()) {
            const double due = duration<double>(now - speedReal).count() * speed;
            snapshot->behindSeconds = std::max(0.0, due - static_cast<double>(engine.now() - speedSim) * 1e-6);
        }
        snapshot->seekingTo = seekingTo;
        snapshot->seekableFrom = std::max<SimMicros>(0, engine.earliest());
        snapshot->seekableTo = engine.latest();
        snapshot->checkpointBytes = engine.cost().bytes;
        const Engine& run = engine.engine();
        snapshot->totals = ahead ? ahead->fluid.totals() : run.totals();
        snapshot->fleet = run.fleet();
        snapshot->layout = ahead ? ahead->fluid.layout() : run.layout();
        snapshot->placements = ahead ? ahead->fluid.placementStates() : run.placementStates();
        if (ahead) {
            snapshot->fastForward = {ahead->from, ahead->to, ahead->settled.has_value()};
        }
        snapshot->faults = run.faults();
        snapshot->training = run.trainingStates();
        unpublished = false;
        nextSnapshot = now + kSnapshotPeriod;
        const std::lock_guard lock(mutex);
        latest = std::move(snapshot);
    }

    // Owned by the thread; `generation` is written under the mutex only for clarity of the feed.
    const TimeMachineOptions checkpoints;
    TimeMachine engine;
    std::uint64_t generation = 1;
    bool paused = true;
    bool runsFreely = false; ///< stepBy: no pacing
    SimMicros stepUntil = 0;
    std::optional<SimMicros> seekingTo; ///< runsFreely to there, and commands wait
    std::deque<Command> afterSeek;
    double speed = 1;
    Clock::time_point anchorReal = Clock::now();
    SimMicros anchorSim = 0;
    Clock::time_point speedReal = anchorReal; ///< since when it should keep to its speed
    SimMicros speedSim = 0;
    bool unpublished = false;
    PoolId devicesOf; ///< asked for and not answered yet
    struct Ahead {
        FluidEngine fluid;
        std::optional<Engine> settled; ///< what goes on from `to`, being settled
        SimMicros from, to;
    };
    std::optional<Ahead> ahead;
    std::optional<SimMicros> aheadFor; ///< asked for and not begun
    Clock::time_point nextSnapshot{};
    std::deque<std::pair<Clock::time_point, SimMicros>> samples;

    // Shared.
    std::mutex mutex;
    std::condition_variable_any wake;
    std::deque<Command> commands;
    std::deque<Feed> feeds; ///< one a generation, the last is the current one; never empty
    std::shared_ptr<const Snapshot> latest;
    std::shared_ptr<const Devices> latestDevices;

    std::jthread thread; ///< last: it stops before anything it uses goes
};

LiveEngine::LiveEngine(Engine engine, const TimeMachineOptions& checkpoints)
    : m_impl(std::make_unique<Impl>(std::move(engine), checkpoints))
{
}
LiveEngine::~LiveEngine() = default;

void LiveEngine::play()
{
    m_impl->send(Play{});
}

void LiveEngine::pause()
{
    m_impl->send(Pause{});
}

void LiveEngine::setSpeed(double simulatedSecondsPerSecond)
{
    m_impl->send(SetSpeed{simulatedSecondsPerSecond});
}

void LiveEngine::stepBy(SimMicros duration)
{
    m_impl->send(StepBy{duration});
}

void LiveEngine::restart(Engine engine)
{
    m_impl->send(Restart{std::move(engine)});
}

void LiveEngine::applyPlacements(std::shared_ptr<const Fleet> fleet)
{
    m_impl->send(Apply{std::move(fleet)});
}

void LiveEngine::seek(SimMicros to)
{
    m_impl->send(Seek{to});
}

void LiveEngine::injectFault(const Fault& fault)
{
    m_impl->send(Inject{fault});
}

void LiveEngine::mendFault(std::uint32_t number)
{
    m_impl->send(Mend{number});
}

void LiveEngine::askDevices(PoolId pool)
{
    m_impl->send(AskDevices{pool});
}

void LiveEngine::fastForward(SimMicros duration)
{
    m_impl->send(GoAhead{duration});
}

void LiveEngine::cancelFastForward()
{
    m_impl->send(CancelAhead{});
}

std::shared_ptr<const LiveEngine::Devices> LiveEngine::devices() const
{
    const std::lock_guard lock(m_impl->mutex);
    return m_impl->latestDevices;
}

std::shared_ptr<const Snapshot> LiveEngine::latest() const
{
    const std::lock_guard lock(m_impl->mutex);
    return m_impl->latest;
}

LiveEngine::Feed LiveEngine::take()
{
    const std::lock_guard lock(m_impl->mutex);
    std::deque<Feed>& feeds = m_impl->feeds;
    // What an engine before a restart left behind comes first, one generation a call.
    Feed feed = std::move(feeds.front());
    if (feeds.size() > 1) {
        feeds.pop_front();
    } else {
        feeds.front() = Impl::emptyFeed(feed.generation);
    }
    return feed;
}

} // namespace isobar::engine
