// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/synthetic_catalogue.h"

#include "model/report/table_writer.h"

#include <fmt/format.h>

#include <unistd.h>
#include <utility>

namespace isobar::cli {
namespace {

std::string text(int rows)
{
    constexpr int kRegions = 60;
    std::string out =
        "InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,GpuInfo,Price,SpotPrice,Region,Generation\n";
    for (int i = 0; i < rows; ++i) {
        const bool accelerated = i % 8 == 0;
        out += fmt::format("Standard_B{}s_v{},{},{},{},,{:.4f},{:.5f},region{},{}\n", 2 << (i / kRegions % 6),
                           i / kRegions, accelerated ? "H100,8" : ",", 2 << (i % 6), 4 << (i % 6), 0.05 + i % 97 * 0.37,
                           0.02 + i % 97 * 0.11, i % kRegions, i % 2 == 0 ? "V1,V2" : "V2");
    }
    return out;
}

} // namespace

Result<SyntheticCatalogue> SyntheticCatalogue::make(int rows)
{
    std::error_code failure;
    const auto folder = std::filesystem::temp_directory_path(failure);
    if (failure) {
        return Error{ErrorCode::NotWritable, "there is no temporary folder", "set TMPDIR to a folder you may write to"};
    }
    SyntheticCatalogue made(folder / fmt::format("isobar-bench-{}.csv", ::getpid()));
    ISOBAR_TRY(report::writeFile(made.path(), text(rows)));
    return made;
}

SyntheticCatalogue::SyntheticCatalogue(std::filesystem::path path)
    : m_path(std::move(path))
{
}

SyntheticCatalogue::SyntheticCatalogue(SyntheticCatalogue&& other) noexcept
    : m_path(std::exchange(other.m_path, {}))
{
}

SyntheticCatalogue::~SyntheticCatalogue()
{
    std::error_code ignored;
    if (!m_path.empty()) {
        std::filesystem::remove(m_path, ignored);
    }
}

} // namespace isobar::cli
