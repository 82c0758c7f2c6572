// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/map_bench.h"

#include "model/fleet/process_clock.h"
#include "ui/map/map_view.h"
#include "ui/shell/format.h"

#include <QCoreApplication>
#include <QElapsedTimer>
#include <QImage>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <random>

namespace isobar::ui {
namespace {

/// Capacity in hundreds of accelerators: Azure, Google Cloud, AWS, OCI, CoreWeave; 0 = not there.
struct Place {
    const char* name;
    double latitude, longitude;
    std::array<int, 5> hundreds;
    double utilization;
};

constexpr std::array<Place, 48> kPlaces{{
    {"Virginia", 37.37, -79.82, {128, 0, 86, 0, 0}, 0.71},
    {"Boydton", 36.67, -78.39, {240, 0, 0, 0, 0}, 0.86},
    {"Iowa", 41.59, -93.62, {92, 0, 0, 0, 0}, 0.42},
    {"Chicago", 41.88, -87.63, {36, 0, 0, 28, 0}, 0.55},
    {"San Antonio", 29.42, -98.50, {110, 0, 0, 0, 0}, 0.85},
    {"California", 37.78, -122.42, {44, 0, 0, 0, 0}, 0.61},
    {"Washington", 47.23, -119.85, {88, 0, 0, 0, 0}, 0.66},
    {"Phoenix", 33.45, -112.07, {120, 0, 0, 30, 42}, 0.58},
    {"Toronto", 43.65, -79.38, {30, 0, 0, 0, 0}, 0.83},
    {"São Paulo", -23.55, -46.63, {58, 0, 0, 0, 0}, 0.79},
    {"Dublin", 53.35, -6.26, {48, 0, 0, 0, 0}, 0.52},
    {"Amsterdam", 52.37, 4.90, {90, 0, 0, 14, 0}, 0.69},
    {"Hampshire", 50.94, -0.80, {42, 0, 0, 0, 0}, 0.64},
    {"Paris area", 46.38, 2.37, {40, 0, 0, 0, 0}, 0.47},
    {"Frankfurt", 50.11, 8.68, {36, 35, 33, 13, 0}, 0.64},
    {"Gävle", 60.67, 17.14, {82, 0, 0, 0, 0}, 0.57},
    {"Zürich", 47.45, 8.56, {24, 0, 0, 0, 0}, 0.44},
    {"Oslo", 59.91, 10.75, {28, 0, 0, 0, 0}, 0.39},
    {"Milan", 45.47, 9.18, {22, 0, 0, 0, 0}, 0.60},
    {"Warsaw", 52.23, 21.02, {26, 0, 0, 0, 0}, 0.53},
    {"Dubai", 25.27, 55.32, {24, 0, 0, 0, 0}, 0.72},
    {"Pune", 18.58, 73.92, {34, 0, 0, 0, 0}, 0.68},
    {"Tokyo", 35.68, 139.77, {47, 32, 22, 12, 0}, 0.51},
    {"Seoul", 37.57, 126.98, {38, 18, 0, 0, 0}, 0.48},
    {"Singapore", 1.28, 103.83, {46, 28, 0, 0, 0}, 0.59},
    {"Hong Kong", 22.27, 114.19, {16, 0, 0, 0, 0}, 0.62},
    {"Sydney", -33.86, 151.21, {26, 12, 18, 10, 0}, 0.42},
    {"Johannesburg", -25.73, 28.22, {18, 0, 0, 0, 0}, 0.50},
    {"Council Bluffs", 41.88, -95.10, {0, 164, 0, 0, 0}, 0.46},
    {"Moncks Corner", 33.84, -81.16, {0, 72, 0, 0, 0}, 0.56},
    {"Ashburn", 38.83, -77.24, {0, 66, 0, 34, 0}, 0.47},
    {"Columbus", 39.96, -83.00, {0, 164, 28, 0, 0}, 0.38},
    {"Dallas", 32.78, -96.81, {0, 38, 0, 0, 0}, 0.81},
    {"Oregon", 43.80, -120.55, {0, 84, 110, 0, 0}, 0.78},
    {"Las Vegas", 36.17, -115.14, {0, 26, 0, 0, 60}, 0.94},
    {"Belgium", 50.50, 4.47, {0, 68, 0, 0, 0}, 0.59},
    {"London", 51.51, -0.13, {0, 22, 24, 11, 0}, 0.67},
    {"Eemshaven", 53.43, 6.83, {0, 90, 0, 0, 0}, 0.35},
    {"Paris", 48.86, 2.35, {0, 18, 0, 0, 0}, 0.45},
    {"Hamina", 60.57, 27.19, {0, 58, 0, 0, 0}, 0.49},
    {"Taiwan", 23.70, 120.96, {0, 64, 0, 0, 0}, 0.66},
    {"Mumbai", 19.08, 72.88, {0, 24, 26, 0, 0}, 0.74},
    {"Stockholm", 59.33, 18.09, {0, 0, 20, 0, 0}, 0.41},
    {"New York", 40.71, -74.01, {0, 0, 0, 0, 34}, 0.63},
    {"Richmond", 37.55, -77.46, {0, 0, 0, 0, 138}, 0.79},
    {"Reno", 39.53, -119.81, {0, 0, 0, 0, 64}, 0.69},
    {"Barcelona", 41.39, 2.16, {0, 0, 0, 0, 40}, 0.54},
    {"Álava", 42.85, -2.67, {0, 0, 0, 0, 52}, 0.58},
}};

constexpr double kTokensPerAnswer = 260;

struct Users {
    const char* name;
    double latitude, longitude, requestsPerSecond;
};

constexpr std::array<Users, 24> kUsers{{
    {"US Northeast", 40.9, -74.9, 52000},   {"US Southeast", 31.5, -83.5, 31000},
    {"US Midwest", 43.0, -89.0, 26000},     {"US South", 31.0, -94.5, 24000},
    {"US West", 34.2, -118.0, 38000},       {"Canada", 47.5, -72.5, 9000},
    {"Mexico", 19.4, -99.1, 8000},          {"Brazil", -20.0, -44.5, 16000},
    {"Argentina", -34.6, -58.4, 5000},      {"Colombia", 4.7, -74.1, 4000},
    {"British Isles", 53.2, -2.0, 21000},   {"France", 46.9, 0.8, 15000},
    {"Germany", 51.8, 10.8, 19000},         {"Iberia", 39.8, -4.5, 9000},
    {"Nordics", 61.5, 14.5, 7000},          {"Eastern Europe", 49.8, 24.0, 8000},
    {"Türkiye", 39.9, 32.9, 6000},          {"Gulf", 24.7, 46.7, 6000},
    {"India", 22.5, 78.5, 34000},           {"Nigeria", 6.5, 3.4, 3000},
    {"Southern Africa", -29.0, 25.0, 3500}, {"Southeast Asia", 10.8, 106.6, 17000},
    {"Japan", 35.0, 136.5, 26000},          {"Australia", -34.8, 147.5, 9000},
}};

} // namespace

MapScene syntheticMapScene(const Theme& theme)
{
    constexpr std::array<const char*, 5> kKeys{"azure", "gcp", "aws", "oci", "coreweave"};
    const std::array<QString, 5> names{QStringLiteral("Azure"), QStringLiteral("Google Cloud"), QStringLiteral("AWS"),
                                       QStringLiteral("OCI"), QStringLiteral("CoreWeave")};
    MapScene scene;
    for (const Place& place : kPlaces) {
        MapMarker m;
        m.id = static_cast<int>(scene.markers.size());
        m.name = QString::fromUtf8(place.name);
        m.at = {place.latitude, place.longitude};
        m.utilization = place.utilization;
        m.trouble = place.utilization > 0.9;
        m.label = m.name + QLatin1Char(' ') + percent(place.utilization, 0).joined();
        for (std::size_t p = 0; p < kKeys.size(); ++p) {
            if (place.hundreds[p] > 0) {
                m.slices.push_back({names[p], theme.provider(kKeys[p]), 100.0 * place.hundreds[p]});
                m.size += 100.0 * place.hundreds[p];
                m.regions.append(names[p] + QLatin1Char(' ') + m.name);
            }
        }
        scene.markers.push_back(std::move(m));
    }
    for (const Users& users : kUsers) {
        scene.areas.push_back({static_cast<int>(scene.areas.size()),
                               QString::fromUtf8(users.name),
                               {users.latitude, users.longitude},
                               users.requestsPerSecond});
    }
    // Each area is served by its nine nearest places, less the further away they are.
    for (const MapArea& area : scene.areas) {
        std::vector<std::pair<double, int>> near;
        for (const MapMarker& m : scene.markers) {
            near.emplace_back(geodesicMetres(area.at, m.at), m.id);
        }
        std::sort(near.begin(), near.end());
        for (std::size_t k = 0; k < 9; ++k) {
            // Every third one goes a long way, as spilled traffic does.
            const auto& [metres, id] = near[k % 3 == 2 ? k * 4 : k];
            MapFlow flow{area.id, id, area.requestsPerSecond * std::exp(-metres / 4e6) / (1.0 + static_cast<double>(k)),
                         MapFlow::State::Fine};
            flow.tokensPerSecond = kTokensPerAnswer * flow.requestsPerSecond;
            flow.state = area.name == QLatin1String("Southeast Asia") && k == 2 ? MapFlow::State::Slow
                         : area.name == QLatin1String("US West") && k == 1      ? MapFlow::State::Slow
                                                                                : MapFlow::State::Fine;
            scene.flows.push_back(flow);
        }
    }
    return scene;
}

MapScene scatteredMapScene(const Theme& theme, int places, int flows)
{
    const MapScene seed = syntheticMapScene(theme);
    std::mt19937 random(42);
    // Not std::normal_distribution: its numbers differ between libraries.
    const auto around = [&random](double width) {
        double sum = 0;
        for (int i = 0; i < 4; ++i) {
            sum += static_cast<double>(random()) / 4294967296.0 - 0.5;
        }
        return width * sum;
    };
    MapScene scene;
    for (int i = 0; i < places; ++i) {
        MapMarker m = seed.markers[static_cast<std::size_t>(i) % seed.markers.size()];
        m.id = i;
        m.name += QStringLiteral(" %1").arg(i);
        m.at.latitude = std::clamp(m.at.latitude + around(9), -70.0, 75.0);
        m.at.longitude = std::clamp(m.at.longitude + around(14), -179.0, 179.0);
        m.utilization = std::clamp(m.utilization + around(0.3), 0.0, 1.0);
        m.trouble = m.utilization > 0.97;
        m.label = m.name + QLatin1Char(' ') + percent(m.utilization, 0).joined();
        scene.markers.push_back(std::move(m));
    }
    const int areas = 80;
    for (int i = 0; i < areas; ++i) {
        MapArea area = seed.areas[static_cast<std::size_t>(i) % seed.areas.size()];
        area.id = i;
        area.at.latitude += around(8);
        area.at.longitude += around(10);
        scene.areas.push_back(area);
    }
    for (int i = 0; i < flows; ++i) {
        const int area = i % areas;
        scene.flows.push_back({area, static_cast<int>(random() % static_cast<unsigned>(places)),
                               scene.areas[static_cast<std::size_t>(area)].requestsPerSecond / (1.0 + i / areas),
                               i % 97 == 0 ? MapFlow::State::Slow : MapFlow::State::Fine});
    }
    return scene;
}

MapFrameStats benchmarkMap(QSize size, int frames, MapBenchCase which, ProjectionKind projection)
{
    MapView map;
    map.resize(size);
    map.setProjection(projection);
    const MapScene scene = which == MapBenchCase::Sample  ? syntheticMapScene(theme())
                           : which == MapBenchCase::Large ? scatteredMapScene(theme(), 300, 2000)
                                                          : scatteredMapScene(theme(), 100'000, 0);
    if (which == MapBenchCase::Large) {
        map.setFlowLimit(0);
    }
    map.setScene(scene);
    map.setFlowing(true);
    map.setAttribute(Qt::WA_DontShowOnScreen);
    map.show();
    QImage screen(size, QImage::Format_RGB32);
    map.render(&screen);
    map.resetFrameMeter();

    MapFrameStats stats;
    stats.frames = std::max(1, frames);
    stats.places = static_cast<int>(scene.markers.size());
    stats.flows = static_cast<int>(scene.flows.size());
    for (const MapMarker& m : scene.markers) {
        stats.regions += static_cast<int>(m.regions.size());
    }
    std::vector<double> seconds, cpuSeconds;
    QElapsedTimer clock;
    for (int i = 0; i < stats.frames; ++i) {
        const int phase = i / 15 % 4; // half a second each of: still, panning, zooming in, zooming out
        clock.start();
        const double cpu = threadCpuSeconds();
        if (phase == 1) {
            map.setViewport(map.viewport().panned(QPointF(i / 60 % 2 == 0 ? -9 : 9, 3)));
        } else if (phase >= 2) {
            map.setViewport(map.viewport().zoomedAt(QPointF(size.width() * 0.55, size.height() * 0.35),
                                                    phase == 2 ? 1.12 : 1 / 1.12));
        }
        if (i % 5 == 0 && which == MapBenchCase::Sample) {
            MapScene next = scene;
            for (MapMarker& m : next.markers) {
                m.utilization = std::clamp(m.utilization + 0.02 * std::sin(i * 0.7 + m.id), 0.0, 1.0);
            }
            map.setScene(std::move(next));
        }
        map.advanceFlow(1.0 / 30);
        map.render(&screen);
        seconds.push_back(static_cast<double>(clock.nsecsElapsed()) * 1e-9);
        cpuSeconds.push_back(threadCpuSeconds() - cpu);
        QCoreApplication::sendPostedEvents(); // the worker's pictures arrive between frames, as in the event loop
    }
    stats.layerSeconds = map.frameMeter().stats().layerSeconds;
    const auto shared = std::make_shared<const MapScene>(scene);
    const auto layout = std::make_shared<const MapLayout>(map.layoutNow());
    std::vector<double> backdrop;
    for (int i = 0; i < 5; ++i) {
        BackdropRequest request;
        request.scene = shared;
        request.view = map.viewport().panned(QPointF(i, 0));
        request.layout = layout;
        request.layers = map.layers();
        request.theme = theme();
        clock.start();
        const BackdropImage image = paintBackdrop(request, {});
        backdrop.push_back(static_cast<double>(clock.nsecsElapsed()) * 1e-9);
    }
    const auto quantile = [](std::vector<double>& values, double q) {
        std::sort(values.begin(), values.end());
        return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1))];
    };
    stats.p50Seconds = quantile(seconds, 0.5);
    stats.p99Seconds = quantile(seconds, 0.99);
    stats.cpuP50Seconds = quantile(cpuSeconds, 0.5);
    stats.cpuP99Seconds = quantile(cpuSeconds, 0.99);
    stats.backdropSeconds = quantile(backdrop, 0.5);
    return stats;
}

} // namespace isobar::ui
