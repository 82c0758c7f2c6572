// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/recording/frame_codec.h"

#include <algorithm>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/wire_format_lite.h>

namespace isobar::recording {

using aggregate::DemandTotals;
using aggregate::Interval;
using aggregate::kLatencies;
using aggregate::Layout;
using aggregate::Sketch;
using aggregate::SparseSketch;
using aggregate::SupplyTotals;

namespace {

/// More than anybody counts in an interval of an hour, and few enough that sums of many fit.
constexpr std::int64_t kMostCounted = std::int64_t{1} << 53;
constexpr SimMicros kLatest = std::int64_t{1} << 56; ///< two thousand years
/// A message of two bytes takes hundreds once it is parsed; real frames have a hundred intervals.
constexpr int kMostIntervals = 4096, kMostEvents = 100'000;
constexpr std::size_t kMostTextBytes = 4096;

constexpr std::size_t kDemandColumns = 9, kSupplyColumns = 4 + kPricingModels;
static_assert(sizeof(DemandTotals) == kDemandColumns * 8 && sizeof(SupplyTotals) == kSupplyColumns * 8,
              "a new count needs a column of its own");

using Numbers = google::protobuf::RepeatedField<std::int64_t>;

template <class Message> auto demandColumns(Message& m)
{
    if constexpr (std::is_const_v<Message>) {
        return std::array<const Numbers*, kDemandColumns>{&m.requests(),   &m.completed(),        &m.rejected(),
                                                          &m.lost(),       &m.slo_met(),          &m.tokens_in(),
                                                          &m.tokens_out(), &m.egress_micro_usd(), &m.retried()};
    } else {
        return std::array<Numbers*, kDemandColumns>{
            m.mutable_requests(),   m.mutable_completed(),        m.mutable_rejected(),
            m.mutable_lost(),       m.mutable_slo_met(),          m.mutable_tokens_in(),
            m.mutable_tokens_out(), m.mutable_egress_micro_usd(), m.mutable_retried()};
    }
}

template <class Message> auto supplyColumns(Message& m)
{
    if constexpr (std::is_const_v<Message>) {
        return std::array<const Numbers*, kSupplyColumns>{&m.chip_micros(),
                                                          &m.work_micros(),
                                                          &m.energy_millijoules(),
                                                          &m.carbon_micrograms(),
                                                          &m.cost_reserved_micro_usd(),
                                                          &m.cost_committed_micro_usd(),
                                                          &m.cost_on_demand_micro_usd(),
                                                          &m.cost_spot_micro_usd()};
    } else {
        return std::array<Numbers*, kSupplyColumns>{m.mutable_chip_micros(),
                                                    m.mutable_work_micros(),
                                                    m.mutable_energy_millijoules(),
                                                    m.mutable_carbon_micrograms(),
                                                    m.mutable_cost_reserved_micro_usd(),
                                                    m.mutable_cost_committed_micro_usd(),
                                                    m.mutable_cost_on_demand_micro_usd(),
                                                    m.mutable_cost_spot_micro_usd()};
    }
}

template <class Row> std::int64_t& field(Row& row, std::size_t column)
{
    if constexpr (std::is_same_v<Row, DemandTotals>) {
        std::int64_t* const all[]{&row.requests, &row.completed, &row.rejected,       &row.lost,   &row.sloMet,
                                  &row.tokensIn, &row.tokensOut, &row.egressMicroUsd, &row.retried};
        return *all[column];
    } else {
        std::int64_t* const all[]{&row.chipMicros, &row.workMicros, &row.energyMillijoules, &row.carbonMicrograms};
        return column < 4 ? *all[column] : row.costMicroUsd[column - 4];
    }
}

template <class Row, class Columns> void putRows(std::vector<Row> now, std::vector<Row>& before, const Columns& columns)
{
    before.resize(now.size());
    for (std::size_t column = 0; column < columns.size(); ++column) {
        columns[column]->Reserve(static_cast<int>(now.size()));
        for (std::size_t row = 0; row < now.size(); ++row) {
            columns[column]->Add(field(now[row], column) - field(before[row], column));
        }
    }
    before = std::move(now);
}

/// Adds a difference that may be anything; false when the sum is nothing that was counted.
bool addUp(std::int64_t& value, std::int64_t difference)
{
    return !__builtin_add_overflow(value, difference, &value) && value <= kMostCounted && value >= -kMostCounted;
}

template <class Row, class Columns>
bool getRows(std::vector<Row>& now, std::vector<Row>& before, const Columns& columns)
{
    const int rows = columns[0]->size();
    if (std::any_of(columns.begin(), columns.end(), [&](const Numbers* c) { return c->size() != rows; })) {
        return false;
    }
    before.resize(static_cast<std::size_t>(rows));
    for (std::size_t column = 0; column < columns.size(); ++column) {
        for (int row = 0; row < rows; ++row) {
            if (!addUp(field(before[static_cast<std::size_t>(row)], column), columns[column]->Get(row))) {
                return false;
            }
        }
    }
    now = before;
    return true;
}

/// Counts the entries of a frame before any is made.
bool isWithinLimits(std::string_view message)
{
    using google::protobuf::internal::WireFormatLite;
    google::protobuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(message.data()),
                                              static_cast<int>(message.size()));
    int intervals = 0, events = 0;
    while (const std::uint32_t tag = in.ReadTag()) {
        const int number = WireFormatLite::GetTagFieldNumber(tag);
        intervals += number == v1::RecordingFrame::kIntervalsFieldNumber ? 1 : 0;
        events += number == v1::RecordingFrame::kEventsFieldNumber ? 1 : 0;
        if (intervals > kMostIntervals || events > kMostEvents || !WireFormatLite::SkipField(&in, tag)) {
            return false;
        }
    }
    return in.ConsumedEntireMessage();
}

bool sameRow(const Layout::PlacementRow& a, const Layout::PlacementRow& b)
{
    return a.model == b.model && a.pool == b.pool;
}
bool sameRow(const Layout::DemandRow& a, const Layout::DemandRow& b)
{
    return a.placement == b.placement && a.workload == b.workload;
}
bool sameRow(const Layout::SupplyRow& a, const Layout::SupplyRow& b)
{
    return a.pool == b.pool && a.use == b.use && a.placement == b.placement;
}

template <class Row> bool beginsWith(const std::vector<Row>& rows, const std::vector<Row>& first)
{
    return rows.size() >= first.size() && std::equal(first.begin(), first.end(), rows.begin(),
                                                     [](const Row& a, const Row& b) { return sameRow(a, b); });
}

} // namespace

