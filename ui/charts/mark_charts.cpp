// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/mark_charts.h"

#include <algorithm>

namespace isobar::ui {
namespace {

/// Between the parts of a mark's key; not a character that a name has.
const QChar kSeparator(0x1F);

QStringList parts(const QString& key)
{
    return key.split(kSeparator);
}

} // namespace

HeatMapChart::HeatMapChart(QWidget* parent)
    : SceneMarkChart(parent)
{
}

QString HeatMapChart::cellKey(const QString& row, const QString& column)
{
    return row + kSeparator + column;
}

void HeatMapChart::markActivated(const ChartMark& mark)
{
    const QStringList keys = parts(mark.key);
    Q_EMIT cellClicked(keys.value(0), keys.value(1));
}

LorenzChart::LorenzChart(QWidget* parent)
    : SceneMarkChart(parent)
{
}

SankeyChart::SankeyChart(QWidget* parent)
    : SceneMarkChart(parent)
{
}

QString SankeyChart::nodeKey(int column, const QString& key)
{
    return QString::number(column) + kSeparator + key;
}

QString SankeyChart::linkKey(int leftColumn, const QString& from, const QString& to)
{
    return QString::number(leftColumn) + kSeparator + from + kSeparator + to;
}

void SankeyChart::markActivated(const ChartMark& mark)
{
    const QStringList keys = parts(mark.key);
    if (keys.size() == 2) {
        Q_EMIT nodeClicked(keys[0].toInt(), keys[1]);
    } else if (keys.size() == 3) {
        Q_EMIT linkClicked(keys[0].toInt(), keys[1], keys[2]);
    }
}

TreemapChart::TreemapChart(QWidget* parent)
    : DataMarkChart(parent)
{
}

void TreemapChart::setPath(const QStringList& path)
{
    QStringList valid;
    const std::vector<TreemapNode>* level = &m_data.nodes;
    for (const QString& key : path) {
        const auto at =
            std::find_if(level->begin(), level->end(), [&key](const TreemapNode& node) { return node.key == key; });
        if (at == level->end() || at->children.empty()) {
            break;
        }
        valid << key;
        level = &at->children;
    }
    if (valid != m_path) {
        m_path = valid;
        setCurrentMark(-1);
        changed(m_data.title, m_data.unitNote);
    }
}

QString TreemapChart::pathKey(const QStringList& path)
{
    return path.join(kSeparator);
}

std::unique_ptr<MarkScene> TreemapChart::makeScene(QSizeF size) const
{
    return treemapScene(m_data, m_path, size);
}

/// A group is gone into one level at a time; a word of the breadcrumb goes back to it.
void TreemapChart::markActivated(const ChartMark& mark)
{
    const QStringList full = mark.key.isEmpty() ? QStringList() : parts(mark.key);
    const bool up = full.size() <= m_path.size();
    const QStringList target = up ? full : full.mid(0, m_path.size() + 1);
    const QStringList before = m_path;
    setPath(target);
    if (m_path != before) {
        Q_EMIT drilled(m_path);
    } else if (!up) {
        Q_EMIT leafClicked(full);
    }
}

bool TreemapChart::goBack()
{
    if (m_path.isEmpty()) {
        return false;
    }
    setPath(m_path.mid(0, m_path.size() - 1));
    Q_EMIT drilled(m_path);
    return true;
}

CommitmentsChart::CommitmentsChart(QWidget* parent)
    : SceneMarkChart(parent)
{
}

ConcentrationChart::ConcentrationChart(QWidget* parent)
    : DataMarkChart(parent)
{
}

void ConcentrationChart::setLostKey(const QString& key)
{
    if (key != m_lostKey) {
        m_lostKey = key;
        relayout();
    }
}

std::unique_ptr<MarkScene> ConcentrationChart::makeScene(QSizeF size) const
{
    return concentrationScene(m_data, m_hoverKey.isEmpty() ? m_lostKey : m_hoverKey, size);
}

void ConcentrationChart::markActivated(const ChartMark& mark)
{
    setLostKey(mark.key == m_lostKey ? QString() : mark.key);
    Q_EMIT whatIfChanged(m_lostKey);
}

void ConcentrationChart::markEntered(const QString& key)
{
    if (key != m_hoverKey) {
        m_hoverKey = key;
        relayout();
    }
}

bool ConcentrationChart::goBack()
{
    if (m_lostKey.isEmpty()) {
        return false;
    }
    setLostKey(QString());
    Q_EMIT whatIfChanged(m_lostKey);
    return true;
}

DistributionChart::DistributionChart(QWidget* parent)
    : SceneMarkChart(parent)
{
}

BarsChart::BarsChart(QWidget* parent)
    : SceneMarkChart(parent)
{
}

} // namespace isobar::ui
