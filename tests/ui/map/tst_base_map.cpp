// SPDX-License-Identifier: GPL-3.0-or-later
#include "resources/embedded.h"
#include "ui/map/base_map.h"

#include <QTest>

#include <algorithm>
#include <cmath>
#include <random>

using namespace isobar;
using namespace isobar::ui;

namespace {

std::string shipped()
{
    return std::string(resources::file("map/base_map.bin"));
}

/// The header's checksum made to fit again, so that what is behind it is tested too.
void sealAgain(std::string& bytes)
{
    std::uint32_t sum = 0x811c9dc5;
    for (std::size_t i = 28; i < bytes.size(); ++i) {
        sum = (sum ^ static_cast<std::uint8_t>(bytes[i])) * 0x01000193u;
    }
    for (int i = 0; i < 4; ++i) {
        bytes[static_cast<std::size_t>(24 + i)] = static_cast<char>(sum >> (8 * i));
    }
}

void setU32(std::string& bytes, std::size_t at, std::uint32_t value)
{
    for (std::size_t i = 0; i < 4; ++i) {
        bytes[at + i] = static_cast<char>(value >> (8 * i));
    }
}

/// Even-odd, over all polygons: the slow and obvious way to ask whether a place is on land.
bool onLand(const BaseMapData& map, LatLon place)
{
    bool land = false;
    for (const GeoPolygon& polygon : map.land) {
        for (const auto& ring : polygon.rings) {
            for (std::size_t i = 0; i < ring.size(); ++i) {
                const LatLon a = ring[i], b = ring[(i + 1) % ring.size()];
                if ((a.latitude > place.latitude) != (b.latitude > place.latitude) &&
                    place.longitude < a.longitude + (b.longitude - a.longitude) * (place.latitude - a.latitude) /
                                                        (b.latitude - a.latitude)) {
                    land = !land;
                }
            }
        }
    }
    return land;
}

} // namespace

class BaseMapTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void isSmallAndWhole();
    void noEdgeSpansHalfTheWorld();
    void holesLieInTheirOutline();
    void landIsWhereItIs_data();
    void landIsWhereItIs();
    void cutShortIsAnError();
    void mangledHeaderIsAnError_data();
    void mangledHeaderIsAnError();
    void mangledBytesNeverCrash();
};

void BaseMapTest::isSmallAndWhole()
{
    const std::string bytes = shipped();
    QVERIFY(!bytes.empty());
    QVERIFY(bytes.size() <= 400 * 1000);
    const auto map = readBaseMap(bytes);
    QVERIFY2(map.ok(), map.ok() ? "" : map.error().toString().c_str());
    QVERIFY(map->land.size() > 1000);
    QVERIFY(map->borders.size() > 100);
    QVERIFY(!bundledBaseMap(ProjectionKind::EqualEarth).land.empty());
}

void BaseMapTest::noEdgeSpansHalfTheWorld()
{
    const auto map = readBaseMap(shipped());
    QVERIFY(map.ok());
    double widest = 0;
    for (const GeoPolygon& polygon : map->land) {
        for (const auto& ring : polygon.rings) {
            QVERIFY(ring.size() >= 3);
            for (std::size_t i = 0; i < ring.size(); ++i) {
                widest = std::max(widest, std::abs(ring[i].longitude - ring[(i + 1) % ring.size()].longitude));
            }
        }
    }
    for (const auto& line : map->borders) {
        for (std::size_t i = 1; i < line.size(); ++i) {
            widest = std::max(widest, std::abs(line[i].longitude - line[i - 1].longitude));
        }
    }
    // The generator puts a point every 6 degrees: far below the 180 at which a streak would begin.
    QVERIFY2(widest < 10, qPrintable(QString::number(widest)));
}

void BaseMapTest::holesLieInTheirOutline()
{
    const auto map = readBaseMap(shipped());
    QVERIFY(map.ok());
    int holes = 0;
    for (const GeoPolygon& polygon : map->land) {
        const BaseMapData outline{{GeoPolygon{{polygon.rings.front()}}}, {}};
        for (std::size_t i = 1; i < polygon.rings.size(); ++i) {
            ++holes;
            QVERIFY2(onLand(outline, polygon.rings[i].front()), "a lake outside its land");
        }
    }
    QVERIFY(holes >= 1); // the Caspian Sea
}

