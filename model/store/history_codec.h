// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/interval.h"
#include "model/fleet/result.h"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Measured intervals as bytes. Exact both ways.
///
/// A block holds intervals of one run in their order, as columns: every column is written over all rows before the
/// next one starts, and a value as its difference to the same row of the interval before, so that like lies with like.
/// Counts of latency buckets and of flows, which are noise round a slowly changing shape, go to one of some thirty
/// streams by the count their neighbours in bucket and time lead one to expect: each stream is then compressed (zstd)
/// with a code that fits it. Numbers are LEB128. A 64-bit hash of the whole ends the block.
namespace isobar::store {

using Intervals = std::vector<std::shared_ptr<const aggregate::Interval>>;

/// At least one interval, ascending in time. The layouts are not in the bytes.
[[nodiscard]] std::string packIntervals(std::span<const std::shared_ptr<const aggregate::Interval>> intervals);

/// The intervals without layouts; ErrorCode::Corrupt when the bytes are not a block.
[[nodiscard]] Result<std::vector<aggregate::Interval>> unpackIntervals(std::string_view bytes);

/// A sketch as LEB128 pairs: how far this bucket is above the last one, and its count. Empty for an empty sketch.
[[nodiscard]] std::string packSketch(const aggregate::SparseSketch& sketch);
[[nodiscard]] std::string packSketch(const aggregate::Sketch& sketch);
/// Adds what `bytes` holds to `sketch`; false, and `sketch` in any state, when they are not a sketch.
[[nodiscard]] bool addPackedSketch(std::string_view bytes, aggregate::Sketch& sketch);

/// Flows as LEB128 numbers.
[[nodiscard]] std::string packFlows(const std::vector<std::int64_t>& flows);
[[nodiscard]] bool unpackFlows(std::string_view bytes, std::vector<std::int64_t>& flows);

/// Text or bytes under one zstd frame with a checksum. unpackBytes() is ErrorCode::Corrupt for anything else.
[[nodiscard]] std::string packBytes(std::string_view bytes);
[[nodiscard]] Result<std::string> unpackBytes(std::string_view packed);

} // namespace isobar::store
