// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/side_panel.h"

#include "ui/charts/share_bars.h"
#include "ui/planner/move_table.h"
#include "ui/planner/region_panel.h"
#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <QLabel>
#include <QScrollArea>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {

constexpr std::size_t kFewestPlaces = 3, kMostPlaces = 5;
constexpr std::size_t kFewestEvents = 1, kMostEvents = 5;
constexpr int kRoomForBoth = 760;
constexpr int kScrollBar = 14; ///< taken off widths whether it shows or not, so that it does not keep itself

QFrame* separator()
{
    auto* line = new QFrame;
    line->setFixedHeight(1);
    line->setStyleSheet(QStringLiteral("background: %1").arg(theme().line.name()));
    QObject::connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, line,
                     [line] { line->setStyleSheet(QStringLiteral("background: %1").arg(theme().line.name())); });
    return line;
}

/// "azure/eastus2" stays on one line: a word joiner behind the stroke.
QString unbroken(QString value)
{
    return value.replace(QLatin1Char('/'), QStringLiteral("/\u2060")).replace(QLatin1Char(' '), QChar::Nbsp);
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
    , m_world(new QWidget)
    , m_balance(new QLabel)
    , m_hottest(new ShareBars)
    , m_events(new QLabel)
    , m_regionPanel(new RegionPanel(session))
    , m_moveTable(new MoveTable)
{
    setProperty("panel", true);
    m_hottest->setAccessibleName(tr("Hottest places"));
    m_events->setAccessibleName(tr("Events"));
    m_events->setWordWrap(true);
    m_events->setAlignment(Qt::AlignTop | Qt::AlignLeft);
    connect(m_hottest, &ShareBars::rowClicked, this, [this](const QString& key) { Q_EMIT placeChosen(key.toInt()); });

    m_balance->setAccessibleName(tr("Balance"));
    m_balance->setTextFormat(Qt::RichText);
    m_balance->setWordWrap(true); // its table is as wide as the panel, not as its words

    auto* worldColumn = new QVBoxLayout(m_world);
    worldColumn->setContentsMargins(0, 0, 0, 0);
    worldColumn->setSpacing(4);
    for (ShareBars* bars : {m_share, m_hottest}) {
        bars->setFilling(true); // between the heights that fitWorld() sets
    }
    worldColumn->addWidget(m_share, 1); // pads itself
    worldColumn->addWidget(separator());
    // Straight in the column: a layout within it would not hear at once that its words have changed.
    const auto section = [worldColumn](const QString& title, QLabel* words, int below) {
        QLabel* head = heading(title);
        head->setContentsMargins(Theme::kPadding, 0, Theme::kPadding, 0);
        words->setContentsMargins(Theme::kPadding, 0, Theme::kPadding, below);
        worldColumn->addWidget(head);
        worldColumn->addWidget(words);
    };
    section(tr("Balance"), m_balance, 2);
    worldColumn->addWidget(separator());
    worldColumn->addWidget(m_hottest, 1); // pads itself
    worldColumn->addWidget(separator());
    section(tr("Events"), m_events, Theme::kPadding);
    worldColumn->addStretch();

    auto* place = new QWidget;
    auto* placeColumn = new QVBoxLayout(place);
    placeColumn->setContentsMargins(Theme::kPadding, 10, Theme::kPadding, Theme::kPadding);
    placeColumn->setSpacing(8);
    placeColumn->addWidget(m_regionPanel, 1);
    auto* line = separator();
    placeColumn->addWidget(line);
    placeColumn->addWidget(m_moveTable);
    placeColumn->addStretch(0);

    connect(m_moveTable, &MoveTable::movingChanged, this, [this, line](bool moving) {
        // In a low window the figures of the move need the room that the list of placements has.
        const bool both = !moving || height() >= kRoomForBoth;
        m_regionPanel->setVisible(both);
        line->setVisible(both);
    });
    for (QWidget* part : std::initializer_list<QWidget*>{m_share, m_balance, m_hottest, m_events}) {
        part->setMinimumWidth(1); // they draw into what there is, beside the scroll bar too
    }
    auto* scroll = new QScrollArea; // in a low window the reasons are scrolled to; none is squeezed
    scroll->setWidget(m_world);
    scroll->setWidgetResizable(true);
    scroll->setProperty("ring", true); // arrow keys scroll it: it shows that it has them
    scroll->setAccessibleName(tr("Shares, balance, hottest places and events"));
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_stack->addWidget(scroll);
    m_stack->addWidget(place);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(1, 4, 1, 1);
    column->setSpacing(10);
    column->addWidget(m_stack, 1);
}

void SidePanel::showContext(const ViewContext& context, const MapScene& scene)
{
    m_share->setData(providerShare(context));
    m_share->setSelectedKey(context.selection.provider
                                ? QString::fromStdString((*context.fleet)[*context.selection.provider].key)
                                : QString());
    m_stack->setCurrentIndex(context.selection.regions.empty() ? 0 : 1);
    if (m_stack->currentIndex() == 0) {
        showBalance(context);
        m_places = hottestPlaces(scene, kMostPlaces);
        fitWorld();
    }
}

void SidePanel::resizeEvent(QResizeEvent* event)
{
    QFrame::resizeEvent(event);
    fitWorld();
}

/// In a low window rows stand closer, then fewer places and events are named; only then is anything scrolled to.
void SidePanel::fitWorld()
{
    constexpr int kRing = 2; // above and below what is scrolled
    const QMargins margins = layout()->contentsMargins();
    const int room = contentsRect().height() - margins.top() - margins.bottom() - kRing;
    const auto between = [this](ShareBars* bars) {
        bars->setMinimumHeight(static_cast<int>(std::ceil(closestShareHeight(bars->data(), width()))));
        bars->setMaximumHeight(static_cast<int>(std::ceil(layOutShare(bars->data(), width()).height)));
    };
    const auto needed = [this] { return m_world->layout()->totalHeightForWidth(width() - kScrollBar); };
    between(m_share);
    showEvents(kFewestEvents);
    for (std::size_t places = kMostPlaces; places >= kFewestPlaces; --places) {
        ShareData shown = m_places;
        shown.rows.resize(std::min(shown.rows.size(), places));
        m_hottest->setData(std::move(shown));
        between(m_hottest);
        if (needed() <= room) {
            break;
        }
    }
    for (std::size_t events = kMostEvents; events > kFewestEvents; --events) {
        showEvents(events);
        if (needed() <= room) {
            return;
        }
    }
    showEvents(kFewestEvents);
}

void SidePanel::showBalance(const ViewContext& context)
{
    constexpr int kBetween = 8;
    const std::vector<BalanceFigure> figures = balanceFigures(context);
    const QFontMetrics metrics(m_balance->font());
    int names = 0; // the width of their column
    for (const BalanceFigure& figure : figures) {
        names = std::max(names, metrics.horizontalAdvance(figure.name));
    }
    const int room = width() - 2 * Theme::kPadding - kScrollBar - kBetween - names;
    QString rows, words;
    for (const BalanceFigure& figure : figures) {
        const QString value = (figure.trouble ? QStringLiteral("! ") : QString()) + figure.value;
        rows += QStringLiteral("<tr><td style='color:%1; white-space:nowrap'>%2</td><td align='right' "
                               "style='color:%3'>%4</td></tr>")
                    .arg(theme().muted.name(), figure.name.toHtmlEscaped(),
                         (figure.trouble ? theme().trouble : theme().text).name(),
                         unbroken(metrics.elidedText(value, Qt::ElideRight, room).toHtmlEscaped()));
        words += QStringLiteral("<p><b>%1</b> %2<br>%3</p>")
                     .arg(figure.name.toHtmlEscaped(), figure.value.toHtmlEscaped(), figure.explanation);
    }
    m_balance->setText(QStringLiteral("<table width='100%' cellspacing='0' cellpadding='1'>%1</table>").arg(rows));
    m_balance->setToolTip(words);
    m_balance->setVisible(!rows.isEmpty());
}

void SidePanel::showEvents(std::size_t most)
{
    const auto& events = m_session.events();
    QString rows;
    for (std::size_t i = 0; i < std::min(most, events.size()); ++i) {
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
