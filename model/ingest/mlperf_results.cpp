// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/mlperf_results.h"

#include "model/ingest/text.h"
#include "model/ingest/whole_file.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>

namespace isobar::ingest {
namespace {

using Json = nlohmann::json;

std::string textOf(const Json& entry, const char* key)
{
    const auto at = entry.find(key);
    return at != entry.end() && at->is_string() ? at->get<std::string>() : std::string();
}

/// A positive number, written as one or as text.
std::optional<double> numberOf(const Json& entry, const char* key)
{
    const auto at = entry.find(key);
    if (at == entry.end()) {
        return std::nullopt;
    }
    const std::optional<double> value = at->is_number()   ? std::optional(at->get<double>())
                                        : at->is_string() ? parseNumber(trimmed(at->get_ref<const std::string&>()))
                                                          : std::nullopt;
    return value && *value > 0 && std::isfinite(*value) ? value : std::nullopt;
}

} // namespace

Result<MlperfResults> readMlperfResults(const std::filesystem::path& path)
{
    ISOBAR_TRY_ASSIGN(const std::string text, readWholeFile(path, 256 << 20));
    const Json document = Json::parse(text, nullptr, false);
    if (!document.is_array()) {
        return Error{.code = ErrorCode::WrongFormat,
                     .message = "is not a list of MLPerf results",
                     .advice = "give summary_results.json of a round of MLPerf Inference",
                     .file = path.string()};
    }
    MlperfResults out;
    struct Submission {
        double tokensPerSecond;
        std::string software;
    };
    std::map<std::array<std::string, 3>, std::vector<Submission>> groups;
    for (const Json& entry : document) {
        ++out.read;
        if (!entry.is_object()) {
            continue;
        }
        const std::string model = textOf(entry, "Model"), accelerator = textOf(entry, "Accelerator");
        const auto chips = numberOf(entry, "a#"), result = numberOf(entry, "Performance_Result");
        const double nodes = numberOf(entry, "Nodes").value_or(1);
        if (textOf(entry, "Category") != "closed" || textOf(entry, "Performance_Units") != "Tokens/s" ||
            textOf(entry, "UsedModel") != model || accelerator.empty() || !chips || !result) {
            continue;
        }
        ++out.used;
        const std::string plain = model.substr(0, model.find("-99")); // -99 and -99.9: how exact the answers are
        groups[{plain, accelerator, textOf(entry, "Scenario")}].push_back(
            {*result / (*chips * nodes), textOf(entry, "Software")});
    }
    for (auto& [key, group] : groups) {
        std::stable_sort(group.begin(), group.end(), [](const Submission& x, const Submission& y) {
            return x.tokensPerSecond < y.tokensPerSecond;
        });
        const Submission& middle = group[group.size() / 2];
        out.results.push_back({key[0], key[1], key[2], middle.tokensPerSecond, group.front().tokensPerSecond,
                               group.back().tokensPerSecond, static_cast<std::int64_t>(group.size()), middle.software});
    }
    return out;
}

} // namespace isobar::ingest
