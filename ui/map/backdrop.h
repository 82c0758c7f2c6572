// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/map/map_paint.h"

#include <QFutureWatcher>
#include <QImage>
#include <QObject>

#include <memory>
#include <optional>

namespace isobar::ui {

/// Everything the slow layers (land, contour lines, arcs) are painted from; nothing of it changes.
struct BackdropRequest {
    std::shared_ptr<const MapScene> scene;
    MapViewport view;
    std::shared_ptr<const MapLayout> layout;
    MapEmphasis emphasis;
    MapLayers layers;
    QRectF reserved;
    Theme theme;
    double devicePixelRatio = 1;
};

struct BackdropImage {
    QImage base;    ///< land alone, reused while the viewport stays
    QImage picture; ///< opaque, device pixels
    MapViewport view;
    std::array<QRgb, 4> land{}; ///< the colours of what `base` shows: two dark themes differ in them
};

/// Paints a backdrop; takes the land from `previous` where it fits. Any thread.
[[nodiscard]] BackdropImage paintBackdrop(const BackdropRequest& request, const BackdropImage& previous);

/// The slow layers of the map as one opaque picture, painted by a worker while the window goes on with the last one.
/// Keeps at most one request running and one waiting (the newest).
class Backdrop : public QObject {
    Q_OBJECT
public:
    explicit Backdrop(QObject* parent = nullptr);

    void renderNow(const BackdropRequest& request);
    void renderSoon(BackdropRequest request);
    [[nodiscard]] const BackdropImage& current() const { return m_current; }
    [[nodiscard]] bool busy() const { return m_watcher.isRunning() || m_waiting.has_value(); }

Q_SIGNALS:
    void ready();

private:
    void start(BackdropRequest request);

    BackdropImage m_current;
    QFutureWatcher<BackdropImage> m_watcher;
    std::optional<BackdropRequest> m_waiting;
    int m_generation = 0;        ///< of the newest picture asked for
    int m_runningGeneration = 0; ///< of the one being painted; older than m_generation = dropped
};

} // namespace isobar::ui
