// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cassert>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>

/// Expected failures (a bad row, a full disk, an infeasible move) are values: what happened, where, and what to do
/// next. Exceptions are for bugs.
namespace isobar {

enum class ErrorCode {
    NotFound,         ///< a file, region, model … that does not exist
    Unreadable,       ///< exists but cannot be opened or read
    NotWritable,      ///< read-only folder, no permission
    DiskFull,         ///< no room to write
    WrongFormat,      ///< not the format it was taken for
    Corrupt,          ///< the right format, damaged
    NewerVersion,     ///< written by a newer Isobar
    InvalidValue,     ///< parsed, but makes no sense
    Infeasible,       ///< understood, but cannot be done (does not fit, no capacity)
    Cancelled,        ///< the user stopped it
    Busy,             ///< someone else holds it
    Internal,         ///< a bug caught at a boundary
};

struct Error {
    ErrorCode code = ErrorCode::Internal;
    std::string message = {};    ///< one sentence for a person: what failed and why
    std::string advice = {};     ///< what to do next; may be empty
    std::string file = {};       ///< the file concerned; may be empty
    std::int64_t line = 0;  ///< 1-based, 0 = not about a line
    std::int64_t column = 0; ///< 1-based, 0 = not about a column
    std::string text = {};       ///< the offending text, shortened to 200 bytes by whoever fills it

    /// "file:line:column: message (advice)" on one line, leaving out what is not known.
    [[nodiscard]] std::string toString() const;
};

/// A value or an Error. `value()` on an error is a bug and asserts.
template <class T>
class [[nodiscard]] Result {
public:
    Result(T value) : m_state(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : m_state(std::in_place_index<1>, std::move(error)) {}

    [[nodiscard]] bool ok() const { return m_state.index() == 0; }
    explicit operator bool() const { return ok(); }
    [[nodiscard]] const T& value() const& { assert(ok()); return std::get<0>(m_state); }
    [[nodiscard]] T& value() & { assert(ok()); return std::get<0>(m_state); }
    [[nodiscard]] T&& value() && { assert(ok()); return std::get<0>(std::move(m_state)); }
    [[nodiscard]] const Error& error() const { assert(!ok()); return std::get<1>(m_state); }
    const T& operator*() const& { return value(); }
    T& operator*() & { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    const T* operator->() const { return &value(); }
    T* operator->() { return &value(); }

private:
    std::variant<T, Error> m_state;
};

/// Success without a value.
struct Done {};
using Status = Result<Done>;

/// Returns the error of `expression` from the enclosing function, or goes on.
#define ISOBAR_TRY(expression)                                                                                         \
    do {                                                                                                               \
        if (auto isobarStatus = (expression); !isobarStatus.ok())                                                      \
            return isobarStatus.error();                                                                               \
    } while (false)

#define ISOBAR_CONCAT_INNER(a, b) a##b
#define ISOBAR_CONCAT(a, b) ISOBAR_CONCAT_INNER(a, b)

/// Declares `declaration` with the value of `expression`, or returns its error from the enclosing function.
#define ISOBAR_TRY_ASSIGN(declaration, expression)                                                                     \
    auto ISOBAR_CONCAT(isobarResult, __LINE__) = (expression);                                                         \
    if (!ISOBAR_CONCAT(isobarResult, __LINE__).ok())                                                                   \
        return ISOBAR_CONCAT(isobarResult, __LINE__).error();                                                          \
    declaration = std::move(ISOBAR_CONCAT(isobarResult, __LINE__)).value()

} // namespace isobar
