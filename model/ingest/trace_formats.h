// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/ingest/input_file.h"
#include "model/ingest/intake.h"
#include "model/ingest/trace_file.h"

#include <chrono>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// One row parser a trace format, and the two ways to treat its bad rows: replaying stops at the first, importing puts
/// them into quarantine. Internal to ingest.
namespace isobar::ingest {

/// Why a row cannot be used.
struct RowFlaw {
    std::int64_t line = 0;
    std::size_t column = 0; ///< 1-based, 0 = the whole row
    const char* rule = "";
    std::string what = {};
    std::string_view raw = {};
    std::string part = {}; ///< the file it stands in, of a trace that consists of several
};

/// What is done with rows as they are read.
class RowPolicy {
public:
    virtual ~RowPolicy() = default;
    /// Before each row is judged, with the bytes read so far. Errors: Cancelled.
    [[nodiscard]] virtual Status row(std::int64_t bytesDone) = 0;
    /// An error ends the reading; otherwise the row is passed over.
    [[nodiscard]] virtual Status flawed(const RowFlaw& flaw) = 0;
};

/// A bad row is an error with its line. Looks at the stop token and tells of the progress.
class StopAtFlaw : public RowPolicy {
public:
    StopAtFlaw(const std::filesystem::path& path, std::int64_t totalBytes, const JobContext& job)
        : m_path(path)
        , m_stage("Reading " + path.filename().string())
        , m_totalBytes(totalBytes)
        , m_job(job)
    {
    }
    [[nodiscard]] Status row(std::int64_t bytesDone) override;
    [[nodiscard]] Status flawed(const RowFlaw& flaw) override;

protected:
    std::filesystem::path m_path;

private:
    std::string m_stage;
    std::int64_t m_totalBytes;
    JobContext m_job;
    std::uint32_t m_rows = 0;
    std::chrono::steady_clock::time_point m_lastReport{};
};

/// Passes over bad rows, which another pass deals with.
class SkipFlawed final : public StopAtFlaw {
public:
    using StopAtFlaw::StopAtFlaw;
    [[nodiscard]] Status flawed(const RowFlaw&) override { return Done{}; }
};

/// Counts rows, and puts bad ones into quarantine.
class QuarantineFlawed final : public RowPolicy {
public:
    explicit QuarantineFlawed(Intake& intake)
        : m_intake(intake)
    {
    }
    [[nodiscard]] Status row(std::int64_t bytesDone) override { return m_intake.row(bytesDone); }
    [[nodiscard]] Status flawed(const RowFlaw& flaw) override;

private:
    Intake& m_intake;
};

/// Token counts that are taken. Replaying takes what can be counted, as such a request did arrive; a store keeps only
/// what can be served at all.
struct RowRules {
    std::int64_t minTokens = 0, maxTokens = std::numeric_limits<std::uint32_t>::max();
};
inline constexpr RowRules kReplayRules{};
inline constexpr RowRules kImportRules{1, 100'000'000};

/// Tokens of one of Mooncake's hashed blocks.
inline constexpr std::uint32_t kMooncakeBlockTokens = 512;
/// Hashes after which a stored block ends, so that it stays small.
inline constexpr std::size_t kMaxBlockHashes = 1'000'000;

/// A row as it stands: on the file's own clock, whatever its zero, and in the file's order.
struct FileRow {
    std::int64_t nanoseconds = 0;
    std::int64_t line = 0;
    std::size_t timeColumn = 0; ///< 1-based; 0 where there are no columns
    TraceRow request;           ///< arrivalSeconds and place are not set
};

/// The rows of a file that can be used; the policy deals with the others.
class RowReader {
public:
    virtual ~RowReader() = default;
    /// False at the end. Errors: those of the policy; the file cannot be read on, or is no such file after all.
    [[nodiscard]] virtual Result<bool> next(FileRow& row) = 0;
};
[[nodiscard]] Result<std::unique_ptr<RowReader>> openRows(const std::filesystem::path& path, TraceFormat format,
                                                          const RowRules& rules, RowPolicy& policy);
[[nodiscard]] Result<std::unique_ptr<RowReader>> openAzureRows(const std::filesystem::path& path, const RowRules& rules,
                                                               RowPolicy& policy);
/// Mooncake or VllmRun.
[[nodiscard]] Result<std::unique_ptr<RowReader>> openJsonRows(const std::filesystem::path& path, TraceFormat format,
                                                              const RowRules& rules, RowPolicy& policy);

/// What one pass over the rows tells: with it a second pass hands them out in order while holding back only those that
/// may still be overtaken.
struct RowScan {
    std::int64_t rows = 0, outOfOrder = 0;
    std::int64_t firstNanoseconds = 0, lastNanoseconds = 0;
    std::int64_t mostLateNanoseconds = 0; ///< how far a row may stand behind a later one
};
[[nodiscard]] Result<RowScan> scanRows(RowReader& reader);

/// Rows of a reader in order of arrival, those that arrive together in the order of the file.
class OrderedRows {
public:
    OrderedRows(std::unique_ptr<RowReader> reader, const RowScan& scan);
    /// Sets arrivalSeconds and place too. Errors: also InvalidValue when too many rows would have to be held back.
    [[nodiscard]] Result<bool> next(FileRow& row);

private:
    struct Later {
        bool operator()(const FileRow& a, const FileRow& b) const
        {
            return a.nanoseconds != b.nanoseconds ? a.nanoseconds > b.nanoseconds : a.request.place > b.request.place;
        }
    };
    [[nodiscard]] Result<bool> read(FileRow& row);
    std::unique_ptr<RowReader> m_reader;
    RowScan m_scan;
    std::vector<FileRow> m_held; ///< a heap by Later
    std::size_t m_heldBytes = 0;
    std::int64_t m_latest = std::numeric_limits<std::int64_t>::min();
    std::uint64_t m_place = 0;
    bool m_atEnd = false;
};

/// The first line of a text that is not blank, without a byte order mark.
[[nodiscard]] std::string_view firstLine(std::string_view head);
/// The format of a trace that is one file, by its first line.
[[nodiscard]] std::optional<TraceFormat> recogniseTrace(std::string_view line);

/// An error about one value of a trace file.
[[nodiscard]] Error traceError(const std::filesystem::path& path, std::int64_t line, std::size_t column,
                               std::string message, std::string_view text);

/// Imports a trace of any format; trace_import.cpp tells what is accepted, repaired and rejected.
[[nodiscard]] Status importTrace(const std::filesystem::path& path, TraceFormat format, const std::string& sha256,
                                 const JobContext& job, Intake& intake);

} // namespace isobar::ingest
