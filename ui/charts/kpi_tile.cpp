// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/kpi_tile.h"

#include "ui/charts/chart_paint.h"
#include "ui/shell/theme.h"

#include <QAccessibleWidget>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {

constexpr double kPad = Theme::kPadding, kSparkWidth = 90, kSparkHeight = 26, kSparkLeast = 34;

/// What a screen reader meets: a button named by the whole figure.
class AccessibleKpi : public QAccessibleWidget {
public:
    explicit AccessibleKpi(KpiTile* tile)
        : QAccessibleWidget(tile, QAccessible::Button)
    {
    }
    QStringList actionNames() const override { return QStringList(pressAction()) + QAccessibleWidget::actionNames(); }
    void doAction(const QString& name) override
    {
        if (name == pressAction()) {
            Q_EMIT static_cast<KpiTile*>(widget())->clicked();
        } else {
            QAccessibleWidget::doAction(name);
        }
    }
};

QAccessibleInterface* accessibleKpi(const QString& className, QObject* object)
{
    Q_UNUSED(className);
    auto* tile = qobject_cast<KpiTile*>(object);
    return tile != nullptr ? new AccessibleKpi(tile) : nullptr;
}

QColor directionColor(KpiData::Direction direction)
{
    switch (direction) {
    case KpiData::Direction::Better:
        return theme().fine;
    case KpiData::Direction::Worse:
        return theme().trouble;
    case KpiData::Direction::None:
    case KpiData::Direction::Neutral:
        break;
    }
    return theme().muted;
}

/// "+2.1 %" | "vs 1 min ago"
std::pair<QString, QString> splitChange(const QString& change)
{
    const qsizetype at = change.indexOf(QLatin1String(" vs "));
    return at < 0 ? std::pair(change, QString()) : std::pair(change.left(at), change.mid(at + 1));
}

void drawTriangle(QPainter& p, QPointF center, bool up, const QColor& color)
{
    const double s = up ? -1 : 1;
    p.setPen(Qt::NoPen);
    p.setBrush(color);
    p.drawPolygon(QPolygonF{{center + QPointF(-4, -3 * s), center + QPointF(4, -3 * s), center + QPointF(0, 4 * s)}});
}

/// A triangle with an exclamation mark: the warning's shape, beside its colour.
void drawWarning(QPainter& p, QPointF center)
{
    p.setPen(QPen(theme().trouble, 1));
    p.setBrush(Qt::NoBrush);
    p.drawPolygon(QPolygonF{{center + QPointF(-6, 5), center + QPointF(6, 5), center + QPointF(0, -5.5)}});
    p.drawLine(center + QPointF(0, -1.5), center + QPointF(0, 1.5));
    p.drawLine(center + QPointF(0, 3), center + QPointF(0, 3.4));
}

/// A ring, half filled: neither here nor there.
void drawNear(QPainter& p, QPointF center)
{
    p.setPen(QPen(theme().caution, 1.4));
    p.setBrush(Qt::NoBrush);
    p.drawEllipse(center, 4.5, 4.5);
    p.setPen(Qt::NoPen);
    p.setBrush(theme().caution);
    p.drawPie(QRectF(center.x() - 4.5, center.y() - 4.5, 9, 9), 90 * 16, 180 * 16);
}

/// A tick.
void drawMet(QPainter& p, QPointF center)
{
    p.setPen(QPen(theme().fine, 1.8));
    p.setBrush(Qt::NoBrush);
    p.drawPolyline(QPolygonF{{center + QPointF(-5, 0), center + QPointF(-1.5, 4), center + QPointF(5, -4.5)}});
}

QColor standingColor(KpiData::Standing standing)
{
    switch (standing) {
    case KpiData::Standing::Met:
        return theme().fine;
    case KpiData::Standing::Near:
        return theme().caution;
    case KpiData::Standing::Missed:
        return theme().trouble;
    case KpiData::Standing::None:
        break;
    }
    return theme().muted;
}

/// A track with the value as a bar and the target as a line across it.
void paintProgress(QPainter& p, const QRectF& track, const KpiData& d)
{
    p.setPen(Qt::NoPen);
    p.setBrush(trackColor(theme()));
    p.drawRoundedRect(track, 1.5, 1.5);
    p.setBrush(standingColor(d.standing));
    p.drawRoundedRect(QRectF(track.left(), track.top(), std::max(2.0, track.width() * d.reached), track.height()), 1.5,
                      1.5);
    const double x =
        std::round(std::clamp(track.left() + track.width() * d.targetAt, track.left() + 1, track.right() - 1));
    p.setBrush(theme().panel); // a gap on either side keeps it apart from the bar
    p.drawRect(QRectF(x - 2, track.top() - 2, 4, track.height() + 4));
    p.setBrush(theme().text);
    p.drawRect(QRectF(x - 1, track.top() - 2, 2, track.height() + 4));
}

