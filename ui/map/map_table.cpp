// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/map_table.h"

#include "ui/map/color_scale.h"
#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <QHeaderView>
#include <QKeyEvent>
#include <QSortFilterProxyModel>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace isobar::ui {
namespace {

constexpr double kSteady = 0.005; ///< half a point
constexpr int kSortRole = Qt::UserRole;

/// Names stand left, figures right, and so do their headings.
QVariant alignmentOf(int column)
{
    return QVariant::fromValue(Qt::Alignment(column <= MapTableModel::Providers ? Qt::AlignLeft : Qt::AlignRight) |
                               Qt::AlignVCenter);
}

double rankedBy(const MapMarker& m, MapMeasure measure)
{
    return measure == MapMeasure::Parts || measure == MapMeasure::State ? m.utilization : m.measure(measure);
}

} // namespace

std::vector<int> markerRanks(const MapScene& scene, MapMeasure measure)
{
    std::vector<std::size_t> order(scene.markers.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        const double x = rankedBy(scene.markers[a], measure), y = rankedBy(scene.markers[b], measure);
        if (std::isnan(x) || std::isnan(y)) {
            return !std::isnan(x) && std::isnan(y);
        }
        return lowIsBad(measure) ? x < y : x > y;
    });
    std::vector<int> ranks(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
        ranks[order[i]] = static_cast<int>(i) + 1;
    }
    return ranks;
}

QString trendText(double trend)
{
    if (!std::isfinite(trend)) {
        return {};
    }
    if (std::abs(trend) < kSteady) {
        return QStringLiteral("steady");
    }
    return (trend > 0 ? QStringLiteral("+") : QString(QChar(0x2212))) + grouped(std::abs(100 * trend), 0) +
           QStringLiteral(" pt");
}

QString trendWords(double trend)
{
    if (!std::isfinite(trend) || std::abs(trend) < kSteady) {
        return std::isfinite(trend) ? QStringLiteral("steady") : QString();
    }
    const QString points = grouped(std::abs(100 * trend), 0);
    return QStringLiteral("%1 %2 %3")
        .arg(trend > 0 ? QStringLiteral("up") : QStringLiteral("down"), points,
             points == QLatin1String("1") ? QStringLiteral("point") : QStringLiteral("points"));
}

void MapTableModel::setScene(const MapScene& scene, MapMeasure measure)
{
    const bool sameRows = m_rows.size() == scene.markers.size() && m_measure == measure;
    if (!sameRows) {
        beginResetModel();
    }
    m_measure = measure;
    const std::vector<int> ranks = markerRanks(scene, measure);
    m_rows.clear();
    for (std::size_t i = 0; i < scene.markers.size(); ++i) {
        const MapMarker& m = scene.markers[i];
        QStringList providers;
        for (const MapSlice& slice : m.slices) {
            providers << slice.label;
        }
        m_rows.push_back({m.id, m.name, providers.join(QStringLiteral(", ")), m.size, m.utilization,
                          measure == MapMeasure::Parts ? m.measure(MapMeasure::SloAttainment) : m.measure(measure),
                          m.trend, ranks[i], m.trouble});
    }
    if (!sameRows) {
        endResetModel();
    } else if (!m_rows.empty()) { // in place: the selection and the scroll position stay
        Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1));
    }
}

int MapTableModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int MapTableModel::columnCount(const QModelIndex&) const
{
    return Trend + 1;
}

QVariant MapTableModel::data(const QModelIndex& index, int role) const
{
    const Row& row = m_rows[static_cast<std::size_t>(index.row())];
    const MapMeasure measure = m_measure == MapMeasure::Parts ? MapMeasure::SloAttainment : m_measure;
    if (role == Qt::TextAlignmentRole) {
        return alignmentOf(index.column());
    }
    if (role == Qt::ForegroundRole && row.trouble && index.column() == Utilization) {
        return theme().trouble;
    }
    const bool text = role == Qt::DisplayRole;
    if (!text && role != kSortRole) {
        return {};
    }
    switch (index.column()) {
    case Place:
        return text && row.trouble ? row.place + QStringLiteral(" !") : row.place;
    case Providers:
        return row.providers;
    case Accelerators:
        return text ? QVariant(count(row.accelerators).joined()) : QVariant(row.accelerators);
    case Utilization:
        return text ? QVariant(percent(row.utilization, 0).joined()) : QVariant(row.utilization);
    case Measure:
        return text ? QVariant(measureText(measure, row.measure))
                    : QVariant(std::isfinite(row.measure) ? row.measure : -1.0);
    case Rank:
        return row.rank;
    default:
        return text ? QVariant(trendText(row.trend)) : QVariant(std::isfinite(row.trend) ? row.trend : -9.0);
    }
}

