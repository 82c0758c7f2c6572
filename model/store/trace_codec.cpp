// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/store/trace_codec.h"

#include <bit>
#include <cassert>
#include <limits>
#include <memory>
#include <numeric>
#include <zstd.h>

namespace isobar::store {

namespace {

constexpr std::size_t kBytesPerRequest = 8 + 4 + 4;
constexpr std::size_t kBytesPerMeasured = 4 * 8;
constexpr int kCompressionLevel = 3;

Error damaged()
{
    return {
        .code = ErrorCode::Corrupt, .message = "a block of this trace is damaged", .advice = "import the trace again"};
}

/// Writes byte k of value i to plane k; planes follow each other.
template <class Unsigned, class Rows, class Value> void putPlanes(char* out, const Rows& rows, Value value)
{
    for (std::size_t i = 0; i < rows.size(); ++i) {
        Unsigned bits = value(rows[i]);
        for (std::size_t plane = 0; plane < sizeof(Unsigned); ++plane, bits >>= 8) {
            out[plane * rows.size() + i] = static_cast<char>(bits & 0xff);
        }
    }
}

template <class Unsigned> Unsigned getPlanes(const char* in, std::size_t count, std::size_t i)
{
    Unsigned bits = 0;
    for (std::size_t plane = sizeof(Unsigned); plane-- > 0;) {
        bits = static_cast<Unsigned>(bits << 8) | static_cast<unsigned char>(in[plane * count + i]);
    }
    return bits;
}

/// The columns of MeasuredRequest, in the order they are stored.
constexpr double MeasuredRequest::*kMeasuredColumns[] = {&MeasuredRequest::queueSeconds, &MeasuredRequest::ttftSeconds,
                                                         &MeasuredRequest::itlSeconds,
                                                         &MeasuredRequest::endToEndSeconds};

} // namespace

std::string compressed(std::string_view bytes)
{
    std::string packed(ZSTD_compressBound(bytes.size()), '\0');
    const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), &ZSTD_freeCCtx);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kCompressionLevel);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1); // a flipped bit is found when it is read
    const std::size_t size = ZSTD_compress2(context.get(), packed.data(), packed.size(), bytes.data(), bytes.size());
    assert(ZSTD_isError(size) == 0); // the room is the bound zstd itself named
    packed.resize(size);
    return packed;
}

Result<std::string> decompressed(std::string_view bytes, std::size_t size)
{
    std::string out(size, '\0');
    const std::size_t got = ZSTD_decompress(out.data(), out.size(), bytes.data(), bytes.size());
    if (ZSTD_isError(got) != 0 || got != size) {
        return damaged();
    }
    return out;
}

std::string packTraceBlock(std::span<const TraceRequest> requests)
{
    const std::size_t n = requests.size();
    std::string planes(n * kBytesPerRequest, '\0');
    putPlanes<std::uint64_t>(planes.data(), requests,
                             [](const TraceRequest& r) { return std::bit_cast<std::uint64_t>(r.arrivalSeconds); });
    putPlanes<std::uint32_t>(planes.data() + 8 * n, requests,
                             [](const TraceRequest& r) { return static_cast<std::uint32_t>(r.inputTokens); });
    putPlanes<std::uint32_t>(planes.data() + 12 * n, requests,
                             [](const TraceRequest& r) { return static_cast<std::uint32_t>(r.outputTokens); });
    return compressed(planes);
}

Status unpackTraceBlock(std::string_view bytes, std::size_t requests, std::vector<TraceRequest>& out)
{
    if (requests > TraceBlock::kMaxRequests) {
        return damaged();
    }
    ISOBAR_TRY_ASSIGN(const std::string planes, decompressed(bytes, requests * kBytesPerRequest));
    for (std::size_t i = 0; i < requests; ++i) {
        TraceRequest r;
        r.arrivalSeconds = std::bit_cast<double>(getPlanes<std::uint64_t>(planes.data(), requests, i));
        r.inputTokens = static_cast<std::int32_t>(getPlanes<std::uint32_t>(planes.data() + 8 * requests, requests, i));
        r.outputTokens =
            static_cast<std::int32_t>(getPlanes<std::uint32_t>(planes.data() + 12 * requests, requests, i));
        out.push_back(r);
    }
    return Done{};
}

std::string packPrefixes(const TraceBlock& block)
{
    const std::size_t counts = block.hashCounts.size() * sizeof(std::uint32_t);
    std::string planes(counts + block.hashes.size() * sizeof(std::uint64_t), '\0');
    putPlanes<std::uint32_t>(planes.data(), block.hashCounts, [](std::uint32_t count) { return count; });
    putPlanes<std::uint64_t>(planes.data() + counts, block.hashes, [](std::uint64_t hash) { return hash; });
    return compressed(planes);
}

Status unpackPrefixes(std::string_view bytes, TraceBlock& block)
{
    const std::size_t requests = block.requests.size(), counts = requests * sizeof(std::uint32_t);
    // A request has no more hashes than tokens: what a header claims beyond that is not believed.
    const std::uint64_t most = std::accumulate(block.requests.begin(), block.requests.end(), std::uint64_t{0},
                                               [](std::uint64_t sum, const TraceRequest& request) {
                                                   return sum + static_cast<std::uint32_t>(request.inputTokens);
                                               });
    const unsigned long long size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR || size < counts ||
        (size - counts) % sizeof(std::uint64_t) != 0 || (size - counts) / sizeof(std::uint64_t) > most) {
        return damaged();
    }
    ISOBAR_TRY_ASSIGN(const std::string planes, decompressed(bytes, static_cast<std::size_t>(size)));
    const std::size_t hashes = (planes.size() - counts) / sizeof(std::uint64_t);
    std::uint64_t owned = 0;
    for (std::size_t i = 0; i < requests; ++i) {
        block.hashCounts.push_back(getPlanes<std::uint32_t>(planes.data(), requests, i));
        owned += block.hashCounts.back();
    }
    if (owned != hashes) {
        return damaged();
    }
    for (std::size_t i = 0; i < hashes; ++i) {
        block.hashes.push_back(getPlanes<std::uint64_t>(planes.data() + counts, hashes, i));
    }
    return Done{};
}

std::string packMeasured(std::span<const MeasuredRequest> measured)
{
    std::string planes(measured.size() * kBytesPerMeasured, '\0');
    char* out = planes.data();
    for (const auto column : kMeasuredColumns) {
        putPlanes<std::uint64_t>(
            out, measured, [column](const MeasuredRequest& m) { return std::bit_cast<std::uint64_t>(m.*column); });
        out += measured.size() * sizeof(double);
    }
    return compressed(planes);
}

Status unpackMeasured(std::string_view bytes, TraceBlock& block)
{
    const std::size_t requests = block.requests.size();
    ISOBAR_TRY_ASSIGN(const std::string planes, decompressed(bytes, requests * kBytesPerMeasured));
    block.measured.resize(requests);
    const char* in = planes.data();
    for (const auto column : kMeasuredColumns) {
        for (std::size_t i = 0; i < requests; ++i) {
            block.measured[i].*column = std::bit_cast<double>(getPlanes<std::uint64_t>(in, requests, i));
        }
        in += requests * sizeof(double);
    }
    return Done{};
}

} // namespace isobar::store
