// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/store/history_rows.h"

#include "model/proto/fleet_text.h"
#include "model/store/field_hash.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdio>

namespace isobar::store {

using aggregate::Interval;
using aggregate::Layout;
using aggregate::SimMicros;

namespace {

/// Sums so far are summed again when they are this many: an hour at hand stays small.
constexpr std::size_t kMostPending = 64;

const char* purposeWord(aggregate::Use use)
{
    switch (use) {
    case aggregate::Use::Serving:
        return "serving";
    case aggregate::Use::Training:
        return "training";
    case aggregate::Use::Idle:
        return "idle";
    case aggregate::Use::Down:
        break;
    }
    return "down";
}

SimMicros floorTo(SimMicros value, SimMicros width)
{
    const SimMicros rest = value % width;
    return value - rest - (rest < 0 ? width : 0);
}

std::string_view blobOf(const SQLite::Column& column)
{
    return {static_cast<const char*>(column.getBlob()), static_cast<std::size_t>(column.getBytes())};
}

Error damaged()
{
    return {.code = ErrorCode::Corrupt, .message = "a row of recorded history is damaged"};
}

} // namespace

std::int64_t unixSeconds(const std::string& timeUtc)
{
    int year = 0;
    unsigned month = 0, day = 0, hour = 0, minute = 0, second = 0;
    if (std::sscanf(timeUtc.c_str(), "%4d-%2u-%2uT%2u:%2u:%2uZ", &year, &month, &day, &hour, &minute, &second) != 6) {
        return 0;
    }
    const std::chrono::sys_days date = std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day);
    return std::chrono::sys_seconds(date).time_since_epoch().count() + hour * 3600 + minute * 60 + second;
}

// --- sums ------------------------------------------------------------------------------------------------------------

SimMicros Summing::bucketEnd(SimMicros at) const
{
    return floorTo(at + m_startMicros, m_width) + m_width - m_startMicros;
}

void Summing::add(std::shared_ptr<const Interval> interval, Intervals& done)
{
    if (!m_pending.empty() && interval->begin >= bucketEnd(m_pending.front()->begin)) {
        close(done); // time is missing between the two
    }
    const SimMicros end = interval->end;
    m_pending.push_back(std::move(interval));
    if (end >= bucketEnd(m_pending.front()->begin)) {
        close(done);
    } else if (m_pending.size() >= kMostPending) {
        m_pending = {sumToOne(m_pending)};
    }
}

void Summing::close(Intervals& done)
{
    if (!m_pending.empty()) {
        done.push_back(sumToOne(m_pending));
        m_pending.clear();
    }
}

std::shared_ptr<const Interval> sumToOne(const Intervals& intervals)
{
    return intervals.size() == 1 ? intervals.front() : std::make_shared<const Interval>(aggregate::sumOf(intervals));
}

// --- writing ---------------------------------------------------------------------------------------------------------

std::int64_t insertRun(SQLite::Database& db, const HistoryWriter::Run& run)
{
    const Fleet& fleet = *run.fleet;
    const std::string document = packBytes(proto::writeFleetBinary(fleet));
    const std::int64_t hash = (FieldHash() << proto::writeFleetText(fleet)).finish();
    SQLite::Statement insertFleet(db, "INSERT OR IGNORE INTO history_fleets(fleet_hash, fleet) VALUES(?, ?)");
    insertFleet.bind(1, hash);
    insertFleet.bindNoCopy(2, document.data(), static_cast<int>(document.size()));
    insertFleet.exec();
    SQLite::Statement insert(db, insertSql("history_runs", "scenario_id, seed, start_time_utc, start_unix_seconds, "
                                                           "fleet_hash, areas, recorded_at_utc"));
    store::run(insert, run.scenarioId, std::bit_cast<std::int64_t>(run.seed), fleet.startTimeUtc,
               unixSeconds(fleet.startTimeUtc), hash, fleet.areas.size(), nowUtc());
    return db.getLastInsertRowid();
}

