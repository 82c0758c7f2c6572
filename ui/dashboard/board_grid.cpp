// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/board_grid.h"

#include "ui/charts/chart_paint.h"
#include "ui/dashboard/kpi_row.h"
#include "ui/map/map_view.h"
#include "ui/session/session.h"
#include "ui/shell/theme.h"

#include <QCoreApplication>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollArea>

#include <algorithm>
#include <cmath>
#include <utility>

namespace isobar::ui {
namespace {

constexpr int kCellHeight = 94, kSmallestCellHeight = 40;
constexpr int kHeader = 30, kCorner = 22;
constexpr int kNarrow = 1000; ///< below it a panel takes twice the columns

} // namespace

/// Lies over a panel while the board is arranged: header to move, corner to resize, a cross to remove.
class PanelHandle : public QWidget {
public:
    PanelHandle(BoardGrid& grid, const QString& title)
        : QWidget(&grid)
        , m_grid(grid)
        , m_title(title)
    {
        setMouseTracking(true);
        setFocusPolicy(Qt::StrongFocus);
        setAccessibleName(BoardGrid::tr("Panel %1").arg(title));
        setAccessibleDescription(
            BoardGrid::tr("Arrow keys move it, with Shift they resize it, Delete removes it from the board"));
    }

protected:
    void paintEvent(QPaintEvent*) override
    {
        QPainter painter(this);
        painter.setRenderHint(QPainter::Antialiasing);
        QColor veil = theme().ground;
        veil.setAlphaF(0.35F);
        painter.setPen(QPen(hasFocus() ? theme().accent : theme().faint, hasFocus() ? 2 : 1));
        painter.setBrush(veil);
        painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), Theme::kPanelRadius, Theme::kPanelRadius);
        const QRectF header(1, 1, width() - 2, kHeader);
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme().raised);
        painter.drawRoundedRect(header, Theme::kPanelRadius, Theme::kPanelRadius);
        drawLine(painter, header.adjusted(12, 0, -kHeader, 0), ui::font(TextRole::Strong), theme().text, m_title);
        painter.setPen(QPen(theme().text, 1.5));
        const QPointF c = cross().center();
        painter.drawLine(c + QPointF(-4, -4), c + QPointF(4, 4));
        painter.drawLine(c + QPointF(-4, 4), c + QPointF(4, -4));
        painter.setPen(QPen(theme().accent, 2));
        for (const int d : {6, 11, 16}) {
            painter.drawLine(QPointF(width() - 5 - d, height() - 5), QPointF(width() - 5, height() - 5 - d));
        }
    }
    void mousePressEvent(QMouseEvent* event) override
    {
        if (event->button() != Qt::LeftButton) {
            return;
        }
        if (cross().contains(event->position())) {
            m_grid.remove(m_grid.indexOf(this)); // deletes this later
            return;
        }
        m_resizing = corner().contains(event->position());
        m_from = event->globalPosition().toPoint();
        m_dragging = m_resizing || event->position().y() <= kHeader;
    }
    void mouseMoveEvent(QMouseEvent* event) override
    {
        if (m_dragging) {
            const std::size_t panel = m_grid.indexOf(this);
            const QPoint moved = event->globalPosition().toPoint() - m_from;
            m_grid.preview(panel, m_grid.cellsAfter(panel, moved, m_resizing));
            return;
        }
        setCursor(cross().contains(event->position())    ? Qt::PointingHandCursor
                  : corner().contains(event->position()) ? Qt::SizeFDiagCursor
                  : event->position().y() <= kHeader     ? Qt::SizeAllCursor
                                                         : Qt::ArrowCursor);
    }
    void mouseReleaseEvent(QMouseEvent* event) override
    {
        if (std::exchange(m_dragging, false)) {
            const std::size_t panel = m_grid.indexOf(this);
            m_grid.commit(panel, m_grid.cellsAfter(panel, event->globalPosition().toPoint() - m_from, m_resizing));
        }
    }
    void keyPressEvent(QKeyEvent* event) override
    {
        const std::size_t panel = m_grid.indexOf(this);
        QRect cells = m_grid.board().panels[panel].cells;
        const int dx = event->key() == Qt::Key_Right ? 1 : event->key() == Qt::Key_Left ? -1 : 0;
        const int dy = event->key() == Qt::Key_Down ? 1 : event->key() == Qt::Key_Up ? -1 : 0;
        if (event->key() == Qt::Key_Escape && m_dragging) {
            m_dragging = false;
            m_grid.preview(panel, {});
        } else if (event->key() == Qt::Key_Delete) {
            m_grid.remove(panel);
        } else if (dx == 0 && dy == 0) {
            QWidget::keyPressEvent(event);
        } else {
            if (event->modifiers().testFlag(Qt::ShiftModifier)) {
                cells.setSize(cells.size() + QSize(dx, dy));
            } else {
                cells.translate(dx, dy);
            }
            m_grid.commit(panel, cells);
        }
    }
    void focusInEvent(QFocusEvent*) override { update(); }
    void focusOutEvent(QFocusEvent*) override { update(); }

