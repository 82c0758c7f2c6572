// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/result.h"
#include "ui/dashboard/views.h"

#include <QByteArray>
#include <QRect>
#include <vector>

/// Boards as values: which views, where on a grid of twelve columns. How they are kept is JSON, so that a board can be
/// read, mailed and shipped.
namespace isobar::ui {

/// One panel: a view and its place in cells (x, y, width, height). View::Overview stands for the row of key figures.
struct BoardPanel {
    View view = View::Throughput;
    QRect cells;
    friend bool operator==(const BoardPanel&, const BoardPanel&) = default;
};

struct Board {
    QString name;
    std::vector<BoardPanel> panels;
    friend bool operator==(const Board&, const Board&) = default;
};

inline constexpr int kBoardColumns = 12;
/// The least a panel may take, in cells.
inline constexpr QSize kSmallestPanel{2, 1};

/// Moves a panel to `cells`, kept on the grid; panels it would lie on move down, and then all as far up as they can.
void placePanel(Board& board, std::size_t panel, QRect cells);
/// Adds a view below all others, half the board wide.
void addPanel(Board& board, View view);
void removePanel(Board& board, std::size_t panel);
/// Rows that the panels take.
[[nodiscard]] int boardRows(const Board& board);

/// The same panels for a narrow window: each twice as wide, in reading order, the key figures in two rows.
[[nodiscard]] Board narrowed(const Board& board);

/// {"schema": 1, "boards": [{"name", "panels": [{"view", "x", "y", "width", "height"}]}]}
[[nodiscard]] QByteArray boardsToJson(const std::vector<Board>& boards);
/// Errors say what is wrong and where; a view of a newer version is left out.
[[nodiscard]] Result<std::vector<Board>> boardsFromJson(const QByteArray& json);
/// Executive, Operations and Finance, as shipped.
[[nodiscard]] const std::vector<Board>& shippedBoards();

} // namespace isobar::ui
