// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/system_spec.h"

#include "model/ingest/text.h"
#include "model/ingest/whole_file.h"

#include <cmath>
#include <fmt/format.h>
#include <map>
#include <vector>

namespace isobar::ingest {
namespace {

struct Figure {
    std::string text;
    std::int64_t line = 0;
};

std::string acceleratorName(const std::string& stem, double memoryBytes)
{
    std::string name;
    for (const char c : stem) {
        name += c == '_' ? '-' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    }
    if (name.size() > 4 && name.ends_with("-SXM")) {
        name.resize(name.size() - 4);
    }
    return name == "A100" ? fmt::format("A100-{:.0f}GB", memoryBytes / (1 << 30)) : name;
}

} // namespace

Result<SystemSpec> readSystemSpec(const std::filesystem::path& path)
{
    ISOBAR_TRY_ASSIGN(const std::string text, readWholeFile(path, 1 << 20));
    std::map<std::string, Figure> figures; // "gpu.mem_bw"
    std::string section;
    std::int64_t line = 0;
    for (std::size_t from = 0; from < text.size();) {
        const std::size_t end = std::min(text.find('\n', from), text.size());
        std::string_view content(text.data() + from, end - from);
        from = end + 1;
        ++line;
        content = content.substr(0, content.find('#'));
        if (!content.empty() && content.back() == '\r') {
            content.remove_suffix(1);
        }
        const bool nested = content.starts_with(' ') || content.starts_with('\t');
        const std::string_view entry = trimmed(content);
        const std::size_t colon = entry.find(':');
        if (colon == std::string_view::npos) {
            continue;
        }
        const std::string key(trimmed(entry.substr(0, colon)));
        const std::string_view value = trimmed(entry.substr(colon + 1));
        if (!nested) {
            section = key;
        } else if (!value.empty()) {
            figures.try_emplace(section + "." + key, Figure{std::string(value), line});
        }
    }

    const auto read = [&](const char* key, double& to) -> Status {
        const auto found = figures.find(key);
        if (found == figures.end()) {
            return Error{.code = ErrorCode::WrongFormat,
                         .message = fmt::format("has no {}", key),
                         .advice = "give a system description with gpu: and node: sections",
                         .file = path.string()};
        }
        const auto number = parseNumber(found->second.text);
        if (!number || !(*number > 0)) {
            return Error{.code = ErrorCode::InvalidValue,
                         .message = fmt::format("{} is not a positive number", key),
                         .file = path.string(),
                         .line = found->second.line,
                         .text = clipped(found->second.text)};
        }
        to = *number;
        return Done{};
    };

    SystemSpec spec;
    AcceleratorType& chip = spec.accelerator;
    double together = 0;
    ISOBAR_TRY(read("gpu.mem_bw", chip.hbmBytesPerSecond));
    ISOBAR_TRY(read("gpu.mem_capacity", chip.hbmBytes));
    ISOBAR_TRY(read("gpu.bfloat16_tc_flops", chip.bf16FlopsPerSecond));
    ISOBAR_TRY(read("node.intra_node_bw", chip.interconnectBytesPerSecond));
    ISOBAR_TRY(read(figures.contains("node.num_gpus_per_rack") ? "node.num_gpus_per_rack" : "node.num_gpus_per_node",
                    together));
    if (figures.contains("gpu.fp8_tc_flops")) {
        double fp8 = 0;
        ISOBAR_TRY(read("gpu.fp8_tc_flops", fp8));
        chip.fp8FlopsPerSecond = fp8;
    }
    if (figures.contains("gpu.fp4_tc_flops")) {
        double fp4 = 0;
        ISOBAR_TRY(read("gpu.fp4_tc_flops", fp4));
        chip.fp4FlopsPerSecond = fp4;
    }
    if (figures.contains("gpu.power")) {
        ISOBAR_TRY(read("gpu.power", chip.tdpWatts));
    }
    spec.chipsTogether = static_cast<std::int32_t>(std::min(together, 1e6));
    chip.name = acceleratorName(path.stem().string(), chip.hbmBytes);
    chip.vendor = "NVIDIA";
    chip.runtimeFamily = "cuda";
    return spec;
}

Result<SystemSpec> findSystemSpec(const std::filesystem::path& folder, const std::string& name)
{
    const auto bare = [](const std::string& text) {
        std::string out;
        for (const char c : lowercase(text)) {
            out += (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? std::string(1, c) : std::string();
        }
        return out;
    };
    std::map<std::string, std::filesystem::path>
        files; // by name, so that messages and choices do not depend on the disk
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator(folder, failed)) {
        if (entry.path().extension() == ".yaml") {
            files.emplace(entry.path().stem().string(), entry.path());
        }
    }
    if (failed || files.empty()) {
        return Error{.code = ErrorCode::NotFound,
                     .message = "is no folder of system descriptions (SYSTEM.yaml)",
                     .advice = "give the folder with one .yaml file for each accelerator",
                     .file = folder.string()};
    }
    const std::string wanted = bare(name);
    std::vector<SystemSpec> alike;
    std::string known;
    for (const auto& [stem, path] : files) {
        const bool begins = !wanted.empty() && bare(stem).starts_with(wanted);
        Result<SystemSpec> spec = readSystemSpec(path);
        const std::string own = spec.ok() ? spec->accelerator.name : stem;
        known += (known.empty() ? "" : ", ") + own;
        if (bare(stem) == wanted || bare(own) == wanted) {
            return spec;
        }
        if (begins && spec.ok()) {
            alike.push_back(std::move(*spec));
        }
    }
    if (alike.size() == 1) {
        return std::move(alike.front());
    }
    return Error{.code = ErrorCode::NotFound,
                 .message = fmt::format("there is no accelerator '{}'{}", name, alike.empty() ? "" : " alone"),
                 .advice = "known: " + known,
                 .file = folder.string()};
}

} // namespace isobar::ingest
