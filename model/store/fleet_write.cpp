// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/store/connection.h"
#include "model/store/fleet_columns.h"
#include "model/store/fleet_rows.h"
#include "model/store/words.h"

namespace isobar::store {

namespace {

constexpr int kBaseline = 0;

class Writer {
public:
    Writer(SQLite::Database& db, const Fleet& fleet)
        : m_db(db)
        , m_fleet(fleet)
    {
    }

    void write()
    {
        // Rows are replaced table by table; keys must lead somewhere again when the transaction ends.
        m_db.exec("PRAGMA defer_foreign_keys = ON");
        clear();
        writeGround();
        writeTypes();
        writePlan();
        writeMoneyAndNetwork();
    }

private:
    void clear()
    {
        for (const char* table : {"workload_area_shares", "workloads", "placements", "training_jobs",
                                  "capacity_arrivals", "pools", "fleets"}) {
            m_db.exec(std::string("DELETE FROM ") + table + " WHERE scenario_id = 0");
        }
        for (const char* table :
             {"commitments", "egress_prices", "links", "prices", "user_areas", "slo_tiers", "model_runtimes",
              "served_models", "accelerator_types", "regions", "providers", "sources"}) {
            m_db.exec(std::string("DELETE FROM ") + table);
        }
    }

    void writeGround()
    {
        auto fleets = insert("fleets", columns::kFleets);
        run(fleets, kBaseline, m_fleet.name, m_fleet.dataDate, m_fleet.startTimeUtc, m_fleet.simulated);
        auto sources = insert("sources", columns::kSources);
        eachOf(m_fleet.sources, [&](int position, const Source& s) { run(sources, position, s.key, s.title, s.date); });
        auto providers = insert("providers", columns::kProviders);
        eachOf(m_fleet.providers, [&](int position, const Provider& p) { run(providers, position, p.key, p.name); });
        auto regions = insert("regions", columns::kRegions);
        eachOf(m_fleet.regions, [&](int position, const Region& r) {
            run(regions, position, *key(RegionId(static_cast<std::size_t>(position))), m_fleet[r.provider].key, r.code,
                r.displayName, r.location, r.countryIso2, r.residencyZone, r.at.latitude, r.at.longitude,
                r.gridGramsCo2ePerKwh, r.carbonFreeEnergyRatio, r.pueRatio, key(r.rttProxy), of(r.place), of(r.carbon),
                of(r.pue));
        });
        auto areas = insert("user_areas", columns::kUserAreas);
        eachOf(m_fleet.areas, [&](int position, const UserArea& a) {
            run(areas, position, a.name, a.residencyZone, a.at.latitude, a.at.longitude, a.utcOffsetHours,
                key(a.rttProxy), of(a.provenance));
        });
    }

    void writeTypes()
    {
        auto accelerators = insert("accelerator_types", columns::kAcceleratorTypes);
        eachOf(m_fleet.accelerators, [&](int position, const AcceleratorType& a) {
            run(accelerators, position, a.name, a.vendor, a.runtimeFamily, a.bf16FlopsPerSecond, a.fp8FlopsPerSecond,
                a.fp4FlopsPerSecond, a.hbmBytes, a.hbmBytesPerSecond, a.interconnectBytesPerSecond, a.tdpWatts,
                of(a.compute), of(a.memory), of(a.power), of(a.interconnect), a.note);
        });
        auto models = insert("served_models", columns::kServedModels);
        auto runtimes = insert("model_runtimes", columns::kModelRuntimes);
        eachOf(m_fleet.models, [&](int position, const ServedModel& m) {
            run(models, position, m.name, m.layers, m.hiddenSize, m.attentionHeads, m.kvHeads, m.headDimension,
                m.totalParameters, m.activeParameters, m.experts, m.expertsPerToken, m.expertParameters,
                m.kvValuesPerToken, m.usdPerMillionInputTokens, m.usdPerMillionOutputTokens, of(m.architecture),
                of(m.price));
            eachOf(m.runtimes, [&](int i, const std::string& family) { run(runtimes, m.name, i, family); });
        });
        auto tiers = insert("slo_tiers", columns::kSloTiers);
        eachOf(m_fleet.tiers, [&](int position, const SloTier& t) {
            run(tiers, position, t.name, t.ttftSeconds, t.itlSeconds, t.priority, of(t.provenance));
        });
    }

