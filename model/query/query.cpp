// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/query/query.h"

#include "model/query/pass.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <tuple>

namespace isobar::query {
namespace {

using aggregate::Interval;
using aggregate::SimMicros;
using Intervals = std::span<const std::shared_ptr<const Interval>>;
constexpr std::size_t kMostRows = 5'000'000;

Status refuse(Measure measure, const char* by, const char* because)
{
    return Error{ErrorCode::InvalidValue, fmt::format("{} is not kept by {}: {}", info(measure).name, by, because),
                 "drop that dimension or that measure"};
}

Status checkSplit(const Query& query)
{
    if (query.by.size() > kMaxDimensions) {
        return Error{ErrorCode::InvalidValue, "a query has at most four dimensions", "leave some out"};
    }
    const auto grouped = [&query](Dimension dimension) {
        return std::find(query.by.begin(), query.by.end(), dimension) != query.by.end();
    };
    const auto filtered = [&query](Dimension dimension) {
        return std::any_of(query.where.begin(), query.where.end(),
                           [dimension](const Filter& f) { return f.dimension == dimension; });
    };
    const auto split = [&](Dimension dimension) { return grouped(dimension) || filtered(dimension); };
    if (filtered(Dimension::Time)) {
        return Error{ErrorCode::InvalidValue, "a query is not filtered by time but has a range", "give from and to"};
    }
    if (grouped(Dimension::Time) && query.bucketMicros <= 0) {
        return Error{ErrorCode::InvalidValue, "a query by time needs a bucket width", "give one"};
    }
    if (query.measures.empty()) {
        return Error{ErrorCode::InvalidValue, "a query asks for nothing", "give a measure"};
    }
    if (query.fill && !grouped(Dimension::Time)) {
        return Error{ErrorCode::InvalidValue, "only a query by time has gaps to fill", "add time to the dimensions"};
    }
    if (query.fill && query.to <= query.from) {
        return Error{ErrorCode::InvalidValue, "an empty range cannot be filled", "give from and to"};
    }
    if (std::count(query.by.begin(), query.by.end(), Dimension::Time) > 1) {
        return Error{ErrorCode::InvalidValue, "a query is by time once", "leave one out"};
    }
    if (!query.zone.empty() && grouped(Dimension::Time) && !aggregate::isLocalWidth(query.bucketMicros)) {
        return Error{ErrorCode::InvalidValue, "a clock's day cannot be cut into buckets of that width",
                     "take a part of a day or whole days"};
    }
    std::vector<Measure> asked = query.measures;
    if (query.topBy) {
        asked.push_back(*query.topBy);
    }
    for (const Measure measure : asked) {
        const Facts facts = info(measure).facts;
        const bool spend = measure == Measure::SpendUsd || measure == Measure::SpendUsdPerDay;
        if (split(Dimension::Area)) {
            if (measure != Measure::Requests && measure != Measure::RequestsPerSecond) {
                return refuse(measure, "area", "only request counts are");
            }
            for (const Dimension other : {Dimension::Workload, Dimension::Tier, Dimension::Use}) {
                if (split(other)) {
                    return refuse(measure, fmt::format("area and {}", dimensionName(other)).c_str(),
                                  "requests are counted by area for a whole placement");
                }
            }
        }
        for (const Dimension of : {Dimension::Workload, Dimension::Tier}) {
            if (split(of) && (facts == Facts::Supply || facts == Facts::Both)) {
                return refuse(measure, dimensionName(of).data(), "chips and money belong to placements");
            }
        }
        if (split(Dimension::Pricing) && !spend) {
            return refuse(measure, "pricing", "only money is");
        }
        if (split(Dimension::Use) && facts != Facts::Supply && !spend) {
            return refuse(measure, "use", "requests are not, only chips, money and energy");
        }
    }
    return Done{};
}

bool overlaps(const Interval& interval, SimMicros from, SimMicros to)
{
    return from < to && interval.begin < to && interval.end > from;
}

/// What intervals of a range cover; empty where there are none.
std::pair<SimMicros, SimMicros> coverage(Intervals intervals, SimMicros from, SimMicros to)
{
    std::pair covered{from, from};
    bool any = false;
    for (const auto& interval : intervals) {
        if (overlaps(*interval, from, to)) {
            covered.first = any ? std::min(covered.first, interval->begin) : interval->begin;
            covered.second = any ? std::max(covered.second, interval->end) : interval->end;
            any = true;
        }
    }
    return covered;
}

void add(Pass& pass, Intervals intervals, SimMicros from, SimMicros to)
{
    for (const auto& interval : intervals) {
        if (overlaps(*interval, from, to)) {
            pass.add(*interval);
        }
    }
}

/// A row in the making: what each side found for a key; null where it found nothing.
struct Joined {
    const std::vector<double>* now = nullptr;
    const std::vector<double>* base = nullptr;
};
using Rows = std::map<Pass::SortedKey, Joined>;

/// One query over intervals that are at hand.
class Answer {
public:
    Answer(const Query& query, const JointKeys& joint, const TimeCuts& cuts)
        : m_query(query)
        , m_joint(joint)
        , m_cuts(cuts)
        , m_time(
              static_cast<std::size_t>(std::find(query.by.begin(), query.by.end(), Dimension::Time) - query.by.begin()))
    {
    }

