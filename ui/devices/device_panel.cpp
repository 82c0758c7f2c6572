// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/devices/device_panel.h"

#include "model/query/query.h"
#include "ui/devices/chip_legend.h"
#include "ui/devices/torus_view.h"
#include "ui/shell/format.h"

#include <QLabel>
#include <QScrollArea>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {

constexpr int kWidth = 318;
constexpr std::size_t kEventsKept = 60, kEventsShown = 8;
constexpr std::size_t kMostToldSingly = 3; ///< chips of one moment; more are told together

QLabel* heading(const QString& text)
{
    auto* label = new QLabel(text);
    label->setFont(ui::font(TextRole::Strong));
    return label;
}

QString table(const std::vector<Fact>& facts)
{
    QString rows;
    for (const Fact& fact : facts) {
        rows += QStringLiteral("<tr><td style='color:%1'>%2&nbsp;&nbsp;</td><td>%3</td></tr>")
                    .arg(theme().muted.name(), fact.name.toHtmlEscaped(), fact.value.toHtmlEscaped());
    }
    return QStringLiteral("<table cellspacing='2'>%1</table>").arg(rows);
}

QString n(double value)
{
    return grouped(value, 0);
}

} // namespace

bool hasFlatSlices(const std::string& accelerator)
{
    return accelerator.find("v5e") != std::string::npos || accelerator.find("v6e") != std::string::npos;
}

DevicePanel::DevicePanel(Session& session, QWidget* parent)
    : QFrame(parent)
    , m_session(session)
    , m_title(heading({}))
    , m_legend(new ChipLegend)
    , m_sum(new QLabel)
    , m_detailTitle(heading({}))
    , m_detail(new QLabel)
    , m_torus(new TorusView)
    , m_eventList(new QLabel)
{
    setProperty("panel", true);
    setFixedWidth(kWidth);
    m_sum->setAccessibleName(tr("Sum over chips"));
    m_detail->setAccessibleName(tr("Details"));
    m_eventList->setAccessibleName(tr("Events of chips"));
    for (QLabel* label : {m_sum, m_detail, m_eventList}) {
        label->setWordWrap(true);
        label->setAlignment(Qt::AlignTop | Qt::AlignLeft);
        label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    }
    m_torus->clear();
    auto* content = new QWidget;
    auto* column = new QVBoxLayout(content);
    column->setContentsMargins(Theme::kPadding, 12, Theme::kPadding, 12);
    column->setSpacing(7);
    column->addWidget(m_title);
    column->addWidget(m_legend);
    column->addSpacing(4);
    column->addWidget(heading(tr("Sum over chips")));
    column->addWidget(m_sum);
    column->addSpacing(4);
    column->addWidget(m_detailTitle);
    column->addWidget(m_detail);
    column->addWidget(m_torus);
    column->addSpacing(4);
    column->addWidget(heading(tr("Events of chips")));
    column->addWidget(m_eventList);
    column->addStretch(1);
    auto* scroll = new QScrollArea;
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setFocusPolicy(Qt::NoFocus);
    scroll->setWidget(content);
    auto* all = new QVBoxLayout(this);
    all->setContentsMargins(1, 1, 1, 1);
    all->addWidget(scroll);
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, [this] {
        showSum();
        showDetail();
        showEvents();
    });
}

void DevicePanel::showPool(std::shared_ptr<const engine::DeviceView> view, const ChipColors& colors)
{
    if (m_view && view && m_view->pool == view->pool && m_view->chips.size() == view->chips.size()) {
        if (view->at >= m_view->at) {
            watchChips(*m_view, *view);
        } else {
            m_events.clear(); // the clock went back
        }
    } else {
        m_events.clear();
    }
    m_view = std::move(view);
    m_colors = colors;
    m_title->setText(tr("Coloured by %1").arg(chipMeasureTitle(colors.measure).toLower()));
    m_legend->setColors(colors);
    showSum();
    showDetail();
    showEvents();
}

/// What changed for single chips between two moments: down and up again.
void DevicePanel::watchChips(const engine::DeviceView& before, const engine::DeviceView& after)
{
    std::vector<std::uint32_t> down, up;
    for (std::size_t i = 0; i < after.chips.size(); ++i) {
        const bool was = before.chips[i].state == engine::Device::State::Down;
        const bool is = after.chips[i].state == engine::Device::State::Down;
        if (was != is) {
            (is ? down : up).push_back(static_cast<std::uint32_t>(i));
        }
    }
    const auto tell = [&](const std::vector<std::uint32_t>& chips, bool broke) {
        if (chips.empty()) {
            return;
        }
        if (chips.size() > kMostToldSingly) {
            const QString why = broke ? stateText(after.chips[chips.front()]) : tr("up again");
            m_events.push_front(
                {after.at, tr("%1 chips from chip %2 on: %3").arg(n(double(chips.size())), n(chips.front()), why)});
            return;
        }
        for (const std::uint32_t chip : chips) {
            const QString xid = xidText(after.chips[chip]);
            const QString why = !broke ? tr("up again") : xid.isEmpty() ? stateText(after.chips[chip]) : xid;
            m_events.push_front({after.at, tr("Chip %1: %2").arg(n(chip), why)});
        }
    };
    tell(down, true);
    tell(up, false);
    if (m_events.size() > kEventsKept) {
        m_events.resize(kEventsKept);
    }
}