void insertLayout(SQLite::Database& db, std::int64_t run, const Fleet& fleet, const Layout& layout, LayoutRows& known)
{
    const auto ground = [&](PoolId id) {
        const Pool& pool = fleet[id];
        return std::tuple(fleet[fleet[pool.region].provider].key, regionKey(fleet, pool.region), pool.key,
                          fleet[pool.accelerator].name);
    };
    const auto placementOf = [](std::uint32_t row) {
        return row == Layout::kUnrouted ? std::nullopt : std::optional<std::int64_t>(row);
    };
    SQLite::Statement placement(db, insertSql("history_placements", "run_id, placement_row, provider, region_key, "
                                                                    "pool, accelerator, model"));
    for (; known.placements < layout.placements.size(); ++known.placements) {
        const Layout::PlacementRow& row = layout.placements[known.placements];
        const auto [provider, region, pool, accelerator] = ground(row.pool);
        store::run(placement, run, known.placements, provider, region, pool, accelerator, fleet[row.model].name);
    }
    SQLite::Statement demand(
        db, insertSql("history_demand_rows", "run_id, demand_row, placement_row, workload, model, tier"));
    for (; known.demand < layout.demand.size(); ++known.demand) {
        const Layout::DemandRow& row = layout.demand[known.demand];
        const Workload& workload = fleet[row.workload];
        store::run(demand, run, known.demand, placementOf(row.placement), workload.name, fleet[workload.model].name,
                   fleet[workload.tier].name);
    }
    SQLite::Statement supply(db, insertSql("history_supply_rows", "run_id, supply_row, placement_row, purpose, "
                                                                  "provider, region_key, pool, accelerator, model"));
    for (; known.supply < layout.supply.size(); ++known.supply) {
        const Layout::SupplyRow& row = layout.supply[known.supply];
        const auto [provider, region, pool, accelerator] = ground(row.pool);
        const bool serving = row.use == aggregate::Use::Serving;
        const auto model = serving ? std::optional(fleet[layout.placements[row.placement].model].name) : std::nullopt;
        store::run(supply, run, known.supply, serving ? placementOf(row.placement) : std::nullopt, purposeWord(row.use),
                   provider, region, pool, accelerator, model);
    }
}

void putBlock(SQLite::Database& db, std::int64_t run, std::int64_t tier,
              std::span<const std::shared_ptr<const Interval>> intervals)
{
    const std::string block = packIntervals(intervals);
    // Another program may have caught up with this run while it was still being recorded.
    SQLite::Statement clear(db,
                            "DELETE FROM history_blocks WHERE run_id = ? AND tier_seconds = ? AND begin_micros >= ? "
                            "AND begin_micros < ?");
    store::run(clear, run, tier, intervals.front()->begin, intervals.back()->end);
    SQLite::Statement insert(
        db, insertSql("history_blocks", "run_id, tier_seconds, begin_micros, end_micros, intervals, block"));
    insert.bind(1, run);
    insert.bind(2, tier);
    insert.bind(3, intervals.front()->begin);
    insert.bind(4, intervals.back()->end);
    insert.bind(5, static_cast<std::int64_t>(intervals.size()));
    insert.bindNoCopy(6, block.data(), static_cast<int>(block.size()));
    insert.exec();
}

void putMinutes(SQLite::Database& db, std::int64_t run, std::span<const std::shared_ptr<const Interval>> minutes,
                const Summing& blocks)
{
    while (!minutes.empty()) {
        const SimMicros end = blocks.bucketEnd(minutes.front()->begin);
        const auto next =
            std::find_if(minutes.begin(), minutes.end(), [end](const auto& i) { return i->begin >= end; });
        const auto count = static_cast<std::size_t>(next - minutes.begin());
        putBlock(db, run, kMinuteTier, minutes.first(count));
        minutes = minutes.subspan(count);
    }
}

