// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/kpi_row.h"

#include "ui/charts/kpi_tile.h"
#include "ui/shell/theme.h"

#include <QHBoxLayout>
#include <QLabel>

#include <algorithm>

namespace isobar::ui {
namespace {

constexpr int kCardWidth = 380;

} // namespace

KpiRow::KpiRow(QWidget* parent)
    : QWidget(parent)
{
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(Theme::kGutter);
    for (std::size_t i = 0; i < 6; ++i) {
        m_tiles.push_back(new KpiTile);
        row->addWidget(m_tiles.back(), 1);
        connect(m_tiles.back(), &KpiTile::clicked, this, [this, i] { explain(i); });
    }
}

void KpiRow::show(const ViewContext& context)
{
    m_context = context;
    const std::vector<KpiData> figures = kpis(context);
    for (std::size_t i = 0; i < m_tiles.size(); ++i) {
        m_tiles[i]->setData(figures[i]);
    }
}

void KpiRow::explain(std::size_t tile)
{
    const bool same = m_card && m_card->property("tile").toULongLong() == tile;
    delete m_card;
    if (same) { // a second click closes it
        return;
    }
    auto* card = new QFrame(this, Qt::Popup);
    m_card = card;
    card->setAttribute(Qt::WA_DeleteOnClose);
    card->setProperty("tile", static_cast<qulonglong>(tile));
    card->setProperty("panel", true);
    card->setFixedWidth(kCardWidth);
    card->setAccessibleName(tr("Explanation of %1").arg(m_tiles[tile]->data().title));
    auto* text = new QLabel(kpiExplanation(tile, m_context));
    text->setWordWrap(true);
    text->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    text->setAccessibleName(tr("Explanation"));
    auto* column = new QVBoxLayout(card);
    column->setContentsMargins(Theme::kPadding, 12, Theme::kPadding, 12);
    column->addWidget(text);
    card->adjustSize();
    // Below the tile, inside the window.
    QPoint at = m_tiles[tile]->mapToGlobal(QPoint(0, m_tiles[tile]->height() + 4));
    const QRect inside(window()->mapToGlobal(QPoint(0, 0)), window()->size());
    at.setX(std::clamp(at.x(), inside.left(), std::max(inside.left(), inside.right() - card->width())));
    card->move(at);
    card->show();
}

} // namespace isobar::ui
