// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/planner/region_panel.h"

#include "model/fleet/pool_cost.h"
#include "model/query/query.h"
#include "ui/planner/drop_planner.h"
#include "ui/planner/placement_drag.h"
#include "ui/shell/elided_label.h"
#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <QApplication>
#include <QDrag>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QScrollArea>
#include <QSlider>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <optional>

namespace isobar::ui {
namespace {

/// A thin bar: chips placed out of chips usable.
class UsageBar : public QWidget {
public:
    explicit UsageBar(double ratio)
        : m_ratio(std::clamp(ratio, 0.0, 1.0))
    {
        setFixedHeight(4);
    }

protected:
    void paintEvent(QPaintEvent*) override
    {
        QPainter painter(this);
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme().line);
        painter.drawRoundedRect(rect(), 2, 2);
        painter.setBrush(m_ratio > 0.97 ? theme().caution : theme().flow);
        painter.drawRoundedRect(QRectF(0, 0, width() * m_ratio, height()), 2, 2);
    }

private:
    double m_ratio;
};

QPixmap dragTag(const QString& text, double pixelRatio)
{
    const QFontMetricsF metrics(ui::font(TextRole::Strong));
    const QSizeF size(metrics.horizontalAdvance(text) + 24, 28);
    QPixmap pixmap((size * pixelRatio).toSize());
    pixmap.setDevicePixelRatio(pixelRatio);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(theme().accent, 1));
    painter.setBrush(theme().raised);
    painter.drawRoundedRect(QRectF(QPointF(), size).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8);
    painter.setPen(theme().text);
    painter.setFont(ui::font(TextRole::Strong));
    painter.drawText(QRectF(QPointF(), size), Qt::AlignCenter, text);
    return pixmap;
}

/// What a card says whatever the load.
PlacementCard::Data cardData(const Fleet& fleet, PlacementId id)
{
    const Placement& placement = fleet[id];
    PlacementCard::Data data;
    data.placement = id;
    data.model = QString::fromStdString(fleet[placement.model].name);
    data.detail = QStringLiteral("%1 · TP%2 · %3")
                      .arg(QString::fromStdString(fleet[fleet[placement.pool].accelerator].name))
                      .arg(placement.tensorParallel)
                      .arg(QLatin1String(precisionName(placement.precision)));
    data.replicas = RegionPanel::tr("%1 replicas").arg(grouped(placement.replicas, 0));
    return data;
}

} // namespace

RegionPanel::RegionPanel(Session& session, QWidget* parent)
    : QWidget(parent)
    , m_session(session)
    , m_title(new QLabel)
    , m_shareText(new QLabel)
    , m_share(new QSlider(Qt::Horizontal))
    , m_content(new QWidget)
{
    setAccessibleName(tr("Selected place"));
    m_title->setFont(ui::font(TextRole::Strong));
    m_shareText->setProperty("muted", true);
    m_shareText->setFont(ui::font(TextRole::Secondary));
    m_share->setRange(1, 20);
    m_share->setValue(4);
    m_share->setAccessibleName(tr("Share of replicas to move"));
    auto* shareRow = new QHBoxLayout;
    shareRow->addWidget(m_shareText);
    shareRow->addWidget(m_share, 1);
    m_list = new QVBoxLayout(m_content);
    m_list->setContentsMargins(0, 0, 4, 0);
    m_list->setSpacing(6);
    auto* scroll = new QScrollArea;
    scroll->setWidgetResizable(true);
    scroll->setProperty("ring", true); // arrow keys scroll it: it shows that it has them
    scroll->setAccessibleName(tr("Pools and placements"));
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setWidget(m_content);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(6);
    column->addWidget(m_title);
    column->addLayout(shareRow);
    column->addWidget(scroll, 1);
    const auto showShare = [this] {
        m_shareText->setText(tr("Move %1 of a placement").arg(percent(dragShare(), 0).joined()));
    };
    connect(m_share, &QSlider::valueChanged, this, showShare);
    showShare();
    connect(&m_session, &Session::opened, this, &RegionPanel::rebuild);
    connect(&m_session, &Session::placementsChanged, this, &RegionPanel::rebuild);
    connect(&m_session.selection(), &Selection::changed, this, &RegionPanel::rebuild);
    connect(&m_session, &Session::historyChanged, this, &RegionPanel::showLoad);
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, &RegionPanel::rebuild);
}

