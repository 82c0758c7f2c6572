// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/axis_ticks.h"
#include "ui/charts/mark_layout.h"
#include "ui/charts/titled_scene.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace isobar::ui {
namespace {

constexpr std::array<double, 3> kMarked{0.5, 0.95, 0.99};
constexpr double kAxis = 20;

std::vector<ChartLegendEntry> legendOf(const DistributionData& data)
{
    std::vector<ChartLegendEntry> legend;
    for (const DistributionSeries& s : data.series) {
        legend.push_back({s.name, s.color, s.ghost});
    }
    return legend;
}

class DistributionScene final : public TitledScene {
public:
    DistributionScene(const DistributionData& data, QSizeF size)
        : TitledScene(data, size, legendOf(data))
        , m_data(data)
    {
        findRange();
        if (m_range.empty()) {
            return;
        }
        m_plot = m_body.adjusted(2, 30, -2, -kAxis);
        for (const DistributionSeries& s : m_data.series) {
            for (qsizetype i = 0; i < bins(s); ++i) {
                m_most = std::max(m_most, density(s, i));
            }
        }
        makeMarks();
    }

    void paintState(QPainter& p, const MarkState& state) const override
    {
        const Theme& t = theme();
        const auto shade = [&](int mark, const QColor& color) {
            if (mark >= 0 && mark < static_cast<int>(m_marks.size())) {
                const QRectF& r = m_marks[static_cast<std::size_t>(mark)].rect;
                const double top = m_tops[static_cast<std::size_t>(mark)];
                p.setPen(Qt::NoPen);
                p.setBrush(color);
                p.drawRect(QRectF(r.left(), top, r.width(), m_plot.bottom() - top));
                p.setPen(QPen(t.faint, 1));
                p.drawLine(QPointF(r.center().x(), m_plot.top()), QPointF(r.center().x(), top));
            }
        };
        for (const int mark : state.selected) {
            shade(mark, t.text);
        }
        shade(state.hovered, t.text);
        shade(state.current, t.accent);
    }

protected:
    void paintBody(QPainter& p) const override
    {
        const Theme& t = theme();
        const QFont small = font(TextRole::Small);
        for (const Tick& tick : ticks()) {
            const double x = std::round(place(tick.at)) + 0.5;
            if (x < m_plot.left() - 1 || x > m_plot.right() + 1) {
                continue;
            }
            p.setPen(QPen(t.line, 1));
            p.drawLine(QPointF(x, m_plot.top()), QPointF(x, m_plot.bottom()));
            const double width = textWidth(small, tick.label);
            drawLine(p,
                     QRectF(std::clamp(x - width / 2, m_body.left(), m_body.right() - width), m_plot.bottom() + 4,
                            width + 1, 16),
                     small, t.muted, tick.label);
        }
        for (auto s = m_data.series.rbegin(); s != m_data.series.rend(); ++s) {
            paintSeries(p, *s);
        }
        p.setPen(QPen(t.line, 1));
        p.drawLine(QPointF(m_plot.left(), m_plot.bottom() + 0.5), QPointF(m_plot.right(), m_plot.bottom() + 0.5));
        paintPercentiles(p);
        paintTarget(p);
    }

private:
    [[nodiscard]] static qsizetype bins(const DistributionSeries& s)
    {
        return std::max<qsizetype>(0, std::min(s.counts.size(), s.edges.size() - 1));
    }
    [[nodiscard]] bool drawn(const DistributionSeries& s, qsizetype i) const
    {
        return std::isfinite(s.counts[i]) && s.counts[i] > 0 && (!m_data.logX || s.edges[i] > 0);
    }
    [[nodiscard]] double axis(double value) const { return m_data.logX ? std::log10(value) : value; }
    [[nodiscard]] double place(double value) const
    {
        const double share = (axis(value) - axis(m_from)) / (axis(m_to) - axis(m_from));
        return m_plot.left() + std::clamp(share, 0.0, 1.0) * m_plot.width();
    }
    static double total(const DistributionSeries& s)
    {
        double sum = 0;
        for (qsizetype i = 0; i < bins(s); ++i) {
            sum += std::isfinite(s.counts[i]) ? s.counts[i] : 0;
        }
        return sum;
    }
    /// Share of the events per unit of the axis: bins of differing width stay comparable.
    [[nodiscard]] double density(const DistributionSeries& s, qsizetype i) const
    {
        return drawn(s, i) ? s.counts[i] / total(s) / (axis(s.edges[i + 1]) - axis(s.edges[i])) : 0;
    }

