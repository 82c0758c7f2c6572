// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/serving/mix.h"
#include "model/serving/replica.h"
#include "model/serving/replica_exact.h"

#include <algorithm>
#include <bit>

/// A replica as a whole: emptied, measured, hashed. How it serves is in replica.cpp.
namespace isobar::serving {

std::vector<Request> Replica::takeQueue()
{
    std::sort(m_queue.begin(), m_queue.end(), [](const Waiting& a, const Waiting& b) { return a.order < b.order; });
    std::vector<Request> taken;
    std::size_t kept = 0;
    for (const Waiting& waiting : m_queue) {
        const Record& record = m_records[waiting.record];
        if (record.start != kNotStarted) {
            m_queue[kept++] = waiting;
            continue;
        }
        taken.push_back(record.request);
        discard(waiting.record);
    }
    m_queue.shrink(kept); // in order, and so a heap
    return taken;
}

std::vector<Request> Replica::takeAll()
{
    std::vector<std::uint32_t> records;
    for (const Running& running : m_running) {
        records.push_back(running.record);
    }
    for (const Waiting& waiting : m_queue) {
        records.push_back(waiting.record);
    }
    std::sort(records.begin(), records.end(),
              [this](std::uint32_t a, std::uint32_t b) { return m_records[a].arrival < m_records[b].arrival; });
    std::vector<Request> taken;
    for (const std::uint32_t record : records) {
        taken.push_back(m_records[record].request);
    }
    *this = Replica(*m_times, m_queueLimit);
    return taken;
}

std::int64_t Replica::heldBlocks() const
{
    if (m_times->policy().admission == BatchPolicy::Admission::Reserve) {
        return m_reserved;
    }
    if (m_exact) {
        return m_exact->blocks.held();
    }
    std::int64_t blocks = 0;
    for (std::size_t i = 0; i < m_running.size(); ++i) {
        blocks += blocksFor(i < m_decoding ? slots(m_running[i]) : promptTokens(m_records[m_running[i].record]),
                            m_times->policy().kvBlockTokens);
    }
    return blocks;
}

std::size_t Replica::memoryBytes() const
{
    return sizeof *this + m_running.bytes() + m_records.bytes() + m_queue.bytes();
}

std::uint64_t Replica::hash(std::uint64_t hash) const
{
    for (const double value : {m_nextEvent, m_runStart}) {
        hash = mix(hash, std::bit_cast<std::uint64_t>(value));
    }
    for (const std::int64_t value : {m_context, m_reserved}) {
        hash = mix(hash, static_cast<std::uint64_t>(value));
    }
    hash = mix(hash, std::uint64_t{m_tokens} << 32 | m_runIterations);
    hash = mix(hash, std::uint64_t{m_arrivals} << 32 | m_decoding);
    const auto mixRecord = [&](std::uint32_t index) {
        const Record& record = m_records[index];
        hash = mix(hash, std::bit_cast<std::uint64_t>(record.request.arrivalSeconds));
        hash = mix(hash, std::uint64_t{record.request.inputTokens} << 32 | record.request.outputTokens);
        hash = mix(hash, std::uint64_t{record.request.tag} << 32 | record.request.priority);
        hash = mix(hash, std::uint64_t{record.arrival} << 32 | record.generated);
        if (m_exact && m_exact->cache) {
            for (const auto& hashes : {m_exact->prefixes[index].hashes, m_exact->prefixes[index].held}) {
                for (const std::uint64_t value : hashes) {
                    hash = mix(hash, value);
                }
            }
        }
    };
    for (const Running& running : m_running) {
        hash = mix(hash, running.at);
        mixRecord(running.record);
    }
    for (const Waiting& waiting : m_queue) {
        hash = mix(hash, waiting.order);
        mixRecord(waiting.record);
    }
    return m_exact && m_exact->cache ? m_exact->cache->hash(hash) : hash;
}

} // namespace isobar::serving
