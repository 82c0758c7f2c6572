// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/base_map.h"

#include "resources/embedded.h"
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace isobar::ui {
namespace {

constexpr std::string_view kMagic = "ISOBMAP";
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kHeaderBytes = 28;
constexpr double kDegreesPerStep = 180.0 / 32767.0;

Error damaged(const char* what)
{
    return Error{ErrorCode::Corrupt,
                 std::string("The base map is damaged: ") + what + ".",
                 "Install Isobar again.",
                 "map/base_map.bin",
                 0,
                 0,
                 {}};
}

std::uint32_t littleEndian32(std::string_view bytes, std::size_t at)
{
    std::uint32_t value = 0;
    for (int i = 3; i >= 0; --i) {
        value = value << 8 | static_cast<std::uint8_t>(bytes[at + static_cast<std::size_t>(i)]);
    }
    return value;
}

/// A bounds-checked walk over the payload.
class Reader {
public:
    explicit Reader(std::string_view bytes)
        : m_bytes(bytes)
    {
    }

    [[nodiscard]] bool atEnd() const { return m_at == m_bytes.size(); }

    Result<std::uint32_t> varint()
    {
        std::uint32_t value = 0;
        for (int shift = 0; shift <= 28; shift += 7) {
            if (m_at == m_bytes.size()) {
                return damaged("it ends inside a number");
            }
            const auto byte = static_cast<std::uint8_t>(m_bytes[m_at++]);
            value |= static_cast<std::uint32_t>(byte & 0x7f) << shift;
            if ((byte & 0x80) == 0) {
                return value;
            }
        }
        return damaged("a number is too long");
    }

    Result<std::vector<LatLon>> points(std::uint32_t atLeast, std::uint32_t& pointsLeft)
    {
        ISOBAR_TRY_ASSIGN(const std::uint32_t count, varint());
        // Checked before anything is allocated: a damaged count must not ask for gigabytes.
        if (count < atLeast || count > pointsLeft) {
            return damaged("a line has an impossible number of points");
        }
        pointsLeft -= count;
        std::vector<LatLon> line;
        line.reserve(count);
        std::int64_t x = 0, y = 0;
        for (std::uint32_t i = 0; i < count; ++i) {
            ISOBAR_TRY_ASSIGN(const std::uint32_t dx, varint());
            ISOBAR_TRY_ASSIGN(const std::uint32_t dy, varint());
            x += unzigzag(dx), y += unzigzag(dy);
            if (x < -32767 || x > 32767 || y < -16384 || y > 16384) {
                return damaged("a point lies outside the world");
            }
            line.push_back({std::clamp(static_cast<double>(y) * kDegreesPerStep, -90.0, 90.0),
                            static_cast<double>(x) * kDegreesPerStep});
        }
        return line;
    }

private:
    static std::int64_t unzigzag(std::uint32_t value)
    {
        return (value & 1) != 0 ? -static_cast<std::int64_t>(value / 2) - 1 : static_cast<std::int64_t>(value / 2);
    }

    std::string_view m_bytes;
    std::size_t m_at = 0;
};

PlaneLine projected(const std::vector<LatLon>& line, const Projection& projection)
{
    PlaneLine result;
    result.points.reserve(line.size());
    double left = 1e9, right = -1e9, bottom = 1e9, top = -1e9;
    for (const LatLon& place : line) {
        const QPointF p = projection.project(place);
        result.points.push_back(p);
        left = std::min(left, p.x()), right = std::max(right, p.x());
        bottom = std::min(bottom, p.y()), top = std::max(top, p.y());
    }
    result.bounds = QRectF(left, bottom, right - left, top - bottom);
    return result;
}

SphereLine onSphere(const std::vector<LatLon>& line, bool ring)
{
    SphereLine result;
    result.points.reserve(line.size());
    UnitVector sum{};
    for (const LatLon& place : line) {
        result.points.push_back(unitVector(place));
        for (std::size_t i = 0; i < 3; ++i) {
            sum[i] += result.points.back()[i];
        }
    }
    const double length = std::sqrt(dot(sum, sum));
    result.middle = length > 1e-9 ? UnitVector{sum[0] / length, sum[1] / length, sum[2] / length} : UnitVector{1, 0, 0};
    double nearest = 1;
    for (const UnitVector& v : result.points) {
        nearest = std::min(nearest, dot(v, result.middle));
    }
    result.capRadians = std::acos(std::clamp(nearest, -1.0, 1.0));
    if (ring) {
        result.places = line;
    }
    return result;
}

const BaseMapData& bundledData()
{
    static const BaseMapData data = [] {
        auto read = readBaseMap(resources::file("map/base_map.bin"));
        return read.ok() ? std::move(*read) : BaseMapData{};
    }();
    return data;
}

} // namespace

Result<BaseMapData> readBaseMap(std::string_view bytes)
{
    if (bytes.size() < kHeaderBytes) {
        return damaged("it is shorter than its header");
    }
    if (bytes.substr(0, kMagic.size()) != kMagic) {
        return Error{ErrorCode::WrongFormat,
                     "This is not an Isobar base map.",
                     "Install Isobar again.",
                     "map/base_map.bin",
                     0,
                     0,
                     {}};
    }
    if (static_cast<std::uint8_t>(bytes[7]) != kVersion) {
        return Error{ErrorCode::NewerVersion,
                     "The base map has a version this Isobar does not know.",
                     "Install Isobar again.",
                     "map/base_map.bin",
                     0,
                     0,
                     {}};
    }
    const std::uint32_t polygons = littleEndian32(bytes, 8), borders = littleEndian32(bytes, 12);
    std::uint32_t pointsLeft = littleEndian32(bytes, 16);
    const std::string_view payload = bytes.substr(kHeaderBytes);
    if (littleEndian32(bytes, 20) != payload.size()) {
        return damaged("its length is not what its header says");
    }
    std::uint32_t checksum = 0x811c9dc5;
    for (const char byte : payload) {
        checksum = (checksum ^ static_cast<std::uint8_t>(byte)) * 0x01000193u;
    }
    if (checksum != littleEndian32(bytes, 24)) {
        return damaged("its checksum is wrong");
    }
    // A point takes two bytes or more, a line one more: larger counts are damage, whatever the checksum says.
    if (pointsLeft > payload.size() / 2 || polygons > payload.size() || borders > payload.size()) {
        return damaged("its counts are larger than it is");
    }

    BaseMapData data;
    Reader reader(payload);
    for (std::uint32_t i = 0; i < polygons; ++i) {
        ISOBAR_TRY_ASSIGN(const std::uint32_t rings, reader.varint());
        if (rings == 0 || rings > pointsLeft) {
            return damaged("a polygon has an impossible number of rings");
        }
        GeoPolygon polygon;
        for (std::uint32_t r = 0; r < rings; ++r) {
            ISOBAR_TRY_ASSIGN(std::vector<LatLon> ring, reader.points(3, pointsLeft));
            polygon.rings.push_back(std::move(ring));
        }
        data.land.push_back(std::move(polygon));
    }
    for (std::uint32_t i = 0; i < borders; ++i) {
        ISOBAR_TRY_ASSIGN(std::vector<LatLon> line, reader.points(2, pointsLeft));
        data.borders.push_back(std::move(line));
    }
    if (!reader.atEnd() || pointsLeft != 0) {
        return damaged("it holds more than its header says");
    }
    return data;
}

BaseMap projectBaseMap(const BaseMapData& data, ProjectionKind kind)
{
    const Projection projection{kind, {}};
    BaseMap map;
    map.land.reserve(data.land.size());
    for (const GeoPolygon& polygon : data.land) {
        PlanePolygon plane;
        for (const auto& ring : polygon.rings) {
            plane.rings.push_back(projected(ring, projection));
        }
        plane.bounds = plane.rings.front().bounds;
        map.land.push_back(std::move(plane));
    }
    map.borders.reserve(data.borders.size());
    for (const auto& line : data.borders) {
        map.borders.push_back(projected(line, projection));
    }
    return map;
}

SphereMap sphereBaseMap(const BaseMapData& data)
{
    SphereMap map;
    for (const GeoPolygon& polygon : data.land) {
        std::vector<SphereLine>& rings = map.land.emplace_back();
        for (const auto& ring : polygon.rings) {
            rings.push_back(onSphere(ring, true));
        }
    }
    for (const auto& line : data.borders) {
        map.borders.push_back(onSphere(line, false));
    }
    return map;
}

const BaseMap& bundledBaseMap(ProjectionKind flat)
{
    static const BaseMap equalEarth = projectBaseMap(bundledData(), ProjectionKind::EqualEarth);
    if (flat == ProjectionKind::EqualEarth) {
        return equalEarth;
    }
    static const BaseMap mercator = projectBaseMap(bundledData(), ProjectionKind::Mercator);
    return mercator;
}

const SphereMap& bundledSphereMap()
{
    static const SphereMap map = sphereBaseMap(bundledData());
    return map;
}

} // namespace isobar::ui
