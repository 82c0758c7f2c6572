// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/devices/pool_lists.h"

#include "ui/shell/color.h"
#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <QGridLayout>
#include <QLabel>
#include <QPainter>
#include <QVBoxLayout>

#include <algorithm>
#include <array>

namespace isobar::ui {
namespace {

constexpr std::size_t kRows = 14;
constexpr int kLeastWidth = 300;
constexpr double kLeastIdleUsd = 1; ///< a day; what costs less is not worth a line
constexpr double kHot = 0.9;

struct Kind {
    const char* title;
    const char* none;
    double (*figure)(const PoolFigures&);
    QString (*text)(const PoolFigures&);
    double least; ///< of the figure, for a pool to be in the list
};

QString chipsText(double chips)
{
    return grouped(std::round(chips), 0);
}

const std::array<Kind, 4> kKinds{{
    {"Largest pools", "No pool has chips", [](const PoolFigures& p) { return p.chips; },
     [](const PoolFigures& p) { return chipsText(p.chips) + PoolLists::tr(" chips"); }, 0.5},
    {"Busiest pools", "Nothing is at work", [](const PoolFigures& p) { return p.utilizationRatio; },
     [](const PoolFigures& p) { return percent(p.utilizationRatio, 0).joined(); }, 0.005},
    {"Paid for and idle", "Nothing idles that is paid for", [](const PoolFigures& p) { return p.idleUsdPerDay; },
     [](const PoolFigures& p) {
         return dollarsPerDay(p.idleUsdPerDay).joined() + PoolLists::tr(" · %1 chips").arg(chipsText(p.idle));
     },
     kLeastIdleUsd},
    {"Chips down", "All chips are up", [](const PoolFigures& p) { return p.down; },
     [](const PoolFigures& p) { return PoolLists::tr("%1 of %2").arg(chipsText(p.down), chipsText(p.chips)); }, 0.5},
}};
constexpr std::size_t kBusiest = 1, kDown = 3;

} // namespace

PoolRow::PoolRow(QWidget* parent)
    : QAbstractButton(parent)
{
    setFocusPolicy(Qt::StrongFocus);
    setCursor(Qt::PointingHandCursor);
    setAttribute(Qt::WA_Hover);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, qOverload<>(&QWidget::update));
}

void PoolRow::setData(const Data& data)
{
    m_data = data;
    setText(data.name);
    setAccessibleName(data.name + QStringLiteral(", ") + data.where);
    setAccessibleDescription(data.value);
    setToolTip(data.tip);
    update();
}

