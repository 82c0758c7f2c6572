// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/layout.h"
#include "ui/map/projection.h"
#include "ui/map/sun.h"
#include "ui/map/viewport.h"

#include <QTest>

#include <cmath>

using namespace isobar;
using namespace isobar::ui;

class ProjectionTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void knownPlaces_data();
    void knownPlaces();
    void comesBackFromThePlane();
    void everyProjectionComesBack_data();
    void everyProjectionComesBack();
    void nothingIsUndefinedAtThePoles();
    void globeShowsHalfTheWorld();
    void globeArcsAreGreatCircles();
    void globeZoomKeepsThePlace();
    void theSunStandsWhereItStands_data();
    void theSunStandsWhereItStands();
    void areasAreEqual();
    void viewportComesBackFromTheScreen();
    void zoomKeepsThePlaceUnderThePointer();
    void zoomAndPanStayOnTheMap();
    void flowsNeverStreakAcrossTheMap_data();
    void flowsNeverStreakAcrossTheMap();
    void thereAndBackAreTwoLines();
};

void ProjectionTest::knownPlaces_data()
{
    QTest::addColumn<double>("latitude");
    QTest::addColumn<double>("longitude");
    QTest::addColumn<double>("x");
    QTest::addColumn<double>("y");
    // Computed with d3-geo 3.1 (geoEqualEarthRaw), an independent implementation.
    QTest::newRow("origin") << 0.0 << 0.0 << 0.0 << 0.0;
    QTest::newRow("equator, east edge") << 0.0 << 180.0 << 2.7066299836960748 << 0.0;
    QTest::newRow("north pole") << 90.0 << 0.0 << 0.0 << 1.3173627591574133;
    QTest::newRow("south pole, west edge") << -90.0 << -180.0 << -1.603588648284 << -1.317362759157;
    QTest::newRow("Frankfurt") << 50.11 << 8.68 << 0.107566025059 << 0.943275506490;
    QTest::newRow("Sydney") << -33.86 << 151.21 << 2.087211388966 << -0.664522516542;
    QTest::newRow("Chukotka") << 67.0 << -175.0 << -1.843639271491 << 1.175193337674;
}

void ProjectionTest::knownPlaces()
{
    QFETCH(double, latitude);
    QFETCH(double, longitude);
    QFETCH(double, x);
    QFETCH(double, y);
    const QPointF p = projectEqualEarth({latitude, longitude});
    QVERIFY2(std::abs(p.x() - x) < 1e-9, qPrintable(QString::number(p.x(), 'g', 12)));
    QVERIFY2(std::abs(p.y() - y) < 1e-9, qPrintable(QString::number(p.y(), 'g', 12)));
}

void ProjectionTest::comesBackFromThePlane()
{
    for (double latitude = -90; latitude <= 90; latitude += 2.5) {
        for (double longitude = -180; longitude <= 180; longitude += 7.5) {
            const LatLon back = unprojectEqualEarth(projectEqualEarth({latitude, longitude}));
            // The projection is flat to first order at the poles' latitude: asin loses half the digits there.
            const double tolerance = std::abs(latitude) > 89.9 ? 2e-6 : 1e-9;
            QVERIFY2(std::abs(back.latitude - latitude) < tolerance, qPrintable(QString::number(latitude)));
            QVERIFY2(std::abs(back.longitude - longitude) < 1e-6, qPrintable(QString::number(longitude)));
        }
    }
}

void ProjectionTest::everyProjectionComesBack_data()
{
    QTest::addColumn<int>("kind");
    QTest::addColumn<double>("latitude");
    QTest::addColumn<double>("longitude");
    for (const ProjectionKind kind : kAllProjections) {
        for (const LatLon facing : {LatLon{0, 0}, LatLon{35, 100}, LatLon{-60, 179}, LatLon{89, -45}}) {
            if (kind == ProjectionKind::Globe || facing == LatLon{0, 0}) {
                QTest::addRow("%s facing %.0f %.0f", qPrintable(projectionName(kind)), facing.latitude,
                              facing.longitude)
                    << static_cast<int>(kind) << facing.latitude << facing.longitude;
            }
        }
    }
}

