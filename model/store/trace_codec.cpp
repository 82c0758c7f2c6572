// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/store/trace_codec.h"

#include <bit>
#include <cassert>
#include <memory>
#include <zstd.h>

namespace isobar::store {

namespace {

constexpr std::size_t kBytesPerRequest = 8 + 4 + 4;
constexpr int kCompressionLevel = 3;

/// Writes byte k of value i to plane k; planes follow each other.
template <class Unsigned, class Value> void putPlanes(char* out, std::span<const TraceRequest> requests, Value value)
{
    for (std::size_t i = 0; i < requests.size(); ++i) {
        Unsigned bits = value(requests[i]);
        for (std::size_t plane = 0; plane < sizeof(Unsigned); ++plane, bits >>= 8) {
            out[plane * requests.size() + i] = static_cast<char>(bits & 0xff);
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

} // namespace

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
    std::string packed(ZSTD_compressBound(planes.size()), '\0');
    const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), &ZSTD_freeCCtx);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, kCompressionLevel);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1); // a flipped bit is found when it is read
    const std::size_t size = ZSTD_compress2(context.get(), packed.data(), packed.size(), planes.data(), planes.size());
    assert(ZSTD_isError(size) == 0); // the room is the bound zstd itself named
    packed.resize(size);
    return packed;
}

Status unpackTraceBlock(std::string_view bytes, std::size_t requests, std::vector<TraceRequest>& out)
{
    const Error damaged{
        .code = ErrorCode::Corrupt, .message = "a block of this trace is damaged", .advice = "import the trace again"};
    if (requests > kTraceBlockRequests) {
        return damaged;
    }
    std::string planes(requests * kBytesPerRequest, '\0');
    const std::size_t size = ZSTD_decompress(planes.data(), planes.size(), bytes.data(), bytes.size());
    if (ZSTD_isError(size) != 0 || size != planes.size()) {
        return damaged;
    }
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

} // namespace isobar::store