private:
    [[nodiscard]] QRectF cross() const { return {width() - kHeader - 2.0, 2, kHeader - 2.0, kHeader - 2.0}; }
    [[nodiscard]] QRectF corner() const
    {
        return {width() - kCorner - 0.0, height() - kCorner - 0.0, kCorner, kCorner};
    }

    BoardGrid& m_grid;
    QString m_title;
    QPoint m_from;
    bool m_dragging = false, m_resizing = false;
};

BoardGrid::BoardGrid(Session& session, QWidget* parent)
    : QWidget(parent)
    , m_session(session)
{
    setAccessibleName(tr("Board"));
}

BoardGrid::~BoardGrid() = default;

BoardGrid::Item BoardGrid::makeItem(View view)
{
    Item item;
    if (view == View::Overview || view == View::Summary) {
        item.figures = new KpiRow(this);
        connect(item.figures, &KpiRow::targetChosen, this, &BoardGrid::targetChosen);
        item.widget = item.figures;
    } else if (view == View::Map) {
        item.map = new MapView(this);
        item.widget = item.map;
        item.map->setFlowing(m_session.isPlaying());
        connect(&m_session, &Session::clockChanged, item.map,
                [this, map = item.map] { map->setFlowing(m_session.isPlaying()); });
        connect(item.map, &MapView::markerClicked, this, [this](int place) {
            if (place < 0 || static_cast<std::size_t>(place) >= m_session.places().size()) {
                return;
            }
            SelectionState state = m_session.selection().state();
            const auto& regions = m_session.places()[static_cast<std::size_t>(place)].regions;
            const std::set<RegionId> chosen(regions.begin(), regions.end());
            state.regions = state.regions == chosen ? std::set<RegionId>{} : chosen;
            m_session.selection().set(state);
        });
        connect(item.map, &MapView::areaClicked, this, [this](int area) {
            SelectionState state = m_session.selection().state();
            const AreaId id(static_cast<std::size_t>(area));
            state.area = state.area == id ? std::optional<AreaId>() : std::optional(id);
            m_session.selection().set(state);
        });
    } else {
        item.chart = std::make_unique<ViewWidget>(view, m_session, this);
        item.widget = item.chart->widget();
    }
    item.widget->show();
    return item;
}

void BoardGrid::setBoard(const Board& board)
{
    // Panels that stay keep their widgets: what is hovered, hidden or drilled into is not lost by a move.
    std::vector<Item> items;
    for (const BoardPanel& panel : board.panels) {
        Item item;
        for (std::size_t i = 0; i < m_items.size(); ++i) {
            if (m_items[i].widget != nullptr && m_board.panels[i].view == panel.view) {
                item = std::move(m_items[i]);
                m_items[i].widget = nullptr;
                break;
            }
        }
        items.push_back(item.widget != nullptr ? std::move(item) : makeItem(panel.view));
    }
    // The new ones first: hiding what has the focus scrolls to what has it then.
    m_board = board;
    for (Item& left : std::exchange(m_items, std::move(items))) {
        if (left.widget != nullptr) {
            left.widget->hide();
            left.widget->deleteLater();
            if (left.handle != nullptr) {
                left.handle->hide();
                left.handle->deleteLater();
            }
        }
    }
    forgetPointer();
    makeHandles();
    layOut();
    catchUp();
}

