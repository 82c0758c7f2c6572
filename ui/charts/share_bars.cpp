// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/share_bars.h"

#include "ui/charts/change_marks.h"
#include "ui/charts/chart_paint.h"
#include "ui/shell/theme.h"

#include <QAccessible>
#include <QFontMetricsF>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {

constexpr double kSide = Theme::kPadding, kTop = 10, kTitle = 20, kRowPitch = 33, kBar = 6, kNoteGap = 6;
constexpr double kClosest = 25, kWidest = 48, kTotal = 29; // of rows that fill a height
constexpr double kBleed = 6;                               // a highlighted row reaches this far into the padding

/// The full track's value: 1, 2, 2.5 or 5 × 10ⁿ at or above the largest row; where one row is the whole total, that
/// row.
double trackValue(const ShareData& data)
{
    const std::vector<ShareRow>& rows = data.rows;
    double largest = 0;
    for (const ShareRow& row : rows) {
        for (const double value : {row.value, row.before.value_or(0)}) {
            largest = std::isfinite(value) ? std::max(largest, value) : largest;
        }
    }
    if (largest <= 0) {
        return 1;
    }
    if (rows.size() == 1 && !data.totalText.isEmpty()) {
        return largest;
    }
    const double magnitude = std::pow(10.0, std::floor(std::log10(largest)));
    for (const double mantissa : {1.0, 2.0, 2.5, 5.0}) {
        if (largest <= mantissa * magnitude * (1 + 1e-9)) {
            return mantissa * magnitude;
        }
    }
    return 10 * magnitude;
}

/// One row in words: "Azure 46.2 % (+2.1 % against previous 5 min)".
QString spokenRow(const ShareData& data, const ShareRow& row)
{
    QString words = row.name + QLatin1Char(' ') + row.valueText;
    if (row.trouble) {
        words += QStringLiteral(" (trouble)");
    }
    if (const Change change = changeOf(ValueKind::Plain, row.value, row.before.value_or(NAN));
        change.way != Change::Way::Unknown) {
        words += QStringLiteral(" (%1 against %2)").arg(change.text, data.beforeName);
    }
    return words;
}

QString spoken(const ShareData& data)
{
    QStringList parts;
    for (const ShareRow& row : data.rows) {
        parts << spokenRow(data, row);
    }
    if (!data.totalText.isEmpty()) {
        parts << QStringLiteral("total ") + data.totalText;
    }
    if (!data.footnote.isEmpty()) {
        parts << data.footnote;
    }
    return parts.join(QStringLiteral("; "));
}

