// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/geo.h"

#include <QColor>
#include <QString>
#include <QStringList>

#include <array>
#include <limits>
#include <vector>

/// What the map shows, as plain values: the only input of MapView and paintMap.
namespace isobar::ui {

/// What a donut's colour can tell: whose its parts are, or one of its figures.
enum class MapMeasure : unsigned char {
    Parts,               ///< each part has its own colour
    Utilization,         ///< ratio
    DemandToSupply,      ///< ratio, may exceed 1
    SloAttainment,       ///< ratio; low is bad
    UsdPerMillionTokens, ///< USD
    CarbonIntensity,     ///< gCO2e/kWh of the grid
    State                ///< a MarkerState
};
inline constexpr std::size_t kMapMeasures = 7;
/// What a donut is split by.
enum class MapSplit : unsigned char { Provider, Model, Accelerator, State };
inline constexpr std::size_t kMapSplits = 4;
enum class MarkerState : unsigned char { Fine, Idle, Hot, MissesSlo };

/// A part of a marker, by default a provider's; value in accelerators.
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
    std::array<std::vector<MapSlice>, kMapSplits - 1> otherSlices; ///< by model, accelerator, state
    /// By MapMeasure, Parts unused; NaN = not known.
    std::array<double, kMapMeasures> measures = unknownMeasures();
    double trend = std::numeric_limits<double>::quiet_NaN(); ///< utilization less that of the period before
    /// Utilization in what the scene is compared with (MapScene::comparedName); NaN = not known, or not compared.
    double ghost = std::numeric_limits<double>::quiet_NaN();
    bool faded = false; ///< the filter leaves nothing of it: shown, but stepping back

    [[nodiscard]] const std::vector<MapSlice>& slicesBy(MapSplit split) const
    {
        return split == MapSplit::Provider ? slices : otherSlices[static_cast<std::size_t>(split) - 1];
    }
    [[nodiscard]] double measure(MapMeasure which) const { return measures[static_cast<std::size_t>(which)]; }
    static std::array<double, kMapMeasures> unknownMeasures()
    {
        std::array<double, kMapMeasures> all{};
        all.fill(std::numeric_limits<double>::quiet_NaN());
        return all;
    }
};

/// Round trip from an area to a marker.
struct MapRtt {
    int marker = -1;
    double seconds = 0;
    bool measured = false; ///< else estimated from distance
};

/// Where users are.
struct MapArea {
    int id = -1;
    QString name;
    LatLon at;
    double requestsPerSecond = 0;
    std::vector<MapRtt> rtt = {}; ///< to the markers; what its latency rings follow
};

/// Requests from an area to a marker, both by id, and what comes back.
struct MapFlow {
    int area = -1;
    int marker = -1;
    double requestsPerSecond = 0;
    /// Slow: where it ends, the promise is missed too often. Lost: refused.
    enum class State { Fine, Slow, Lost } state = State::Fine;
    double tokensPerSecond = 0; ///< of answers, on the way back; 0 = not known
};

/// Requests that were nearer to one marker that runs their model and were served by another, both by id.
struct MapSpill {
    int from = -1, to = -1;
    double requestsPerSecond = 0;
};

struct MapScene {
    std::vector<MapMarker> markers;
    std::vector<MapArea> areas;
    std::vector<MapFlow> flows;
    std::vector<MapSpill> spills;
    QString comparedName; ///< what MapMarker::ghost is of, "previous 5 min"; empty = nothing
    QString legendNote;   ///< one more line under the legend; may be empty
    /// Simulated time since 1970, for day and night; NaN = not known.
    double utcSeconds = std::numeric_limits<double>::quiet_NaN();
};

} // namespace isobar::ui
