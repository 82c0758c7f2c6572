// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/operations.h"

#include <string>
#include <string_view>

/// Operations to and from the text form of an isobar.v1.Operations document, which names the entities of a fleet.
namespace isobar::proto {

/// The result has passed isobar::validate. Errors name file and line; a name the fleet does not have is one.
[[nodiscard]] Result<Operations> parseOperationsText(std::string_view text, const std::string& fileName,
                                                     const Fleet& fleet);
/// `operations` must be valid for the fleet.
[[nodiscard]] std::string writeOperationsText(const Operations& operations, const Fleet& fleet);

/// The first paragraph of comments at the head of a document, on one line, without what names its type; "" where there
/// is none.
[[nodiscard]] std::string leadingComment(std::string_view text);

} // namespace isobar::proto
