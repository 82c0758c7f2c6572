// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/result.h"

#include <cstddef>
#include <filesystem>
#include <string>

namespace isobar::ingest {

/// A small file at once. Errors: those of InputFile; WrongFormat when it is longer than `maxBytes`.
[[nodiscard]] Result<std::string> readWholeFile(const std::filesystem::path& path, std::size_t maxBytes);

} // namespace isobar::ingest
