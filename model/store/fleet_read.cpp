// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/store/connection.h"
#include "model/store/fleet_columns.h"
#include "model/store/fleet_rows.h"
#include "model/store/words.h"

#include <unordered_map>

#include <fmt/format.h>

namespace isobar::store {

namespace {

/// Reads table after table; the first key or word that leads nowhere is kept as the error and ends the reading.
class Reader {
public:
    explicit Reader(const SQLite::Database& db)
        : m_db(db)
    {
    }

    Result<Fleet> read()
    {
        readGround();
        readTypes();
        readPlan();
        readMoneyAndNetwork();
        if (!m_wrong.empty()) {
            return Error{.code = ErrorCode::Corrupt,
                         .message = "the fleet in this store is damaged: " + m_wrong,
                         .advice = "restore the store from a copy, or import the fleet file again"};
        }
        return std::move(m_fleet);
    }

private:
    void readGround()
    {
        eachOf("fleets", columns::kFleets, true, [&](Columns row) {
            row.integer();
            m_fleet.name = row.text();
            m_fleet.dataDate = row.text();
            m_fleet.startTimeUtc = row.text();
            m_fleet.simulated = row.boolean();
        });
        eachOf("sources", columns::kSources, false, [&](Columns row) {
            row.integer();
            Source s{row.text(), row.text(), row.text()};
            add(m_fleet.sources, m_sources, s.key, s);
        });
        eachOf("providers", columns::kProviders, false, [&](Columns row) {
            row.integer();
            Provider p{row.text(), row.text()};
            add(m_fleet.providers, m_providers, p.key, p);
        });
        readRegions();
        eachOf("user_areas", columns::kUserAreas, false, [&](Columns row) {
            row.integer();
            UserArea a;
            a.name = row.text();
            a.residencyZone = row.text();
            a.at.latitude = row.real();
            a.at.longitude = row.real();
            a.utcOffsetHours = row.real();
            a.rttProxy = optional(row.optionalText());
            a.provenance = provenance(row);
            add(m_fleet.areas, m_areas, a.name, a);
        });
    }

    void readRegions()
    {
        std::vector<std::optional<std::string>> proxies; // may name a region that comes later
        eachOf("regions", columns::kRegions, false, [&](Columns row) {
            row.integer();
            const std::string key = row.text();
            Region r;
            r.provider = find<ProviderId>(m_providers, row.text(), "provider");
            r.code = row.text();
            r.displayName = row.text();
            r.location = row.text();
            r.countryIso2 = row.text();
            r.residencyZone = row.text();
            r.at.latitude = row.real();
            r.at.longitude = row.real();
            r.gridGramsCo2ePerKwh = row.optionalReal();
            r.carbonFreeEnergyRatio = row.optionalReal();
            r.pueRatio = row.real();
            proxies.push_back(row.optionalText());
            r.place = provenance(row);
            r.carbon = provenance(row);
            r.pue = provenance(row);
            add(m_fleet.regions, m_regions, key, r);
        });
        for (std::size_t i = 0; i < proxies.size(); ++i) {
            m_fleet.regions[i].rttProxy = optional(proxies[i]);
        }
    }

    void readTypes()
    {
        eachOf("accelerator_types", columns::kAcceleratorTypes, false, [&](Columns row) {
            row.integer();
            AcceleratorType a;
            a.name = row.text();
            a.vendor = row.text();
            a.runtimeFamily = row.text();
            a.bf16FlopsPerSecond = row.real();
            a.fp8FlopsPerSecond = row.optionalReal();
            a.fp4FlopsPerSecond = row.optionalReal();
            a.hbmBytes = row.real();
            a.hbmBytesPerSecond = row.real();
            a.interconnectBytesPerSecond = row.real();
            a.tdpWatts = row.real();
            a.compute = provenance(row);
            a.memory = provenance(row);
            a.power = provenance(row);
            a.interconnect = provenance(row);
            a.note = row.text();
            add(m_fleet.accelerators, m_accelerators, a.name, a);
        });
        eachOf("served_models", columns::kServedModels, false, [&](Columns row) {
            row.integer();
            ServedModel m;
            m.name = row.text();
            m.layers = row.int32();
            m.hiddenSize = row.int32();
            m.attentionHeads = row.int32();
            m.kvHeads = row.int32();
            m.headDimension = row.int32();
            m.totalParameters = row.real();
            m.activeParameters = row.real();
            m.experts = row.int32();
            m.expertsPerToken = row.int32();
            m.expertParameters = row.real();
            m.kvValuesPerToken = row.real();
            m.usdPerMillionInputTokens = row.optionalReal();
            m.usdPerMillionOutputTokens = row.optionalReal();
            m.architecture = provenance(row);
            m.price = provenance(row);
            add(m_fleet.models, m_models, m.name, m);
        });
        eachOf("model_runtimes", columns::kModelRuntimes, false, [&](Columns row) {
            const auto model = find<ModelId>(m_models, row.text(), "model");
            row.integer();
            if (model.valid()) {
                m_fleet.models[model.index()].runtimes.push_back(row.text());
            }
        });
        eachOf("slo_tiers", columns::kSloTiers, false, [&](Columns row) {
            row.integer();
            SloTier t;
            t.name = row.text();
            t.ttftSeconds = row.real();
            t.itlSeconds = row.real();
            t.priority = row.int32();
            t.provenance = provenance(row);
            add(m_fleet.tiers, m_tiers, t.name, t);
        });
    }

