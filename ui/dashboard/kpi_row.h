// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/dashboard/views.h"

#include <QFrame>
#include <QPointer>

class QGridLayout;

namespace isobar::ui {

class KpiTile;

/// The six key figures side by side; a click on one opens a card that explains it: formula, source, and the parts the
/// value is made of.
class KpiRow : public QWidget {
    Q_OBJECT
public:
    explicit KpiRow(QWidget* parent = nullptr);
    void show(const ViewContext& context);
    [[nodiscard]] const std::vector<KpiTile*>& tiles() const { return m_tiles; }
    /// The card that is open; null when none is.
    [[nodiscard]] QWidget* card() const { return m_card; }
    using QWidget::show;
    [[nodiscard]] QSize minimumSizeHint() const override;
    /// Whether the six may stand in two rows where there is little width; true at first.
    void setWrapping(bool on);

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void layOut(int columns);
    void explain(std::size_t tile);

    QGridLayout* m_grid;
    int m_columns = 0;
    bool m_wrapping = true;
    std::vector<KpiTile*> m_tiles;
    ViewContext m_context;
    QPointer<QFrame> m_card;
};

} // namespace isobar::ui
