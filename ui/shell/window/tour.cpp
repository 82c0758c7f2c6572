// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/window/tour.h"

#include "ui/shell/theme.h"

#include <QAccessible>
#include <QFrame>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QPainter>
#include <QPainterPath>
#include <QPushButton>
#include <QScrollArea>
#include <QVBoxLayout>

#include <algorithm>
#include <array>

namespace isobar::ui {
namespace {

constexpr int kCalloutWidth = 340, kGap = 14, kMargin = 6;

} // namespace

Tour::Tour(QWidget* window, std::vector<TourStep> steps)
    : QWidget(window)
    , m_steps(std::move(steps))
    , m_callout(new QFrame(this))
    , m_title(new QLabel)
    , m_text(new QLabel)
    , m_count(new QLabel)
    , m_back(new QPushButton(tr("Back")))
    , m_next(new QPushButton(tr("Next")))
{
    setAttribute(Qt::WA_DeleteOnClose);
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Tour"));
    m_callout->setProperty("panel", true);
    m_callout->setFixedWidth(kCalloutWidth);
    m_title->setFont(ui::font(TextRole::Title));
    m_title->setAccessibleName(tr("Tour title"));
    m_text->setWordWrap(true);
    m_text->setAccessibleName(tr("Tour text"));
    m_count->setProperty("muted", true);
    m_next->setProperty("primary", true);
    auto* skip = new QPushButton(tr("Skip tour"));
    skip->setProperty("flat", true);
    auto* buttons = new QHBoxLayout;
    buttons->addWidget(m_count);
    buttons->addStretch(1);
    buttons->addWidget(skip);
    buttons->addWidget(m_back);
    buttons->addWidget(m_next);
    auto* column = new QVBoxLayout(m_callout);
    column->setContentsMargins(Theme::kPadding, 12, Theme::kPadding, 12);
    column->setSpacing(8);
    column->addWidget(m_title);
    column->addWidget(m_text);
    column->addLayout(buttons);
    connect(skip, &QPushButton::clicked, this, &Tour::end);
    connect(m_back, &QPushButton::clicked, this, [this] { showStep(m_step - 1); });
    connect(m_next, &QPushButton::clicked, this, [this] { showStep(m_step + 1); });
    window->installEventFilter(this);
    show();
    raise();
    showStep(0);
}

void Tour::showStep(int step)
{
    if (step >= static_cast<int>(m_steps.size())) {
        end();
        return;
    }
    m_step = std::max(0, step);
    const TourStep& stop = m_steps[static_cast<std::size_t>(m_step)];
    m_title->setText(stop.title);
    m_text->setText(stop.text);
    m_count->setText(tr("%1 of %2").arg(m_step + 1).arg(m_steps.size()));
    m_back->setEnabled(m_step > 0);
    m_next->setText(m_step + 1 == static_cast<int>(m_steps.size()) ? tr("Done") : tr("Next"));
    place();
    setFocus();
    QAccessibleEvent said(m_callout, QAccessible::Alert);
    m_callout->setAccessibleName(stop.title + QStringLiteral(". ") + stop.text);
    QAccessible::updateAccessibility(&said);
}

QString Tour::calloutText() const
{
    return m_title->text() + QLatin1Char('\n') + m_text->text();
}

QRect Tour::targetRect() const
{
    QWidget* target = m_steps[static_cast<std::size_t>(m_step)].target();
    return target == nullptr ? QRect() : QRect(mapFromGlobal(target->mapToGlobal(QPoint(0, 0))), target->size());
}

QRect Tour::calloutRect() const
{
    return m_callout->geometry();
}

void Tour::place()
{
    setGeometry(parentWidget()->rect());
    if (QWidget* target = m_steps[static_cast<std::size_t>(m_step)].target()) {
        for (QWidget* at = target->parentWidget(); at != nullptr; at = at->parentWidget()) {
            if (auto* scroll = qobject_cast<QScrollArea*>(at)) { // in a low window it may be out of sight
                scroll->ensureWidgetVisible(target, 0, 0);
            }
        }
    }
    // The layout knows nothing of the frame around it.
    const int frame = m_callout->width() - m_callout->contentsRect().width();
    m_callout->setFixedHeight(m_callout->layout()->heightForWidth(kCalloutWidth - frame) + frame);
    const QRect target = targetRect();
    const QSize size(kCalloutWidth, m_callout->height());
    const QRect room = rect().adjusted(kGap, kGap, -kGap, -kGap);
    // Below, above, right, left of it: the first that fits; inside a widget that fills the window.
    const std::array<QPoint, 4> corners{
        QPoint(target.left(), target.bottom() + kGap), QPoint(target.left(), target.top() - kGap - size.height()),
        QPoint(target.right() + kGap, target.top()), QPoint(target.left() - kGap - size.width(), target.top())};
    QPoint at = target.center() - QPoint(size.width() / 2, size.height() / 2);
    for (const QPoint& corner : corners) {
        QRect tried(corner, size);
        tried.moveLeft(std::clamp(tried.left(), room.left(), std::max(room.left(), room.right() - size.width())));
        if (room.contains(tried) && !tried.intersects(target)) {
            at = tried.topLeft();
            break;
        }
    }
    m_callout->move(std::clamp(at.x(), room.left(), std::max(room.left(), room.right() - size.width())),
                    std::clamp(at.y(), room.top(), std::max(room.top(), room.bottom() - size.height())));
    update();
}

void Tour::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    QPainterPath veil;
    veil.addRect(rect());
    const QRectF hole = QRectF(targetRect()).adjusted(-kMargin, -kMargin, kMargin, kMargin);
    veil.addRoundedRect(hole, Theme::kPanelRadius, Theme::kPanelRadius);
    painter.fillPath(veil, QColor(0, 0, 0, 140));
    painter.setPen(QPen(theme().accent, 2));
    painter.drawRoundedRect(hole, Theme::kPanelRadius, Theme::kPanelRadius);
}

void Tour::mousePressEvent(QMouseEvent*)
{
    // What lies below is not clicked by accident.
}

void Tour::keyPressEvent(QKeyEvent* event)
{
    switch (event->key()) {
    case Qt::Key_Escape:
        end();
        break;
    case Qt::Key_Return:
    case Qt::Key_Enter:
    case Qt::Key_Space:
    case Qt::Key_Right:
        showStep(m_step + 1);
        break;
    case Qt::Key_Left:
        showStep(m_step - 1);
        break;
    default:
        QWidget::keyPressEvent(event);
    }
}

bool Tour::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == parentWidget() && event->type() == QEvent::Resize) {
        QMetaObject::invokeMethod(this, &Tour::place, Qt::QueuedConnection); // after the layout
    }
    return QWidget::eventFilter(watched, event);
}

void Tour::end()
{
    Q_EMIT finished();
    close();
}

} // namespace isobar::ui
