// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/store/history_codec.h"

#include "model/store/field_hash.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstdint>
#include <tuple>
#include <utility>
#include <zstd.h>

namespace isobar::store {

using aggregate::DemandTotals;
using aggregate::Interval;
using aggregate::kLatencies;
using aggregate::Sketch;
using aggregate::SparseSketch;
using aggregate::SupplyTotals;

namespace {

constexpr std::uint64_t kVersion = 1;
constexpr int kCompressionLevel = 1; // higher ones gain under 2 %
constexpr std::size_t kHashBytes = 8;
/// Below this a stream is kept as it is: a frame of its own would be longer.
constexpr std::size_t kLeastCompressed = 48;
/// No block is longer than this when unpacked; what claims to be is damaged.
constexpr std::uint64_t kMostBytes = 256u << 20;
/// More requests than anybody ever served in one bucket of one sketch, and few enough that millions of sums fit.
constexpr std::uint64_t kMostInBucket = 1ull << 40;
constexpr std::uint64_t kMostRows = 1u << 22, kMostIntervals = 4096;

// --- numbers ---------------------------------------------------------------------------------------------------------

void put(std::string& to, std::uint64_t value)
{
    while (value >= 0x80) {
        to.push_back(static_cast<char>(static_cast<unsigned char>(value | 0x80)));
        value >>= 7;
    }
    to.push_back(static_cast<char>(static_cast<unsigned char>(value)));
}

/// Reads LEB128 numbers; past the end or too long they are 0 and `good` is false.
struct Reader {
    std::string_view bytes;
    std::size_t at = 0;
    bool good = true;

    std::uint64_t number()
    {
        std::uint64_t value = 0;
        for (int shift = 0; shift < 64 && at < bytes.size(); shift += 7) {
            const auto byte = static_cast<unsigned char>(bytes[at++]);
            value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if ((byte & 0x80) == 0) {
                return value;
            }
        }
        good = false;
        return 0;
    }
    [[nodiscard]] bool done() const { return at == bytes.size(); }
};

/// Small numbers of either sign as small unsigned ones. All arithmetic is modulo 2^64, so nothing overflows.
std::uint64_t zigzag(std::uint64_t value)
{
    return (value << 1) ^ (0 - (value >> 63));
}

std::uint64_t unzigzag(std::uint64_t value)
{
    return (value >> 1) ^ (0 - (value & 1));
}

// --- streams ---------------------------------------------------------------------------------------------------------

/// One class of expected counts per half octave.
constexpr std::size_t kClasses = 28;

std::size_t classOf(std::uint64_t expected)
{
    const auto width = static_cast<std::size_t>(std::bit_width(expected));
    return width < 2 ? width : std::min(2 * width - 2 + ((expected >> (width - 2)) & 1), kClasses - 1);
}

constexpr std::size_t kDemandFields = 9, kSupplyFields = 4 + kPricingModels;
static_assert(sizeof(DemandTotals) == kDemandFields * 8 && sizeof(SupplyTotals) == kSupplyFields * 8,
              "a new count needs a stream and a column of its own, and this format a new version");

constexpr std::size_t kFrame = 0;                            // begins, ends, numbers of rows
constexpr std::size_t kDemand = kFrame + 1;                  // a stream a field, two where there is a past
constexpr std::size_t kSupply = kDemand + 2 * kDemandFields; // a stream a field
constexpr std::size_t kFlows = kSupply + kSupplyFields;      // by class
constexpr std::size_t kSketchBounds = kFlows + kClasses;     // first bucket, number of buckets
constexpr std::size_t kSketchCounts = kSketchBounds + 2;     // by class
constexpr std::size_t kStreams = kSketchCounts + kClasses;

class Writer {
public:
    /// `value` is what the reader will return for it.
    void code(std::size_t stream, std::uint64_t& value) { put(m_streams[stream], value); }

