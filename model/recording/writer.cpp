// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/proto/fleet_text.h"
#include "model/recording/frame_codec.h"
#include "model/recording/parts.h"
#include "model/recording/recording.h"

#include <cerrno>
#include <fstream>
#include <system_error>

namespace isobar::recording {
namespace {

using aggregate::Interval;
using aggregate::Layout;

/// A frame is ended early before it would grow longer than a reader takes.
constexpr std::size_t kMostFrameBytes = kMostPartBytes / 4;
constexpr std::size_t kLongestText = 4096;

Error cannotWrite(const std::filesystem::path& path, const std::string& what, int number)
{
    Error error{number == ENOSPC ? ErrorCode::DiskFull : ErrorCode::NotWritable, what};
    if (number != 0) {
        error.message += ": " + std::generic_category().message(number);
    }
    error.advice = number == ENOSPC ? "make room on the disk" : "choose a folder that can be written to";
    error.file = path.string();
    return error;
}

/// Never in the middle of a character: what is not UTF-8 could not be read again.
std::string shortened(const std::string& text)
{
    std::size_t size = std::min(text.size(), kLongestText);
    while (size > 0 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) {
        --size;
    }
    return text.substr(0, size);
}

} // namespace

std::uint64_t hashOf(std::string_view bytes)
{
    std::uint64_t hash = 0xcbf29ce484222325u;
    for (const char byte : bytes) {
        hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;
    }
    return hash;
}

struct Writer::Impl {
    std::filesystem::path path;
    WriterOptions options;
    std::ofstream file;
    std::uint64_t written = 0;
    bool finished = false;

    v1::RecordingFrame frame; ///< at hand
    std::size_t frameBytes = 0;
    IntervalCoder coder;
    std::shared_ptr<const Layout> layout;
    std::vector<Event> events; ///< not in a frame yet
    v1::RecordingIndex index;

    Status write(char kind, const google::protobuf::Message& message)
    {
        const std::string bytes = message.SerializeAsString();
        if (bytes.size() > kMostPartBytes) {
            return Error{ErrorCode::InvalidValue, "this fleet is too large to be recorded", {}, path.string()};
        }
        return write(packPart(kind, bytes, options.compressionLevel));
    }

    Status write(std::string_view bytes)
    {
        errno = 0;
        file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        file.flush(); // what is there is whole, whatever happens next
        if (!file) {
            return cannotWrite(path, "the recording cannot be written", errno);
        }
        written += bytes.size();
        return Done{};
    }

    /// Ends the frame at hand, which has an interval. `last`: nothing comes after.
    Status flush(bool last)
    {
        const SimMicros end = frame.intervals().rbegin()->end_micros();
        putLayout(*layout, *frame.mutable_layout());
        std::erase_if(events, [&](const Event& event) {
            if (event.at >= end && !last) {
                return false;
            }
            v1::RecordingEvent* to = frame.add_events();
            to->set_at_micros(event.at);
            to->set_kind(shortened(event.kind));
            to->set_text(shortened(event.text));
            return true;
        });
        index.add_offset(written);
        index.add_begin_micros(frame.intervals(0).begin_micros());
        index.add_end_micros(end);
        index.add_placement_rows(static_cast<std::uint32_t>(layout->placements.size()));
        index.add_demand_rows(static_cast<std::uint32_t>(layout->demand.size()));
        index.add_supply_rows(static_cast<std::uint32_t>(layout->supply.size()));
        ISOBAR_TRY(write(kFramePart, frame));
        frame.Clear();
        frameBytes = 0;
        coder = {};
        return Done{};
    }
};

Result<std::unique_ptr<Writer>> Writer::create(const std::filesystem::path& path, const Header& header,
                                               const WriterOptions& options)
{
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored) && !looksLikeRecording(path)) {
        return Error{ErrorCode::NotWritable, "this file exists and is no recording, so it is left alone",
                     "choose another name", path.string()};
    }
    auto impl = std::make_unique<Impl>();
    impl->path = path;
    impl->options = options;
    errno = 0;
    impl->file.open(path, std::ios::binary | std::ios::trunc);
    if (!impl->file) {
        return cannotWrite(path, "the recording cannot be made", errno);
    }
    v1::RecordingHeader message;
    message.set_schema_version(1);
    message.set_fleet(proto::writeFleetBinary(*header.fleet));
    message.set_fleet_hash(hashOf(message.fleet()));
    message.set_seed(header.seed);
    message.set_start_time(header.fleet->startTimeUtc);
    message.set_calibration_hash(header.calibrationHash);
    message.set_operations(header.operations);
    message.set_recorded_by(header.recordedBy);
    ISOBAR_TRY(impl->write(kMagic));
    ISOBAR_TRY(impl->write(kHeaderPart, message));
    return std::unique_ptr<Writer>(new Writer(std::move(impl)));
}

Writer::Writer(std::unique_ptr<Impl> impl)
    : m_impl(std::move(impl))
{
}
Writer::~Writer() = default;

Status Writer::append(std::shared_ptr<const Interval> interval)
{
    Impl& w = *m_impl;
    const bool follows = w.frame.intervals_size() == 0 || w.frame.intervals().rbegin()->end_micros() == interval->begin;
    if (w.finished || !follows || (w.layout && !continues(*interval->layout, *w.layout))) {
        return Error{ErrorCode::Internal, "an interval was recorded out of order", {}, w.path.string()};
    }
    // The last frame waits for what may still happen at its end.
    const bool grows = w.layout && interval->layout->demand.size() + interval->layout->supply.size() >
                                       w.layout->demand.size() + w.layout->supply.size();
    if (w.frame.intervals_size() > 0 &&
        (grows || static_cast<std::size_t>(w.frame.intervals_size()) >= w.options.intervalsPerFrame ||
         w.frameBytes > kMostFrameBytes)) {
        ISOBAR_TRY(w.flush(false));
    }
    w.layout = interval->layout;
    v1::RecordingInterval coded = w.coder.put(*interval);
    w.frameBytes += coded.ByteSizeLong();
    *w.frame.add_intervals() = std::move(coded);
    return Done{};
}

void Writer::add(Event event)
{
    m_impl->events.push_back(std::move(event));
}

Status Writer::finish()
{
    Impl& w = *m_impl;
    if (w.finished) {
        return Done{};
    }
    if (w.frame.intervals_size() > 0) {
        ISOBAR_TRY(w.flush(true));
    }
    if (w.layout) {
        putLayout(*w.layout, *w.index.mutable_layout());
    }
    const std::uint64_t at = w.written;
    ISOBAR_TRY(w.write(kIndexPart, w.index));
    ISOBAR_TRY(w.write(littleEndian(at, 8) + std::string(kEndMagic)));
    w.finished = true;
    w.file.close();
    if (!w.file) {
        return cannotWrite(w.path, "the recording cannot be written", errno);
    }
    return Done{};
}

std::int64_t Writer::bytesWritten() const
{
    return static_cast<std::int64_t>(m_impl->written);
}

} // namespace isobar::recording
