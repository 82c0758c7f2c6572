// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/color.h"

#include "ui/shell/theme.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace isobar::ui {
namespace {

using Triple = std::array<double, 3>;

double toLinear(double c)
{
    return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
}

double toGamma(double c)
{
    const double in = std::clamp(c, 0.0, 1.0);
    return in <= 0.0031308 ? 12.92 * in : 1.055 * std::pow(in, 1 / 2.4) - 0.055;
}

Triple linearOf(const QColor& c)
{
    return {toLinear(c.redF()), toLinear(c.greenF()), toLinear(c.blueF())};
}

QColor colorOf(const Triple& linear)
{
    return QColor::fromRgbF(static_cast<float>(toGamma(linear[0])), static_cast<float>(toGamma(linear[1])),
                            static_cast<float>(toGamma(linear[2])));
}

// Björn Ottosson, "A perceptual color space for image processing" (2020).
Triple oklab(const QColor& color)
{
    const Triple c = linearOf(color);
    const double l = std::cbrt(0.4122214708 * c[0] + 0.5363325363 * c[1] + 0.0514459929 * c[2]);
    const double m = std::cbrt(0.2119034982 * c[0] + 0.6806995451 * c[1] + 0.1073969566 * c[2]);
    const double s = std::cbrt(0.0883024619 * c[0] + 0.2817188376 * c[1] + 0.6299787005 * c[2]);
    return {0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
            1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
            0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s};
}

QColor fromOklab(const Triple& lab)
{
    const double l = std::pow(lab[0] + 0.3963377774 * lab[1] + 0.2158037573 * lab[2], 3);
    const double m = std::pow(lab[0] - 0.1055613458 * lab[1] - 0.0638541728 * lab[2], 3);
    const double s = std::pow(lab[0] - 0.0894841775 * lab[1] - 1.2914855480 * lab[2], 3);
    return colorOf({4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
                    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
                    -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s});
}

double distance(const Triple& a, const Triple& b)
{
    return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

double luminance(const QColor& color)
{
    const Triple c = linearOf(color);
    return 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2];
}

constexpr double kGraphics = 3; ///< WCAG's floor for graphics

} // namespace

QColor mixed(const QColor& from, const QColor& to, double share)
{
    const double w = std::clamp(share, 0.0, 1.0);
    const auto channel = [w](int a, int b) { return static_cast<int>(std::lround(a + (b - a) * w)); };
    return QColor(channel(from.red(), to.red()), channel(from.green(), to.green()), channel(from.blue(), to.blue()));
}

double contrastRatio(const QColor& a, const QColor& b)
{
    const double la = luminance(a), lb = luminance(b);
    return (std::max(la, lb) + 0.05) / (std::min(la, lb) + 0.05);
}

double perceivedLightness(const QColor& color)
{
    return oklab(color)[0];
}

double perceivedDistance(const QColor& a, const QColor& b)
{
    return distance(oklab(a), oklab(b));
}

QColor seenWith(ColorVision vision, const QColor& color)
{
    using Matrix = std::array<Triple, 3>;
    static constexpr Matrix kProtan{
        {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}}};
    static constexpr Matrix kDeutan{
        {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}}};
    static constexpr Matrix kTritan{
        {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}}};
    if (vision == ColorVision::Full) {
        return color;
    }
    const Matrix& m = vision == ColorVision::Protan ? kProtan : vision == ColorVision::Deutan ? kDeutan : kTritan;
    const Triple in = linearOf(color);
    Triple out{};
    for (std::size_t i = 0; i < 3; ++i) {
        out[i] = m[i][0] * in[0] + m[i][1] * in[1] + m[i][2] * in[2];
    }
    return colorOf(out);
}

ColorRamp::ColorRamp(std::initializer_list<const char*> stops, const QColor& ground, double leastContrast)
{
    constexpr int kFine = 200; // a stretch
    std::vector<Triple> fine;
    for (const char* const* stop = stops.begin(); stop + 1 < stops.end(); ++stop) {
        const Triple a = oklab(QColor(QLatin1String(stop[0]))), b = oklab(QColor(QLatin1String(stop[1])));
        for (int k = 0; k < kFine; ++k) {
            const double f = static_cast<double>(k) / kFine;
            const Triple lab{a[0] + (b[0] - a[0]) * f, a[1] + (b[1] - a[1]) * f, a[2] + (b[2] - a[2]) * f};
            if (!fine.empty() || contrastRatio(fromOklab(lab), ground) >= leastContrast) {
                fine.push_back(lab);
            }
        }
    }
    fine.push_back(oklab(QColor(QLatin1String(*(stops.end() - 1)))));
    std::vector<double> along{0};
    for (std::size_t i = 1; i < fine.size(); ++i) {
        along.push_back(along.back() + distance(fine[i - 1], fine[i]));
    }
    for (int step = 0; step <= kSteps; ++step) {
        const auto at = std::lower_bound(along.begin(), along.end(), along.back() * step / kSteps - 1e-12);
        m_colors[static_cast<std::size_t>(step)] =
            fromOklab(fine[std::min<std::size_t>(static_cast<std::size_t>(at - along.begin()), fine.size() - 1)]);
    }
}

const QColor& ColorRamp::at(double share) const
{
    const double clamped = std::isfinite(share) ? std::clamp(share, 0.0, 1.0) : 0;
    return m_colors[static_cast<std::size_t>(std::lround(clamped * kSteps))];
}

bool keepsThreeToOne(const Theme& theme)
{
    return contrastRatio(theme.line, theme.panel) >= kGraphics;
}

QColor trackColor(const Theme& theme)
{
    return keepsThreeToOne(theme) ? mixed(theme.panel, theme.line, 0.4) : theme.line;
}

} // namespace isobar::ui
