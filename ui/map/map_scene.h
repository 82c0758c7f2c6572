// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/geo.h"

#include <QColor>
#include <QString>
#include <QStringList>

#include <vector>

/// What the map shows, as plain values: the only input of MapView and paintMap.
namespace isobar::ui {

/// A provider's part of a marker; value in accelerators.
struct MapSlice {
    QString label;
    QColor color;
    double value = 0;
};

/// One place with capacity. Regions of several clouds within about 30 km are one marker, split by `slices`.
struct MapMarker {
    int id = -1;
    QString name;
    LatLon at;
    std::vector<MapSlice> slices;
    double size = 0;        ///< accelerators
    double utilization = 0; ///< ratio 0-1; demand above supply may exceed 1
    bool trouble = false;
    QString label; ///< short label, e.g. "Frankfurt 64 %"
    QStringList regions;
};

/// Where users are.
struct MapArea {
    int id = -1;
    QString name;
    LatLon at;
    double requestsPerSecond = 0;
};

/// Requests from an area to a marker, both by id.
struct MapFlow {
    int area = -1;
    int marker = -1;
    double requestsPerSecond = 0;
    enum class State { Fine, Slow, Lost } state = State::Fine;
};

struct MapScene {
    std::vector<MapMarker> markers;
    std::vector<MapArea> areas;
    std::vector<MapFlow> flows;
    QString legendNote; ///< one more line under the legend; may be empty
};

} // namespace isobar::ui
