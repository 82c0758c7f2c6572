// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/icon.h"

#include "resources/embedded.h"

#include <QByteArray>
#include <QPainter>
#include <QPixmap>
#include <QSvgRenderer>

#include <initializer_list>

namespace isobar::ui {
namespace {

constexpr const char* kDrawnColor = "#93A4BD"; // the colour every line icon is drawn in
constexpr double kDisabledOpacity = 0.4;

QByteArray svg(const QString& name)
{
    const std::string path = "icons/" + name.toStdString() + ".svg";
    const std::string_view bytes = resources::file(path);
    return {bytes.data(), static_cast<qsizetype>(bytes.size())};
}

QPixmap render(QSvgRenderer& renderer, int size, int ratio, double opacity)
{
    QPixmap pixmap(size * ratio, size * ratio);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    painter.setRenderHint(QPainter::Antialiasing);
    renderer.render(&painter, QRectF(pixmap.rect()));
    // Fade the whole, not each stroke: where a fill and its outline overlap, the seam would show.
    painter.setCompositionMode(QPainter::CompositionMode_DestinationIn);
    painter.fillRect(pixmap.rect(), QColor::fromRgbF(0.0F, 0.0F, 0.0F, static_cast<float>(opacity)));
    painter.end();
    pixmap.setDevicePixelRatio(ratio);
    return pixmap;
}

} // namespace

QIcon icon(const QString& name, const QColor& color)
{
    QByteArray source = svg(name);
    if (source.isEmpty()) {
        return {};
    }
    source.replace(kDrawnColor, color.name(QColor::HexRgb).toLatin1());
    QSvgRenderer renderer(source);
    QIcon result;
    for (const int size : {16, 20, 24, 32, 40}) {
        for (const int ratio : {1, 2}) {
            result.addPixmap(render(renderer, size, ratio, color.alphaF()), QIcon::Normal);
            result.addPixmap(render(renderer, size, ratio, color.alphaF() * kDisabledOpacity), QIcon::Disabled);
        }
    }
    return result;
}

QIcon appIcon()
{
    QSvgRenderer renderer(svg(QStringLiteral("isobar")));
    QIcon result;
    for (const int size : {16, 24, 32, 48, 64, 128, 256}) {
        result.addPixmap(render(renderer, size, 1, 1.0));
    }
    return result;
}

} // namespace isobar::ui
