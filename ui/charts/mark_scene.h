// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/mark_data.h"
#include "ui/charts/value_tip.h"

#include <QColor>
#include <QRectF>
#include <QSizeF>
#include <QString>
#include <memory>
#include <vector>

class QPainter;

/// A chart laid out for one size: marks with their places, and how to draw them. Made once for a size, theme and data;
/// the window paints it into a cache and draws hover and focus on top, an export paints it straight to the file.
namespace isobar::ui {

struct ChartMark {
    QString key;                      ///< what a click reports
    QString name, value;              ///< "Frankfurt, chat-large", "61.3 %"
    QString note;                     ///< "rank 3 of 40": said after the value, the last line of the tip
    QRectF rect;                      ///< where it is, in the scene
    QColor color;                     ///< invalid: none
    std::vector<ValueTip::Row> tip{}; ///< further lines of the tip
    bool clickable = true;
};

struct MarkState {
    int hovered = -1, current = -1; ///< marks; current carries the focus ring
    std::vector<int> selected;
};

class MarkScene {
public:
    virtual ~MarkScene() = default;

    [[nodiscard]] const std::vector<ChartMark>& marks() const { return m_marks; }
    /// The mark under a point, -1 for none; the last one laid out is on top.
    [[nodiscard]] virtual int markAt(QPointF point) const;
    /// Everything that does not follow the mouse. Vectors only, from (0, 0).
    virtual void paint(QPainter& painter) const = 0;
    /// On top of it: what is hovered, selected and has the focus. Outlines by default.
    virtual void paintState(QPainter& painter, const MarkState& state) const;
    /// The chart in one sentence, for a screen reader; the marks follow one by one.
    [[nodiscard]] const QString& summary() const { return m_summary; }

protected:
    std::vector<ChartMark> m_marks;
    QString m_summary;
};

[[nodiscard]] std::unique_ptr<MarkScene> heatMapScene(const HeatMapData& data, QSizeF size);
[[nodiscard]] std::unique_ptr<MarkScene> lorenzScene(const LorenzData& data, QSizeF size);
[[nodiscard]] std::unique_ptr<MarkScene> sankeyScene(const SankeyData& data, QSizeF size);
/// `path`: keys of the groups gone into.
[[nodiscard]] std::unique_ptr<MarkScene> treemapScene(const TreemapData& data, const QStringList& path, QSizeF size);
[[nodiscard]] std::unique_ptr<MarkScene> commitmentsScene(const CommitmentsData& data, QSizeF size);
/// `lostKey`: the provider taken away, as a what-if; empty for none.
[[nodiscard]] std::unique_ptr<MarkScene> concentrationScene(const ConcentrationData& data, const QString& lostKey,
                                                            QSizeF size);
[[nodiscard]] std::unique_ptr<MarkScene> distributionScene(const DistributionData& data, QSizeF size);
[[nodiscard]] std::unique_ptr<MarkScene> barsScene(const BarsData& data, QSizeF size);

} // namespace isobar::ui
