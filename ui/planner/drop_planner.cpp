// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/planner/drop_planner.h"

#include "ui/planner/move_table.h"
#include "ui/planner/move_words.h"

namespace isobar::ui {
namespace {

DropAnswer::Verdict toVerdict(plan::Verdict verdict)
{
    return verdict == plan::Verdict::Yes     ? DropAnswer::Verdict::Yes
           : verdict == plan::Verdict::Tight ? DropAnswer::Verdict::Tight
                                             : DropAnswer::Verdict::No;
}

constexpr std::size_t kCardFigures = 5; ///< the pools' own figures stay in the panel's table

} // namespace

DropPlanner::DropPlanner(Session& session, MapView& map, MoveTable& table, QObject* parent)
    : QObject(parent)
    , m_session(session)
    , m_map(map)
    , m_table(table)
{
    m_map.dropProvider = [this](int place, const QMimeData* data) { return answer(place, data); };
    connect(&m_map, &MapView::markerHovered, this, &DropPlanner::showHovered);
    connect(&m_map, &MapView::placementDropped, this, &DropPlanner::drop);
}

void DropPlanner::begin()
{
    m_assessed.clear();
    m_planner = m_session.planner();
}

void DropPlanner::end()
{
    m_planner.reset();
    m_assessed.clear();
    m_table.clear();
}

Result<plan::Assessment> DropPlanner::assess(int place, const PlacementDrag& drag)
{
    if (!m_planner) {
        begin();
    }
    if (place < 0 || static_cast<std::size_t>(place) >= m_session.places().size() ||
        drag.placement.index() >= m_planner->fleet().placements.size()) {
        return Error{ErrorCode::NotFound, "no such place"};
    }
    std::vector<PoolId> pools;
    const Fleet& fleet = m_planner->fleet();
    for (std::size_t i = 0; i < fleet.pools.size(); ++i) {
        for (const RegionId region : m_session.places()[static_cast<std::size_t>(place)].regions) {
            if (fleet.pools[i].region == region) {
                pools.push_back(PoolId(i));
            }
        }
    }
    return m_planner->assessBest(drag.placement, drag.replicas, pools);
}

DropAnswer DropPlanner::answer(int place, const QMimeData* data)
{
    const auto drag = fromMimeData(data);
    if (!drag) {
        return {DropAnswer::Verdict::No, tr("Not a placement"), {}};
    }
    const auto assessment = assess(place, *drag);
    if (!assessment) {
        return {DropAnswer::Verdict::No, tr("No"), {QString::fromStdString(assessment.error().message)}};
    }
    m_assessed.insert_or_assign(place, *assessment);
    DropAnswer answer{toVerdict(assessment->verdict), moveHeadline(m_planner->fleet(), *assessment), {}};
    for (const plan::Reason& reason : assessment->reasons) {
        answer.lines << QString::fromStdString(reason.text);
    }
    if (assessment->verdict != plan::Verdict::No) {
        const auto figures = moveFigures(*assessment);
        for (std::size_t i = 0; i < kCardFigures; ++i) {
            answer.lines << QStringLiteral("%1: %2 → %3, %4")
                                .arg(figures[i].name, figures[i].baseline, figures[i].scenario, figures[i].delta);
        }
    }
    return answer;
}

void DropPlanner::showHovered(int place)
{
    const auto found = m_assessed.find(place);
    if (m_planner && found != m_assessed.end()) {
        m_table.showMove(m_planner->fleet(), found->second);
    }
}

void DropPlanner::drop(int place, const QMimeData* data)
{
    const auto drag = fromMimeData(data);
    if (!drag) {
        return;
    }
    const auto assessment = assess(place, *drag);
    if (assessment && assessment->verdict != plan::Verdict::No) {
        m_session.carryOut(*assessment);
    }
}

} // namespace isobar::ui