double RegionPanel::dragShare() const
{
    return m_share->value() * 0.05;
}

void RegionPanel::rebuild()
{
    std::optional<PlacementId> focused; // whoever works by keys goes on where they were
    for (const PlacementCard* card : m_cards) {
        if (card->hasFocus() || card->isAncestorOf(QApplication::focusWidget())) {
            focused = card->placement();
        }
    }
    m_cards.clear();
    while (QLayoutItem* item = m_list->takeAt(0)) {
        if (QWidget* widget = item->widget()) {
            widget->hide();
            widget->deleteLater();
        }
        delete item;
    }
    const auto& selected = m_session.selection().state().regions;
    if (!m_session.isOpen() || selected.empty()) {
        return;
    }
    const Fleet& fleet = m_session.fleet();
    QStringList chosen;
    for (const Place& place : m_session.places()) {
        if (holdsSelection(place, m_session.selection().state())) {
            chosen << QString::fromStdString(place.name);
        }
    }
    m_title->setText(chosen.size() <= 2 ? chosen.join(QStringLiteral(", "))
                                        : tr("%1 and %2 more").arg(chosen.front()).arg(chosen.size() - 1));
    m_title->setToolTip(chosen.join(QStringLiteral(", ")));
    for (std::size_t i = 0; i < fleet.pools.size(); ++i) {
        const Pool& pool = fleet.pools[i];
        if (selected.count(pool.region) == 0) {
            continue;
        }
        const Region& region = fleet[pool.region];
        const std::int64_t used = usedChips(fleet, PoolId(i));
        auto* heading = new QWidget;
        auto* row = new QHBoxLayout(heading);
        row->setContentsMargins(0, 4, 0, 0);
        row->setSpacing(6);
        auto* swatch = new QFrame;
        swatch->setFixedSize(10, 10);
        swatch->setStyleSheet(QStringLiteral("background: %1; border-radius: 2px;")
                                  .arg(theme().provider(fleet[region.provider].key).name()));
        swatch->setToolTip(QString::fromStdString(fleet[region.provider].name));
        auto* title = new ElidedLabel;
        title->setText(QStringLiteral("%1 · %2").arg(QString::fromStdString(region.code),
                                                     QString::fromStdString(fleet[pool.accelerator].name)));
        auto* usage = new QLabel(QStringLiteral("%1 / %2").arg(grouped(static_cast<double>(used), 0),
                                                               grouped(static_cast<double>(pool.usableChips()), 0)));
        usage->setToolTip(tr("Chips placed / usable"));
        usage->setProperty("muted", true);
        usage->setFont(ui::font(TextRole::Secondary));
        row->addWidget(swatch);
        row->addWidget(title, 1);
        row->addWidget(usage);
        auto* devices = new QToolButton;
        devices->setProperty("flat", true);
        devices->setProperty("tight", true);
        devices->setText(tr("Chips ›"));
        devices->setToolTip(tr("Open this pool to its nodes and chips"));
        devices->setAccessibleName(tr("Open devices of %1").arg(QString::fromStdString(pool.key)));
        connect(devices, &QToolButton::clicked, this, [this, i] { Q_EMIT devicesRequested(PoolId(i)); });
        row->addWidget(devices);
        m_list->addWidget(heading);
        m_list->addWidget(new UsageBar(
            pool.usableChips() > 0 ? static_cast<double>(used) / static_cast<double>(pool.usableChips()) : 0));
        for (std::size_t p = 0; p < fleet.placements.size(); ++p) {
            if (fleet.placements[p].pool != PoolId(i) || fleet.placements[p].replicas == 0) {
                continue;
            }
            auto* card = new PlacementCard;
            card->setData(cardData(fleet, PlacementId(p)));
            connect(card, &PlacementCard::dragRequested, this, &RegionPanel::startDrag);
            connect(card, &PlacementCard::moveRequested, this, [this](PlacementCard* moved) {
                Q_EMIT moveRequested(moved->placement(), dragReplicas(moved->placement()));
            });
            m_list->addWidget(card);
            m_cards.push_back(card);
        }
        for (const TrainingJob& job : fleet.trainingJobs) {
            if (job.pool == PoolId(i)) {
                auto* label = new QLabel(tr("%1 · training, %2 chips as one gang")
                                             .arg(QString::fromStdString(job.name), grouped(job.chips, 0)));
                label->setProperty("muted", true);
                label->setWordWrap(true);
                m_list->addWidget(label);
            }
        }
    }
    m_list->addStretch(1);
    followTabOrder();
    for (PlacementCard* card : m_cards) {
        if (focused == card->placement()) {
            card->show(); // the layout would only do so later
            card->setFocus(Qt::OtherFocusReason);
        }
    }
    showLoad();
}

