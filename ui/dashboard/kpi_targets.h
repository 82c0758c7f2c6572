// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/result.h"
#include "model/query/measures.h"
#include "ui/charts/chart_data.h"
#include "ui/shell/format.h"

#include <QByteArray>

#include <array>
#include <optional>

namespace isobar::store {
class Store;
}

/// The six key figures and what each should reach.
namespace isobar::ui {

/// How a key figure is written, and what its change means.
struct KpiRule {
    query::Measure measure;
    const char* title;
    Figure (*figure)(double);
    bool points; ///< a ratio: changes in percentage points, not percent
    bool adds;   ///< the whole is the sum of its parts: a filtered part of it is smaller
    KpiData::Direction up;
    KpiData::Direction down;
};
inline constexpr std::size_t kKpiCount = 6;
[[nodiscard]] const std::array<KpiRule, kKpiCount>& kpiRules();

struct KpiTarget {
    double value = 0;    ///< in the measure's unit: USD/d, a ratio of 0 to 1, g/d
    bool atLeast = true; ///< else at most
    friend bool operator==(const KpiTarget&, const KpiTarget&) = default;
};
/// By the place of the figure among the six; nothing where none is set.
using KpiTargets = std::array<std::optional<KpiTarget>, kKpiCount>;

/// Where nobody has set any: SLO attainment at least 95 %.
[[nodiscard]] KpiTargets usualTargets();
/// {"schema": 1, "targets": [{"figure": "slo_attainment", "at_least": 0.95}]}
[[nodiscard]] QByteArray targetsToJson(const KpiTargets& targets);
/// Errors say what is wrong; a figure of a newer version is left out.
[[nodiscard]] Result<KpiTargets> targetsFromJson(const QByteArray& json);
/// The store's setting they are kept in, and those it keeps; the usual ones where it keeps none.
inline constexpr const char* kTargetsKey = "kpi_targets";
[[nodiscard]] Result<KpiTargets> storedTargets(const store::Store& store);

/// Met, near or missed. Near is within nearBand() of the target, on either side: a figure that hovers about its target
/// would else change from one state to the other with every sample.
[[nodiscard]] KpiData::Standing standingOf(std::size_t figure, double value, const KpiTarget& target);
/// Half a point of a ratio, less where 0 % or 100 % is near (a tenth of what is left); else 1 % of the target.
[[nodiscard]] double nearBand(std::size_t figure, const KpiTarget& target);
[[nodiscard]] QString nearBandWords(std::size_t figure, const KpiTarget& target); ///< "0.5 pt", "$130 k / day"

[[nodiscard]] QString targetWords(std::size_t figure, const KpiTarget& target); ///< "at least 95 %"
[[nodiscard]] QString targetSign(std::size_t figure, const KpiTarget& target);  ///< "≥ 95 %"

/// How a target is typed: the measure's value is the number times `factor`.
struct TargetField {
    double factor = 1;
    QString prefix, suffix; ///< "$", " M / day"
    int decimals = 2;
    double most = 0;
};
/// In the unit that suits a value of about this size.
[[nodiscard]] TargetField targetField(std::size_t figure, double about);

} // namespace isobar::ui
