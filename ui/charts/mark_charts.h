// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/mark_chart.h"

/// The charts made of marks. Each shows what its data in mark_data.h says, and nothing else.
namespace isobar::ui {

/// What they have in common: the data they show.
template <typename Data> class DataMarkChart : public MarkChart {
public:
    void setData(Data data)
    {
        m_data = std::move(data);
        dataChanged();
        changed(m_data.title, m_data.unitNote);
    }
    [[nodiscard]] const Data& data() const { return m_data; }

protected:
    using MarkChart::MarkChart;
    /// Before the chart is laid out anew.
    virtual void dataChanged() {}

    Data m_data;
};

/// Those that need nothing but data: their scene of mark_scene.h.
template <typename Data, std::unique_ptr<MarkScene> (*kScene)(const Data&, QSizeF)>
class SceneMarkChart : public DataMarkChart<Data> {
public:
    [[nodiscard]] std::unique_ptr<MarkScene> makeScene(QSizeF size) const override
    {
        return kScene(this->m_data, size);
    }

protected:
    using DataMarkChart<Data>::DataMarkChart;
};

/// Rows × columns as coloured cells, the value written where there is room, the distribution beside the colour scale.
class HeatMapChart final : public SceneMarkChart<HeatMapData, heatMapScene> {
    Q_OBJECT
public:
    explicit HeatMapChart(QWidget* parent = nullptr);
    /// The key of the mark of a cell.
    [[nodiscard]] static QString cellKey(const QString& row, const QString& column);

Q_SIGNALS:
    void cellClicked(const QString& rowKey, const QString& columnKey);

protected:
    void markActivated(const ChartMark& mark) override;
};

/// Share of load over share of capacity, least loaded first, with the Gini coefficient now and before. A mark is an
/// entry's piece of the curve.
class LorenzChart final : public SceneMarkChart<LorenzData, lorenzScene> {
    Q_OBJECT
public:
    explicit LorenzChart(QWidget* parent = nullptr);
};

/// Flows from column to column; hovering a node or a ribbon lights every way that leads through it, end to end.
class SankeyChart final : public SceneMarkChart<SankeyData, sankeyScene> {
    Q_OBJECT
public:
    explicit SankeyChart(QWidget* parent = nullptr);
    [[nodiscard]] static QString nodeKey(int column, const QString& key);
    [[nodiscard]] static QString linkKey(int leftColumn, const QString& from, const QString& to);

Q_SIGNALS:
    void nodeClicked(int column, const QString& key);
    void linkClicked(int leftColumn, const QString& fromKey, const QString& toKey);

protected:
    void markActivated(const ChartMark& mark) override;
};

/// Areas in proportion to values. A click on a group goes into it; Esc, Backspace or the breadcrumb goes back.
class TreemapChart final : public DataMarkChart<TreemapData> {
    Q_OBJECT
public:
    explicit TreemapChart(QWidget* parent = nullptr);
    [[nodiscard]] std::unique_ptr<MarkScene> makeScene(QSizeF size) const override;
    /// Keys of the groups gone into, outermost first; a key that is not there any more ends the path.
    void setPath(const QStringList& path);
    [[nodiscard]] const QStringList& path() const { return m_path; }
    /// The key of a mark: the keys of the way to it.
    [[nodiscard]] static QString pathKey(const QStringList& path);

Q_SIGNALS:
    void drilled(const QStringList& path); ///< by the reader, not by setPath()
    void leafClicked(const QStringList& path);

protected:
    void dataChanged() override { setPath(QStringList(m_path)); } // what is gone is left
    void markActivated(const ChartMark& mark) override;
    bool goBack() override;

private:
    QStringList m_path;
};

/// Contracts over time: how long, how well used, what is paid for nothing, when capacity comes.
class CommitmentsChart final : public SceneMarkChart<CommitmentsData, commitmentsScene> {
    Q_OBJECT
public:
    explicit CommitmentsChart(QWidget* parent = nullptr);
};

/// Shares with the Herfindahl index (HHI); hovering or picking a provider takes it away and shows whether the capacity
/// that is left carries the demand.
class ConcentrationChart final : public DataMarkChart<ConcentrationData> {
    Q_OBJECT
public:
    explicit ConcentrationChart(QWidget* parent = nullptr);
    [[nodiscard]] std::unique_ptr<MarkScene> makeScene(QSizeF size) const override;
    /// The provider taken away for good, until another one or none is; a click does it too.
    void setLostKey(const QString& key);
    [[nodiscard]] const QString& lostKey() const { return m_lostKey; }

Q_SIGNALS:
    void whatIfChanged(const QString& lostKey); ///< by a click; empty: back to all

protected:
    void markActivated(const ChartMark& mark) override;
    void markEntered(const QString& key) override;
    bool goBack() override;

private:
    QString m_lostKey, m_hoverKey;
};

/// How often which value: a histogram with p50, p95, p99 and the SLO. A mark is a bin.
class DistributionChart final : public SceneMarkChart<DistributionData, distributionScene> {
    Q_OBJECT
public:
    explicit DistributionChart(QWidget* parent = nullptr);
};

/// Horizontal bars from zero, largest first, the rest summed and hatched.
class BarsChart final : public SceneMarkChart<BarsData, barsScene> {
    Q_OBJECT
public:
    explicit BarsChart(QWidget* parent = nullptr);
};

} // namespace isobar::ui