void putLayout(const Layout& layout, v1::RecordingLayout& to)
{
    for (const Layout::PlacementRow& row : layout.placements) {
        to.add_placement_model(row.model.value);
        to.add_placement_pool(row.pool.value);
    }
    for (const Layout::DemandRow& row : layout.demand) {
        to.add_demand_placement(row.placement);
        to.add_demand_workload(row.workload.value);
    }
    for (const Layout::SupplyRow& row : layout.supply) {
        to.add_supply_pool(row.pool.value);
        to.add_supply_use(static_cast<std::uint32_t>(row.use));
        to.add_supply_placement(row.placement);
    }
    to.set_areas(static_cast<std::uint32_t>(layout.areas));
}

std::optional<Layout> layoutOf(const v1::RecordingLayout& m, const Fleet& fleet)
{
    if (m.placement_model_size() != m.placement_pool_size() || m.demand_placement_size() != m.demand_workload_size() ||
        m.supply_pool_size() != m.supply_use_size() || m.supply_pool_size() != m.supply_placement_size() ||
        m.areas() != fleet.areas.size()) {
        return std::nullopt;
    }
    Layout layout;
    layout.areas = m.areas();
    for (int i = 0; i < m.placement_model_size(); ++i) {
        if (m.placement_model(i) >= fleet.models.size() || m.placement_pool(i) >= fleet.pools.size()) {
            return std::nullopt;
        }
        // Placements stand in the order of the fleet; those behind its last one were added later.
        const auto at = static_cast<std::size_t>(i);
        if (at < fleet.placements.size() && (fleet.placements[at].model.value != m.placement_model(i) ||
                                             fleet.placements[at].pool.value != m.placement_pool(i))) {
            return std::nullopt;
        }
        layout.placements.push_back(
            {ModelId(std::size_t{m.placement_model(i)}), PoolId(std::size_t{m.placement_pool(i)})});
    }
    const auto isPlacement = [&](std::uint32_t number) { return number < layout.placements.size(); };
    for (int i = 0; i < m.demand_placement_size(); ++i) {
        const std::uint32_t placement = m.demand_placement(i);
        if ((placement != Layout::kUnrouted && !isPlacement(placement)) ||
            m.demand_workload(i) >= fleet.workloads.size()) {
            return std::nullopt;
        }
        layout.demand.push_back({placement, WorkloadId(std::size_t{m.demand_workload(i)})});
    }
    for (int i = 0; i < m.supply_pool_size(); ++i) {
        if (m.supply_pool(i) >= fleet.pools.size() || m.supply_use(i) >= aggregate::kUses) {
            return std::nullopt;
        }
        const auto use = static_cast<aggregate::Use>(m.supply_use(i));
        if (use == aggregate::Use::Serving && !isPlacement(m.supply_placement(i))) {
            return std::nullopt;
        }
        layout.supply.push_back({PoolId(std::size_t{m.supply_pool(i)}), use, m.supply_placement(i)});
    }
    return layout;
}

bool continues(const Layout& newer, const Layout& older)
{
    return newer.areas == older.areas && beginsWith(newer.placements, older.placements) &&
           beginsWith(newer.demand, older.demand) && beginsWith(newer.supply, older.supply);
}