    [[nodiscard]] std::string finish() const
    {
        std::string out;
        put(out, kVersion);
        put(out, kStreams);
        for (const std::string& stream : m_streams) {
            put(out, stream.size());
            if (stream.size() < kLeastCompressed) {
                out += stream;
                continue;
            }
            std::string packed(ZSTD_compressBound(stream.size()), '\0');
            const std::size_t size =
                ZSTD_compress(packed.data(), packed.size(), stream.data(), stream.size(), kCompressionLevel);
            assert(ZSTD_isError(size) == 0); // the room is the bound zstd itself named
            put(out, size);
            out.append(packed, 0, size);
        }
        const auto hash = static_cast<std::uint64_t>((FieldHash() << out).finish());
        for (std::size_t i = 0; i < kHashBytes; ++i) {
            out.push_back(static_cast<char>(static_cast<unsigned char>(hash >> (8 * i))));
        }
        return out;
    }

private:
    std::array<std::string, kStreams> m_streams;
};

class Unpacker {
public:
    /// False when the bytes are not a block.
    bool open(std::string_view bytes)
    {
        if (bytes.size() < kHashBytes) {
            return false;
        }
        const std::string_view body = bytes.substr(0, bytes.size() - kHashBytes);
        std::uint64_t hash = 0;
        for (std::size_t i = 0; i < kHashBytes; ++i) {
            hash |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[body.size() + i])) << (8 * i);
        }
        if (hash != static_cast<std::uint64_t>((FieldHash() << body).finish())) {
            return false;
        }
        Reader in{body};
        if (in.number() != kVersion || in.number() != kStreams) {
            return false;
        }
        std::uint64_t total = 0;
        for (std::size_t i = 0; i < kStreams; ++i) {
            const std::uint64_t size = in.number();
            const std::uint64_t packed = size < kLeastCompressed ? size : in.number();
            total += size;
            if (!in.good || size > kMostBytes || total > kMostBytes || packed > body.size() - in.at) {
                return false;
            }
            const std::string_view part = body.substr(in.at, packed);
            in.at += packed;
            if (size < kLeastCompressed) {
                m_bytes[i] = part;
            } else {
                m_bytes[i].resize(size);
                if (ZSTD_decompress(m_bytes[i].data(), size, part.data(), part.size()) != size) {
                    return false;
                }
            }
            m_streams[i].bytes = m_bytes[i];
        }
        return in.done();
    }
    void code(std::size_t stream, std::uint64_t& value) { value = m_streams[stream].number(); }
    [[nodiscard]] bool good() const
    {
        return std::all_of(m_streams.begin(), m_streams.end(), [](const Reader& r) { return r.good; });
    }
    [[nodiscard]] bool done() const
    {
        return std::all_of(m_streams.begin(), m_streams.end(), [](const Reader& r) { return r.good && r.done(); });
    }

private:
    std::array<std::string, kStreams> m_bytes;
    std::array<Reader, kStreams> m_streams;
};

// --- what goes through the streams, the same way in and out
// ------------------------------------------------------------

std::array<std::int64_t*, kDemandFields> fields(DemandTotals& t)
{
    return {&t.requests, &t.completed, &t.rejected,       &t.lost,   &t.sloMet,
            &t.tokensIn, &t.tokensOut, &t.egressMicroUsd, &t.retried};
}

std::array<std::int64_t*, kSupplyFields> fields(SupplyTotals& t)
{
    std::array<std::int64_t*, kSupplyFields> all{&t.chipMicros, &t.workMicros, &t.energyMillijoules,
                                                 &t.carbonMicrograms};
    for (std::size_t pricing = 0; pricing < kPricingModels; ++pricing) {
        all[4 + pricing] = &t.costMicroUsd[pricing];
    }
    return all;
}

/// What the counts of one sketch were in the intervals before, times 16, newer ones weighing more; one bucket of room
/// on either side. Only [from, to) was ever anything but 0: a sketch fills a tenth of its buckets, and there are
/// thousands of them.
struct Past {
    std::array<std::uint64_t, Sketch::kBuckets + 2> counts{};
    std::uint64_t from = Sketch::kBuckets, to = 0;
};

