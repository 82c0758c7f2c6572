// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

namespace isobar::engine {

/// Threads that share loops of a few microseconds: a window of a small fleet is done in the time a task scheduler takes
/// to wake a worker. Between loops they stay awake for a moment, then sleep; a loop never waits for one that sleeps.
///
/// run() calls work(i) once for each i in [0, count), in any order and in parallel, and returns when all are done. Each
/// thread has a part of the range, which is the same in every loop of that length, so that it finds in its caches what
/// it left there; who is through takes from the others. `work` must not throw. Of two run() at the same time one works
/// alone.
class Crew {
public:
    /// The caller of run() is one of `threads`.
    explicit Crew(int threads);
    ~Crew();
    Crew(const Crew&) = delete;
    Crew& operator=(const Crew&) = delete;

    template <class Work> void run(std::size_t count, const Work& work)
    {
        run(
            count, [](const void* context, std::size_t i) { (*static_cast<const Work*>(context))(i); }, &work);
    }

private:
    using Call = void (*)(const void*, std::size_t);
    static constexpr std::size_t kLine = 64;
    struct alignas(kLine) Part {
        std::atomic<std::size_t> next = 0;
        std::size_t end = 0;
    };
    // The gate: how many helpers are inside, whether it is open, and the number of the loop, so that none gets in with
    // what it has seen of an earlier one.
    static constexpr std::uint64_t kOpen = std::uint64_t{1} << 31, kLoop = std::uint64_t{1} << 32;

    void run(std::size_t count, Call call, const void* context);
    void help(std::size_t self);
    void share(std::size_t self);
    [[nodiscard]] bool enter();

    // Set by run() before it opens the gate.
    Call m_call = nullptr;
    const void* m_context = nullptr;
    std::vector<Part> m_parts; ///< by thread; the caller's first
    std::atomic<bool> m_taken = false;
    bool m_staysAwake; ///< there is a processor for each

    alignas(kLine) std::atomic<std::uint64_t> m_gate = 0;
    alignas(kLine) std::atomic<int> m_calls = 0; ///< what sleepers wait on
    std::atomic<bool> m_over = false;
    std::vector<std::jthread> m_helpers; ///< last: they use the rest
};

} // namespace isobar::engine
