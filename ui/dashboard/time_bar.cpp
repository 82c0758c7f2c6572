// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/time_bar.h"

#include "ui/dashboard/load_strip.h"
#include "ui/dashboard/views.h"
#include "ui/shell/elided_label.h"
#include "ui/shell/format.h"
#include "ui/shell/icon.h"
#include "ui/shell/theme.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QToolButton>

#include <algorithm>
#include <cmath>
#include <limits>

namespace isobar::ui {
namespace {

constexpr int kStripPoints = 160;
constexpr int kLeastPace = 170, kMostPace = 330;

} // namespace

const QList<int>& TimeBar::speeds()
{
    static const QList<int> list{1, 2, 5, 10, 20, 60, 120, 600, 3600};
    return list;
}

TimeBar::TimeBar(Session& session, QWidget* parent)
    : QFrame(parent)
    , m_session(session)
    , m_play(new QToolButton)
    , m_step(new QToolButton)
    , m_speed(new QComboBox)
    , m_date(new QLabel)
    , m_time(new QLabel)
    , m_strip(new LoadStrip)
    , m_pace(new ElidedLabel)
{
    setProperty("panel", true);
    setAccessibleName(tr("Clock"));
    m_play->setAccessibleName(tr("Play or pause"));
    m_step->setAccessibleName(tr("Step"));
    m_step->setToolTip(tr("Advance by ten simulated seconds, then pause"));
    m_speed->setAccessibleName(tr("Speed"));
    m_speed->setToolTip(tr("Simulated seconds a real second"));
    m_time->setAccessibleName(tr("Simulated time"));
    m_pace->setAccessibleName(tr("Pace"));
    m_date->setProperty("muted", true);
    m_pace->setProperty("muted", true);
    m_time->setFont(ui::font(TextRole::Strong));
    for (const int speed : speeds()) {
        m_speed->addItem(grouped(speed, 0) + QStringLiteral("×"), speed);
    }
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(Theme::kPadding, 6, Theme::kPadding, 6);
    row->setSpacing(8);
    for (QWidget* widget : std::initializer_list<QWidget*>{m_play, m_step, m_speed, m_date, m_time}) {
        row->addWidget(widget);
    }
    row->addWidget(m_strip, 1);
    row->addWidget(m_pace);
    connect(m_play, &QToolButton::clicked, this, &TimeBar::playToggled);
    connect(m_step, &QToolButton::clicked, this, &TimeBar::stepRequested);
    connect(m_speed, &QComboBox::activated, this,
            [this](int index) { m_session.setSpeed(m_speed->itemData(index).toInt()); });
    connect(m_strip, &LoadStrip::clicked, this, [this](double at) { m_session.seek(timeOn(at)); });
    connect(m_strip, &LoadStrip::recordedClicked, this, [this](double at) {
        const double range = m_session.selection().state().rangeSeconds;
        const auto back = static_cast<aggregate::SimMicros>((range > 0 ? 2 * range : 86'400) * 1e6);
        const aggregate::SimMicros to = timeOn(at);
        m_session.showRecorded(to - back, to);
    });
    connect(&m_session, &Session::recordedRangeChanged, this, &TimeBar::showHistory);
    connect(&m_session, &Session::ticked, this, &TimeBar::showClock);
    connect(&m_session, &Session::opened, this, [this] {
        showButtons();
        showClock();
        showHistory();
    });
    connect(&m_session, &Session::clockChanged, this, &TimeBar::showButtons);
    connect(&m_session, &Session::historyChanged, this, &TimeBar::showHistory);
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, &TimeBar::restyle);
    restyle();
    showButtons();
}

void TimeBar::restyle()
{
    m_step->setIcon(icon(QStringLiteral("step"), theme().text));
    m_time->setFont(ui::font(TextRole::Strong));
    showButtons();
}

void TimeBar::showButtons()
{
    const bool playing = m_session.isPlaying();
    m_play->setIcon(icon(playing ? QStringLiteral("pause") : QStringLiteral("play"), theme().accent));
    m_play->setToolTip(playing ? tr("Pause (Space)") : tr("Play (Space)"));
    const int at = m_speed->findData(static_cast<int>(m_session.speed()));
    m_speed->setCurrentIndex(at);
}

void TimeBar::showClock()
{
    const auto snapshot = m_session.snapshot();
    const QDateTime now = m_session.timeAt(snapshot ? std::max<aggregate::SimMicros>(0, snapshot->now) : 0);
    m_date->setText(now.toString(QStringLiteral("yyyy-MM-dd")));
    m_time->setText(now.toString(QStringLiteral("HH:mm:ss")) + QStringLiteral(" UTC"));
    if (!snapshot || snapshot->now < 0) {
        m_pace->setToolTip({});
        m_pace->setText(tr("filling the fleet with work"));
        return;
    }
    const QString requests =
        compact(static_cast<double>(snapshot->totals.demand.requests)).joined() + tr(" requests simulated");
    const bool behind =
        !snapshot->paused && snapshot->achievedSpeed > 0 && snapshot->achievedSpeed < 0.9 * snapshot->requestedSpeed;
    QString pace = snapshot->paused ? tr("paused")
                                    : grouped(snapshot->achievedSpeed, snapshot->achievedSpeed < 10 ? 1 : 0) +
                                          (behind ? tr("× sustained, behind") : QStringLiteral("× sustained"));
    if (const std::size_t broken = snapshot->faults.size(); broken > 0) {
        pace = (broken == 1 ? tr("! 1 fault · ") : tr("! %1 faults · ").arg(broken)) + pace;
    }
    if (m_session.isShowingRecorded()) {
        const QDateTime at = m_session.timeAt(m_session.history().end());
        m_pace->setToolTip({});
        m_pace->setText(tr("recorded, %1 · play comes back").arg(at.toString(QStringLiteral("HH:mm:ss"))));
        return;
    }
    if (snapshot->seekingTo) { // what it works through on the way there is no pace
        m_pace->setToolTip({});
        m_pace->setText(
            tr("going to %1 …").arg(m_session.timeAt(*snapshot->seekingTo).toString(QStringLiteral("HH:mm:ss"))));
        return;
    }
    if (snapshot->fastForward) {
        m_pace->setToolTip({});
        m_pace->setText(tr("fast-forward · fluid (mean-field) estimate"));
        return;
    }
    m_pace->setToolTip(pace + QStringLiteral(" · ") + requests);
    const QString whole = pace + QStringLiteral(" · ") + requests;
    m_pace->setText(m_pace->fontMetrics().horizontalAdvance(whole) <= m_pace->width() ? whole : pace);
}

void TimeBar::resizeEvent(QResizeEvent* event)
{
    // A width of its own, not its words': the strip must not move when the pace gains a digit.
    m_pace->setFixedWidth(std::clamp(width() * 24 / 100, kLeastPace, kMostPace));
    QFrame::resizeEvent(event);
}

/// What the strip covers: the running history, and an earlier run where one is recorded.
std::pair<aggregate::SimMicros, aggregate::SimMicros> TimeBar::axis() const
{
    const aggregate::History& running = m_session.runningHistory();
    std::pair axis{running.begin(), running.end()};
    if (const auto& recorded = m_session.recordedRange()) {
        axis.first = running.empty() ? recorded->run.begin : std::min(axis.first, recorded->run.begin);
        axis.second = running.empty() ? recorded->run.end : std::max(axis.second, recorded->run.end);
    }
    return axis;
}

aggregate::SimMicros TimeBar::timeOn(double at) const
{
    const auto [from, to] = axis();
    return from + static_cast<aggregate::SimMicros>(at * static_cast<double>(to - from));
}

void TimeBar::showRecorded()
{
    LoadStrip::Recorded shown;
    const auto [from, to] = axis();
    const auto share = [from = static_cast<double>(from), span = static_cast<double>(to - from)](double at) {
        return span > 0 ? (at - from) / span : 0;
    };
    if (const auto& recorded = m_session.recordedRange()) {
        const aggregate::History& running = m_session.runningHistory();
        shown.runningFrom = share(static_cast<double>(running.empty() ? from : running.begin()));
        shown.runningTo = share(static_cast<double>(running.empty() ? from : running.end()));
        for (const RecordedRange::Load& load : recorded->load) {
            shown.line << QPointF(share((static_cast<double>(load.begin) + static_cast<double>(load.end)) / 2),
                                  load.requestsPerSecond);
        }
        if (m_session.isShowingRecorded()) {
            shown.shownAt = std::clamp(share(static_cast<double>(m_session.history().end())), 0.0, 1.0);
        }
        shown.text = tr("Run %1, recorded").arg(recorded->run.id);
    }
    m_strip->setRecorded(std::move(shown));
}

void TimeBar::showHistory()
{
    showRecorded();
    showClock();
    const auto& intervals = m_session.runningHistory().intervals();
    QVector<double> values;
    QVector<LoadStrip::Mark> marks;
    if (!intervals.empty()) {
        const double begin = static_cast<double>(m_session.runningHistory().begin());
        const double span = static_cast<double>(m_session.runningHistory().end()) - begin;
        const double axisFrom = static_cast<double>(axis().first);
        const double axisSpan = static_cast<double>(axis().second) - axisFrom;
        const int points = std::min<int>(kStripPoints, static_cast<int>(intervals.size()));
        QVector<double> requests(points, 0), micros(points, 0);
        for (const auto& interval : intervals) {
            const double middle = (static_cast<double>(interval->begin) + static_cast<double>(interval->end)) / 2;
            const int at = std::clamp(static_cast<int>((middle - begin) / span * points), 0, points - 1);
            for (const aggregate::DemandTotals& row : interval->demand) {
                requests[at] += static_cast<double>(row.requests);
            }
            micros[at] += static_cast<double>(interval->end - interval->begin);
        }
        for (int i = 0; i < points; ++i) {
            values << (micros[i] > 0 ? requests[i] / micros[i] * 1e6 : std::numeric_limits<double>::quiet_NaN());
        }
        for (const auto& [from, to] : m_session.fluidStretches()) {
            const double at = (static_cast<double>(from) - axisFrom) / axisSpan;
            if (axisSpan > 0 && at <= 1) {
                marks.push_back(
                    {std::max(0.0, at), tr("%1 to %2: fluid (mean-field) estimate, not request by request")
                                            .arg(m_session.timeAt(from).toString(QStringLiteral("yyyy-MM-dd HH:mm")),
                                                 m_session.timeAt(to).toString(QStringLiteral("yyyy-MM-dd HH:mm")))});
            }
        }
        for (const engine::Event& event : m_session.events()) {
            if (span > 0 && static_cast<double>(event.at) >= begin) {
                marks.push_back({std::min(1.0, (static_cast<double>(event.at) - axisFrom) / axisSpan),
                                 m_session.timeAt(event.at).toString(QStringLiteral("HH:mm:ss ")) +
                                     QString::fromStdString(event.text),
                                 eventKind(event.kind)});
            }
        }
    }
    const double seconds =
        static_cast<double>(m_session.runningHistory().end() - m_session.runningHistory().begin()) * 1e-6;
    m_strip->setHistory(values, marks, tr("Requests a second over the last %1").arg(ui::seconds(seconds).joined()));
}

} // namespace isobar::ui
