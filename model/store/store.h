// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/fleet.h"
#include "model/fleet/job.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// One SQLite file: WAL, STRICT tables, foreign keys, schema version with forward migrations, integrity check on open.
/// A Store is one connection: use one per thread; several may have one file open.
namespace isobar::store {

/// A line of an import that was repaired, rejected or noticed.
struct Diagnostic {
    std::int64_t line = 0;    ///< 1-based line of the file
    std::int64_t column = 0;  ///< 1-based field number, 0 = the whole row
    std::string rule;         ///< short stable name: "field-count", "price-sentinel", …
    std::string text;         ///< the offending text (at most 200 bytes) and why, in words
    bool quarantined = false; ///< the row was left out
    bool repaired = false;    ///< the row was mended and taken; neither: it was taken as it stands, this is to know
};

/// What the import log keeps of one file.
struct ImportRecord {
    std::int64_t id = 0;
    std::string path, format, sha256, importedAtUtc;
    std::int64_t rowsRead = 0, rowsAccepted = 0, rowsRepaired = 0, rowsQuarantined = 0, rowsUnchanged = 0;
    double wallSeconds = 0;
};

/// One offer of a price catalogue. Prices are per instance and hour, as published; SpotPrice may be absent.
struct Offer {
    std::string provider, region, zone, instanceType, accelerator, generation;
    double acceleratorCount = 0; ///< as published: may be a fraction of a GPU, 1 for a whole TPU slice; 0 = none
    std::optional<double> vcpus, memoryGib, usdPerHour, spotUsdPerHour;
    double chips = 0; ///< accelerator chips of one instance, where a TPU slice counts its chips
    friend bool operator==(const Offer&, const Offer&) = default;
};

/// One request of an imported trace.
struct TraceRequest {
    double arrivalSeconds = 0; ///< since the first request of the trace
    std::int32_t inputTokens = 0, outputTokens = 0;
    friend bool operator==(const TraceRequest&, const TraceRequest&) = default;
};

/// What a real server did with a request, from when its engine queued it.
struct MeasuredRequest {
    double queueSeconds = 0, ttftSeconds = 0, itlSeconds = 0, endToEndSeconds = 0; ///< itl is NaN for a single token
};

/// Requests of a trace that follow each other, and what some formats know of them besides; stored as one block.
struct TraceBlock {
    static constexpr std::size_t kMaxRequests = 65536;
    std::vector<TraceRequest> requests;
    std::vector<std::uint32_t> hashCounts; ///< per request, how many of `hashes` are its own; empty: none has any
    std::vector<std::uint64_t> hashes;     ///< of prompt blocks, request by request
    std::vector<MeasuredRequest> measured; ///< per request; empty: not measured
    void clear()
    {
        requests.clear();
        hashCounts.clear();
        hashes.clear();
        measured.clear();
    }
};

/// A trace may also be kept as what describes it: rates and lengths of clients, from which requests are drawn when it
/// is replayed. A part is one document of that description.
struct TracePart {
    std::string name, text;
};

/// What a trace is and where it comes from.
struct TraceDetails {
    std::string name = {}, format = {}, sha256 = {};
    std::string origin = {};             ///< who published traces of this format, in words
    std::string licence = {};            ///< under which the publisher's own traces may be used
    std::uint32_t prefixBlockTokens = 0; ///< tokens of one hashed prompt block; 0: no hashes
    bool described = false;              ///< kept as parts; its numbers of requests and seconds are expectations
    std::int64_t requests = 0;           ///< given by whoever describes; counted when requests are put
    double durationSeconds = 0;          ///< likewise
};

struct Scenario; // scenarios.h

/// Counts for `isobar-cli info`; accelerators are chips; prices are the fleet's and the catalogue's offers together.
struct Counts {
    std::int64_t providers = 0, regions = 0, pools = 0, acceleratorTypes = 0, accelerators = 0, servedModels = 0,
                 workloads = 0, placements = 0, prices = 0, links = 0, traces = 0, quarantined = 0;
    std::int64_t offers = 0; ///< those of `prices` that are offers of an imported catalogue
    std::int64_t scenarios = 0;
};

class Store {
public:
    /// Creates a new store; fails when the file exists. It is made under a temporary name beside `path` and appears
    /// complete or not at all.
    static Result<Store> create(const std::filesystem::path& path);
    /// The same with `fleet` already in it.
    static Result<Store> create(const std::filesystem::path& path, const Fleet& fleet);
    /// And with scenarios of it; see setScenarios().
    static Result<Store> create(const std::filesystem::path& path, const Fleet& fleet,
                                std::span<const Scenario> scenarios);
    /// Opens an existing store and migrates it forward. What cannot be written is opened read-only (see isReadOnly()),
    /// and so is what the check of the whole file finds damaged (see damage()). Errors: not found, not SQLite, not
    /// Isobar's, too damaged to be read at all, written by a newer Isobar, read-only but of an older version.
    static Result<Store> open(const std::filesystem::path& path);

