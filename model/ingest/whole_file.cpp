// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/whole_file.h"

#include "model/ingest/input_file.h"

#include <fmt/format.h>

namespace isobar::ingest {

Result<std::string> readWholeFile(const std::filesystem::path& path, std::size_t maxBytes)
{
    ISOBAR_TRY_ASSIGN(InputFile file, InputFile::open(path));
    std::string text;
    for (char buffer[16384];;) {
        ISOBAR_TRY_ASSIGN(const std::size_t got, file.read(buffer, sizeof buffer));
        if (got == 0) {
            return text;
        }
        text.append(buffer, got);
        if (text.size() > maxBytes) {
            return Error{.code = ErrorCode::WrongFormat,
                         .message = fmt::format("is longer than {} bytes, which no such file is", maxBytes),
                         .file = path.string()};
        }
    }
}

} // namespace isobar::ingest