    void writePlan()
    {
        auto pools = insert("pools", columns::kPools);
        eachOf(m_fleet.pools, [&](int position, const Pool& p) {
            const auto chips = [&](PricingModel model) { return p.chips[static_cast<std::size_t>(model)]; };
            run(pools, kBaseline, position, p.key, *key(p.region), m_fleet[p.accelerator].name,
                chips(PricingModel::Reserved), chips(PricingModel::Committed), chips(PricingModel::OnDemand),
                chips(PricingModel::Spot), p.otherTenantRatio, of(p.provenance));
        });
        auto placements = insert("placements", columns::kPlacements);
        eachOf(m_fleet.placements, [&](int position, const Placement& p) {
            run(placements, kBaseline, position, p.key, m_fleet[p.model].name, m_fleet[p.pool].key, p.replicas,
                p.tensorParallel, word(p.precision), p.maxBatch, of(p.provenance));
        });
        auto workloads = insert("workloads", columns::kWorkloads);
        auto shares = insert("workload_area_shares", columns::kWorkloadAreaShares);
        eachOf(m_fleet.workloads, [&](int position, const Workload& w) {
            run(workloads, kBaseline, position, w.name, m_fleet[w.model].name, m_fleet[w.tier].name,
                w.meanRequestsPerSecond, w.diurnalAmplitude, w.peakLocalHour, w.burstiness, w.inputTokens.mean,
                w.inputTokens.coefficientOfVariation, w.inputTokens.maximum, w.outputTokens.mean,
                w.outputTokens.coefficientOfVariation, w.outputTokens.maximum, w.residencyBound, of(w.provenance));
            eachOf(w.areaShares, [&](int i, const std::pair<AreaId, double>& share) {
                run(shares, kBaseline, w.name, i, m_fleet[share.first].name, share.second);
            });
        });
        auto arrivals = insert("capacity_arrivals", columns::kCapacityArrivals);
        eachOf(m_fleet.arrivals, [&](int position, const CapacityArrival& a) {
            run(arrivals, kBaseline, position, m_fleet[a.pool].key, a.date, a.chips, word(a.pricing), of(a.provenance));
        });
        auto jobs = insert("training_jobs", columns::kTrainingJobs);
        eachOf(m_fleet.trainingJobs, [&](int position, const TrainingJob& j) {
            run(jobs, kBaseline, position, j.name, m_fleet[j.pool].key, j.chips, j.checkpointSeconds, of(j.provenance));
        });
    }

    void writeMoneyAndNetwork()
    {
        auto prices = insert("prices", columns::kPrices);
        eachOf(m_fleet.prices, [&](int position, const Price& p) {
            run(prices, position, m_fleet[p.provider].key, key(p.region), m_fleet[p.accelerator].name, word(p.pricing),
                p.usdPerChipHour, p.instanceType, of(p.provenance), p.note);
        });
        auto links = insert("links", columns::kLinks);
        eachOf(m_fleet.links, [&](int position, const Link& l) {
            run(links, position, *key(l.from), *key(l.to), l.rttSeconds, of(l.provenance));
        });
        auto egress = insert("egress_prices", columns::kEgressPrices);
        eachOf(m_fleet.egressPrices, [&](int position, const EgressPrice& e) {
            run(egress, position, *key(e.from), key(e.to), e.usdPerByte, of(e.provenance));
        });
        auto commitments = insert("commitments", columns::kCommitments);
        eachOf(m_fleet.commitments, [&](int position, const Commitment& c) {
            run(commitments, position, m_fleet[c.provider].key, c.kind, c.valueUsd, c.termYears, c.capacity, c.start,
                c.ramp, of(c.provenance));
        });
    }

    [[nodiscard]] SQLite::Statement insert(const char* table, const char* columnList)
    {
        return {m_db, insertSql(table, columnList)};
    }

    template <class T, class Body> static void eachOf(const std::vector<T>& rows, Body body)
    {
        for (std::size_t i = 0; i < rows.size(); ++i) {
            body(static_cast<int>(i), rows[i]);
        }
    }

    [[nodiscard]] std::optional<std::string> key(RegionId region) const
    {
        return region.valid() ? std::optional(regionKey(m_fleet, region)) : std::nullopt;
    }

    [[nodiscard]] ProvenanceColumns of(const Provenance& p) const
    {
        return {p.source.valid() ? std::optional(m_fleet[p.source].key) : std::nullopt, word(p.basis)};
    }

    SQLite::Database& m_db;
    const Fleet& m_fleet;
};

} // namespace

void writeFleetRows(SQLite::Database& db, const Fleet& fleet)
{
    Writer(db, fleet).write();
}

} // namespace isobar::store