void BoardGrid::makeHandles()
{
    for (std::size_t i = 0; i < m_items.size(); ++i) {
        Item& item = m_items[i];
        if (m_arranging && item.handle == nullptr) {
            const View view = m_board.panels[i].view;
            item.handle = new PanelHandle(*this, view == View::Overview ? tr("Key figures") : viewTitle(view));
            item.handle->show();
        } else if (!m_arranging && item.handle != nullptr) {
            item.handle->deleteLater();
            item.handle->hide();
            item.handle = nullptr;
        }
    }
}

void BoardGrid::setArranging(bool on)
{
    m_arranging = on;
    makeHandles();
    layOut();
    update();
}

void BoardGrid::setHeightToFill(int height)
{
    if (height != m_fillHeight) {
        m_fillHeight = height;
        layOut();
        forgetPointer();
    }
}

double BoardGrid::cellWidth() const
{
    return static_cast<double>(width() + Theme::kGutter) / kBoardColumns;
}

double BoardGrid::rowTop(int row) const
{
    constexpr double kFull = kCellHeight + Theme::kGutter;
    if (m_fillHeight <= 0) {
        return row * kFull;
    }
    const int rows = std::max(1, boardRows(m_board));
    const double even = static_cast<double>(m_fillHeight + Theme::kGutter) / rows;
    // Key figures on top keep the height that their three lines need; the rest shares what is left.
    const bool figuresOnTop = std::any_of(m_board.panels.begin(), m_board.panels.end(), [](const BoardPanel& panel) {
        return panel.view == View::Overview && panel.cells.y() == 0 && panel.cells.height() == 1;
    });
    const double first = figuresOnTop ? std::max(even, kFull) : even;
    const double other =
        rows > 1 ? std::max<double>(kSmallestCellHeight, (m_fillHeight + Theme::kGutter - first) / (rows - 1)) : first;
    return row == 0 ? 0 : first + (row - 1) * other;
}

QRect BoardGrid::rectOf(const QRect& cells) const
{
    const double w = cellWidth();
    const int x = static_cast<int>(std::lround(cells.x() * w)), y = static_cast<int>(std::lround(rowTop(cells.y())));
    const int right = static_cast<int>(std::lround((cells.x() + cells.width()) * w)) - Theme::kGutter;
    const int bottom = static_cast<int>(std::lround(rowTop(cells.y() + cells.height()))) - Theme::kGutter;
    return {x, y, std::max(1, right - x), std::max(1, bottom - y)};
}

Board BoardGrid::shownBoard() const
{
    // What is arranged is what is kept: then the grid is as it will be in a wide window.
    return width() < kNarrow && !m_arranging && m_fillHeight <= 0 ? narrowed(m_board) : m_board;
}

void BoardGrid::layOut()
{
    int bottom = 0;
    const Board shown = shownBoard();
    for (std::size_t i = 0; i < m_items.size(); ++i) {
        const QRect at = rectOf(shown.panels[i].cells);
        if (m_items[i].figures != nullptr) {
            m_items[i].figures->setWrapping(shown.panels[i].cells.height() > 1);
        }
        m_items[i].widget->setGeometry(at);
        if (m_items[i].handle != nullptr) {
            m_items[i].handle->setGeometry(at);
            m_items[i].handle->raise();
        }
        bottom = std::max(bottom, at.bottom() + 1);
    }
    setMinimumHeight(m_fillHeight > 0 ? m_fillHeight : bottom);
}

