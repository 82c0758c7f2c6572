// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/fleet/lookup.h"

#include <algorithm>
#include <unordered_map>

namespace isobar {
namespace {

constexpr double kSamePlaceMetres = 20e3;
constexpr RttAnswer kSamePlace{1e-3, Basis::Estimated};
/// Light in fibre, 2/3 of c: no measurement transferred from another pair of places may end up faster.
constexpr double kFibreMetresPerSecond = 299792458.0 * 2.0 / 3.0;

/// An end of a path: where it is and which region's measurements may stand in for it.
struct End {
    LatLon at;
    RegionId self; ///< not valid for a user area
    RegionId proxy;
};

class Estimator {
public:
    explicit Estimator(const Fleet& fleet)
        : m_fleet(fleet)
        , m_count(fleet.regions.size())
    {
        m_links.reserve(fleet.links.size() * 2);
        for (const Link& link : fleet.links) {
            const RttAnswer answer{link.rttSeconds, link.provenance.basis};
            m_links.emplace(pair(link.from, link.to), answer);
            m_links.emplace(pair(link.to, link.from), answer);
        }
    }

    [[nodiscard]] RttAnswer between(const End& a, const End& b)
    {
        if (a.self.valid() && a.self == b.self) {
            return kSamePlace;
        }
        if (const RttAnswer* measured = link(a.self, b.self)) {
            return *measured;
        }
        const double metres = geodesicMetres(a.at, b.at);
        if (metres < kSamePlaceMetres) {
            return kSamePlace;
        }
        const double direct = estimatedRttSeconds(a.at, b.at);
        const RegionId proxyA = a.proxy.valid() ? a.proxy : a.self;
        const RegionId proxyB = b.proxy.valid() ? b.proxy : b.self;
        const RttAnswer* measured = link(proxyA, proxyB);
        if (measured == nullptr) {
            return {direct, Basis::Estimated};
        }
        // The fixed part of both estimates cancels: what is left is the difference in distance.
        const double corrected = measured->seconds + direct - proxyEstimate(proxyA, proxyB);
        const double floor = std::max(2.0 * metres / kFibreMetresPerSecond, kSamePlace.seconds);
        const bool invented = measured->basis == Basis::Invented;
        return {std::max(corrected, floor), invented ? Basis::Invented : Basis::Estimated};
    }

private:
    [[nodiscard]] std::uint64_t pair(RegionId a, RegionId b) const { return a.index() * m_count + b.index(); }

    [[nodiscard]] const RttAnswer* link(RegionId a, RegionId b) const
    {
        if (!a.valid() || !b.valid()) {
            return nullptr;
        }
        const auto it = m_links.find(pair(a, b));
        return it == m_links.end() ? nullptr : &it->second;
    }

    /// Many places share few stand-ins, and geodesics are the expensive part: remember them.
    [[nodiscard]] double proxyEstimate(RegionId a, RegionId b)
    {
        const auto [it, added] = m_proxyEstimates.try_emplace(pair(std::min(a, b), std::max(a, b)), 0.0);
        if (added) {
            it->second = estimatedRttSeconds(m_fleet[a].at, m_fleet[b].at);
        }
        return it->second;
    }

    const Fleet& m_fleet;
    std::size_t m_count;
    std::unordered_map<std::uint64_t, RttAnswer> m_links;
    std::unordered_map<std::uint64_t, double> m_proxyEstimates;
};

} // namespace

NetworkIndex::NetworkIndex(const Fleet& fleet)
    : m_count(fleet.regions.size())
    , m_regions(m_count * m_count)
    , m_areas(fleet.areas.size() * m_count)
{
    Estimator estimator(fleet);
    std::vector<End> ends;
    ends.reserve(m_count);
    for (std::size_t i = 0; i < m_count; ++i) {
        ends.push_back({fleet.regions[i].at, RegionId(i), fleet.regions[i].rttProxy});
    }
    for (std::size_t i = 0; i < m_count; ++i) {
        for (std::size_t j = i; j < m_count; ++j) {
            const RttAnswer answer = estimator.between(ends[i], ends[j]);
            m_regions[i * m_count + j] = answer;
            m_regions[j * m_count + i] = answer;
        }
    }
    for (std::size_t a = 0; a < fleet.areas.size(); ++a) {
        const End area{fleet.areas[a].at, RegionId{}, fleet.areas[a].rttProxy};
        for (std::size_t j = 0; j < m_count; ++j) {
            m_areas[a * m_count + j] = estimator.between(area, ends[j]);
        }
    }
}

} // namespace isobar