    Store(Store&&) noexcept;
    Store& operator=(Store&&) noexcept;
    ~Store();

    [[nodiscard]] const std::filesystem::path& path() const;
    [[nodiscard]] bool isReadOnly() const;
    /// What is wrong with the file, in SQLite's words; empty when nothing is. Reads give what is sound, or Corrupt.
    [[nodiscard]] const std::string& damage() const;
    [[nodiscard]] int schemaVersion() const;

    /// Replaces the fleet of the baseline in one transaction. The fleet must be valid.
    Status saveFleet(const Fleet& fleet);
    /// NotFound when no fleet has been stored yet.
    [[nodiscard]] Result<Fleet> loadFleet() const;

    [[nodiscard]] Result<Counts> counts() const;
    [[nodiscard]] Result<std::vector<ImportRecord>> imports() const;
    /// The rows that import left out, in the order of the file. Imports of the same content share one list.
    [[nodiscard]] Result<std::vector<Diagnostic>> quarantine(std::int64_t importId, std::int64_t limit) const;

    /// The price catalogue in the order it was imported; an empty `provider` or `accelerator` means any.
    [[nodiscard]] Result<std::vector<Offer>> offers(const std::string& provider, const std::string& accelerator,
                                                    std::int64_t limit) const;

    /// What the user set for this store; absent when it was never set.
    [[nodiscard]] Result<std::optional<std::string>> setting(const std::string& key) const;
    Status setSetting(const std::string& key, const std::string& value);

    struct TraceInfo : TraceDetails {
        std::string path, importedAtUtc; ///< of the import that brought it
        std::int64_t blocks = 0;
    };
    [[nodiscard]] Result<std::vector<TraceInfo>> traces() const;
    /// NotFound with advice.
    [[nodiscard]] Result<TraceInfo> trace(const std::string& name) const;
    /// Block `number` (from 0 to `blocks` - 1) of a trace, into `block`. Errors: Corrupt; Busy when the trace is not
    /// the one that `info` tells of any more.
    [[nodiscard]] Status loadTraceBlock(const TraceInfo& info, std::int64_t number, TraceBlock& block) const;
    /// The documents of a described trace.
    [[nodiscard]] Result<std::vector<TracePart>> loadTraceParts(const TraceInfo& info) const;
    /// All requests at once, without what else is known of them.
    [[nodiscard]] Result<std::vector<TraceRequest>> loadTrace(const std::string& name) const;

    /// One file's import as one transaction: nothing is there before commit(), everything after; a dropped writer
    /// rolls back. Only one writer at a time; ErrorCode::Busy otherwise. A dry run answers the same but writes nothing
    /// at all, and works on a read-only store. `job` stops long puts. The store must outlive the writer.
    class ImportWriter;
    [[nodiscard]] Result<std::unique_ptr<ImportWriter>> beginImport(const std::string& path, const std::string& format,
                                                                    const std::string& sha256, bool dryRun = false,
                                                                    const JobContext& job = {});

    struct Impl;
    [[nodiscard]] Impl& impl() const { return *m_impl; } ///< for the store's own files

private:
    explicit Store(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

/// Writes rows of one import. Every put says what became of the row.
class Store::ImportWriter {
public:
    enum class Outcome {
        Inserted,
        Updated,   ///< the key was there with other values, which are replaced
        Unchanged, ///< exactly this was there already
        Duplicate, ///< exactly this was put before in this import
        Conflict,  ///< the key was put before in this import with other values, which stay
    };
    virtual ~ImportWriter() = default;

    /// Keyed by (provider, region, zone, instance type, accelerator, count, generation).
    virtual Result<Outcome> putOffer(const Offer& offer) = 0;
    /// Replaces the baseline fleet.
    virtual Result<Outcome> putFleet(const Fleet& fleet) = 0;
    /// Fills the block with the next requests, in order of arrival; false when there are no more.
    using NextTraceBlock = std::function<Result<bool>(TraceBlock&)>;
    /// A trace is stored whole under its name, block by block; the same content again is Unchanged. When nothing is to
    /// be written (Unchanged, a dry run), `next` is not called.
    virtual Result<Outcome> putTrace(const TraceDetails& details, const NextTraceBlock& next) = 0;
    /// The same for a described trace.
    virtual Result<Outcome> putTrace(const TraceDetails& details, const std::vector<TracePart>& parts) = 0;
    /// `raw` is the whole record as it stands in the file; what is beyond 64 KiB of it is cut.
    virtual Status putQuarantined(const Diagnostic& diagnostic, std::string_view raw) = 0;
    /// Writes the log row and commits. `record.id` and `record.importedAtUtc` are set here; the path, format and hash
    /// are those given to beginImport(). Returns the log row as written.
    virtual Result<ImportRecord> commit(const ImportRecord& record) = 0;
};

} // namespace isobar::store
