// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/test_support.h"

namespace isobar::test {

std::filesystem::path sourceDir()
{
    return ISOBAR_SOURCE_DIR;
}

std::optional<std::filesystem::path> sharedData(const std::string& relativePath)
{
    const auto path = sourceDir().parent_path() / "shared" / "data" / relativePath;
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) {
        return std::nullopt;
    }
    return path;
}

std::filesystem::path program(const std::string& name)
{
    return std::filesystem::path(qEnvironmentVariable("ISOBAR_BIN_DIR").toStdString()) / name;
}

} // namespace isobar::test
