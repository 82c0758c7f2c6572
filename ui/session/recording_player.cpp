// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/recording_player.h"

#include <QElapsedTimer>
#include <algorithm>
#include <fmt/format.h>

namespace isobar::ui {
namespace {

void add(engine::RunTotals& totals, const aggregate::Interval& interval)
{
    for (const aggregate::DemandTotals& row : interval.demand) {
        totals.demand += row;
    }
    for (const aggregate::SupplyTotals& row : interval.supply) {
        totals.supply += row;
    }
}

/// Rows of placements that the fleet does not have yet are given one each, empty.
std::shared_ptr<const Fleet> completed(const std::shared_ptr<const Fleet>& fleet, const aggregate::Layout* layout)
{
    if (layout == nullptr || layout->placements.size() <= fleet->placements.size()) {
        return fleet;
    }
    auto more = std::make_shared<Fleet>(*fleet);
    for (std::size_t i = fleet->placements.size(); i < layout->placements.size(); ++i) {
        Placement placement;
        placement.model = layout->placements[i].model;
        placement.pool = layout->placements[i].pool;
        placement.key = fmt::format("{}@{}#{}", (*fleet)[placement.model].name, (*fleet)[placement.pool].key, i);
        more->placements.push_back(std::move(placement));
    }
    return more;
}

} // namespace

RecordingPlayer::RecordingPlayer(recording::Recording recording)
    : m_recording(std::move(recording))
    , m_fleet(completed(m_recording.header().fleet, m_recording.layout().get()))
    , m_target(m_recording.begin())
    , m_position(m_target)
    , m_end(m_recording.end())
    , m_layout(m_recording.layout())
{
}

void RecordingPlayer::aim(aggregate::SimMicros at)
{
    m_target = std::clamp(at, m_recording.begin(), m_end);
}

Result<bool> RecordingPlayer::advance(aggregate::History& history, aggregate::LiveRollUp& rollUp,
                                      std::vector<engine::Event>& events, int milliseconds)
{
    if (hasArrived()) {
        return false;
    }
    if (m_target < m_position) {
        history.truncate(m_target);
        const aggregate::SimMicros end = history.empty() ? m_recording.begin() : history.end();
        rollUp.truncate(end, history);
        std::erase_if(events, [&](const engine::Event& event) { return event.at >= end; });
        m_position = end;
        m_totals = {};
        for (const auto& wide : history.range(history.begin(), history.end(), 0)) {
            add(m_totals, *wide);
        }
    }
    QElapsedTimer timer;
    timer.start();
    while (!hasArrived()) {
        if (m_position < m_frameBegin || m_position >= m_frameEnd) {
            const auto& frames = m_recording.frames();
            const auto at = std::partition_point(frames.begin(), frames.end(),
                                                 [&](const auto& frame) { return frame.end <= m_position; });
            auto read = m_recording.read(at->begin, at->end);
            if (!read.ok()) {
                m_end = m_target = m_position;
                return read.error();
            }
            m_frameBegin = at->begin;
            m_frameEnd = at->end;
            m_frame = *std::move(read);
        }
        const auto next = std::partition_point(m_frame.intervals.begin(), m_frame.intervals.end(),
                                               [&](const auto& one) { return one->end <= m_position; });
        if ((*next)->end > m_target) {
            m_target = m_position; // within an interval: it is shown once it is over
            break;
        }
        for (const recording::Event& event : m_frame.events) {
            const bool isLast = event.at >= m_recording.end() && (*next)->end == m_recording.end();
            if (const auto kind = engine::eventKindByName(event.kind);
                kind && event.at >= (*next)->begin && (event.at < (*next)->end || isLast)) {
                events.push_back({event.at, *kind, event.text});
            }
        }
        m_position = (*next)->end;
        add(m_totals, **next);
        rollUp.append(**next);
        history.append(*next);
        if (timer.elapsed() >= milliseconds) {
            break;
        }
    }
    return true;
}

std::shared_ptr<const engine::Snapshot> RecordingPlayer::snapshot(bool paused, double speed) const
{
    auto snapshot = std::make_shared<engine::Snapshot>();
    snapshot->now = m_position;
    snapshot->seed = m_recording.header().seed;
    snapshot->paused = paused;
    snapshot->requestedSpeed = speed;
    snapshot->achievedSpeed = paused ? 0 : speed;
    if (!hasArrived()) {
        snapshot->seekingTo = m_target;
    }
    snapshot->seekableFrom = m_recording.begin();
    snapshot->seekableTo = m_end;
    snapshot->totals = m_totals;
    snapshot->fleet = m_fleet;
    snapshot->layout = m_layout;
    return snapshot;
}

} // namespace isobar::ui
