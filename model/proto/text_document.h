// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/result.h"
#include "model/proto/keys.h"

#include <google/protobuf/text_format.h>
#include <string>
#include <string_view>

/// Protobuf text in and out, bounded and with the place of every error, whatever the document. Private to this room.
namespace isobar::proto {

[[nodiscard]] Error errorAt(ErrorCode code, std::string message, const std::string& file, Position at = {});
/// Refuses documents that are larger than any real one.
[[nodiscard]] Status checkSize(std::size_t bytes, const std::string& fileName);
/// Parses `text` into `document`; `tree` receives where its entries stand.
[[nodiscard]] Status parseText(std::string_view text, const std::string& fileName, google::protobuf::Message& document,
                               google::protobuf::TextFormat::ParseInfoTree& tree);
/// Keeps references to both.
[[nodiscard]] Locator locatorFor(const google::protobuf::Message& document,
                                 const google::protobuf::TextFormat::ParseInfoTree& tree);
/// One line for every entry of a repeated field and for every single field, fields in the order of the schema.
[[nodiscard]] std::string print(const google::protobuf::Message& document);
/// The head of a text document: which message of which file of isobar/v1 it is.
[[nodiscard]] std::string headerFor(const char* file, const char* message);

} // namespace isobar::proto
