// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/serving/block_vector.h"

#include <array>
#include <atomic>
#include <bit>
#include <mutex>
#include <new>
#include <sys/mman.h>

namespace isobar::serving::block_heap {
namespace {

constexpr std::size_t kLine = 64;
constexpr std::size_t kPage = std::size_t{2} << 20; ///< a huge one
constexpr std::align_val_t kAlign{kLine};
/// Blocks above this come from the system, one by one.
constexpr std::size_t kLargest = kPage / 8;

/// Sizes are 1 to 8 lines, then four between each power of two and the next.
constexpr std::size_t classOf(std::size_t lines)
{
    if (lines <= 8) {
        return lines - 1;
    }
    const auto octave = static_cast<std::size_t>(std::bit_width(lines - 1)) - 1; // of the largest below it: 3 and up
    const std::size_t quarter = (lines - 1) >> (octave - 2);                     // 4 to 7
    return 8 + (octave - 3) * 4 + quarter - 4;
}
constexpr std::size_t linesOf(std::size_t number)
{
    if (number < 8) {
        return number + 1;
    }
    const std::size_t octave = (number - 8) / 4 + 3, quarter = (number - 8) % 4 + 5;
    return quarter << (octave - 2);
}
constexpr std::size_t kClasses = classOf(kLargest / kLine) + 1;
static_assert(linesOf(classOf(8)) == 8 && linesOf(classOf(9)) == 10 && linesOf(classOf(10)) == 10);
static_assert(linesOf(classOf(16)) == 16 && linesOf(classOf(17)) == 20 && linesOf(kClasses - 1) == kLargest / kLine);

constexpr std::size_t linesFor(std::size_t bytes)
{
    return (bytes + kLine - 1) / kLine;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kPooled = false; // each block by itself, so that sanitizers see it
#else
constexpr bool kPooled = true;
#endif

struct FreeBlock {
    FreeBlock* next = nullptr;
};

class Pool {
public:
    void* take(std::size_t number)
    {
        const std::lock_guard lock(m_mutex);
        if (FreeBlock* const block = m_free[number]) {
            m_free[number] = block->next;
            return block;
        }
        const std::size_t bytes = linesOf(number) * kLine;
        if (m_left < bytes) {
            newPage();
        }
        m_left -= bytes;
        return std::exchange(m_next, m_next + bytes);
    }
    void give(void* block, std::size_t number)
    {
        const std::lock_guard lock(m_mutex);
        m_free[number] = new (block) FreeBlock{m_free[number]};
    }

    [[nodiscard]] std::size_t held() const { return m_held.load(std::memory_order_relaxed); }

private:
    void newPage()
    {
        while (m_left >= kLine) { // what is left of the last one
            std::size_t number = classOf(m_left / kLine);
            number -= linesOf(number) * kLine > m_left ? 1 : 0;
            m_free[number] = new (m_next) FreeBlock{m_free[number]};
            m_next += linesOf(number) * kLine;
            m_left -= linesOf(number) * kLine;
        }
        // Twice as much as needed, for the alignment; what is never touched takes no memory.
        void* const memory = mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) {
            throw std::bad_alloc();
        }
        char* const first = static_cast<char*>(memory);
        const std::size_t before = (kPage - reinterpret_cast<std::uintptr_t>(first) % kPage) % kPage;
        if (before > 0) {
            munmap(first, before);
        }
        munmap(first + before + kPage, kPage - before);
        m_next = first + before;
        m_left = kPage;
        m_held.fetch_add(kPage, std::memory_order_relaxed);
        madvise(m_next, kPage, MADV_HUGEPAGE); // where there are none, small ones do
    }

    std::mutex m_mutex;
    std::array<FreeBlock*, kClasses> m_free{};
    char* m_next = nullptr;
    std::size_t m_left = 0;
    std::atomic<std::size_t> m_held{0};
};

Pool& pool()
{
    static Pool& kept = *new Pool; // outlives whatever is destroyed at exit
    return kept;
}

} // namespace

std::size_t roundUp(std::size_t bytes)
{
    const std::size_t lines = linesFor(bytes);
    return bytes > kLargest ? lines * kLine : linesOf(classOf(lines)) * kLine;
}

void* take(std::size_t bytes)
{
    if (!kPooled || bytes > kLargest) {
        return ::operator new(bytes, kAlign);
    }
    return pool().take(classOf(linesFor(bytes)));
}

void give(void* block, std::size_t bytes)
{
    if (!kPooled || bytes > kLargest) {
        ::operator delete(block, kAlign);
        return;
    }
    pool().give(block, classOf(linesFor(bytes)));
}

std::size_t heldBytes()
{
    return kPooled ? pool().held() : 0;
}

} // namespace isobar::serving::block_heap
