// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/kpi_targets.h"

#include "model/store/store.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {

using query::Measure;
using Direction = KpiData::Direction;

constexpr int kSchema = 1;
constexpr std::size_t kSloFigure = 2;

QString measureName(std::size_t figure)
{
    const std::string_view name = query::info(kpiRules()[figure].measure).name;
    return QString::fromUtf8(name.data(), static_cast<int>(name.size()));
}

/// "95.00" -> "95": a target is as exact as it was typed.
QString withoutZeros(QString number)
{
    if (number.contains(QLatin1Char('.'))) {
        while (number.endsWith(QLatin1Char('0'))) {
            number.chop(1);
        }
        if (number.endsWith(QLatin1Char('.'))) {
            number.chop(1);
        }
    }
    return number;
}

QString valueWords(std::size_t figure, double value)
{
    const TargetField field = targetField(figure, value);
    return field.prefix + withoutZeros(grouped(value / field.factor, field.decimals)) + field.suffix;
}

/// "$14.62", and two digits of what is small: "$0.053", "$0.00042".
Figure dollarsPerMillionTokens(double usd)
{
    const double size = std::abs(usd);
    if (!std::isfinite(usd) || size >= 0.1 || size < 1e-6) {
        return dollars(usd);
    }
    const int decimals = 1 - static_cast<int>(std::floor(std::log10(size)));
    return {(usd < 0 ? QString(QChar(0x2212)) : QString()) + QLatin1Char('$') + grouped(size, decimals), {}};
}

Error broken(const QString& what)
{
    return {.code = ErrorCode::Corrupt,
            .message = "targets of key figures: " + what.toStdString(),
            .advice = "set them anew"};
}

} // namespace

const std::array<KpiRule, kKpiCount>& kpiRules()
{
    static const std::array<KpiRule, kKpiCount> rules{{
        {Measure::SpendUsdPerDay, "Spend", dollarsPerDay, false, true, Direction::Worse, Direction::Better},
        {Measure::UsdPerMillionTokens, "Cost per million tokens", dollarsPerMillionTokens, false, false,
         Direction::Worse, Direction::Better},
        {Measure::SloAttainment, "SLO attainment", [](double v) { return percent(v, 2); }, true, false,
         Direction::Better, Direction::Worse},
        {Measure::Utilization, "Utilization", [](double v) { return percent(v, 1); }, true, false, Direction::Neutral,
         Direction::Neutral},
        {Measure::Headroom, "Headroom", [](double v) { return percent(v, 1); }, true, false, Direction::Neutral,
         Direction::Neutral},
        {Measure::CarbonGramsPerDay, "Carbon", tonnesPerDay, false, true, Direction::Worse, Direction::Better},
    }};
    return rules;
}

KpiTargets usualTargets()
{
    KpiTargets targets;
    targets[kSloFigure] = KpiTarget{0.95, true};
    return targets;
}

QByteArray targetsToJson(const KpiTargets& targets)
{
    QJsonArray list;
    for (std::size_t i = 0; i < targets.size(); ++i) {
        if (targets[i]) {
            const QString way = targets[i]->atLeast ? QStringLiteral("at_least") : QStringLiteral("at_most");
            list.append(QJsonObject{{QStringLiteral("figure"), measureName(i)}, {way, targets[i]->value}});
        }
    }
    return QJsonDocument(QJsonObject{{QStringLiteral("schema"), kSchema}, {QStringLiteral("targets"), list}})
        .toJson(QJsonDocument::Compact);
}

Result<KpiTargets> targetsFromJson(const QByteArray& json)
{
    QJsonParseError problem;
    const QJsonObject object = QJsonDocument::fromJson(json, &problem).object();
    if (problem.error != QJsonParseError::NoError) {
        return broken(problem.errorString() + QStringLiteral(" at byte %1").arg(problem.offset));
    }
    if (object.value(QStringLiteral("schema")).toInt() != kSchema) {
        return broken(QStringLiteral("written by a newer version"));
    }
    KpiTargets targets;
    for (const QJsonValue& each : object.value(QStringLiteral("targets")).toArray()) {
        const QJsonObject row = each.toObject();
        for (std::size_t i = 0; i < targets.size(); ++i) {
            if (row.value(QStringLiteral("figure")).toString() == measureName(i)) {
                const bool atLeast = row.contains(QStringLiteral("at_least"));
                const QJsonValue value = row.value(atLeast ? QStringLiteral("at_least") : QStringLiteral("at_most"));
                if (!value.isDouble() || value.toDouble() < 0) {
                    return broken(QStringLiteral("%1 has no value").arg(measureName(i)));
                }
                targets[i] = KpiTarget{value.toDouble(), atLeast};
            }
        }
    }
    return targets;
}

Result<KpiTargets> storedTargets(const store::Store& store)
{
    ISOBAR_TRY_ASSIGN(const std::optional<std::string> kept, store.setting(kTargetsKey));
    return kept && !kept->empty() ? targetsFromJson(QByteArray::fromStdString(*kept)) : usualTargets();
}

double nearBand(std::size_t figure, const KpiTarget& target)
{
    if (!kpiRules()[figure].points) {
        return std::abs(target.value) * 0.01;
    }
    return std::max(0.0, std::min({0.005, (1 - target.value) / 10, target.value / 10}));
}

QString nearBandWords(std::size_t figure, const KpiTarget& target)
{
    const double band = nearBand(figure, target);
    return kpiRules()[figure].points ? withoutZeros(grouped(band * 100, 3)) + QStringLiteral(" pt")
                                     : kpiRules()[figure].figure(band).joined();
}

KpiData::Standing standingOf(std::size_t figure, double value, const KpiTarget& target)
{
    if (!std::isfinite(value)) {
        return KpiData::Standing::None;
    }
    const double ahead = target.atLeast ? value - target.value : target.value - value;
    const double band = nearBand(figure, target);
    return ahead < -band ? KpiData::Standing::Missed : ahead < band ? KpiData::Standing::Near : KpiData::Standing::Met;
}

QString targetWords(std::size_t figure, const KpiTarget& target)
{
    return (target.atLeast ? QStringLiteral("at least ") : QStringLiteral("at most ")) +
           valueWords(figure, target.value);
}

QString targetSign(std::size_t figure, const KpiTarget& target)
{
    return (target.atLeast ? QStringLiteral("≥ ") : QStringLiteral("≤ ")) + valueWords(figure, target.value);
}

TargetField targetField(std::size_t figure, double about)
{
    switch (kpiRules()[figure].measure) {
    case Measure::SpendUsdPerDay: {
        const double size = std::isfinite(about) ? std::abs(about) : 0;
        const double factor = size >= 1e6 ? 1e6 : size >= 1e3 ? 1e3 : 1;
        const QString thousands = factor >= 1e6   ? QStringLiteral(" M")
                                  : factor >= 1e3 ? QStringLiteral(" k")
                                                  : QString();
        return {factor, QStringLiteral("$"), thousands + QStringLiteral(" / day"), 3, 1e6};
    }
    case Measure::UsdPerMillionTokens:
        return {1, QStringLiteral("$"), QStringLiteral(" / Mtok"), 3, 1e6};
    case Measure::CarbonGramsPerDay:
        return {1e6, QString(), QStringLiteral(" tCO₂e / day"), 2, 1e9};
    default:
        return {0.01, QString(), QStringLiteral(" %"), 2, 100};
    }
}

} // namespace isobar::ui