    /// Finds out which groups are in the top: the same question, not by time.
    void rank(Intervals intervals)
    {
        Query question = m_query;
        question.measures.insert(question.measures.begin(), m_query.topBy.value_or(m_query.measures.front()));
        if (byTime()) {
            question.by.erase(question.by.begin() + static_cast<std::ptrdiff_t>(m_time));
        }
        Pass pass(question, m_joint, Pass::Side::Now, m_cuts.now, nullptr);
        add(pass, intervals, m_query.from, m_query.to);
        std::vector<Pass::Found> found = pass.finish();
        // First what has a name, then what is "(none)" of something; in each, what is undefined comes last.
        const auto standing = [&question](const Pass::Found& group) {
            const auto end = group.key.begin() + static_cast<std::ptrdiff_t>(question.by.size());
            const double value = group.values[0];
            return std::tuple(std::find(group.key.begin(), end, SimMicros{RowKeys::kNone}) != end, std::isnan(value),
                              std::isnan(value) ? 0 : -value);
        };
        std::stable_sort(found.begin(), found.end(),
                         [&standing](const Pass::Found& a, const Pass::Found& b) { return standing(a) < standing(b); });
        found.resize(std::min(found.size(), m_query.top));
        for (const Pass::Found& group : found) {
            Pass::Key key{};
            for (std::size_t i = 0, from = 0; i < m_query.by.size(); ++i) {
                key[i] = i == m_time ? 0 : static_cast<std::uint32_t>(group.key[from++]);
            }
            m_ranks.emplace(key, m_ranks.size());
            m_kept.insert(key);
        }
    }

    Result<Table> answer(Intervals now, Intervals base)
    {
        const std::set<Pass::Key>* const kept = m_query.top > 0 ? &m_kept : nullptr;
        Pass nowPass(m_query, m_joint, Pass::Side::Now, m_cuts.now, kept);
        add(nowPass, now, m_query.from, m_query.to);
        Pass basePass(m_query, m_joint, Pass::Side::Base, m_cuts.base, kept);
        add(basePass, base, m_cuts.baseFrom, m_cuts.baseTo);
        Rows rows;
        for (const Pass::Found& found : nowPass.finish()) {
            rows[found.key].now = &found.values;
        }
        for (const Pass::Found& found : basePass.finish()) {
            rows[found.key].base = &found.values;
        }
        if (m_query.fill) {
            ISOBAR_TRY(fill(rows));
        }
        Table table{m_query.by, m_query.measures, {}, 0, 0};
        std::vector<Rows::const_iterator> order;
        order.reserve(rows.size());
        for (auto at = rows.cbegin(); at != rows.cend(); ++at) {
            order.push_back(at);
        }
        if (kept != nullptr) {
            std::stable_sort(order.begin(), order.end(), [this](const auto& a, const auto& b) {
                const bool timeFirst = byTime() && m_time == 0;
                const std::pair ofA{timeFirst ? a->first[0] : 0, rankOf(a->first)};
                return ofA < std::pair{timeFirst ? b->first[0] : 0, rankOf(b->first)};
            });
        }
        table.rows.reserve(rows.size());
        for (const auto& at : order) {
            table.rows.push_back(rowOf(at->first, at->second, nowPass, basePass));
        }
        std::tie(table.from, table.to) = coverage(now, m_query.from, m_query.to);
        table.zone = m_query.zone;
        table.filled = m_query.fill;
        if (m_query.compare != Compare::Nothing) {
            table.compare = m_query.compare;
            std::tie(table.baseFrom, table.baseTo) = coverage(base, m_cuts.baseFrom, m_cuts.baseTo);
        }
        return table;
    }

private:
    [[nodiscard]] bool byTime() const { return m_time < m_query.by.size(); }

    [[nodiscard]] std::size_t rankOf(const Pass::SortedKey& key) const
    {
        Pass::Key group{};
        for (std::size_t i = 0; i < m_query.by.size(); ++i) {
            group[i] = i == m_time                    ? 0
                       : key[i] == Pass::kSortedOther ? JointKeys::kOther
                                                      : static_cast<std::uint32_t>(key[i]);
        }
        const auto found = m_ranks.find(group);
        return found == m_ranks.end() ? m_ranks.size() : found->second;
    }