    void findRange()
    {
        double low = std::numeric_limits<double>::infinity(), high = -low;
        for (const DistributionSeries& s : m_data.series) {
            for (qsizetype i = 0; i < bins(s); ++i) {
                if (drawn(s, i)) {
                    low = std::min(low, s.edges[i]), high = std::max(high, s.edges[i + 1]);
                }
            }
        }
        if (!(low < high)) {
            return;
        }
        // A target out of reach of the data would squeeze it: then the words alone say it.
        if (m_data.target && *m_data.target > low && axis(*m_data.target) - axis(high) < axis(high) - axis(low)) {
            high = std::max(high, m_data.logX ? *m_data.target * 1.08 : *m_data.target + 0.04 * (high - low));
        }
        m_from = low, m_to = high;
        m_range = {low, high};
    }

    [[nodiscard]] std::vector<Tick> ticks() const
    {
        const int most = std::clamp(static_cast<int>(m_plot.width() / 62), 2, 9);
        std::vector<Tick> all;
        if (m_data.logX && m_data.kind == ValueKind::Seconds) {
            all = durationAxis(m_from, m_to, m_from, most).ticks;
        } else if (m_data.logX) {
            const int step = std::max(1, static_cast<int>(std::ceil((axis(m_to) - axis(m_from)) / most)));
            for (int e = static_cast<int>(std::ceil(axis(m_from))); e <= axis(m_to); e += step) {
                all.push_back({std::pow(10.0, e), figureText(m_data.kind, std::pow(10.0, e))});
            }
        } else {
            for (Tick& tick : valueAxis(m_from, m_to, most, false).ticks) {
                all.push_back({tick.at, figureText(m_data.kind, tick.at)});
            }
        }
        return all;
    }

    void makeMarks()
    {
        const DistributionSeries& s = m_data.series.front();
        const double sum = total(s);
        double below = 0;
        for (qsizetype i = 0; i < bins(s); ++i) {
            const double before = below;
            below += std::isfinite(s.counts[i]) ? s.counts[i] : 0;
            if (!drawn(s, i)) {
                continue;
            }
            ChartMark mark;
            mark.key = QString::number(i);
            mark.name =
                figureText(m_data.kind, s.edges[i]) + QStringLiteral(" – ") + figureText(m_data.kind, s.edges[i + 1]);
            mark.value = figureText(ValueKind::Ratio, s.counts[i] / sum);
            mark.tip = {{s.color, s.name, figureText(ValueKind::Count, s.counts[i])},
                        {QColor(), QStringLiteral("As fast or faster"), figureText(ValueKind::Ratio, below / sum)}};
            if (m_data.kind != ValueKind::Seconds) {
                mark.tip.back().name = QStringLiteral("As low or lower");
            }
            for (std::size_t k = 1; k < m_data.series.size(); ++k) {
                const DistributionSeries& other = m_data.series[k];
                mark.tip.push_back({other.color, other.name,
                                    figureText(ValueKind::Ratio, shareWithin(other, s.edges[i], s.edges[i + 1]))});
            }
            mark.note = QStringLiteral("from the %1 to the %2 percentile")
                            .arg(grouped(before / sum * 100, 1), grouped(below / sum * 100, 1));
            const double x0 = place(s.edges[i]), x1 = place(s.edges[i + 1]);
            const double top = m_plot.bottom() - m_plot.height() * density(s, i) / m_most;
            mark.rect = QRectF(x0, m_plot.top(), std::max(1.0, x1 - x0), m_plot.height());
            m_marks.push_back(std::move(mark));
            m_tops.push_back(top);
        }
        QStringList parts;
        for (const double ratio : kMarked) {
            parts << QStringLiteral("p%1 ").arg(ratio * 100) +
                         figureText(m_data.kind, histogramQuantile(s.edges, s.counts, ratio, m_data.logX));
        }
        m_summary =
            parts.join(QStringLiteral(", ")) + (m_data.target ? QStringLiteral("; ") + m_data.targetLabel : QString());
    }

    /// Of another series, the share between two values, spread evenly within its bins.
    [[nodiscard]] double shareWithin(const DistributionSeries& s, double from, double to) const
    {
        double sum = 0;
        for (qsizetype i = 0; i < bins(s); ++i) {
            if (drawn(s, i)) {
                const double low = std::max(from, s.edges[i]), high = std::min(to, s.edges[i + 1]);
                sum +=
                    high > low ? s.counts[i] * (axis(high) - axis(low)) / (axis(s.edges[i + 1]) - axis(s.edges[i])) : 0;
            }
        }
        return sum / total(s);
    }

