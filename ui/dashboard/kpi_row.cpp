// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/kpi_row.h"

#include "ui/charts/kpi_tile.h"
#include "ui/shell/theme.h"

#include <QGridLayout>
#include <QLabel>
#include <QVBoxLayout>

#include <algorithm>

namespace isobar::ui {
namespace {

constexpr int kCardWidth = 380;
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
    card->ensurePolished();
    // The layout knows nothing of the frame around it.
    const int frame = card->width() - card->contentsRect().width();
    card->setFixedHeight(column->heightForWidth(kCardWidth - frame) + frame);
    // Below the tile, inside the window.
    QPoint at = m_tiles[tile]->mapToGlobal(QPoint(0, m_tiles[tile]->height() + 4));
    const QRect inside(window()->mapToGlobal(QPoint(0, 0)), window()->size());
    at.setX(std::clamp(at.x(), inside.left(), std::max(inside.left(), inside.right() - card->width())));
    if (at.y() + card->height() > inside.bottom()) { // else above it, or as far down as there is room
        const int above = m_tiles[tile]->mapToGlobal(QPoint(0, -4)).y() - card->height();
        at.setY(above >= inside.top() ? above : std::max(inside.top(), inside.bottom() - card->height()));
    }
    card->move(at);
    card->show();
}

} // namespace isobar::ui
