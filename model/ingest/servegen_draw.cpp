// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/servegen.h"

#include <algorithm>
#include <cmath>
#include <random>

/// Requests from rates and distributions.
///
/// Gaps are drawn with mean 1 and the shape of the window they begin in, and spent at the window's rate, so that a
/// window's mean number of requests is rate x length however bursty it is and no burst is cut at a window's end. Input
/// and output lengths are drawn independently. Where a window has no lengths, those of the nearest earlier one hold,
/// else of the nearest later. A client without any borrows, request by request, those that another client has at that
/// time, each as often as it sends requests. Every client draws from a sequence of its own, named by seed and client.
namespace isobar::ingest {
namespace {

using Random = std::mt19937_64;

/// FNV-1a: the same on every machine.
std::uint64_t hashOf(std::string_view text)
{
    std::uint64_t hash = 0xcbf29ce484222325u;
    for (const char c : text) {
        hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    }
    return hash;
}

Random randomOf(std::uint64_t seed, std::string_view name)
{
    const std::uint64_t hash = hashOf(name);
    std::seed_seq sequence{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32),
                           static_cast<std::uint32_t>(hash), static_cast<std::uint32_t>(hash >> 32)};
    return Random(sequence);
}

double gapOfMeanOne(const RateWindow& window, Random& random)
{
    switch (window.gaps) {
    case Gaps::Gamma:
        return std::gamma_distribution<double>(window.shape, 1 / window.shape)(random);
    case Gaps::Weibull:
        return std::weibull_distribution<double>(window.shape, 1 / std::tgamma(1 + 1 / window.shape))(random);
    case Gaps::Exponential:
        break;
    }
    return std::exponential_distribution<double>(1)(random);
}

std::uint32_t draw(const LengthShares& shares, Random& random)
{
    const double at = std::uniform_real_distribution<double>(0, shares.cumulated.back())(random);
    const auto found = std::upper_bound(shares.cumulated.begin(), shares.cumulated.end(), at);
    return shares
        .tokens[std::min(static_cast<std::size_t>(found - shares.cumulated.begin()), shares.tokens.size() - 1)];
}

/// Log-normal lengths by the middles of equal shares, cut at three standard deviations.
LengthShares logNormal(double mean, double cv)
{
    constexpr int kShares = 512;
    constexpr double kReach = 3;
    const double sigma = std::sqrt(std::log1p(cv * cv)), mu = std::log(mean) - sigma * sigma / 2;
    LengthShares lengths;
    double sum = 0;
    for (int i = 0; i < kShares; ++i) {
        const double z = -kReach + (i + 0.5) * 2 * kReach / kShares;
        sum += std::exp(-z * z / 2);
        lengths.tokens.push_back(static_cast<std::uint32_t>(std::max(1.0, std::round(std::exp(mu + sigma * z)))));
        lengths.cumulated.push_back(sum);
    }
    return lengths;
}

/// Of Azure's public conversation trace of November 2023, over its 19,366 requests.
Lengths assumedLengths()
{
    return {0, logNormal(1155, 0.96), logNormal(211, 0.77)};
}

/// One client's arrivals.
class Arrivals {
public:
    Arrivals(const ClientLoad& load, std::uint64_t seed, double scale, double from, double until)
        : m_windows(load.windows)
        , m_random(randomOf(seed, load.name))
        , m_scale(scale)
        , m_now(from)
        , m_until(until)
    {
    }
    /// Goes to the next arrival; false when there is none.
    bool advance()
    {
        for (; m_at < m_windows.size(); ++m_at) {
            const RateWindow& window = m_windows[m_at];
            const double rate = window.requestsPerSecond * m_scale;
            m_now = std::max(m_now, window.startSeconds);
            if (m_now >= m_until) {
                return false;
            }
            if (rate == 0 || m_now >= window.endSeconds) {
                continue;
            }
            if (m_owed < 0) {
                m_owed = gapOfMeanOne(window, m_random);
            }
            const double next = m_now + m_owed / rate;
            if (next < window.endSeconds) {
                m_now = next;
                m_owed = -1;
                return next < m_until;
            }
            m_owed = std::max(0.0, m_owed - (window.endSeconds - m_now) * rate);
        }
        return false;
    }
    [[nodiscard]] double now() const { return m_now; }
    [[nodiscard]] Random& random() { return m_random; }

private:
    const std::vector<RateWindow>& m_windows;
    Random m_random;
    double m_scale, m_now, m_until;
    double m_owed = -1; ///< of the gap under way, in mean gaps; below 0: none yet
    std::size_t m_at = 0;
};

class DrawnStream final : public TraceStream {
public:
    DrawnStream(ServeGenLoad load, const TraceOptions& options)
        : m_load(std::move(load))
        , m_maxRequests(options.maxRequests)
    {
        double begin = m_load.clients.front().windows.front().startSeconds, end = begin;
        for (const ClientLoad& client : m_load.clients) {
            begin = std::min(begin, client.windows.front().startSeconds);
            end = std::max(end, client.windows.back().endSeconds);
        }
        const double from = begin + options.fromSeconds;
        const double until = options.forSeconds > 0 ? std::min(end, from + options.forSeconds) : end;
        double expected = 0;
        m_arrivals.reserve(m_load.clients.size());
        for (const ClientLoad& client : m_load.clients) {
            for (const RateWindow& window : client.windows) {
                const double overlap = std::min(until, window.endSeconds) - std::max(from, window.startSeconds);
                expected += std::max(0.0, overlap) * window.requestsPerSecond * options.loadScale;
            }
            m_arrivals.emplace_back(client, options.seed, options.loadScale, from, until);
            if (m_arrivals.back().advance()) {
                m_next.push_back({m_arrivals.back().now(), static_cast<std::uint32_t>(m_arrivals.size() - 1)});
            }
        }
        std::make_heap(m_next.begin(), m_next.end());
        m_origin = m_next.empty() ? 0 : m_next.front().seconds;
        lend();
        m_summary.format = TraceFormat::ServeGen;
        m_summary.drawn = true;
        m_summary.clients = static_cast<std::int64_t>(m_load.clients.size());
        m_summary.durationSeconds = std::max(0.0, until - from);
        m_summary.requests = static_cast<std::int64_t>(std::min(expected, 1e18));
        if (m_maxRequests > 0) {
            m_summary.requests = std::min(m_summary.requests, m_maxRequests);
        }
        m_summary.expectedRequests = m_summary.requests;
        m_summary.notes = m_load.notes;
    }
    [[nodiscard]] bool empty() const { return m_next.empty(); }

