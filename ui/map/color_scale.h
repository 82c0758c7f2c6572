// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/map/map_scene.h"
#include "ui/shell/theme.h"

#include <QString>

#include <array>
#include <memory>
#include <vector>

/// The colours of one measure over the map's places, with their distribution in view.
namespace isobar::ui {

/// Quantile: as many places in each colour, so that many small figures and one large one are told apart.
enum class ScaleKind : unsigned char { Quantile, Log, Linear };

/// What a group of places shows of its members' figures: the worst, or the one that 95 % of its accelerators are no
/// worse than. Never the mean, which hides what is wrong.
enum class GroupFigure : unsigned char { Worst, P95 };

struct MapLook {
    MapMeasure measure = MapMeasure::Parts;
    MapSplit split = MapSplit::Provider;
    ScaleKind scale = ScaleKind::Quantile;
    GroupFigure group = GroupFigure::Worst;
    friend bool operator==(const MapLook&, const MapLook&) = default;
};

[[nodiscard]] QString measureName(MapMeasure measure);   ///< "Cost per Mtok"
[[nodiscard]] QString splitName(MapSplit split);         ///< "provider"
[[nodiscard]] QString scaleName(ScaleKind kind);         ///< "quantile"
[[nodiscard]] QString groupFigureName(GroupFigure kind); ///< "worst", "p95"
[[nodiscard]] QString stateName(MarkerState state);      ///< "misses SLO"
[[nodiscard]] QColor stateColor(MarkerState state, const Theme& theme);
/// "64 %", "$1.87", "344 g/kWh"; "no data" for NaN.
[[nodiscard]] QString measureText(MapMeasure measure, double value);
[[nodiscard]] bool lowIsBad(MapMeasure measure);
/// The worse of two; a figure is worse than none.
[[nodiscard]] double worseOf(MapMeasure measure, double a, double b);

class ColorScale {
public:
    static constexpr std::size_t kBins = 24;

    /// Values that are NaN are left out.
    ColorScale(MapMeasure measure, ScaleKind kind, std::vector<double> values);

    [[nodiscard]] MapMeasure measure() const { return m_measure; }
    [[nodiscard]] ScaleKind kind() const { return m_kind; }
    [[nodiscard]] bool isEmpty() const { return m_sorted->empty(); }
    [[nodiscard]] double low() const { return m_sorted->empty() ? 0 : m_sorted->front(); }
    [[nodiscard]] double high() const { return m_sorted->empty() ? 0 : m_sorted->back(); }
    /// Where on the ramp, 0-1, the bad end at 1; monotone. NaN gives NaN. Log of figures not above 0 is the low end.
    [[nodiscard]] double position(double value) const;
    /// Places of each bin, equally wide from low to high.
    [[nodiscard]] const std::array<int, kBins>& histogram() const { return m_histogram; }
    [[nodiscard]] double binMiddle(std::size_t bin) const;
    [[nodiscard]] QColor color(double value, const Theme& theme) const;

private:
    MapMeasure m_measure;
    ScaleKind m_kind;
    std::shared_ptr<const std::vector<double>> m_sorted; ///< shared by copies; never null
    std::array<int, kBins> m_histogram{};
};

/// From quiet to loud, of even steps in lightness and safe for colour-blind eyes; `share` 0-1.
[[nodiscard]] QColor rampColor(double share, const Theme& theme);

} // namespace isobar::ui
