// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/ids.h"

#include <QFrame>

class QLabel;
class QToolButton;

namespace isobar::ui {

/// One placement of a region: model, replicas, chips, load. Can be dragged; "Move…" does the same by keyboard.
class PlacementCard : public QFrame {
    Q_OBJECT
public:
    struct Data {
        PlacementId placement;
        QString model;
        QString detail;   ///< "H100 · TP4 · fp8"
        QString replicas; ///< "1,180 replicas"
        QString load;     ///< "94 % · 1.2 k req/s"
        bool hot = false;
    };
    explicit PlacementCard(QWidget* parent = nullptr);

    void setData(const Data& shown);
    [[nodiscard]] PlacementId placement() const { return m_data.placement; }

Q_SIGNALS:
    void dragRequested(PlacementCard* card);
    void moveRequested(PlacementCard* card);

protected:
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    Data m_data;
    QLabel* m_model;
    QLabel* m_replicas;
    QLabel* m_detail;
    QLabel* m_load;
    QToolButton* m_move;
    QPoint m_pressedAt;
    bool m_pressed = false;
};

} // namespace isobar::ui
