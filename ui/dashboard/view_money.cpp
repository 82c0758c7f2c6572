// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/view_tables.h"
#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {

using query::Dimension;
using query::Measure;

/// A loss has its sign before the dollar.
QString signedDollarsPerDay(double usdPerDay)
{
    return (usdPerDay < 0 ? QStringLiteral("−") : QString()) + dollarsPerDay(std::abs(usdPerDay)).joined();
}

} // namespace

ShareData marginByModel(const ViewContext& context)
{
    const std::vector<Measure> measures{Measure::RevenueUsdPerDay, Measure::MarginUsdPerDay, Measure::MarginRatio,
                                        Measure::UnpricedTokens, Measure::TokensPerSecond};
    ShareData data;
    data.title = viewTitle(View::Margin);
    data.unitNote = QStringLiteral("revenue · margin");
    const query::Table table = ask(context, measures, {Dimension::Model});
    for (std::size_t i = 0; i < context.fleet->models.size(); ++i) {
        const std::string& name = context.fleet->models[i].name;
        const double revenue = valueOf(table, {name}, Measure::RevenueUsdPerDay);
        const double margin = valueOf(table, {name}, Measure::MarginUsdPerDay);
        const double tokens = valueOf(table, {name}, Measure::TokensPerSecond);
        if (std::isfinite(revenue) && std::isfinite(margin)) {
            const double ratio = valueOf(table, {name}, Measure::MarginRatio);
            data.rows.push_back({QString::fromStdString(name), QString::fromStdString(name), theme().category(i),
                                 revenue,
                                 dollarsPerDay(revenue).joined() + QStringLiteral(" · ") +
                                     (std::isfinite(ratio) ? percent(ratio, 0).joined() : signedDollarsPerDay(margin)),
                                 margin < 0});
        } else if (tokens > 0) {
            data.rows.push_back({QString::fromStdString(name), QString::fromStdString(name), theme().category(i), 0,
                                 QStringLiteral("no price"), false});
        }
    }
    if (const auto with = comparedWith(context)) {
        const query::Table before = ask(with->context, {Measure::RevenueUsdPerDay}, {Dimension::Model});
        data.beforeName = with->name;
        for (ShareRow& row : data.rows) {
            const double revenue = valueOf(before, {row.key.toStdString()}, Measure::RevenueUsdPerDay);
            row.before = std::isfinite(revenue) ? std::optional(revenue) : std::nullopt;
        }
    }
    std::stable_sort(data.rows.begin(), data.rows.end(),
                     [](const ShareRow& a, const ShareRow& b) { return a.value > b.value; });
    const query::Table whole = ask(context, measures, {});
    if (whole.rows.empty() || data.rows.empty()) {
        const bool narrowed = context.selection.tier || context.selection.workload;
        data.footnote = narrowed && !whole.rows.empty() ? QStringLiteral("Margin is not counted by tier or workload")
                                                        : waitingText();
        return data;
    }
    const double revenue = valueOf(whole, {}, Measure::RevenueUsdPerDay);
    const double margin = valueOf(whole, {}, Measure::MarginUsdPerDay);
    const double unpriced = valueOf(whole, {}, Measure::UnpricedTokens);
    data.totalText = std::isfinite(revenue) ? dollarsPerDay(revenue).joined() : QString();
    data.footnote =
        std::isfinite(margin)
            ? QStringLiteral("Margin %1: revenue less chips that serve and egress, idle and training apart. ")
                  .arg(signedDollarsPerDay(margin))
            : QString();
    data.footnote += unpriced > 0 ? QStringLiteral("%1 tokens have no price.").arg(compact(unpriced).joined())
                                  : QStringLiteral("Every model has a list price.");
    return data;
}

} // namespace isobar::ui