void ProjectionTest::everyProjectionComesBack()
{
    QFETCH(int, kind);
    QFETCH(double, latitude);
    QFETCH(double, longitude);
    const Projection projection{static_cast<ProjectionKind>(kind), {latitude, longitude}};
    int seen = 0;
    for (double at = -85; at <= 85; at += 4.25) {
        for (double along = -180; along <= 180; along += 7.5) {
            const LatLon place{at, along};
            // At the rim of the globe a pixel is many degrees: half the digits go.
            if (!projection.shows(place) ||
                (projection.isGlobe() && dot(unitVector(projection.facing), unitVector(place)) < 0.02)) {
                continue;
            }
            ++seen;
            const auto back = projection.unproject(projection.project(place));
            QVERIFY2(back.has_value(), qPrintable(QStringLiteral("%1 %2").arg(at).arg(along)));
            QVERIFY2(1 - dot(unitVector(*back), unitVector(place)) < 1e-13,
                     qPrintable(QStringLiteral("%1 %2").arg(at).arg(along)));
        }
    }
    QVERIFY(seen > 400);
    QVERIFY(!projection.unproject({projection.halfWidth() * 1.01, 0}).has_value());
    QVERIFY(!projection.unproject({0, projection.halfHeight() * 1.01}).has_value());
}

void ProjectionTest::nothingIsUndefinedAtThePoles()
{
    for (const ProjectionKind kind : kAllProjections) {
        for (const double facing : {-90.0, -89.0, 0.0, 89.0, 90.0}) {
            const Projection projection{kind, {facing, 30}};
            for (const double latitude : {-90.0, 90.0, -91.0, 91.0}) {
                for (const double longitude : {-180.0, 0.0, 180.0, 540.0}) {
                    const QPointF p = projection.project({latitude, longitude});
                    QVERIFY(std::isfinite(p.x()) && std::isfinite(p.y()));
                    QVERIFY(std::abs(p.y()) <= projection.halfHeight() + 1e-9);
                    const auto back = projection.unproject(p);
                    QVERIFY(!back || (std::isfinite(back->latitude) && std::isfinite(back->longitude)));
                }
            }
            for (const auto& piece : flowCurve({90, 0}, {-90, 0}, projection)) {
                for (const QPointF& p : piece) {
                    QVERIFY(std::isfinite(p.x()) && std::isfinite(p.y()));
                }
            }
        }
    }
}

void ProjectionTest::globeShowsHalfTheWorld()
{
    const Projection globe{ProjectionKind::Globe, {48, 11}};
    QVERIFY(globe.shows({48, 11}) && globe.shows({0, 0}) && globe.shows({40, -70}));
    QVERIFY(!globe.shows({-48, -169}) && !globe.shows({-33.9, 151.2}));
    const QPointF middle = globe.project({48, 11});
    QVERIFY(std::hypot(middle.x(), middle.y()) < 1e-12);
    const QPointF north = globe.project({60, 11}), east = globe.project({48, 25});
    QVERIFY(std::abs(north.x()) < 1e-12 && north.y() > 0);
    QVERIFY(east.x() > 0);
}

