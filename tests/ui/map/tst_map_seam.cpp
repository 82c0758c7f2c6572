// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/ui/map/line_recorder.h"
#include "ui/map/layout.h"
#include "ui/map/map_paint.h"
#include "ui/map/sun.h"

#include <QStandardPaths>
#include <QTest>

#include <cmath>

using namespace isobar;
using namespace isobar::ui;

namespace {

constexpr QSize kWindow(1150, 500);

/// Places on both sides of the antimeridian and near both poles, and flows over all of these.
MapScene pacificScene()
{
    MapScene scene;
    const auto add = [&](const char* name, LatLon at, double utilization) {
        MapMarker m;
        m.id = static_cast<int>(scene.markers.size());
        m.name = QString::fromUtf8(name);
        m.at = at;
        m.size = 4000;
        m.utilization = utilization;
        m.slices = {{QStringLiteral("Azure"), QColor(0x56, 0xB4, 0xE9), m.size}};
        scene.markers.push_back(m);
    };
    add("Auckland", {-36.85, 174.76}, 0.9);
    add("Sydney", {-33.86, 151.21}, 0.7);
    add("Tokyo", {35.68, 139.69}, 0.8);
    add("Oregon", {45.6, -121.2}, 1.1);
    add("Anadyr", {64.7, 177.5}, 0.9);
    add("Nome", {64.5, -165.4}, 0.6);
    add("Suva", {-18.1, 178.4}, 1.3);
    add("Longyearbyen", {78.2, 15.6}, 0.8);
    add("McMurdo", {-77.8, 166.7}, 0.8);
    scene.areas = {{0, QStringLiteral("Fiji"), {-17.8, -179.0}, 500},
                   {1, QStringLiteral("Japan"), {36, 138}, 900},
                   {2, QStringLiteral("US West"), {38, -121}, 900},
                   {3, QStringLiteral("Svalbard"), {78, 16}, 100}};
    for (const MapMarker& marker : scene.markers) {
        for (MapArea& area : scene.areas) {
            scene.flows.push_back({area.id, marker.id, 100.0 + marker.id, MapFlow::State::Fine, 5000});
            area.rtt.push_back({marker.id, 0.01 + 0.02 * marker.id, true});
        }
        scene.spills.push_back({marker.id, (marker.id + 3) % 9, 50});
    }
    return scene;
}

} // namespace

