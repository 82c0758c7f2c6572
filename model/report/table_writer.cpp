// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/report/table_writer.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace isobar::report {
namespace {

std::string field(const std::string& text)
{
    if (text.find_first_of(",\"\n\r") == std::string::npos) {
        return text;
    }
    std::string quoted = "\"";
    for (const char c : text) {
        quoted += c == '"' ? "\"\"" : std::string(1, c);
    }
    return quoted + '"';
}

std::string header(const query::Table& table, query::Dimension dimension)
{
    return dimension == query::Dimension::Time && table.zone.empty() ? "time_seconds"
                                                                     : std::string(query::dimensionName(dimension));
}

bool compared(const query::Table& table)
{
    return table.compare != query::Compare::Nothing;
}

/// Whether a table has rows that stand for something that is not there, so that each says where its facts are.
bool tellsFacts(const query::Table& table)
{
    return compared(table) || table.filled;
}

std::string facts(const query::Row& row)
{
    return row.present ? (row.inBase ? "both" : "range") : (row.inBase ? "base" : "none");
}

/// The figures of a row, by column.
std::vector<double> figures(const query::Table& table, const query::Row& row)
{
    if (!compared(table)) {
        return row.values;
    }
    std::vector<double> all;
    for (std::size_t i = 0; i < row.values.size(); ++i) {
        all.insert(all.end(), {row.values[i], row.base[i], row.delta[i]});
    }
    return all;
}

Error writeError(const std::filesystem::path& path)
{
    const int reason = errno;
    Error error{reason == ENOSPC || reason == EDQUOT ? ErrorCode::DiskFull : ErrorCode::NotWritable,
                fmt::format("cannot write: {}", std::strerror(reason)),
                {},
                path.string()};
    error.advice = error.code == ErrorCode::DiskFull ? "free some space, or choose another disk"
                                                     : "choose a folder you may write to";
    return error;
}

bool writeAll(int file, std::string_view bytes)
{
    while (!bytes.empty()) {
        const ssize_t written = ::write(file, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return false;
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

} // namespace

std::string toCsv(const query::Table& table)
{
    std::string out;
    for (std::size_t i = 0; i < table.by.size(); ++i) {
        out += (i > 0 ? "," : "") + header(table, table.by[i]);
    }
    for (const query::Measure measure : table.measures) {
        const std::string name(query::info(measure).name);
        out += (out.empty() ? "" : ",") + name + (compared(table) ? "," + name + "_base," + name + "_delta" : "");
    }
    out += tellsFacts(table) ? ",facts" : "";
    out += '\n';
    for (const query::Row& row : table.rows) {
        std::string line;
        for (std::size_t i = 0; i < row.keys.size(); ++i) {
            line += (i > 0 ? "," : "") + field(row.keys[i]);
        }
        const std::vector<double> values = figures(table, row);
        for (std::size_t i = 0; i < values.size(); ++i) {
            line += i > 0 || !row.keys.empty() ? "," : "";
            line += std::isfinite(values[i]) ? fmt::format("{}", values[i]) : "";
        }
        line += tellsFacts(table) ? "," + facts(row) : "";
        out += (line.empty() ? "\"\"" : line) + '\n'; // many readers skip an empty line
    }
    return out;
}

std::string toJson(const query::Table& table)
{
    nlohmann::ordered_json document;
    document["from_seconds"] = static_cast<double>(table.from) * 1e-6;
    document["to_seconds"] = static_cast<double>(table.to) * 1e-6;
    if (compared(table)) {
        document["base_from_seconds"] = static_cast<double>(table.baseFrom) * 1e-6;
        document["base_to_seconds"] = static_cast<double>(table.baseTo) * 1e-6;
    }
    if (!table.zone.empty()) {
        document["time_zone"] = table.zone;
    }
    auto& columns = document["columns"] = nlohmann::ordered_json::array();
    for (const query::Dimension dimension : table.by) {
        columns.push_back({{"name", header(table, dimension)}});
    }
    for (const query::Measure measure : table.measures) {
        const query::MeasureInfo& m = query::info(measure);
        columns.push_back({{"name", m.name}, {"unit", m.unit}, {"formula", m.formula}});
        for (const char* suffix : {"_base", "_delta"}) {
            if (compared(table)) {
                columns.push_back({{"name", std::string(m.name) + suffix}, {"unit", m.unit}});
            }
        }
    }
    if (tellsFacts(table)) {
        columns.push_back({{"name", "facts"}});
    }
    auto& rows = document["rows"] = nlohmann::ordered_json::array();
    for (const query::Row& row : table.rows) {
        auto cells = nlohmann::ordered_json::array();
        for (const std::string& key : row.keys) {
            cells.push_back(key);
        }
        for (const double value : figures(table, row)) {
            cells.push_back(std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr));
        }
        if (tellsFacts(table)) {
            cells.push_back(facts(row));
        }
        rows.push_back(std::move(cells));
    }
    // Names come from files of others: what is not UTF-8 in them is replaced.
    return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
}

Status writeFile(const std::filesystem::path& path, std::string_view bytes)
{
    std::error_code ignored;
    const std::filesystem::file_status there = std::filesystem::status(path, ignored);
    const bool device = std::filesystem::is_character_file(there) || std::filesystem::is_fifo(there);
    std::filesystem::path target = path;
    if (std::filesystem::is_symlink(path, ignored)) {
        target = std::filesystem::weakly_canonical(path, ignored);
    }
    // A pipe or terminal cannot be replaced; anything else is written beside its place and then put there.
    const std::string written = device ? path.string() : target.string() + fmt::format(".{}.part", ::getpid());
    const int file = ::open(written.c_str(), O_WRONLY | O_CLOEXEC | (device ? 0 : O_CREAT | O_EXCL), 0666);
    if (file < 0) {
        return writeError(path);
    }
    const auto giveUp = [&]() -> Status {
        const Error error = writeError(path);
        if (!device) {
            ::unlink(written.c_str());
        }
        return error;
    };
    const bool whole = writeAll(file, bytes) && (device || ::fsync(file) == 0 || errno == EINVAL || errno == EROFS);
    if (!whole) {
        const Status failed = giveUp();
        ::close(file);
        return failed;
    }
    // Some network disks notice only now that they are full.
    if (::close(file) != 0 || (!device && ::rename(written.c_str(), target.c_str()) != 0)) {
        return giveUp();
    }
    return Done{};
}

} // namespace isobar::report
