// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/replay_setup.h"

#include "model/fleet/lookup.h"
#include "model/ingest/input_file.h"
#include "model/proto/fleet_text.h"
#include "model/proto/shipped.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace isobar::cli {
namespace {

constexpr std::size_t kMaxCoefficientBytes = std::size_t{64} << 20;
constexpr std::int32_t kMaxTensorParallel = 1024;
constexpr std::int32_t kMaxBatch = 65'536;

template <class Entity> Error unknown(const char* what, const std::string& name, const std::vector<Entity>& all)
{
    std::vector<std::string> names;
    for (const Entity& entity : all) {
        names.push_back(entity.name);
    }
    return Error{.code = ErrorCode::NotFound,
                 .message = fmt::format("there is no {} '{}'", what, name),
                 .advice = fmt::format("known: {}", fmt::join(names, ", "))};
}

Result<Calibration> calibration(const std::string& path)
{
    if (path.empty()) {
        return proto::shippedCalibration();
    }
    ISOBAR_TRY_ASSIGN(ingest::InputFile file, ingest::InputFile::open(path));
    std::string text;
    constexpr std::size_t kPiece = 64 * 1024;
    for (std::size_t got = 1; got > 0;) {
        if (text.size() > kMaxCoefficientBytes) {
            return Error{.code = ErrorCode::WrongFormat,
                         .message = "is too large for a file of coefficients",
                         .advice = "give the file in protobuf text",
                         .file = path};
        }
        const std::size_t length = text.size();
        text.resize(length + kPiece);
        ISOBAR_TRY_ASSIGN(const std::size_t bytes, file.read(text.data() + length, kPiece));
        got = bytes;
        text.resize(length + got);
    }
    return proto::parseCalibrationText(text, path);
}

} // namespace

void addHardwareOptions(CLI::App& command, ReplayHardware& hardware)
{
    command.add_option("--model", hardware.model, "A served model of the sample fleet, e.g. Llama-3.1-70B")->required();
    command.add_option("--accelerator", hardware.accelerator, "A chip of the sample fleet, e.g. H100")->required();
    command.add_option("--tensor-parallel", hardware.tensorParallel, "Chips a replica")
        ->check(CLI::Range(1, kMaxTensorParallel))
        ->capture_default_str();
    command.add_option("--max-batch", hardware.maxBatch, "Sequences a replica runs at once, at most")
        ->check(CLI::Range(1, kMaxBatch))
        ->capture_default_str();
    command.add_option("--precision", hardware.precision, "Of the weights: bf16 or fp8")
        ->check(CLI::IsMember({"bf16", "fp8"}))
        ->capture_default_str();
    command.add_option("--coefficients", hardware.coefficients, "Calibration in protobuf text instead of the shipped");
}

Result<serving::IterationModel> buildReplayModel(const ReplayHardware& hardware)
{
    ISOBAR_TRY_ASSIGN(const Fleet fleet, proto::shippedSample());
    const ModelId model = findModel(fleet, hardware.model);
    if (!model.valid()) {
        return unknown("model", hardware.model, fleet.models);
    }
    const AcceleratorId accelerator = findAccelerator(fleet, hardware.accelerator);
    if (!accelerator.valid()) {
        return unknown("accelerator", hardware.accelerator, fleet.accelerators);
    }
    ISOBAR_TRY_ASSIGN(const Calibration known, calibration(hardware.coefficients));
    return serving::buildIterationModel(fleet.models[model.index()], fleet.accelerators[accelerator.index()],
                                        hardware.precision == "fp8" ? Precision::Fp8 : Precision::Bf16,
                                        hardware.tensorParallel, hardware.maxBatch, known);
}

} // namespace isobar::cli
