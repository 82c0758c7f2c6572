// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/training_run.h"
#include "model/engine/random.h"

#include <algorithm>
#include <limits>

namespace isobar::engine {

TrainingRun::TrainingRun(const TrainingJob& job, const TrainingOperations& operations, double now)
    : m_checkpointEvery(job.checkpointSeconds > 0 ? job.checkpointSeconds : std::numeric_limits<double>::infinity())
    , m_writeSeconds(operations.checkpointWriteSeconds)
    , m_restartSeconds(operations.restartSeconds)
    , m_started(now)
    , m_at(now)
{
}

void TrainingRun::gather(double now)
{
    advance(now);
    if (m_state != State::Waiting) {
        return;
    }
    if (m_hasRun) {
        m_state = State::Restarting;
        m_due = now + m_restartSeconds;
    } else {
        m_hasRun = true;
        m_state = State::Running;
        m_due = now + m_checkpointEvery;
    }
}

bool TrainingRun::notice(double now, double end)
{
    advance(now);
    if (m_state != State::Running || m_unsaved <= 0 || now + m_writeSeconds > end) {
        return false;
    }
    m_state = State::Writing;
    m_due = now + m_writeSeconds;
    return true;
}

void TrainingRun::breakDown(double now)
{
    advance(now);
    if (m_state == State::Waiting) {
        return;
    }
    m_lost += m_unsaved;
    m_unsaved = 0;
    ++m_restarts;
    m_state = State::Waiting;
}

void TrainingRun::advance(double now)
{
    while (m_at < now) {
        const double until = m_state == State::Waiting ? now : std::min(now, m_due);
        const double passed = until - m_at;
        m_at = until;
        if (m_state == State::Running || m_state == State::Writing) {
            m_busy += passed;
        }
        if (m_state == State::Running) {
            m_unsaved += passed;
        }
        if (m_state == State::Waiting || until < m_due) {
            return;
        }
        switch (m_state) {
        case State::Running:
            m_state = State::Writing;
            m_due = until + m_writeSeconds;
            break;
        case State::Writing:
            m_kept += m_unsaved;
            m_unsaved = 0;
            [[fallthrough]];
        case State::Restarting:
            m_state = State::Running;
            m_due = until + m_checkpointEvery;
            break;
        case State::Waiting:
            return;
        }
    }
}

double TrainingRun::goodputRatio() const
{
    return m_at > m_started ? (m_kept + m_unsaved) / (m_at - m_started) : 1;
}

std::uint64_t TrainingRun::hash(std::uint64_t hash) const
{
    for (const double value : {m_at, m_due, m_kept, m_unsaved, m_lost, m_busy}) {
        hash = mix(hash, std::bit_cast<std::uint64_t>(value));
    }
    return mix(hash, static_cast<std::uint64_t>(m_state) << 32 | static_cast<std::uint32_t>(m_restarts));
}

} // namespace isobar::engine
