// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/replay_setup.h"

#include "model/proto/shipped.h"

namespace isobar::cli {

void addHardwareOptions(CLI::App& command, ReplayHardware& hardware)
{
    command.add_option("--model", hardware.model, "A served model of the sample fleet, e.g. Llama-3.1-70B")->required();
    command.add_option("--accelerator", hardware.accelerator, "A chip of the sample fleet, e.g. H100")->required();
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
}

Result<serving::IterationModel> buildReplayModel(const ReplayHardware& hardware)
{
    ISOBAR_TRY_ASSIGN(const Fleet fleet, proto::shippedSample());
    ISOBAR_TRY_ASSIGN(const Calibration calibration, replay::readCalibration(hardware.coefficients));
    replay::Hardware named = hardware;
    named.precision = hardware.precisionName == "fp8" ? Precision::Fp8 : Precision::Bf16;
    return replay::buildReplica(fleet, calibration, named);
}

} // namespace isobar::cli
