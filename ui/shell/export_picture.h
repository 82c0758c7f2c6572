// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/result.h"

#include <QSizeF>
#include <QString>
#include <functional>
#include <optional>
#include <stop_token>

class QPainter;

/// Pictures as files: charts, the map, whole boards.
namespace isobar::ui {

enum class PictureFormat { Png, Svg, Pdf };

/// "png", "SVG", "pdf"; also with a leading dot.
[[nodiscard]] std::optional<PictureFormat> pictureFormatByName(const QString& name);

/// Paints into a picture of `logicalSize` (CSS pixels, 96 to the inch) enlarged `scale` times, on the theme's ground,
/// and writes it whole or not at all: an existing file stays as it was until the new one is on disk. `paint` draws in
/// logical pixels; `title` goes into the file's metadata. Runs on the calling thread, in theme(). Once `stop` is requested
/// nothing is written any more (Cancelled); painting itself is not cut short. Errors: NotFound (no such
/// folder), NotWritable (read-only, a folder, a file in the folder's place), DiskFull, InvalidValue (no area, or more
/// than a picture can hold).
[[nodiscard]] Status exportPicture(const QString& path, PictureFormat format, QSizeF logicalSize, double scale,
                                   const QString& title, const std::function<void(QPainter&)>& paint,
                                   const std::stop_token& stop = {});

} // namespace isobar::ui