    Result<bool> next(TraceRow& row) override
    {
        if (m_next.empty() || (m_maxRequests > 0 && m_given >= m_maxRequests)) {
            return false;
        }
        const Next first = m_next.front();
        Arrivals& arrivals = m_arrivals[first.client];
        const Lengths& lengths = lengthsFor(first.client, first.seconds, arrivals.random());
        row.arrivalSeconds = first.seconds - m_origin;
        row.inputTokens = draw(lengths.input, arrivals.random());
        row.outputTokens = draw(lengths.output, arrivals.random());
        row.place = static_cast<std::uint64_t>(m_given++);
        if (arrivals.advance()) {
            replaceFirst({arrivals.now(), first.client});
        } else {
            std::pop_heap(m_next.begin(), m_next.end());
            m_next.pop_back();
        }
        return true;
    }

private:
    struct Next {
        double seconds;
        std::uint32_t client;
        /// The heap's first is the earliest, of those at one time the first client.
        friend bool operator<(const Next& a, const Next& b)
        {
            return a.seconds != b.seconds ? a.seconds > b.seconds : a.client > b.client;
        }
    };

    void replaceFirst(Next value)
    {
        std::size_t at = 0;
        for (;;) {
            std::size_t child = 2 * at + 1;
            if (child >= m_next.size()) {
                break;
            }
            if (child + 1 < m_next.size() && m_next[child] < m_next[child + 1]) {
                ++child;
            }
            if (!(value < m_next[child])) {
                break;
            }
            m_next[at] = m_next[child];
            at = child;
        }
        m_next[at] = value;
    }

    /// Who lends lengths to clients that have none.
    void lend()
    {
        double sum = 0;
        for (std::uint32_t i = 0; i < m_load.clients.size(); ++i) {
            const ClientLoad& client = m_load.clients[i];
            if (const double volume = client.expectedRequests(); !client.lengths.empty() && volume > 0) {
                sum += volume;
                m_lenders.push_back(i);
                m_lenderVolumes.push_back(sum);
            }
        }
        m_lengthsAt.resize(m_load.clients.size());
        if (m_lenders.empty()) {
            m_assumed = assumedLengths();
        }
    }

    const Lengths& lengthsFor(std::uint32_t client, double seconds, Random& random)
    {
        if (!m_load.clients[client].lengths.empty()) {
            return lengthsOf(client, seconds);
        }
        if (m_lenders.empty()) {
            return m_assumed;
        }
        const double at = std::uniform_real_distribution<double>(0, m_lenderVolumes.back())(random);
        const auto found = std::upper_bound(m_lenderVolumes.begin(), m_lenderVolumes.end(), at);
        const auto place = std::min(static_cast<std::size_t>(found - m_lenderVolumes.begin()), m_lenders.size() - 1);
        return lengthsOf(m_lenders[place], seconds);
    }

    /// Time only goes on, so each client's place in its lengths does too.
    const Lengths& lengthsOf(std::uint32_t client, double seconds)
    {
        const auto& lengths = m_load.clients[client].lengths;
        std::size_t& at = m_lengthsAt[client];
        while (at + 1 < lengths.size() && lengths[at + 1].fromSeconds <= seconds) {
            ++at;
        }
        return lengths[at];
    }

    ServeGenLoad m_load;
    std::int64_t m_maxRequests, m_given = 0;
    std::vector<Arrivals> m_arrivals;
    std::vector<Next> m_next; ///< a heap; one entry a client that has more to send
    double m_origin = 0;
    std::vector<std::uint32_t> m_lenders;
    std::vector<double> m_lenderVolumes; ///< cumulated
    std::vector<std::size_t> m_lengthsAt;
    Lengths m_assumed;
};

} // namespace

Result<std::unique_ptr<TraceStream>> drawServeGen(const std::filesystem::path& path, ServeGenLoad load,
                                                  const TraceOptions& options)
{
    auto stream = std::make_unique<DrawnStream>(std::move(load), options);
    if (stream->empty()) {
        return traceError(path, 0, 0, "sends nothing: the rates are zero, or nearly", "");
    }
    return std::unique_ptr<TraceStream>(std::move(stream));
}

} // namespace isobar::ingest
