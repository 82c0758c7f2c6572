// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/aggregate/interval.h"

#include "model/aggregate/cube_kernels.h"
#include "model/aggregate/time_buckets.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <set>
#include <string>

namespace isobar::aggregate {
namespace {

void appendVarint(std::string& to, std::uint64_t value)
{
    while (value >= 0x80) {
        to.push_back(static_cast<char>(static_cast<unsigned char>(value | 0x80)));
        value >>= 7;
    }
    to.push_back(static_cast<char>(static_cast<unsigned char>(value)));
}

std::uint64_t readVarint(const unsigned char*& at)
{
    std::uint64_t value = *at & 0x7f;
    for (int shift = 7; (*at++ & 0x80) != 0; shift += 7) {
        value |= static_cast<std::uint64_t>(*at & 0x7f) << shift;
    }
    return value;
}

/// What comes first in a packed sketch. `width` 0: pairs of how far a bucket is above the last one, and its count;
/// else counts of `width` bytes from bucket `first` on. In the machine's byte order: never leaves the process.
struct PackedHeader {
    std::uint8_t width = 0;
    std::uint8_t unused = 0;
    std::uint16_t first = 0;
};
static_assert(sizeof(PackedHeader) == 4);

PackedHeader headerOf(std::string_view packed)
{
    PackedHeader header;
    std::memcpy(&header, packed.data(), sizeof(header));
    return header;
}

/// Calls visit(bucket, count) for every pair of a packed sketch, ascending.
template <class Visit> void forEachPair(std::string_view packed, Visit visit)
{
    const auto* at = reinterpret_cast<const unsigned char*>(packed.data()) + sizeof(PackedHeader);
    const auto* const end = reinterpret_cast<const unsigned char*>(packed.data()) + packed.size();
    std::uint32_t bucket = 0;
    while (at != end) {
        bucket += static_cast<std::uint32_t>(readVarint(at));
        visit(bucket, static_cast<std::int64_t>(readVarint(at)));
    }
}

template <class Count> void appendCounts(std::string& to, std::span<const std::int64_t> counts)
{
    const std::size_t begin = to.size();
    to.resize(begin + counts.size() * sizeof(Count));
    for (std::size_t i = 0; i < counts.size(); ++i) {
        const auto count = static_cast<Count>(counts[i]);
        std::memcpy(to.data() + begin + i * sizeof(Count), &count, sizeof(Count));
    }
}

/// Appends the packed form of counts, of which none before `first` and from `last` on is above zero; nothing when there
/// are none.
void encode(std::span<const std::int64_t, Sketch::kBuckets> counts, std::string& packed, std::size_t first = 0,
            std::size_t last = Sketch::kBuckets)
{
    while (first < last && counts[first] == 0) {
        ++first;
    }
    while (last > first && counts[last - 1] == 0) {
        --last;
    }
    if (first == last) {
        return;
    }
    const std::span<const std::int64_t> span = counts.subspan(first, last - first);
    std::int64_t most = 0;
    std::size_t filled = 0;
    for (const std::int64_t count : span) {
        most = std::max(most, count);
        filled += count != 0 ? 1 : 0;
    }
    const std::size_t width = most < 0x100 ? 1 : most < 0x1'0000 ? 2 : 4;
    // As pairs, a bucket takes about one byte more than its count.
    const bool dense = most < 0x1'0000'0000 && span.size() * width <= 2 * filled * (width + 1);
    PackedHeader header;
    header.width = static_cast<std::uint8_t>(dense ? width : 0);
    header.first = static_cast<std::uint16_t>(dense ? first : 0);
    packed.append(reinterpret_cast<const char*>(&header), sizeof(header));
    if (!dense) {
        std::size_t before = 0;
        for (std::size_t bucket = first; bucket < last; ++bucket) {
            if (counts[bucket] != 0) {
                appendVarint(packed, bucket - before);
                appendVarint(packed, static_cast<std::uint64_t>(counts[bucket]));
                before = bucket;
            }
        }
    } else if (width == 1) {
        appendCounts<std::uint8_t>(packed, span);
    } else if (width == 2) {
        appendCounts<std::uint16_t>(packed, span);
    } else {
        appendCounts<std::uint32_t>(packed, span);
    }
}

std::shared_ptr<const char> blockOf(std::string_view packed)
{
    if (packed.empty()) {
        return {};
    }
    auto block = std::make_shared<char[]>(packed.size());
    std::memcpy(block.get(), packed.data(), packed.size());
    return {block, block.get()};
}

template <class T> void addRows(std::vector<T>& to, const std::vector<T>& rows)
{
    if (to.size() < rows.size()) {
        to.resize(rows.size());
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
        to[i] += rows[i];
    }
}

void addAllButLatencies(Interval& to, const Interval& next)
{
    to.end = next.end;
    if (next.layout && (!to.layout || next.layout->demand.size() >= to.layout->demand.size())) {
        to.layout = next.layout;
    }
    addRows(to.demand, next.demand);
    addRows(to.supply, next.supply);
    addRows(to.flows, next.flows);
}

} // namespace

DemandTotals& DemandTotals::operator+=(const DemandTotals& other)
{
    requests += other.requests;
    completed += other.completed;
    rejected += other.rejected;
    lost += other.lost;
    retried += other.retried;
    sloMet += other.sloMet;
    tokensIn += other.tokensIn;
    tokensOut += other.tokensOut;
    egressMicroUsd += other.egressMicroUsd;
    return *this;
}

SupplyTotals& SupplyTotals::operator+=(const SupplyTotals& other)
{
    chipMicros += other.chipMicros;
    workMicros += other.workMicros;
    for (std::size_t pricing = 0; pricing < kPricingModels; ++pricing) {
        costMicroUsd[pricing] += other.costMicroUsd[pricing];
    }
    energyMillijoules += other.energyMillijoules;
    carbonMicrograms += other.carbonMicrograms;
    return *this;
}

SparseSketch::SparseSketch(std::span<const Bucket> buckets)
{
    if (buckets.empty()) {
        return;
    }
    std::array<std::int64_t, Sketch::kBuckets> counts{};
    for (const Bucket& b : buckets) {
        counts[b.bucket] += b.count;
    }
    std::string packed;
    encode(counts, packed, buckets.front().bucket, std::size_t{buckets.back().bucket} + 1);
    m_bytes = blockOf(packed);
    m_size = static_cast<std::uint32_t>(packed.size());
}

SparseSketch SparseSketch::of(const Sketch& sketch)
{
    return SparseSketch(sketch.counts());
}

SparseSketch::SparseSketch(std::span<const std::int64_t, Sketch::kBuckets> counts)
{
    std::string packed;
    encode(counts, packed);
    m_bytes = blockOf(packed);
    m_size = static_cast<std::uint32_t>(packed.size());
}

std::int64_t SparseSketch::count() const
{
    std::array<std::int64_t, Sketch::kBuckets> counts{};
    return addTo(counts);
}

std::size_t SparseSketch::firstBucket() const
{
    return empty() ? Sketch::kBuckets : headerOf(bytes()).first;
}

std::vector<SparseSketch::Bucket> SparseSketch::buckets() const
{
    std::array<std::int64_t, Sketch::kBuckets> counts{};
    addTo(counts);
    std::vector<Bucket> all;
    for (std::size_t bucket = 0; bucket < counts.size(); ++bucket) {
        if (counts[bucket] != 0) {
            all.push_back({static_cast<std::uint16_t>(bucket), static_cast<std::uint32_t>(counts[bucket])});
        }
    }
    return all;
}

std::int64_t SparseSketch::addTo(std::span<std::int64_t, Sketch::kBuckets> counts) const
{
    if (empty()) {
        return 0;
    }
    const PackedHeader header = headerOf(bytes());
    if (header.width != 0) {
        const std::size_t length = (m_size - sizeof(header)) / header.width;
        return kernels::addPacked(counts.data() + header.first, m_bytes.get() + sizeof(header), header.width, length);
    }
    std::int64_t total = 0;
    forEachPair(bytes(), [&](std::uint32_t bucket, std::int64_t count) {
        counts[bucket] += count;
        total += count;
    });
    return total;
}

void SparseSketch::addTo(Sketch& sketch) const
{
    sketch.m_total += addTo(std::span<std::int64_t, Sketch::kBuckets>(sketch.m_counts));
}

void SparseSketch::merge(const SparseSketch& other)
{
    if (other.empty()) {
        return;
    }
    if (empty()) {
        *this = other;
        return;
    }
    std::array<std::int64_t, Sketch::kBuckets> counts{};
    addTo(counts);
    other.addTo(counts);
    *this = SparseSketch(counts);
}

void Interval::merge(const Interval& next)
{
    assert(next.begin == end);
    addAllButLatencies(*this, next);
    if (latencies.size() < next.latencies.size()) {
        latencies.resize(next.latencies.size());
    }
    for (std::size_t row = 0; row < next.latencies.size(); ++row) {
        for (std::size_t kind = 0; kind < kLatencies; ++kind) {
            latencies[row][kind].merge(next.latencies[row][kind]);
        }
    }
}

/// Packs many sketches into one block.
class SketchPacker {
public:
    void add(std::span<const std::int64_t, Sketch::kBuckets> counts, SparseSketch& to)
    {
        const std::size_t begin = m_packed.size();
        encode(counts, m_packed);
        if (m_packed.size() > begin) {
            m_todo.push_back({&to, begin, static_cast<std::uint32_t>(m_packed.size() - begin)});
        }
    }
    void finish()
    {
        auto block = std::make_shared<char[]>(m_packed.size());
        std::memcpy(block.get(), m_packed.data(), m_packed.size());
        for (const auto& [sketch, begin, size] : m_todo) {
            sketch->m_bytes = std::shared_ptr<const char>(block, block.get() + begin);
            sketch->m_size = size;
        }
    }

private:
    struct Todo {
        SparseSketch* sketch;
        std::size_t begin;
        std::uint32_t size;
    };
    std::string m_packed;
    std::vector<Todo> m_todo;
};

Interval sumOf(std::span<const std::shared_ptr<const Interval>> intervals)
{
    assert(!intervals.empty());
    Interval sum;
    sum.begin = intervals.front()->begin;
    std::size_t rows = 0;
    for (const auto& interval : intervals) {
        addAllButLatencies(sum, *interval);
        rows = std::max(rows, interval->latencies.size());
    }
    sum.latencies.resize(rows);
    SketchPacker packer;
    for (std::size_t kind = 0; kind < kLatencies; ++kind) {
        for (std::size_t row = 0; row < rows; ++row) {
            std::array<std::int64_t, Sketch::kBuckets> counts{};
            for (const auto& interval : intervals) {
                if (row < interval->latencies.size()) {
                    interval->latencies[row][kind].addTo(counts);
                }
            }
            packer.add(counts, sum.latencies[row][kind]);
        }
    }
    packer.finish();
    return sum;
}

namespace {

struct Tier {
    SimMicros width, keepFinerFor;
};
constexpr std::array<Tier, 4> kTiers{{{10 * kMicrosPerSecond, 120 * kMicrosPerSecond},
                                      {60 * kMicrosPerSecond, 1'200 * kMicrosPerSecond},
                                      {600 * kMicrosPerSecond, 21'600 * kMicrosPerSecond},
                                      {3'600 * kMicrosPerSecond, 172'800 * kMicrosPerSecond}}};

bool beginsBefore(const std::shared_ptr<const Interval>& interval, SimMicros at)
{
    return interval->begin < at;
}

} // namespace

void History::append(std::shared_ptr<const Interval> interval)
{
    assert(m_intervals.empty() || interval->begin == m_intervals.back()->end);
    static_assert(kTiers.size() == kThinnings);
    if (m_intervals.empty()) {
        m_thinnedTo.fill(interval->begin);
        m_summedTo.fill(interval->begin);
    }
    m_intervals.push_back(std::move(interval));
    for (std::size_t tier = 0; tier < kThinnings; ++tier) {
        sumUp(tier);
        thin(tier);
    }
}

void History::sumUp(std::size_t tier)
{
    const SimMicros width = kTiers[tier].width;
    for (SimMicros& doneTo = m_summedTo[tier]; floorTo(doneTo, width) + width <= end(); doneTo += width) {
        doneTo = floorTo(doneTo, width);
        const auto parts = range(doneTo, doneTo + width, width);
        // Only what begins and ends there: a sum never counts time twice or leaves some out.
        if (!parts.empty() && parts.front()->begin == doneTo && parts.back()->end == doneTo + width) {
            m_sums[tier].push_back(parts.size() == 1 ? parts.front() : std::make_shared<const Interval>(sumOf(parts)));
        }
    }
}

std::shared_ptr<const Interval> History::sumAt(std::size_t tier, SimMicros begin) const
{
    const Sums& sums = m_sums[tier];
    const auto at = std::lower_bound(sums.begin(), sums.end(), begin, beginsBefore);
    return at != sums.end() && (*at)->begin == begin ? *at : nullptr;
}

void History::thin(std::size_t tier)
{
    // Whole buckets only, so the boundaries do not depend on when thinning happened.
    const SimMicros width = kTiers[tier].width, until = floorTo(end() - kTiers[tier].keepFinerFor, width);
    SimMicros& doneTo = m_thinnedTo[tier];
    while (doneTo < until) {
        const SimMicros bucketEnd = floorTo(doneTo, width) + width;
        const auto first = std::lower_bound(m_intervals.begin(), m_intervals.end(), doneTo, beginsBefore);
        auto last = first;
        while (last != m_intervals.end() && (*last)->end <= bucketEnd) {
            ++last;
        }
        if (last - first > 1) {
            auto sum = sumAt(tier, (*first)->begin);
            *first = sum && sum->end == (*(last - 1))->end ? std::move(sum)
                                                           : std::make_shared<const Interval>(sumOf({first, last}));
            m_intervals.erase(first + 1, last);
        }
        doneTo = bucketEnd;
        if (tier > 0) { // finer sums have nothing left to stand for
            Sums& finer = m_sums[tier - 1];
            finer.erase(finer.begin(), std::lower_bound(finer.begin(), finer.end(), doneTo, beginsBefore));
        }
    }
}

void History::truncate(SimMicros at)
{
    std::erase_if(m_intervals, [at](const auto& interval) { return interval->end > at; });
    if (m_intervals.empty()) {
        clear();
        return;
    }
    for (std::size_t tier = 0; tier < kThinnings; ++tier) {
        std::erase_if(m_sums[tier], [this](const auto& sum) { return sum->end > end(); });
        // The bucket that is open now is to be summed up and thinned when it is full again.
        const SimMicros open = floorTo(end(), kTiers[tier].width);
        m_summedTo[tier] = std::min(m_summedTo[tier], open);
        m_thinnedTo[tier] = std::min(m_thinnedTo[tier], open);
    }
}

void History::clear()
{
    *this = {};
}

std::size_t History::bytes() const
{
    std::set<const Interval*> seen; // a sum may stand in for what it summed up
    std::size_t total = 0;
    const auto add = [&](const Sums& intervals) {
        for (const auto& interval : intervals) {
            if (!seen.insert(interval.get()).second) {
                continue;
            }
            total += sizeof(Interval) + interval->demand.capacity() * sizeof(DemandTotals) +
                     interval->latencies.capacity() * sizeof(interval->latencies[0]) +
                     interval->supply.capacity() * sizeof(SupplyTotals) +
                     interval->flows.capacity() * sizeof(std::int64_t);
            for (const auto& row : interval->latencies) {
                for (const SparseSketch& sketch : row) {
                    total += sketch.packedBytes();
                }
            }
        }
    };
    add(m_intervals);
    std::for_each(m_sums.begin(), m_sums.end(), add);
    return total;
}

SimMicros History::begin() const
{
    return m_intervals.empty() ? 0 : m_intervals.front()->begin;
}

SimMicros History::end() const
{
    return m_intervals.empty() ? 0 : m_intervals.back()->end;
}

std::vector<std::shared_ptr<const Interval>> History::range(SimMicros from, SimMicros to) const
{
    if (from >= to) {
        return {};
    }
    const auto first = std::partition_point(m_intervals.begin(), m_intervals.end(),
                                            [&](const auto& interval) { return interval->end <= from; });
    const auto last =
        std::partition_point(first, m_intervals.end(), [&](const auto& interval) { return interval->begin < to; });
    return {first, last};
}

std::vector<std::shared_ptr<const Interval>> History::range(SimMicros from, SimMicros to, SimMicros bucketMicros) const
{
    const auto fine = range(from, to);
    std::vector<std::shared_ptr<const Interval>> few;
    for (auto at = fine.begin(); at != fine.end();) {
        const SimMicros begin = (*at)->begin;
        std::shared_ptr<const Interval> widest;
        for (std::size_t tier = kThinnings; tier-- > 0 && !widest;) {
            const SimMicros width = kTiers[tier].width;
            if (floorTo(begin, width) == begin && bucketMicros % width == 0 && begin + width <= fine.back()->end) {
                widest = sumAt(tier, begin);
            }
        }
        if (!widest || widest->end <= (*at)->end) {
            widest = *at;
        }
        at = std::lower_bound(at, fine.end(), widest->end, beginsBefore);
        few.push_back(std::move(widest));
    }
    return few;
}

} // namespace isobar::aggregate
