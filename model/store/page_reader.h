// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/result.h"
#include "model/store/sql.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

/// Rows of a SQLite file read without SQLite, page by page, so that one damaged page costs its own rows and no others.
/// (The file format: https://sqlite.org/fileformat2.html.) Every offset is checked; nothing is ever written.
namespace isobar::store {

/// The pages of a file as they are after the last finished transaction: those in its write-ahead log come first.
class PageFile {
public:
    /// Unreadable when the file cannot be opened. A log that is damaged counts up to the damage.
    static Result<PageFile> open(const std::filesystem::path& path);
    PageFile(PageFile&&) noexcept;
    PageFile& operator=(PageFile&&) noexcept;
    ~PageFile();

    [[nodiscard]] std::uint32_t pageCount() const { return m_pages; }
    [[nodiscard]] std::uint32_t pageBytes() const { return m_pageBytes; }
    /// Page `number`, from 1; false when there is none or it cannot be read.
    [[nodiscard]] bool read(std::uint32_t number, std::string& page) const;

private:
    PageFile() = default;
    void readLog(const std::filesystem::path& log);
    int m_file = -1, m_log = -1;
    std::uint32_t m_pageBytes = 4096, m_pages = 0;
    std::unordered_map<std::uint32_t, std::int64_t> m_inLog; ///< page -> place in the log
};

struct PageRow {
    std::int64_t rowid = 0; ///< 0 for rows of an index or of a table WITHOUT ROWID
    std::vector<SqlValue> values;
};

struct WalkCounts {
    std::int64_t damagedPages = 0; ///< that should have held rows or led to some, and did not
    std::int64_t damagedRows = 0;  ///< whose page could be read, but not they
};

/// Calls `row` for every readable row of the b-tree with this root. `seen` (one flag a page, shared by all trees of a
/// file) keeps a page from being read twice, so that this ends whatever the pages say. Stops when `row` says false.
[[nodiscard]] WalkCounts walkRows(const PageFile& file, std::uint32_t root, std::vector<bool>& seen,
                                  const std::function<bool(PageRow&&)>& row);

} // namespace isobar::store
