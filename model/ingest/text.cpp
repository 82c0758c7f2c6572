// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/text.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace isobar::ingest {

namespace {

char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Bytes of the UTF-8 character at the front of `text`; 0 when there is none (Unicode table 3-7).
std::size_t characterBytes(std::string_view text)
{
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto continues = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xc0) == 0x80; };
    const unsigned char lead = byte(0);
    if (lead < 0x80) {
        return 1;
    }
    if (lead >= 0xc2 && lead <= 0xdf && continues(1)) {
        return 2;
    }
    if (lead >= 0xe0 && lead <= 0xef && continues(1) && continues(2)) {
        const bool overlong = lead == 0xe0 && byte(1) < 0xa0;
        const bool surrogate = lead == 0xed && byte(1) > 0x9f;
        return overlong || surrogate ? 0 : 3;
    }
    if (lead >= 0xf0 && lead <= 0xf4 && continues(1) && continues(2) && continues(3)) {
        const bool overlong = lead == 0xf0 && byte(1) < 0x90;
        const bool beyond = lead == 0xf4 && byte(1) > 0x8f;
        return overlong || beyond ? 0 : 4;
    }
    return 0;
}

bool isControl(char c)
{
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

template <class Number> std::optional<Number> parseAll(std::string_view text)
{
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

} // namespace

std::string_view trimmed(std::string_view text)
{
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<double> parseNumber(std::string_view text)
{
    const auto value = parseAll<double>(text);
    return value && std::isfinite(*value) ? value : std::nullopt;
}

std::optional<std::int64_t> parseInteger(std::string_view text)
{
    return parseAll<std::int64_t>(text);
}

bool isPrintableUtf8(std::string_view text)
{
    while (!text.empty()) {
        const std::size_t bytes = characterBytes(text);
        if (bytes == 0 || (bytes == 1 && isControl(text[0]))) {
            return false;
        }
        text.remove_prefix(bytes);
    }
    return true;
}

std::string clipped(std::string_view text, std::size_t maxBytes)
{
    std::string out;
    while (!text.empty()) {
        const std::size_t bytes = characterBytes(text);
        const bool printable = bytes > 1 || (bytes == 1 && !isControl(text[0]));
        if (out.size() + std::max<std::size_t>(bytes, 1) > maxBytes) {
            return out + "…";
        }
        out += printable ? text.substr(0, bytes) : std::string_view("?");
        text.remove_prefix(std::max<std::size_t>(bytes, 1));
    }
    return out;
}

bool equalIgnoringCase(std::string_view a, std::string_view b)
{
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string lowercase(std::string_view text)
{
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), lower);
    return out;
}

} // namespace isobar::ingest
