// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/recorded_history.h"

#include "model/aggregate/time_buckets.h"

#include <algorithm>

namespace isobar::ui {
namespace {

using aggregate::SimMicros;

template <class T, class Name> bool sameNames(const std::vector<T>& a, const std::vector<T>& b, Name name)
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&name](const T& x, const T& y) { return name(x) == name(y); });
}

/// Whether the rows of one can be read with the other: ids are positions. Placements are not among them.
bool sameThings(const Fleet& a, const Fleet& b)
{
    const auto key = [](const auto& row) { return row.key; };
    const auto name = [](const auto& row) { return row.name; };
    const auto region = [](const Region& row) { return std::pair(row.provider, row.code); };
    const auto pool = [](const Pool& row) { return std::tuple(row.key, row.region, row.accelerator); };
    const auto workload = [](const Workload& row) { return std::tuple(row.name, row.model, row.tier); };
    return a.startTimeUtc == b.startTimeUtc && sameNames(a.providers, b.providers, key) &&
           sameNames(a.regions, b.regions, region) && sameNames(a.pools, b.pools, pool) &&
           sameNames(a.accelerators, b.accelerators, name) && sameNames(a.models, b.models, name) &&
           sameNames(a.workloads, b.workloads, workload) && sameNames(a.tiers, b.tiers, name) &&
           sameNames(a.areas, b.areas, name);
}

/// The finest tier that tells of the whole run in a few hundred intervals.
store::HistoryTier tierOf(const store::HistoryRun& run)
{
    const SimMicros length = run.end - run.begin;
    const auto reaches = [&run](store::HistoryTier tier) {
        const store::HistoryExtent& extent = run.tiers[static_cast<std::size_t>(tier)];
        return extent.begin < extent.end && extent.begin <= run.begin;
    };
    if (length <= 300 * aggregate::kMicrosPerSecond && reaches(store::HistoryTier::Second)) {
        return store::HistoryTier::Second;
    }
    return length <= 4 * aggregate::kMicrosPerHour && reaches(store::HistoryTier::Minute) ? store::HistoryTier::Minute
                                                                                          : store::HistoryTier::Hour;
}

} // namespace

Result<std::optional<RecordedRange>> findRecorded(const store::Store& store, const Fleet& fleet, std::int64_t running)
{
    ISOBAR_TRY_ASSIGN(auto runs, store::historyRuns(store));
    std::reverse(runs.begin(), runs.end());
    for (const store::HistoryRun& run : runs) {
        if (run.id == running || run.begin >= run.end) {
            continue;
        }
        ISOBAR_TRY_ASSIGN(const auto read, store::readHistory(store, run.id, run.begin, run.end, tierOf(run)));
        if (!sameThings(*read.fleet, fleet)) {
            continue;
        }
        RecordedRange range{run, {}};
        for (const auto& interval : read.intervals) {
            std::int64_t requests = 0;
            for (const aggregate::DemandTotals& row : interval->demand) {
                requests += row.requests;
            }
            const double seconds = static_cast<double>(interval->end - interval->begin) * 1e-6;
            range.load.push_back({interval->begin, interval->end, static_cast<double>(requests) / seconds});
        }
        return std::optional(std::move(range));
    }
    return std::optional<RecordedRange>();
}

Result<RecordedStretch> readRecorded(const store::Store& store, const std::shared_ptr<const Fleet>& fleet,
                                     std::int64_t run, SimMicros from, SimMicros to)
{
    ISOBAR_TRY_ASSIGN(const auto read, store::readHistory(store, run, from, to));
    if (read.intervals.empty()) {
        return Error{ErrorCode::NotFound, "nothing is recorded there"};
    }
    RecordedStretch stretch;
    stretch.run = run;
    auto rollUp = std::make_shared<aggregate::LiveRollUp>(fleet);
    for (const auto& interval : read.intervals) {
        if (!stretch.history.empty() && interval->begin != stretch.history.end()) {
            stretch.history.clear(); // of what has a gap, the piece that ends where somebody wants to be
        }
        stretch.history.append(interval);
        rollUp->append(*interval);
    }
    stretch.rollUp = std::move(rollUp);
    return stretch;
}

} // namespace isobar::ui