    /// Adds what is missing of every group that has a row, at every bucket of the range.
    Status fill(Rows& rows) const
    {
        std::set<Pass::SortedKey> groups;
        for (const auto& [key, joined] : rows) {
            Pass::SortedKey group = key;
            group[m_time] = 0;
            groups.insert(group);
        }
        if (m_query.by.size() == 1) {
            groups.insert(Pass::SortedKey{});
        }
        const std::vector<SimMicros> labels = m_cuts.now.labels(m_query.from, m_query.to);
        if (labels.size() * groups.size() > kMostRows) {
            return Error{ErrorCode::InvalidValue, fmt::format("filling the gaps makes more than {} rows", kMostRows),
                         "give wider buckets or a shorter range"};
        }
        for (Pass::SortedKey key : groups) {
            for (const SimMicros label : labels) {
                key[m_time] = label;
                rows.try_emplace(key);
            }
        }
        return Done{};
    }

    /// What no facts amount to over that time.
    [[nodiscard]] std::vector<double> valuesOfNothing(SimMicros covered, bool known) const
    {
        Accumulator nothing;
        nothing.durationMicros = covered;
        std::vector<double> values;
        for (const Measure measure : m_query.measures) {
            values.push_back(known ? evaluate(measure, nothing) : std::numeric_limits<double>::quiet_NaN());
        }
        return values;
    }

    [[nodiscard]] Row rowOf(const Pass::SortedKey& key, const Joined& joined, const Pass& now, const Pass& base) const
    {
        Row row;
        for (std::size_t i = 0; i < m_query.by.size(); ++i) {
            if (i == m_time) {
                row.keys.push_back(m_cuts.now.text(key[i]));
                continue;
            }
            const bool other = key[i] == Pass::kSortedOther;
            row.remainder |= other;
            row.keys.push_back(
                m_joint.name(m_query.by[i], other ? JointKeys::kOther : static_cast<std::uint32_t>(key[i])));
        }
        const SimMicros label = byTime() ? key[m_time] : 0;
        row.present = joined.now != nullptr;
        row.inBase = joined.base != nullptr;
        const SimMicros covered = now.coveredAt(label);
        row.values = row.present ? *joined.now : valuesOfNothing(covered, covered > 0 || m_query.fill);
        if (m_query.compare != Compare::Nothing) {
            const SimMicros baseCovered = base.coveredAt(label);
            row.base = row.inBase ? *joined.base : valuesOfNothing(baseCovered, baseCovered > 0);
            for (std::size_t i = 0; i < row.values.size(); ++i) {
                row.delta.push_back(row.values[i] - row.base[i]);
            }
        }
        return row;
    }

    const Query& m_query;
    const JointKeys& m_joint;
    const TimeCuts& m_cuts;
    const std::size_t m_time; ///< position in Query::by; its size when not by time
    std::set<Pass::Key> m_kept;
    std::map<Pass::Key, std::size_t> m_ranks;
};

Result<Table> answerOf(const Query& query, const Fleet& fleet, Intervals now, const Fleet& baseFleet, Intervals base)
{
    ISOBAR_TRY(checkSplit(query));
    JointKeys joint(fleet, baseFleet, query);
    ISOBAR_TRY(joint.resolveFilters(query.where));
    const auto [from, to] = coverage(now, query.from, query.to);
    ISOBAR_TRY_ASSIGN(const TimeCuts cuts, TimeCuts::of(query, fleet, from, to));
    Answer answer(query, joint, cuts);
    if (query.top > 0) {
        answer.rank(now);
    }
    return answer.answer(now, base);
}

} // namespace

const Row* Table::find(const std::vector<std::string>& keys) const
{
    const auto found = std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.keys == keys; });
    return found == rows.end() ? nullptr : &*found;
}

Result<Table> run(const Query& query, const Fleet& fleet, Intervals intervals)
{
    if (query.compare == Compare::Other) {
        return Error{ErrorCode::InvalidValue, "there is nothing to compare with", "give other intervals"};
    }
    return answerOf(query, fleet, intervals, fleet, intervals);
}

Result<Table> run(const Query& query, const Fleet& fleet, Intervals intervals, const Base& base)
{
    return query.compare == Compare::Other ? answerOf(query, fleet, intervals, base.fleet, base.intervals)
                                           : run(query, fleet, intervals);
}

Result<Table> runOver(const Query& query, const Fleet& fleet, const aggregate::History& history)
{
    ISOBAR_TRY(checkSplit(query));
    const bool byTime = std::find(query.by.begin(), query.by.end(), Dimension::Time) != query.by.end();
    if (query.compare == Compare::Nothing && query.zone.empty()) {
        return run(query, fleet, history.range(query.from, query.to, byTime ? query.bucketMicros : 0));
    }
    const auto [from, to] = coverage(history.range(query.from, query.to, 0), query.from, query.to);
    ISOBAR_TRY_ASSIGN(const TimeCuts cuts, TimeCuts::of(query, fleet, from, to));
    const auto now = history.range(query.from, query.to, byTime ? cuts.now.granule() : 0);
    const auto base = history.range(cuts.baseFrom, cuts.baseTo, byTime ? cuts.base.granule() : 0);
    return query.compare == Compare::Other ? run(query, fleet, now) : answerOf(query, fleet, now, fleet, base);
}

} // namespace isobar::query
