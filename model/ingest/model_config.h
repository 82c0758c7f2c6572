// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/fleet.h"

#include <filesystem>
#include <optional>
#include <string_view>

namespace isobar::ingest {

/// A model's size and KV cache from the `config.json` it is published with: dense transformers and mixtures of experts,
/// grouped-query and latent (MLA) attention, fields at the top or under `text_config`. Parameters are counted from the
/// shapes, without biases, norms and draft layers for speculative decoding.
///
/// Errors: those of InputFile; WrongFormat for what is no JSON object; InvalidValue for a missing or impossible field,
/// by name; Infeasible for an architecture whose cost the serving model does not know (linear or sliding-window layers,
/// state-space layers, sparse attention, layers that differ in their experts).
[[nodiscard]] Result<ServedModel> readModelConfig(const std::filesystem::path& path, const std::string& name);

/// The configuration of "owner/Name" in a folder of "owner--Name_config.json": that file, or one of the same
/// architecture, i.e. a name that differs only in case, owner, a leading "Meta-" and an ending that tells tuning or
/// quantisation ("-Instruct", "-FP8", …). Nothing when there is none.
[[nodiscard]] std::optional<std::filesystem::path> findModelConfig(const std::filesystem::path& folder,
                                                                   std::string_view modelPath);

} // namespace isobar::ingest
