// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/fleet/lookup.h"
#include "model/proto/fleet_text.h"
#include "tests/support/test_support.h"

#include <QTest>
#include <cmath>
#include <fstream>
#include <set>
#include <sstream>

using namespace isobar;

namespace {

std::string readAll(const std::filesystem::path& path)
{
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

} // namespace

/// The bundled sample fleet and calibration: what the other rooms and the documentation count on.
class TestSampleFleet : public QObject {
    Q_OBJECT

private:
    Fleet m_fleet;
    Calibration m_calibration;

private Q_SLOTS:
    void initTestCase()
    {
        const auto resources = test::sourceDir() / "resources";
        auto fleet = proto::parseFleetText(readAll(resources / "sample" / "sample_fleet.textproto"), "sample_fleet");
        QVERIFY2(fleet.ok(), fleet.ok() ? "" : fleet.error().toString().c_str());
        m_fleet = std::move(fleet).value();
        auto calibration =
            proto::parseCalibrationText(readAll(resources / "calibration" / "coefficients.textproto"), "coefficients");
        QVERIFY2(calibration.ok(), calibration.ok() ? "" : calibration.error().toString().c_str());
        m_calibration = std::move(calibration).value();
    }

    void hasTheSizeThatIsPromised()
    {
        QCOMPARE(m_fleet.providers.size(), 5u);
        QCOMPARE(m_fleet.regions.size(), 71u);
        QVERIFY(m_fleet.accelerators.size() >= 12);
        QVERIFY(m_fleet.models.size() >= 8 && m_fleet.models.size() <= 12);
        QCOMPARE(m_fleet.tiers.size(), 3u);
        QVERIFY(m_fleet.areas.size() >= 12 && m_fleet.areas.size() <= 20);
        QVERIFY(m_fleet.pools.size() >= 60 && m_fleet.pools.size() <= 80);
        QCOMPARE(m_fleet.commitments.size(), 5u);
        QCOMPARE(m_fleet.links.size(), 378u);
        QCOMPARE(m_fleet.trainingJobs.size(), 2u);
        std::int64_t chips = 0;
        for (const Pool& p : m_fleet.pools) {
            chips += p.totalChips();
        }
        QVERIFY2(chips >= 230000 && chips <= 270000, qPrintable(QString::number(chips)));
        double requests = 0;
        for (const Workload& w : m_fleet.workloads) {
            requests += w.meanRequestsPerSecond;
        }
        QVERIFY2(requests >= 30000 && requests <= 45000, qPrintable(QString::number(requests)));
    }

    void hasTheNamesThatScriptsUse_data()
    {
        QTest::addColumn<QString>("model");
        for (const char* name : {"Llama-3.1-70B", "Llama-3.1-8B", "Qwen3-32B"}) {
            QTest::newRow(name) << QString::fromUtf8(name);
        }
    }
    void hasTheNamesThatScriptsUse()
    {
        QFETCH(QString, model);
        QVERIFY(findModel(m_fleet, model.toStdString()).valid());
        QVERIFY(findAccelerator(m_fleet, "H100").valid());
        QVERIFY(findAccelerator(m_fleet, "RTX PRO 6000").valid());
    }

    void modelsHaveThePublishedSizes()
    {
        const ServedModel& llama = m_fleet[findModel(m_fleet, "Llama-3.1-70B")];
        QVERIFY(std::abs(llama.totalParameters - 70.55e9) < 0.05e9);
        QCOMPARE(llama.kvValuesPerToken, 163840.0);
        const ServedModel& r1 = m_fleet[findModel(m_fleet, "DeepSeek-R1")];
        QVERIFY(std::abs(r1.totalParameters - 671e9) < 1e9);
        QVERIFY(std::abs(r1.activeParameters - 37e9) < 1e9);
        QCOMPARE(r1.kvValuesPerToken, 61.0 * 576);
    }

    void everySourceIsDatedAndUsed()
    {
        for (const Source& s : m_fleet.sources) {
            QVERIFY2(!s.date.empty() && !s.title.empty(), s.key.c_str());
        }
    }

    void everyFigureNamesASource()
    {
        int missing = 0;
        const auto look = [&](const auto&... all) { ((missing += all.source.valid() ? 0 : 1), ...); };
        for (const auto& e : m_fleet.regions) {
            look(e.place, e.carbon, e.pue);
        }
        for (const auto& e : m_fleet.accelerators) {
            look(e.compute, e.memory, e.power, e.interconnect);
        }
        for (const auto& e : m_fleet.models) {
            look(e.architecture, e.price);
        }
        const auto each = [&](const auto& entities) {
            for (const auto& e : entities) {
                look(e.provenance);
            }
        };
        each(m_fleet.tiers);
        each(m_fleet.pools);
        each(m_fleet.placements);
        each(m_fleet.areas);
        each(m_fleet.workloads);
        each(m_fleet.prices);
        each(m_fleet.links);
        each(m_fleet.egressPrices);
        each(m_fleet.commitments);
        each(m_fleet.arrivals);
        each(m_fleet.trainingJobs);
        QCOMPARE(missing, 0);
    }

