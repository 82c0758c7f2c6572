// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

namespace isobar::serving {

/// Memory for the many small lists of a fleet's replicas: blocks that begin at a cache line, out of huge pages where
/// the system has them. A million accelerators keep a thousand bytes each of their replicas in a random order, which
/// takes a tenth less time when address translation does not miss on top of the caches. Safe from any thread. Freed
/// blocks are kept for blocks of their size and not given back to the system.
namespace block_heap {

/// At least `bytes` (above zero) of memory; how many is roundUp(bytes).
[[nodiscard]] void* take(std::size_t bytes);
/// `bytes`: as taken, or as rounded up.
void give(void* block, std::size_t bytes);
/// The size of the block that take(bytes) gives: a multiple of a cache line, at most a quarter more beyond the first
/// few.
[[nodiscard]] std::size_t roundUp(std::size_t bytes);
/// What was ever taken from the system for blocks: those in use and those kept for later. 0 where sanitizers watch each.
[[nodiscard]] std::size_t heldBytes();

} // namespace block_heap

/// For standard containers.
template <class T> struct BlockAllocator {
    using value_type = T;
    BlockAllocator() = default;
    template <class U> BlockAllocator(const BlockAllocator<U>&) {} // NOLINT: as allocators convert
    [[nodiscard]] T* allocate(std::size_t count) { return static_cast<T*>(block_heap::take(count * sizeof(T))); }
    void deallocate(T* block, std::size_t count) { block_heap::give(block, count * sizeof(T)); }
    friend bool operator==(const BlockAllocator&, const BlockAllocator&) { return true; }
};

/// A std::vector of plain values in 16 bytes, on block_heap. Fewer than 2^32 elements; a copy is as long as it needs.
template <class T> class BlockVector {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= 64);

public:
    BlockVector() = default;
    BlockVector(const BlockVector& other)
    {
        if (other.m_size > 0) {
            grow(other.m_size);
            std::memcpy(static_cast<void*>(m_data), other.m_data, other.m_size * sizeof(T));
            m_size = other.m_size;
        }
    }
    BlockVector(BlockVector&& other) noexcept { swap(other); }
    BlockVector& operator=(const BlockVector& other)
    {
        BlockVector copy(other);
        swap(copy);
        return *this;
    }
    BlockVector& operator=(BlockVector&& other) noexcept
    {
        swap(other);
        return *this;
    }
    ~BlockVector() { release(); }

    [[nodiscard]] std::size_t size() const { return m_size; }
    [[nodiscard]] std::size_t capacity() const { return m_capacity; }
    [[nodiscard]] bool empty() const { return m_size == 0; }
    /// Of memory taken: short lists of long elements take a good part more than their capacity.
    [[nodiscard]] std::size_t bytes() const { return m_capacity > 0 ? block_heap::roundUp(m_capacity * sizeof(T)) : 0; }
    [[nodiscard]] T* data() { return m_data; }
    [[nodiscard]] const T* data() const { return m_data; }
    [[nodiscard]] T* begin() { return m_data; }
    [[nodiscard]] T* end() { return m_data + m_size; }
    [[nodiscard]] const T* begin() const { return m_data; }
    [[nodiscard]] const T* end() const { return m_data + m_size; }
    [[nodiscard]] T& operator[](std::size_t i) { return m_data[i]; }
    [[nodiscard]] const T& operator[](std::size_t i) const { return m_data[i]; }
    [[nodiscard]] T& front() { return m_data[0]; }
    [[nodiscard]] const T& front() const { return m_data[0]; }
    [[nodiscard]] T& back() { return m_data[m_size - 1]; }
    [[nodiscard]] const T& back() const { return m_data[m_size - 1]; }

    /// One more at the end, to be filled in: what it holds is not determined.
    [[nodiscard]] T& extend()
    {
        if (m_size == m_capacity) {
            grow(std::size_t{m_capacity} + m_capacity / 2 + 1);
        }
        return m_data[m_size++];
    }
    void pop_back() { --m_size; }
    /// Cuts off what is behind the first `size`, which are there.
    void shrink(std::size_t size) { m_size = static_cast<std::uint32_t>(size); }

private:
    void swap(BlockVector& other)
    {
        std::swap(m_data, other.m_data);
        std::swap(m_size, other.m_size);
        std::swap(m_capacity, other.m_capacity);
    }
    void release()
    {
        if (m_capacity > 0) {
            block_heap::give(m_data, m_capacity * sizeof(T));
        }
    }
    void grow(std::size_t least)
    {
        const std::size_t bytes = block_heap::roundUp(least * sizeof(T));
        T* const data = static_cast<T*>(block_heap::take(bytes));
        if (m_size > 0) {
            std::memcpy(static_cast<void*>(data), m_data, m_size * sizeof(T));
        }
        release();
        m_data = data;
        m_capacity = static_cast<std::uint32_t>(bytes / sizeof(T)); // rounds up to the same bytes again
    }

    T* m_data = nullptr;
    std::uint32_t m_size = 0, m_capacity = 0;
};

} // namespace isobar::serving
