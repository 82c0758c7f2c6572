// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/mark_chart.h"

#include "ui/charts/mark_accessible.h"
#include "ui/charts/value_tip.h"
#include "ui/shell/theme.h"

#include <QAccessible>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {

constexpr double kSide = Theme::kPadding, kTop = 10, kBottom = 10;

} // namespace

MarkChart::MarkChart(QWidget* parent)
    : QFrame(parent)
{
    installMarkAccessibility();
    setProperty("panel", true);
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, &MarkChart::relayout);
}

MarkChart::~MarkChart()
{
    delete m_tip;
}

QRectF MarkChart::inside() const
{
    return QRectF(rect()).adjusted(kSide, kTop, -kSide, -kBottom);
}

const MarkScene& MarkChart::scene() const
{
    const QSizeF size = inside().size();
    if (m_scene == nullptr || m_sceneSize != size) { // a hidden widget is told of its new size only when shown
        m_scene = makeScene({std::max(20.0, size.width()), std::max(20.0, size.height())});
        m_sceneSize = size;
    }
    return *m_scene;
}

void MarkChart::changed(const QString& title, const QString& unitNote)
{
    setAccessibleName(unitNote.isEmpty() ? title : title + QLatin1Char(' ') + unitNote);
    relayout();
    setAccessibleDescription(scene().summary());
    m_pressed = -1;
    const int hovered = underMouse() ? scene().markAt(mapFromGlobal(QPointF(QCursor::pos())) - inside().topLeft()) : -1;
    m_state.hovered = -1;
    setHovered(hovered);
}

void MarkChart::relayout()
{
    m_scene.reset();
    m_canvas = QPixmap();
    // Marks may have changed places; keyboard and selection stay on theirs by key.
    m_state.current = indexOf(m_currentKey);
    m_state.selected.clear();
    for (const QString& key : m_selectedKeys) {
        if (const int mark = indexOf(key); mark >= 0) {
            m_state.selected.push_back(mark);
        }
    }
    if (m_state.hovered >= static_cast<int>(marks().size())) {
        m_state.hovered = -1;
    }
    update();
}

int MarkChart::indexOf(const QString& key) const
{
    if (key.isEmpty()) {
        return -1;
    }
    const auto it = std::find_if(marks().begin(), marks().end(), [&key](const ChartMark& m) { return m.key == key; });
    return it == marks().end() ? -1 : static_cast<int>(it - marks().begin());
}

QRectF MarkChart::markRect(const QString& key) const
{
    const int mark = indexOf(key);
    return mark < 0 ? QRectF() : marks()[static_cast<std::size_t>(mark)].rect.translated(inside().topLeft());
}

QString MarkChart::hoveredKey() const
{
    return m_state.hovered < 0 ? QString() : marks()[static_cast<std::size_t>(m_state.hovered)].key;
}

QString MarkChart::currentKey() const
{
    return m_state.current < 0 ? QString() : m_currentKey;
}

QString MarkChart::hoverText() const
{
    return m_tip != nullptr && m_tip->isVisible() ? m_tip->text() : QString();
}

void MarkChart::setSelectedKeys(const QStringList& keys)
{
    if (keys == m_selectedKeys) {
        return;
    }
    m_selectedKeys = keys;
    m_state.selected.clear();
    for (const QString& key : keys) {
        if (const int mark = indexOf(key); mark >= 0) {
            m_state.selected.push_back(mark);
        }
    }
    update();
}

void MarkChart::paintEvent(QPaintEvent* event)
{
    QFrame::paintEvent(event);
    QPainter p(this);
    const QRectF area = inside();
    const double ratio = devicePixelRatioF();
    const QSize pixels(qCeil(width() * ratio), qCeil(height() * ratio));
    if (m_canvas.isNull() || m_canvas.size() != pixels) {
        m_canvas = QPixmap(pixels);
        m_canvas.setDevicePixelRatio(ratio);
        m_canvas.fill(Qt::transparent);
        QPainter canvas(&m_canvas);
        canvas.setRenderHint(QPainter::Antialiasing);
        canvas.translate(area.topLeft());
        scene().paint(canvas);
    }
    p.drawPixmap(QPointF(0, 0), m_canvas);
    p.setRenderHint(QPainter::Antialiasing);
    p.translate(area.topLeft());
    MarkState shown = m_state;
    shown.current = hasFocus() ? m_state.current : -1;
    scene().paintState(p, shown);
    p.translate(-area.topLeft());
    if (hasFocus()) {
        p.setBrush(Qt::NoBrush);
        p.setPen(QPen(theme().accent, 1));
        p.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), Theme::kPanelRadius, Theme::kPanelRadius);
    }
}

void MarkChart::resizeEvent(QResizeEvent* event)
{
    QFrame::resizeEvent(event);
    setHovered(-1);
    relayout();
}

void MarkChart::setHovered(int mark)
{
    const bool clickable = mark >= 0 && marks()[static_cast<std::size_t>(mark)].clickable;
    setCursor(clickable ? Qt::PointingHandCursor : Qt::ArrowCursor);
    if (mark == m_state.hovered) {
        return;
    }
    m_state.hovered = mark;
    const QString key = hoveredKey();
    markEntered(key);
    showTip(mark);
    update();
    Q_EMIT markHovered(key);
}

