// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/dashboard/views.h"

#include <QPointer>
#include <QWidget>

class QGridLayout;

namespace isobar::ui {

class KpiCard;
class KpiTile;

/// The six key figures side by side; a click on one opens a card that explains it and sets its target, a right click
/// offers the same as a menu.
class KpiRow : public QWidget {
    Q_OBJECT
public:
    explicit KpiRow(QWidget* parent = nullptr);
    void show(const ViewContext& context);
    [[nodiscard]] const std::vector<KpiTile*>& tiles() const { return m_tiles; }
    /// The card that is open; null when none is.
    [[nodiscard]] QWidget* card() const;
    /// Opens the card of a figure with the keyboard in its target.
    void editTarget(std::size_t tile);
    using QWidget::show;
    [[nodiscard]] QSize minimumSizeHint() const override;
    /// Whether the six may stand in two rows where there is little width; true at first.
    void setWrapping(bool on);

Q_SIGNALS:
    void targetChosen(std::size_t figure, const std::optional<isobar::ui::KpiTarget>& target);

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void layOut(int columns);
    void explain(std::size_t tile);
    void openCard(std::size_t tile);
    void showMenu(std::size_t tile, QPoint at);

    QGridLayout* m_grid;
    int m_columns = 0;
    bool m_wrapping = true;
    std::vector<KpiTile*> m_tiles;
    ViewContext m_context;
    QPointer<KpiCard> m_card;
};

} // namespace isobar::ui
