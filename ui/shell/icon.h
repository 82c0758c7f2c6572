// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QColor>
#include <QIcon>
#include <QString>

/// The icons that Isobar carries, in the colour of the place they stand in.
namespace isobar::ui {

/// The line icon `resources/icons/NAME.svg` in one colour, at 16 to 40 px and sharp on screens of twice the density.
/// Disabled icons are the same at 40 % opacity. Null when there is no such icon. Main thread only.
[[nodiscard]] QIcon icon(const QString& name, const QColor& color);

/// The application's own icon, 16 to 256 px.
[[nodiscard]] QIcon appIcon();

} // namespace isobar::ui
