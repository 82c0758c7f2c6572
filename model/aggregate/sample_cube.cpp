// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/aggregate/sample_cube.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace isobar::aggregate {
namespace {

constexpr std::uint64_t kMostSeries = std::uint64_t{1} << 62;
constexpr std::uint32_t kMostValues = 65'536;
constexpr double kMostQuanta = 9'007'199'254'740'992; // 2^53: every integer below is a double
/// Series numbers below this are sorted by counting.
constexpr std::uint64_t kCounted = std::uint64_t{1} << 22;

Error invalid(std::string message, std::string advice)
{
    return Error{ErrorCode::InvalidValue, std::move(message), std::move(advice)};
}

/// Row numbers by series, then time, then order of arrival.
std::vector<std::uint32_t> sortedRows(const std::vector<std::uint64_t>& series, const std::vector<std::int64_t>& times)
{
    std::vector<std::uint32_t> order(series.size());
    const std::uint64_t last = *std::max_element(series.begin(), series.end());
    if (last < kCounted) {
        std::vector<std::uint32_t> at(last + 2, 0);
        for (const std::uint64_t s : series) {
            ++at[s + 1];
        }
        std::partial_sum(at.begin(), at.end(), at.begin());
        for (std::uint32_t row = 0; row < series.size(); ++row) {
            order[at[series[row]]++] = row;
        }
    } else {
        std::iota(order.begin(), order.end(), 0u);
        std::stable_sort(order.begin(), order.end(),
                         [&](std::uint32_t a, std::uint32_t b) { return series[a] < series[b]; });
    }
    // Rows mostly arrive in order of time; a run that did not is sorted.
    for (std::size_t begin = 0; begin < order.size();) {
        std::size_t end = begin + 1;
        bool ascends = true;
        for (; end < order.size() && series[order[end]] == series[order[begin]]; ++end) {
            ascends = ascends && times[order[end - 1]] <= times[order[end]];
        }
        if (!ascends) {
            std::stable_sort(order.begin() + static_cast<std::ptrdiff_t>(begin),
                             order.begin() + static_cast<std::ptrdiff_t>(end),
                             [&](std::uint32_t a, std::uint32_t b) { return times[a] < times[b]; });
        }
        begin = end;
    }
    return order;
}

template <class Code>
std::vector<Code> encode(const std::vector<std::int64_t>& values, const std::vector<std::uint32_t>& order,
                         std::int64_t base, std::int64_t noValue)
{
    std::vector<Code> codes(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        const std::int64_t value = values[order[i]];
        codes[i] = value == noValue
                       ? std::numeric_limits<Code>::max()
                       : static_cast<Code>(static_cast<std::uint64_t>(value) - static_cast<std::uint64_t>(base));
    }
    return codes;
}

CubeCodes columnOf(const std::vector<std::int64_t>& values, const std::vector<std::uint32_t>& order,
                   std::int64_t noValue)
{
    CubeCodes column;
    column.min = std::numeric_limits<std::int64_t>::max();
    column.max = noValue;
    for (const std::int64_t value : values) {
        column.present += value != noValue ? 1 : 0;
        column.min = value != noValue ? std::min(column.min, value) : column.min;
        column.max = std::max(column.max, value);
    }
    column.hasMissing = column.present < static_cast<std::int64_t>(values.size());
    if (column.present == 0) {
        column.min = column.max = 0;
    }
    column.base = column.min;
    // One code more than the span: the largest is kept for "no value".
    const std::uint64_t span = static_cast<std::uint64_t>(column.max) - static_cast<std::uint64_t>(column.min);
    if (span < std::numeric_limits<std::uint16_t>::max()) {
        column.codes = encode<std::uint16_t>(values, order, column.base, noValue);
    } else if (span < std::numeric_limits<std::uint32_t>::max()) {
        column.codes = encode<std::uint32_t>(values, order, column.base, noValue);
    } else {
        column.codes = encode<std::uint64_t>(values, order, column.base, noValue);
    }
    return column;
}

/// Keeps the instants once a chunk if every run has a stretch of them without a gap.
void shareInstants(CubeChunk& chunk, const std::vector<std::int64_t>& asArrived)
{
    std::vector<std::int64_t> all = asArrived;
    all.erase(std::unique(all.begin(), all.end()), all.end()); // samples of an instant mostly arrive together
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    if (all.size() * 2 > chunk.times.size()) {
        return; // nothing to win
    }
    for (std::size_t i = 0; i + 1 < chunk.runs.size(); ++i) {
        const auto first = chunk.times.begin() + chunk.runs[i].begin;
        const auto last = chunk.times.begin() + chunk.runs[i + 1].begin;
        const auto at = std::lower_bound(all.begin(), all.end(), *first);
        if (all.end() - at < last - first || !std::equal(first, last, at)) {
            return;
        }
        chunk.runs[i].slot = static_cast<std::uint32_t>(at - all.begin());
    }
    chunk.instants = std::move(all);
    chunk.times = {};
}

} // namespace

Result<SampleCube> SampleCube::create(std::vector<CubeDimension> dimensions, std::vector<CubeMeasure> measures)
{
    if (dimensions.empty() || measures.empty()) {
        return invalid("a cube needs a dimension and a measure", "give one of each at least");
    }
    SampleCube cube;
    std::uint64_t series = 1;
    cube.m_strides.resize(dimensions.size());
    for (std::size_t d = dimensions.size(); d-- > 0;) {
        cube.m_strides[d] = series;
        if (dimensions[d].size == 0 || dimensions[d].size > kMostValues || series > kMostSeries / dimensions[d].size) {
            return invalid(
                fmt::format("a dimension {} of {} values does not fit", dimensions[d].name, dimensions[d].size),
                "at most 65,536 values, and 2^62 series in all");
        }
        series *= dimensions[d].size;
    }
    for (const CubeMeasure& measure : measures) {
        if (!(measure.quantum > 0) || !std::isfinite(measure.quantum)) {
            return invalid(fmt::format("the quantum of {} is {}", measure.name, measure.quantum),
                           "give one above zero");
        }
    }
    cube.m_dimensions = std::move(dimensions);
    cube.m_measures = std::move(measures);
    cube.m_values.resize(cube.m_measures.size());
    cube.m_absoluteSums.resize(cube.m_measures.size());
    return cube;
}

