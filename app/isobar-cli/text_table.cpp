// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/text_table.h"

#include "app/isobar-cli/output.h"

#include <algorithm>

namespace isobar::cli {
namespace {

constexpr std::size_t kWidestColumn = 60;

/// One line, whatever is in it, cut on a whole character.
std::string shortened(std::string cell)
{
    for (char& c : cell) {
        c = static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    }
    if (cell.size() <= kWidestColumn) {
        return cell;
    }
    std::size_t end = kWidestColumn;
    while (end > 0 && (static_cast<unsigned char>(cell[end]) & 0xc0) == 0x80) {
        --end;
    }
    return cell.substr(0, end) + "…";
}

/// In characters, not bytes.
std::size_t length(const std::string& cell)
{
    return static_cast<std::size_t>(
        std::count_if(cell.begin(), cell.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

} // namespace

std::string textTable(const std::vector<std::string>& columns, const std::vector<std::vector<TextCell>>& rows)
{
    std::vector<std::vector<TextCell>> lines(1);
    for (const std::string& column : columns) {
        lines.front().push_back({column, false});
    }
    lines.insert(lines.end(), rows.begin(), rows.end());
    std::vector<std::size_t> widths(columns.size(), 0);
    for (auto& line : lines) {
        for (std::size_t i = 0; i < line.size(); ++i) {
            line[i].text = shortened(std::move(line[i].text));
            widths[i] = std::max(widths[i], length(line[i].text));
        }
    }
    std::string out;
    for (const auto& line : lines) {
        for (std::size_t i = 0; i < line.size(); ++i) {
            const std::string padding(widths[i] - length(line[i].text), ' ');
            out += (i > 0 ? "  " : "") + (line[i].number ? padding + line[i].text : line[i].text + padding);
        }
        out.erase(out.find_last_not_of(' ') + 1);
        out += '\n';
    }
    return out;
}

std::string countedRows(std::size_t rows)
{
    return grouped(static_cast<std::int64_t>(rows)) + (rows == 1 ? " row" : " rows");
}

} // namespace isobar::cli