/// The cards come late: without this, Tab would reach them after everything else in the window.
void RegionPanel::followTabOrder()
{
    QWidget* last = m_content->parentWidget()->parentWidget(); // what scrolls them
    for (int i = 0; i < m_list->count(); ++i) {
        QWidget* part = m_list->itemAt(i)->widget();
        QWidgetList stops = part != nullptr ? part->findChildren<QWidget*>() : QWidgetList();
        stops.prepend(part);
        for (QWidget* stop : stops) {
            if (stop != nullptr && stop->focusPolicy() != Qt::NoFocus) {
                setTabOrder(last, stop);
                last = stop;
            }
        }
    }
}

void RegionPanel::showLoad()
{
    if (m_cards.empty() || m_session.history().empty()) {
        return;
    }
    const Fleet& fleet = m_session.fleet();
    query::Query q;
    q.measures = {query::Measure::Utilization, query::Measure::RequestsPerSecond};
    q.by = {query::Dimension::Pool, query::Dimension::Model};
    q.to = m_session.history().end();
    q.from = q.to - 60 * aggregate::kMicrosPerSecond;
    const auto table = query::run(q, fleet, m_session.history().range(q.from, q.to));
    if (!table) {
        return;
    }
    for (PlacementCard* card : m_cards) {
        const Placement& placement = fleet[card->placement()];
        const query::Row* row = table->find({fleet[placement.pool].key, fleet[placement.model].name});
        PlacementCard::Data shown = cardData(fleet, card->placement());
        if (row != nullptr && std::isfinite(row->values[0])) {
            shown.load = QStringLiteral("%1 · %2 req/s")
                             .arg(percent(row->values[0], 0).joined(), compact(row->values[1]).joined());
            shown.hot = row->values[0] > kHotUtilization;
        }
        card->setData(shown);
    }
}

int RegionPanel::dragReplicas(PlacementId placement) const
{
    const int all = m_session.fleet()[placement].replicas;
    return std::max(1, static_cast<int>(std::lround(all * dragShare())));
}

void RegionPanel::startDrag(PlacementCard* card)
{
    const PlacementDrag what{card->placement(), dragReplicas(card->placement())};
    auto* drag = new QDrag(this);
    drag->setMimeData(toMimeData(what).release());
    // A small tag up and left of the pointer: the map below it and its answer, down and right, stay readable.
    const Fleet& fleet = m_session.fleet();
    const QPixmap tag =
        dragTag(tr("%1 · %2 replicas")
                    .arg(QString::fromStdString(fleet[fleet[what.placement].model].name), grouped(what.replicas, 0)),
                devicePixelRatioF());
    drag->setPixmap(tag);
    const QSizeF tagSize = tag.deviceIndependentSize();
    drag->setHotSpot(QPoint(qRound(tagSize.width()) + 8, qRound(tagSize.height()) + 4));
    if (m_dropPlanner != nullptr) {
        m_dropPlanner->begin();
    }
    drag->exec(Qt::MoveAction);
    if (m_dropPlanner != nullptr) {
        m_dropPlanner->end();
    }
}

} // namespace isobar::ui
