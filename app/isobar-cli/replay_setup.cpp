// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/replay_setup.h"

#include "model/fleet/lookup.h"
#include "model/ingest/model_config.h"
#include "model/ingest/system_spec.h"
#include "model/proto/shipped.h"

#include <algorithm>

namespace isobar::cli {

void addHardwareOptions(CLI::App& command, ReplayHardware& hardware)
{
    command.add_option("--model", hardware.model, "A served model of the sample fleet, or of --models")->required();
    command.add_option("--accelerator", hardware.accelerator, "A chip of the sample fleet, or of --systems")
        ->required();
    command.add_option("--tensor-parallel", hardware.tensorParallel, "Chips a replica")
        ->check(CLI::Range(1, replay::kMaxTensorParallel))
        ->capture_default_str();
    command.add_option("--max-batch", hardware.maxBatch, "Sequences a replica runs at once, at most")
        ->check(CLI::Range(1, replay::kMaxBatch))
        ->capture_default_str();
    command.add_option("--precision", hardware.precisionName, "Of the weights: bf16 or fp8")
        ->check(CLI::IsMember({"bf16", "fp8"}))
        ->capture_default_str();
    command.add_option("--coefficients", hardware.coefficients, "Calibration in protobuf text instead of the shipped");
    command.add_option("--systems", hardware.systems, "Folder of more chips' descriptions (SYSTEM.yaml)");
    command.add_option("--models", hardware.models, "Folder of more models' config.json (owner--Name_config.json)");
}

namespace {

/// Puts an entity into the fleet, in the place of one of its name if there is one.
template <class Entity> void put(std::vector<Entity>& all, Entity entity)
{
    const auto same = std::find_if(all.begin(), all.end(), [&](const Entity& e) { return e.name == entity.name; });
    if (same != all.end()) {
        *same = std::move(entity);
    } else {
        all.push_back(std::move(entity));
    }
}

/// What the folders describe, into the fleet; `named` takes the name the accelerator goes by.
Status addDescribed(const ReplayHardware& hardware, Fleet& fleet, replay::Hardware& named)
{
    if (!hardware.systems.empty()) {
        Result<ingest::SystemSpec> spec = ingest::findSystemSpec(hardware.systems, hardware.accelerator);
        if (spec.ok()) {
            named.accelerator = spec->accelerator.name;
            put(fleet.accelerators, std::move(spec->accelerator));
        } else if (!findAccelerator(fleet, hardware.accelerator).valid()) {
            return spec.error();
        }
    }
    if (!hardware.models.empty()) {
        if (const auto config = ingest::findModelConfig(hardware.models, hardware.model)) {
            ISOBAR_TRY_ASSIGN(ServedModel model, ingest::readModelConfig(*config, hardware.model));
            put(fleet.models, std::move(model));
        } else if (!findModel(fleet, hardware.model).valid()) {
            return Error{.code = ErrorCode::NotFound,
                         .message = "there is no config.json of " + hardware.model,
                         .advice = "add it as owner--Name_config.json",
                         .file = hardware.models};
        }
    }
    return Done{};
}

} // namespace

Result<serving::IterationModel> buildReplayModel(const ReplayHardware& hardware)
{
    ISOBAR_TRY_ASSIGN(Fleet fleet, proto::shippedSample());
    ISOBAR_TRY_ASSIGN(const Calibration calibration, replay::readCalibration(hardware.coefficients));
    replay::Hardware named = hardware;
    named.precision = hardware.precisionName == "fp8" ? Precision::Fp8 : Precision::Bf16;
    ISOBAR_TRY(addDescribed(hardware, fleet, named));
    return replay::buildReplica(fleet, calibration, named);
}

} // namespace isobar::cli
