// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/icon.h"

#include "resources/embedded.h"

#include <QByteArray>
#include <QIconEngine>
#include <QPainter>
#include <QPixmap>
#include <QSvgRenderer>

#include <initializer_list>
#include <map>
#include <tuple>
#include <utility>

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

QPixmap render(const QByteArray& source, QSize pixels, double opacity)
{
    QSvgRenderer renderer(source);
    QPixmap pixmap(pixels);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    painter.setRenderHint(QPainter::Antialiasing);
    renderer.render(&painter, QRectF(pixmap.rect()));
    // Fade the whole, not each stroke: where a fill and its outline overlap, the seam would show.
    painter.setCompositionMode(QPainter::CompositionMode_DestinationIn);
    painter.fillRect(pixmap.rect(), QColor::fromRgbF(0.0F, 0.0F, 0.0F, static_cast<float>(opacity)));
    return pixmap;
}

/// Draws at the size asked for, when it is asked for: a start draws what is seen, not every size of every icon.
class SvgIconEngine : public QIconEngine {
public:
    SvgIconEngine(QByteArray source, double opacity, QList<QSize> sizes)
        : m_source(std::move(source))
        , m_opacity(opacity)
        , m_sizes(std::move(sizes))
    {
    }
    void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State state) override
    {
        const double ratio = painter->device() != nullptr ? painter->device()->devicePixelRatio() : 1;
        painter->drawPixmap(rect, scaledPixmap(rect.size() * ratio, mode, state, ratio));
    }
    QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override
    {
        return scaledPixmap(size, mode, state, 1);
    }
    QPixmap scaledPixmap(const QSize& size, QIcon::Mode mode, QIcon::State, qreal) override
    {
        const bool disabled = mode == QIcon::Disabled;
        QPixmap& kept = m_drawn[{size.width(), size.height(), disabled}];
        if (kept.isNull() && !size.isEmpty()) {
            kept = render(m_source, size, disabled ? m_opacity * kDisabledOpacity : m_opacity);
        }
        return kept;
    }
    QSize actualSize(const QSize& size, QIcon::Mode, QIcon::State) override { return size; }
    QList<QSize> availableSizes(QIcon::Mode, QIcon::State) override { return m_sizes; }
    [[nodiscard]] QIconEngine* clone() const override { return new SvgIconEngine(*this); }

private:
    QByteArray m_source;
    double m_opacity;
    QList<QSize> m_sizes;
    std::map<std::tuple<int, int, bool>, QPixmap> m_drawn;
};

QIcon iconOf(QByteArray source, double opacity, std::initializer_list<int> sides)
{
    QList<QSize> sizes;
    for (const int side : sides) {
        sizes << QSize(side, side);
    }
    return QIcon(new SvgIconEngine(std::move(source), opacity, std::move(sizes)));
}

} // namespace

QIcon icon(const QString& name, const QColor& color)
{
    QByteArray source = svg(name);
    if (source.isEmpty()) {
        return {};
    }
    source.replace(kDrawnColor, color.name(QColor::HexRgb).toLatin1());
    return iconOf(std::move(source), color.alphaF(), {16, 20, 24, 32, 40});
}

QIcon appIcon()
{
    // One for all who ask: what is drawn is shared.
    static const QIcon shared = iconOf(svg(QStringLiteral("isobar")), 1.0, {16, 24, 32, 48, 64, 128, 256});
    return shared;
}

} // namespace isobar::ui