void ProjectionTest::globeArcsAreGreatCircles()
{
    const LatLon from{51.5, -0.1}, to{1.3, 103.8};
    const Projection globe{ProjectionKind::Globe, {30, 50}};
    const UnitVector a = unitVector(from), b = unitVector(to);
    const UnitVector normal{a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
    const auto curve = flowCurve(from, to, globe);
    QCOMPARE(curve.size(), std::size_t{1});
    for (const QPointF& p : curve.front()) {
        const auto place = globe.unproject(p);
        QVERIFY(place.has_value());
        QVERIFY(std::abs(dot(unitVector(*place), normal)) < 1e-9);
    }
    // The far half is left out, and the near one ends on the rim.
    const auto cut = flowCurve(from, to, {ProjectionKind::Globe, {30, -60}});
    QCOMPARE(cut.size(), std::size_t{1});
    QVERIFY(std::abs(std::hypot(cut.front().back().x(), cut.front().back().y()) - 1) < 0.01);
    QVERIFY(flowCurve(from, to, {ProjectionKind::Globe, {-40, -130}}).empty());
}

void ProjectionTest::globeZoomKeepsThePlace()
{
    const MapViewport fitted = MapViewport::fitted({1150, 500}, {ProjectionKind::Globe, {20, 10}});
    const QPointF frankfurt = fitted.place({50.11, 8.68});
    const MapViewport view = fitted.zoomedAt(frankfurt, 4.0);
    QVERIFY(std::abs(view.zoom() - 4.0) < 1e-9);
    const QPointF now = view.place({50.11, 8.68});
    QVERIFY2(std::hypot(now.x() - frankfurt.x(), now.y() - frankfurt.y()) < 3, "the place moved");
    MapViewport turned = fitted;
    for (int i = 0; i < 50; ++i) {
        turned = turned.panned({300, 400});
    }
    QVERIFY(turned.projection.facing.latitude <= 89 && std::abs(turned.projection.facing.longitude) <= 180);
}

void ProjectionTest::theSunStandsWhereItStands_data()
{
    QTest::addColumn<double>("utc");
    QTest::addColumn<double>("declination");
    QTest::addColumn<double>("equationMinutes");
    // Declination and equation of time from the Astronomical Almanac's published tables of equinoxes and solstices
    // (declination 0 or +-23.44 degrees at those instants) and of the equation's extremes.
    QTest::newRow("equinox, 2026-03-20 14:46") << 1774017960.0 << 0.0 << -7.4;
    QTest::newRow("solstice, 2026-06-21 08:24") << 1782030240.0 << 23.436 << -1.9;
    QTest::newRow("equinox, 2026-09-23 00:05") << 1790121900.0 << 0.0 << 7.6;
    QTest::newRow("solstice, 2026-12-21 20:50") << 1797886200.0 << -23.436 << 1.9;
    QTest::newRow("J2000.0") << 946728000.0 << -23.03 << -3.3;
}

void ProjectionTest::theSunStandsWhereItStands()
{
    QFETCH(double, utc);
    QFETCH(double, declination);
    QFETCH(double, equationMinutes);
    const LatLon sun = subsolarPoint(utc);
    QVERIFY2(std::abs(sun.latitude - declination) < 0.03, qPrintable(QString::number(sun.latitude)));
    const double hours = std::fmod(utc, 86400.0) / 3600.0;
    double expected = -15 * (hours - 12 + equationMinutes / 60);
    expected -= 360 * std::round(expected / 360);
    QVERIFY2(std::abs(sun.longitude - expected) < 0.15,
             qPrintable(QStringLiteral("%1, expected %2").arg(sun.longitude).arg(expected)));
    QVERIFY(std::abs(sineOfSunHeight(sun, sun) - 1) < 1e-12);
    QVERIFY(sineOfSunHeight(sun, {-sun.latitude, sun.longitude + 180}) < -0.999);
}

void ProjectionTest::areasAreEqual()
{
    // The area of a small quadrangle on the plane over that on the sphere is the same everywhere.
    const auto ratio = [](double latitude, double longitude) {
        constexpr double h = 0.01, degree = 3.14159265358979 / 180;
        const QPointF a = projectEqualEarth({latitude, longitude}), b = projectEqualEarth({latitude, longitude + h}),
                      c = projectEqualEarth({latitude + h, longitude});
        const QPointF u = b - a, v = c - a;
        const double sphere = h * degree * (std::sin((latitude + h) * degree) - std::sin(latitude * degree));
        return std::abs(u.x() * v.y() - u.y() * v.x()) / sphere;
    };
    for (const double latitude : {-75.0, -40.0, 0.0, 23.0, 51.0, 80.0}) {
        for (const double longitude : {-170.0, 0.0, 100.0}) {
            QVERIFY2(std::abs(ratio(latitude, longitude) - 1.0) < 2e-3,
                     qPrintable(QStringLiteral("%1 at %2").arg(ratio(latitude, longitude)).arg(latitude)));
        }
    }
}

void ProjectionTest::viewportComesBackFromTheScreen()
{
    const MapViewport view = MapViewport::fitted({1150, 500}).zoomedAt({700, 120}, 7.0);
    for (const QPointF at : {QPointF(0, 0), QPointF(1150, 500), QPointF(333.25, 77.5)}) {
        const QPointF back = view.toScreen(view.toPlane(at));
        QVERIFY(std::abs(back.x() - at.x()) < 1e-9 && std::abs(back.y() - at.y()) < 1e-9);
    }
}

void ProjectionTest::zoomKeepsThePlaceUnderThePointer()
{
    const MapViewport fitted = MapViewport::fitted({1150, 500});
    const QPointF frankfurt = fitted.place({50.11, 8.68});
    const MapViewport view = fitted.zoomedAt(frankfurt, 4.0);
    QVERIFY(std::abs(view.zoom() - 4.0) < 1e-9);
    const QPointF now = view.place({50.11, 8.68});
    QVERIFY2(std::hypot(now.x() - frankfurt.x(), now.y() - frankfurt.y()) < 1e-6, "the place moved");
}

void ProjectionTest::zoomAndPanStayOnTheMap()
{
    MapViewport view = MapViewport::fitted({800, 420});
    QCOMPARE(view.zoomedAt({0, 0}, 0.01).zoom(), 1.0);
    QVERIFY(std::abs(view.zoomedAt({10, 10}, 1e9).zoom() - MapViewport::kMaxZoom) < 1e-6);
    for (int i = 0; i < 500; ++i) {
        view = view.panned({-400, 250});
    }
    QVERIFY(QRectF(-kEqualEarthHalfWidth, -kEqualEarthHalfHeight, 2 * kEqualEarthHalfWidth, 2 * kEqualEarthHalfHeight)
                .contains(view.center));
}

void ProjectionTest::flowsNeverStreakAcrossTheMap_data()
{
    QTest::addColumn<double>("fromLatitude");
    QTest::addColumn<double>("fromLongitude");
    QTest::addColumn<double>("toLatitude");
    QTest::addColumn<double>("toLongitude");
    QTest::addColumn<int>("pieces");
    QTest::newRow("Los Angeles to Tokyo") << 34.0 << -118.2 << 35.7 << 139.8 << 2;
    QTest::newRow("Tokyo to Los Angeles") << 35.7 << 139.8 << 34.0 << -118.2 << 2;
    QTest::newRow("Sydney to Santiago") << -33.9 << 151.2 << -33.4 << -70.7 << 2;
    QTest::newRow("London to New York") << 51.5 << -0.1 << 40.7 << -74.0 << 1;
    QTest::newRow("from the antimeridian") << 52.0 << 180.0 << 52.0 << -170.0 << 0;
    QTest::newRow("a place to itself") << 1.3 << 103.8 << 1.3 << 103.8 << 1;
    QTest::newRow("antipodes") << 40.0 << -4.0 << -40.0 << 176.0 << 0;
}

void ProjectionTest::flowsNeverStreakAcrossTheMap()
{
    QFETCH(double, fromLatitude);
    QFETCH(double, fromLongitude);
    QFETCH(double, toLatitude);
    QFETCH(double, toLongitude);
    QFETCH(int, pieces); // 0 = any number
    const auto curve = flowCurve({fromLatitude, fromLongitude}, {toLatitude, toLongitude});
    if (pieces > 0) {
        QCOMPARE(static_cast<int>(curve.size()), pieces);
    }
    for (const auto& piece : curve) {
        for (std::size_t i = 0; i < piece.size(); ++i) {
            QVERIFY(std::isfinite(piece[i].x()) && std::isfinite(piece[i].y()));
            QVERIFY(std::abs(piece[i].x()) <= kEqualEarthHalfWidth + 1e-9);
            if (i > 0) {
                QVERIFY2(std::hypot(piece[i].x() - piece[i - 1].x(), piece[i].y() - piece[i - 1].y()) < 0.6, "streak");
            }
        }
    }
}

void ProjectionTest::thereAndBackAreTwoLines()
{
    const auto there = flowCurve({51.5, -0.1}, {40.7, -74.0}).front(),
               back = flowCurve({40.7, -74.0}, {51.5, -0.1}).front();
    const QPointF a = there[there.size() / 2], b = back[back.size() / 2];
    QVERIFY(std::hypot(a.x() - b.x(), a.y() - b.y()) > 0.05);
}

QTEST_APPLESS_MAIN(ProjectionTest)
#include "tst_projection.moc"