Status SampleCube::append(const Batch& batch)
{
    const std::size_t count = batch.timeMicros.size();
    const auto sameLength = [count](const auto& column) { return column.size() == count; };
    if (batch.dimensions.size() != m_dimensions.size() || batch.measures.size() != m_measures.size() ||
        !std::all_of(batch.dimensions.begin(), batch.dimensions.end(), sameLength) ||
        !std::all_of(batch.measures.begin(), batch.measures.end(), sameLength)) {
        return invalid("the columns of a batch do not match the cube's", "give every column, all of one length");
    }
    std::vector<std::uint64_t> series(count, 0);
    for (std::size_t d = 0; d < m_dimensions.size(); ++d) {
        const std::span<const std::uint16_t> column = batch.dimensions[d];
        std::uint32_t largest = 0;
        for (std::size_t i = 0; i < count; ++i) {
            largest = std::max<std::uint32_t>(largest, column[i]);
            series[i] += column[i] * m_strides[d];
        }
        if (count > 0 && largest >= m_dimensions[d].size) {
            return invalid(fmt::format("{} has no value {}", m_dimensions[d].name, largest),
                           fmt::format("it has 0 to {}", m_dimensions[d].size - 1));
        }
    }
    std::vector<std::vector<std::int64_t>> values(m_measures.size());
    std::vector<std::uint64_t> sums = m_absoluteSums;
    for (std::size_t m = 0; m < m_measures.size(); ++m) {
        values[m].resize(count);
        for (std::size_t i = 0; i < count; ++i) {
            const double value = batch.measures[m][i];
            // Division, not a product with the inverse: 0.3 / 0.1 rounds to the quantum a person expects.
            const double quanta = std::nearbyint(value / m_measures[m].quantum);
            if (std::isnan(value)) {
                values[m][i] = kNoValue;
                continue;
            }
            if (!(std::abs(quanta) <= kMostQuanta)) {
                return invalid(fmt::format("a {} of {} is out of range", m_measures[m].name, value),
                               fmt::format("at most {} either side of zero", kMostQuanta * m_measures[m].quantum));
            }
            values[m][i] = static_cast<std::int64_t>(quanta);
            sums[m] += static_cast<std::uint64_t>(std::abs(values[m][i]));
            if (sums[m] >> 63 != 0) {
                return invalid(fmt::format("the {} in the cube add up to more than 2^63 quanta", m_measures[m].name),
                               "use a larger quantum");
            }
        }
    }
    m_absoluteSums = std::move(sums);
    for (std::size_t done = 0; done < count;) {
        const auto first = static_cast<std::ptrdiff_t>(done);
        const std::size_t some = std::min(count - done, kChunkRows - m_times.size());
        const auto last = first + static_cast<std::ptrdiff_t>(some);
        m_times.insert(m_times.end(), batch.timeMicros.begin() + first, batch.timeMicros.begin() + last);
        m_series.insert(m_series.end(), series.begin() + first, series.begin() + last);
        for (std::size_t m = 0; m < m_measures.size(); ++m) {
            m_values[m].insert(m_values[m].end(), values[m].begin() + first, values[m].begin() + last);
        }
        done += some;
        if (m_times.size() == kChunkRows) {
            seal();
        }
    }
    return Done{};
}

CubeChunk SampleCube::open() const
{
    CubeChunk chunk;
    chunk.rows = static_cast<std::uint32_t>(m_times.size());
    if (chunk.rows == 0) {
        return chunk;
    }
    const std::vector<std::uint32_t> order = sortedRows(m_series, m_times);
    chunk.times.resize(chunk.rows);
    for (std::uint32_t i = 0; i < chunk.rows; ++i) {
        chunk.times[i] = m_times[order[i]];
        if (i == 0 || m_series[order[i]] != m_series[order[i - 1]]) {
            chunk.runs.push_back({m_series[order[i]], i, 0});
        }
    }
    chunk.runs.push_back({0, chunk.rows, 0});
    const auto [least, most] = std::minmax_element(m_times.begin(), m_times.end());
    chunk.minTime = *least;
    chunk.maxTime = *most;
    shareInstants(chunk, m_times);
    for (const auto& values : m_values) {
        chunk.columns.push_back(columnOf(values, order, kNoValue));
    }
    return chunk;
}

void SampleCube::seal()
{
    if (m_times.empty()) {
        return;
    }
    m_chunks.push_back(open());
    m_sealedRows += m_times.size();
    m_times.clear();
    m_series.clear();
    for (auto& values : m_values) {
        values.clear();
    }
}

std::uint64_t SampleCube::bytes() const
{
    std::uint64_t total = 0;
    for (const CubeChunk& chunk : m_chunks) {
        total +=
            chunk.runs.size() * sizeof(CubeRun) + (chunk.instants.size() + chunk.times.size()) * sizeof(std::int64_t);
        for (const CubeCodes& column : chunk.columns) {
            total += std::visit([](const auto& codes) { return codes.size() * sizeof(codes[0]); }, column.codes);
        }
    }
    return total;
}

} // namespace isobar::aggregate
