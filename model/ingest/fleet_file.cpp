// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/formats.h"
#include "model/ingest/text.h"
#include "model/proto/fleet_text.h"

namespace isobar::ingest {

namespace {

constexpr std::int64_t kMaxFleetBytes = 256ll << 20;
constexpr std::size_t kMaxMessageBytes = 500;

/// The document's rows: every entity counts as one.
std::int64_t entities(const Fleet& f)
{
    return static_cast<std::int64_t>(
        f.sources.size() + f.providers.size() + f.regions.size() + f.accelerators.size() + f.models.size() +
        f.tiers.size() + f.pools.size() + f.placements.size() + f.areas.size() + f.workloads.size() + f.prices.size() +
        f.links.size() + f.egressPrices.size() + f.commitments.size() + f.arrivals.size() + f.trainingJobs.size());
}

} // namespace

Status readFleetFile(const std::filesystem::path& path, Intake& intake)
{
    ISOBAR_TRY_ASSIGN(auto file, InputFile::open(path));
    const std::int64_t bytes = file.stamp().bytes;
    if (bytes > kMaxFleetBytes) {
        return Error{.code = ErrorCode::WrongFormat,
                     .message = "is larger than any fleet file (256 MiB)",
                     .advice = "check that this is the file that was meant",
                     .file = path.string()};
    }
    std::string text(static_cast<std::size_t>(bytes), '\0');
    std::size_t filled = 0;
    while (filled < text.size()) {
        ISOBAR_TRY_ASSIGN(const std::size_t got, file.read(text.data() + filled, text.size() - filled));
        if (got == 0) {
            break;
        }
        filled += got;
    }
    text.resize(filled);
    // A fleet is taken whole or not at all: half a fleet would refer to what is not there.
    const auto parsed = proto::parseFleetText(text, path.string());
    if (!parsed.ok()) {
        Error error = parsed.error();
        error.message = clipped(error.message, kMaxMessageBytes); // it may quote bytes that no terminal should see
        error.text = clipped(error.text, 190);
        if (error.advice.empty()) {
            error.advice = "correct the file and import it again; nothing was changed";
        }
        return error;
    }
    const Fleet& fleet = *parsed;
    using Outcome = store::Store::ImportWriter::Outcome;
    ISOBAR_TRY_ASSIGN(const Outcome outcome, intake.writer().putFleet(fleet));
    const std::int64_t rows = entities(fleet);
    intake.readWhole(rows);
    if (outcome == Outcome::Unchanged) {
        intake.unchanged(rows);
    } else {
        intake.accepted(rows);
    }
    return Done{};
}

} // namespace isobar::ingest