v1::RecordingInterval IntervalCoder::put(const Interval& interval)
{
    v1::RecordingInterval to;
    to.set_begin_micros(interval.begin);
    to.set_end_micros(interval.end);
    putRows(interval.demand, m_demand, demandColumns(to));
    putRows(interval.supply, m_supply, supplyColumns(to));
    m_flows.resize(interval.flows.size());
    for (std::size_t i = 0; i < m_flows.size(); ++i) {
        to.add_flows(interval.flows[i] - m_flows[i]);
    }
    m_flows = interval.flows;
    for (const auto& row : interval.latencies) {
        for (const SparseSketch& sketch : row) {
            const auto buckets = sketch.buckets();
            const std::uint32_t first = buckets.empty() ? 0 : buckets.front().bucket;
            to.add_sketch_first(first);
            to.add_sketch_width(buckets.empty() ? 0 : buckets.back().bucket - first + 1);
            std::uint32_t at = first;
            for (const SparseSketch::Bucket& bucket : buckets) {
                for (; at < bucket.bucket; ++at) {
                    to.add_sketch_counts(0);
                }
                to.add_sketch_counts(bucket.count);
                ++at;
            }
        }
    }
    return to;
}

bool IntervalCoder::get(const v1::RecordingInterval& from, Interval& interval)
{
    const Layout& layout = *interval.layout;
    interval.begin = from.begin_micros();
    interval.end = from.end_micros();
    if (interval.begin < 0 || interval.end <= interval.begin || interval.end > kLatest ||
        !getRows(interval.demand, m_demand, demandColumns(from)) ||
        !getRows(interval.supply, m_supply, supplyColumns(from)) || interval.demand.size() > layout.demand.size() ||
        interval.supply.size() > layout.supply.size() ||
        static_cast<std::size_t>(from.flows_size()) > layout.placements.size() * layout.areas) {
        return false;
    }
    m_flows.resize(static_cast<std::size_t>(from.flows_size()));
    for (std::size_t i = 0; i < m_flows.size(); ++i) {
        if (!addUp(m_flows[i], from.flows(static_cast<int>(i)))) {
            return false;
        }
    }
    interval.flows = m_flows;

    const auto sketches = static_cast<std::size_t>(from.sketch_first_size());
    if (static_cast<std::size_t>(from.sketch_width_size()) != sketches || sketches % kLatencies != 0 ||
        sketches / kLatencies > layout.demand.size()) {
        return false;
    }
    interval.latencies.resize(sketches / kLatencies);
    std::vector<SparseSketch::Bucket> buckets;
    int count = 0;
    for (std::size_t i = 0; i < sketches; ++i) {
        const std::uint32_t first = from.sketch_first(static_cast<int>(i)),
                            width = from.sketch_width(static_cast<int>(i));
        if (first >= Sketch::kBuckets || width > Sketch::kBuckets - first ||
            static_cast<int>(width) > from.sketch_counts_size() - count) {
            return false;
        }
        buckets.clear();
        for (std::uint32_t bucket = first; bucket < first + width; ++bucket) {
            if (const std::uint32_t in = from.sketch_counts(count++); in > 0) {
                buckets.push_back({static_cast<std::uint16_t>(bucket), in});
            }
        }
        interval.latencies[i / kLatencies][i % kLatencies] = SparseSketch(buckets);
    }
    return count == from.sketch_counts_size();
}

std::optional<FrameContent> readFrame(std::string_view message, const Fleet& fleet,
                                      const std::shared_ptr<const Layout>& known)
{
    // Damaged messages are found by their results; the library's own lines on stderr would say it twice.
    const google::protobuf::LogSilencer silence;
    v1::RecordingFrame frame;
    if (!isWithinLimits(message) || !frame.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
        return std::nullopt;
    }
    auto layout = layoutOf(frame.layout(), fleet);
    if (!layout || frame.intervals_size() == 0) {
        return std::nullopt;
    }
    FrameContent content;
    const bool isKnown = known && continues(*known, *layout) && continues(*layout, *known);
    content.layout = isKnown ? known : std::make_shared<const Layout>(std::move(*layout));
    IntervalCoder coder;
    for (const v1::RecordingInterval& coded : frame.intervals()) {
        auto interval = std::make_shared<Interval>();
        interval->layout = content.layout;
        if (!coder.get(coded, *interval) ||
            (!content.intervals.empty() && content.intervals.back()->end != interval->begin)) {
            return std::nullopt;
        }
        content.intervals.push_back(std::move(interval));
    }
    for (const v1::RecordingEvent& event : frame.events()) {
        if (event.kind().size() > kMostTextBytes || event.text().size() > kMostTextBytes) {
            return std::nullopt;
        }
        content.events.push_back({event.at_micros(), event.kind(), event.text()});
    }
    return content;
}

} // namespace isobar::recording
