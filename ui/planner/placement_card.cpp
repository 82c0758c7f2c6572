// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/planner/placement_card.h"

#include "ui/shell/elided_label.h"
#include "ui/shell/text_color.h"
#include "ui/shell/theme.h"

#include <QApplication>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QMouseEvent>
#include <QPainter>
#include <QToolButton>
#include <QVBoxLayout>

namespace isobar::ui {

PlacementCard::PlacementCard(QWidget* parent)
    : QFrame(parent)
    , m_model(new ElidedLabel)
    , m_replicas(new QLabel)
    , m_detail(new ElidedLabel)
    , m_load(new QLabel)
    , m_move(new QToolButton)
{
    setFocusPolicy(Qt::StrongFocus);
    setCursor(Qt::OpenHandCursor);
    m_model->setFont(ui::font(TextRole::Strong));
    m_detail->setFont(ui::font(TextRole::Secondary));
    m_load->setFont(ui::font(TextRole::Secondary));
    m_detail->setProperty("muted", true);
    m_move->setText(QStringLiteral("⋯"));
    m_move->setToolTip(tr("Move… (M)"));
    m_move->setProperty("rail", true);
    m_move->setFixedSize(22, 30);
    m_move->setCursor(Qt::ArrowCursor);
    // Two lines that share no columns: a model's name has the room that its replicas leave, not what the load does.
    const auto line = [](QLabel* name, QLabel* figure) {
        auto* row = new QHBoxLayout;
        row->setSpacing(8);
        row->addWidget(name, 1);
        row->addWidget(figure);
        return row;
    };
    auto* lines = new QVBoxLayout;
    lines->setSpacing(1);
    lines->addLayout(line(m_model, m_replicas));
    lines->addLayout(line(m_detail, m_load));
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(10, 7, 4, 7);
    row->setSpacing(8);
    row->addLayout(lines, 1);
    row->addWidget(m_move, 0, Qt::AlignVCenter);
    for (QLabel* label : {m_model, m_replicas, m_detail, m_load}) {
        label->setAttribute(Qt::WA_TransparentForMouseEvents);
    }
    connect(m_move, &QToolButton::clicked, this, [this] { Q_EMIT moveRequested(this); });
}

void PlacementCard::setData(const Data& shown)
{
    m_data = shown;
    m_model->setText(shown.model);
    m_replicas->setText(shown.replicas);
    m_detail->setText(shown.detail);
    m_load->setText(shown.load);
    setTextColor(m_load, shown.hot ? theme().trouble : theme().muted);
    setAccessibleName(tr("Placement %1, %2").arg(shown.model, shown.detail));
    setAccessibleDescription(shown.replicas + QStringLiteral(", ") + shown.load);
    m_move->setAccessibleName(tr("Move %1, %2").arg(shown.model, shown.detail));
    update();
}

void PlacementCard::mousePressEvent(QMouseEvent* event)
{
    if (event->button() == Qt::LeftButton) {
        m_pressed = true;
        m_pressedAt = event->position().toPoint();
        setFocus(Qt::MouseFocusReason);
    }
}

void PlacementCard::mouseMoveEvent(QMouseEvent* event)
{
    const QPoint at = event->position().toPoint();
    if (m_pressed && (at - m_pressedAt).manhattanLength() >= QApplication::startDragDistance()) {
        m_pressed = false;
        Q_EMIT dragRequested(this);
    }
}

void PlacementCard::mouseReleaseEvent(QMouseEvent*)
{
    m_pressed = false;
}

void PlacementCard::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter || event->key() == Qt::Key_M) {
        Q_EMIT moveRequested(this);
        return;
    }
    QFrame::keyPressEvent(event);
}

void PlacementCard::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(hasFocus() ? theme().accent : theme().line, 1));
    painter.setBrush(theme().raised);
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8);
}

} // namespace isobar::ui
