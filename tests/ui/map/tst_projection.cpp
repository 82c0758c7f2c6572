// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/layout.h"
#include "ui/map/projection.h"
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
