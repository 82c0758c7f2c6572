// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/ingest/csv_reader.h"
#include "model/ingest/input_file.h"
#include "model/ingest/intake.h"
#include "model/ingest/trace_file.h"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// One function a foreign format, all through one reader and one intake. Internal to ingest.
namespace isobar::ingest {

struct RowFlaw;

/// SkyPilot-style price catalogue; see skypilot_catalogue.cpp for what is accepted, repaired and rejected.
[[nodiscard]] Status readSkyPilotCatalogue(const std::filesystem::path& path, Intake& intake);

/// "azure" from azure.vms.csv, "nebius" from nebius_vms.csv, "oci" from oci/vms.csv.
[[nodiscard]] std::string providerFromPath(const std::filesystem::path& path);

/// Chips of a catalogue's accelerator: "tpu-v6e-256" is 256 chips, "tpu-v4-8" names 8 TensorCores, which are 4 chips;
/// everything else counts itself.
[[nodiscard]] double chipsOfAccelerator(std::string_view accelerator, double count);

/// Accelerators an instance type's own name states: 8 for "a3-highgpu-8g", "gpu_8x_h100_sxm5" and "8gpu-128vcpu".
[[nodiscard]] std::optional<double> acceleratorsStatedBy(std::string_view instanceType);

/// Isobar's own fleet file in protobuf text.
[[nodiscard]] Status readFleetFile(const std::filesystem::path& path, Intake& intake);

/// The format the first bytes look like; an error that says what the file is instead.
[[nodiscard]] Result<Format> recognise(const FileIdentity& identity, const std::filesystem::path& path);

/// The trace format a format is; absent for those that are no traces.
[[nodiscard]] std::optional<TraceFormat> traceFormatOf(Format format);

/// The formats Isobar knows, for messages.
[[nodiscard]] std::string knownFormats();

/// Where each wanted column is in a header.
class Header {
public:
    /// Errors: no header, a wanted column twice, a required column missing.
    [[nodiscard]] static Result<Header> read(const CsvReader::Record& record, const std::vector<std::string>& required,
                                             const std::vector<std::string>& optional, const std::string& file);
    [[nodiscard]] std::size_t width() const { return m_width; }
    /// 0-based place; absent for an optional column that is not there.
    [[nodiscard]] std::optional<std::size_t> column(std::string_view name) const;
    [[nodiscard]] const std::string& last() const { return m_last; }

private:
    std::vector<std::pair<std::string, std::size_t>> m_columns;
    std::size_t m_width = 0;
    std::string m_last;
};

/// What is wrong with a record before its values are looked at: a flaw of the reader, other than `width` fields.
[[nodiscard]] std::optional<RowFlaw> shapeFlaw(const CsvReader::Record& record, std::size_t width, bool allowMore);

/// What every row must pass before its values are looked at: no flaw of the reader, `width` fields. False: it is in
/// quarantine. `allowMore` lets rows with too many fields pass.
[[nodiscard]] Result<bool> checkShape(const CsvReader::Record& record, std::size_t width, bool allowMore,
                                      Intake& intake);

/// The error for a table without rows.
[[nodiscard]] Error noRows(const std::filesystem::path& path);

} // namespace isobar::ingest