    void readPlan()
    {
        eachOf("pools", columns::kPools, true, [&](Columns row) {
            row.integer();
            row.integer();
            Pool p;
            p.key = row.text();
            p.region = region(row.text());
            p.accelerator = find<AcceleratorId>(m_accelerators, row.text(), "accelerator");
            for (const PricingModel model : kAllPricings) { // in the order of the columns
                p.chips[static_cast<std::size_t>(model)] = row.int32();
            }
            p.otherTenantRatio = row.real();
            p.provenance = provenance(row);
            add(m_fleet.pools, m_pools, p.key, p);
        });
        eachOf("placements", columns::kPlacements, true, [&](Columns row) {
            row.integer();
            row.integer();
            Placement p;
            p.key = row.text();
            p.model = find<ModelId>(m_models, row.text(), "model");
            p.pool = find<PoolId>(m_pools, row.text(), "pool");
            p.replicas = row.int32();
            p.tensorParallel = row.int32();
            p.precision = enumeration(row.text(), kAllPrecisions, "precision");
            p.maxBatch = row.int32();
            p.provenance = provenance(row);
            m_fleet.placements.push_back(std::move(p));
        });
        readWorkloads();
        eachOf("capacity_arrivals", columns::kCapacityArrivals, true, [&](Columns row) {
            row.integer();
            row.integer();
            CapacityArrival a;
            a.pool = find<PoolId>(m_pools, row.text(), "pool");
            a.date = row.text();
            a.chips = row.int32();
            a.pricing = enumeration(row.text(), kAllPricings, "pricing model");
            a.provenance = provenance(row);
            m_fleet.arrivals.push_back(std::move(a));
        });
        eachOf("training_jobs", columns::kTrainingJobs, true, [&](Columns row) {
            row.integer();
            row.integer();
            TrainingJob j;
            j.name = row.text();
            j.pool = find<PoolId>(m_pools, row.text(), "pool");
            j.chips = row.int32();
            j.checkpointSeconds = row.real();
            j.provenance = provenance(row);
            m_fleet.trainingJobs.push_back(std::move(j));
        });
    }

    void readWorkloads()
    {
        std::unordered_map<std::string, std::size_t> byName;
        eachOf("workloads", columns::kWorkloads, true, [&](Columns row) {
            row.integer();
            row.integer();
            Workload w;
            w.name = row.text();
            w.model = find<ModelId>(m_models, row.text(), "model");
            w.tier = find<TierId>(m_tiers, row.text(), "tier");
            w.meanRequestsPerSecond = row.real();
            w.diurnalAmplitude = row.real();
            w.peakLocalHour = row.real();
            w.burstiness = row.real();
            for (LengthDistribution* lengths : {&w.inputTokens, &w.outputTokens}) {
                lengths->mean = row.real();
                lengths->coefficientOfVariation = row.real();
                lengths->maximum = row.int32();
            }
            w.residencyBound = row.boolean();
            w.provenance = provenance(row);
            add(m_fleet.workloads, byName, w.name, w);
        });
        eachOf("workload_area_shares", columns::kWorkloadAreaShares, true, [&](Columns row) {
            row.integer();
            const auto workload = find<WorkloadId>(byName, row.text(), "workload");
            row.integer();
            const auto area = find<AreaId>(m_areas, row.text(), "user area");
            if (workload.valid()) {
                m_fleet.workloads[workload.index()].areaShares.emplace_back(area, row.real());
            }
        });
    }

