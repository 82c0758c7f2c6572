// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/arguments.h"
#include "app/isobar-cli/command.h"
#include "app/isobar-cli/output.h"
#include "app/isobar-cli/text_table.h"
#include "model/query/recorded.h"
#include "model/report/table_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace isobar::cli {
namespace {

using aggregate::SimMicros;

struct Options {
    std::string store, from, to, bucket, compare, topBy, zone, format = "table";
    std::vector<std::string> measures, by, where;
    std::int64_t run = 0; ///< 0: the last one
    std::size_t top = 0;
    bool fill = false;
};

std::string checkFilter(const std::string& text)
{
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals + 1 == text.size()) {
        return "'" + text + "' is no filter; write DIMENSION=VALUE, e.g. provider=azure";
    }
    return query::dimensionByName(text.substr(0, equals)) ? ""
                                                          : "there is no dimension '" + text.substr(0, equals) + "'";
}

double seconds(SimMicros at)
{
    return static_cast<double>(at) * 1e-6;
}

query::RecordedQuestion questionOf(const Options& options)
{
    query::RecordedQuestion question;
    question.run = options.run;
    for (const std::string& name : options.measures) {
        question.measures.push_back(*query::measureByName(name));
    }
    for (const std::string& name : options.by) {
        question.by.push_back(*query::dimensionByName(name));
    }
    for (const std::string& filter : options.where) {
        const std::size_t equals = filter.find('=');
        const query::Dimension dimension = *query::dimensionByName(filter.substr(0, equals));
        auto same = std::find_if(question.where.begin(), question.where.end(),
                                 [dimension](const query::Filter& f) { return f.dimension == dimension; });
        if (same == question.where.end()) {
            same = question.where.insert(same, {dimension, {}});
        }
        same->values.push_back(filter.substr(equals + 1));
    }
    question.from = options.from;
    question.to = options.to;
    question.zone = options.zone;
    question.bucketSeconds = options.bucket.empty() ? 0 : *parseDuration(options.bucket);
    question.fill = options.fill;
    question.top = options.top;
    question.topBy = options.topBy.empty() ? std::nullopt : query::measureByName(options.topBy);
    question.compare = options.compare.empty() ? query::CompareChoice{} : *query::parseCompare(options.compare);
    return question;
}

Result<query::Table> ask(const Options& options)
{
    ISOBAR_TRY_ASSIGN(const auto store, store::Store::open(options.store));
    return query::askRecorded(store, questionOf(options));
}

/// Six digits at least, thousands set apart, and never a power of ten of a figure that is large.
std::string figure(double value)
{
    const double size = std::abs(value);
    return !std::isfinite(value) ? "-"
           : size < 1e3          ? fmt::format("{:.6g}", value)
                                 : grouped(value, size < 1e5 && value != std::floor(value) ? 2 : 0);
}

std::string words(const query::Table& table)
{
    std::vector<std::string> columns;
    for (const query::Dimension dimension : table.by) {
        columns.emplace_back(query::dimensionName(dimension));
    }
    const bool compared = table.compare != query::Compare::Nothing;
    for (const query::Measure measure : table.measures) {
        const query::MeasureInfo& m = query::info(measure);
        columns.push_back(fmt::format("{} [{}]", m.title, m.unit));
        if (compared) {
            columns.insert(columns.end(), {"before", "change"});
        }
    }
    std::vector<std::vector<TextCell>> rows;
    const auto number = [](double value) { return TextCell{figure(value), true}; };
    for (const query::Row& row : table.rows) {
        auto& line = rows.emplace_back();
        for (const std::string& key : row.keys) {
            line.push_back({key, false});
        }
        for (std::size_t i = 0; i < row.values.size(); ++i) {
            line.push_back(number(row.values[i]));
            if (compared) {
                line.push_back(number(row.base[i]));
                line.push_back(number(row.delta[i]));
            }
        }
    }
    std::string out = textTable(columns, rows) + fmt::format("{}, {} s to {} s", countedRows(table.rows.size()),
                                                             seconds(table.from), seconds(table.to));
    if (compared) {
        out += fmt::format("; compared with {} s to {} s", seconds(table.baseFrom), seconds(table.baseTo));
    }
    return out + '\n';
}

int run(const Options& options)
{
    const auto table = ask(options);
    if (!table.ok()) {
        return fail(table.error());
    }
    return printText(options.format == "csv"    ? report::toCsv(*table)
                     : options.format == "json" ? report::toJson(*table)
                                                : words(*table));
}

} // namespace

void addQuery(CLI::App& app, Runner& chosen)
{
    auto* command = app.add_subcommand("query", "Ask a store's recorded history for measures by dimensions");
    auto options = std::make_shared<Options>();
    std::vector<std::string> measures, dimensions;
    for (const query::MeasureInfo& m : query::measures()) {
        measures.emplace_back(m.name);
    }
    for (const query::DimensionInfo& d : query::dimensions()) {
        dimensions.emplace_back(d.name);
    }
    command->add_option("STORE", options->store, "The store")->required();
    command->add_option("--measure", options->measures, "What to sum up (docs/measures.md); several with commas")
        ->required()
        ->delimiter(',')
        ->allow_extra_args(false)
        ->check(CLI::IsMember(measures));
    command->add_option("--by", options->by, "What to split it by, at most four; several with commas")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->check(CLI::IsMember(dimensions));
    command->add_option("--where", options->where, "DIMENSION=VALUE: only that; the same dimension again: that too")
        ->allow_extra_args(false)
        ->check(checkFilter);
    command->add_option("--from", options->from, "2026-11-22T14:00Z, or how long after the run's start: 90s, 5m, 1h");
    command->add_option("--to", options->to, "The same; exclusive");
    command->add_option("--bucket", options->bucket, "Width of a bucket of time, e.g. 1m; some hundred when not given")
        ->check(checkDuration);
    command->add_option("--compare", options->compare, kCompareHelp)->check(checkCompare);
    command->add_option("--top", options->top, "Only the N with most, and one row (other) for all the rest")
        ->check(CLI::Range(1, 1'000'000));
    command->add_option("--top-by", options->topBy, "Most of this; the first measure when not given")
        ->check(CLI::IsMember(measures));
    command->add_flag("--fill", options->fill, "By time: a row for every bucket, also where there is nothing");
    command->add_option("--tz", options->zone, "Buckets and times by this clock: Europe/Berlin, +05:30, UTC");
    command->add_option("--run", options->run, "Which recorded run; the last one when not given")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 62));
    command->add_option("--format", options->format, "How to print it")
        ->check(CLI::IsMember({"table", "csv", "json"}))
        ->capture_default_str();
    command->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

} // namespace isobar::cli