void paintRow(QPainter& p, const QRectF& row, const ShareRow& data, double track, bool quiet, bool selected, bool ring)
{
    const Theme& t = theme();
    const QRectF card = row.adjusted(-kBleed, 0.5, kBleed, -0.5);
    if (quiet || selected) {
        p.setPen(selected ? QPen(t.line, 1) : QPen(Qt::NoPen));
        p.setBrush(selected || !t.dark ? mixed(t.panel, t.accent, selected ? 0.12 : 0.05) : t.raised);
        p.drawRoundedRect(card, Theme::kControlRadius, Theme::kControlRadius);
    }
    if (selected) {
        p.setPen(Qt::NoPen);
        p.setBrush(t.accent);
        p.drawRoundedRect(QRectF(card.left(), card.top() + 6, 2, card.height() - 12), 1, 1);
    }
    if (ring) {
        p.setPen(QPen(t.accent, 1));
        p.setBrush(Qt::NoBrush);
        p.drawRoundedRect(card, Theme::kControlRadius, Theme::kControlRadius);
    }
    const QRectF words(row.left(), row.top() + std::min(3.0, (row.height() - 17 - kBar) / 2), row.width(), 17);
    drawSwatch(p, QPointF(words.left() + 4, words.center().y()), data.color);
    const QString value = data.trouble ? QStringLiteral("!  ") + data.valueText : data.valueText;
    const double used = drawLine(p, words, font(TextRole::Body), data.trouble ? t.trouble : t.text, value,
                                 Qt::AlignRight | Qt::AlignVCenter);
    drawLine(p, words.adjusted(16, 0, -used - 10, 0), font(TextRole::Body), t.text, data.name);

    // Thicker in a high row, and close to the words it belongs to.
    const double thickness = std::clamp(row.height() * kBar / kRowPitch, kBar - 1, kBar + 3);
    const double trackTop = std::min(words.bottom() + 2, row.bottom() - thickness - 2);
    const QRectF trackRect(row.left(), trackTop, row.width(), thickness);
    p.setPen(Qt::NoPen);
    p.setBrush(trackColor(t));
    p.drawRoundedRect(trackRect, 2, 2);
    const double share = std::isfinite(data.value) ? std::clamp(data.value / track, 0.0, 1.0) : 0;
    if (share > 0) {
        QRectF bar = trackRect;
        bar.setWidth(std::max(2.0, trackRect.width() * share)); // never nothing for something
        p.setBrush(data.color);
        p.drawRoundedRect(bar, 2, 2);
        // Against the track, not only the panel: the end of the bar is what is read.
        const QColor edge = readableOn(data.color, t.panel);
        if (edge != data.color) {
            p.setBrush(Qt::NoBrush);
            p.setPen(QPen(edge, 1));
            p.drawRoundedRect(bar.adjusted(0.5, 0.5, -0.5, -0.5), 1.5, 1.5);
        }
    }
    if (data.before && std::isfinite(*data.before)) {
        drawBeforeLine(p, trackRect.left() + trackRect.width() * std::clamp(*data.before / track, 0.0, 1.0),
                       trackRect.top() - 2, trackRect.bottom() + 2);
    }
}

} // namespace

ShareLayout layOutShare(const ShareData& data, double width, double height)
{
    ShareLayout layout;
    const double inner = std::max(20.0, width - 2 * kSide);
    const double titleRoom = data.title.isEmpty() ? 0 : kTitle + 4, totalRoom = data.totalText.isEmpty() ? 0 : kTotal;
    double noteHeight = 0;
    if (!data.footnote.isEmpty()) {
        noteHeight = std::ceil(QFontMetricsF(font(TextRole::Secondary))
                                   .boundingRect(QRectF(0, 0, inner, 1000), Qt::TextWordWrap, data.footnote)
                                   .height());
    }
    std::size_t rows = data.rows.size();
    double pitch = kRowPitch;
    if (height > 0 && rows > 0) {
        const double room = height - 2 * kTop - titleRoom - totalRoom;
        const auto count = static_cast<double>(rows);
        const double besideNote = noteHeight > 0 ? room - kNoteGap - noteHeight : room;
        noteHeight = besideNote >= count * kClosest ? noteHeight : 0;
        pitch = std::clamp((noteHeight > 0 ? besideNote : room) / count, kClosest, kWidest);
        rows = std::min(rows, static_cast<std::size_t>(std::max(1.0, std::floor((room + 1) / pitch))));
    }
    double y = kTop;
    if (titleRoom > 0) {
        layout.title = QRectF(kSide, y, inner, kTitle);
        y += titleRoom;
    }
    for (std::size_t i = 0; i < rows; ++i) {
        layout.rows.emplace_back(kSide, y, inner, pitch);
        y += pitch;
    }
    if (totalRoom > 0) {
        layout.total = QRectF(kSide, y + 5, inner, 22);
        y += totalRoom;
    }
    if (noteHeight > 0) {
        layout.footnote = QRectF(kSide, y + kNoteGap, inner, noteHeight);
        y += kNoteGap + noteHeight;
    }
    layout.height = y + kTop;
    return layout;
}

double closestShareHeight(const ShareData& data, double width)
{
    return layOutShare(data, width).height - static_cast<double>(data.rows.size()) * (kRowPitch - kClosest);
}