    void paintSeries(QPainter& p, const DistributionSeries& s) const
    {
        const Theme& t = theme();
        QPolygonF outline;
        const QColor line = readableOn(s.ghost ? mixed(t.panel, s.color, 0.7) : s.color, t.panel);
        for (qsizetype i = 0; i < bins(s); ++i) {
            if (m_data.logX && s.edges[i] <= 0) {
                continue;
            }
            const double x0 = place(s.edges[i]), x1 = place(s.edges[i + 1]);
            const double y = m_plot.bottom() - m_plot.height() * density(s, i) / m_most;
            if (outline.isEmpty()) {
                outline.append({x0, m_plot.bottom()});
            }
            outline.append({x0, y});
            outline.append({x1, y});
            if (!s.ghost && y < m_plot.bottom()) {
                const bool late = m_data.target && s.edges[i] >= *m_data.target * (1 - 1e-9);
                const double gap = x1 - x0 > 5 ? 1 : 0;
                p.setRenderHint(QPainter::Antialiasing, gap == 0);
                p.fillRect(QRectF(x0, y, x1 - x0 - gap, m_plot.bottom() - y),
                           mixed(t.panel, late ? t.trouble : s.color, late ? 0.75 : 0.55));
                p.setRenderHint(QPainter::Antialiasing);
            }
        }
        if (outline.size() > 1) {
            outline.append({outline.back().x(), m_plot.bottom()});
        }
        p.setBrush(Qt::NoBrush);
        p.setPen(QPen(line, 1, s.ghost ? Qt::DashLine : Qt::SolidLine));
        p.drawPolyline(outline);
    }

    void paintTarget(QPainter& p) const
    {
        if (!m_data.target || *m_data.target < m_from || *m_data.target > m_to) {
            return;
        }
        const Theme& t = theme();
        const QFont small = font(TextRole::Small);
        const double x = std::round(place(*m_data.target)) + 0.5;
        p.setPen(QPen(t.trouble, 1, Qt::DashLine));
        p.drawLine(QPointF(x, m_plot.top() - 14), QPointF(x, m_plot.bottom()));
        const double width = textWidth(small, m_data.targetLabel);
        const bool left = x + 5 + width > m_body.right();
        const QRectF words(left ? x - 5 - width : x + 5, m_plot.top() - 15, width + 1, 14);
        p.fillRect(words.adjusted(-2, 0, 2, 0), t.panel); // a percentile's line may pass behind the words
        drawLine(p, words, small, t.text, m_data.targetLabel);
    }

    void paintPercentiles(QPainter& p) const
    {
        const Theme& t = theme();
        const QFont small = font(TextRole::Small);
        const DistributionSeries& s = m_data.series.front();
        std::vector<std::pair<double, double>> taken;
        // The tail first: where words do not fit, p95 is the one to do without. Its line stays.
        for (const double ratio : {0.99, 0.5, 0.95}) {
            const double value = histogramQuantile(s.edges, s.counts, ratio, m_data.logX);
            if (!std::isfinite(value) || (m_data.logX && value <= 0)) {
                continue;
            }
            const double x = std::round(place(value)) + 0.5;
            p.setPen(QPen(t.text, 1));
            p.drawLine(QPointF(x, m_plot.top() - 13), QPointF(x, m_plot.bottom()));
            const QString name = QStringLiteral("p%1").arg(ratio * 100);
            const Figure figure = figureOf(m_data.kind, value);
            const double width = textWidth(small, name) + 4 + figureWidth(figure, TextRole::Small);
            for (const double start : {x - width / 2, x - width + 8, x - 8}) {
                const double left = std::clamp(start, m_body.left(), m_body.right() - width);
                const bool touches = std::any_of(taken.begin(), taken.end(), [&](const auto& other) {
                    return left < other.second + 10 && left + width > other.first - 10;
                });
                if (!touches) {
                    taken.emplace_back(left, left + width);
                    drawLine(p, QRectF(left, m_plot.top() - 29, width, 14), small, t.muted, name);
                    drawFigure(p, QRectF(left, m_plot.top() - 29, width, 14), figure, t.text, TextRole::Small);
                    break;
                }
            }
        }
    }

    struct Range {
        double low = 0, high = 0;
        [[nodiscard]] bool empty() const { return !(high > low); }
    };

    DistributionData m_data;
    Range m_range;
    double m_from = 0, m_to = 1, m_most = 0;
    QRectF m_plot;
    std::vector<double> m_tops; ///< of the marks' bars
};

} // namespace

std::unique_ptr<MarkScene> distributionScene(const DistributionData& data, QSizeF size)
{
    return std::make_unique<DistributionScene>(data, size);
}

} // namespace isobar::ui