void putHour(SQLite::Database& db, std::int64_t run, const Interval& hour)
{
    SQLite::Statement clear(db, "DELETE FROM history_hours WHERE run_id = ? AND begin_micros = ?");
    store::run(clear, run, hour.begin);
    SQLite::Statement head(db, "INSERT INTO history_hours(run_id, begin_micros, end_micros, demand_rows, supply_rows, "
                               "flows) VALUES(?, ?, ?, ?, ?, ?)");
    const std::string flows = packFlows(hour.flows);
    head.bind(1, run);
    head.bind(2, hour.begin);
    head.bind(3, hour.end);
    head.bind(4, static_cast<std::int64_t>(hour.demand.size()));
    head.bind(5, static_cast<std::int64_t>(hour.supply.size()));
    head.bindNoCopy(6, flows.data(), static_cast<int>(flows.size()));
    head.exec();

    SQLite::Statement demand(db, insertSql("history_hour_demand",
                                           "run_id, begin_micros, demand_row, requests, completed, rejected, lost, "
                                           "retried, slo_met, tokens_in, tokens_out, egress_micro_usd, ttft_sketch, "
                                           "itl_sketch, end_to_end_sketch"));
    const std::array<aggregate::SparseSketch, aggregate::kLatencies> none;
    for (std::size_t row = 0; row < hour.demand.size(); ++row) {
        const aggregate::DemandTotals& d = hour.demand[row];
        const auto& sketches = row < hour.latencies.size() ? hour.latencies[row] : none;
        if (d == aggregate::DemandTotals{} && sketches == none) {
            continue;
        }
        demand.reset();
        int index = 0;
        for (const std::int64_t value :
             {run, hour.begin, static_cast<std::int64_t>(row), d.requests, d.completed, d.rejected, d.lost, d.retried,
              d.sloMet, d.tokensIn, d.tokensOut, d.egressMicroUsd}) {
            demand.bind(++index, value);
        }
        for (const aggregate::SparseSketch& sketch : sketches) {
            const std::string packed = packSketch(sketch);
            demand.bind(++index, static_cast<const void*>(packed.data()), static_cast<int>(packed.size()));
        }
        demand.exec();
    }
    SQLite::Statement supply(db, insertSql("history_hour_supply",
                                           "run_id, begin_micros, supply_row, chip_micros, work_micros, "
                                           "reserved_micro_usd, committed_micro_usd, on_demand_micro_usd, "
                                           "spot_micro_usd, energy_millijoules, carbon_micrograms"));
    for (std::size_t row = 0; row < hour.supply.size(); ++row) {
        const aggregate::SupplyTotals& s = hour.supply[row];
        if (s == aggregate::SupplyTotals{}) {
            continue;
        }
        const auto cost = [&s](PricingModel model) { return s.costMicroUsd[static_cast<std::size_t>(model)]; };
        store::run(supply, run, hour.begin, row, s.chipMicros, s.workMicros, cost(PricingModel::Reserved),
                   cost(PricingModel::Committed), cost(PricingModel::OnDemand), cost(PricingModel::Spot),
                   s.energyMillijoules, s.carbonMicrograms);
    }
}

// --- reading ---------------------------------------------------------------------------------------------------------

namespace {

Result<std::vector<Interval>> readHours(const SQLite::Database& db, std::int64_t run, SimMicros from, SimMicros to)
{
    constexpr std::int64_t kMostRows = 1 << 22;
    std::vector<Interval> hours;
    SQLite::Statement head(db, "SELECT begin_micros, end_micros, demand_rows, supply_rows, flows FROM history_hours "
                               "WHERE run_id = ? AND end_micros > ? AND begin_micros < ? ORDER BY begin_micros");
    head.bind(1, run);
    head.bind(2, from);
    head.bind(3, to);
    SQLite::Statement demand(db, "SELECT demand_row, requests, completed, rejected, lost, retried, slo_met, "
                                 "tokens_in, tokens_out, egress_micro_usd, ttft_sketch, itl_sketch, "
                                 "end_to_end_sketch FROM history_hour_demand WHERE run_id = ? AND begin_micros = ?");
    SQLite::Statement supply(db, "SELECT supply_row, chip_micros, work_micros, reserved_micro_usd, "
                                 "committed_micro_usd, on_demand_micro_usd, spot_micro_usd, energy_millijoules, "
                                 "carbon_micrograms FROM history_hour_supply WHERE run_id = ? AND begin_micros = ?");
    while (head.executeStep()) {
        Interval hour;
        hour.begin = head.getColumn(0).getInt64();
        hour.end = head.getColumn(1).getInt64();
        const std::int64_t demandRows = head.getColumn(2).getInt64(), supplyRows = head.getColumn(3).getInt64();
        if (demandRows < 0 || demandRows > kMostRows || supplyRows < 0 || supplyRows > kMostRows ||
            !unpackFlows(blobOf(head.getColumn(4)), hour.flows)) {
            return damaged();
        }
        hour.demand.resize(static_cast<std::size_t>(demandRows));
        hour.latencies.resize(hour.demand.size());
        hour.supply.resize(static_cast<std::size_t>(supplyRows));
        for (SQLite::Statement* rows : {&demand, &supply}) {
            rows->reset();
            rows->bind(1, run);
            rows->bind(2, hour.begin);
        }
        while (demand.executeStep()) {
            Columns row(demand);
            const std::int64_t at = row.integer();
            if (at < 0 || at >= demandRows) {
                return damaged();
            }
            aggregate::DemandTotals& d = hour.demand[static_cast<std::size_t>(at)];
            for (std::int64_t* value : {&d.requests, &d.completed, &d.rejected, &d.lost, &d.retried, &d.sloMet,
                                        &d.tokensIn, &d.tokensOut, &d.egressMicroUsd}) {
                *value = row.integer();
            }
            for (std::size_t kind = 0; kind < aggregate::kLatencies; ++kind) {
                aggregate::Sketch sketch;
                if (!addPackedSketch(blobOf(demand.getColumn(static_cast<int>(10 + kind))), sketch)) {
                    return damaged();
                }
                if (sketch.count() > 0) {
                    hour.latencies[static_cast<std::size_t>(at)][kind] = aggregate::SparseSketch::of(sketch);
                }
            }
        }
        while (supply.executeStep()) {
            Columns row(supply);
            const std::int64_t at = row.integer();
            if (at < 0 || at >= supplyRows) {
                return damaged();
            }
            aggregate::SupplyTotals& s = hour.supply[static_cast<std::size_t>(at)];
            const auto cost = [&s](PricingModel model) { return &s.costMicroUsd[static_cast<std::size_t>(model)]; };
            for (std::int64_t* value :
                 {&s.chipMicros, &s.workMicros, cost(PricingModel::Reserved), cost(PricingModel::Committed),
                  cost(PricingModel::OnDemand), cost(PricingModel::Spot), &s.energyMillijoules, &s.carbonMicrograms}) {
                *value = row.integer();
            }
        }
        hours.push_back(std::move(hour));
    }
    return hours;
}

} // namespace

