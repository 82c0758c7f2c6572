// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/proto/fleet_text.h"

#include "model/proto/text_document.h"

#include <google/protobuf/stubs/logging.h>

namespace isobar::proto {
namespace {

namespace pb = google::protobuf;

Result<Fleet> finish(Result<Fleet> fleet, const std::string& fileName)
{
    if (!fleet.ok()) {
        return fleet;
    }
    if (Status status = validate(*fleet); !status.ok()) {
        Error e = status.error();
        e.file = fileName;
        return e;
    }
    return fleet;
}

} // namespace

Result<Fleet> parseFleetText(std::string_view text, const std::string& fileName)
{
    v1::Fleet document;
    pb::TextFormat::ParseInfoTree tree;
    ISOBAR_TRY(parseText(text, fileName, document, tree));
    if (document.regions_size() == 0 && document.providers_size() == 0) {
        return errorAt(ErrorCode::WrongFormat, "the document has no providers and no regions: not a fleet", fileName);
    }
    return finish(fleetFromProto(document, fileName, locatorFor(document, tree)), fileName);
}

std::string writeFleetText(const Fleet& fleet)
{
    return headerFor("fleet", "Fleet") + print(fleetToProto(fleet));
}

Result<Fleet> parseFleetBinary(std::string_view bytes, const std::string& fileName)
{
    ISOBAR_TRY(checkSize(bytes.size(), fileName));
    const pb::LogSilencer silence;
    v1::Fleet document;
    if (!document.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
        return errorAt(ErrorCode::Corrupt, "the file is damaged or not a fleet in binary form", fileName);
    }
    if (document.regions_size() == 0 && document.providers_size() == 0) {
        return errorAt(ErrorCode::WrongFormat, "the document has no providers and no regions: not a fleet", fileName);
    }
    const std::size_t size = document.ByteSizeLong();
    document.DiscardUnknownFields();
    if (document.ByteSizeLong() != size) {
        Error e = errorAt(ErrorCode::NewerVersion, "the document has fields that this version does not know", fileName);
        e.advice = "open it with the version that wrote it";
        return e;
    }
    return finish(fleetFromProto(document, fileName, [](const char*, int) { return Position{}; }), fileName);
}

std::string writeFleetBinary(const Fleet& fleet)
{
    return fleetToProto(fleet).SerializeAsString();
}

Result<Calibration> parseCalibrationText(std::string_view text, const std::string& fileName)
{
    v1::Calibration document;
    pb::TextFormat::ParseInfoTree tree;
    ISOBAR_TRY(parseText(text, fileName, document, tree));
    if (document.efficiencies_size() == 0) {
        return errorAt(ErrorCode::WrongFormat, "the document has no efficiencies: not a calibration", fileName);
    }
    return calibrationFromProto(document, fileName, locatorFor(document, tree));
}

std::string writeCalibrationText(const Calibration& calibration)
{
    return headerFor("fleet", "Calibration") + print(calibrationToProto(calibration));
}

bool looksLikeFleetText(std::string_view head)
{
    if (head.find('\0') != std::string_view::npos) {
        return false;
    }
    while (!head.empty()) {
        const auto end = head.find('\n');
        std::string_view line = head.substr(0, end);
        head = end == std::string_view::npos ? std::string_view{} : head.substr(end + 1);
        const auto first = line.find_first_not_of(" \t\r");
        if (first == std::string_view::npos) {
            continue;
        }
        line = line.substr(first);
        if (line.front() == '#') {
            if (line.find("isobar.v1.Fleet") != std::string_view::npos) {
                return true;
            }
            continue;
        }
        // The first line that says something: one of the document's own fields, as "name:" or "name {".
        const std::string_view name = line.substr(0, line.find_first_of(" \t:{<"));
        const auto after = line.find_first_not_of(" \t", name.size());
        return after != std::string_view::npos && (line[after] == ':' || line[after] == '{' || line[after] == '<') &&
               v1::Fleet::descriptor()->FindFieldByName(std::string(name)) != nullptr;
    }
    return false;
}

} // namespace isobar::proto
