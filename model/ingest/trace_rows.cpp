// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/text.h"
#include "model/ingest/trace_formats.h"

#include <algorithm>

#include <fmt/format.h>

/// Rows of a trace file: what is done with the bad ones, and how the good ones come into order.
namespace isobar::ingest {
namespace {

constexpr std::uint32_t kLookEvery = 1024; ///< rows between two looks at the clock
constexpr std::chrono::milliseconds kReportEvery{20};
/// Rows that stand out of order are held back until nothing can overtake them any more; a file that would need more
/// than that is one to be sorted first.
constexpr std::size_t kMaxHeldBytes = std::size_t{512} << 20;

std::size_t bytesOf(const FileRow& row)
{
    return sizeof(FileRow) + row.request.prefixHashes.size() * sizeof(std::uint64_t);
}

} // namespace

Error traceError(const std::filesystem::path& path, std::int64_t line, std::size_t column, std::string message,
                 std::string_view text)
{
    return {.code = ErrorCode::InvalidValue,
            .message = std::move(message),
            .file = path.string(),
            .line = line,
            .column = static_cast<std::int64_t>(column),
            .text = clipped(text, 190)};
}

Status StopAtFlaw::row(std::int64_t bytesDone)
{
    if (m_rows++ % kLookEvery != 0) {
        return Done{};
    }
    if (m_job.cancelled()) {
        return Error{.code = ErrorCode::Cancelled, .message = "cancelled", .file = m_path.string()};
    }
    if (const auto now = std::chrono::steady_clock::now(); now - m_lastReport >= kReportEvery) {
        m_lastReport = now;
        m_job.progress(m_stage, std::min(bytesDone, m_totalBytes), m_totalBytes);
    }
    return Done{};
}

Status StopAtFlaw::flawed(const RowFlaw& flaw)
{
    return traceError(flaw.part.empty() ? m_path : m_path / flaw.part, flaw.line, flaw.column, flaw.what, flaw.raw);
}

Status QuarantineFlawed::flawed(const RowFlaw& flaw)
{
    return m_intake.quarantine(flaw.line, flaw.column, flaw.rule,
                               flaw.part.empty() ? flaw.what : flaw.part + ": " + flaw.what, flaw.raw);
}

Result<std::unique_ptr<RowReader>> openRows(const std::filesystem::path& path, TraceFormat format,
                                            const RowRules& rules, RowPolicy& policy)
{
    return format == TraceFormat::AzureLlm ? openAzureRows(path, rules, policy)
                                           : openJsonRows(path, format, rules, policy);
}

Result<RowScan> scanRows(RowReader& reader)
{
    RowScan scan;
    FileRow row;
    for (;;) {
        ISOBAR_TRY_ASSIGN(const bool more, reader.next(row));
        if (!more) {
            return scan;
        }
        if (scan.rows++ == 0) {
            scan.firstNanoseconds = scan.lastNanoseconds = row.nanoseconds;
        }
        if (row.nanoseconds < scan.lastNanoseconds) {
            ++scan.outOfOrder;
            scan.mostLateNanoseconds = std::max(scan.mostLateNanoseconds, scan.lastNanoseconds - row.nanoseconds);
            scan.firstNanoseconds = std::min(scan.firstNanoseconds, row.nanoseconds);
        }
        scan.lastNanoseconds = std::max(scan.lastNanoseconds, row.nanoseconds);
    }
}

OrderedRows::OrderedRows(std::unique_ptr<RowReader> reader, const RowScan& scan)
    : m_reader(std::move(reader))
    , m_scan(scan)
{
}

Result<bool> OrderedRows::read(FileRow& row)
{
    ISOBAR_TRY_ASSIGN(const bool more, m_reader->next(row));
    if (more) {
        row.request.place = m_place++;
        row.request.arrivalSeconds = static_cast<double>(row.nanoseconds - m_scan.firstNanoseconds) / 1e9;
    }
    return more;
}

Result<bool> OrderedRows::next(FileRow& row)
{
    if (m_scan.mostLateNanoseconds == 0) {
        return read(row);
    }
    while (!m_atEnd) {
        if (!m_held.empty() && m_held.front().nanoseconds <= m_latest - m_scan.mostLateNanoseconds) {
            break; // whatever follows is later, or as late and further down
        }
        FileRow fresh;
        ISOBAR_TRY_ASSIGN(const bool more, read(fresh));
        if (!more) {
            m_atEnd = true;
            break;
        }
        m_latest = std::max(m_latest, fresh.nanoseconds);
        m_heldBytes += bytesOf(fresh);
        if (m_heldBytes > kMaxHeldBytes) {
            return Error{.code = ErrorCode::InvalidValue,
                         .message = fmt::format("rows are out of order by so much ({:.0f} s) that they cannot be "
                                                "sorted on the way",
                                                static_cast<double>(m_scan.mostLateNanoseconds) / 1e9),
                         .advice = "sort the file by time first",
                         .line = fresh.line};
        }
        m_held.push_back(std::move(fresh));
        std::push_heap(m_held.begin(), m_held.end(), Later());
    }
    if (m_held.empty()) {
        return false;
    }
    std::pop_heap(m_held.begin(), m_held.end(), Later());
    m_heldBytes -= bytesOf(m_held.back());
    row = std::move(m_held.back());
    m_held.pop_back();
    return true;
}

} // namespace isobar::ingest
