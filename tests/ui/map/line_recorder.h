// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QLineF>
#include <QPaintDevice>
#include <QPaintEngine>
#include <QPainter>
#include <QPainterPath>

#include <vector>

namespace isobar::ui {

/// A paint device that keeps the straight pieces of all lines and outlines painted on it, and nothing else.
class LineRecorder : public QPaintDevice {
public:
    explicit LineRecorder(QSize size)
        : m_size(size)
        , m_engine(m_strokes, m_outlines)
    {
    }

    [[nodiscard]] const std::vector<QLineF>& strokes() const { return m_strokes; }   ///< drawn with a pen
    [[nodiscard]] const std::vector<QLineF>& outlines() const { return m_outlines; } ///< of what is filled only
    [[nodiscard]] QPaintEngine* paintEngine() const override { return &m_engine; }

protected:
    [[nodiscard]] int metric(PaintDeviceMetric which) const override
    {
        switch (which) {
        case PdmWidth:
            return m_size.width();
        case PdmHeight:
            return m_size.height();
        case PdmDevicePixelRatio:
            return 1;
        case PdmDevicePixelRatioScaled:
            return static_cast<int>(devicePixelRatioFScale());
        case PdmDepth:
            return 32;
        default:
            return 96;
        }
    }

private:
    class Engine : public QPaintEngine {
    public:
        Engine(std::vector<QLineF>& strokes, std::vector<QLineF>& outlines)
            : QPaintEngine(AllFeatures)
            , m_strokes(strokes)
            , m_outlines(outlines)
        {
        }
        bool begin(QPaintDevice*) override { return true; }
        bool end() override { return true; }
        void updateState(const QPaintEngineState& changed) override
        {
            if (changed.state() & DirtyPen) {
                m_pen = changed.pen();
            }
        }
        void drawPixmap(const QRectF&, const QPixmap&, const QRectF&) override {}
        void drawImage(const QRectF&, const QImage&, const QRectF&, Qt::ImageConversionFlags) override {}
        void drawTextItem(const QPointF&, const QTextItem&) override {}
        void drawEllipse(const QRectF&) override {}
        void drawRects(const QRectF*, int) override {}
        void drawPoints(const QPointF*, int) override {}
        void drawLines(const QLineF* lines, int count) override
        {
            m_strokes.insert(m_strokes.end(), lines, lines + count);
        }
        void drawPolygon(const QPointF* points, int count, PolygonDrawMode mode) override
        {
            for (int i = 1; i < count; ++i) {
                keep({points[i - 1], points[i]}, mode == PolylineMode);
            }
            if (mode != PolylineMode && count > 1) {
                keep({points[count - 1], points[0]}, false);
            }
        }
        void drawPath(const QPainterPath& path) override
        {
            for (const QPolygonF& ring : path.toSubpathPolygons()) {
                drawPolygon(ring.constData(), static_cast<int>(ring.size()), WindingMode);
            }
        }
        [[nodiscard]] Type type() const override { return User; }

    private:
        void keep(const QLineF& line, bool open)
        {
            (open || m_pen.style() != Qt::NoPen ? m_strokes : m_outlines).push_back(line);
        }

        std::vector<QLineF>& m_strokes;
        std::vector<QLineF>& m_outlines;
        QPen m_pen;
    };

    QSize m_size;
    std::vector<QLineF> m_strokes, m_outlines;
    mutable Engine m_engine;
};

} // namespace isobar::ui
