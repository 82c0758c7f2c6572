// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/axis_ticks.h"
#include "ui/charts/chart_paint.h"
#include "ui/charts/mark_charts.h"
#include "ui/shell/theme.h"

#include <QPainter>

#include <cmath>
#include <map>
#include <utility>

namespace isobar::ui {
namespace {

/// A chart as rows of name and value.
class ListScene : public MarkScene {
public:
    ListScene(QString title, QString unit, QString emptyText, QSizeF size)
        : m_title(std::move(title))
        , m_unit(std::move(unit))
        , m_empty(std::move(emptyText))
        , m_size(size)
    {
    }

    void add(const QString& key, const QString& name, const QString& value, const QColor& color = {})
    {
        const double y = 26 + 20.0 * static_cast<double>(m_marks.size());
        if (y + 20 <= m_size.height()) {
            m_marks.push_back({key, name, value, {}, QRectF(0, y, m_size.width(), 20), color});
        }
        m_summary += (m_summary.isEmpty() ? QString() : QStringLiteral("; ")) + name + QLatin1Char(' ') + value;
    }

    void paint(QPainter& p) const override
    {
        const Theme& t = theme();
        ChartHeader(m_title, m_unit, {}, m_size.width(), 1).paint(p, {});
        if (m_marks.empty()) {
            drawEmptyText(p, QRectF(QPointF(), m_size).adjusted(0, 20, 0, 0), m_empty);
        }
        for (const ChartMark& m : m_marks) {
            if (m.color.isValid()) {
                drawSwatch(p, QPointF(m.rect.left() + 4, m.rect.center().y()), m.color);
            }
            const double used =
                drawLine(p, m.rect, font(TextRole::Secondary), t.text, m.value, Qt::AlignRight | Qt::AlignVCenter);
            drawLine(p, m.rect.adjusted(14, 0, -used - 8, 0), font(TextRole::Secondary), t.muted, m.name);
        }
    }

private:
    QString m_title, m_unit, m_empty;
    QSizeF m_size;
};

template <typename Data> std::unique_ptr<ListScene> listOf(const Data& data, QSizeF size)
{
    return std::make_unique<ListScene>(data.title, data.unitNote, data.emptyText, size);
}

double valueOf(const TreemapNode& node)
{
    double sum = node.children.empty() ? node.value : 0;
    for (const TreemapNode& child : node.children) {
        sum += valueOf(child);
    }
    return sum;
}

} // namespace

std::unique_ptr<MarkScene> heatMapScene(const HeatMapData& data, QSizeF size)
{
    auto scene = listOf(data, size);
    qsizetype i = 0;
    for (const HeatMapLine& row : data.rows) {
        for (const HeatMapLine& column : data.columns) {
            scene->add(HeatMapChart::cellKey(row.key, column.key), row.name + QStringLiteral(", ") + column.name,
                       figureText(data.kind, data.values.value(i, NAN)));
            ++i;
        }
    }
    return scene;
}

std::unique_ptr<MarkScene> lorenzScene(const LorenzData& data, QSizeF size)
{
    auto scene = listOf(data, size);
    for (const LorenzEntry& e : data.entries) {
        scene->add(e.key, e.name, figureText(ValueKind::Ratio, e.load / e.capacity));
    }
    return scene;
}

std::unique_ptr<MarkScene> sankeyScene(const SankeyData& data, QSizeF size)
{
    auto scene = listOf(data, size);
    for (std::size_t c = 0; c < data.columns.size(); ++c) {
        for (std::size_t n = 0; n < data.columns[c].nodes.size(); ++n) {
            double sum = 0;
            for (const SankeyPath& path : data.paths) {
                sum += path.nodes.value(static_cast<qsizetype>(c), -1) == static_cast<int>(n) ? path.value : 0;
            }
            const SankeyNode& node = data.columns[c].nodes[n];
            scene->add(SankeyChart::nodeKey(static_cast<int>(c), node.key), node.name, figureText(data.kind, sum),
                       node.color);
        }
    }
    return scene;
}

std::unique_ptr<MarkScene> treemapScene(const TreemapData& data, const QStringList& path, QSizeF size)
{
    auto scene = listOf(data, size);
    const std::vector<TreemapNode>* level = &data.nodes;
    for (const QString& key : path) {
        for (const TreemapNode& node : *level) {
            if (node.key == key) {
                level = &node.children;
                break;
            }
        }
    }
    for (const TreemapNode& node : *level) {
        scene->add(TreemapChart::pathKey(path + QStringList{node.key}), node.name, figureText(data.kind, valueOf(node)),
                   node.color);
    }
    return scene;
}

std::unique_ptr<MarkScene> commitmentsScene(const CommitmentsData& data, QSizeF size)
{
    auto scene = listOf(data, size);
    for (const CommitmentRow& row : data.rows) {
        scene->add(row.key, row.name + QLatin1Char(' ') + row.kind,
                   figureText(ValueKind::Ratio, row.coverage) + QStringLiteral(" · ") +
                       figureText(ValueKind::Ratio, row.utilization),
                   row.color);
    }
    return scene;
}

std::unique_ptr<MarkScene> concentrationScene(const ConcentrationData& data, const QString&, QSizeF size)
{
    auto scene = listOf(data, size);
    for (const ConcentrationRow& row : data.rows) {
        scene->add(row.key, row.name, figureText(ValueKind::Ratio, row.share), row.color);
    }
    return scene;
}

std::unique_ptr<MarkScene> distributionScene(const DistributionData& data, QSizeF size)
{
    auto scene = listOf(data, size);
    if (!data.series.empty()) {
        const DistributionSeries& s = data.series.front();
        for (qsizetype i = 0; i < s.counts.size() && i + 1 < s.edges.size(); ++i) {
            scene->add(QString::number(i), figureText(data.kind, s.edges[i]), figureText(ValueKind::Count, s.counts[i]),
                       s.color);
        }
    }
    return scene;
}

std::unique_ptr<MarkScene> barsScene(const BarsData& data, QSizeF size)
{
    auto scene = listOf(data, size);
    for (const BarRow& row : data.rows) {
        scene->add(row.key, row.name, figureText(data.kind, row.value), row.color);
    }
    return scene;
}

} // namespace isobar::ui
