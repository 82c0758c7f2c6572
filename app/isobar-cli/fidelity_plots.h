// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/result.h"

#include <QColor>
#include <QPointF>
#include <QString>
#include <filesystem>
#include <vector>

/// The pictures of the fidelity report, in the style of the window's charts. Main thread only, with a QApplication.
namespace isobar::cli {

struct PlotAxis {
    QString title; ///< "measured TPOT, ms"
    bool isLogarithmic = false;
    double lower = 0, upper = 0; ///< equal: as the data asks
};

struct PlotCurve {
    enum class Style { Line, Dashed, Dots };
    QString name;
    QColor color;
    Style style = Style::Line;
    std::vector<QPointF> points;
};

struct PlotBar {
    QColor color;
    double value = 0;
    QString text; ///< above it
};
struct PlotBarGroup {
    QString name; ///< below it
    std::vector<PlotBar> bars;
};

/// Curves over two axes, or groups of bars over the vertical one.
struct PlotPanel {
    QString title, unitNote;
    PlotAxis x, y;
    std::vector<PlotCurve> curves;
    bool hasDiagonal = false; ///< y = x, dashed, with a band of 20 % around it
    std::vector<PlotBarGroup> groups;
    double mark = 0; ///< a dashed horizontal line at this value; 0 = none
    QString markName;
    std::vector<std::pair<QString, QColor>> legend; ///< of bars; curves name themselves
};

struct PlotPicture {
    std::string file; ///< "vllm_ttft.svg"
    QString caption;  ///< below the panels: what it shows and where the numbers are from
    int columns = 1;
    double panelWidth = 420, panelHeight = 300; ///< logical pixels
    std::vector<PlotPanel> panels;
};

/// Colours that stay apart for every kind of sight, on the theme's panels; they repeat after seven.
[[nodiscard]] QColor plotColor(std::size_t index);

/// Writes `picture.file` into the folder. Errors: those of exportPicture.
[[nodiscard]] Status writePlot(const PlotPicture& picture, const std::filesystem::path& folder);

} // namespace isobar::cli
