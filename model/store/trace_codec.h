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
/// Little-endian whatever the machine. Exact both ways.
namespace isobar::store {

inline constexpr std::size_t kTraceBlockRequests = 65536;

[[nodiscard]] std::string packTraceBlock(std::span<const TraceRequest> requests);

/// Appends `requests` requests to `out`; ErrorCode::Corrupt when the bytes are not those of so many requests.
[[nodiscard]] Status unpackTraceBlock(std::string_view bytes, std::size_t requests, std::vector<TraceRequest>& out);

} // namespace isobar::store
