// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/proto/fleet_text.h"
#include "model/recording/frame_codec.h"
#include "model/recording/parts.h"
#include "model/recording/recording.h"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <google/protobuf/stubs/logging.h>
#include <limits>

namespace isobar::recording {
namespace {

using aggregate::Layout;
using Frame = Recording::Frame;

constexpr std::size_t kTrailer = 16;
constexpr std::uint32_t kVersion = 1;

Error errorAbout(const std::filesystem::path& path, ErrorCode code, std::string message, std::string advice = {})
{
    return {code, std::move(message), std::move(advice), path.string()};
}

std::string clock(SimMicros at)
{
    const std::int64_t seconds = at / aggregate::kMicrosPerSecond;
    return fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

Result<Header> readHeader(const std::filesystem::path& path, const Part& part)
{
    v1::RecordingHeader message;
    if (part.kind != kHeaderPart ||
        !message.ParseFromArray(part.message.data(), static_cast<int>(part.message.size()))) {
        return errorAbout(path, ErrorCode::Corrupt, "the recording's header is damaged");
    }
    if (message.schema_version() != kVersion) {
        return errorAbout(path, ErrorCode::NewerVersion,
                          fmt::format("this recording has version {}; this program reads version {}",
                                      message.schema_version(), kVersion),
                          "open it with a newer Isobar");
    }
    if (hashOf(message.fleet()) != message.fleet_hash()) {
        return errorAbout(path, ErrorCode::Corrupt, "the fleet in the recording is damaged");
    }
    ISOBAR_TRY_ASSIGN(Fleet fleet, proto::parseFleetBinary(message.fleet(), path.string()));
    if (fleet.startTimeUtc != message.start_time()) {
        return errorAbout(path, ErrorCode::Corrupt, "the recording begins at another time than its fleet");
    }
    Header header;
    header.fleet = std::make_shared<const Fleet>(std::move(fleet));
    header.seed = message.seed();
    header.calibrationHash = message.calibration_hash();
    header.operations = message.operations();
    header.recordedBy = message.recorded_by();
    return header;
}

bool follows(const std::vector<Frame>& frames, const Frame& next)
{
    return frames.empty()
               ? next.begin >= 0
               : next.begin == frames.back().end && next.offset > frames.back().offset &&
                     next.placementRows >= frames.back().placementRows && next.demandRows >= frames.back().demandRows &&
                     next.supplyRows >= frames.back().supplyRows;
}

struct Contents {
    std::vector<Frame> frames;
    std::shared_ptr<const Layout> layout;
    std::string damage;
};

/// What the index at the end says; nothing when there is no sensible one.
std::optional<Contents> readIndex(std::istream& file, std::uint64_t bytes, const Fleet& fleet)
{
    if (bytes < kMagic.size() + kTrailer) {
        return std::nullopt;
    }
    std::string trailer(kTrailer, '\0');
    file.clear();
    file.seekg(static_cast<std::streamoff>(bytes - kTrailer));
    if (!file.read(trailer.data(), kTrailer) || std::string_view(trailer).substr(8) != kEndMagic) {
        return std::nullopt;
    }
    const auto part = readPart(file, fromLittleEndian(std::string_view(trailer).substr(0, 8)), bytes - kTrailer);
    v1::RecordingIndex m;
    if (!part || part->kind != kIndexPart || part->next != bytes - kTrailer ||
        !m.ParseFromArray(part->message.data(), static_cast<int>(part->message.size()))) {
        return std::nullopt;
    }
    const int frames = m.offset_size();
    for (const int size : {m.begin_micros_size(), m.end_micros_size(), m.placement_rows_size(), m.demand_rows_size(),
                           m.supply_rows_size()}) {
        if (size != frames) {
            return std::nullopt;
        }
    }
    Contents contents;
    for (int i = 0; i < frames; ++i) {
        const Frame frame{m.offset(i),         m.begin_micros(i), m.end_micros(i),
                          m.placement_rows(i), m.demand_rows(i),  m.supply_rows(i)};
        if (frame.end <= frame.begin || frame.offset >= bytes || !follows(contents.frames, frame)) {
            return std::nullopt;
        }
        contents.frames.push_back(frame);
    }
    if (frames > 0) {
        auto layout = layoutOf(m.layout(), fleet);
        if (!layout) {
            return std::nullopt;
        }
        contents.layout = std::make_shared<const Layout>(std::move(*layout));
    }
    return contents;
}

Frame frameOf(const FrameContent& content, std::uint64_t offset)
{
    return {offset,
            content.intervals.front()->begin,
            content.intervals.back()->end,
            content.layout->placements.size(),
            content.layout->demand.size(),
            content.layout->supply.size()};
}

/// Goes through the file part by part until something is not whole.
Result<Contents> scan(std::istream& file, const std::filesystem::path& path, std::uint64_t begin, std::uint64_t bytes,
                      const Fleet& fleet, const JobContext& job)
{
    Contents contents;
    std::uint64_t at = begin;
    while (at < bytes) {
        if (job.cancelled()) {
            return errorAbout(path, ErrorCode::Cancelled, "cancelled");
        }
        job.progress("Looking for what is whole", static_cast<std::int64_t>(at), static_cast<std::int64_t>(bytes));
        const auto part = readPart(file, at, bytes);
        if (!part) {
            break;
        }
        if (part->kind == kFramePart) {
            const auto content = readFrame(part->message, fleet, contents.layout);
            if (!content || (contents.layout && !continues(*content->layout, *contents.layout))) {
                break;
            }
            const Frame frame = frameOf(*content, at);
            if (!follows(contents.frames, frame)) {
                break;
            }
            contents.frames.push_back(frame);
            contents.layout = content->layout;
        }
        at = part->next;
    }
    const SimMicros end = contents.frames.empty() ? 0 : contents.frames.back().end;
    contents.damage = fmt::format("the recording was cut short or is damaged: it is whole up to {}, and the last {} "
                                  "bytes cannot be read",
                                  clock(end), bytes - at);
    return contents;
}

} // namespace

bool looksLikeRecording(const std::filesystem::path& path)
{
    std::ifstream file(path, std::ios::binary);
    std::string magic(kMagic.size(), '\0');
    return file.read(magic.data(), static_cast<std::streamsize>(magic.size())) && magic == kMagic;
}

Result<Recording> openRecording(const std::filesystem::path& path, const JobContext& job)
{
    // As in readFrame().
    const google::protobuf::LogSilencer silence;
    std::error_code failed;
    const std::uintmax_t bytes = std::filesystem::file_size(path, failed);
    if (failed) {
        const bool missing = failed == std::errc::no_such_file_or_directory;
        return errorAbout(path, missing ? ErrorCode::NotFound : ErrorCode::Unreadable,
                          missing ? "this file does not exist" : "this file cannot be read: " + failed.message());
    }
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return errorAbout(path, ErrorCode::Unreadable, "this file cannot be read");
    }
    if (!looksLikeRecording(path)) {
        return errorAbout(path, ErrorCode::WrongFormat, "this file is no recording",
                          "record one with: isobar-cli simulate STORE --record FILE");
    }
    const auto head = readPart(file, kMagic.size(), bytes);
    if (!head) {
        return errorAbout(path, ErrorCode::Corrupt, "the recording ends before its header does, or is damaged there");
    }
    Recording recording;
    recording.m_path = path;
    recording.m_bytes = static_cast<std::int64_t>(bytes);
    ISOBAR_TRY_ASSIGN(recording.m_header, readHeader(path, *head));
    const Fleet& fleet = *recording.m_header.fleet;
    auto contents = readIndex(file, bytes, fleet);
    if (!contents) {
        ISOBAR_TRY_ASSIGN(contents, scan(file, path, head->next, bytes, fleet, job));
    }
    recording.m_frames = std::move(contents->frames);
    recording.m_layout = std::move(contents->layout);
    recording.m_damage = std::move(contents->damage);
    return recording;
}

Result<Recording::Stretch> Recording::read(SimMicros from, SimMicros to) const
{
    Stretch stretch;
    if (from >= to || m_frames.empty()) {
        return stretch;
    }
    std::ifstream file(m_path, std::ios::binary);
    auto first =
        std::partition_point(m_frames.begin(), m_frames.end(), [&](const Frame& frame) { return frame.end <= from; });
    const bool toTheEnd = to >= end();
    std::shared_ptr<const Layout> layout = m_layout;
    for (; first != m_frames.end() && first->begin < to; ++first) {
        const auto part = readPart(file, first->offset, static_cast<std::uint64_t>(m_bytes));
        auto content =
            part && part->kind == kFramePart ? readFrame(part->message, *m_header.fleet, layout) : std::nullopt;
        const Frame found = content ? frameOf(*content, first->offset) : Frame{};
        if (!content || found.begin != first->begin || found.end != first->end ||
            found.placementRows != first->placementRows || found.demandRows != first->demandRows ||
            found.supplyRows != first->supplyRows || !continues(*m_layout, *content->layout)) {
            return errorAbout(m_path, ErrorCode::Corrupt,
                              fmt::format("the recording is damaged at {}, or was changed", clock(first->begin)));
        }
        layout = content->layout;
        for (auto& interval : content->intervals) {
            if (interval->end > from && interval->begin < to) {
                stretch.intervals.push_back(std::move(interval));
            }
        }
        for (Event& event : content->events) {
            if (event.at >= from && (event.at < to || toTheEnd)) {
                stretch.events.push_back(std::move(event));
            }
        }
    }
    return stretch;
}

} // namespace isobar::recording
