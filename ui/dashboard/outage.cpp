// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/outage.h"

#include "ui/dashboard/contracts.h"
#include "ui/dashboard/view_tables.h"
#include "ui/shell/format.h"
#include "ui/shell/text_color.h"
#include "ui/shell/theme.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QUndoStack>

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {

using aggregate::kMicrosPerSecond;
using query::Measure;

constexpr double kOutageSeconds = 24 * 3600; ///< long enough that it is undone or mended by hand
constexpr double kWindowSeconds = 60;        ///< figures are of so much, before and since
constexpr double kTolerance = 0.01;          ///< attainment so near to before counts as back
constexpr double kFailoverSeconds = 15;      ///< too early to judge: requests in flight are still being retried

/// The whole fleet over the minute that ends at the history's end.
ViewContext lastMinute(const Session& session)
{
    SelectionState whole;
    whole.rangeSeconds = kWindowSeconds;
    return contextOf(session.fleetPointer(), session.places(), session.history(), whole, session.seed());
}

} // namespace

std::optional<RegionId> largestRegion(const Fleet& fleet, const SelectionState& selection)
{
    std::vector<std::int64_t> chips(fleet.regions.size());
    for (const Pool& pool : fleet.pools) {
        if (selection.regions.empty() || selection.regions.count(pool.region) > 0) {
            chips[pool.region.index()] += pool.usableChips();
        }
    }
    const auto most = std::max_element(chips.begin(), chips.end());
    return most == chips.end() || *most == 0 ? std::nullopt
                                             : std::optional(RegionId(static_cast<std::size_t>(most - chips.begin())));
}

LoseRegionCommand::LoseRegionCommand(Session& session, RegionId region)
    : QUndoCommand(QObject::tr("lose region %1").arg(QString::fromStdString(regionKey(session.fleet(), region))))
    , m_session(session)
    , m_region(region)
{
}

void LoseRegionCommand::redo()
{
    const auto snapshot = m_session.snapshot();
    // Whole seconds: history is kept in them, and going back ends one there. The snapshot may be some simulated seconds
    // older than the history, and undo must bring back what is seen now.
    m_at = snapshot ? std::max<aggregate::SimMicros>(0, snapshot->now / kMicrosPerSecond * kMicrosPerSecond) : 0;
    m_at = std::max(m_at, m_session.runningHistory().end());
    Fault fault;
    fault.kind = FaultKind::Region;
    fault.region = m_region;
    fault.durationSeconds = kOutageSeconds;
    m_session.injectFault(fault);
}

void LoseRegionCommand::undo()
{
    m_session.seek(m_at);
    // A command on arrival drops what was recorded for later, the fault among it; this one changes nothing.
    m_session.usePlacements(m_session.fleet().placements);
}

OutageBanner::OutageBanner(Session& session, QWidget* parent)
    : QFrame(parent)
    , m_session(session)
    , m_headline(new QLabel)
    , m_details(new QLabel)
{
    setProperty("panel", true);
    setAccessibleName(tr("Outage"));
    m_headline->setAccessibleName(tr("Verdict"));
    m_headline->setFont(ui::font(TextRole::Strong));
    m_details->setAccessibleName(tr("What the outage does"));
    m_details->setWordWrap(true);
    auto* undo = new QPushButton(tr("Undo"));
    undo->setAccessibleName(tr("Undo the outage"));
    auto* close = new QPushButton(tr("Close"));
    auto* words = new QVBoxLayout;
    words->setSpacing(2);
    words->addWidget(m_headline);
    words->addWidget(m_details);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(Theme::kPadding, 8, Theme::kPadding, 8);
    row->addLayout(words, 1);
    row->addWidget(undo);
    row->addWidget(close);
    connect(undo, &QPushButton::clicked, &m_session.undoStack(), &QUndoStack::undo);
    connect(close, &QPushButton::clicked, this, &QWidget::hide);
    connect(&m_session, &Session::historyChanged, this, &OutageBanner::watch);
    connect(&m_session, &Session::rewound, this, [this] {
        if (m_watching && m_session.history().end() <= m_since) { // undone, or scrubbed to before it
            m_watching = false;
            hide();
        }
    });
    connect(&m_session, &Session::opened, this, [this] {
        m_watching = false;
        hide();
    });
    hide();
}

void OutageBanner::resizeEvent(QResizeEvent* event)
{
    QFrame::resizeEvent(event);
    fitHeight();
}

