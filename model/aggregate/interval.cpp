// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/aggregate/interval.h"

#include <algorithm>
#include <cassert>

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

/// Calls visit(bucket, count) for every pair of a packed sketch, ascending.
template <class Visit> void forEachBucket(const std::string& packed, Visit visit)
{
    const auto* at = reinterpret_cast<const unsigned char*>(packed.data());
    const auto* const end = at + packed.size();
    std::uint32_t bucket = 0;
    while (at != end) {
        bucket += static_cast<std::uint32_t>(readVarint(at));
        visit(bucket, readVarint(at));
    }
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
    std::uint32_t last = 0;
    for (const Bucket& b : buckets) {
        append(b.bucket - last, b.count);
        last = b.bucket;
    }
}

SparseSketch SparseSketch::of(const Sketch& sketch)
{
    SparseSketch sparse;
    std::uint32_t last = 0;
    for (std::uint32_t bucket = 0; bucket < Sketch::kBuckets; ++bucket) {
        if (const std::int64_t count = sketch.bucketCount(bucket); count > 0) {
            sparse.append(bucket - last, static_cast<std::uint64_t>(count));
            last = bucket;
        }
    }
    return sparse;
}

void SparseSketch::append(std::uint32_t gap, std::uint64_t count)
{
    appendVarint(m_packed, gap);
    appendVarint(m_packed, count);
}

std::int64_t SparseSketch::count() const
{
    std::int64_t total = 0;
    forEachBucket(m_packed, [&](std::uint32_t, std::uint64_t count) { total += static_cast<std::int64_t>(count); });
    return total;
}

std::vector<SparseSketch::Bucket> SparseSketch::buckets() const
{
    std::vector<Bucket> all;
    forEachBucket(m_packed, [&](std::uint32_t bucket, std::uint64_t count) {
        all.push_back({static_cast<std::uint16_t>(bucket), static_cast<std::uint32_t>(count)});
    });
    return all;
}

void SparseSketch::addTo(Sketch& sketch) const
{
    forEachBucket(m_packed, [&](std::uint32_t bucket, std::uint64_t count) {
        sketch.addToBucket(bucket, static_cast<std::int64_t>(count));
    });
}

void SparseSketch::merge(const SparseSketch& other)
{
    if (other.empty()) {
        return;
    }
    if (empty()) {
        m_packed = other.m_packed;
        return;
    }
    const std::vector<Bucket> mine = buckets();
    SparseSketch sum;
    std::uint32_t last = 0;
    const auto put = [&](std::uint32_t bucket, std::uint64_t count) {
        sum.append(bucket - last, count);
        last = bucket;
    };
    auto at = mine.begin();
    forEachBucket(other.m_packed, [&](std::uint32_t bucket, std::uint64_t count) {
        for (; at != mine.end() && at->bucket < bucket; ++at) {
            put(at->bucket, at->count);
        }
        if (at != mine.end() && at->bucket == bucket) {
            count += at->count;
            ++at;
        }
        put(bucket, count);
    });
    for (; at != mine.end(); ++at) {
        put(at->bucket, at->count);
    }
    *this = std::move(sum);
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
    for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t kind = 0; kind < kLatencies; ++kind) {
            Sketch dense;
            for (const auto& interval : intervals) {
                if (row < interval->latencies.size()) {
                    interval->latencies[row][kind].addTo(dense);
                }
            }
            if (dense.count() > 0) {
                sum.latencies[row][kind] = SparseSketch::of(dense);
            }
        }
    }
    return sum;
}

void History::append(std::shared_ptr<const Interval> interval)
{
    assert(m_intervals.empty() || interval->begin == m_intervals.back()->end);
    if (m_intervals.empty()) {
        m_thinnedTo.fill(interval->begin);
    }
    m_intervals.push_back(std::move(interval));

    struct Tier {
        SimMicros width, keepFinerFor;
    };
    constexpr std::array<Tier, kThinnings> kTiers{{{10 * kMicrosPerSecond, 120 * kMicrosPerSecond},
                                                   {60 * kMicrosPerSecond, 1'200 * kMicrosPerSecond},
                                                   {600 * kMicrosPerSecond, 21'600 * kMicrosPerSecond}}};
    for (std::size_t tier = 0; tier < kThinnings; ++tier) {
        thin(kTiers[tier].width, end() - kTiers[tier].keepFinerFor, m_thinnedTo[tier]);
    }
}

void History::thin(SimMicros width, SimMicros keepFrom, SimMicros& doneTo)
{
    // Whole buckets only, so the boundaries do not depend on when thinning happened.
    const SimMicros until = keepFrom / width * width;
    while (doneTo < until) {
        const SimMicros bucketEnd = (doneTo / width + 1) * width;
        const auto first = std::lower_bound(m_intervals.begin(), m_intervals.end(), doneTo,
                                            [](const auto& i, SimMicros at) { return i->begin < at; });
        auto last = first;
        while (last != m_intervals.end() && (*last)->end <= bucketEnd) {
            ++last;
        }
        if (last - first > 1) {
            *first = std::make_shared<const Interval>(sumOf({first, last}));
            m_intervals.erase(first + 1, last);
        }
        doneTo = bucketEnd;
    }
}

void History::clear()
{
    m_intervals.clear();
    m_thinnedTo.fill(0);
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

} // namespace isobar::aggregate