/// How the value stands to its target, from the wordiest.
QStringList targetNotes(const KpiData& d)
{
    if (d.target.isEmpty()) {
        return {};
    }
    const QString plain = QStringLiteral("target ") + d.target;
    const QString judged = d.standing == KpiData::Standing::Near     ? QStringLiteral("near ") + plain
                           : d.standing == KpiData::Standing::Missed ? QStringLiteral("misses ") + d.target
                                                                     : plain;
    return {judged, plain, d.target};
}

/// The unit, the target in the most words and as many of the notes as `room` holds; at least the unit.
QString unitText(const KpiData& d, double room)
{
    QString text = d.unit;
    for (const QString& note : targetNotes(d)) {
        const QString more = text.isEmpty() ? note : text + QLatin1Char(' ') + note;
        if (textWidth(font(TextRole::Secondary), more) <= room) {
            text = more;
            break;
        }
    }
    for (const QString& note : d.notes) {
        const QString more = text.isEmpty() ? note : text + QLatin1Char(' ') + note;
        if (textWidth(font(TextRole::Secondary), more) <= room) {
            text = more;
        }
    }
    return text;
}

/// What a screen reader says after the title.
QString spoken(const KpiData& d)
{
    QString text = d.value;
    if (!d.unit.isEmpty()) {
        text += QLatin1Char(' ') + d.unit;
    }
    for (const QString& note : d.notes) {
        text += QLatin1Char(' ') + note;
    }
    if (!d.change.isEmpty()) {
        text += QStringLiteral(", ") + d.change;
    }
    if (d.direction == KpiData::Direction::Better) {
        text += QStringLiteral(", better");
    } else if (d.direction == KpiData::Direction::Worse) {
        text += QStringLiteral(", worse");
    }
    if (!d.targetWords.isEmpty()) {
        text += QStringLiteral(", target ") + d.targetWords;
        text += d.standing == KpiData::Standing::Met      ? QStringLiteral(": met")
                : d.standing == KpiData::Standing::Near   ? QStringLiteral(": near")
                : d.standing == KpiData::Standing::Missed ? QStringLiteral(": missed")
                                                          : QString();
    }
    return d.warning ? text + QStringLiteral(", needs attention") : text;
}

} // namespace

void paintKpi(QPainter& p, const QRectF& rect, const KpiData& d)
{
    const Theme& t = theme();
    p.setRenderHint(QPainter::Antialiasing);
    const QRectF inner = rect.adjusted(kPad, 0, -kPad, 0);
    // Three lines, centred as a block: they keep their distances whatever the height.
    const bool judged = d.standing != KpiData::Standing::None;
    const double top = rect.top() + std::max(judged ? 6.0 : 8.0, (rect.height() - (judged ? 74 : 68)) / 2);
    QRectF titleRow(inner.left(), top, inner.width(), 16);
    QRectF figureRow(inner.left(), top + 19, inner.width(), 28);
    const QRectF changeRow(inner.left(), top + 52, inner.width(), 16);

    const bool marked = d.warning || judged;
    const double titleWidth = textWidth(font(TextRole::Secondary), d.title) + (marked ? 18 : 0);
    const double valueWidth = textWidth(font(TextRole::Figure), d.value);
    const double unitWidth = d.unit.isEmpty() ? 0 : 6 + textWidth(font(TextRole::Secondary), d.unit);
    const bool hasSpark = std::count_if(d.spark.begin(), d.spark.end(), [](double v) { return std::isfinite(v); }) > 1;
    if (hasSpark) {
        // Top right beside the title; if the title needs that room, beside the figure; else not at all.
        const double besideTitle = inner.width() - titleWidth - 12;
        const double besideFigure = inner.width() - valueWidth - unitWidth - 12;
        if (besideTitle >= kSparkLeast) {
            const double width = std::min(kSparkWidth, besideTitle);
            paintSparkline(p, QRectF(inner.right() - width, top - 1, width, std::min(kSparkHeight, 24.0)), d.spark,
                           t.accent);
            titleRow.setRight(inner.right() - width - 8);
        } else if (besideFigure >= kSparkLeast) {
            const double width = std::min(kSparkWidth, besideFigure);
            paintSparkline(p, QRectF(inner.right() - width, figureRow.top() + 3, width, 22), d.spark, t.accent);
            figureRow.setRight(inner.right() - width - 8);
        }
    }
    if (marked) {
        const QPointF at(titleRow.left() + 6, titleRow.center().y());
        d.warning ? drawWarning(p, at) : d.standing == KpiData::Standing::Near ? drawNear(p, at) : drawMet(p, at);
        titleRow.setLeft(titleRow.left() + 18);
    }
    if (judged) {
        paintProgress(p, QRectF(inner.left(), std::min(top + 72, rect.bottom() - 7), inner.width(), 3), d);
    }
    drawLine(p, titleRow, font(TextRole::Secondary), t.muted, d.title);
    const double used = drawLine(p, figureRow, font(TextRole::Figure), t.text, d.value);
    // On the figure's baseline.
    const double drop =
        (QFontMetricsF(font(TextRole::Figure)).capHeight() - QFontMetricsF(font(TextRole::Secondary)).capHeight()) / 2;
    if (figureRow.width() - used - 6 > 14) {
        drawLine(p, figureRow.adjusted(used + 6, drop, 0, drop), font(TextRole::Secondary), t.muted,
                 unitText(d, figureRow.width() - used - 6));
    }
    if (d.change.isEmpty()) {
        return;
    }
    const QColor color = directionColor(d.direction);
    double x = changeRow.left();
    if (d.direction != KpiData::Direction::None) {
        drawTriangle(p, QPointF(x + 4, changeRow.center().y()), d.up, color);
        x += 13;
    }
    const auto [figure, words] = splitChange(d.change);
    QRectF rest = changeRow;
    rest.setLeft(x);
    x += drawLine(p, rest, font(TextRole::Secondary), color, figure) + 4;
    rest.setLeft(x);
    if (rest.width() > 16) {
        drawLine(p, rest, font(TextRole::Secondary), t.muted, words);
    }
}

