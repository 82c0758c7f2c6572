// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/store/store_impl.h"
#include "model/store/trace_codec.h"

#include <fmt/format.h>

/// Traces as they come back out of the store.
namespace isobar::store {

namespace {

constexpr std::int64_t kMaxPartBytes = std::int64_t{1} << 30;

constexpr const char* kInfo =
    "SELECT trace, format, sha256, origin, licence, prefix_block_tokens, described, requests, duration_seconds, "
    "coalesce((SELECT path FROM imports WHERE imports.import_id = traces.import_id), ''), "
    "coalesce((SELECT imported_at_utc FROM imports WHERE imports.import_id = traces.import_id), ''), "
    "(SELECT count(*) FROM trace_blocks WHERE trace_blocks.trace = traces.trace) FROM traces";

Store::TraceInfo infoOf(SQLite::Statement& statement)
{
    Columns row(statement);
    Store::TraceInfo info;
    info.name = row.text();
    info.format = row.text();
    info.sha256 = row.text();
    info.origin = row.text();
    info.licence = row.text();
    info.prefixBlockTokens = static_cast<std::uint32_t>(row.int32());
    info.described = row.boolean();
    info.requests = row.integer();
    info.durationSeconds = row.real();
    info.path = row.text();
    info.importedAtUtc = row.text();
    info.blocks = row.integer();
    return info;
}

std::string_view blobOf(const SQLite::Column& column)
{
    return {static_cast<const char*>(column.getBlob()), static_cast<std::size_t>(column.getBytes())};
}

Error damaged(const Store::Impl& impl, const std::string& message)
{
    return Error{
        .code = ErrorCode::Corrupt, .message = message, .advice = "import the trace again", .file = impl.path.string()};
}

/// Another program may have put other content in its place since `info` was read.
Status checkSame(const Store::Impl& impl, SQLite::Database& db, const Store::TraceInfo& info)
{
    SQLite::Statement now(db, "SELECT sha256 FROM traces WHERE trace = ?");
    now.bind(1, info.name);
    if (now.executeStep() && now.getColumn(0).getString() == info.sha256) {
        return Done{};
    }
    return Error{.code = ErrorCode::Busy,
                 .message = fmt::format("the trace '{}' was replaced while it was read", info.name),
                 .advice = "read it again",
                 .file = impl.path.string()};
}

} // namespace

Result<std::vector<Store::TraceInfo>> Store::traces() const
{
    return guarded(m_impl->db, m_impl->path, "list the traces", [&]() -> Result<std::vector<TraceInfo>> {
        SQLite::Statement statement(m_impl->db, std::string(kInfo) + " ORDER BY trace");
        std::vector<TraceInfo> traces;
        while (statement.executeStep()) {
            traces.push_back(infoOf(statement));
        }
        return traces;
    });
}

Result<Store::TraceInfo> Store::trace(const std::string& name) const
{
    return guarded(m_impl->db, m_impl->path, "find the trace", [&]() -> Result<TraceInfo> {
        SQLite::Statement statement(m_impl->db, std::string(kInfo) + " WHERE trace = ?");
        statement.bind(1, name);
        if (!statement.executeStep()) {
            return Error{.code = ErrorCode::NotFound,
                         .message = fmt::format("there is no trace '{}' in this store", name),
                         .advice = "import it, or list the traces with 'isobar-cli info'",
                         .file = m_impl->path.string()};
        }
        return infoOf(statement);
    });
}

Status Store::loadTraceBlock(const TraceInfo& info, std::int64_t number, TraceBlock& block) const
{
    block.clear();
    return guarded(m_impl->db, m_impl->path, "read the trace", [&]() -> Status {
        const ReadTransaction transaction(m_impl->db);
        ISOBAR_TRY(checkSame(*m_impl, m_impl->db, info));
        SQLite::Statement row(m_impl->db, "SELECT requests, columns, prefixes, measured FROM trace_blocks "
                                          "WHERE trace = ? AND block = ?");
        row.bind(1, info.name);
        row.bind(2, number);
        if (!row.executeStep()) {
            return damaged(*m_impl, fmt::format("block {} of the trace '{}' is missing", number, info.name));
        }
        const std::int64_t count = row.getColumn(0).getInt64();
        const auto prefixes = row.getColumn(2), measured = row.getColumn(3);
        // What a damaged number of requests would ask for is checked before there is room for it.
        auto status = count < 0
                          ? Status(damaged(*m_impl, ""))
                          : unpackTraceBlock(blobOf(row.getColumn(1)), static_cast<std::size_t>(count), block.requests);
        if (status.ok() && !prefixes.isNull()) {
            status = unpackPrefixes(blobOf(prefixes), block);
        }
        if (status.ok() && !measured.isNull()) {
            status = unpackMeasured(blobOf(measured), block);
        }
        return status.ok()
                   ? status
                   : Status(damaged(*m_impl, fmt::format("block {} of the trace '{}' is damaged", number, info.name)));
    });
}

Result<std::vector<TracePart>> Store::loadTraceParts(const TraceInfo& info) const
{
    return guarded(m_impl->db, m_impl->path, "read the trace", [&]() -> Result<std::vector<TracePart>> {
        const ReadTransaction transaction(m_impl->db);
        ISOBAR_TRY(checkSame(*m_impl, m_impl->db, info));
        SQLite::Statement row(m_impl->db, "SELECT name, bytes, content FROM trace_parts WHERE trace = ? ORDER BY part");
        row.bind(1, info.name);
        std::vector<TracePart> parts;
        std::int64_t total = 0;
        while (row.executeStep()) {
            const std::int64_t bytes = row.getColumn(1).getInt64();
            const std::string what = fmt::format("a part of the trace '{}' is damaged", info.name);
            if (bytes < 0 || (total += bytes) > kMaxPartBytes) {
                return damaged(*m_impl, what);
            }
            auto text = decompressed(blobOf(row.getColumn(2)), static_cast<std::size_t>(bytes));
            if (!text.ok()) {
                return damaged(*m_impl, what);
            }
            parts.push_back({row.getColumn(0).getString(), std::move(text).value()});
        }
        return parts;
    });
}

Result<std::vector<TraceRequest>> Store::loadTrace(const std::string& name) const
{
    ISOBAR_TRY_ASSIGN(const TraceInfo info, trace(name));
    std::vector<TraceRequest> requests;
    TraceBlock block;
    for (std::int64_t number = 0; number < info.blocks; ++number) {
        ISOBAR_TRY(loadTraceBlock(info, number, block));
        requests.insert(requests.end(), block.requests.begin(), block.requests.end());
    }
    if (!info.described && static_cast<std::int64_t>(requests.size()) != info.requests) {
        return damaged(
            *m_impl, fmt::format("the trace '{}' has {} requests instead of {}", name, requests.size(), info.requests));
    }
    return requests;
}

} // namespace isobar::store