    void inventedThingsSaySo()
    {
        for (const Pool& p : m_fleet.pools) {
            QCOMPARE(p.provenance.basis, Basis::Invented);
        }
        for (const Workload& w : m_fleet.workloads) {
            QCOMPARE(w.provenance.basis, Basis::Invented);
        }
        const SourceId sample = findSource(m_fleet, "isobar-sample");
        QVERIFY(sample.valid());
        QVERIFY(m_fleet[sample].title.find("not a statement about any company") != std::string::npos);
    }

    /// Weights, the runtime's reserve and a context of four full requests, against each chip's memory.
    void everyPlacementFitsItsChips()
    {
        for (const Placement& p : m_fleet.placements) {
            const ServedModel& model = m_fleet[p.model];
            const AcceleratorType& chip = m_fleet[m_fleet[p.pool].accelerator];
            const Efficiency* row = m_calibration.find(chip.name, p.precision);
            QVERIFY2(row != nullptr, p.key.c_str());
            QVERIFY2(p.precision == Precision::Bf16 || chip.fp8FlopsPerSecond.has_value(), p.key.c_str());
            const double weights = model.totalParameters * bytesPerValue(p.precision) / p.tensorParallel;
            const double free = chip.hbmBytes * row->memoryRatio - row->reserveBytes - weights;
            QVERIFY2(free > 0, p.key.c_str());
            QVERIFY2(p.replicas > 0, p.key.c_str());
            const auto& runtimes = model.runtimes;
            QVERIFY2(std::find(runtimes.begin(), runtimes.end(), chip.runtimeFamily) != runtimes.end(), p.key.c_str());
        }
    }

    void residencyBoundWorkloadsHaveAHomeInTheirZone()
    {
        for (const Workload& w : m_fleet.workloads) {
            for (const auto& [area, share] : w.areaShares) {
                const bool home = std::any_of(m_fleet.placements.begin(), m_fleet.placements.end(), [&](const auto& p) {
                    return p.model == w.model &&
                           m_fleet[m_fleet[p.pool].region].residencyZone == m_fleet[area].residencyZone;
                });
                QVERIFY2(!w.residencyBound || home, w.name.c_str());
            }
        }
    }

    void everyChipHasAPriceAndTheSpendIsPlausible()
    {
        double usdPerDay = 0;
        for (std::size_t i = 0; i < m_fleet.pools.size(); ++i) {
            for (std::size_t k = 0; k < kPricingModels; ++k) {
                if (m_fleet.pools[i].chips[k] == 0) {
                    continue;
                }
                const auto price = priceOf(m_fleet, PoolId(i), static_cast<PricingModel>(k));
                QVERIFY2(price.has_value(), m_fleet.pools[i].key.c_str());
                QVERIFY2(price->usdPerChipHour > 0.1 && price->usdPerChipHour < 20, price->how.c_str());
                usdPerDay += 24 * price->usdPerChipHour * m_fleet.pools[i].chips[k];
            }
        }
        QVERIFY2(usdPerDay > 10e6 && usdPerDay < 16e6, qPrintable(QString::number(usdPerDay)));
    }

    void roundTripsAreAnsweredForEveryPair()
    {
        const NetworkIndex network(m_fleet);
        int measured = 0;
        for (std::size_t a = 0; a < m_fleet.regions.size(); ++a) {
            for (std::size_t b = 0; b < m_fleet.regions.size(); ++b) {
                const RttAnswer answer = network.rtt(RegionId(a), RegionId(b));
                QVERIFY(answer.seconds >= 1e-3 && answer.seconds < 0.6);
                measured += answer.basis == Basis::Measured ? 1 : 0;
            }
        }
        QCOMPARE(measured, 756);
    }

    void readsBackWhatItWrites()
    {
        const auto text = proto::parseFleetText(proto::writeFleetText(m_fleet), "again");
        QVERIFY2(text.ok(), text.ok() ? "" : text.error().toString().c_str());
        QVERIFY(*text == m_fleet);
        const auto binary = proto::parseFleetBinary(proto::writeFleetBinary(m_fleet), "again");
        QVERIFY(binary.ok());
        QVERIFY(*binary == m_fleet);
    }
};

QTEST_APPLESS_MAIN(TestSampleFleet)
#include "tst_sample_fleet.moc"