Result<std::vector<Interval>> readTier(const SQLite::Database& db, std::int64_t run, std::int64_t tier, SimMicros from,
                                       SimMicros to)
{
    if (tier == kHourTier) {
        return readHours(db, run, from, to);
    }
    std::vector<Interval> intervals;
    SQLite::Statement blocks(db, "SELECT block FROM history_blocks WHERE run_id = ? AND tier_seconds = ? AND "
                                 "end_micros > ? AND begin_micros < ? ORDER BY begin_micros");
    blocks.bind(1, run);
    blocks.bind(2, tier);
    blocks.bind(3, from);
    blocks.bind(4, to);
    while (blocks.executeStep()) {
        ISOBAR_TRY_ASSIGN(std::vector<Interval> block, unpackIntervals(blobOf(blocks.getColumn(0))));
        for (Interval& interval : block) {
            if (interval.end > from && interval.begin < to) {
                intervals.push_back(std::move(interval));
            }
        }
    }
    return intervals;
}

// --- keeping the tiers in step ---------------------------------------------------------------------------------------

namespace {

Intervals shared(std::vector<Interval> intervals, SimMicros beginsFrom)
{
    Intervals all;
    for (Interval& interval : intervals) {
        if (interval.begin >= beginsFrom) {
            all.push_back(std::make_shared<const Interval>(std::move(interval)));
        }
    }
    return all;
}

Status catchUpRun(SQLite::Database& db, std::int64_t run, SimMicros startMicros, SimMicros minutesEnd,
                  SimMicros lastHourBegin)
{
    ISOBAR_TRY_ASSIGN(std::vector<Interval> seconds, readTier(db, run, kSecondTier, minutesEnd, INT64_MAX));
    Summing toMinutes(kMinuteTier * aggregate::kMicrosPerSecond, startMicros);
    Intervals minutes;
    for (auto& interval : shared(std::move(seconds), minutesEnd)) {
        toMinutes.add(std::move(interval), minutes);
    }
    toMinutes.close(minutes);
    putMinutes(db, run, minutes, {kMinutesPerBlock * kMinuteTier * aggregate::kMicrosPerSecond, startMicros});
    ISOBAR_TRY_ASSIGN(std::vector<Interval> all, readTier(db, run, kMinuteTier, lastHourBegin, INT64_MAX));
    Summing toHours(kHourTier * aggregate::kMicrosPerSecond, startMicros);
    Intervals hours;
    for (auto& interval : shared(std::move(all), lastHourBegin)) {
        toHours.add(std::move(interval), hours);
    }
    toHours.close(hours);
    for (const auto& hour : hours) {
        putHour(db, run, *hour);
    }
    return Done{};
}

} // namespace