bool OutageBanner::event(QEvent* event)
{
    const bool handled = QFrame::event(event);
    if (event->type() == QEvent::LayoutRequest) { // other words
        fitHeight();
    }
    return handled;
}

/// As high as the words at this width.
void OutageBanner::fitHeight()
{
    layout()->itemAt(0)->invalidate(); // an inner layout keeps the height of the words before
    const int wanted = layout()->totalHeightForWidth(width());
    setFixedHeight(wanted > 0 ? wanted : layout()->totalSizeHint().height());
}

void OutageBanner::lose(RegionId region)
{
    const ViewContext before = lastMinute(m_session);
    const query::Table figures = ask(before, {Measure::SloAttainment, Measure::SpendUsdPerDay}, {});
    m_attainmentBefore = valueOf(figures, {}, Measure::SloAttainment);
    m_spendBefore = valueOf(figures, {}, Measure::SpendUsdPerDay);
    m_estimate = lossOf(m_session.fleet(), intervalsOf(before), query::Dimension::Region,
                        static_cast<std::uint32_t>(region.index()))
                     .verdict(m_session.fleet());
    m_region = region;
    m_recovered.reset();
    m_watching = true;
    m_since = m_session.history().end();
    m_session.undoStack().push(new LoseRegionCommand(m_session, region));
    m_session.play();
    const QString name = QString::fromStdString(regionKey(m_session.fleet(), region));
    say(tr("Simulated outage: %1 is lost").arg(name),
        tr("Estimate from the capacity seen, without %1: %2. Requests are re-routed; figures follow.")
            .arg(name, m_estimate),
        true);
    show();
}

void OutageBanner::watch()
{
    if (!m_watching) {
        return;
    }
    const aggregate::SimMicros now = m_session.history().end();
    const double seconds = static_cast<double>(now - m_since) * 1e-6;
    if (seconds < 1) {
        return;
    }
    SelectionState since;
    since.rangeSeconds = std::min(seconds, kWindowSeconds);
    const ViewContext context =
        contextOf(m_session.fleetPointer(), m_session.places(), m_session.history(), since, m_session.seed());
    const query::Table figures =
        ask(context, {Measure::SloAttainment, Measure::SpendUsdPerDay, Measure::Lost, Measure::TtftP95}, {});
    const double attainment = valueOf(figures, {}, Measure::SloAttainment);
    const double spend = valueOf(figures, {}, Measure::SpendUsdPerDay);
    if (!std::isfinite(attainment)) {
        return;
    }
    const bool back = attainment >= m_attainmentBefore - kTolerance;
    if (seconds >= kFailoverSeconds) {
        m_recovered = !back ? std::nullopt : m_recovered ? m_recovered : std::optional(now);
    }
    const QString name = QString::fromStdString(regionKey(m_session.fleet(), m_region));
    const QString lasting = ui::seconds(seconds).joined();
    const QString verdict =
        seconds < kFailoverSeconds ? tr("%1 lost for %2: re-routing").arg(name, lasting)
        : m_recovered              ? tr("N+1 without %1: met in %2")
                            .arg(name, ui::seconds(static_cast<double>(*m_recovered - m_since) * 1e-6).joined())
                      : tr("N+1 without %1: not met in %2").arg(name, lasting);
    const double dayShare = m_spendBefore > 0 ? (spend - m_spendBefore) / m_spendBefore : 0;
    say(verdict,
        tr("%1 lost for %2 of simulated time. SLO attainment %3 (%4), spend %5 (%6), over the last %7. "
           "Estimate before: %8.")
            .arg(name, lasting, percent(attainment, 2).joined(), signedPoints(attainment - m_attainmentBefore),
                 dollarsPerDay(spend).joined(), signedPercent(dayShare), ui::seconds(since.rangeSeconds).joined(),
                 m_estimate),
        seconds < kFailoverSeconds || !m_recovered);
}

QString OutageBanner::text() const
{
    return m_headline->text() + QLatin1Char('\n') + m_details->text();
}

void OutageBanner::say(const QString& headline, const QString& details, bool trouble)
{
    m_headline->setText((trouble ? QStringLiteral("! ") : QStringLiteral("✓ ")) + headline);
    setTextColor(m_headline, trouble ? theme().trouble : theme().fine);
    m_details->setText(details);
}

} // namespace isobar::ui
