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
    : MarkChart(parent)
{
}

void HeatMapChart::setData(HeatMapData data)
{
    m_data = std::move(data);
    changed(m_data.title, m_data.unitNote);
}

QString HeatMapChart::cellKey(const QString& row, const QString& column)
{
    return row + kSeparator + column;
}

std::unique_ptr<MarkScene> HeatMapChart::makeScene(QSizeF size) const
{
    return heatMapScene(m_data, size);
}

void HeatMapChart::markActivated(const ChartMark& mark)
{
    const QStringList keys = parts(mark.key);
    Q_EMIT cellClicked(keys.value(0), keys.value(1));
}

LorenzChart::LorenzChart(QWidget* parent)
    : MarkChart(parent)
{
}

void LorenzChart::setData(LorenzData data)
{
    m_data = std::move(data);
    changed(m_data.title, m_data.unitNote);
}

std::unique_ptr<MarkScene> LorenzChart::makeScene(QSizeF size) const
{
    return lorenzScene(m_data, size);
}

SankeyChart::SankeyChart(QWidget* parent)
    : MarkChart(parent)
{
}

void SankeyChart::setData(SankeyData data)
{
    m_data = std::move(data);
    changed(m_data.title, m_data.unitNote);
}

QString SankeyChart::nodeKey(int column, const QString& key)
{
    return QString::number(column) + kSeparator + key;
}

QString SankeyChart::linkKey(int leftColumn, const QString& from, const QString& to)
{
    return QString::number(leftColumn) + kSeparator + from + kSeparator + to;
}

std::unique_ptr<MarkScene> SankeyChart::makeScene(QSizeF size) const
{
    return sankeyScene(m_data, size);
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
    : MarkChart(parent)
{
}

void TreemapChart::setData(TreemapData data)
{
    m_data = std::move(data);
    setPath(QStringList(m_path)); // what is gone is left
    changed(m_data.title, m_data.unitNote);
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
    : MarkChart(parent)
{
}

void CommitmentsChart::setData(CommitmentsData data)
{
    m_data = std::move(data);
    changed(m_data.title, m_data.unitNote);
}

std::unique_ptr<MarkScene> CommitmentsChart::makeScene(QSizeF size) const
{
    return commitmentsScene(m_data, size);
}

ConcentrationChart::ConcentrationChart(QWidget* parent)
    : MarkChart(parent)
{
}

void ConcentrationChart::setData(ConcentrationData data)
{
    m_data = std::move(data);
    changed(m_data.title, m_data.unitNote);
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
    : MarkChart(parent)
{
}

void DistributionChart::setData(DistributionData data)
{
    m_data = std::move(data);
    changed(m_data.title, m_data.unitNote);
}

std::unique_ptr<MarkScene> DistributionChart::makeScene(QSizeF size) const
{
    return distributionScene(m_data, size);
}

BarsChart::BarsChart(QWidget* parent)
    : MarkChart(parent)
{
}

void BarsChart::setData(BarsData data)
{
    m_data = std::move(data);
    changed(m_data.title, m_data.unitNote);
}

std::unique_ptr<MarkScene> BarsChart::makeScene(QSizeF size) const
{
    return barsScene(m_data, size);
}

} // namespace isobar::ui