void BaseMapTest::landIsWhereItIs_data()
{
    QTest::addColumn<double>("latitude");
    QTest::addColumn<double>("longitude");
    QTest::addColumn<bool>("land");
    QTest::newRow("Sahara") << 23.0 << 10.0 << true;
    QTest::newRow("mid-Pacific") << 5.0 << -150.0 << false;
    QTest::newRow("Chukotka, west of the antimeridian") << 67.0 << 178.0 << true;
    QTest::newRow("Chukotka, east of it") << 66.5 << -175.0 << true;
    QTest::newRow("Taveuni, Fiji, on it") << -16.83 << 179.97 << true;
    QTest::newRow("Antarctica, the pole") << -89.5 << 30.0 << true;
    QTest::newRow("Antarctica, at the antimeridian") << -85.0 << 179.0 << true;
    QTest::newRow("Southern Ocean") << -62.0 << 100.0 << false;
    QTest::newRow("Caspian Sea, a hole") << 41.0 << 50.8 << false;
    QTest::newRow("Caspian Sea, far north") << 46.0 << 50.5 << false;
    QTest::newRow("Iowa") << 41.6 << -93.6 << true;
}

void BaseMapTest::landIsWhereItIs()
{
    QFETCH(double, latitude);
    QFETCH(double, longitude);
    QFETCH(bool, land);
    const auto map = readBaseMap(shipped());
    QVERIFY(map.ok());
    QCOMPARE(onLand(*map, {latitude, longitude}), land);
}

void BaseMapTest::cutShortIsAnError()
{
    const std::string bytes = shipped();
    for (std::size_t length : {std::size_t{0}, std::size_t{1}, std::size_t{7}, std::size_t{27}, std::size_t{28},
                               std::size_t{29}, bytes.size() / 2, bytes.size() - 1}) {
        std::string cut = bytes.substr(0, length);
        QVERIFY(!readBaseMap(cut).ok());
        if (length >= 28) { // and when the header agrees with what is left
            setU32(cut, 20, static_cast<std::uint32_t>(length - 28));
            sealAgain(cut);
            const auto map = readBaseMap(cut);
            QVERIFY(!map.ok());
            QCOMPARE(map.error().code, ErrorCode::Corrupt);
        }
    }
    QVERIFY(!readBaseMap(bytes + "x").ok());
}

void BaseMapTest::mangledHeaderIsAnError_data()
{
    QTest::addColumn<int>("at");
    QTest::newRow("magic") << 0;
    QTest::newRow("version") << 7;
    QTest::newRow("polygons") << 8;
    QTest::newRow("borders") << 12;
    QTest::newRow("points") << 16;
    QTest::newRow("length") << 20;
    QTest::newRow("checksum") << 24;
}

void BaseMapTest::mangledHeaderIsAnError()
{
    QFETCH(int, at);
    for (const int bit : {1, 0x80}) {
        std::string bytes = shipped();
        bytes[static_cast<std::size_t>(at)] = static_cast<char>(bytes[static_cast<std::size_t>(at)] ^ bit);
        QVERIFY(!readBaseMap(bytes).ok());
    }
    std::string bytes = shipped();
    if (at >= 8) {
        setU32(bytes, static_cast<std::size_t>(at), 0xffffffffu);
        QVERIFY(!readBaseMap(bytes).ok());
    }
}

void BaseMapTest::mangledBytesNeverCrash()
{
    const std::string bytes = shipped();
    std::mt19937 random(42);
    int refused = 0;
    for (int round = 0; round < 60; ++round) {
        std::string bad = bytes;
        const int hits = 1 + static_cast<int>(random() % 8);
        for (int i = 0; i < hits; ++i) {
            bad[28 + random() % (bad.size() - 28)] = static_cast<char>(random());
        }
        sealAgain(bad); // past the checksum on purpose
        const auto map = readBaseMap(bad);
        if (!map.ok()) {
            ++refused;
            continue;
        }
        for (const GeoPolygon& polygon : map->land) { // what is let through stays on the globe
            for (const auto& ring : polygon.rings) {
                for (const LatLon& p : ring) {
                    QVERIFY(std::abs(p.latitude) <= 90 && std::abs(p.longitude) <= 180);
                }
            }
        }
    }
    QVERIFY(refused > 0);
}

QTEST_APPLESS_MAIN(BaseMapTest)
#include "tst_base_map.moc"
