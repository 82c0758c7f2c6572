// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/map/map_scene.h"

#include <QAbstractTableModel>
#include <QTableView>

#include <vector>

namespace isobar::ui {

/// Where every marker stands: 1 = the worst by `measure` (by utilization when that is Parts or State); equals by the
/// scene's order. Unknown figures come last.
[[nodiscard]] std::vector<int> markerRanks(const MapScene& scene, MapMeasure measure);
/// "+3 pt", "−2 pt", "steady"; empty when not known.
[[nodiscard]] QString trendText(double trend);
/// "up 3 points", "down 2 points", "steady": for reading aloud.
[[nodiscard]] QString trendWords(double trend);

/// The map's content as rows.
class MapTableModel : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { Place, Providers, Accelerators, Utilization, Measure, Rank, Trend };

    using QAbstractTableModel::QAbstractTableModel;
    void setScene(const MapScene& scene, MapMeasure measure);
    [[nodiscard]] int markerOf(int row) const { return m_rows[static_cast<std::size_t>(row)].id; }

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] int columnCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    [[nodiscard]] QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    struct Row {
        int id;
        QString place, providers;
        double accelerators, utilization, measure, trend;
        int rank;
        bool trouble;
    };
    std::vector<Row> m_rows;
    MapMeasure m_measure = MapMeasure::Parts;
};

/// The same, sortable by any column, for those who rather read than look.
class MapTable : public QTableView {
    Q_OBJECT
public:
    explicit MapTable(QWidget* parent = nullptr);
    void setScene(const MapScene& scene, MapMeasure measure);
    void selectMarker(int id);

Q_SIGNALS:
    void markerActivated(int id);

protected:
    void keyPressEvent(QKeyEvent* event) override;

private:
    MapTableModel* m_model;
};

} // namespace isobar::ui
