// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/fleet/lookup.h"
#include "model/fleet/places.h"
#include "model/proto/shipped.h"

#include <QTest>
#include <algorithm>
#include <random>
#include <set>

using namespace isobar;

namespace {

Fleet regionsAt(const std::vector<LatLon>& points)
{
    Fleet fleet;
    fleet.providers = {{"azure", "Azure"}};
    for (std::size_t i = 0; i < points.size(); ++i) {
        Region region;
        region.provider = ProviderId(0);
        region.code = "r" + std::to_string(i);
        region.location = region.code;
        region.at = points[i];
        fleet.regions.push_back(region);
    }
    return fleet;
}

/// Regions joined by steps shorter than the limit, walked one by one.
std::set<std::set<std::size_t>> slowPlaces(const Fleet& fleet, double withinMetres)
{
    std::set<std::set<std::size_t>> places;
    for (std::size_t first = 0; first < fleet.regions.size(); ++first) {
        std::set<std::size_t> reached{first};
        for (bool grew = true; grew;) {
            grew = false;
            for (std::size_t next = 0; next < fleet.regions.size(); ++next) {
                const bool near = std::any_of(reached.begin(), reached.end(), [&](std::size_t have) {
                    return geodesicMetres(fleet.regions[have].at, fleet.regions[next].at) < withinMetres;
                });
                grew |= near && reached.insert(next).second;
            }
        }
        places.insert(reached);
    }
    return places;
}

std::set<std::set<std::size_t>> regionsOf(const std::vector<Place>& places)
{
    std::set<std::set<std::size_t>> all;
    for (const Place& place : places) {
        std::set<std::size_t> regions;
        for (const RegionId id : place.regions) {
            regions.insert(id.index());
        }
        all.insert(regions);
    }
    return all;
}

} // namespace

/// Regions a map shows as one.
class TestPlaces : public QObject {
    Q_OBJECT

    const Fleet m_sample = proto::shippedSample().value();

    const Place* placeOf(const std::vector<Place>& places, const char* key) const
    {
        const RegionId id = findRegion(m_sample, key);
        const auto found = std::find_if(places.begin(), places.end(), [id](const Place& place) {
            return std::count(place.regions.begin(), place.regions.end(), id) > 0;
        });
        return found == places.end() ? nullptr : &*found;
    }

private Q_SLOTS:
    void everyRegionIsInOnePlace()
    {
        std::size_t regions = 0;
        for (const Place& place : gatherPlaces(m_sample)) {
            QVERIFY(!place.regions.empty());
            QVERIFY(std::is_sorted(place.regions.begin(), place.regions.end()));
            QVERIFY(!place.name.empty());
            QVERIFY2(place.name.find(',') == std::string::npos, place.name.c_str());
            regions += place.regions.size();
        }
        QCOMPARE(regions, m_sample.regions.size());
        QCOMPARE(regionsOf(gatherPlaces(m_sample)), slowPlaces(m_sample, 80e3));
    }

    void agreesWithTheSlowReference()
    {
        std::mt19937 random(5);
        std::uniform_real_distribution<double> degrees(0, 4);
        for (int i = 0; i < 100; ++i) {
            std::vector<LatLon> points;
            for (std::size_t n = 1 + random() % 25; n > 0; --n) {
                points.push_back({45 + degrees(random), 10 + degrees(random)});
            }
            const Fleet fleet = regionsAt(points);
            const double within = 10e3 + 10e3 * double(random() % 8);
            QCOMPARE(regionsOf(gatherPlaces(fleet, within)), slowPlaces(fleet, within));
        }
    }

    /// Two regions of different places are at least the limit apart; a place's dot lies among its regions.
    void distances()
    {
        const std::vector<Place> places = gatherPlaces(m_sample);
        for (std::size_t a = 0; a < places.size(); ++a) {
            double widest = 0;
            for (const RegionId one : places[a].regions) {
                for (const RegionId other : places[a].regions) {
                    widest = std::max(widest, geodesicMetres(m_sample[one].at, m_sample[other].at));
                }
            }
            for (const RegionId one : places[a].regions) {
                QVERIFY(geodesicMetres(places[a].at, m_sample[one].at) <= widest + 1);
                for (std::size_t b = 0; b < a; ++b) {
                    for (const RegionId other : places[b].regions) {
                        QVERIFY(geodesicMetres(m_sample[one].at, m_sample[other].at) >= 80e3);
                    }
                }
            }
        }
    }

    void frankfurtIsFourClouds()
    {
        const std::vector<Place> places = gatherPlaces(m_sample);
        const Place* frankfurt = placeOf(places, "azure/germanywestcentral");
        QVERIFY(frankfurt != nullptr);
        QCOMPARE(frankfurt->name, std::string("Frankfurt"));
        for (const char* key : {"gcp/europe-west3", "aws/eu-central-1", "oci/eu-frankfurt-1"}) {
            QVERIFY2(placeOf(places, key) == frankfurt, key);
        }
        QVERIFY(placeOf(places, "azure/eastus2") != frankfurt);
    }

    void aPlaceAcrossTheDateLine()
    {
        const std::vector<Place> places = gatherPlaces(regionsAt({{-17, 179.9}, {-17, -179.9}}));
        QCOMPARE(places.size(), std::size_t(1));
        QVERIFY(geodesicMetres(places[0].at, {-17, 180}) < 1000);
        QVERIFY(places[0].at.longitude >= -180 && places[0].at.longitude <= 180);
    }

    void theShortestPlainNameWins_data()
    {
        QTest::addColumn<QStringList>("locations");
        QTest::addColumn<QString>("name");
        QTest::newRow("one") << QStringList{"Paris"} << "Paris";
        QTest::newRow("longer first") << QStringList{"Frankfurt am Main", "Frankfurt"} << "Frankfurt";
        QTest::newRow("state and country") << QStringList{"Ashburn, VA, USA"} << "Ashburn";
        QTest::newRow("area") << QStringList{"Paris area"} << "Paris";
        QTest::newRow("in brackets") << QStringList{"Osaka (Kansai)"} << "Osaka";
        QTest::newRow("one without a name") << QStringList{"Paris", "(unknown)"} << "Paris";
    }
    void theShortestPlainNameWins()
    {
        QFETCH(QStringList, locations);
        QFETCH(QString, name);
        Fleet fleet = regionsAt(std::vector<LatLon>(std::size_t(locations.size()), {48.9, 2.4}));
        for (int i = 0; i < locations.size(); ++i) {
            fleet.regions[std::size_t(i)].location = locations[i].toStdString();
        }
        const std::vector<Place> places = gatherPlaces(fleet);
        QCOMPARE(places.size(), std::size_t(1));
        QCOMPARE(QString::fromStdString(places[0].name), name);
    }

    void noRegions() { QVERIFY(gatherPlaces(Fleet{}).empty()); }
};

QTEST_GUILESS_MAIN(TestPlaces)
#include "tst_places.moc"
