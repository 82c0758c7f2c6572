// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/store/sha256.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>

namespace isobar::store {

Sha256::Sha256()
{
    sha256_init(&m_context);
}

void Sha256::add(std::string_view bytes)
{
    sha256_update(&m_context, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
}

std::string Sha256::finish()
{
    std::array<std::uint8_t, SHA256_DIGEST_SIZE> digest{};
    sha256_digest(&m_context, digest.size(), digest.data());
    std::string text;
    for (const std::uint8_t byte : digest) {
        text += fmt::format("{:02x}", byte);
    }
    return text;
}

std::string sha256Of(std::string_view bytes)
{
    Sha256 hash;
    hash.add(bytes);
    return hash.finish();
}

} // namespace isobar::store
