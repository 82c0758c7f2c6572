// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/replay/replay_export.h"

#include "model/report/table_writer.h"
#include "ui/charts/chart_export.h"
#include "ui/charts/chart_paint.h"
#include "ui/data/data_words.h"
#include "ui/shell/export_picture.h"
#include "ui/shell/theme.h"

#include <QCoreApplication>
#include <QFileInfo>

namespace isobar::ui {
namespace {

constexpr QSizeF kOneChart(900, 520), kAllCharts(1600, 900);
constexpr double kPngScale = 2, kMargin = 12, kFooter = 18;

DurationKind kindOf(ReplayPicture picture)
{
    switch (picture) {
    case ReplayPicture::Itl:
        return DurationKind::Itl;
    case ReplayPicture::EndToEnd:
        return DurationKind::EndToEnd;
    case ReplayPicture::Queue:
        return DurationKind::Queue;
    default:
        return DurationKind::Ttft;
    }
}

void paintOne(QPainter& painter, QSizeF size, ReplayPicture picture, const ReplayView& view, const QString& footer)
{
    switch (picture) {
    case ReplayPicture::InFlight:
        paintTimeChart(painter, size, inFlightChart(view), footer);
        break;
    case ReplayPicture::Throughput:
        paintTimeChart(painter, size, throughputChart(view), footer);
        break;
    default:
        paintPercentileChart(painter, size, percentileChart(view, kindOf(picture)), footer);
        break;
    }
}

} // namespace

QString pictureTitle(ReplayPicture picture)
{
    switch (picture) {
    case ReplayPicture::All:
        return QCoreApplication::translate("Replay", "All charts");
    case ReplayPicture::InFlight:
        return QCoreApplication::translate("Replay", "In flight");
    case ReplayPicture::Throughput:
        return QCoreApplication::translate("Replay", "Output tokens a second");
    default:
        return durationTitle(kindOf(picture));
    }
}

QString pictureName(ReplayPicture picture)
{
    static constexpr std::array kNames{"charts", "ttft", "itl", "e2e", "queue", "in-flight", "throughput"};
    return QLatin1String(kNames[static_cast<std::size_t>(picture)]);
}

void paintReplay(QPainter& painter, QSizeF size, ReplayPicture picture, const ReplayView& view)
{
    const QString footer = replayFooter(view);
    if (picture != ReplayPicture::All) {
        paintOne(painter, size, picture, view, footer);
        return;
    }
    constexpr int kColumns = 3, kRows = 2;
    const QRectF page = QRectF(QPointF(), size).adjusted(kMargin, kMargin, -kMargin, -kMargin - kFooter);
    const QSizeF cell((page.width() - (kColumns - 1) * Theme::kGutter) / kColumns,
                      (page.height() - (kRows - 1) * Theme::kGutter) / kRows);
    for (std::size_t i = 1; i < kReplayPictures.size(); ++i) {
        const int column = static_cast<int>(i - 1) % kColumns, row = static_cast<int>(i - 1) / kColumns;
        painter.save();
        painter.translate(page.left() + column * (cell.width() + Theme::kGutter),
                          page.top() + row * (cell.height() + Theme::kGutter));
        paintOne(painter, cell, kReplayPictures[i], view, {});
        painter.restore();
    }
    drawLine(painter, QRectF(page.left() + 2, page.bottom() + 6, page.width() - 4, kFooter), font(TextRole::Small),
             theme().muted, footer);
}

Status exportReplay(const QString& path, ReplayPicture picture, const ReplayView& view)
{
    const QString ending = QFileInfo(path).suffix().toLower();
    if (ending == QLatin1String("csv")) {
        const bool overTime = picture == ReplayPicture::InFlight || picture == ReplayPicture::Throughput;
        return report::writeFile(toPath(path), picture == ReplayPicture::All ? percentilesCsv(view)
                                               : overTime                    ? timelineCsv(view)
                                                                             : curveCsv(view, kindOf(picture)));
    }
    const auto format = pictureFormatByName(ending);
    if (!format) {
        return Error{.code = ErrorCode::InvalidValue,
                     .message = "'" + ending.toStdString() + "' is no format to export to",
                     .advice = "end the file's name with .png, .svg, .pdf or .csv",
                     .file = path.toStdString()};
    }
    const QSizeF size = picture == ReplayPicture::All ? kAllCharts : kOneChart;
    return exportPicture(path, *format, size, *format == PictureFormat::Png ? kPngScale : 1, pictureTitle(picture),
                         [&](QPainter& painter) { paintReplay(painter, size, picture, view); });
}

} // namespace isobar::ui