void paintShare(QPainter& p, QPointF topLeft, const ShareLayout& layout, const ShareData& data, const ShareState& state)
{
    const Theme& t = theme();
    p.save();
    p.translate(topLeft);
    p.setRenderHint(QPainter::Antialiasing);
    const double used = drawLine(p, layout.title, font(TextRole::Strong), t.text, data.title);
    drawLine(p, layout.title.adjusted(used + 6, 0, 0, 0), font(TextRole::Secondary), t.muted,
             comparedNote(data.unitNote, QStringLiteral("line:"), data.beforeName));
    const double track = trackValue(data);
    for (std::size_t i = 0; i < layout.rows.size(); ++i) {
        const int row = static_cast<int>(i);
        paintRow(p, layout.rows[i], data.rows[i], track, row == state.hovered,
                 !state.selectedKey.isEmpty() && data.rows[i].key == state.selectedKey, row == state.current);
    }
    if (!data.totalText.isEmpty()) {
        p.setPen(QPen(t.line, 1));
        p.drawLine(QPointF(layout.total.left(), layout.total.top() + 0.5),
                   QPointF(layout.total.right(), layout.total.top() + 0.5));
        const QRectF words = layout.total.adjusted(0, 4, 0, 0);
        const double width =
            drawLine(p, words, font(TextRole::Strong), t.text, data.totalText, Qt::AlignRight | Qt::AlignVCenter);
        const std::size_t more = data.rows.size() - layout.rows.size();
        drawLine(p, words.adjusted(0, 0, -width - 10, 0), font(TextRole::Body), t.muted,
                 more == 0 ? QStringLiteral("Total") : QStringLiteral("Total, with %1 more").arg(more));
    }
    if (!layout.footnote.isEmpty()) {
        p.setFont(font(TextRole::Secondary));
        p.setPen(t.muted);
        p.drawText(layout.footnote, Qt::TextWordWrap, data.footnote);
    }
    p.restore();
}

ShareBars::ShareBars(QWidget* parent)
    : QWidget(parent)
{
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Minimum);
    policy.setHeightForWidth(true);
    setSizePolicy(policy);
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, qOverload<>(&QWidget::update));
}

void ShareBars::setData(ShareData data)
{
    const QString currentKey = m_current < static_cast<int>(m_data.rows.size()) && m_current >= 0
                                   ? m_data.rows[static_cast<std::size_t>(m_current)].key
                                   : QString();
    const int before = heightForWidth(width());
    m_data = std::move(data);
    // Rows may change places; the keyboard stays on its row, not on its position.
    const auto it = std::find_if(m_data.rows.begin(), m_data.rows.end(),
                                 [&currentKey](const ShareRow& row) { return row.key == currentKey; });
    m_current = it == m_data.rows.end() ? 0 : static_cast<int>(it - m_data.rows.begin());
    if (underMouse()) {
        setHovered(rowAt(mapFromGlobal(QCursor::pos())));
    } else {
        m_state.hovered = -1;
    }
    m_pressed = -1;
    setAccessibleName(m_data.title + (m_data.unitNote.isEmpty() ? QString() : QLatin1Char(' ') + m_data.unitNote));
    setAccessibleDescription(spoken(m_data));
    if (heightForWidth(width()) != before) {
        updateGeometry();
    }
    update();
}

void ShareBars::setSelectedKey(const QString& key)
{
    if (m_state.selectedKey != key) {
        m_state.selectedKey = key;
        update();
    }
}

void ShareBars::setFilling(bool on)
{
    m_filling = on;
    QSizePolicy policy(QSizePolicy::Expanding, on ? QSizePolicy::Expanding : QSizePolicy::Minimum);
    policy.setHeightForWidth(!on);
    setSizePolicy(policy);
    updateGeometry();
}

QString ShareBars::hoveredKey() const
{
    return m_state.hovered < 0 ? QString() : m_data.rows[static_cast<std::size_t>(m_state.hovered)].key;
}

QRect ShareBars::rowRect(const QString& key) const
{
    const ShareLayout layout = currentLayout();
    for (std::size_t i = 0; i < layout.rows.size(); ++i) {
        if (m_data.rows[i].key == key) {
            return layout.rows[i].toRect();
        }
    }
    return {};
}

