// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/fleet.h"

#include <filesystem>
#include <string>

namespace isobar::ingest {

/// A server with accelerators, as NVIDIA aiconfigurator describes one: `gpu:` and `node:` with simple `key: value`
/// lines and comments.
struct SystemSpec {
    AcceleratorType accelerator;
    std::int32_t chipsTogether = 0; ///< joined by the fast interconnect: a node's, or a rack's where it spans one
};

/// Named after the file: "h100_sxm.yaml" is the H100, "l40s.yaml" the L40S; the A100, which comes in two sizes, gets
/// its memory, as in Isobar's fleets: "A100-80GB". Errors: those of InputFile; WrongFormat or InvalidValue with the
/// line for a missing section, a missing figure, or one that is not a positive number.
[[nodiscard]] Result<SystemSpec> readSystemSpec(const std::filesystem::path& path);

/// The one of a folder of "SYSTEM.yaml" that is called `name`, by its file or as an accelerator; case, spaces and
/// punctuation do not matter, nor what follows when no other begins alike: "RTX PRO 6000" is rtx_pro_6000_server.
/// Errors: NotFound with the names there are; those of readSystemSpec.
[[nodiscard]] Result<SystemSpec> findSystemSpec(const std::filesystem::path& folder, const std::string& name);

} // namespace isobar::ingest
