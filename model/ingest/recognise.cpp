// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/archive.h"
#include "model/ingest/formats.h"
#include "model/ingest/servegen.h"
#include "model/ingest/text.h"
#include "model/ingest/trace_formats.h"
#include "model/proto/fleet_text.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace isobar::ingest {

namespace {

struct Known {
    Format format;
    const char* name;
    const char* what;
};

constexpr std::array kKnown{
    Known{Format::SkyPilotCatalogue, "skypilot-catalogue", "CSV with InstanceType, AcceleratorName, Price, Region, …"},
    Known{Format::FleetText, "isobar-fleet", "Isobar's fleet file"},
};

/// What a file is by its first bytes, where that is no format Isobar imports.
const char* foreignKind(std::string_view head)
{
    struct Magic {
        std::string_view bytes;
        const char* kind;
    };
    using namespace std::string_view_literals;
    static constexpr std::array kMagics{
        Magic{"SQLite format 3\0"sv, "a SQLite file (a store is opened, not imported)"},
        Magic{"\x1f\x8b"sv, "compressed with gzip, and no archive of a ServeGen trace: unpack it first"},
        Magic{"\x28\xb5\x2f\xfd"sv, "compressed with zstd: unpack it first"},
        Magic{"PK\x03\x04"sv, "a ZIP archive or an Excel workbook: save it as CSV first"},
        Magic{"%PDF"sv, "a PDF"},
        Magic{"\x89PNG"sv, "a picture"},
        Magic{"\xff\xfe"sv, "text in UTF-16: save it as UTF-8"},
        Magic{"\xfe\xff"sv, "text in UTF-16: save it as UTF-8"},
    };
    for (const Magic& magic : kMagics) {
        if (head.starts_with(magic.bytes)) {
            return magic.kind;
        }
    }
    if (head.find('\0') != std::string_view::npos) {
        return "a binary file";
    }
    const auto first = head.find_first_not_of(" \t\r\n");
    if (first != std::string_view::npos && (head[first] == '{' || head[first] == '[')) {
        return "JSON";
    }
    if (first != std::string_view::npos && head[first] == '<') {
        return "HTML or XML (was an error page downloaded?)";
    }
    return nullptr;
}

/// Looks only for one wanted name.
bool holdsServeGen(const std::filesystem::path& path)
{
    bool found = false;
    const auto ended = readArchive(
        path, {}, {},
        [&](std::string_view name) {
            found = found || ServeGenReader::wants(name);
            return found;
        },
        [](const std::string&, const std::string&) -> Status {
            return Error{ErrorCode::Cancelled, "found"};
        });
    return found || (!ended.ok() && path.string().find(".tar") != std::string::npos);
}

bool hasColumn(std::string_view line, std::string_view name)
{
    while (!line.empty()) {
        const auto comma = line.find(',');
        std::string_view field = trimmed(line.substr(0, comma));
        if (field.size() >= 2 && field.front() == '"' && field.back() == '"') {
            field = field.substr(1, field.size() - 2);
        }
        if (equalIgnoringCase(field, name)) {
            return true;
        }
        line = comma == std::string_view::npos ? std::string_view() : line.substr(comma + 1);
    }
    return false;
}

} // namespace

const std::vector<Format>& importFormats()
{
    static const std::vector<Format> all{Format::SkyPilotCatalogue, Format::FleetText, Format::AzureLlmTrace,
                                         Format::Mooncake,          Format::VllmRun,   Format::ServeGen};
    return all;
}

std::optional<TraceFormat> traceFormatOf(Format format)
{
    switch (format) {
    case Format::AzureLlmTrace:
        return TraceFormat::AzureLlm;
    case Format::Mooncake:
        return TraceFormat::Mooncake;
    case Format::VllmRun:
        return TraceFormat::VllmRun;
    case Format::ServeGen:
        return TraceFormat::ServeGen;
    case Format::SkyPilotCatalogue:
    case Format::FleetText:
        break;
    }
    return std::nullopt;
}

const char* formatName(Format format)
{
    if (const auto trace = traceFormatOf(format)) {
        return traceFormatName(*trace);
    }
    for (const Known& known : kKnown) {
        if (known.format == format) {
            return known.name;
        }
    }
    return "unknown";
}

std::optional<Format> formatByName(const std::string& name)
{
    for (const Format format : importFormats()) {
        if (name == formatName(format)) {
            return format;
        }
    }
    return std::nullopt;
}

std::string knownFormats()
{
    std::string all;
    for (const Known& known : kKnown) {
        all += fmt::format("{} ({}), ", known.name, known.what);
    }
    return all + knownTraceFormats();
}

std::string_view firstLine(std::string_view head)
{
    if (head.starts_with("\xef\xbb\xbf")) {
        head.remove_prefix(3);
    }
    head.remove_prefix(std::min(head.find_first_not_of(" \t\r\n"), head.size()));
    return head.substr(0, head.find_first_of("\r\n"));
}

Result<Format> recognise(const FileIdentity& identity, const std::filesystem::path& path)
{
    std::string_view head = identity.head;
    Error wrong{.code = ErrorCode::WrongFormat,
                .message = "is in no format that Isobar imports",
                .advice = "known formats: " + knownFormats(),
                .file = path.string()};
    if (looksLikeArchive(head) && holdsServeGen(path)) {
        return Format::ServeGen;
    }
    const std::string_view line = firstLine(head);
    if (hasColumn(line, "AcceleratorName") && (hasColumn(line, "InstanceType") || hasColumn(line, "Price"))) {
        return Format::SkyPilotCatalogue;
    }
    if (const auto trace = recogniseTrace(line)) {
        for (const Format format : importFormats()) {
            if (traceFormatOf(format) == trace) {
                return format;
            }
        }
    }
    if (const char* kind = foreignKind(head); kind != nullptr) {
        wrong.message = fmt::format("is {}; no format that Isobar imports", kind);
        return wrong;
    }
    if (head.starts_with("\xef\xbb\xbf")) {
        head.remove_prefix(3);
    }
    if (proto::looksLikeFleetText(head)) {
        return Format::FleetText;
    }
    wrong.line = 1;
    wrong.text = clipped(line);
    return wrong;
}

} // namespace isobar::ingest