void MarkChart::showTip(int mark)
{
    if (mark < 0 || mark >= static_cast<int>(marks().size()) || !isVisible()) {
        if (m_tip != nullptr) {
            m_tip->hide();
        }
        return;
    }
    const ChartMark& m = marks()[static_cast<std::size_t>(mark)];
    std::vector<ValueTip::Row> rows;
    if (!m.value.isEmpty()) {
        rows.push_back({m.color, m.value, QString(), true});
    }
    rows.insert(rows.end(), m.tip.begin(), m.tip.end());
    if (!m.note.isEmpty()) {
        rows.push_back({QColor(), m.note, QString(), false});
    }
    ValueTip& tip = ValueTip::of(m_tip, this);
    tip.setContent(m.name, QString(), std::move(rows));
    const QRectF at = m.rect.translated(inside().topLeft());
    // Beside the mark, but inside a large one.
    const double x = at.width() > 160 ? at.center().x() : at.right() - 8;
    tip.showAt(mapTo(window(), QPointF(x, at.center().y()).toPoint()));
}

void MarkChart::setCurrentMark(int mark)
{
    const bool valid = mark >= 0 && mark < static_cast<int>(marks().size());
    m_state.current = valid ? mark : -1;
    m_currentKey = valid ? marks()[static_cast<std::size_t>(mark)].key : QString();
    markEntered(m_currentKey);
    showTip(m_state.current);
    update();
    if (valid) { // say the mark the keys are on
        const ChartMark& m = marks()[static_cast<std::size_t>(mark)];
        QAccessibleValueChangeEvent said(this, m.name + QStringLiteral(", ") + m.value +
                                                   (m.note.isEmpty() ? QString() : QStringLiteral(", ") + m.note));
        QAccessible::updateAccessibility(&said);
    }
}

void MarkChart::activateMark(int mark)
{
    if (mark < 0 || mark >= static_cast<int>(marks().size())) {
        return;
    }
    const ChartMark copy = marks()[static_cast<std::size_t>(mark)]; // a receiver may lay out anew
    if (copy.clickable) {
        Q_EMIT markClicked(copy.key);
        markActivated(copy);
    }
}

void MarkChart::mouseMoveEvent(QMouseEvent* event)
{
    setHovered(scene().markAt(event->position() - inside().topLeft()));
}

void MarkChart::mousePressEvent(QMouseEvent* event)
{
    setFocus(Qt::MouseFocusReason);
    const int mark = scene().markAt(event->position() - inside().topLeft());
    m_pressed = event->button() == Qt::LeftButton ? mark : -1;
    if (m_pressed >= 0) {
        m_state.current = mark;
        m_currentKey = marks()[static_cast<std::size_t>(mark)].key;
        update();
    }
}

void MarkChart::mouseReleaseEvent(QMouseEvent* event)
{
    const int mark = scene().markAt(event->position() - inside().topLeft());
    const bool clicked = event->button() == Qt::LeftButton && mark >= 0 && mark == m_pressed;
    m_pressed = -1;
    if (clicked) {
        activateMark(mark);
    }
}

void MarkChart::leaveEvent(QEvent* event)
{
    setHovered(-1);
    QFrame::leaveEvent(event);
}

void MarkChart::hideEvent(QHideEvent* event)
{
    setHovered(-1);
    showTip(-1);
    QFrame::hideEvent(event);
}

void MarkChart::focusInEvent(QFocusEvent* event)
{
    QFrame::focusInEvent(event);
    update();
}

void MarkChart::focusOutEvent(QFocusEvent* event)
{
    QFrame::focusOutEvent(event);
    if (m_state.hovered < 0) {
        markEntered(QString());
        showTip(-1);
    }
    update();
}

void MarkChart::keyPressEvent(QKeyEvent* event)
{
    const int last = static_cast<int>(marks().size()) - 1;
    switch (event->key()) {
    case Qt::Key_Left:
        step(-1, 0);
        return;
    case Qt::Key_Right:
        step(+1, 0);
        return;
    case Qt::Key_Up:
        step(0, -1);
        return;
    case Qt::Key_Down:
        step(0, +1);
        return;
    case Qt::Key_Home:
        setCurrentMark(std::min(0, last));
        return;
    case Qt::Key_End:
        setCurrentMark(last);
        return;
    case Qt::Key_Return:
    case Qt::Key_Enter:
    case Qt::Key_Space:
        activateMark(m_state.current);
        return;
    case Qt::Key_Backspace:
        if (goBack()) {
            return;
        }
        break;
    case Qt::Key_Escape:
        if (goBack()) {
            return;
        }
        if (m_state.current >= 0) {
            setCurrentMark(-1);
            return;
        }
        break;
    default:
        break;
    }
    QFrame::keyPressEvent(event);
}

/// To the nearest mark that way: straight on counts once, aside twice.
void MarkChart::step(int dx, int dy)
{
    if (m_state.current < 0) {
        setCurrentMark(marks().empty() ? -1 : 0);
        return;
    }
    const QPointF from = marks()[static_cast<std::size_t>(m_state.current)].rect.center();
    int best = m_state.current;
    double bestCost = std::numeric_limits<double>::infinity();
    for (int i = 0; i <= static_cast<int>(marks().size()) - 1; ++i) {
        const QPointF d = marks()[static_cast<std::size_t>(i)].rect.center() - from;
        const double ahead = d.x() * dx + d.y() * dy, aside = std::abs(d.x() * dy) + std::abs(d.y() * dx);
        if (ahead > 0.5 && ahead + 2 * aside < bestCost) {
            best = i, bestCost = ahead + 2 * aside;
        }
    }
    setCurrentMark(best);
}

} // namespace isobar::ui