void catchUp(SQLite::Database& db, std::int64_t except)
{
    struct Behind {
        std::int64_t run;
        SimMicros startMicros, minutesEnd, lastHourBegin;
    };
    std::vector<Behind> behind;
    {
        SQLite::Statement runs(db, R"sql(
            WITH ends AS (SELECT run_id, start_unix_seconds * 1000000 AS start_micros,
                (SELECT max(end_micros) FROM history_blocks b WHERE b.run_id = r.run_id AND tier_seconds = 1) AS seconds,
                (SELECT max(end_micros) FROM history_blocks b WHERE b.run_id = r.run_id AND tier_seconds = 60) AS minutes,
                (SELECT max(end_micros) FROM history_hours h WHERE h.run_id = r.run_id) AS hours,
                (SELECT max(begin_micros) FROM history_hours h WHERE h.run_id = r.run_id) AS hour_begin,
                -9000000000000000 AS never
              FROM history_runs r WHERE run_id <> ?)
            SELECT run_id, start_micros, coalesce(minutes, never), coalesce(hour_begin, never) FROM ends
            WHERE coalesce(seconds, never) > coalesce(minutes, hours, never)
               OR coalesce(minutes, never) > coalesce(hours, never))sql");
        runs.bind(1, except);
        while (runs.executeStep()) {
            Columns row(runs);
            Behind b{};
            b.run = row.integer();
            b.startMicros = row.integer();
            b.minutesEnd = row.integer();
            b.lastHourBegin = row.integer();
            behind.push_back(b);
        }
    }
    for (const Behind& b : behind) {
        // Damaged rows of an old run must not keep a new one from being recorded: they stay as they are.
        (void)catchUpRun(db, b.run, b.startMicros, b.minutesEnd, b.lastHourBegin);
    }
}

HistoryPolicy readPolicy(const SQLite::Database& db)
{
    HistoryPolicy policy;
    SQLite::Statement settings(db, "SELECT CAST(value AS INTEGER) FROM settings WHERE key = ?");
    const auto read = [&](const char* key, std::int64_t& value) {
        settings.reset();
        settings.bind(1, key);
        if (settings.executeStep() && settings.getColumn(0).getInt64() > 0) {
            value = settings.getColumn(0).getInt64();
        }
    };
    read("history.keep_seconds", policy.keepSecondsSeconds);
    read("history.keep_minutes", policy.keepMinutesSeconds);
    read("history.keep_hours", policy.keepHoursSeconds);
    read("history.keep_runs", policy.keepRuns);
    return policy;
}

void prune(SQLite::Database& db, const HistoryPolicy& policy)
{
    // Newest first over all runs; what is beyond goes when a coarser tier has it, and only with all of its bucket
    // there: an hour is kept in minutes as a whole or not at all.
    SQLite::Statement blocks(db, R"sql(
        DELETE FROM history_blocks WHERE rowid IN (SELECT id FROM (
          SELECT id, run_id, end_micros, min(newer) OVER (PARTITION BY run_id, bucket) AS newer FROM (
            SELECT b.rowid AS id, run_id, end_micros,
              (begin_micros + start_unix_seconds * 1000000) / (?3 * 1000000) AS bucket, sum(end_micros - begin_micros)
              OVER (ORDER BY run_id DESC, begin_micros DESC) - (end_micros - begin_micros) AS newer
            FROM history_blocks b JOIN history_runs USING(run_id) WHERE tier_seconds = ?1)) b
          WHERE newer >= ?2 * 1000000 AND end_micros <= coalesce(
            iif(?1 = 1, (SELECT max(end_micros) FROM history_blocks m WHERE m.run_id = b.run_id AND tier_seconds = 60),
              NULL),
            (SELECT max(end_micros) FROM history_hours h WHERE h.run_id = b.run_id))))sql");
    store::run(blocks, kSecondTier, policy.keepSecondsSeconds, kMinuteTier);
    store::run(blocks, kMinuteTier, policy.keepMinutesSeconds, kHourTier);
    SQLite::Statement hours(db, R"sql(
        DELETE FROM history_hours WHERE rowid IN (SELECT id FROM (
          SELECT rowid AS id, sum(end_micros - begin_micros) OVER (ORDER BY run_id DESC, begin_micros DESC)
            - (end_micros - begin_micros) AS newer FROM history_hours) WHERE newer >= ?1 * 1000000))sql");
    store::run(hours, policy.keepHoursSeconds);
    SQLite::Statement runs(db, "DELETE FROM history_runs WHERE run_id <= (SELECT run_id FROM history_runs "
                               "ORDER BY run_id DESC LIMIT 1 OFFSET ?)");
    store::run(runs, policy.keepRuns);
    db.exec("DELETE FROM history_fleets WHERE fleet_hash NOT IN (SELECT fleet_hash FROM history_runs)");
}

} // namespace isobar::store
