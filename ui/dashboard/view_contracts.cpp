// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/query/balance.h"
#include "model/report/table_writer.h"
#include "ui/dashboard/contracts.h"
#include "ui/dashboard/view_tables.h"
#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

namespace isobar::ui {
namespace {

using query::Dimension;
using query::Measure;
using Intervals = std::vector<std::shared_ptr<const aggregate::Interval>>;

constexpr double kPoorUse = 0.8;           ///< of a contract: less is marked
constexpr double kMostOfOneProvider = 0.5; ///< of spend: a rule of thumb, drawn as a line
constexpr double kSecondsPerDay = 86'400;

double epochOf(const QString& isoDate)
{
    // "2025-03" stands for its first day.
    const QString whole = isoDate.size() == 7 ? isoDate + QStringLiteral("-01") : isoDate;
    const QDate date = QDate::fromString(whole.left(10), Qt::ISODate);
    return date.isValid() ? static_cast<double>(QDateTime(date, QTime(0, 0), Qt::UTC).toSecsSinceEpoch()) : 0;
}

QString csvCell(const QString& text)
{
    QString copy = text;
    return text.contains(QLatin1Char(',')) || text.contains(QLatin1Char('"'))
               ? QLatin1Char('"') + copy.replace(QLatin1Char('"'), QStringLiteral("\"\"")) + QLatin1Char('"')
               : text;
}

QString exact(double value)
{
    return std::isfinite(value) ? QString::fromStdString(fmt::format("{}", value)) : QString();
}

} // namespace

std::vector<std::shared_ptr<const aggregate::Interval>> intervalsOf(const ViewContext& context)
{
    if (!context.history.empty()) {
        return context.history.range(context.from(), context.now, 0);
    }
    Intervals inside;
    for (const auto& interval : context.intervals) {
        if (interval->end > context.from() && interval->begin < context.now) {
            inside.push_back(interval);
        }
    }
    return inside;
}

std::vector<ContractUse> contractUse(const ViewContext& context)
{
    const Fleet& fleet = *context.fleet;
    std::vector<ContractUse> uses(fleet.providers.size());
    double seconds = 0;
    constexpr std::array kContracts{PricingModel::Reserved, PricingModel::Committed};
    for (const auto& interval : intervalsOf(context)) {
        seconds += static_cast<double>(interval->end - interval->begin) * 1e-6;
        for (std::size_t i = 0; i < interval->supply.size(); ++i) {
            const aggregate::Layout::SupplyRow& row = interval->layout->supply[i];
            ContractUse& use = uses[fleet[fleet[row.pool].region].provider.index()];
            const bool idle = row.use == aggregate::Use::Idle || row.use == aggregate::Use::Down;
            for (std::size_t p = 0; p < kPricingModels; ++p) {
                const double usd = static_cast<double>(interval->supply[i].costMicroUsd[p]) * 1e-6;
                const bool contracted =
                    std::count(kContracts.begin(), kContracts.end(), static_cast<PricingModel>(p)) > 0;
                (!contracted ? use.otherUsdPerDay : idle ? use.unusedUsdPerDay : use.usedUsdPerDay) += usd;
            }
        }
    }
    for (std::size_t i = 0; i < uses.size(); ++i) {
        uses[i].provider = ProviderId(i);
        for (double* usd : {&uses[i].usedUsdPerDay, &uses[i].unusedUsdPerDay, &uses[i].otherUsdPerDay}) {
            *usd = seconds > 0 ? *usd / seconds * kSecondsPerDay : 0;
        }
    }
    std::erase_if(uses, [](const ContractUse& use) { return use.usedUsdPerDay + use.unusedUsdPerDay <= 0; });
    return uses;
}

CommitmentsData commitments(const ViewContext& context)
{
    const Fleet& fleet = *context.fleet;
    auto data = framed<CommitmentsData>(View::Commitments, QStringLiteral("covered · used · until"));
    data.now = static_cast<double>(context.timeAt(context.now).toSecsSinceEpoch());
    data.from = data.now - 366 * kSecondsPerDay;
    data.to = data.now + 3 * 366 * kSecondsPerDay;
    for (const ContractUse& use : contractUse(context)) {
        const Provider& provider = fleet[use.provider];
        if (context.selection.provider && *context.selection.provider != use.provider) {
            continue;
        }
        CommitmentRow row;
        row.key = QString::fromStdString(provider.key);
        row.name = QString::fromStdString(provider.name);
        row.color = theme().provider(provider.key);
        row.coverage = use.coverageRatio();
        row.utilization = use.utilizationRatio();
        row.unusedUsdPerDay = use.unusedUsdPerDay;
        row.trouble = row.utilization < kPoorUse;
        for (const Commitment& contract : fleet.commitments) {
            if (contract.provider != use.provider) {
                continue;
            }
            const double start = epochOf(QString::fromStdString(contract.start));
            row.start = row.start == 0 ? start : std::min(row.start, start);
            if (contract.termYears) {
                row.end = std::max(row.end, start + *contract.termYears * 365.25 * kSecondsPerDay);
                row.kind = QStringLiteral("%1 years").arg(*contract.termYears);
            }
        }
        row.start = row.start == 0 ? data.from : row.start;
        data.from = std::min(data.from, row.start);
        data.to = std::max(data.to, row.end);
        for (const isobar::CapacityArrival& arrival : fleet.arrivals) {
            const Pool& pool = fleet[arrival.pool];
            if (fleet[pool.region].provider == use.provider) {
                row.arrivals.push_back(
                    {epochOf(QString::fromStdString(arrival.date)),
                     QStringLiteral("%1 %2, %3")
                         .arg(grouped(arrival.chips, 0), QString::fromStdString(fleet[pool.accelerator].name),
                              QString::fromStdString(fleet[pool.region].code))});
            }
        }
        data.rows.push_back(std::move(row));
    }
    if (const auto with = comparedWith(context)) {
        data.beforeName = with->name;
        for (const ContractUse& use : contractUse(with->context)) {
            const QString key = QString::fromStdString((*with->context.fleet)[use.provider].key);
            for (CommitmentRow& row : data.rows) {
                row.utilizationBefore = row.key == key ? use.utilizationRatio() : row.utilizationBefore;
            }
        }
    }
    for (CommitmentRow& row : data.rows) {
        row.open = row.end == 0;
        row.end = row.open ? data.to : row.end;
    }
    return data;
}

ConcentrationData concentration(const ViewContext& context)
{
    const Fleet& fleet = *context.fleet;
    auto data = framed<ConcentrationData>(View::Concentration,
                                          QStringLiteral("of spend; losing one is an estimate from the capacity seen"));
    data.kind = ValueKind::Plain;
    data.capacityUnit = QStringLiteral("tokens/s");
    data.limit = kMostOfOneProvider;
    struct Spend {
        query::Table table;
        double total = 0;
        [[nodiscard]] double share(const std::string& provider) const
        {
            return valueOf(table, {provider}, Measure::SpendUsdPerDay) / total;
        }
    };
    const auto spendOf = [](ViewContext whole) {
        whole.selection.provider.reset(); // what is lost is lost to all
        Spend spend{ask(whole, {Measure::SpendUsdPerDay}, {Dimension::Provider})};
        for (const query::Row& row : spend.table.rows) {
            spend.total += std::isfinite(row.values[0]) ? row.values[0] : 0;
        }
        return spend;
    };
    const Spend now = spendOf(context);
    std::optional<Spend> before;
    if (const auto with = comparedWith(context)) {
        data.beforeName = with->name;
        before = spendOf(with->context);
    }
    const Intervals intervals = intervalsOf(context);
    for (std::size_t i = 0; i < fleet.providers.size(); ++i) {
        const std::string& key = fleet.providers[i].key;
        const double share = now.share(key);
        if (!std::isfinite(share) || now.total <= 0) {
            continue;
        }
        const Loss loss = lossOf(fleet, intervals, Dimension::Provider, static_cast<std::uint32_t>(i));
        data.rows.push_back({QString::fromStdString(key), QString::fromStdString(fleet.providers[i].name),
                             theme().provider(key), share, loss.leftTokensPerSecond, loss.demandTokensPerSecond,
                             loss.verdict(fleet)});
        if (before && std::isfinite(before->share(key))) {
            data.rows.back().shareBefore = before->share(key);
        }
    }
    std::stable_sort(data.rows.begin(), data.rows.end(),
                     [](const ConcentrationRow& a, const ConcentrationRow& b) { return a.share > b.share; });
    return data;
}

Loss lossOf(const Fleet& fleet, const Intervals& intervals, Dimension lost, std::uint32_t index)
{
    Loss loss;
    // The last tier of a model asks for everything of it; the tier that fails first is the one to name.
    std::map<std::uint32_t, const query::NPlusOne*> all;
    const std::vector<query::NPlusOne> answers = query::ifLost(fleet, intervals, lost, index);
    for (const query::NPlusOne& answer : answers) {
        const auto model = static_cast<std::uint32_t>(answer.model.index());
        const query::NPlusOne*& last = all[model];
        last = last == nullptr || answer.demandTokensPerSecond >= last->demandTokensPerSecond ? &answer : last;
        if (!answer.carries() && loss.notCarried.count(answer.model) == 0) {
            loss.notCarried[answer.model] = answer.tier;
        }
    }
    for (const auto& [model, answer] : all) {
        loss.demandTokensPerSecond += answer->demandTokensPerSecond;
        loss.leftTokensPerSecond += answer->leftTokensPerSecond;
    }
    loss.models = all.size();
    return loss;
}

QString Loss::verdict(const Fleet& fleet) const
{
    if (models == 0) {
        return {};
    }
    if (notCarried.empty()) {
        return QStringLiteral("N+1 met: the rest carries all %1 models").arg(models);
    }
    const auto& [model, tier] = *notCarried.begin();
    const QString first = QString::fromStdString(fleet[model].name) + QStringLiteral(" (") +
                          QString::fromStdString(fleet[tier].name) + QStringLiteral(")");
    return notCarried.size() == 1
               ? QStringLiteral("N+1 not met: %1 does not fit").arg(first)
               : QStringLiteral("N+1 not met: %1 and %2 more models do not fit").arg(first).arg(notCarried.size() - 1);
}

Result<std::string> viewCsv(View view, const ViewContext& context)
{
    QStringList lines;
    const auto line = [&lines](const QStringList& cells) {
        QStringList escaped;
        for (const QString& cell : cells) {
            escaped << csvCell(cell);
        }
        lines << escaped.join(QLatin1Char(','));
    };
    const auto day = [](double epoch) {
        return QDateTime::fromSecsSinceEpoch(static_cast<qint64>(epoch), Qt::UTC)
            .toString(QStringLiteral("yyyy-MM-dd"));
    };
    // A comparison adds columns, named as report::toCsv() names its own.
    const bool compared = comparedWith(context).has_value();
    const auto with = [compared](QStringList cells, const QStringList& base) {
        return compared ? cells + base : cells;
    };
    const auto known = [](const std::optional<double>& value) { return value ? exact(*value) : QString(); };
    if (view == View::Commitments) {
        line(with({QStringLiteral("provider"), QStringLiteral("coverage_ratio"), QStringLiteral("utilization_ratio"),
                   QStringLiteral("used_usd_per_day"), QStringLiteral("unused_usd_per_day"),
                   QStringLiteral("other_chip_usd_per_day"), QStringLiteral("start"), QStringLiteral("end"),
                   QStringLiteral("arrivals")},
                  {QStringLiteral("utilization_ratio_base")}));
        const auto uses = contractUse(context);
        for (const CommitmentRow& row : commitments(context).rows) {
            const auto use = std::find_if(uses.begin(), uses.end(), [&](const ContractUse& u) {
                return QString::fromStdString((*context.fleet)[u.provider].key) == row.key;
            });
            QStringList arrivals;
            for (const CapacityArrival& arrival : row.arrivals) {
                arrivals << day(arrival.time) + QLatin1Char(' ') + arrival.text;
            }
            line(with({row.key, exact(row.coverage), exact(row.utilization), exact(use->usedUsdPerDay),
                       exact(use->unusedUsdPerDay), exact(use->otherUsdPerDay), day(row.start),
                       row.open ? QString() : day(row.end), arrivals.join(QStringLiteral("; "))},
                      {known(row.utilizationBefore)}));
        }
    } else if (view == View::Concentration) {
        line(with({QStringLiteral("provider"), QStringLiteral("share_of_spend_ratio"),
                   QStringLiteral("remaining_tokens_per_second"), QStringLiteral("demand_tokens_per_second"),
                   QStringLiteral("verdict")},
                  {QStringLiteral("share_of_spend_ratio_base")}));
        for (const ConcentrationRow& row : concentration(context).rows) {
            line(with({row.key, exact(row.share), exact(row.remainingCapacity), exact(row.demand), row.verdict},
                      {known(row.shareBefore)}));
        }
    } else if (view == View::TtftDistribution) {
        line(with({QStringLiteral("from_seconds"), QStringLiteral("to_seconds"), QStringLiteral("requests")},
                  {QStringLiteral("requests_base")}));
        std::map<std::pair<double, double>, std::array<double, 2>> bins; // by their edges: now, and before
        for (const DistributionSeries& series : ttftHistogram(context).series) {
            for (qsizetype i = 0; i < series.counts.size(); ++i) {
                bins[{series.edges[i], series.edges[i + 1]}][series.ghost ? 1 : 0] += series.counts[i];
            }
        }
        for (const auto& [edges, requests] : bins) {
            line(with({exact(edges.first), exact(edges.second), exact(requests[0])}, {exact(requests[1])}));
        }
    } else {
        ISOBAR_TRY_ASSIGN(const query::Table table, viewTable(view, context));
        return report::toCsv(table);
    }
    return (lines.join(QLatin1Char('\n')) + QLatin1Char('\n')).toStdString();
}

DistributionData ttftHistogram(const ViewContext& context)
{
    auto data =
        framed<DistributionData>(View::TtftDistribution, QStringLiteral("requests by seconds, network included"));
    const auto add = [&data](const ViewContext& of, const QString& name, bool ghost) {
        const aggregate::Sketch sketch = ttftSketch(of);
        if (sketch.count() == 0) {
            return;
        }
        DistributionSeries series{name, ghost ? theme().muted : theme().accent, {}, {}, ghost};
        // Four of the sketch's buckets (4 % wide each) make a bin: about 17 % wide.
        constexpr std::size_t kPerBin = 4;
        std::size_t first = 0, last = 0;
        for (std::size_t b = 0; b < aggregate::Sketch::kBuckets; ++b) {
            if (sketch.bucketCount(b) > 0) {
                first = last == 0 ? b : first;
                last = b + 1;
            }
        }
        const auto upper = [](std::size_t bucket) { // where a bucket ends: the next begins
            return aggregate::Sketch::kMinimumSeconds *
                   std::pow(aggregate::Sketch::kGamma, static_cast<double>(bucket));
        };
        first = std::max<std::size_t>(first / kPerBin * kPerBin, 1);
        series.edges.push_back(upper(first - 1));
        for (std::size_t b = first; b < last; b += kPerBin) {
            double count = b == first ? static_cast<double>(sketch.bucketCount(0)) : 0;
            for (std::size_t i = b; i < std::min(b + kPerBin, aggregate::Sketch::kBuckets); ++i) {
                count += static_cast<double>(sketch.bucketCount(i));
            }
            series.counts.push_back(count);
            series.edges.push_back(upper(b + kPerBin - 1));
        }
        data.series.push_back(std::move(series));
    };
    add(context, QStringLiteral("now"), false);
    if (const auto with = comparedWith(context)) {
        add(with->context, with->name, true);
    }
    const TimeChartData lines = latencyChart(context); // the same rule for the target
    data.target = lines.target;
    data.targetLabel = lines.targetLabel;
    return data;
}

aggregate::Sketch ttftSketch(const ViewContext& context)
{
    const Fleet& fleet = *context.fleet;
    const SelectionState& state = context.selection;
    aggregate::Sketch sum;
    for (const auto& interval : intervalsOf(context)) {
        for (std::size_t i = 0; i < interval->latencies.size(); ++i) {
            const aggregate::Layout::DemandRow& row = interval->layout->demand[i];
            const Workload& workload = fleet[row.workload];
            if ((state.tier && workload.tier != *state.tier) || (state.workload && row.workload != *state.workload) ||
                (state.model && workload.model != *state.model)) {
                continue;
            }
            if (state.provider || !state.regions.empty()) {
                if (row.placement == aggregate::Layout::kUnrouted) {
                    continue;
                }
                const RegionId region = fleet[interval->layout->placements[row.placement].pool].region;
                if ((state.provider && fleet[region].provider != *state.provider) ||
                    (!state.regions.empty() && state.regions.count(region) == 0)) {
                    continue;
                }
            }
            interval->latencies[i][static_cast<std::size_t>(aggregate::Latency::Ttft)].addTo(sum);
        }
    }
    return sum;
}

} // namespace isobar::ui