    void readMoneyAndNetwork()
    {
        eachOf("prices", columns::kPrices, false, [&](Columns row) {
            row.integer();
            Price p;
            p.provider = find<ProviderId>(m_providers, row.text(), "provider");
            p.region = optional(row.optionalText());
            p.accelerator = find<AcceleratorId>(m_accelerators, row.text(), "accelerator");
            p.pricing = enumeration(row.text(), kAllPricings, "pricing model");
            p.usdPerChipHour = row.real();
            p.instanceType = row.text();
            p.provenance = provenance(row);
            p.note = row.text();
            m_fleet.prices.push_back(std::move(p));
        });
        eachOf("links", columns::kLinks, false, [&](Columns row) {
            row.integer();
            Link l;
            l.from = region(row.text());
            l.to = region(row.text());
            l.rttSeconds = row.real();
            l.provenance = provenance(row);
            m_fleet.links.push_back(l);
        });
        eachOf("egress_prices", columns::kEgressPrices, false, [&](Columns row) {
            row.integer();
            EgressPrice e;
            e.from = region(row.text());
            e.to = optional(row.optionalText());
            e.usdPerByte = row.real();
            e.provenance = provenance(row);
            m_fleet.egressPrices.push_back(e);
        });
        eachOf("commitments", columns::kCommitments, false, [&](Columns row) {
            row.integer();
            Commitment c;
            c.provider = find<ProviderId>(m_providers, row.text(), "provider");
            c.kind = row.text();
            c.valueUsd = row.optionalReal();
            c.termYears = row.optionalReal();
            c.capacity = row.text();
            c.start = row.text();
            c.ramp = row.text();
            c.provenance = provenance(row);
            m_fleet.commitments.push_back(std::move(c));
        });
    }

    using Index = std::unordered_map<std::string, std::size_t>;

    template <class T> static void add(std::vector<T>& rows, Index& index, const std::string& key, T& row)
    {
        index.emplace(key, rows.size());
        rows.push_back(std::move(row));
    }

    /// Calls `body` for each row in the order the rows were given.
    template <class Body> void eachOf(const char* table, const char* columnList, bool perScenario, Body body)
    {
        const bool single = std::string_view(columnList).find("position") == std::string_view::npos;
        SQLite::Statement statement(m_db, fmt::format("SELECT {} FROM {}{}{}", columnList, table,
                                                      perScenario ? " WHERE scenario_id = 0" : "",
                                                      single ? "" : " ORDER BY position"));
        while (m_wrong.empty() && statement.executeStep()) {
            body(Columns(statement));
        }
    }

    template <class Id> Id find(const Index& index, const std::string& key, const char* kind)
    {
        const auto found = index.find(key);
        if (found == index.end()) {
            m_wrong = fmt::format("there is no {} '{}'", kind, key.substr(0, 200));
            return {};
        }
        return Id(found->second);
    }

    RegionId region(const std::string& key) { return find<RegionId>(m_regions, key, "region"); }

    RegionId optional(const std::optional<std::string>& key) { return key ? region(*key) : RegionId(); }

    Provenance provenance(Columns& row)
    {
        Provenance p;
        if (const auto source = row.optionalText()) {
            p.source = find<SourceId>(m_sources, *source, "source");
        }
        p.basis = enumeration(row.text(), kAllBases, "basis");
        return p;
    }

    template <class Enum, std::size_t Size>
    Enum enumeration(const std::string& text, const std::array<Enum, Size>& values, const char* kind)
    {
        const auto value = fromWord(text, values);
        if (!value) {
            m_wrong = fmt::format("there is no {} '{}'", kind, text.substr(0, 200));
        }
        return value.value_or(values[0]);
    }

    const SQLite::Database& m_db;
    Fleet m_fleet;
    std::string m_wrong;
    Index m_sources, m_providers, m_regions, m_accelerators, m_models, m_tiers, m_areas, m_pools;
};

} // namespace

bool hasFleetRows(const SQLite::Database& db)
{
    SQLite::Statement statement(db, "SELECT 1 FROM fleets WHERE scenario_id = 0");
    return statement.executeStep();
}

Result<Fleet> readFleetRows(const SQLite::Database& db)
{
    return Reader(db).read();
}

} // namespace isobar::store
