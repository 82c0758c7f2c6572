// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace isobar::cli {

struct TextCell {
    std::string text;
    bool number = false; ///< stands at the right of its column
};

/// A table for reading: a line of headings, a line a row, columns two spaces apart. What is in a cell is put on one
/// line and cut at 60 bytes.
[[nodiscard]] std::string textTable(const std::vector<std::string>& columns,
                                    const std::vector<std::vector<TextCell>>& rows);

/// "1 row", "1,234 rows".
[[nodiscard]] std::string countedRows(std::size_t rows);

} // namespace isobar::cli
