// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/store/store.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// A block of trace requests as bytes: the arrivals (IEEE double), then the input and the output tokens (int32), each
/// column split into its byte planes so that equal high bytes lie together, and the whole compressed with zstd.
/// Prefixes likewise: hashes a request (uint32), then the hashes (uint64); measured times: four columns of doubles.
/// Little-endian whatever the machine. Exact both ways.
namespace isobar::store {

[[nodiscard]] std::string packTraceBlock(std::span<const TraceRequest> requests);
/// Appends `requests` requests to `out`; ErrorCode::Corrupt when the bytes are not those of so many requests.
[[nodiscard]] Status unpackTraceBlock(std::string_view bytes, std::size_t requests, std::vector<TraceRequest>& out);

[[nodiscard]] std::string packPrefixes(const TraceBlock& block);
/// Into `block`, whose requests are there. Errors: Corrupt.
[[nodiscard]] Status unpackPrefixes(std::string_view bytes, TraceBlock& block);

[[nodiscard]] std::string packMeasured(std::span<const MeasuredRequest> measured);
/// Into `block`, whose requests are there. Errors: Corrupt.
[[nodiscard]] Status unpackMeasured(std::string_view bytes, TraceBlock& block);

[[nodiscard]] std::string compressed(std::string_view bytes);
/// Errors: Corrupt, also when it is not `size` bytes that come out.
[[nodiscard]] Result<std::string> decompressed(std::string_view bytes, std::size_t size);

} // namespace isobar::store
