// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/interval.h"
#include "model/fleet/fleet.h"
#include "model/fleet/job.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

/// A run of the live fleet in a file: every interval exactly as it was counted, and what happened. The format is
/// model/proto/isobar/v1/recording.proto.
namespace isobar::recording {

using aggregate::SimMicros;

struct Header {
    std::shared_ptr<const Fleet> fleet; ///< at the start
    std::uint64_t seed = 0;
    std::uint64_t calibrationHash = 0; ///< hashOf() the calibration document
    std::string operations;            ///< the scenario's operations as text; "" = none
    std::string recordedBy;            ///< program and version
};

/// As engine::Event, with its kind in words.
struct Event {
    SimMicros at = 0;
    std::string kind, text;
    friend bool operator==(const Event&, const Event&) = default;
};

/// FNV-1a.
[[nodiscard]] std::uint64_t hashOf(std::string_view bytes);

struct WriterOptions {
    std::size_t intervalsPerFrame = 60; ///< what is lost when the writer is killed; what a reader unpacks at once
    int compressionLevel = 6;
};

/// Writes a recording as the run goes on; a file cut short is good up to its last whole frame. Not thread-safe.
class Writer {
public:
    /// Replaces a recording at `path`, but no other file.
    static Result<std::unique_ptr<Writer>> create(const std::filesystem::path& path, const Header& header,
                                                  const WriterOptions& options = {});
    ~Writer(); ///< without finish() the file is as if cut short
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    /// `interval` must begin where the last one ended, and its layout continue the last one's.
    Status append(std::shared_ptr<const aggregate::Interval> interval);
    /// Before the interval it falls in is appended.
    void add(Event event);
    /// Writes what waits, and the index. Nothing can be appended afterwards.
    Status finish();
    [[nodiscard]] std::int64_t bytesWritten() const;

    struct Impl;

private:
    explicit Writer(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> m_impl;
};

/// A recording to read from. A value; reads the file anew every time.
class Recording {
public:
    struct Frame {
        std::uint64_t offset = 0;
        SimMicros begin = 0, end = 0;
        std::size_t placementRows = 0, demandRows = 0, supplyRows = 0; ///< of its layout
    };
    struct Stretch {
        std::vector<std::shared_ptr<const aggregate::Interval>> intervals;
        std::vector<Event> events;
    };

    [[nodiscard]] const Header& header() const { return m_header; }
    [[nodiscard]] const std::filesystem::path& path() const { return m_path; }
    [[nodiscard]] std::int64_t bytes() const { return m_bytes; }
    [[nodiscard]] SimMicros begin() const { return m_frames.empty() ? 0 : m_frames.front().begin; }
    [[nodiscard]] SimMicros end() const { return m_frames.empty() ? 0 : m_frames.back().end; }
    [[nodiscard]] const std::vector<Frame>& frames() const { return m_frames; }
    /// The last one; those of all intervals are its first rows. Null when there are none.
    [[nodiscard]] std::shared_ptr<const aggregate::Layout> layout() const { return m_layout; }
    /// Why it ends before its end, for a person; empty when it is whole.
    [[nodiscard]] const std::string& damage() const { return m_damage; }

    /// The intervals that overlap [from, to), oldest first, and the events in [from, to); with the last interval also
    /// those of its very end. Corrupt when the file has
    /// changed since it was opened, or is damaged there.
    [[nodiscard]] Result<Stretch> read(SimMicros from, SimMicros to) const;

private:
    friend Result<Recording> openRecording(const std::filesystem::path& path, const JobContext& job);
    std::filesystem::path m_path;
    std::int64_t m_bytes = 0;
    Header m_header;
    std::vector<Frame> m_frames;                       ///< ascending
    std::shared_ptr<const aggregate::Layout> m_layout; ///< the last one
    std::string m_damage;
};

/// Trusts nothing in the file: whatever is in it, this ends with a recording or an error, in bounded memory. A file
/// that was cut short opens up to its last whole frame and says so; finding that takes reading all of it, which `job`
/// may cancel.
[[nodiscard]] Result<Recording> openRecording(const std::filesystem::path& path, const JobContext& job = {});

/// True for a file that begins like one.
[[nodiscard]] bool looksLikeRecording(const std::filesystem::path& path);

} // namespace isobar::recording
