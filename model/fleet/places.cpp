// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/fleet/places.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace isobar {
namespace {

/// "Frankfurt am Main" and "Frankfurt", "Paris area" and "Paris", "Ashburn, VA, USA": the shortest plain name wins.
std::string plainName(const std::string& location)
{
    std::string name = location.substr(0, location.find_first_of(",("));
    if (const auto area = name.rfind(" area"); area != std::string::npos) {
        name.resize(area);
    }
    while (!name.empty() && name.back() == ' ') {
        name.pop_back();
    }
    return name;
}

} // namespace

std::vector<Place> gatherPlaces(const Fleet& fleet, double withinMetres)
{
    const std::size_t count = fleet.regions.size();
    std::vector<std::size_t> root(count);
    std::iota(root.begin(), root.end(), std::size_t{0});
    const auto find = [&root](std::size_t i) {
        while (root[i] != i) {
            i = root[i] = root[root[i]];
        }
        return i;
    };
    for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (geodesicMetres(fleet.regions[i].at, fleet.regions[j].at) < withinMetres) {
                const std::size_t a = find(i), b = find(j);
                root[std::max(a, b)] = std::min(a, b);
            }
        }
    }
    std::vector<Place> places;
    std::vector<std::size_t> placeOf(count);
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t r = find(i);
        if (r == i) {
            placeOf[i] = places.size();
            places.push_back({});
        }
        places[placeOf[r]].regions.push_back(RegionId(i));
    }
    for (Place& place : places) {
        const double share = 1 / static_cast<double>(place.regions.size());
        place.at.longitude = fleet[place.regions.front()].at.longitude;
        double eastward = 0; // mean offset from the first region: a place may lie across the date line
        for (const RegionId id : place.regions) {
            const Region& region = fleet[id];
            place.at.latitude += region.at.latitude * share;
            eastward += std::remainder(region.at.longitude - place.at.longitude, 360) * share;
            const std::string name = plainName(region.location.empty() ? region.displayName : region.location);
            if (place.name.empty() || (!name.empty() && name.size() < place.name.size())) {
                place.name = name;
            }
        }
        place.at.longitude = std::remainder(place.at.longitude + eastward, 360);
    }
    return places;
}

} // namespace isobar
