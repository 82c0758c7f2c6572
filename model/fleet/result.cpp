// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/fleet/result.h"

#include <fmt/format.h>

namespace isobar {

std::string Error::toString() const
{
    std::string where = file;
    if (line > 0) {
        where += fmt::format("{}{}", where.empty() ? "line " : ":", line);
        if (column > 0) {
            where += fmt::format(":{}", column);
        }
    }
    std::string out = where.empty() ? message : where + ": " + message;
    const std::string quoted = fmt::format("'{}'", text);
    if (!text.empty() && message.find(quoted) == std::string::npos) { // else it is said already
        out += ": " + quoted;
    }
    if (!advice.empty()) {
        out += " (" + advice + ")";
    }
    for (char& c : out) {
        if (c == '\n' || c == '\r') {
            c = ' ';
        }
    }
    return out;
}

} // namespace isobar
