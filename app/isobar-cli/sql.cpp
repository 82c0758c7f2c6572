// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/store/sql.h"
#include "app/isobar-cli/command.h"
#include "app/isobar-cli/output.h"
#include "app/isobar-cli/text_table.h"
#include "model/store/store.h"

#include <fmt/format.h>

#include <algorithm>

namespace isobar::cli {
namespace {

struct Options {
    std::string store, sql, format = "table";
    store::SqlLimits limits;
};

std::string words(const store::SqlTable& table)
{
    std::vector<std::vector<TextCell>> rows;
    for (const auto& row : table.rows) {
        auto& line = rows.emplace_back();
        for (const store::SqlValue& value : row) {
            line.push_back({std::holds_alternative<std::monostate>(value) ? "-" : store::toText(value),
                            std::holds_alternative<double>(value) || std::holds_alternative<std::int64_t>(value)});
        }
    }
    return textTable(table.columns, rows) + fmt::format("{} in {:.3f} s{}\n", countedRows(table.rows.size()),
                                                        table.seconds,
                                                        table.truncated ? "; there are more (--limit)" : "");
}

/// Names of columns as an object can hold them: where two are the same, the later one is "name:1", as SQLite calls it
/// in a view.
std::vector<std::string> keysOf(const std::vector<std::string>& columns)
{
    std::vector<std::string> keys;
    for (const std::string& column : columns) {
        std::string key = column;
        for (int i = 1; std::find(keys.begin(), keys.end(), key) != keys.end(); ++i) {
            key = fmt::format("{}:{}", column, i);
        }
        keys.push_back(std::move(key));
    }
    return keys;
}

Json json(const store::SqlTable& table)
{
    const std::vector<std::string> keys = keysOf(table.columns);
    Json rows = Json::array();
    for (const auto& row : table.rows) {
        Json object = Json::object();
        for (std::size_t i = 0; i < row.size(); ++i) {
            Json& cell = object[keys[i]];
            if (const auto* integer = std::get_if<std::int64_t>(&row[i])) {
                cell = *integer;
            } else if (const auto* real = std::get_if<double>(&row[i])) {
                cell = *real;
            } else if (!std::holds_alternative<std::monostate>(row[i])) {
                cell = store::toText(row[i]);
            }
        }
        rows.push_back(std::move(object));
    }
    return {
        {"columns", keys}, {"rows", std::move(rows)}, {"truncated", table.truncated}, {"wall_seconds", table.seconds}};
}

int run(const Options& options)
{
    Interrupt interrupt;
    const auto store = store::Store::open(options.store); // checks it, and brings its views up to date
    if (!store.ok()) {
        return fail(store.error());
    }
    const auto table = store::runReadOnlySql(store->path(), options.sql, options.limits, interrupt.token());
    if (!table.ok()) {
        return fail(table.error());
    }
    if (options.format == "json") {
        return printJson(json(*table));
    }
    return printText(options.format == "csv" ? store::toCsv(*table) : words(*table));
}

} // namespace

void addSql(CLI::App& app, Runner& chosen)
{
    auto* command = app.add_subcommand("sql", "Ask a store one SELECT; nothing can be changed by it");
    auto options = std::make_shared<Options>();
    command->add_option("STORE", options->store, "The store")->required();
    command->add_option("QUERY", options->sql, "One SELECT, of views such as v_cost_daily (docs/store.md)")->required();
    command->add_option("--format", options->format, "How to print it")
        ->check(CLI::IsMember({"table", "csv", "json"}))
        ->capture_default_str();
    command->add_option("--limit", options->limits.rows, "Rows to print at most")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{10'000'000}))
        ->capture_default_str();
    command->add_option("--timeout", options->limits.seconds, "Seconds it may take")
        ->check(CLI::Range(0.001, 86'400.0))
        ->capture_default_str();
    command->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

} // namespace isobar::cli