void PoolRow::paintEvent(QPaintEvent*)
{
    const Theme& t = theme();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    if (hasFocus() || underMouse()) {
        painter.setPen(hasFocus() ? QPen(t.accent, 1) : QPen(Qt::NoPen));
        painter.setBrush(underMouse() ? t.raised : t.panel);
        painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5);
    }
    const QRectF inner = QRectF(rect()).adjusted(6, 3, -6, -4);
    const QRectF line(inner.left(), inner.top(), inner.width(), 18);
    painter.setPen(Qt::NoPen);
    painter.setBrush(m_data.color);
    painter.drawRoundedRect(QRectF(line.left(), line.center().y() - 4, 8, 8), 2, 2);
    const QFont words = ui::font(TextRole::Secondary);
    const QFontMetricsF metrics(words);
    painter.setFont(words);
    painter.setPen(m_data.trouble ? t.trouble : t.text);
    const double valueWidth = metrics.horizontalAdvance(m_data.value);
    painter.drawText(line, Qt::AlignRight | Qt::AlignVCenter, m_data.value);
    const double room = line.width() - 16 - valueWidth - 10;
    const QString name = metrics.elidedText(m_data.name, Qt::ElideRight, room);
    painter.setPen(t.text);
    painter.drawText(line.adjusted(16, 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter, name);
    const double used = metrics.horizontalAdvance(name) + 6;
    if (room - used > 30) {
        painter.setPen(t.muted);
        painter.drawText(line.adjusted(16 + used, 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter,
                         metrics.elidedText(m_data.where, Qt::ElideRight, room - used));
    }
    const QRectF track(inner.left(), inner.bottom() - 5, inner.width(), 4);
    painter.setPen(Qt::NoPen);
    painter.setBrush(trackColor(t));
    painter.drawRoundedRect(track, 2, 2);
    painter.setBrush(m_data.trouble ? t.trouble : t.flow);
    painter.drawRoundedRect(QRectF(track.left(), track.top(), std::max(2.0, track.width() * m_data.share), 4), 2, 2);
}

PoolLists::PoolLists(QWidget* parent)
    : QWidget(parent)
    , m_grid(new QGridLayout(this))
{
    m_grid->setContentsMargins(0, 0, 6, 0);
    m_grid->setSpacing(Theme::kGutter);
    for (const Kind& kind : kKinds) {
        List list;
        list.frame = new QFrame(this);
        list.frame->setProperty("panel", true);
        list.frame->setAccessibleName(tr(kind.title));
        list.column = new QVBoxLayout(list.frame);
        list.column->setContentsMargins(8, 10, 8, 8);
        list.column->setSpacing(1);
        auto* title = new QLabel(tr(kind.title));
        title->setFont(ui::font(TextRole::Strong));
        title->setContentsMargins(6, 0, 0, 4);
        list.none = new QLabel(tr(kind.none));
        list.none->setProperty("muted", true);
        list.none->setContentsMargins(6, 0, 0, 4);
        list.column->addWidget(title);
        list.column->addWidget(list.none);
        list.column->addStretch(1);
        m_lists.push_back(list);
    }
    arrange();
}

void PoolLists::setPools(const std::vector<PoolFigures>& pools)
{
    for (std::size_t k = 0; k < kKinds.size(); ++k) {
        const Kind& kind = kKinds[k];
        std::vector<const PoolFigures*> order;
        for (const PoolFigures& pool : pools) {
            if (kind.figure(pool) >= kind.least) { // NaN is not
                order.push_back(&pool);
            }
        }
        // Equals keep the fleet's order: they must not dance.
        std::stable_sort(order.begin(), order.end(), [&kind](const PoolFigures* a, const PoolFigures* b) {
            return kind.figure(*a) > kind.figure(*b);
        });
        order.resize(std::min(order.size(), kRows));
        std::vector<PoolRow::Data> rows;
        for (const PoolFigures* pool : order) {
            const double most = k == kBusiest ? 1 : kind.figure(*order.front());
            rows.push_back(
                {pool->pool, pool->name, pool->where, kind.text(*pool),
                 tr("%1, %2: %3 chips, utilization %4, %5")
                     .arg(pool->name, pool->where, chipsText(pool->chips),
                          std::isnan(pool->utilizationRatio) ? tr("n/a") : percent(pool->utilizationRatio, 0).joined(),
                          dollarsPerDay(pool->usdPerDay).joined()),
                 pool->color, std::clamp(kind.figure(*pool) / most, 0.0, 1.0),
                 k == kDown || (k == kBusiest && pool->utilizationRatio >= kHot)});
        }
        show(m_lists[k], rows);
    }
}

void PoolLists::show(List& list, const std::vector<PoolRow::Data>& rows)
{
    while (list.rows.size() < rows.size()) {
        auto* row = new PoolRow;
        connect(row, &QAbstractButton::clicked, this, [this, row] { Q_EMIT chosen(row->data().pool); });
        list.column->insertWidget(2 + static_cast<int>(list.rows.size()), row);
        list.rows.push_back(row);
    }
    for (std::size_t i = 0; i < list.rows.size(); ++i) {
        list.rows[i]->setVisible(i < rows.size());
        if (i < rows.size()) {
            list.rows[i]->setData(rows[i]);
        }
    }
    list.none->setVisible(rows.empty());
}

std::vector<PoolRow*> PoolLists::rows(std::size_t list) const
{
    std::vector<PoolRow*> shown;
    for (PoolRow* row : m_lists[list].rows) {
        if (!row->isHidden()) {
            shown.push_back(row);
        }
    }
    return shown;
}

void PoolLists::arrange()
{
    // Four, two or one: three would leave a hole.
    const int fit = (width() + Theme::kGutter) / (kLeastWidth + Theme::kGutter);
    const int columns = fit >= 4 ? 4 : fit >= 2 ? 2 : 1;
    if (columns == m_columns) {
        return;
    }
    for (int column = 0; column < 4; ++column) {
        m_grid->setColumnStretch(column, column < columns ? 1 : 0);
    }
    m_columns = columns;
    for (std::size_t i = 0; i < m_lists.size(); ++i) {
        m_grid->addWidget(m_lists[i].frame, static_cast<int>(i) / columns, static_cast<int>(i) % columns);
    }
}

void PoolLists::resizeEvent(QResizeEvent*)
{
    arrange();
}

} // namespace isobar::ui