/// Nothing is drawn straight through the map where it is cut, or where longitudes come together.
class MapSeamTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase() { QStandardPaths::setTestModeEnabled(true); }

    void noLayerStreaks_data()
    {
        QTest::addColumn<int>("kind");
        QTest::addColumn<double>("latitude");
        QTest::addColumn<double>("longitude");
        QTest::addColumn<double>("zoom");
        const struct {
            const char* name;
            double latitude, longitude, zoom;
        } looks[] = {{"the world", 10, 0, 1},
                     {"the Pacific", 0, 179.9, 1.5},
                     {"east of the date line", 20, -179, 3},
                     {"Bering Strait", 66, 180, 8},
                     {"the north pole", 89, 30, 1},
                     {"the south pole", -89, -120, 1},
                     {"over the north pole", 89, 170, 4},
                     {"Fiji", -17, 180, 20}};
        for (const ProjectionKind kind : kAllProjections) {
            for (const auto& look : looks) {
                QTest::addRow("%s, %s", qPrintable(projectionName(kind)), look.name)
                    << static_cast<int>(kind) << look.latitude << look.longitude << look.zoom;
            }
        }
    }

    void noLayerStreaks()
    {
        QFETCH(int, kind);
        QFETCH(double, latitude);
        QFETCH(double, longitude);
        QFETCH(double, zoom);
        const Projection projection{static_cast<ProjectionKind>(kind), {}};
        MapViewport view = MapViewport::fitted(kWindow, projection);
        view = view.zoomedAt({575, 250}, zoom).centredOn({latitude, longitude});
        const MapScene scene = pacificScene();
        LayoutCache cache;
        LayoutOptions options;
        options.spills = true;
        options.flowLimit = 0;
        const MapLayout layout = layoutMap(scene, view, options, cache);
        const Theme& theme = Theme::darkTheme();
        // Where the map's own edge or the window's is followed, a long line is right.
        const auto alongAnEdge = [&](const QLineF& line) {
            const QPointF middle = line.pointAt(0.5);
            const auto place = view.placeAt(middle);
            return !QRectF(QPointF(), view.size).contains(middle) || !place || place->latitude < -85 ||
                   std::abs(place->longitude) > 179.5;
        };
        const auto check = [&](const char* layer, bool filled, double mostRadians, const auto& paint) {
            LineRecorder recorder(kWindow);
            QPainter painter(&recorder);
            paint(painter);
            painter.end();
            for (const bool outlines : {false, true}) {
                if (outlines && !filled) {
                    continue; // the grounds of labels
                }
                for (const QLineF& line : outlines ? recorder.outlines() : recorder.strokes()) {
                    QVERIFY2(std::isfinite(line.length()), layer);
                    if (line.length() > mostRadians * view.scale && line.length() > 24 && !alongAnEdge(line)) {
                        QFAIL(qPrintable(QStringLiteral("%1: a line of %2 px from (%3, %4) to (%5, %6)")
                                             .arg(QLatin1String(layer))
                                             .arg(line.length())
                                             .arg(line.x1())
                                             .arg(line.y1())
                                             .arg(line.x2())
                                             .arg(line.y2())));
                    }
                }
            }
            QVERIFY2(zoom > 1 || view.projection.isGlobe() || !recorder.strokes().empty(), layer);
        };
        // Straight coasts and borders may be long (the 49th parallel), curves may not.
        check("land", true, 0.85, [&](QPainter& p) { paintBase(p, view, theme, 0.75); });
        check("isobars", false, 0.1, [&](QPainter& p) { paintIsobars(p, scene, view, layout, {}, theme); });
        check("flows", false, 0.25, [&](QPainter& p) { paintFlows(p, layout, false, theme); });
        check("spills", false, 0.25, [&](QPainter& p) { paintSpills(p, layout, theme); });
        for (const MapArea& area : scene.areas) {
            check("rings", false, 0.1,
                  [&](QPainter& p) { paintLatencyRings(p, scene, view, layout, area.id, {}, theme); });
        }
    }

    void theTestSeesAStreak()
    {
        LineRecorder recorder(kWindow);
        QPainter painter(&recorder);
        painter.setPen(Qt::white);
        painter.drawPolyline(QPolygonF({{10, 100}, {1140, 100}}));
        painter.end();
        QCOMPARE(recorder.strokes().size(), std::size_t{1});
        QCOMPARE(recorder.strokes().front().length(), 1130.0);
    }

    void nightGoesOnAcrossTheSeamAndEndsAtTheWorldsEdge_data()
    {
        QTest::addColumn<int>("kind");
        for (const ProjectionKind kind : kAllProjections) {
            QTest::addRow("%s", qPrintable(projectionName(kind))) << static_cast<int>(kind);
        }
    }

    void nightGoesOnAcrossTheSeamAndEndsAtTheWorldsEdge()
    {
        QFETCH(int, kind);
        const MapViewport view = MapViewport::fitted(kWindow, {static_cast<ProjectionKind>(kind), {10, 179}});
        const double noon = 1795269600.0; // 2026-11-21 14:00 UTC: night over the Pacific
        const UnitVector sun = unitVector(subsolarPoint(noon));
        QImage picture(kWindow, QImage::Format_ARGB32_Premultiplied);
        picture.fill(Qt::transparent);
        QPainter painter(&picture);
        paintNight(painter, view, noon, Theme::darkTheme());
        painter.end();
        int nights = 0, days = 0, outside = 0;
        for (int y = 2; y < kWindow.height() - 2; y += 3) {
            for (int x = 2; x < kWindow.width() - 2; x += 3) {
                const int alpha = qAlpha(picture.pixel(x, y));
                const QPointF at(x + 0.5, y + 0.5);
                const auto shown = [&](QPointF d) { return view.placeAt(at + d).has_value(); };
                const int inSight = shown({}) + shown({2, 0}) + shown({-2, 0}) + shown({0, 2}) + shown({0, -2});
                if (inSight == 0) {
                    QCOMPARE(alpha, 0);
                    ++outside;
                } else if (inSight == 5) { // up to two pixels from the edge
                    const double height = dot(sun, unitVector(*view.placeAt(at)));
                    if (height < -0.35) {
                        QVERIFY2(alpha > 110, qPrintable(QStringLiteral("%1 at %2, %3").arg(alpha).arg(x).arg(y)));
                        ++nights;
                    } else if (height > 0.15) {
                        QCOMPARE(alpha, 0);
                        ++days;
                    }
                }
            }
        }
        QVERIFY(nights > 1000 && outside > 1000);
        QVERIFY(days > 1000 || view.projection.isGlobe());
    }
};

QTEST_MAIN(MapSeamTest)
#include "tst_map_seam.moc"