/// Interval after interval through `Streams` (Writer or Unpacker): one text of the format for both ways.
template <class Streams> class Coder {
public:
    explicit Coder(Streams& streams)
        : m_streams(streams)
    {
    }

    /// False when what was read makes no sense.
    bool code(Interval& interval)
    {
        std::uint64_t gap = static_cast<std::uint64_t>(interval.begin) - m_lastEnd;
        std::uint64_t width = static_cast<std::uint64_t>(interval.end) - static_cast<std::uint64_t>(interval.begin);
        signedNumber(kFrame, gap);
        signedNumber(kFrame, width);
        interval.begin = static_cast<std::int64_t>(m_lastEnd + gap);
        m_lastEnd = static_cast<std::uint64_t>(interval.begin) + width;
        interval.end = static_cast<std::int64_t>(m_lastEnd);
        if (!rows(interval.demand) || !rows(interval.latencies) || !rows(interval.supply) || !rows(interval.flows)) {
            return false;
        }
        totals(interval.demand, m_demand, kDemand, 2);
        totals(interval.supply, m_supply, kSupply, 1);
        codeFlows(interval.flows);
        if (m_pasts.size() < interval.latencies.size() * kLatencies) {
            m_pasts.resize(interval.latencies.size() * kLatencies);
        }
        for (std::size_t kind = 0; kind < kLatencies; ++kind) {
            for (std::size_t row = 0; row < interval.latencies.size(); ++row) {
                if (!sketch(interval.latencies[row][kind], m_pasts[row * kLatencies + kind])) {
                    return false;
                }
            }
        }
        m_first = false;
        return true;
    }

private:
    void signedNumber(std::size_t stream, std::uint64_t& value)
    {
        std::uint64_t coded = zigzag(value);
        m_streams.code(stream, coded);
        value = unzigzag(coded);
    }

    template <class Row> bool rows(std::vector<Row>& vector)
    {
        std::uint64_t count = vector.size();
        m_streams.code(kFrame, count);
        if (count > kMostRows) {
            return false;
        }
        vector.resize(count);
        return true;
    }

    /// `streams` is 2 when rows that had nothing before go to a stream of their own.
    template <class Row>
    void totals(std::vector<Row>& now, std::vector<Row>& before, std::size_t firstStream, std::size_t streams)
    {
        before.resize(now.size());
        constexpr std::size_t kCount = std::tuple_size_v<decltype(fields(std::declval<Row&>()))>;
        for (std::size_t field = 0; field < kCount; ++field) {
            for (std::size_t row = 0; row < now.size(); ++row) {
                std::int64_t& value = *fields(now[row])[field];
                const auto last = static_cast<std::uint64_t>(*fields(before[row])[field]);
                std::uint64_t change = static_cast<std::uint64_t>(value) - last;
                signedNumber(firstStream + field * streams + (streams == 2 && last != 0 ? 1 : 0), change);
                value = static_cast<std::int64_t>(last + change);
            }
        }
        before = now;
    }

    void codeFlows(std::vector<std::int64_t>& flows)
    {
        m_flows.resize(flows.size());
        for (std::size_t i = 0; i < flows.size(); ++i) {
            auto value = static_cast<std::uint64_t>(flows[i]);
            m_streams.code(kFlows + classOf(2 * m_flows[i]), value);
            m_flows[i] = value;
            flows[i] = static_cast<std::int64_t>(value);
        }
    }

    bool sketch(SparseSketch& sparse, Past& past)
    {
        constexpr bool kReading = std::is_same_v<Streams, Unpacker>;
        std::uint64_t first = Sketch::kBuckets, end = 0;
        if constexpr (!kReading) {
            const std::vector<SparseSketch::Bucket> buckets = sparse.buckets();
            if (!buckets.empty()) {
                first = buckets.front().bucket;
                end = buckets.back().bucket + 1u;
                std::fill(m_counts.begin() + static_cast<std::ptrdiff_t>(first),
                          m_counts.begin() + static_cast<std::ptrdiff_t>(end), 0);
            }
            for (const SparseSketch::Bucket& b : buckets) {
                m_counts[b.bucket] = b.count;
            }
        }
        std::uint64_t width = end > first ? end - first : 0;
        m_streams.code(kSketchBounds + 1, width);
        if (width > 0) {
            m_streams.code(kSketchBounds, first);
            if (first >= Sketch::kBuckets || width > Sketch::kBuckets - first) {
                return false;
            }
            end = first + width;
            const auto& counts = past.counts;
            std::uint64_t left = 0, leftOfIt = 0;
            for (std::uint64_t b = first; b < end; ++b) {
                const std::uint64_t expected =
                    m_first ? 11 * left + 5 * (b > first + 1 ? leftOfIt : left)
                            : (6 * counts[b + 1] + 3 * (counts[b] + counts[b + 2]) + 64 * left) / 16;
                m_streams.code(kSketchCounts + classOf(expected), m_counts[b]);
                leftOfIt = left;
                left = m_counts[b];
            }
        }
        past.from = std::min(past.from, first);
        past.to = std::max(past.to, end);
        for (std::uint64_t b = past.from; b < past.to; ++b) {
            const std::uint64_t now = b >= first && b < end ? m_counts[b] : 0;
            std::uint64_t& count = past.counts[b + 1];
            count = m_first ? 16 * now : count - count / 4 + 4 * now;
        }
        if constexpr (kReading) {
            m_buckets.clear();
            for (std::uint64_t b = first; b < end; ++b) {
                if (m_counts[b] > UINT32_MAX) {
                    return false;
                }
                if (m_counts[b] > 0) {
                    m_buckets.push_back({static_cast<std::uint16_t>(b), static_cast<std::uint32_t>(m_counts[b])});
                }
            }
            sparse = SparseSketch(m_buckets);
        }
        return true;
    }

    Streams& m_streams;
    bool m_first = true;
    std::uint64_t m_lastEnd = 0;
    std::vector<DemandTotals> m_demand;
    std::vector<SupplyTotals> m_supply;
    std::vector<std::uint64_t> m_flows;
    std::vector<Past> m_pasts;
    std::array<std::uint64_t, Sketch::kBuckets> m_counts{};
    std::vector<SparseSketch::Bucket> m_buckets;
};

} // namespace

