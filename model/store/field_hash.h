// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace isobar::store {

/// A 64-bit hash of a sequence of fields, eight bytes at a time; the same on every machine, as hashes are stored. It
/// tells rows and damaged bytes apart quickly; it is no defence against somebody who makes two things meet on purpose.
class FieldHash {
public:
    FieldHash& operator<<(std::string_view text)
    {
        number(text.size()); // so that ("ab","c") is not ("a","bc")
        while (text.size() >= 8) {
            number(littleEndian(text.data(), 8));
            text.remove_prefix(8);
        }
        return text.empty() ? *this : number(littleEndian(text.data(), text.size()));
    }
    FieldHash& operator<<(double value) { return number(std::bit_cast<std::uint64_t>(value + 0.0)); } // -0 is 0
    FieldHash& operator<<(const std::optional<double>& value) { return value ? *this << *value : number(kAbsent); }
    [[nodiscard]] std::int64_t finish() const
    {
        std::uint64_t x = m_state; // the mixer of splitmix64
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
        return static_cast<std::int64_t>(x ^ (x >> 31));
    }

private:
    static std::uint64_t littleEndian(const char* bytes, std::size_t count)
    {
        std::uint64_t value = 0;
        if constexpr (std::endian::native == std::endian::little) {
            std::memcpy(&value, bytes, count);
        } else {
            for (std::size_t i = count; i-- > 0;) {
                value = value << 8 | static_cast<unsigned char>(bytes[i]);
            }
        }
        return value;
    }
    FieldHash& number(std::uint64_t value)
    {
        m_state = (std::rotl(m_state, 23) ^ value) * 0x9e3779b97f4a7c15u;
        m_state ^= m_state >> 29;
        return *this;
    }
    static constexpr std::uint64_t kAbsent = 0x7ff8dead00000000u; // a NaN, which no price is
    std::uint64_t m_state = 0xcbf29ce484222325u;
};

} // namespace isobar::store
