// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/recording/parts.h"

#include <cassert>
#include <memory>
#include <zstd.h>

namespace isobar::recording {

std::string littleEndian(std::uint64_t value, std::size_t bytes)
{
    std::string out;
    for (std::size_t i = 0; i < bytes; ++i) {
        out.push_back(static_cast<char>(static_cast<unsigned char>(value >> (8 * i))));
    }
    return out;
}

std::uint64_t fromLittleEndian(std::string_view bytes)
{
    std::uint64_t value = 0;
    for (std::size_t i = bytes.size(); i-- > 0;) {
        value = value << 8 | static_cast<unsigned char>(bytes[i]);
    }
    return value;
}

std::string packPart(char kind, std::string_view message, int compressionLevel)
{
    assert(message.size() <= kMostPartBytes);
    const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, compressionLevel);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
    std::string packed(ZSTD_compressBound(message.size()), '\0');
    const std::size_t size =
        ZSTD_compress2(context.get(), packed.data(), packed.size(), message.data(), message.size());
    assert(ZSTD_isError(size) == 0); // the room is the bound zstd itself named
    packed.resize(size);
    return kind + littleEndian(size, kPartHead - 1) + packed;
}

std::optional<Part> readPart(std::istream& file, std::uint64_t offset, std::uint64_t fileBytes)
{
    if (offset > fileBytes || fileBytes - offset < kPartHead) {
        return std::nullopt;
    }
    std::string head(kPartHead, '\0');
    file.clear();
    file.seekg(static_cast<std::streamoff>(offset));
    if (!file.read(head.data(), kPartHead)) {
        return std::nullopt;
    }
    const std::uint64_t length = fromLittleEndian(std::string_view(head).substr(1));
    if (length > kMostPartBytes || length > fileBytes - offset - kPartHead) {
        return std::nullopt;
    }
    std::string packed(length, '\0');
    if (!file.read(packed.data(), static_cast<std::streamsize>(length))) {
        return std::nullopt;
    }
    const auto size = ZSTD_getFrameContentSize(packed.data(), packed.size());
    // Unknown and invalid sizes are very large numbers.
    if (size > kMostPartBytes || ZSTD_findFrameCompressedSize(packed.data(), packed.size()) != packed.size()) {
        return std::nullopt;
    }
    Part part{head.front(), offset + kPartHead + length, std::string(size, '\0')};
    if (ZSTD_decompress(part.message.data(), size, packed.data(), packed.size()) != size) {
        return std::nullopt;
    }
    return part;
}

} // namespace isobar::recording
