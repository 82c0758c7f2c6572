// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/planner/move_words.h"

#include "ui/shell/format.h"

#include <QCoreApplication>

#include <cmath>

namespace isobar::ui {
namespace {

QString text(const char* source)
{
    return QCoreApplication::translate("MoveWords", source);
}

using Judgement = MoveFigure::Judgement;

/// Better or worse once the difference is large enough to be shown at all.
Judgement judge(double difference, double visible, bool lessIsBetter)
{
    if (!std::isfinite(difference) || std::abs(difference) < visible) {
        return Judgement::Neutral;
    }
    return (difference < 0) == lessIsBetter ? Judgement::Better : Judgement::Worse;
}

QString signedFigure(double difference, Figure (*figure)(double), double visible)
{
    if (!std::isfinite(difference)) {
        return QStringLiteral("–");
    }
    if (std::abs(difference) < visible) {
        return text("same");
    }
    return (difference > 0 ? QStringLiteral("+") : QString()) + figure(difference).joined();
}

MoveFigure row(const char* name, double baseline, double scenario, Figure (*figure)(double), double visible,
               bool lessIsBetter)
{
    const double difference = scenario - baseline;
    return {text(name), figure(baseline).joined(), figure(scenario).joined(), signedFigure(difference, figure, visible),
            judge(difference, visible, lessIsBetter)};
}

/// The unit stands in the row's name, so the cells stay narrow: "$12.94 M", not "$12.94 M / day".
Figure ratePerSecond(double perSecond)
{
    return compact(perSecond);
}

Figure tenthsOfPercent(double ratio)
{
    return percent(ratio, 1);
}

} // namespace

std::vector<MoveFigure> moveFigures(const plan::Assessment& assessment)
{
    const plan::Figures& b = assessment.baseline;
    const plan::Figures& s = assessment.scenario;
    std::vector<MoveFigure> rows{
        row("Spend / day", b.spendUsdPerDay, s.spendUsdPerDay, dollars, 0.5, true),
        row("Model's cost / Mtok", b.usdPerMillionTokens, s.usdPerMillionTokens, dollars, 0.005, true),
        row("TTFT p95, est.", b.ttftP95Seconds, s.ttftP95Seconds, seconds, 0.0005, true),
        row("Between tokens, est.", b.itlSeconds, s.itlSeconds, seconds, 0.0001, true),
        row("Capacity req/s, est.", b.capacityRequestsPerSecond, s.capacityRequestsPerSecond, ratePerSecond, 0.5,
            false),
        row("Chips used, from", b.fromUsedRatio, s.fromUsedRatio, tenthsOfPercent, 0.0005, true),
        row("Chips used, to", b.toUsedRatio, s.toUsedRatio, tenthsOfPercent, 0.0005, true),
        row("Free chips, to", static_cast<double>(b.toFreeChips), static_cast<double>(s.toFreeChips), count, 0.5,
            false),
    };
    for (std::size_t i : {std::size_t{5}, std::size_t{6}, std::size_t{7}}) {
        rows[i].judgement = Judgement::Neutral; // a fuller pool is neither good nor bad in itself
    }
    return rows;
}

QString moveHeadline(const Fleet& fleet, const plan::Assessment& assessment)
{
    const QString pool = QString::fromStdString(fleet[assessment.move.to].key);
    if (assessment.verdict == plan::Verdict::No) {
        return text("No: %1").arg(pool);
    }
    const QString verdict = assessment.verdict == plan::Verdict::Yes ? text("Yes") : text("Tight");
    return text("%1: %2 replicas, %3 chips in %4")
        .arg(verdict, grouped(assessment.replicasAdded, 0), grouped(static_cast<double>(assessment.chipsNeeded), 0),
             pool);
}

QString moveNote(const plan::Assessment& assessment)
{
    return text("Latency and capacity are estimates, ±%1; nothing is simulated before the drop.")
        .arg(percent(assessment.latencyErrorRatio, 0).joined());
}

} // namespace isobar::ui
