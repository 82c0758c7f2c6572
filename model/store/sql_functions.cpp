// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/store/sql_functions.h"

#include "model/store/history_codec.h"

#include <cmath>
#include <new>
#include <optional>

#include <sqlite3.h>

namespace isobar::store {

using aggregate::Sketch;

namespace {

/// Adds the sketch of an argument; false, with the statement's error set, when it is none.
bool addTo(Sketch& sketch, sqlite3_context* context, sqlite3_value* value)
{
    const int type = sqlite3_value_type(value);
    const auto* bytes = static_cast<const char*>(sqlite3_value_blob(value));
    const auto size = static_cast<std::size_t>(sqlite3_value_bytes(value));
    if (type != SQLITE_BLOB || !addPackedSketch({bytes, size}, sketch)) {
        sqlite3_result_error(context, "this is not a latency sketch", -1);
        return false;
    }
    return true;
}

bool isNull(sqlite3_value* value)
{
    return sqlite3_value_type(value) == SQLITE_NULL;
}

void quantile(sqlite3_context* context, int, sqlite3_value** arguments)
{
    if (isNull(arguments[0]) || isNull(arguments[1])) {
        return;
    }
    const double q = sqlite3_value_double(arguments[1]);
    if (!(q >= 0 && q <= 1)) {
        sqlite3_result_error(context, "a quantile is between 0 and 1", -1);
        return;
    }
    Sketch sketch;
    if (addTo(sketch, context, arguments[0]) && sketch.count() > 0) {
        sqlite3_result_double(context, sketch.quantile(q));
    }
}

void count(sqlite3_context* context, int, sqlite3_value** arguments)
{
    Sketch sketch;
    if (!isNull(arguments[0]) && addTo(sketch, context, arguments[0])) {
        sqlite3_result_int64(context, sketch.count());
    }
}

/// The sum of a group, made when its first sketch comes. SQLite hands out zeroed memory, as large as asked.
struct Merged {
    bool begun;
    alignas(Sketch) unsigned char bytes[sizeof(Sketch)];
    Sketch& sketch()
    {
        if (!begun) {
            begun = true;
            return *new (bytes) Sketch;
        }
        return *std::launder(reinterpret_cast<Sketch*>(bytes));
    }
};

void mergeStep(sqlite3_context* context, int, sqlite3_value** arguments)
{
    if (isNull(arguments[0])) {
        return;
    }
    auto* merged = static_cast<Merged*>(sqlite3_aggregate_context(context, sizeof(Merged)));
    if (merged == nullptr) {
        sqlite3_result_error_nomem(context);
        return;
    }
    (void)addTo(merged->sketch(), context, arguments[0]);
}

void mergeFinal(sqlite3_context* context)
{
    auto* merged = static_cast<Merged*>(sqlite3_aggregate_context(context, 0));
    if (merged != nullptr && merged->begun) {
        const std::string packed = packSketch(merged->sketch());
        sqlite3_result_blob(context, packed.data(), static_cast<int>(packed.size()), SQLITE_TRANSIENT);
    }
}

} // namespace

int addSqlFunctions(sqlite3* db)
{
    // Innocuous: views may call them although the schema of a store is not trusted.
    constexpr int kFlags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
    int code =
        sqlite3_create_function_v2(db, "isobar_quantile", 2, kFlags, nullptr, quantile, nullptr, nullptr, nullptr);
    if (code == SQLITE_OK) {
        code = sqlite3_create_function_v2(db, "isobar_count", 1, kFlags, nullptr, count, nullptr, nullptr, nullptr);
    }
    if (code == SQLITE_OK) {
        code =
            sqlite3_create_function_v2(db, "isobar_merge", 1, kFlags, nullptr, nullptr, mergeStep, mergeFinal, nullptr);
    }
    return code;
}

} // namespace isobar::store
