// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/float_panel.h"

#include "ui/shell/theme.h"

#include <algorithm>

namespace isobar::ui {
namespace {

constexpr int kMaxWidth = 340, kDistance = 18, kMargin = 6;

} // namespace

FloatPanel::FloatPanel(QWidget* owner)
    : QLabel(owner)
    , m_owner(owner)
{
    setObjectName(QStringLiteral("mapFloatPanel"));
    setAttribute(Qt::WA_TransparentForMouseEvents);
    setFocusPolicy(Qt::NoFocus);
    setTextFormat(Qt::RichText);
    setFont(ui::font(TextRole::Secondary));
    hide();
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, &FloatPanel::restyle);
    restyle();
}

void FloatPanel::restyle()
{
    const Theme& t = theme();
    setStyleSheet(QStringLiteral("QLabel#mapFloatPanel { background: %1; color: %2; border: 1px solid %3; "
                                 "border-radius: 8px; padding: 9px 11px; }")
                      .arg(t.raised.name(), t.text.name(), t.line.name()));
}

void FloatPanel::showAt(const QString& html, QPoint at)
{
    if (html.isEmpty()) {
        hide();
        return;
    }
    // A child of the window, not of the map: it may stand over the neighbours but never outside.
    if (parentWidget() != m_owner->window()) {
        setParent(m_owner->window());
    }
    if (html != text() || isHidden()) {
        setText(html);
        setWordWrap(false);
        setMinimumWidth(0);
        setMaximumWidth(QWIDGETSIZE_MAX);
        QSize size = sizeHint();
        if (size.width() > kMaxWidth) {
            setWordWrap(true);
            size = QSize(kMaxWidth, heightForWidth(kMaxWidth));
        }
        resize(size);
    }
    const QRect window = m_owner->window()->rect().adjusted(kMargin, kMargin, -kMargin, -kMargin);
    const QPoint pointer = m_owner->mapTo(m_owner->window(), at);
    QPoint corner = pointer + QPoint(kDistance, kDistance);
    if (corner.x() + width() > window.right()) {
        corner.setX(pointer.x() - kDistance - width());
    }
    if (corner.y() + height() > window.bottom()) {
        corner.setY(pointer.y() - kDistance - height());
    }
    corner.setX(std::clamp(corner.x(), window.left(), std::max(window.left(), window.right() - width())));
    corner.setY(std::clamp(corner.y(), window.top(), std::max(window.top(), window.bottom() - height())));
    move(corner);
    show();
    raise();
}

} // namespace isobar::ui
