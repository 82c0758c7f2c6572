// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/dashboard/board.h"
#include "ui/dashboard/view_widget.h"

#include <QPointer>
#include <QWidget>

#include <memory>
#include <vector>

namespace isobar::ui {

class KpiRow;
class MapView;
class PanelHandle;

/// The panels of one board, laid out on its grid. While arranging, each panel lies under a handle: its header is
/// dragged to move it, its lower right corner to resize it; arrow keys do the same (with Shift: resize), Delete
/// removes.
class BoardGrid : public QWidget {
    Q_OBJECT
public:
    explicit BoardGrid(Session& session, QWidget* parent = nullptr);
    ~BoardGrid() override;

    void setBoard(const Board& board);
    [[nodiscard]] const Board& board() const { return m_board; }
    void setArranging(bool on);
    /// Makes the rows as high as fits `height`; 0: as high as reads well, the rest is scrolled to.
    void setHeightToFill(int height);

    /// Draws the context into the panels that can be seen; the others follow when they come into sight.
    void showContext(const ViewContext& context);
    /// Panels that have come into sight since; call after scrolling.
    void catchUp();
    void scrolled(); ///< the same, when all panels have moved under the pointer

    [[nodiscard]] QRect panelRect(std::size_t panel) const;
    /// What a panel shows its view in.
    [[nodiscard]] QWidget* panelWidget(std::size_t panel) const;
    /// How many panels were drawn since the start, to see that hidden ones are not.
    [[nodiscard]] int panelsDrawn() const { return m_drawn; }

Q_SIGNALS:
    /// Somebody arranged the panels anew.
    void arranged(const isobar::ui::Board& board);
    /// Somebody set the target of a key figure, or took it away.
    void targetChosen(std::size_t figure, const std::optional<isobar::ui::KpiTarget>& target);

protected:
    void resizeEvent(QResizeEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    friend class PanelHandle;
    struct Item {
        QWidget* widget = nullptr;
        std::unique_ptr<ViewWidget> chart; ///< else one of these
        KpiRow* figures = nullptr;
        MapView* map = nullptr;
        PanelHandle* handle = nullptr;
        bool stale = true;
    };
    void layOut();
    void forgetPointer();
    /// The board as it is laid out now: narrowed where there is little room.
    [[nodiscard]] Board shownBoard() const;
    void draw(Item& item);
    void makeHandles();
    [[nodiscard]] Item makeItem(View view);
    [[nodiscard]] QRect rectOf(const QRect& cells) const;
    [[nodiscard]] double cellWidth() const;
    [[nodiscard]] double rowTop(int row) const; ///< pixels
    /// The cells a panel would take when its handle is dragged so far.
    [[nodiscard]] QRect cellsAfter(std::size_t panel, QPoint moved, bool resize) const;
    void preview(std::size_t panel, const QRect& cells);
    void commit(std::size_t panel, const QRect& cells);
    void remove(std::size_t panel);
    [[nodiscard]] std::size_t indexOf(const PanelHandle* handle) const;

    Session& m_session;
    Board m_board;
    std::vector<Item> m_items;
    std::optional<ViewContext> m_context;
    QRect m_preview; ///< pixels; where a dragged panel would land
    bool m_arranging = false;
    int m_fillHeight = 0, m_drawn = 0;
};

} // namespace isobar::ui
