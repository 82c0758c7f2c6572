// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/fleet/lookup.h"
#include "model/proto/fleet_text.h"
#include "model/store/history_rows.h"
#include "model/store/store_impl.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <map>
#include <tuple>
#include <unordered_map>

#include <fmt/format.h>

/// What was recorded, read back.
namespace isobar::store {

using aggregate::Interval;
using aggregate::Layout;
using aggregate::SimMicros;

namespace {

constexpr std::array<std::int64_t, kHistoryTiers> kTierSeconds{kSecondTier, kMinuteTier, kHourTier};

/// A copy of the error that says which store it is about.
Error in(const Store& store, Error error)
{
    error.file = store.path().string();
    if (error.code == ErrorCode::Corrupt && error.advice.empty()) {
        error.advice = "save what can be saved with: isobar-cli repair STORE --out NEW";
    }
    return error;
}

/// Names of the run's fleet as ids; one look-up a name however many rows have it.
template <class Id> class Names {
public:
    Names(const Fleet& fleet, Id (*find)(const Fleet&, std::string_view))
        : m_fleet(fleet)
        , m_find(find)
    {
    }
    /// Not valid when there is none.
    Id operator()(const std::string& name)
    {
        const auto [at, isNew] = m_known.try_emplace(name);
        if (isNew) {
            at->second = m_find(m_fleet, name);
        }
        return at->second;
    }

private:
    const Fleet& m_fleet;
    Id (*m_find)(const Fleet&, std::string_view);
    std::unordered_map<std::string, Id> m_known;
};

std::optional<aggregate::Use> useOf(const std::string& word)
{
    using aggregate::Use;
    return word == "serving"    ? std::optional(Use::Serving)
           : word == "training" ? std::optional(Use::Training)
           : word == "idle"     ? std::optional(Use::Idle)
           : word == "down"     ? std::optional(Use::Down)
                                : std::nullopt;
}

/// Everything the run's rows stand for. Rows are numbered without gaps; anything else is damage.
Result<Layout> readLayout(const SQLite::Database& db, std::int64_t run, const Fleet& fleet)
{
    const Error damaged{.code = ErrorCode::Corrupt, .message = "what the recorded history is about is damaged"};
    Names models(fleet, findModel);
    Names pools(fleet, findPool);
    Names workloads(fleet, findWorkload);
    Layout layout;
    layout.areas = fleet.areas.size();
    SQLite::Statement placements(db, "SELECT placement_row, model, pool FROM history_placements WHERE run_id = ? "
                                     "ORDER BY placement_row");
    placements.bind(1, run);
    while (placements.executeStep()) {
        Columns row(placements);
        const std::int64_t number = row.integer();
        const ModelId model = models(row.text());
        const PoolId pool = pools(row.text());
        if (number != static_cast<std::int64_t>(layout.placements.size()) || !model.valid() || !pool.valid()) {
            return damaged;
        }
        layout.placements.push_back({model, pool});
    }
    const auto isPlacement = [&](std::int64_t row) {
        return row >= 0 && row < static_cast<std::int64_t>(layout.placements.size());
    };
    SQLite::Statement demand(db, "SELECT demand_row, coalesce(placement_row, 4294967295), workload FROM "
                                 "history_demand_rows WHERE run_id = ? ORDER BY demand_row");
    demand.bind(1, run);
    while (demand.executeStep()) {
        Columns row(demand);
        const std::int64_t number = row.integer(), placement = row.integer();
        const WorkloadId workload = workloads(row.text());
        if (number != static_cast<std::int64_t>(layout.demand.size()) || !workload.valid() ||
            (placement != Layout::kUnrouted && !isPlacement(placement))) {
            return damaged;
        }
        layout.demand.push_back({static_cast<std::uint32_t>(placement), workload});
    }
    SQLite::Statement supply(db, "SELECT supply_row, coalesce(placement_row, 0), pool, purpose FROM "
                                 "history_supply_rows WHERE run_id = ? ORDER BY supply_row");
    supply.bind(1, run);
    while (supply.executeStep()) {
        Columns row(supply);
        const std::int64_t number = row.integer(), placement = row.integer();
        const PoolId pool = pools(row.text());
        const auto use = useOf(row.text());
        if (number != static_cast<std::int64_t>(layout.supply.size()) || !pool.valid() || !use ||
            (*use == aggregate::Use::Serving && !isPlacement(placement))) {
            return damaged;
        }
        layout.supply.push_back({pool, *use, static_cast<std::uint32_t>(placement)});
    }
    return layout;
}

/// The layout as it was when an interval had so many rows: a prefix of the last one.
class Prefixes {
public:
    explicit Prefixes(Layout last)
        : m_last(std::move(last))
    {
    }
    /// Null when the interval has rows that no layout ever had.
    std::shared_ptr<const Layout> of(const Interval& interval)
    {
        const std::size_t areas = m_last.areas;
        const std::size_t placements = areas > 0 ? interval.flows.size() / areas : m_last.placements.size();
        if (interval.demand.size() > m_last.demand.size() || interval.latencies.size() > interval.demand.size() ||
            interval.supply.size() > m_last.supply.size() || placements > m_last.placements.size() ||
            (areas > 0 && interval.flows.size() % areas != 0)) {
            return nullptr;
        }
        auto& known = m_known[{placements, interval.demand.size(), interval.supply.size()}];
        if (!known) {
            auto layout = std::make_shared<Layout>(m_last);
            layout->demand.resize(interval.demand.size());
            layout->supply.resize(interval.supply.size());
            // Rows of the prefix may only mean placements of the prefix.
            std::size_t needed = placements;
            for (const auto& row : layout->demand) {
                needed = std::max<std::size_t>(needed, row.placement == Layout::kUnrouted ? 0 : row.placement + 1u);
            }
            for (const auto& row : layout->supply) {
                needed = std::max<std::size_t>(needed, row.use == aggregate::Use::Serving ? row.placement + 1u : 0);
            }
            layout->placements.resize(needed);
            known = std::move(layout);
        }
        return known;
    }

private:
    Layout m_last;
    std::map<std::tuple<std::size_t, std::size_t, std::size_t>, std::shared_ptr<const Layout>> m_known;
};

Result<std::shared_ptr<const Fleet>> readFleet(const Store& store, std::int64_t run)
{
    SQLite::Statement statement(store.impl().db, "SELECT fleet FROM history_runs JOIN history_fleets USING(fleet_hash) "
                                                 "WHERE run_id = ?");
    statement.bind(1, run);
    if (!statement.executeStep()) {
        return Error{.code = ErrorCode::NotFound,
                     .message = fmt::format("there is no recorded run {} in this store", run),
                     .advice = "list the runs with: isobar-cli history STORE"};
    }
    const auto blob = statement.getColumn(0);
    ISOBAR_TRY_ASSIGN(const std::string bytes, unpackBytes({static_cast<const char*>(blob.getBlob()),
                                                            static_cast<std::size_t>(blob.getBytes())}));
    auto fleet = proto::parseFleetBinary(bytes, store.path().string());
    if (!fleet.ok()) {
        return Error{.code = ErrorCode::Corrupt, .message = "the fleet of a recorded run is damaged"};
    }
    return std::make_shared<const Fleet>(std::move(*fleet));
}

Result<RecordedHistory> read(const Store& store, std::int64_t run, SimMicros from, SimMicros to,
                             std::optional<HistoryTier> tier)
{
    const SQLite::Database& db = store.impl().db;
    RecordedHistory history;
    ISOBAR_TRY_ASSIGN(history.fleet, readFleet(store, run));
    ISOBAR_TRY_ASSIGN(Layout layout, readLayout(db, run, *history.fleet));
    Prefixes layouts(std::move(layout));
    std::vector<Interval> found;
    if (tier) {
        ISOBAR_TRY_ASSIGN(found, readTier(db, run, kTierSeconds[static_cast<std::size_t>(*tier)], from, to));
    } else {
        // The finest tier ends last; what is before its begin comes from the next one, and so on.
        SimMicros until = to;
        for (const std::int64_t seconds : kTierSeconds) {
            if (until <= from) {
                break;
            }
            ISOBAR_TRY_ASSIGN(std::vector<Interval> coarser, readTier(db, run, seconds, from, until));
            if (coarser.empty()) {
                continue;
            }
            // Where the finer tier begins in the middle of a coarser interval, that one counts: each moment once.
            std::erase_if(found, [end = coarser.back().end](const Interval& i) { return i.begin < end; });
            until = coarser.front().begin;
            std::move(found.begin(), found.end(), std::back_inserter(coarser));
            found = std::move(coarser);
        }
    }
    for (Interval& interval : found) {
        interval.layout = layouts.of(interval);
        if (!interval.layout) {
            return Error{.code = ErrorCode::Corrupt, .message = "a block of recorded history is damaged"};
        }
        history.intervals.push_back(std::make_shared<const Interval>(std::move(interval)));
    }
    return history;
}

} // namespace

Result<RecordedHistory> readHistory(const Store& store, std::int64_t run, SimMicros from, SimMicros to,
                                    std::optional<HistoryTier> tier)
{
    const Store::Impl& impl = store.impl();
    auto history = guarded(impl.db, impl.path, "read the recorded history", [&]() -> Result<RecordedHistory> {
        const ReadTransaction transaction(store.impl().db);
        return read(store, run, from, to, tier);
    });
    return history.ok() ? std::move(history) : Result<RecordedHistory>(in(store, history.error()));
}

Result<HistoryRun> newestBaseline(const std::vector<HistoryRun>& runs, std::int64_t except)
{
    const auto newest = std::find_if(runs.rbegin(), runs.rend(), [except](const HistoryRun& run) {
        return run.id != except && run.scenarioId == 0 && run.begin < run.end;
    });
    if (newest == runs.rend()) {
        return Error{ErrorCode::NotFound, "no other run of the baseline is recorded in this store",
                     "record one with: isobar-cli simulate STORE --history"};
    }
    return *newest;
}

Result<std::vector<HistoryRun>> historyRuns(const Store& store)
{
    using Runs = std::vector<HistoryRun>;
    Store::Impl& impl = store.impl();
    return guarded(impl.db, impl.path, "list the recorded runs", [&]() -> Result<Runs> {
        const ReadTransaction transaction(impl.db);
        SQLite::Statement list(impl.db, "SELECT run_id, scenario_id, seed, start_time_utc, recorded_at_utc, fleet_hash "
                                        "FROM history_runs ORDER BY run_id");
        SQLite::Statement blocks(impl.db, "SELECT min(begin_micros), max(end_micros), sum(length(block)) FROM "
                                          "history_blocks WHERE run_id = ? AND tier_seconds = ? HAVING count(*) > 0");
        SQLite::Statement hours(impl.db, R"sql(
            SELECT min(begin_micros), max(end_micros), sum(length(flows)) + coalesce((SELECT
              sum(length(ttft_sketch) + length(itl_sketch) + length(end_to_end_sketch)) FROM history_hour_demand
              WHERE run_id = ?1), 0) FROM history_hours WHERE run_id = ?1 HAVING count(*) > 0)sql");
        Runs runs;
        while (list.executeStep()) {
            Columns row(list);
            HistoryRun run;
            run.id = row.integer();
            run.scenarioId = row.integer();
            run.seed = std::bit_cast<std::uint64_t>(row.integer());
            run.startTimeUtc = row.text();
            run.recordedAtUtc = row.text();
            run.fleetHash = row.integer();
            bool any = false;
            for (std::size_t tier = 0; tier < kHistoryTiers; ++tier) {
                SQLite::Statement& statement = kTierSeconds[tier] == kHourTier ? hours : blocks;
                statement.reset();
                statement.bind(1, run.id);
                if (kTierSeconds[tier] != kHourTier) {
                    statement.bind(2, kTierSeconds[tier]);
                }
                if (statement.executeStep()) {
                    Columns extent(statement);
                    HistoryExtent& e = run.tiers[tier];
                    e.begin = extent.integer();
                    e.end = extent.integer();
                    e.bytes = extent.integer();
                    run.begin = any ? std::min(run.begin, e.begin) : e.begin;
                    run.end = any ? std::max(run.end, e.end) : e.end;
                    any = true;
                }
            }
            runs.push_back(std::move(run));
        }
        return runs;
    });
}

Result<HistoryPolicy> historyPolicy(const Store& store)
{
    return guarded(store.impl().db, store.path(), "read how much history is kept",
                   [&]() -> Result<HistoryPolicy> { return readPolicy(store.impl().db); });
}

Status setHistoryPolicy(Store& store, const HistoryPolicy& policy)
{
    if (policy.keepSecondsSeconds < 60 || policy.keepMinutesSeconds < 3600 || policy.keepHoursSeconds < 3600 ||
        policy.keepRuns < 1) {
        return Error{.code = ErrorCode::InvalidValue,
                     .message = "history must be kept for at least a minute of seconds, an hour of minutes, an hour of "
                                "hours and one run",
                     .file = store.path().string()};
    }
    Store::Impl& impl = store.impl();
    const std::string doing = "set how much history is kept";
    ISOBAR_TRY(refuseReadOnly(impl, doing));
    return guarded(impl.db, impl.path, doing, [&]() -> Status {
        WriteTransaction transaction(impl.db);
        SQLite::Statement set(impl.db, "INSERT OR REPLACE INTO settings(key, value) VALUES(?, ?)");
        run(set, "history.keep_seconds", std::to_string(policy.keepSecondsSeconds));
        run(set, "history.keep_minutes", std::to_string(policy.keepMinutesSeconds));
        run(set, "history.keep_hours", std::to_string(policy.keepHoursSeconds));
        run(set, "history.keep_runs", std::to_string(policy.keepRuns));
        prune(impl.db, policy);
        transaction.commit();
        return Done{};
    });
}

} // namespace isobar::store
