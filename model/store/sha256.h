// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <nettle/sha2.h>

#include <string>
#include <string_view>

namespace isobar::store {

/// A SHA-256 in pieces.
class Sha256 {
public:
    Sha256();
    void add(std::string_view bytes);
    [[nodiscard]] std::string finish(); ///< lower-case hexadecimal; the next piece begins anew

private:
    sha256_ctx m_context{};
};

[[nodiscard]] std::string sha256Of(std::string_view bytes); ///< lower-case hexadecimal

} // namespace isobar::store
