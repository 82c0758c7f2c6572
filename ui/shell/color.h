// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QColor>

#include <array>
#include <initializer_list>

namespace isobar::ui {

struct Theme;

/// `share` (0-1) of the way from one colour to another, opaque. Opaque fills paint several times faster than
/// translucent ones, so a tint is mixed here instead of blended at every frame.
[[nodiscard]] QColor mixed(const QColor& from, const QColor& to, double share);

/// WCAG 2 contrast ratio, 1 to 21.
[[nodiscard]] double contrastRatio(const QColor& a, const QColor& b);
/// Perceived difference of two colours: distance in OKLab, 1 from black to white.
[[nodiscard]] double perceivedDistance(const QColor& a, const QColor& b);
/// Perceived lightness, 0 (black) to 1 (white): OKLab's.
[[nodiscard]] double perceivedLightness(const QColor& color);
/// As seen with a full colour-vision deficiency (Machado, Oliveira and Fernandes 2009, severity 1).
enum class ColorVision { Full, Protan, Deutan, Tritan };
inline constexpr std::array kColorVisions{ColorVision::Full, ColorVision::Protan, ColorVision::Deutan,
                                          ColorVision::Tritan};
[[nodiscard]] QColor seenWith(ColorVision vision, const QColor& color);

/// Colours for amounts, from a quiet low end to a loud high one in steps of even perceived distance (OKLab).
class ColorRamp {
public:
    /// Through `stops`, from the first colour on the way that has `leastContrast` to `ground`: a low end nobody sees
    /// would look like nothing there.
    ColorRamp(std::initializer_list<const char*> stops, const QColor& ground, double leastContrast);
    [[nodiscard]] const QColor& at(double share) const; ///< 0-1; what is not finite is at the low end

private:
    static constexpr int kSteps = 128;
    std::array<QColor, kSteps + 1> m_colors;
};

/// Whether the theme promises 3:1 for lines (high contrast): then graphics keep that too.
[[nodiscard]] bool keepsThreeToOne(const Theme& theme);
/// The empty part of a bar: less than the bar and than a line, in every theme.
[[nodiscard]] QColor trackColor(const Theme& theme);

} // namespace isobar::ui