ShareLayout ShareBars::currentLayout() const
{
    return layOutShare(m_data, width(), m_filling ? height() : 0);
}

QSize ShareBars::sizeHint() const
{
    return {260, heightForWidth(260)};
}

QSize ShareBars::minimumSizeHint() const
{
    return {180, heightForWidth(std::max(180, width()))};
}

int ShareBars::heightForWidth(int width) const
{
    return static_cast<int>(std::ceil(layOutShare(m_data, width, m_filling ? 1 : 0).height));
}

int ShareBars::rowAt(QPointF point) const
{
    const ShareLayout layout = currentLayout();
    for (std::size_t i = 0; i < layout.rows.size(); ++i) {
        if (layout.rows[i].adjusted(-kBleed, 0, kBleed, 0).contains(point)) {
            return static_cast<int>(i);
        }
    }
    return -1;
}

void ShareBars::setHovered(int row)
{
    setCursor(row >= 0 ? Qt::PointingHandCursor : Qt::ArrowCursor);
    if (row != m_state.hovered) {
        m_state.hovered = row;
        update();
    }
}

void ShareBars::paintEvent(QPaintEvent*)
{
    QPainter p(this);
    ShareState state = m_state;
    state.current = hasFocus() && !m_data.rows.empty() ? m_current : -1;
    paintShare(p, QPointF(0, 0), currentLayout(), m_data, state);
}

void ShareBars::mouseMoveEvent(QMouseEvent* event)
{
    setHovered(rowAt(event->position()));
}

void ShareBars::mousePressEvent(QMouseEvent* event)
{
    m_pressed = event->button() == Qt::LeftButton ? rowAt(event->position()) : -1;
    if (m_pressed >= 0) {
        m_current = m_pressed;
        update();
    }
}

void ShareBars::mouseReleaseEvent(QMouseEvent* event)
{
    const int row = rowAt(event->position());
    const bool clicked = event->button() == Qt::LeftButton && row >= 0 && row == m_pressed;
    m_pressed = -1;
    if (clicked) {
        Q_EMIT rowClicked(QString(m_data.rows[static_cast<std::size_t>(row)].key));
    }
}

void ShareBars::leaveEvent(QEvent* event)
{
    setHovered(-1);
    QWidget::leaveEvent(event);
}

void ShareBars::keyPressEvent(QKeyEvent* event)
{
    const int last = static_cast<int>(currentLayout().rows.size()) - 1; // of those that are seen
    int next = m_current;
    switch (event->key()) {
    case Qt::Key_Up:
        next = m_current - 1;
        break;
    case Qt::Key_Down:
        next = m_current + 1;
        break;
    case Qt::Key_Home:
        next = 0;
        break;
    case Qt::Key_End:
        next = last;
        break;
    case Qt::Key_Return:
    case Qt::Key_Enter:
    case Qt::Key_Space:
        if (last >= 0) {
            Q_EMIT rowClicked(QString(m_data.rows[static_cast<std::size_t>(m_current)].key));
        }
        return;
    default:
        QWidget::keyPressEvent(event);
        return;
    }
    m_current = std::clamp(next, 0, std::max(0, last));
    update();
    if (last >= 0) { // say the row the keys are on
        const ShareRow& row = m_data.rows[static_cast<std::size_t>(m_current)];
        const auto above = std::count_if(m_data.rows.begin(), m_data.rows.end(),
                                         [&row](const ShareRow& other) { return other.value > row.value; });
        QAccessibleValueChangeEvent changed(
            this, spokenRow(m_data, row) + QStringLiteral(", rank %1 of %2").arg(above + 1).arg(m_data.rows.size()));
        QAccessible::updateAccessibility(&changed);
    }
}

void ShareBars::focusInEvent(QFocusEvent* event)
{
    QWidget::focusInEvent(event);
    update();
}

void ShareBars::focusOutEvent(QFocusEvent* event)
{
    QWidget::focusOutEvent(event);
    update();
}

} // namespace isobar::ui
