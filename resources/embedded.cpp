// SPDX-License-Identifier: GPL-3.0-or-later
#include "resources/embedded.h"

namespace isobar::resources {
namespace {

struct Entry {
    std::string_view path;
    const char* begin;
    const char* end;
};

} // namespace
} // namespace isobar::resources

using isobar::resources::Entry;
#include "embedded_table.inc"

namespace isobar::resources {

std::string_view file(std::string_view path)
{
    for (const Entry& entry : kEntries) {
        if (entry.path == path) {
            return {entry.begin, static_cast<std::size_t>(entry.end - entry.begin)};
        }
    }
    return {};
}

} // namespace isobar::resources
