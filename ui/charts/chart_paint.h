// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/chart_data.h"
#include "ui/shell/color.h"

#include <QColor>
#include <QFont>
#include <QPainter>
#include <QRectF>
#include <QString>
#include <QStringList>
#include <QVector>
#include <vector>

/// Small drawing helpers that every chart shares. They draw vectors only: no pixmaps, no clipping (SVG has none).
namespace isobar::ui {

/// `color`, darkened or lightened just enough to reach `ratio` against `ground` (3:1 is WCAG's floor for graphics).
[[nodiscard]] QColor readableOn(const QColor& color, const QColor& ground, double ratio = 3.0);

[[nodiscard]] double textWidth(const QFont& font, const QString& text);
/// Draws one line of text, shortened with an ellipsis when it does not fit. Returns the width used.
double drawLine(QPainter& painter, const QRectF& rect, const QFont& font, const QColor& color, const QString& text,
                Qt::Alignment alignment = Qt::AlignLeft | Qt::AlignVCenter);
/// The text, shortened in its middle when it is wider than `width`: names of models differ at their ends.
[[nodiscard]] QString middleElided(const QFont& font, const QString& text, double width);
/// The text as one line, or broken after a hyphen, a slash or a space into two, so that each is at most `width` wide;
/// empty when neither is.
[[nodiscard]] QStringList brokenText(const QFont& font, const QString& text, double width);
/// The 8 px square that names a colour, outlined where it alone would be too faint.
void drawSwatch(QPainter& painter, QPointF center, const QColor& color);
/// Centred, wrapped, quiet: what is said when there is nothing to draw.
void drawEmptyText(QPainter& painter, const QRectF& rect, const QString& text);

/// A line through `values`, oldest left, with gaps at values that are not finite and a dot on the last one. More
/// values than pixels are drawn as the extremes of each pixel column.
void paintSparkline(QPainter& painter, const QRectF& rect, const QVector<double>& values, const QColor& color);

/// One entry of a legend.
struct ChartLegendEntry {
    QString name;
    QColor color;
    bool dashed = false;
    bool hidden = false; ///< switched off by the reader: a hollow swatch and struck-out words
};

/// Title, quieter unit and legend above a chart: beside the title where there is room, else below it in one or two
/// rows; what does not fit is counted ("+3").
class ChartHeader {
public:
    ChartHeader(QString title, QString unitNote, std::vector<ChartLegendEntry> legend, double width, int maxLegendRows);
    [[nodiscard]] double height() const { return m_height; }
    void paint(QPainter& painter, QPointF topLeft) const;
    /// The name of the legend entry at a point relative to the top left; empty when there is none.
    [[nodiscard]] QString entryAt(QPointF point) const;
    /// Where the entry of that name is, relative to the top left; empty when it is not shown.
    [[nodiscard]] QRectF entryRect(const QString& name) const;

private:
    struct Placed {
        ChartLegendEntry entry;
        QRectF rect;
    };
    QString m_title, m_unitNote;
    std::vector<Placed> m_legend;
    QRectF m_moreRect;
    int m_more = 0;
    double m_width, m_titleRowWidth, m_height;
};

} // namespace isobar::ui