QVariant MapTableModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation == Qt::Horizontal && role == Qt::TextAlignmentRole) {
        return alignmentOf(section);
    }
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole) {
        return {};
    }
    switch (section) {
    case Place:
        return QStringLiteral("Place");
    case Providers:
        return QStringLiteral("Providers");
    case Accelerators:
        return QStringLiteral("Accelerators");
    case Utilization:
        return QStringLiteral("Utilization");
    case Measure:
        return measureName(m_measure == MapMeasure::Parts ? MapMeasure::SloAttainment : m_measure) +
               QStringLiteral(", worst region"); // of a place with several
    case Rank:
        return QStringLiteral("Rank");
    default:
        return QStringLiteral("Trend");
    }
}

MapTable::MapTable(QWidget* parent)
    : QTableView(parent)
    , m_model(new MapTableModel(this))
{
    setObjectName(QStringLiteral("mapTable"));
    setAccessibleName(QStringLiteral("Places of the fleet"));
    auto* sorted = new QSortFilterProxyModel(this);
    sorted->setSourceModel(m_model);
    sorted->setSortRole(kSortRole);
    sorted->setSortCaseSensitivity(Qt::CaseInsensitive);
    setModel(sorted);
    setSortingEnabled(true);
    sortByColumn(MapTableModel::Rank, Qt::AscendingOrder);
    setSelectionBehavior(QAbstractItemView::SelectRows);
    setSelectionMode(QAbstractItemView::SingleSelection);
    setEditTriggers(QAbstractItemView::NoEditTriggers);
    setTabKeyNavigation(false);
    setShowGrid(false);
    setFrameShape(QFrame::NoFrame);
    // The room at the right is that of the heading's arrow; names and headings begin at the same pixel.
    setStyleSheet(QStringLiteral("QTableView { border: none; }"
                                 "QTableView::item { padding: 0 14px 0 5px; border: none; }"
                                 "QHeaderView::section { padding: 6px 16px 6px 8px; }"));
    verticalHeader()->hide();
    verticalHeader()->setDefaultSectionSize(28);
    horizontalHeader()->setHighlightSections(false);
    horizontalHeader()->setStretchLastSection(false);
    horizontalHeader()->setSectionResizeMode(QHeaderView::ResizeToContents);
    horizontalHeader()->setSectionResizeMode(MapTableModel::Providers, QHeaderView::Stretch);
    connect(this, &QTableView::doubleClicked, this, [this, sorted](const QModelIndex& index) {
        Q_EMIT markerActivated(m_model->markerOf(sorted->mapToSource(index).row()));
    });
}

void MapTable::setScene(const MapScene& scene, MapMeasure measure)
{
    m_model->setScene(scene, measure);
}

void MapTable::selectMarker(int id)
{
    const auto* sorted = qobject_cast<QSortFilterProxyModel*>(model());
    for (int row = 0; row < m_model->rowCount(); ++row) {
        if (m_model->markerOf(row) == id) {
            selectRow(sorted->mapFromSource(m_model->index(row, 0)).row());
        }
    }
}

void MapTable::keyPressEvent(QKeyEvent* event)
{
    if ((event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) && currentIndex().isValid()) {
        Q_EMIT doubleClicked(currentIndex());
        return;
    }
    if (event->key() == Qt::Key_T || event->key() == Qt::Key_Escape) {
        event->ignore(); // the map's
        return;
    }
    QTableView::keyPressEvent(event);
}

} // namespace isobar::ui
