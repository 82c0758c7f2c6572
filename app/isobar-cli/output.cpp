// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/output.h"

#include "app/isobar-cli/command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstring>
#include <pthread.h>
#include <thread>
#include <unistd.h>

namespace isobar::cli {
namespace {

constexpr auto kProgressEvery = std::chrono::milliseconds(100);
constexpr int kBarWidth = 24;

/// Everything, or what went wrong as an errno.
int writeAll(int descriptor, std::string_view bytes)
{
    while (!bytes.empty()) {
        const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0) {
            if (errno == EINTR) {
                continue;
            }
            return errno;
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return 0;
}

std::string withSeparators(const std::string& digits)
{
    const std::size_t point = std::min(digits.find('.'), digits.size());
    std::string out;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && i < point && (point - i) % 3 == 0 && digits[i - 1] != '-') {
            out += ',';
        }
        out += digits[i];
    }
    return out;
}

} // namespace

int printText(std::string_view text)
{
    const int reason = writeAll(STDOUT_FILENO, text);
    if (reason == 0 || reason == EPIPE) {
        return kDone;
    }
    printError(fmt::format("cannot write to standard output: {}", std::strerror(reason)));
    return kFailed;
}

int printJson(const Json& document)
{
    return printText(document.dump(2, ' ', false, Json::error_handler_t::replace) + '\n');
}

void printError(const std::string& message)
{
    std::string line = "isobar-cli: " + message;
    // File names and offending text may hold anything; an error stays one line that does not steer the terminal.
    std::replace_if(
        line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
    line += '\n';
    (void)writeAll(STDERR_FILENO, line); // there is nowhere left to complain to
}

int fail(const Error& error)
{
    printError(error.toString());
    return kFailed;
}

std::string grouped(std::int64_t number)
{
    return withSeparators(fmt::format("{}", number));
}

std::string grouped(double number, int decimals)
{
    return std::isfinite(number) ? withSeparators(fmt::format("{:.{}f}", number, decimals)) : "n/a";
}

struct Interrupt::Impl {
    sigset_t signals{};
    std::stop_source source;
    std::thread waiter;
};

Interrupt::Interrupt()
    : m_impl(std::make_unique<Impl>())
{
    sigemptyset(&m_impl->signals);
    sigaddset(&m_impl->signals, SIGINT);
    sigaddset(&m_impl->signals, SIGTERM);
    sigaddset(&m_impl->signals, SIGUSR1); // wakes the waiter when the work is done
    pthread_sigmask(SIG_BLOCK, &m_impl->signals, nullptr);
    m_impl->waiter = std::thread([impl = m_impl.get()] {
        for (int signal = 0; sigwait(&impl->signals, &signal) == 0 && signal != SIGUSR1;) {
            if (impl->source.stop_requested()) {
                ::_exit(kFailed);
            }
            impl->source.request_stop();
        }
    });
}

Interrupt::~Interrupt()
{
    pthread_kill(m_impl->waiter.native_handle(), SIGUSR1);
    m_impl->waiter.join();
    pthread_sigmask(SIG_UNBLOCK, &m_impl->signals, nullptr);
}

std::stop_token Interrupt::token() const
{
    return m_impl->source.get_token();
}

ProgressLine::ProgressLine()
    : m_terminal(::isatty(STDERR_FILENO) == 1)
{
}

ProgressLine::~ProgressLine()
{
    clear();
}

void ProgressLine::show(const Progress& progress)
{
    if (!m_terminal) {
        return;
    }
    const std::lock_guard lock(m_mutex);
    const auto now = std::chrono::steady_clock::now();
    if (m_shown && now - m_last < kProgressEvery) {
        return;
    }
    m_last = now;
    m_shown = true;
    std::string line = "\r\x1b[K" + progress.stage;
    if (progress.total > 0) {
        const double ratio =
            std::clamp(static_cast<double>(progress.done) / static_cast<double>(progress.total), 0.0, 1.0);
        const auto filled = static_cast<std::size_t>(ratio * kBarWidth);
        line += fmt::format("  [{}{}] {:3.0f} %", std::string(filled, '#'), std::string(kBarWidth - filled, '.'),
                            std::floor(ratio * 100));
    } else if (progress.done > 0) {
        line += "  " + grouped(progress.done);
    }
    (void)writeAll(STDERR_FILENO, line);
}

void ProgressLine::clear()
{
    const std::lock_guard lock(m_mutex);
    if (m_shown) {
        (void)writeAll(STDERR_FILENO, "\r\x1b[K");
        m_shown = false;
    }
}

JobContext ProgressLine::job(std::stop_token stop)
{
    return JobContext{std::move(stop), [this](const Progress& progress) { show(progress); }};
}

} // namespace isobar::cli
