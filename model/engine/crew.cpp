// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/crew.h"

#include <algorithm>
#include <system_error>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace isobar::engine {
namespace {

/// Looks at the gate before a helper goes to sleep: some 50 us, as long as what lies between two loops of a fleet whose
/// windows are short.
constexpr int kLooks = 2000;
/// Looks at who is still inside before the caller gives up its turn: they may have lost their processor.
constexpr int kPatience = 20'000;

void pause()
{
#if defined(__x86_64__)
    _mm_pause();
#else
    std::this_thread::yield();
#endif
}

} // namespace

Crew::Crew(int threads)
    : m_parts(static_cast<std::size_t>(std::max(1, threads)))
    , m_staysAwake(m_parts.size() <= std::thread::hardware_concurrency())
{
    try {
        for (std::size_t self = 1; self < m_parts.size(); ++self) {
            m_helpers.emplace_back([this, self] { help(self); });
        }
    } catch (const std::system_error&) {
        // The system gives no more threads: those there are do the rest's part.
    }
}

Crew::~Crew()
{
    m_over = true;
    m_calls.fetch_add(1);
    m_calls.notify_all();
}

void Crew::run(std::size_t count, Call call, const void* context)
{
    if (m_parts.size() == 1 || count < 2 || m_taken.exchange(true)) {
        for (std::size_t i = 0; i < count; ++i) {
            call(context, i);
        }
        return;
    }
    m_call = call;
    m_context = context;
    for (std::size_t part = 0; part < m_parts.size(); ++part) {
        m_parts[part].next.store(count * part / m_parts.size(), std::memory_order_relaxed);
        m_parts[part].end = count * (part + 1) / m_parts.size();
    }
    // Nobody is inside, and nobody gets in while it is closed.
    const std::uint64_t loop = (m_gate.load(std::memory_order_relaxed) / kLoop + 1) * kLoop;
    m_gate.store(loop | kOpen, std::memory_order_release);
    m_calls.fetch_add(1);
    m_calls.notify_all(); // no system call when none sleeps
    share(0);
    m_gate.fetch_and(~kOpen, std::memory_order_relaxed);
    for (int looks = 0; m_gate.load(std::memory_order_acquire) % kOpen != 0; ++looks) {
        if (m_staysAwake && looks < kPatience) {
            pause();
        } else {
            std::this_thread::yield();
        }
    }
    m_taken = false;
}

bool Crew::enter()
{
    std::uint64_t seen = m_gate.load(std::memory_order_relaxed);
    while ((seen & kOpen) != 0) {
        if (m_gate.compare_exchange_weak(seen, seen + 1, std::memory_order_acquire, std::memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

void Crew::help(std::size_t self)
{
    std::uint64_t done = 0; ///< the loop it last took part in
    for (;;) {
        const int calls = m_calls.load(); // before it looks at anything, so that no call is missed
        if (m_over) {
            return;
        }
        bool came = false;
        for (int looks = 0; !came && looks < (m_staysAwake ? kLooks : 1); ++looks) {
            came = m_gate.load(std::memory_order_relaxed) / kLoop != done && enter();
            if (!came) {
                pause();
            }
        }
        if (came) {
            done = m_gate.load(std::memory_order_relaxed) / kLoop; // stays while it is inside
            share(self);
            m_gate.fetch_sub(1, std::memory_order_release);
        } else if (m_calls.load() == calls) {
            m_calls.wait(calls);
        }
    }
}

/// Its own part first, then what is left of the others'.
void Crew::share(std::size_t self)
{
    for (std::size_t turn = 0; turn < m_parts.size(); ++turn) {
        Part& part = m_parts[(self + turn) % m_parts.size()];
        for (std::size_t i = 0; (i = part.next.fetch_add(1, std::memory_order_relaxed)) < part.end;) {
            m_call(m_context, i);
        }
    }
}

} // namespace isobar::engine
