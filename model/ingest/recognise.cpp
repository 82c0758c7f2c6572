// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/formats.h"
#include "model/ingest/text.h"
#include "model/proto/fleet_text.h"

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
    Known{Format::AzureLlmTrace, "azure-llm-trace", "CSV with TIMESTAMP, ContextTokens, GeneratedTokens"},
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
        Magic{"\x1f\x8b"sv, "compressed with gzip: unpack it first"},
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

const char* formatName(Format format)
{
    for (const Known& known : kKnown) {
        if (known.format == format) {
            return known.name;
        }
    }
    return "unknown";
}

std::optional<Format> formatByName(const std::string& name)
{
    for (const Known& known : kKnown) {
        if (name == known.name) {
            return known.format;
        }
    }
    return std::nullopt;
}

std::string knownFormats()
{
    std::string all;
    for (const Known& known : kKnown) {
        all += fmt::format("{}{} ({})", all.empty() ? "" : ", ", known.name, known.what);
    }
    return all;
}

Result<Format> recognise(const FileIdentity& identity, const std::filesystem::path& path)
{
    std::string_view head = identity.head;
    Error wrong{.code = ErrorCode::WrongFormat,
                .message = "is in no format that Isobar imports",
                .advice = "known formats: " + knownFormats(),
                .file = path.string()};
    if (const char* kind = foreignKind(head); kind != nullptr) {
        wrong.message = fmt::format("is {}; no format that Isobar imports", kind);
        return wrong;
    }
    if (head.starts_with("\xef\xbb\xbf")) {
        head.remove_prefix(3);
    }
    const auto start = head.find_first_not_of("\r\n");
    const std::string_view body = start == std::string_view::npos ? std::string_view() : head.substr(start);
    const std::string_view line = body.substr(0, body.find_first_of("\r\n"));
    if (hasColumn(line, "AcceleratorName") && (hasColumn(line, "InstanceType") || hasColumn(line, "Price"))) {
        return Format::SkyPilotCatalogue;
    }
    if (hasColumn(line, "TIMESTAMP") && hasColumn(line, "ContextTokens")) {
        return Format::AzureLlmTrace;
    }
    if (proto::looksLikeFleetText(head)) {
        return Format::FleetText;
    }
    wrong.line = 1;
    wrong.text = clipped(line);
    return wrong;
}

} // namespace isobar::ingest
