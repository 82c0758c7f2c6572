// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/result.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <variant>
#include <vector>

/// Raw samples in columns, kept so that grouping them costs little more than reading them.
///
/// A measure is kept as whole quanta (a utilization of 0.4217 with a quantum of 1e-4 is 4217), so that every sum is one
/// of integers: exact, and the same in any order and on any number of threads. The one rounding is on the way in, to
/// the nearest quantum.
///
/// Rows are gathered in chunks of a million. A full chunk is sealed: sorted by dimensions, then time, so that the
/// samples of one series (one value of every dimension) lie side by side as a run, and dimensions are kept once a run.
/// Where all series of a chunk were sampled at common instants, those are kept once a chunk too. A measure is kept as
/// differences from the smallest of its chunk, in 2, 4 or 8 bytes.
namespace isobar::aggregate {

struct CubeDimension {
    std::string name;
    std::uint32_t size = 1; ///< values are 0 ... size - 1; at most 65,536
};

struct CubeMeasure {
    std::string name;
    double quantum = 1; ///< what one unit of the kept integers stands for
};

/// A column of a sealed chunk: base + code, or no value.
struct CubeCodes {
    using Codes = std::variant<std::vector<std::uint16_t>, std::vector<std::uint32_t>, std::vector<std::uint64_t>>;
    Codes codes;
    std::int64_t base = 0;
    bool hasMissing = false; ///< then the largest code means "no value"
    std::int64_t min = 0, max = 0;
    std::int64_t present = 0; ///< values that are there; min and max mean nothing without
};

/// Rows of one series in a chunk: [begin, begin of the next run), times ascending.
struct CubeRun {
    std::uint64_t series = 0; ///< the dimensions' values as one number, the last dimension fastest
    std::uint32_t begin = 0;
    std::uint32_t slot = 0; ///< of the first row, where the chunk has common instants
};

struct CubeChunk {
    std::vector<CubeRun> runs;          ///< ascending by series; one more at the end with only `begin`
    std::vector<std::int64_t> instants; ///< common instants, ascending; a run has those from its slot on without a gap
    std::vector<std::int64_t> times;    ///< by row, where there are none
    std::vector<CubeCodes> columns;     ///< by measure
    std::int64_t minTime = 0, maxTime = 0;
    std::uint32_t rows = 0;

    [[nodiscard]] const std::int64_t* timesOf(const CubeRun& run) const
    {
        return instants.empty() ? times.data() + run.begin : instants.data() + run.slot;
    }
};

class SampleCube {
public:
    static constexpr std::uint32_t kChunkRows = 1u << 20;

    /// Fails without dimensions or measures, for a dimension's size of 0 or above 65,536, more than 2^62 series, or a
    /// quantum that is not above zero.
    static Result<SampleCube> create(std::vector<CubeDimension> dimensions, std::vector<CubeMeasure> measures);

    struct Batch {
        std::span<const std::int64_t> timeMicros;
        std::vector<std::span<const std::uint16_t>> dimensions;
        std::vector<std::span<const double>> measures; ///< NaN = no value
    };
    /// Adds rows in any order of time (a clock that is put back does no harm). Fails, adding none of them, when a
    /// column is missing or of another length, a dimension's value is out of range, a value is infinite or beyond 2^53
    /// quanta, or a measure's sum of absolute values would pass 2^63 quanta. Time: O(rows); sealing included about 30
    /// ns a row.
    Status append(const Batch& batch);

    [[nodiscard]] std::uint64_t rows() const { return m_sealedRows + m_times.size(); }
    [[nodiscard]] const std::vector<CubeDimension>& dimensions() const { return m_dimensions; }
    [[nodiscard]] const std::vector<CubeMeasure>& measures() const { return m_measures; }
    /// Full chunks. What was appended since the last one is in none of them; `open` makes one of it.
    [[nodiscard]] const std::vector<CubeChunk>& chunks() const { return m_chunks; }
    [[nodiscard]] CubeChunk open() const;
    /// Makes the rows that wait a chunk, however few.
    void seal();
    /// The value of one dimension in a run's series.
    [[nodiscard]] std::uint32_t valueOf(std::uint64_t series, std::size_t dimension) const
    {
        return static_cast<std::uint32_t>(series / m_strides[dimension] % m_dimensions[dimension].size);
    }
    /// Bytes of the chunks' columns.
    [[nodiscard]] std::uint64_t bytes() const;

private:
    SampleCube() = default;
    static constexpr std::int64_t kNoValue = std::numeric_limits<std::int64_t>::min();

    std::vector<CubeDimension> m_dimensions;
    std::vector<CubeMeasure> m_measures;
    std::vector<std::uint64_t> m_strides; ///< of a dimension in a series' number
    std::vector<CubeChunk> m_chunks;
    std::uint64_t m_sealedRows = 0;
    std::vector<std::uint64_t> m_absoluteSums; ///< by measure, quanta

    // The rows that wait.
    std::vector<std::int64_t> m_times;
    std::vector<std::uint64_t> m_series;
    std::vector<std::vector<std::int64_t>> m_values; ///< by measure, quanta
};

} // namespace isobar::aggregate
