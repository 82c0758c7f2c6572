// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/backdrop.h"

#include <QtConcurrent/QtConcurrentRun>

namespace isobar::ui {

BackdropImage paintBackdrop(const BackdropRequest& request, const BackdropImage& previous)
{
    BackdropImage image;
    image.view = request.view;
    const Theme& t = request.theme;
    image.land = {t.ground.rgb(), t.land.rgb(), t.border.rgb(), t.graticule.rgb()};
    const double dpr = request.devicePixelRatio;
    const QSize pixels = (request.view.size * dpr).toSize();
    const bool sameLand = !previous.base.isNull() && previous.view == request.view && previous.land == image.land &&
                          previous.base.size() == pixels;
    if (sameLand) {
        image.base = previous.base;
    } else {
        image.base = QImage(pixels, QImage::Format_RGB32);
        image.base.setDevicePixelRatio(dpr);
        image.base.fill(request.theme.ground);
        QPainter painter(&image.base);
        paintBase(painter, request.view, request.theme, 0.75 / dpr);
    }
    image.picture = image.base.copy();
    QPainter painter(&image.picture);
    paintLayers(painter, *request.scene, request.view, *request.layout, request.emphasis, request.layers,
                request.reserved, request.theme);
    return image;
}

Backdrop::Backdrop(QObject* parent)
    : QObject(parent)
{
    connect(&m_watcher, &QFutureWatcher<BackdropImage>::finished, this, [this] {
        if (m_runningGeneration == m_generation || m_waiting) { // a picture a moment old is better than a stretched one
            m_current = m_watcher.result();
        }
        if (m_waiting) {
            BackdropRequest next = std::move(*m_waiting);
            m_waiting.reset();
            start(std::move(next));
        }
        Q_EMIT ready();
    });
}

void Backdrop::renderNow(const BackdropRequest& request)
{
    ++m_generation; // whatever is running is out of date
    m_waiting.reset();
    m_current = paintBackdrop(request, m_current);
}

void Backdrop::renderSoon(BackdropRequest request)
{
    ++m_generation;
    if (m_watcher.isRunning()) {
        m_waiting = std::move(request);
        return;
    }
    start(std::move(request));
}

void Backdrop::start(BackdropRequest request)
{
    m_runningGeneration = m_generation;
    m_watcher.setFuture(QtConcurrent::run(
        [request = std::move(request), previous = m_current] { return paintBackdrop(request, previous); }));
}

} // namespace isobar::ui
