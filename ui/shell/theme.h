// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QColor>
#include <QFont>
#include <QObject>
#include <QPalette>
#include <QString>
#include <string>

/// Every colour and every type size of the window, in one place. Widgets, map and charts take them from here and
/// repaint on `ThemeNotifier::changed`.
namespace isobar::ui {

enum class ThemeChoice { System, Light, Dark, HighContrast };

struct Theme {
    bool dark = true;
    QColor ground, panel, raised;          ///< window, cards, what floats or is pressed
    QColor line, text, muted, faint;       ///< 1 px lines; primary, secondary, tertiary text
    QColor land, border, graticule;        ///< the base map
    QColor accent, onAccent, flow, isobar; ///< the one accent and the text on it; resting flows; contour lines
    QColor trouble, caution, fine;         ///< never by colour alone: always with a shape or a word

    static constexpr int kPanelRadius = 10, kControlRadius = 7, kGutter = 10, kPadding = 14;

    /// The colour-blind-safe colour of a provider by its key ("azure", "gcp", …); others take the next ones.
    [[nodiscard]] QColor provider(const std::string& key) const;
    /// The colour of the n-th of other things set side by side (models); repeats after ten.
    [[nodiscard]] QColor category(std::size_t n) const;
    [[nodiscard]] QPalette palette() const;
    /// The application's style sheet: flat panels, 1 px lines, no gradients.
    [[nodiscard]] QString styleSheet() const;

    static const Theme& darkTheme();
    static const Theme& lightTheme();
    /// On black, text at 7:1 and better (WCAG AAA), lines at 3:1 and better.
    static const Theme& highContrastTheme();
};

/// The theme in force: that of a ThemeScope on this thread, or else that of the window.
[[nodiscard]] const Theme& theme();

/// Applies a choice to the QApplication: palette, style sheet, fonts. System reads the desktop's colour scheme, from
/// its settings portal where there is one, and follows it while the program runs.
void applyTheme(ThemeChoice choice);

/// Loads the bundled typefaces once and returns the family name; falls back to the system's sans.
QString loadFonts();

/// Type: 13 px base, 25 px figures, 11-12 px secondary. Digits are tabular in the bundled face.
enum class TextRole { Body, Strong, Secondary, Small, Figure, Title };
[[nodiscard]] QFont font(TextRole role);

/// Emits when the theme changed; one per program.
class ThemeNotifier : public QObject {
    Q_OBJECT
public:
    static ThemeNotifier& instance();
Q_SIGNALS:
    void changed();
};

} // namespace isobar::ui
