// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/map/map_view.h"

#include <QDir>
#include <QImage>

#include <cmath>

/// What the map's tests share.
namespace isobar::ui {

/// Three places far apart and one near the first: Frankfurt (two providers), Mainz close to it, Sydney, São Paulo.
inline MapScene smallScene()
{
    MapScene scene;
    const auto add = [&](int id, const QString& name, LatLon at, std::vector<MapSlice> slices, double utilization) {
        MapMarker m;
        m.id = id, m.name = name, m.at = at, m.utilization = utilization;
        for (const MapSlice& s : slices) {
            m.size += s.value;
            m.regions.append(s.label + QLatin1Char(' ') + name);
        }
        m.slices = std::move(slices);
        m.label = QStringLiteral("%1 %2 %").arg(name).arg(std::lround(100 * utilization));
        scene.markers.push_back(m);
    };
    const QColor blue(0x56, 0xB4, 0xE9), yellow(0xF0, 0xE4, 0x42);
    add(10, QStringLiteral("Frankfurt"), {50.11, 8.68},
        {{QStringLiteral("Azure"), blue, 8000}, {QStringLiteral("Google Cloud"), yellow, 4345}}, 0.64);
    add(11, QStringLiteral("Mainz"), {49.4, 7.9}, {{QStringLiteral("Azure"), blue, 900}}, 0.2);
    add(20, QStringLiteral("Sydney"), {-33.86, 151.21}, {{QStringLiteral("Google Cloud"), yellow, 6000}}, 0.42);
    add(30, QStringLiteral("São Paulo"), {-23.55, -46.63}, {{QStringLiteral("Azure"), blue, 5800}}, 0.95);
    scene.markers.back().trouble = true;
    scene.markers.front().trend = 0.03;
    scene.areas = {{1, QStringLiteral("Brazil"), {-10.0, -44.0}, 900},
                   {2, QStringLiteral("Poland"), {53.0, 30.0}, 500}};
    scene.flows = {
        {1, 30, 600, MapFlow::State::Fine}, {1, 10, 300, MapFlow::State::Slow}, {2, 10, 500, MapFlow::State::Fine}};
    return scene;
}

inline QPoint centerOf(const MapView& map, int id)
{
    return map.markerRect(id).center();
}

/// The share of a small square around `at` that has nearly `color`.
inline double shareOf(const QImage& image, QPointF at, const QColor& color)
{
    int same = 0, all = 0;
    for (int dy = -6; dy <= 6; ++dy) {
        for (int dx = -6; dx <= 6; ++dx) {
            const double dpr = image.devicePixelRatio(); // pictures have device pixels
            const QPoint pixel = (at * dpr).toPoint() + QPoint(dx, dy);
            if (!image.rect().contains(pixel)) {
                continue;
            }
            const QColor c = image.pixelColor(pixel);
            same += std::abs(c.red() - color.red()) + std::abs(c.green() - color.green()) +
                        std::abs(c.blue() - color.blue()) <=
                    9;
            ++all;
        }
    }
    return static_cast<double>(same) / all;
}

/// Keeps the grabbed pictures where ISOBAR_PICTURES says, for a person to look at.
inline void keepPicture(const QImage& image, const QString& name)
{
    const QString folder = qEnvironmentVariable("ISOBAR_PICTURES");
    if (!folder.isEmpty()) {
        QDir().mkpath(folder);
        image.save(folder + QLatin1Char('/') + name + QStringLiteral(".png"));
    }
}

} // namespace isobar::ui
