// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/intake.h"

#include "model/ingest/text.h"

#include <algorithm>

namespace isobar::ingest {

namespace {

constexpr std::int64_t kRowsBetweenLooks = 256; // well under a millisecond
constexpr std::chrono::milliseconds kBetweenReports{20};
constexpr std::size_t kMaxTextBytes = 196; // and "…": 200 bytes at most

} // namespace

Intake::Intake(store::Store::ImportWriter& writer, const JobContext& job, std::string file, std::int64_t totalBytes)
    : m_writer(writer)
    , m_job(job)
    , m_file(std::move(file))
    , m_stage("Reading " + std::filesystem::path(m_file).filename().string())
    , m_totalBytes(totalBytes)
{
}

Status Intake::row(std::int64_t bytesDone)
{
    if (m_record.rowsRead++ % kRowsBetweenLooks != 0) {
        return Done{};
    }
    if (m_job.cancelled()) {
        return Error{.code = ErrorCode::Cancelled, .message = "the import was cancelled", .file = m_file};
    }
    if (const auto now = std::chrono::steady_clock::now(); now - m_lastReport >= kBetweenReports) {
        m_lastReport = now;
        m_job.progress(m_stage, bytesDone, m_totalBytes);
    }
    return Done{};
}

Status Intake::quarantine(std::int64_t line, std::size_t column, std::string rule, std::string what,
                          std::string_view raw)
{
    ++m_record.rowsQuarantined;
    ++m_total;
    store::Diagnostic diagnostic{.line = line,
                                 .column = static_cast<std::int64_t>(column),
                                 .rule = std::move(rule),
                                 .text = clipped(what, kMaxTextBytes),
                                 .quarantined = true};
    // The store's text is UTF-8; a row that is not is kept with '?' in the place of what cannot be text.
    ISOBAR_TRY(m_writer.putQuarantined(diagnostic,
                                       isPrintableUtf8(raw) ? std::string(raw) : clipped(raw, std::size_t{64} * 1024)));
    if (m_rejected.size() < ImportReport::kMaxDiagnostics) {
        m_rejected.push_back(std::move(diagnostic));
    }
    return Done{};
}

ImportReport Intake::report() const
{
    ImportReport report;
    report.record = m_record;
    report.diagnosticsTotal = m_total;
    report.diagnostics = m_rejected;
    const std::size_t room = ImportReport::kMaxDiagnostics - m_rejected.size();
    report.diagnostics.insert(report.diagnostics.end(), m_notices.begin(),
                              m_notices.begin() + static_cast<std::ptrdiff_t>(std::min(room, m_notices.size())));
    std::stable_sort(report.diagnostics.begin(), report.diagnostics.end(),
                     [](const store::Diagnostic& a, const store::Diagnostic& b) { return a.line < b.line; });
    return report;
}

void Intake::keep(std::vector<store::Diagnostic>& list, store::Diagnostic diagnostic)
{
    diagnostic.text = clipped(diagnostic.text, kMaxTextBytes);
    list.push_back(std::move(diagnostic));
}

} // namespace isobar::ingest
