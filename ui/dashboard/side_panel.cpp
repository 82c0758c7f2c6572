// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/side_panel.h"

#include "ui/charts/share_bars.h"
#include "ui/planner/move_table.h"
#include "ui/planner/region_panel.h"
#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <QLabel>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace isobar::ui {
namespace {

constexpr std::size_t kHottestShown = 5;
constexpr std::size_t kEventsShown = 5;

QFrame* separator()
{
    auto* line = new QFrame;
    line->setFixedHeight(1);
    line->setStyleSheet(QStringLiteral("background: %1").arg(theme().line.name()));
    QObject::connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, line,
                     [line] { line->setStyleSheet(QStringLiteral("background: %1").arg(theme().line.name())); });
    return line;
}

QLabel* heading(const QString& text)
{
    auto* label = new QLabel(text);
    label->setFont(ui::font(TextRole::Strong));
    return label;
}

} // namespace

SidePanel::SidePanel(Session& session, QWidget* parent)
    : QFrame(parent)
    , m_session(session)
    , m_share(new ShareBars)
    , m_stack(new QStackedWidget)
    , m_hottest(new QLabel)
    , m_events(new QLabel)
    , m_regionPanel(new RegionPanel(session))
    , m_moveTable(new MoveTable)
{
    setProperty("panel", true);
    m_hottest->setAccessibleName(tr("Hottest places"));
    m_hottest->setTextInteractionFlags(Qt::LinksAccessibleByMouse | Qt::LinksAccessibleByKeyboard);
    m_events->setAccessibleName(tr("Events"));
    m_events->setWordWrap(true);
    m_events->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    connect(m_hottest, &QLabel::linkActivated, this, [this](const QString& link) { Q_EMIT placeChosen(link.toInt()); });

    auto* world = new QWidget;
    auto* worldColumn = new QVBoxLayout(world);
    worldColumn->setContentsMargins(0, 0, 0, 0);
    worldColumn->setSpacing(8);
    worldColumn->addWidget(heading(tr("Hottest places")));
    worldColumn->addWidget(m_hottest);
    worldColumn->addWidget(separator());
    worldColumn->addWidget(heading(tr("Events")));
    worldColumn->addWidget(m_events, 1);

    auto* place = new QWidget;
    auto* placeColumn = new QVBoxLayout(place);
    placeColumn->setContentsMargins(0, 0, 0, 0);
    placeColumn->setSpacing(8);
    placeColumn->addWidget(m_regionPanel, 1);
    placeColumn->addWidget(separator());
    placeColumn->addWidget(m_moveTable);

    m_stack->addWidget(world);
    m_stack->addWidget(place);
    m_stack->setContentsMargins(Theme::kPadding, 0, Theme::kPadding, Theme::kPadding);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(1, 4, 1, 1);
    column->setSpacing(10);
    column->addWidget(m_share); // pads itself
    column->addWidget(separator());
    column->addWidget(m_stack, 1);
}

void SidePanel::showContext(const ViewContext& context, const MapScene& scene)
{
    m_share->setData(providerShare(context));
    m_share->setSelectedKey(context.selection.provider
                                ? QString::fromStdString((*context.fleet)[*context.selection.provider].key)
                                : QString());
    m_stack->setCurrentIndex(context.selection.regions.empty() ? 0 : 1);
    showHottest(scene);
    showEvents();
}

void SidePanel::showHottest(const MapScene& scene)
{
    std::vector<const MapMarker*> markers;
    for (const MapMarker& marker : scene.markers) {
        markers.push_back(&marker);
    }
    const std::size_t shown = std::min(kHottestShown, markers.size());
    std::partial_sort(markers.begin(), markers.begin() + static_cast<std::ptrdiff_t>(shown), markers.end(),
                      [](const MapMarker* a, const MapMarker* b) { return a->utilization > b->utilization; });
    QString rows;
    for (std::size_t i = 0; i < shown; ++i) {
        const MapMarker& m = *markers[i];
        const QString providers = m.slices.empty() ? QString()
                                  : m.slices.size() == 1
                                      ? m.slices.front().label
                                      : m.slices.front().label + QStringLiteral(" +%1").arg(m.slices.size() - 1);
        rows +=
            QStringLiteral("<tr><td width='100%'><a href='%1' style='color:%2; text-decoration:none'>%3 "
                           "<span style='color:%4'>%5</span></a></td><td align='right' style='color:%6'>%7</td></tr>")
                .arg(m.id)
                .arg(theme().text.name(), m.name.toHtmlEscaped(), theme().muted.name(), providers,
                     (m.trouble ? theme().trouble : theme().text).name(),
                     (m.trouble ? QStringLiteral("! ") : QString()) + percent(m.utilization, 0).joined());
    }
    m_hottest->setText(QStringLiteral("<table width='100%' cellspacing='3'>%1</table>").arg(rows));
}

void SidePanel::showEvents()
{
    const auto& events = m_session.events();
    QString rows;
    for (std::size_t i = 0; i < std::min(kEventsShown, events.size()); ++i) {
        const engine::Event& event = events[events.size() - 1 - i];
        rows += QStringLiteral("<tr><td style='color:%1'>%2&nbsp;&nbsp;</td><td>%3</td></tr>")
                    .arg(theme().muted.name(), m_session.timeAt(event.at).toString(QStringLiteral("HH:mm:ss")),
                         QString::fromStdString(event.text).toHtmlEscaped());
    }
    m_events->setText(rows.isEmpty() ? tr("Nothing has happened yet: moves, warm-ups and queues are listed here.")
                                     : QStringLiteral("<table cellspacing='3'>%1</table>").arg(rows));
    m_events->setStyleSheet(rows.isEmpty() ? QStringLiteral("color: %1").arg(theme().muted.name()) : QString());
}

} // namespace isobar::ui
