// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/export_picture.h"

#include "ui/shell/theme.h"

#include <QBuffer>
#include <QDir>
#include <QFileInfo>
#include <QImage>
#include <QPainter>
#include <QPdfWriter>
#include <QSaveFile>
#include <QSvgGenerator>

#include <cmath>

namespace isobar::ui {
namespace {

constexpr double kDotsPerInch = 96, kPointsPerInch = 72;
constexpr int kPdfResolution = 1200;
constexpr double kLargestSide = 32767; // the raster engine's limit

Error failure(ErrorCode code, const QString& path, const QString& message, const char* advice)
{
    Error error;
    error.code = code;
    error.message = message.toStdString();
    error.advice = advice;
    error.file = path.toStdString();
    return error;
}

void paintOn(QPainter& painter, QSizeF size, const std::function<void(QPainter&)>& paint)
{
    painter.setRenderHints(QPainter::Antialiasing | QPainter::TextAntialiasing | QPainter::SmoothPixmapTransform);
    painter.fillRect(QRectF(QPointF(0, 0), size), theme().ground);
    paint(painter);
}

Status toPng(QBuffer& out, QSizeF size, double scale, const QString& title, const std::function<void(QPainter&)>& paint)
{
    QImage image((size * scale).toSize(), QImage::Format_RGB32);
    if (image.isNull()) {
        return failure(ErrorCode::InvalidValue, {}, QStringLiteral("The picture does not fit into memory."),
                       "Choose a smaller size or scale.");
    }
    image.fill(theme().ground);
    {
        QPainter painter(&image);
        painter.scale(image.width() / size.width(), image.height() / size.height());
        paintOn(painter, size, paint);
    }
    const int dotsPerMeter = static_cast<int>(std::lround(kDotsPerInch * scale / 0.0254));
    image.setDotsPerMeterX(dotsPerMeter);
    image.setDotsPerMeterY(dotsPerMeter);
    image.setText(QStringLiteral("Title"), title);
    image.setText(QStringLiteral("Software"), QStringLiteral("Isobar"));
    if (!image.save(&out, "PNG")) {
        return failure(ErrorCode::Internal, {}, QStringLiteral("The picture could not be encoded as PNG."), "");
    }
    return Done{};
}

void toSvg(QBuffer& out, QSizeF size, double scale, const QString& title, const std::function<void(QPainter&)>& paint)
{
    QByteArray svg;
    {
        QBuffer buffer(&svg);
        buffer.open(QIODevice::WriteOnly);
        QSvgGenerator generator;
        generator.setOutputDevice(&buffer);
        generator.setResolution(static_cast<int>(kDotsPerInch));
        generator.setSize((size * scale).toSize());
        generator.setViewBox(QRectF(QPointF(0, 0), size));
        generator.setTitle(title);
        generator.setDescription(QStringLiteral("Made with Isobar"));
        QPainter painter(&generator);
        paintOn(painter, size, paint);
    }
    // A viewer without the bundled face should fall back to its next of kin, not to a serif.
    const QByteArray family = loadFonts().toUtf8();
    svg.replace("font-family=\"" + family + "\"",
                "font-family=\"" + family + ", Inter, Helvetica, Arial, sans-serif\"");
    out.write(svg);
}

void toPdf(QBuffer& out, QSizeF size, double scale, const QString& title, const std::function<void(QPainter&)>& paint)
{
    QPdfWriter writer(&out);
    writer.setTitle(title);
    writer.setCreator(QStringLiteral("Isobar"));
    writer.setResolution(kPdfResolution);
    writer.setPageSize(
        QPageSize(size * scale * kPointsPerInch / kDotsPerInch, QPageSize::Point, title, QPageSize::ExactMatch));
    writer.setPageMargins(QMarginsF(0, 0, 0, 0));
    QPainter painter(&writer);
    // The page is whole points, the picture may not be: the ground covers the page, the drawing keeps its proportions.
    painter.fillRect(QRectF(0, 0, writer.width(), writer.height()), theme().ground);
    const double factor = scale * kPdfResolution / kDotsPerInch;
    painter.scale(factor, factor);
    paintOn(painter, size, paint);
}

Error writeFailure(const QSaveFile& file, const QString& path)
{
    if (file.error() == QFileDevice::ResourceError) {
        return failure(ErrorCode::DiskFull, path,
                       QStringLiteral("There is no room left to write %1.").arg(QFileInfo(path).fileName()),
                       "Free some space or choose another disk; nothing was changed.");
    }
    return failure(ErrorCode::NotWritable, path,
                   QStringLiteral("%1 cannot be written: %2.").arg(QFileInfo(path).fileName(), file.errorString()),
                   "Choose a folder you may write to; nothing was changed.");
}

/// What can be said before any painting is done.
Status checkTarget(const QString& path, QSizeF size, double scale)
{
    const QSizeF pixels = size * scale;
    if (!(pixels.width() >= 1 && pixels.height() >= 1 && pixels.width() <= kLargestSide &&
          pixels.height() <= kLargestSide)) {
        return failure(ErrorCode::InvalidValue, path,
                       QStringLiteral("A picture of %1 × %2 pixels cannot be made.")
                           .arg(pixels.width(), 0, 'f', 0)
                           .arg(pixels.height(), 0, 'f', 0),
                       "Choose between 1 and 32,767 pixels a side.");
    }
    const QFileInfo target(path);
    const QFileInfo folder(target.absolutePath());
    if (path.isEmpty() || target.isDir()) {
        return failure(ErrorCode::NotWritable, path,
                       path.isEmpty() ? QStringLiteral("No file is named.")
                                      : QStringLiteral("%1 is a folder.").arg(QDir::toNativeSeparators(path)),
                       "Name a file to write.");
    }
    if (!folder.exists()) {
        // Somewhere above, a file may stand where a folder should.
        for (QFileInfo up = folder; !up.isRoot(); up = QFileInfo(up.absolutePath())) {
            if (up.isFile()) {
                return failure(ErrorCode::NotWritable, path,
                               QStringLiteral("%1 is a file, not a folder.").arg(up.absoluteFilePath()),
                               "Choose a folder.");
            }
        }
        return failure(ErrorCode::NotFound, path,
                       QStringLiteral("The folder %1 does not exist.").arg(folder.absoluteFilePath()),
                       "Create it or choose another.");
    }
    if (!folder.isDir()) {
        return failure(ErrorCode::NotWritable, path,
                       QStringLiteral("%1 is a file, not a folder.").arg(folder.absoluteFilePath()),
                       "Choose a folder.");
    }
    return Done{};
}

} // namespace

std::optional<PictureFormat> pictureFormatByName(const QString& name)
{
    QString plain = name.toLower();
    if (plain.startsWith(QLatin1Char('.'))) {
        plain.remove(0, 1);
    }
    if (plain == QLatin1String("png")) {
        return PictureFormat::Png;
    }
    if (plain == QLatin1String("svg")) {
        return PictureFormat::Svg;
    }
    if (plain == QLatin1String("pdf")) {
        return PictureFormat::Pdf;
    }
    return std::nullopt;
}

Status exportPicture(const QString& path, PictureFormat format, QSizeF logicalSize, double scale, const QString& title,
                     const std::function<void(QPainter&)>& paint, const std::stop_token& stop)
{
    ISOBAR_TRY(checkTarget(path, logicalSize, scale));
    QSaveFile file(path);
    // Before painting: a large picture takes seconds. Unbuffered, because a failed flush does not say why it failed.
    if (!file.open(QIODevice::WriteOnly | QIODevice::Unbuffered)) {
        return writeFailure(file, path);
    }
    // Into memory first: the writers of SVG and PDF do not report a failed write.
    QByteArray bytes;
    QBuffer buffer(&bytes);
    buffer.open(QIODevice::WriteOnly);
    switch (format) {
    case PictureFormat::Png:
        ISOBAR_TRY(toPng(buffer, logicalSize, scale, title, paint));
        break;
    case PictureFormat::Svg:
        toSvg(buffer, logicalSize, scale, title, paint);
        break;
    case PictureFormat::Pdf:
        toPdf(buffer, logicalSize, scale, title, paint);
        break;
    }
    buffer.close();
    if (stop.stop_requested()) {
        return failure(ErrorCode::Cancelled, path, QStringLiteral("Stopped before anything was written."), "");
    }
    // A disk that fills up takes a part first and says why only when asked for the rest.
    for (qint64 done = 0; done < bytes.size();) {
        const qint64 written = file.write(bytes.constData() + done, bytes.size() - done);
        if (written <= 0) {
            return writeFailure(file, path);
        }
        done += written;
    }
    if (!file.flush() || !file.commit()) {
        return writeFailure(file, path);
    }
    return Done{};
}

} // namespace isobar::ui
