// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/result.h"
#include "model/store/store.h"

#include <QString>

#include <filesystem>
#include <vector>

/// What the data room says in words.
namespace isobar::ui {

/// How far a table stands in from its panel, so that its words begin below its heading: a cell has padding of its own.
inline constexpr int kTableInset = 6;

/// A path of the model as Qt text and back; both are UTF-8 on disk here.
[[nodiscard]] QString pathText(const std::filesystem::path& path);
[[nodiscard]] std::filesystem::path toPath(const QString& text);
/// The last part of a path.
[[nodiscard]] QString fileName(const QString& path);

/// "skypilot-catalogue" -> "Price catalogue"; an unknown name as it is.
[[nodiscard]] QString formatTitle(const std::string& name);

/// One sentence with its full stop: "prices.csv, line 3: has 11 fields under 10 headers."
[[nodiscard]] QString errorSentence(const Error& error);
/// What to do next, as a sentence; may be empty.
[[nodiscard]] QString adviceSentence(const Error& error);

/// "2026-11-22T14:06:31Z" -> "2026-11-22 14:06 UTC"; what is not such a time as it is.
[[nodiscard]] QString whenText(const std::string& utc);
/// The first ten digits of a hash.
[[nodiscard]] QString shortHash(const std::string& sha256);
/// "1 file", "2,300 rows".
[[nodiscard]] QString counted(std::int64_t count, const QString& one, const QString& many);

/// RFC 4180 with LF and one header line: line, field, rule, text. Field is empty where the whole row is meant.
[[nodiscard]] std::string toCsv(const std::vector<store::Diagnostic>& rows);

} // namespace isobar::ui
