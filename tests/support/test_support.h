// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QString>
#include <filesystem>
#include <optional>
#include <string>

/// What several test classes need; nothing here knows a room.
namespace isobar::test {

/// The checkout the tests were built from.
[[nodiscard]] std::filesystem::path sourceDir();

/// A file of the public data kept beside the checkout (never part of it), e.g. "llm_traces/azure_2023/x.csv".
/// Empty when it is absent: the test then skips and says so.
[[nodiscard]] std::optional<std::filesystem::path> sharedData(const std::string& relativePath);

/// The built programs: ISOBAR_BIN_DIR, set by ctest.
[[nodiscard]] std::filesystem::path program(const std::string& name);

} // namespace isobar::test

/// Sets `variable` to the path of a shared data file, or skips the test with a message.
#define ISOBAR_NEED_DATA(variable, relativePath)                                                                       \
    const auto variable##Found = isobar::test::sharedData(relativePath);                                               \
    if (!variable##Found)                                                                                              \
        QSKIP("public data file absent: " relativePath);                                                               \
    const std::filesystem::path variable = *variable##Found
