// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/replay/replay_views.h"

#include <QSizeF>

class QPainter;

namespace isobar::ui {

/// What of a replay can be a file: all charts on one page, or one of them.
enum class ReplayPicture { All, Ttft, Itl, EndToEnd, Queue, InFlight, Throughput };
inline constexpr std::array kReplayPictures{ReplayPicture::All,       ReplayPicture::Ttft,  ReplayPicture::Itl,
                                            ReplayPicture::EndToEnd,  ReplayPicture::Queue, ReplayPicture::InFlight,
                                            ReplayPicture::Throughput};
[[nodiscard]] QString pictureTitle(ReplayPicture picture);
[[nodiscard]] QString pictureName(ReplayPicture picture); ///< "ttft": for file names

/// In the theme in force, with the footer that says what was replayed on what.
void paintReplay(QPainter& painter, QSizeF size, ReplayPicture picture, const ReplayView& view);

/// PNG (at twice the pixels), SVG, PDF or CSV, by the path's ending; whole or not at all. The CSV has the numbers
/// behind the picture; of all charts, the percentiles. Errors: InvalidValue for another ending, those of exportPicture
/// and writeFile.
[[nodiscard]] Status exportReplay(const QString& path, ReplayPicture picture, const ReplayView& view);

} // namespace isobar::ui
