// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/kpi_row.h"

#include "ui/charts/kpi_tile.h"
#include "ui/dashboard/kpi_card.h"
#include "ui/shell/theme.h"

#include <QGridLayout>
#include <QMenu>

#include <algorithm>

namespace isobar::ui {
namespace {

constexpr int kNarrow = 1000; ///< below it the six stand in two rows

} // namespace

KpiRow::KpiRow(QWidget* parent)
    : QWidget(parent)
    , m_grid(new QGridLayout(this))
{
    m_grid->setContentsMargins(0, 0, 0, 0);
    m_grid->setSpacing(Theme::kGutter);
    for (std::size_t i = 0; i < 6; ++i) {
        m_tiles.push_back(new KpiTile(this));
        connect(m_tiles.back(), &KpiTile::clicked, this, [this, i] { explain(i); });
        m_tiles.back()->setContextMenuPolicy(Qt::CustomContextMenu);
        connect(m_tiles.back(), &QWidget::customContextMenuRequested, this,
                [this, i](const QPoint& at) { showMenu(i, m_tiles[i]->mapToGlobal(at)); });
    }
    layOut(6);
}

void KpiRow::layOut(int columns)
{
    if (columns == m_columns) {
        return;
    }
    m_columns = columns;
    for (std::size_t i = 0; i < m_tiles.size(); ++i) {
        const int at = static_cast<int>(i);
        m_grid->addWidget(m_tiles[i], at / columns, at % columns); // takes it from where it was
    }
    for (int column = 0; column < 6; ++column) {
        m_grid->setColumnStretch(column, column < columns ? 1 : 0);
    }
}

void KpiRow::resizeEvent(QResizeEvent* event)
{
    layOut(width() < kNarrow && m_wrapping ? 3 : 6);
    QWidget::resizeEvent(event);
}

void KpiRow::setWrapping(bool on)
{
    m_wrapping = on;
    layOut(width() < kNarrow && m_wrapping ? 3 : 6);
}

QSize KpiRow::minimumSizeHint() const
{
    return {0, m_grid->minimumSize().height()}; // it asks for no width: it has two rows when there is little
}

void KpiRow::show(const ViewContext& context)
{
    const bool judgedAnew = m_context.targets != context.targets;
    m_context = context;
    if (m_card && judgedAnew) { // else it stays as it was when it was opened: it is read
        m_card->showContext(context);
    }
    const std::vector<KpiData> figures = kpis(context);
    for (std::size_t i = 0; i < m_tiles.size(); ++i) {
        m_tiles[i]->setData(figures[i]);
    }
}

QWidget* KpiRow::card() const
{
    return m_card;
}

void KpiRow::explain(std::size_t tile)
{
    const bool same = m_card && m_card->figure() == tile;
    delete m_card;
    if (!same) { // a second click closes it
        openCard(tile);
    }
}

void KpiRow::editTarget(std::size_t tile)
{
    delete m_card;
    openCard(tile);
    m_card->editTarget();
}

void KpiRow::openCard(std::size_t tile)
{
    auto* card = new KpiCard(tile, m_context, this);
    m_card = card;
    connect(card, &KpiCard::targetChosen, this, &KpiRow::targetChosen);
    // Below the tile, inside the window.
    const QRect inside(window()->mapToGlobal(QPoint(0, 0)), window()->size());
    card->fitInto(inside.height());
    QPoint at = m_tiles[tile]->mapToGlobal(QPoint(0, m_tiles[tile]->height() + 4));
    at.setX(std::clamp(at.x(), inside.left(), std::max(inside.left(), inside.right() - card->width())));
    if (at.y() + card->height() > inside.bottom()) { // else above it, or as far down as there is room
        const int above = m_tiles[tile]->mapToGlobal(QPoint(0, -4)).y() - card->height();
        at.setY(above >= inside.top() ? above : std::max(inside.top(), inside.bottom() - card->height()));
    }
    card->move(at);
    card->show();
}

void KpiRow::showMenu(std::size_t tile, QPoint at)
{
    auto* menu = new QMenu(m_tiles[tile]);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    menu->addAction(tr("Explain"), this, [this, tile] { explain(tile); });
    menu->addAction(tr("Set target…"), this, [this, tile] { editTarget(tile); });
    menu->addAction(tr("Clear target"), this, [this, tile] { Q_EMIT targetChosen(tile, std::nullopt); })
        ->setEnabled(m_context.targets[tile].has_value());
    menu->popup(at);
}

} // namespace isobar::ui
