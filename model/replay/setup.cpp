// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/replay/setup.h"

#include "model/fleet/lookup.h"
#include "model/ingest/input_file.h"
#include "model/proto/fleet_text.h"
#include "model/proto/shipped.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

namespace isobar::replay {
namespace {

constexpr std::size_t kMaxCoefficientBytes = std::size_t{64} << 20;

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

} // namespace

Result<Calibration> readCalibration(const std::filesystem::path& path)
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
                         .file = path.string()};
        }
        const std::size_t length = text.size();
        text.resize(length + kPiece);
        ISOBAR_TRY_ASSIGN(const std::size_t bytes, file.read(text.data() + length, kPiece));
        got = bytes;
        text.resize(length + got);
    }
    return proto::parseCalibrationText(text, path.string());
}

Result<serving::IterationModel> buildReplica(const Fleet& fleet, const Calibration& calibration,
                                             const Hardware& hardware)
{
    const ModelId model = findModel(fleet, hardware.model);
    if (!model.valid()) {
        return unknown("model", hardware.model, fleet.models);
    }
    const AcceleratorId accelerator = findAccelerator(fleet, hardware.accelerator);
    if (!accelerator.valid()) {
        return unknown("accelerator", hardware.accelerator, fleet.accelerators);
    }
    return serving::buildIterationModel(fleet.models[model.index()], fleet.accelerators[accelerator.index()],
                                        hardware.precision, hardware.tensorParallel, hardware.maxBatch, calibration);
}

} // namespace isobar::replay
