// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/board.h"

#include "resources/embedded.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

namespace isobar::ui {
namespace {

constexpr int kSchema = 1, kMostRows = 200, kMostPanels = 60;
constexpr QRect kNewPanel{0, 0, 6, 3};

QRect onGrid(QRect cells)
{
    const int width = std::clamp(cells.width(), kSmallestPanel.width(), kBoardColumns);
    const int height = std::clamp(cells.height(), kSmallestPanel.height(), kMostRows);
    return {std::clamp(cells.x(), 0, kBoardColumns - width), std::clamp(cells.y(), 0, kMostRows), width, height};
}

/// Lets every panel fall upwards, highest first; `fixed` goes before others of its row.
void settle(Board& board, std::size_t fixed)
{
    std::vector<std::size_t> order(board.panels.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        const QRect &left = board.panels[a].cells, &right = board.panels[b].cells;
        return std::tuple(left.y(), a != fixed, left.x()) < std::tuple(right.y(), b != fixed, right.x());
    });
    std::vector<QRect> taken;
    for (const std::size_t i : order) {
        QRect cells = board.panels[i].cells;
        const auto collides = [&taken](const QRect& at) {
            return std::any_of(taken.begin(), taken.end(), [&at](const QRect& other) { return at.intersects(other); });
        };
        while (collides(cells)) {
            cells.translate(0, 1);
        }
        while (cells.y() > 0 && !collides(cells.translated(0, -1))) {
            cells.translate(0, -1);
        }
        board.panels[i].cells = cells;
        taken.push_back(cells);
    }
}

Error broken(const QString& what)
{
    return {.code = ErrorCode::Corrupt,
            .message = "boards: " + what.toStdString(),
            .advice = "reset the boards to those shipped"};
}

} // namespace

void placePanel(Board& board, std::size_t panel, QRect cells)
{
    board.panels[panel].cells = onGrid(cells);
    settle(board, panel);
}

void addPanel(Board& board, View view)
{
    QRect cells = kNewPanel;
    cells.moveTop(boardRows(board));
    board.panels.push_back({view, view == View::Overview ? QRect(0, cells.y(), kBoardColumns, 1) : cells});
    settle(board, board.panels.size() - 1);
}

void removePanel(Board& board, std::size_t panel)
{
    board.panels.erase(board.panels.begin() + static_cast<std::ptrdiff_t>(panel));
    settle(board, board.panels.size());
}

int boardRows(const Board& board)
{
    int rows = 0;
    for (const BoardPanel& panel : board.panels) {
        rows = std::max(rows, panel.cells.y() + panel.cells.height());
    }
    return rows;
}

Board narrowed(const Board& board)
{
    std::vector<std::size_t> order(board.panels.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&board](std::size_t a, std::size_t b) {
        const QRect &left = board.panels[a].cells, &right = board.panels[b].cells;
        return std::tuple(left.y(), left.x()) < std::tuple(right.y(), right.x());
    });
    Board result = board;
    int x = 0, y = 0, rowHeight = 0;
    for (const std::size_t i : order) {
        BoardPanel& panel = result.panels[i];
        const int width = std::min(kBoardColumns, 2 * panel.cells.width());
        const int height = panel.view == View::Overview ? std::max(2, panel.cells.height()) : panel.cells.height();
        if (x + width > kBoardColumns) {
            x = 0;
            y += std::exchange(rowHeight, 0);
        }
        panel.cells = {x, y, width, height};
        x += width;
        rowHeight = std::max(rowHeight, height);
    }
    return result;
}

QByteArray boardsToJson(const std::vector<Board>& boards)
{
    QJsonArray list;
    for (const Board& board : boards) {
        QJsonArray panels;
        for (const BoardPanel& panel : board.panels) {
            panels.append(QJsonObject{{QStringLiteral("view"), viewName(panel.view)},
                                      {QStringLiteral("x"), panel.cells.x()},
                                      {QStringLiteral("y"), panel.cells.y()},
                                      {QStringLiteral("width"), panel.cells.width()},
                                      {QStringLiteral("height"), panel.cells.height()}});
        }
        list.append(QJsonObject{{QStringLiteral("name"), board.name}, {QStringLiteral("panels"), panels}});
    }
    return QJsonDocument(QJsonObject{{QStringLiteral("schema"), kSchema}, {QStringLiteral("boards"), list}})
        .toJson(QJsonDocument::Indented);
}

Result<std::vector<Board>> boardsFromJson(const QByteArray& json)
{
    QJsonParseError problem;
    const QJsonDocument document = QJsonDocument::fromJson(json, &problem);
    if (problem.error != QJsonParseError::NoError) {
        return broken(problem.errorString() + QStringLiteral(" at byte %1").arg(problem.offset));
    }
    if (document.object().value(QStringLiteral("schema")).toInt() != kSchema) {
        return broken(QStringLiteral("written by a newer version"));
    }
    std::vector<Board> boards;
    for (const QJsonValue& each : document.object().value(QStringLiteral("boards")).toArray()) {
        Board board{each.toObject().value(QStringLiteral("name")).toString(), {}};
        if (board.name.isEmpty()) {
            return broken(QStringLiteral("board %1 has no name").arg(boards.size() + 1));
        }
        const QJsonArray panels = each.toObject().value(QStringLiteral("panels")).toArray();
        if (panels.size() > kMostPanels) {
            return broken(QStringLiteral("'%1' has more than %2 panels").arg(board.name).arg(kMostPanels));
        }
        for (const QJsonValue& value : panels) {
            const QJsonObject panel = value.toObject();
            if (const auto view = viewByName(panel.value(QStringLiteral("view")).toString())) {
                const auto number = [&panel](const char* key) { return panel.value(QLatin1String(key)).toInt(); };
                board.panels.push_back({*view, onGrid({number("x"), number("y"), number("width"), number("height")})});
            }
        }
        settle(board, board.panels.size());
        boards.push_back(std::move(board));
    }
    return boards;
}

const std::vector<Board>& shippedBoards()
{
    static const std::vector<Board> boards = [] {
        std::vector<Board> all;
        for (const char* file : {"boards/executive.json", "boards/operations.json", "boards/finance.json"}) {
            const std::string_view bytes = resources::file(file);
            auto some = boardsFromJson(QByteArray(bytes.data(), static_cast<int>(bytes.size())));
            Q_ASSERT(some.ok());
            if (some.ok()) {
                all.insert(all.end(), some->begin(), some->end());
            }
        }
        return all;
    }();
    return boards;
}

} // namespace isobar::ui
