// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/fleet/lookup.h"
#include "tests/model/fleet/tiny_fleet.h"

#include <QTest>
#include <cmath>

using namespace isobar;

namespace {

constexpr ProviderId kAzure{std::size_t{0}}, kAws{std::size_t{1}};
constexpr RegionId kEastUs{std::size_t{0}}, kWestUs{std::size_t{1}}, kUsEast1{std::size_t{2}};
constexpr AcceleratorId kH100{std::size_t{0}}, kA100{std::size_t{1}};

Price price(ProviderId provider, RegionId region, AcceleratorId chip, PricingModel pricing, double usd,
            Basis basis = Basis::Published)
{
    return {provider, region, chip, pricing, usd, "", {SourceId(0), basis}, ""};
}

Fleet withPrices(std::vector<Price> prices)
{
    Fleet f = test::tinyFleet();
    f.prices = std::move(prices);
    return f;
}

bool near(double a, double b)
{
    return std::abs(a - b) < 1e-12 * std::max(1.0, std::abs(b));
}

} // namespace

/// Keys, prices with their fall-backs, egress and round trips.
class TestLookup : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void findsByKey()
    {
        const Fleet f = test::tinyFleet();
        QCOMPARE(findProvider(f, "aws"), kAws);
        QCOMPARE(findRegion(f, "azure/westus"), kWestUs);
        QVERIFY(!findRegion(f, "aws/westus").valid());
        QVERIFY(!findRegion(f, "westus").valid());
        QVERIFY(!findRegion(f, "").valid());
        QCOMPARE(findAccelerator(f, "A100"), kA100);
        QVERIFY(findModel(f, "Llama-3.1-8B").valid());
        QVERIFY(!findModel(f, "llama").valid());
        QVERIFY(findPool(f, "azure/eastus/H100").valid());
        QVERIFY(findPlacement(f, "llama@azure/eastus/H100").valid());
        QCOMPARE(findArea(f, "Tokyo"), AreaId(1));
        QVERIFY(findWorkload(f, "Chat").valid());
        QVERIFY(findTier(f, "interactive-fast").valid());
        QVERIFY(findSource(f, "list").valid());
    }

    void theRegionsOwnRowWins()
    {
        const Fleet f = withPrices({price(kAzure, {}, kH100, PricingModel::OnDemand, 5),
                                    price(kAzure, kEastUs, kH100, PricingModel::OnDemand, 9),
                                    price(kAzure, kEastUs, kH100, PricingModel::OnDemand, 8)});
        const auto answer = priceOf(f, PoolId(0), PricingModel::OnDemand);
        QVERIFY(answer.has_value());
        QCOMPARE(answer->usdPerChipHour,
                 8.0); // the cheaper of two instance types, although the provider's row is lower
        QCOMPARE(answer->basis, Basis::Published);
        QCOMPARE(answer->source, SourceId(0));
        QVERIFY(answer->how.find("this region") != std::string::npos);
    }

    void thenTheProvidersRow()
    {
        const Fleet f = withPrices({price(kAzure, {}, kH100, PricingModel::Reserved, 2.2, Basis::Invented),
                                    price(kAzure, kWestUs, kH100, PricingModel::Reserved, 3)});
        const auto answer = priceOf(f, PoolId(0), PricingModel::Reserved);
        QVERIFY(answer.has_value());
        QCOMPARE(answer->usdPerChipHour, 2.2);
        QCOMPARE(answer->basis, Basis::Invented);
    }

    void thenTheMedianOfOtherRegions()
    {
        Fleet f = withPrices({});
        for (const double usd : {12.0, 10.0, 11.0}) {
            Region r = f.regions[1];
            r.code = "region" + std::to_string(usd);
            f.regions.push_back(r);
            f.prices.push_back(price(kAzure, RegionId(f.regions.size() - 1), kH100, PricingModel::OnDemand, usd));
        }
        f.prices.push_back(price(kAws, kUsEast1, kH100, PricingModel::OnDemand, 6.88));
        const auto answer = priceOf(f, kEastUs, kH100, PricingModel::OnDemand);
        QVERIFY(answer.has_value());
        QCOMPARE(answer->usdPerChipHour, 11.0);
        QCOMPARE(answer->basis, Basis::Estimated);
        QCOMPARE(answer->how, std::string("median of 3 other regions of azure"));
    }

    void thenADiscountFoundInTheData()
    {
        // A100: spot is 0.4 of on-demand at this provider and 0.1 at the other: H100 spot takes the own provider's
        // ratio.
        const Fleet f = withPrices({price(kAzure, kEastUs, kH100, PricingModel::OnDemand, 10),
                                    price(kAzure, kWestUs, kA100, PricingModel::OnDemand, 4),
                                    price(kAzure, kWestUs, kA100, PricingModel::Spot, 1.6),
                                    price(kAws, kUsEast1, kA100, PricingModel::OnDemand, 4),
                                    price(kAws, kUsEast1, kA100, PricingModel::Spot, 0.4)});
        const auto answer = priceOf(f, kEastUs, kH100, PricingModel::Spot);
        QVERIFY(answer.has_value());
        QVERIFY(near(answer->usdPerChipHour, 4.0));
        QCOMPARE(answer->basis, Basis::Estimated);
        QVERIFY2(answer->how.find("spot ratio of 0.40") != std::string::npos, answer->how.c_str());
    }

    void thenOtherProviders()
    {
        const Fleet f = withPrices({price(kAws, kUsEast1, kH100, PricingModel::OnDemand, 6.88)});
        const auto answer = priceOf(f, kEastUs, kH100, PricingModel::OnDemand);
        QVERIFY(answer.has_value());
        QCOMPARE(answer->usdPerChipHour, 6.88);
        QCOMPARE(answer->basis, Basis::Estimated);
        QVERIFY(answer->how.find("other providers") != std::string::npos);
    }

    void lastADiscountOnOtherProviders()
    {
        const Fleet f = withPrices({price(kAws, kUsEast1, kH100, PricingModel::OnDemand, 8),
                                    price(kAws, kUsEast1, kA100, PricingModel::OnDemand, 4),
                                    price(kAws, kUsEast1, kA100, PricingModel::Committed, 2, Basis::Invented)});
        const auto answer = priceOf(f, kEastUs, kH100, PricingModel::Committed);
        QVERIFY(answer.has_value());
        QVERIFY(near(answer->usdPerChipHour, 4.0));
        QCOMPARE(answer->basis, Basis::Invented); // the ratio rests on an invented row
    }

    void noRowsNoAnswer()
    {
        QVERIFY(!priceOf(withPrices({}), PoolId(0), PricingModel::OnDemand).has_value());
        const Fleet f = withPrices({price(kAzure, kEastUs, kA100, PricingModel::OnDemand, 4)});
        QVERIFY(!priceOf(f, PoolId(0), PricingModel::OnDemand).has_value());
        // Without a ratio in the data an on-demand price says nothing about reserved ones.
        const Fleet g = withPrices({price(kAzure, kEastUs, kH100, PricingModel::OnDemand, 4)});
        QVERIFY(!priceOf(g, PoolId(0), PricingModel::Reserved).has_value());
    }

    void egressIsLookedUpFromTheNarrowestRow()
    {
        const Fleet f = test::tinyFleet();
        const auto within = egressUsdPerByte(f, kEastUs, kEastUs);
        QVERIFY(within.has_value() && within->usdPerByte == 0);
        const auto pair = egressUsdPerByte(f, kEastUs, kWestUs);
        QVERIFY(pair.has_value() && near(pair->usdPerByte * 1e9, 0.02));
        QCOMPARE(pair->basis, Basis::Published);
        const auto internet = egressUsdPerByte(f, kEastUs);
        QVERIFY(internet.has_value() && near(internet->usdPerByte * 1e9, 0.0875));
        const auto otherCloud = egressUsdPerByte(f, kEastUs, kUsEast1);
        QVERIFY(otherCloud.has_value() && near(otherCloud->usdPerByte * 1e9, 0.0875));
        const auto back = egressUsdPerByte(f, kWestUs, kEastUs); // only the other direction is listed
        QVERIFY(back.has_value() && near(back->usdPerByte * 1e9, 0.02));
        QCOMPARE(back->basis, Basis::Estimated);
        const auto unlisted = egressUsdPerByte(f, kUsEast1);
        QVERIFY(unlisted.has_value() && near(unlisted->usdPerByte * 1e9, 0.0875));
        QCOMPARE(unlisted->basis, Basis::Estimated);
        Fleet none = f;
        none.egressPrices.clear();
        QVERIFY(!egressUsdPerByte(none, kEastUs).has_value());
    }

    void measuredRoundTripsAreKept()
    {
        const NetworkIndex network(test::tinyFleet());
        const RttAnswer there = network.rtt(kEastUs, kWestUs);
        QCOMPARE(there.seconds, 0.062);
        QCOMPARE(there.basis, Basis::Measured);
        QVERIFY(network.rtt(kWestUs, kEastUs) == there);
        QCOMPARE(network.rtt(kEastUs, kEastUs).seconds, 0.001);
        QCOMPARE(network.rtt(kEastUs, kEastUs).basis, Basis::Estimated);
    }

    void standInsAreCorrectedByDistance()
    {
        const Fleet f = test::tinyFleet();
        const NetworkIndex network(f);
        // us-east-1 stands at eastus; to westus it takes eastus' measurement and the difference of the distances.
        const RttAnswer answer = network.rtt(kUsEast1, kWestUs);
        const double expected = 0.062 + estimatedRttSeconds(f[kUsEast1].at, f[kWestUs].at) -
                                estimatedRttSeconds(f[kEastUs].at, f[kWestUs].at);
        QVERIFY(near(answer.seconds, expected));
        QCOMPARE(answer.basis, Basis::Estimated);
        // Both ends have one stand-in: nothing measured between it and itself, so distance alone.
        QVERIFY(near(network.rtt(kUsEast1, kEastUs).seconds, estimatedRttSeconds(f[kUsEast1].at, f[kEastUs].at)));
    }

    void nothingIsFasterThanLightInFibre()
    {
        Fleet f = test::tinyFleet();
        f.links[0].rttSeconds = 0.004; // a wrong measurement between places 3,700 km apart
        const NetworkIndex network(f);
        const double light = 2 * geodesicMetres(f[kUsEast1].at, f[kWestUs].at) / (299792458.0 * 2 / 3);
        QVERIFY(near(network.rtt(kUsEast1, kWestUs).seconds, light));
    }

    void areasReachEveryRegion()
    {
        const Fleet f = test::tinyFleet();
        const NetworkIndex network(f);
        // London has no stand-in: by distance. Tokyo stands at westus: its link to eastus, corrected.
        QVERIFY(near(network.rtt(AreaId(0), kEastUs).seconds, estimatedRttSeconds(f.areas[0].at, f[kEastUs].at)));
        const double expected = 0.062 + estimatedRttSeconds(f.areas[1].at, f[kEastUs].at) -
                                estimatedRttSeconds(f[kWestUs].at, f[kEastUs].at);
        QVERIFY(near(network.rtt(AreaId(1), kEastUs).seconds, expected));
        QCOMPARE(network.rtt(AreaId(1), kEastUs).basis, Basis::Estimated);
    }

    void oneTownIsOneMillisecond()
    {
        Fleet f = test::tinyFleet();
        f.regions[2].at = {f.regions[0].at.latitude + 0.05, f.regions[0].at.longitude};
        QCOMPARE(NetworkIndex(f).rtt(kEastUs, kUsEast1).seconds, 0.001);
    }
};

QTEST_APPLESS_MAIN(TestLookup)
#include "tst_lookup.moc"