KpiTile::KpiTile(QWidget* parent)
    : QFrame(parent)
{
    static const bool installed = [] {
        QAccessible::installFactory(accessibleKpi);
        return true;
    }();
    Q_UNUSED(installed);
    setProperty("panel", true);
    setFocusPolicy(Qt::StrongFocus);
    setCursor(Qt::PointingHandCursor);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, qOverload<>(&QWidget::update));
}

void KpiTile::setData(KpiData data)
{
    m_data = std::move(data);
    // The name stays while the figure changes: whoever looks for the tile finds it.
    if (m_data.title != accessibleName()) {
        setAccessibleName(m_data.title);
    }
    const QString words = spoken(m_data);
    if (words != accessibleDescription()) {
        setAccessibleDescription(words);
    }
    // Rich text, because only rich text wraps in a tooltip; all that the tile may have had no room for comes first.
    const QString tip =
        m_data.explanation.isEmpty()
            ? QString()
            : QStringLiteral("<p><b>%1</b>: %2</p><p>%3</p>")
                  .arg(m_data.title.toHtmlEscaped(), words.toHtmlEscaped(),
                       m_data.explanation.toHtmlEscaped().replace(QLatin1Char('\n'), QStringLiteral("<br>")));
    if (tip != toolTip()) {
        setToolTip(tip);
    }
    update();
}

void KpiTile::paintEvent(QPaintEvent* event)
{
    QFrame::paintEvent(event);
    const Theme& t = theme();
    QPainter p(this);
    p.setRenderHint(QPainter::Antialiasing);
    const QRectF edge = QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5);
    const bool near = m_data.standing == KpiData::Standing::Near;
    if (m_hovered || hasFocus() || m_data.warning || near) {
        p.setPen(QPen(hasFocus() ? t.accent : m_data.warning ? t.trouble : near ? t.caution : t.faint, 1));
        p.setBrush(m_pressed ? QBrush(t.raised) : QBrush(Qt::NoBrush));
        p.drawRoundedRect(edge, Theme::kPanelRadius, Theme::kPanelRadius);
        if (hasFocus()) { // a second line inside, so that focus is not only a change of hue
            p.setBrush(Qt::NoBrush);
            p.drawRoundedRect(edge.adjusted(1, 1, -1, -1), Theme::kPanelRadius - 1, Theme::kPanelRadius - 1);
        }
    }
    paintKpi(p, rect(), m_data);
}

void KpiTile::mousePressEvent(QMouseEvent* event)
{
    m_pressed = event->button() == Qt::LeftButton;
    update();
}

void KpiTile::mouseReleaseEvent(QMouseEvent* event)
{
    const bool inside = m_pressed && event->button() == Qt::LeftButton && rect().contains(event->pos());
    m_pressed = false;
    update();
    if (inside) {
        Q_EMIT clicked();
    }
}

void KpiTile::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Space || event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) {
        Q_EMIT clicked();
    } else {
        QFrame::keyPressEvent(event);
    }
}

void KpiTile::enterEvent(QEnterEvent* event)
{
    m_hovered = true;
    QFrame::enterEvent(event);
    update();
}

void KpiTile::leaveEvent(QEvent* event)
{
    m_hovered = false;
    QFrame::leaveEvent(event);
    update();
}

void KpiTile::focusInEvent(QFocusEvent* event)
{
    QFrame::focusInEvent(event);
    update();
}

void KpiTile::focusOutEvent(QFocusEvent* event)
{
    QFrame::focusOutEvent(event);
    update();
}

} // namespace isobar::ui