std::string packIntervals(std::span<const std::shared_ptr<const Interval>> intervals)
{
    Writer writer;
    std::uint64_t count = intervals.size();
    writer.code(kFrame, count);
    Coder coder(writer);
    for (const auto& interval : intervals) {
        Interval copy = *interval;
        [[maybe_unused]] const bool sensible = coder.code(copy);
        assert(sensible);
    }
    return writer.finish();
}

Result<std::vector<Interval>> unpackIntervals(std::string_view bytes)
{
    const Error damaged{.code = ErrorCode::Corrupt, .message = "a block of recorded history is damaged"};
    Unpacker unpacker;
    std::uint64_t count = 0;
    if (!unpacker.open(bytes)) {
        return damaged;
    }
    unpacker.code(kFrame, count);
    if (count > kMostIntervals) {
        return damaged;
    }
    Coder coder(unpacker);
    std::vector<Interval> intervals(count);
    for (Interval& interval : intervals) {
        if (!coder.code(interval) || !unpacker.good()) {
            return damaged;
        }
    }
    if (!unpacker.done()) {
        return damaged;
    }
    return intervals;
}

std::string packSketch(const SparseSketch& sketch)
{
    std::string out;
    std::uint32_t last = 0;
    for (const SparseSketch::Bucket& b : sketch.buckets()) {
        put(out, b.bucket - last);
        put(out, b.count);
        last = b.bucket;
    }
    return out;
}

std::string packSketch(const Sketch& sketch)
{
    std::string out;
    std::size_t last = 0;
    for (std::size_t bucket = 0; bucket < Sketch::kBuckets; ++bucket) {
        if (const std::int64_t count = sketch.bucketCount(bucket); count > 0) {
            put(out, bucket - last);
            put(out, static_cast<std::uint64_t>(count));
            last = bucket;
        }
    }
    return out;
}

bool addPackedSketch(std::string_view bytes, Sketch& sketch)
{
    Reader in{bytes};
    std::uint64_t bucket = 0;
    while (!in.done()) {
        const std::uint64_t gap = in.number();
        const std::uint64_t count = in.number();
        if (!in.good || gap >= Sketch::kBuckets || count > kMostInBucket || (bucket += gap) >= Sketch::kBuckets) {
            return false;
        }
        sketch.addToBucket(bucket, static_cast<std::int64_t>(count));
    }
    return true;
}

std::string packFlows(const std::vector<std::int64_t>& flows)
{
    std::string out;
    for (const std::int64_t flow : flows) {
        put(out, static_cast<std::uint64_t>(flow));
    }
    return out;
}

bool unpackFlows(std::string_view bytes, std::vector<std::int64_t>& flows)
{
    Reader in{bytes};
    while (!in.done() && in.good) {
        flows.push_back(static_cast<std::int64_t>(in.number()));
    }
    return in.good;
}

std::string packBytes(std::string_view bytes)
{
    const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), &ZSTD_freeCCtx);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
    std::string packed(ZSTD_compressBound(bytes.size()), '\0');
    const std::size_t size = ZSTD_compress2(context.get(), packed.data(), packed.size(), bytes.data(), bytes.size());
    assert(ZSTD_isError(size) == 0);
    packed.resize(size);
    return packed;
}

Result<std::string> unpackBytes(std::string_view packed)
{
    const unsigned long long size = ZSTD_getFrameContentSize(packed.data(), packed.size());
    if (size <= kMostBytes) { // an error or an unknown size is far above
        std::string bytes(size, '\0');
        if (ZSTD_decompress(bytes.data(), bytes.size(), packed.data(), packed.size()) == size) {
            return bytes;
        }
    }
    return Error{.code = ErrorCode::Corrupt, .message = "compressed bytes in the store are damaged"};
}

} // namespace isobar::store