void DevicePanel::showSum()
{
    if (!m_view) {
        m_sum->clear();
        return;
    }
    const engine::DeviceCounts counts = m_view->counts();
    const double account = double(counts.held() + counts.idle + counts.down);
    std::vector<Fact> facts{
        {tr("Chips"), n(double(counts.all()))},
        {tr("Held"), tr("%1 serve, %2 train").arg(n(double(counts.serving)), n(double(counts.training)))},
        {tr("Not held"), tr("%1 idle, %2 down").arg(n(double(counts.idle)), n(double(counts.down)))}};
    if (counts.otherTenants + counts.notArrived > 0) {
        facts.push_back({tr("Not ours"), tr("%1 of other tenants, %2 not arrived")
                                             .arg(n(double(counts.otherTenants)), n(double(counts.notArrived)))});
    }
    const double busy = m_view->utilizationRatio();
    facts.push_back({tr("Utilization"), std::isnan(busy) ? tr("n/a") : percent(busy, 1).joined()});
    facts.push_back({tr("Power"), tr("%1 at the meter").arg(watts(m_view->powerWatts()).joined())});
    // The pool's own account of the last interval: of the same chips, so the counts are the same but for what happened
    // since.
    query::Query q;
    q.measures = {query::Measure::Accelerators, query::Measure::Utilization, query::Measure::PowerWatts};
    q.by = {query::Dimension::Pool};
    q.to = m_session.history().end();
    q.from = q.to - 1;
    const Fleet& fleet = m_session.fleet();
    const auto answer = query::run(q, fleet, m_session.history().range(q.from, q.to));
    const query::Row* row = answer.ok() ? answer->find({fleet[m_view->pool].key}) : nullptr;
    if (row != nullptr) {
        const bool same = std::llround(row->values[0]) == std::llround(account);
        const auto whole = [](const Figure& figure) { return figure.joined().replace(u' ', QChar(QChar::Nbsp)); };
        facts.push_back({tr("Pool’s account"),
                         tr("%1 %2 %3 chips%4")
                             .arg(same ? QStringLiteral("=") : QStringLiteral("≠"), n(account),
                                  same ? tr("of our") : tr("against %1 of our").arg(n(row->values[0])),
                                  tr("; %1, %2 over the last second")
                                      .arg(std::isnan(row->values[1]) ? tr("n/a") : whole(percent(row->values[1], 1)),
                                           whole(watts(row->values[2]))))});
    }
    m_sum->setText(table(facts));
}

void DevicePanel::showChip(std::optional<std::uint32_t> chip, std::optional<std::uint32_t> node)
{
    m_chip = chip;
    m_node = node;
    showDetail();
}

void DevicePanel::showDetail()
{
    if (m_chip && (!m_view || *m_chip >= m_view->chips.size())) {
        m_chip.reset();
    }
    const Fleet* fleet = m_session.isOpen() ? &m_session.fleet() : nullptr;
    std::uint32_t slice = engine::Device::kNone;
    if (m_view && fleet != nullptr && m_chip) {
        m_detailTitle->setText(tr("Chip %1").arg(n(*m_chip)));
        std::vector<Fact> facts = factsOf(*fleet, *m_view, *m_chip);
        facts.erase(facts.begin()); // the heading says it
        m_detail->setText(table(facts));
        slice = m_view->chips[*m_chip].slice;
        const double value = chipValue(m_view->chips[*m_chip], m_colors.measure);
        m_legend->setMark(std::isnan(value) ? std::nullopt : std::optional(value));
    } else if (m_view && fleet != nullptr && m_node) {
        m_detailTitle->setText(tr("Node %1").arg(n(*m_node)));
        m_detail->setText(table(nodeFacts(*fleet, *m_view, *m_node)));
        const std::size_t first = std::size_t{*m_node} * m_view->chipsPerNode;
        slice = first < m_view->chips.size() ? m_view->chips[first].slice : engine::Device::kNone;
        m_legend->setMark(std::nullopt);
    } else {
        m_detailTitle->setText(tr("Chip"));
        m_detail->setText(tr("Point at a chip, or walk there with the arrow keys. A click opens its node, another "
                             "one the chip."));
        m_legend->setMark(std::nullopt);
    }
    if (slice != engine::Device::kNone) {
        m_torus->show(m_view, slice, m_colors, hasFlatSlices((*fleet)[(*fleet)[m_view->pool].accelerator].name));
    } else {
        m_torus->clear();
    }
}

void DevicePanel::showEvents()
{
    QString rows;
    std::size_t shown = 0;
    const auto add = [&](engine::SimMicros at, const QString& text) {
        rows += QStringLiteral("<tr><td style='color:%1'>%2&nbsp;&nbsp;</td><td>%3</td></tr>")
                    .arg(theme().muted.name(), m_session.timeAt(at).toString(QStringLiteral("HH:mm:ss")),
                         text.toHtmlEscaped());
        ++shown;
    };
    if (m_view && m_session.isOpen()) {
        for (const ChipEvent& event : m_events) {
            if (shown < kEventsShown) {
                add(event.at, event.text);
            }
        }
        // What the engine told of this pool or its region before it was looked at.
        const Fleet& fleet = m_session.fleet();
        const std::string pool = fleet[m_view->pool].key;
        const std::string region = regionKey(fleet, fleet[m_view->pool].region);
        for (auto event = m_session.events().rbegin(); event != m_session.events().rend() && shown < kEventsShown;
             ++event) {
            if (event->text.find(pool) != std::string::npos || event->text.find(region) != std::string::npos) {
                add(event->at, QString::fromStdString(event->text));
            }
        }
    }
    m_eventList->setText(rows.isEmpty() ? tr("Nothing has happened to chips of this pool.")
                                        : QStringLiteral("<table cellspacing='2'>%1</table>").arg(rows));
}

QString DevicePanel::sumText() const
{
    return m_sum->text();
}

QString DevicePanel::detailText() const
{
    return m_detailTitle->text() + QLatin1Char(' ') + m_detail->text();
}

QString DevicePanel::eventText() const
{
    return m_eventList->text();
}

} // namespace isobar::ui
