// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/result.h"

#include <filesystem>

namespace isobar::cli {

/// A price catalogue in SkyPilot's layout with so many distinct rows, about half of which need the repairs that
/// published catalogues need (an unquoted "V1,V2"). The same every time. In the temporary folder, gone with the object.
class SyntheticCatalogue {
public:
    [[nodiscard]] static Result<SyntheticCatalogue> make(int rows);
    SyntheticCatalogue(SyntheticCatalogue&& other) noexcept;
    SyntheticCatalogue& operator=(SyntheticCatalogue&&) = delete;
    ~SyntheticCatalogue();
    [[nodiscard]] const std::filesystem::path& path() const { return m_path; }

private:
    explicit SyntheticCatalogue(std::filesystem::path path);
    std::filesystem::path m_path; ///< empty once moved from
};

} // namespace isobar::cli
