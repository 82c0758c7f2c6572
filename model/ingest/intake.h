// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/ingest/import.h"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace isobar::ingest {

/// The one path every row of every format takes: counts it, keeps its diagnostics, puts what is rejected into
/// quarantine, and looks at the stop token. Every row read ends in exactly one of accepted, repaired, quarantined and
/// unchanged.
class Intake {
public:
    Intake(store::Store::ImportWriter& writer, const JobContext& job, std::string file, std::int64_t totalBytes);

    [[nodiscard]] store::Store::ImportWriter& writer() { return m_writer; }

    /// Call for each row before it is judged, with the bytes read so far; ErrorCode::Cancelled when the user stopped.
    [[nodiscard]] Status row(std::int64_t bytesDone);

    void accepted(std::int64_t rows = 1) { m_record.rowsAccepted += rows; }
    void repaired(std::int64_t rows = 1) { m_record.rowsRepaired += rows; }
    void unchanged(std::int64_t rows = 1) { m_record.rowsUnchanged += rows; }
    /// Rows of a document that is not read row by row.
    void readWhole(std::int64_t rows) { m_record.rowsRead += rows; }

    /// The row is left out. `what` names the offending text and why, in words.
    [[nodiscard]] Status quarantine(std::int64_t line, std::size_t column, std::string rule, std::string what,
                                    std::string_view raw);

    /// Something to know about a row that is taken as it stands. `describe` is only called while there is room for its
    /// answer.
    template <class Describe> void notice(std::int64_t line, std::size_t column, const char* rule, Describe&& describe)
    {
        tell(line, column, rule, false, std::forward<Describe>(describe));
    }
    /// What was mended of a row; it is counted with repaired().
    template <class Describe> void mended(std::int64_t line, std::size_t column, const char* rule, Describe&& describe)
    {
        tell(line, column, rule, true, std::forward<Describe>(describe));
    }

    [[nodiscard]] const store::ImportRecord& record() const { return m_record; }

    /// The report so far. Of more than kMaxDiagnostics, quarantined rows are kept before mere notices; they stand in
    /// the order of the file.
    [[nodiscard]] ImportReport report() const;

private:
    template <class Describe>
    void tell(std::int64_t line, std::size_t column, const char* rule, bool repaired, Describe&& describe)
    {
        ++m_total;
        if (m_notices.size() < ImportReport::kMaxDiagnostics) {
            keep(m_notices, {.line = line,
                             .column = static_cast<std::int64_t>(column),
                             .rule = rule,
                             .text = std::forward<Describe>(describe)(),
                             .repaired = repaired});
        }
    }
    static void keep(std::vector<store::Diagnostic>& list, store::Diagnostic diagnostic);

    store::Store::ImportWriter& m_writer;
    const JobContext& m_job;
    std::string m_file, m_stage;
    std::int64_t m_totalBytes = 0;
    store::ImportRecord m_record;
    std::vector<store::Diagnostic> m_rejected, m_notices;
    std::int64_t m_total = 0;
    std::chrono::steady_clock::time_point m_lastReport{};
};

} // namespace isobar::ingest
