// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/ingest/trace_formats.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

/// ServeGen traces: clients described by rates and distributions, from which their requests are drawn. servegen.cpp
/// reads the descriptions, servegen_files.cpp finds them, servegen_draw.cpp draws. Internal to ingest.
namespace isobar::ingest {

enum class Gaps : std::uint8_t { Exponential, Gamma, Weibull };

/// Requests come at one mean rate for a while, with gaps of one shape.
struct RateWindow {
    double startSeconds = 0, endSeconds = 0, requestsPerSecond = 0;
    double shape = 1;
    Gaps gaps = Gaps::Exponential;
};

/// Token counts by their shares.
struct LengthShares {
    std::vector<std::uint32_t> tokens;
    std::vector<double> cumulated;
    [[nodiscard]] bool empty() const { return tokens.empty(); }
};
struct Lengths {
    double fromSeconds = 0; ///< the window they hold from
    LengthShares input, output;
};

struct ClientLoad {
    std::string name; ///< "chunk-7", with its folder where there are several
    std::vector<RateWindow> windows;
    std::vector<Lengths> lengths; ///< by fromSeconds; empty: none were published
    [[nodiscard]] double expectedRequests() const;
};

/// One trace: all clients, by name.
struct ServeGenLoad {
    std::vector<ClientLoad> clients;
    std::vector<std::string> notes; ///< what was missing and what is taken instead
};

/// Collects the documents of a trace, in any order.
class ServeGenReader {
public:
    /// `path` for messages; with `keepText`, what was good of each document can be taken out again.
    ServeGenReader(std::filesystem::path path, RowPolicy& policy, bool keepText);

    /// True for chunk-N-trace.csv and chunk-N-dataset.json, in whatever folder.
    [[nodiscard]] static bool wants(std::string_view name);
    /// Errors: those of the policy; the same document twice; too many windows.
    [[nodiscard]] Status add(const std::string& name, std::string content);
    /// Errors: no windows, nothing but idle ones, more requests than can be.
    [[nodiscard]] Result<ServeGenLoad> finish();
    [[nodiscard]] std::vector<store::TracePart> takeParts() { return std::move(m_parts); }

private:
    struct Client {
        std::vector<RateWindow> windows;
        std::vector<Lengths> lengths;
        bool hasWindows = false, hasLengths = false; ///< the document was there, whatever it holds
    };
    [[nodiscard]] Status addWindows(const std::string& part, Client& client, std::string content);
    [[nodiscard]] Status addLengths(const std::string& part, Client& client, const std::string& content);

    std::filesystem::path m_path;
    RowPolicy& m_policy;
    bool m_keepText;
    std::map<std::string, Client> m_clients;
    std::vector<store::TracePart> m_parts;
    std::size_t m_windows = 0;
    std::int64_t m_bytes = 0;
};

/// Hands every document of a trace to `take`, in a fixed order: of a folder, an archive, or one client's CSV with the
/// JSON beside it. Errors: those of readArchive and InputFile; a folder without any.
[[nodiscard]] Status eachServeGenFile(const std::filesystem::path& path, const JobContext& job,
                                      const std::function<Status(std::string name, std::string content)>& take);

/// What the documents of a folder, or of one client, are together: eachServeGenFile's names and content. Its `head` is
/// empty. Errors: those of eachServeGenFile.
[[nodiscard]] Result<FileIdentity> identifyServeGen(const std::filesystem::path& path, const JobContext& job);

/// Its requests, client by client in parallel, in order of arrival.
[[nodiscard]] Result<std::unique_ptr<TraceStream>> drawServeGen(const std::filesystem::path& path, ServeGenLoad load,
                                                                const TraceOptions& options);

[[nodiscard]] Result<std::unique_ptr<TraceStream>> openServeGen(const std::filesystem::path& path,
                                                                const TraceOptions& options, const JobContext& job);
[[nodiscard]] Result<std::unique_ptr<TraceStream>> openServeGenParts(const std::filesystem::path& path,
                                                                     std::vector<store::TracePart> parts,
                                                                     const TraceOptions& options,
                                                                     const JobContext& job);

} // namespace isobar::ingest
