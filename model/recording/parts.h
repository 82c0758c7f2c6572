// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/result.h"

#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <string_view>

/// The parts of a recording file: a letter, a length in four bytes, a zstd frame. Private to this room.
namespace isobar::recording {

inline constexpr std::string_view kMagic = "ISOBREC1", kEndMagic = "ISOBEND1";
inline constexpr char kHeaderPart = 'H', kFramePart = 'F', kIndexPart = 'X';
inline constexpr std::size_t kPartHead = 5;
/// No part of a real recording is longer, packed or not; writers keep to a fraction of it.
inline constexpr std::size_t kMostPartBytes = std::size_t{32} << 20;

/// `message` must not be longer than kMostPartBytes.
[[nodiscard]] std::string packPart(char kind, std::string_view message, int compressionLevel);

struct Part {
    char kind = 0;
    std::uint64_t next = 0; ///< where the following one begins
    std::string message;
};
/// The part at `offset` of a file of `fileBytes`; nothing when what is there is no whole, undamaged part.
[[nodiscard]] std::optional<Part> readPart(std::istream& file, std::uint64_t offset, std::uint64_t fileBytes);

[[nodiscard]] std::string littleEndian(std::uint64_t value, std::size_t bytes);
[[nodiscard]] std::uint64_t fromLittleEndian(std::string_view bytes);

} // namespace isobar::recording
