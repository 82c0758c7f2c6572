// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/sketch.h"
#include "model/query/measures.h"
#include "ui/dashboard/views.h"

#include <map>

/// What contracts cost and what a loss would leave: the figures behind the commitments and concentration views.
namespace isobar::ui {

/// The intervals of the context's range, as few as cover it.
[[nodiscard]] std::vector<std::shared_ptr<const aggregate::Interval>> intervalsOf(const ViewContext& context);

/// What a provider's chips cost a day: under contract (reserved, committed) and in use, under contract and not (idle or
/// out of order), and all others (on-demand, spot). The three and egress are the provider's spend.
struct ContractUse {
    ProviderId provider;
    double usedUsdPerDay = 0, unusedUsdPerDay = 0, otherUsdPerDay = 0;
    /// Of what is in use, the part under contract; by money, as FinOps' commitment coverage.
    [[nodiscard]] double coverageRatio() const
    {
        const double inUse = usedUsdPerDay + otherUsdPerDay;
        return inUse > 0 ? usedUsdPerDay / inUse : 0;
    }
    /// Of what is under contract, the part in use.
    [[nodiscard]] double utilizationRatio() const
    {
        const double paid = usedUsdPerDay + unusedUsdPerDay;
        return paid > 0 ? usedUsdPerDay / paid : 0;
    }
};
/// Of every provider with contracts, in the fleet's order; whatever is selected: contracts are not split by model.
[[nodiscard]] std::vector<ContractUse> contractUse(const ViewContext& context);

/// What is left when a region or provider goes; an estimate, see query::NPlusOne.
struct Loss {
    double demandTokensPerSecond = 0, leftTokensPerSecond = 0; ///< of all models
    std::size_t models = 0;                                    ///< with traffic
    std::map<ModelId, TierId> notCarried;                      ///< and the first tier that does not fit
    /// "N+1 met: the rest carries all 8 models"; empty without traffic.
    [[nodiscard]] QString verdict(const Fleet& fleet) const;
};
[[nodiscard]] Loss lossOf(const Fleet& fleet, const std::vector<std::shared_ptr<const aggregate::Interval>>& intervals,
                          query::Dimension lost, std::uint32_t index);

/// All times to first token of the range that the filters leave.
[[nodiscard]] aggregate::Sketch ttftSketch(const ViewContext& context);

} // namespace isobar::ui