QRect BoardGrid::panelRect(std::size_t panel) const
{
    return m_items[panel].widget->geometry();
}

QWidget* BoardGrid::panelWidget(std::size_t panel) const
{
    return m_items[panel].widget;
}

std::size_t BoardGrid::indexOf(const PanelHandle* handle) const
{
    const auto found =
        std::find_if(m_items.begin(), m_items.end(), [handle](const Item& item) { return item.handle == handle; });
    return static_cast<std::size_t>(found - m_items.begin());
}

QRect BoardGrid::cellsAfter(std::size_t panel, QPoint moved, bool resize) const
{
    QRect cells = m_board.panels[panel].cells;
    const double cellH = rectOf({0, 0, 1, 1}).height() + Theme::kGutter;
    const QPoint by(static_cast<int>(std::lround(moved.x() / cellWidth())),
                    static_cast<int>(std::lround(moved.y() / cellH)));
    if (resize) {
        cells.setSize(cells.size() + QSize(by.x(), by.y()));
    } else {
        cells.translate(by);
    }
    Board tried = m_board;
    placePanel(tried, panel, cells);
    return tried.panels[panel].cells;
}

void BoardGrid::preview(std::size_t panel, const QRect& cells)
{
    Q_UNUSED(panel);
    const QRect at = cells.isEmpty() ? QRect() : rectOf(cells);
    if (at != m_preview) {
        m_preview = at;
        update();
    }
}

void BoardGrid::commit(std::size_t panel, const QRect& cells)
{
    preview(panel, {});
    Board board = m_board;
    placePanel(board, panel, cells);
    if (!(board == m_board)) {
        Q_EMIT arranged(board);
    }
}

void BoardGrid::remove(std::size_t panel)
{
    Board board = m_board;
    removePanel(board, panel);
    Q_EMIT arranged(board);
}

void BoardGrid::showContext(const ViewContext& context)
{
    m_context = context;
    for (Item& item : m_items) {
        item.stale = true;
    }
    catchUp();
}

/// What was pointed at is no longer under the pointer: its card would stand beside something else.
void BoardGrid::forgetPointer()
{
    for (const Item& item : m_items) {
        QWidgetList left = item.widget->findChildren<QWidget*>(QString(), Qt::FindDirectChildrenOnly); // a plot, say
        left.prepend(item.widget);
        for (QWidget* each : left) {
            QEvent leave(QEvent::Leave);
            QCoreApplication::sendEvent(each, &leave);
        }
    }
}

void BoardGrid::scrolled()
{
    forgetPointer();
    catchUp();
}

void BoardGrid::catchUp()
{
    if (!m_context) {
        return;
    }
    for (Item& item : m_items) {
        if (item.stale && !item.widget->visibleRegion().isEmpty()) {
            draw(item);
        }
    }
}

void BoardGrid::draw(Item& item)
{
    item.stale = false;
    ++m_drawn;
    if (item.figures != nullptr) {
        item.figures->show(*m_context);
    } else if (item.map != nullptr) {
        item.map->tooltipProvider = [context = *m_context](int place) {
            return placeTooltip(context, static_cast<std::size_t>(place));
        };
        item.map->setScene(mapScene(*m_context));
        item.map->setSelectedMarkers(m_context->selectedPlaces());
        const auto& area = m_context->selection.area;
        item.map->setSelectedAreas(area ? QSet<int>{static_cast<int>(area->index())} : QSet<int>{});
    } else {
        item.chart->show(*m_context);
    }
}

void BoardGrid::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    layOut();
    catchUp();
}

void BoardGrid::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    if (m_items.empty()) {
        drawEmptyText(painter, rect(), tr("This board is empty: add a panel"));
    }
    if (!m_preview.isEmpty()) {
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setPen(QPen(theme().accent, 2, Qt::DashLine));
        painter.drawRoundedRect(QRectF(m_preview).adjusted(1, 1, -1, -1), Theme::kPanelRadius, Theme::kPanelRadius);
    }
}

} // namespace isobar::ui
