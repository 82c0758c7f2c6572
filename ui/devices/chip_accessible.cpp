// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/devices/chip_accessible.h"

#include "ui/devices/chip_grid.h"
#include "ui/shell/accessible_parts.h"

#include <QAccessible>
#include <QAccessibleWidget>
#include <QPointer>

namespace isobar::ui {
namespace {

/// What a block and a chip have in common: a rectangle within a grid, words, a parent, no object of their own.
class GridPart : public QAccessibleInterface, public QAccessibleActionInterface {
public:
    GridPart(ChipGrid* grid, std::uint32_t index)
        : m_grid(grid)
        , m_index(index)
    {
    }

    [[nodiscard]] QObject* object() const override { return nullptr; }
    void setText(QAccessible::Text, const QString&) override {}
    [[nodiscard]] QString text(QAccessible::Text kind) const override
    {
        if (!isValid()) {
            return {};
        }
        switch (kind) {
        case QAccessible::Name:
            return name();
        case QAccessible::Value:
        case QAccessible::Description:
            return value();
        default:
            return {};
        }
    }
    [[nodiscard]] QRect rect() const override
    {
        if (!isValid()) {
            return {};
        }
        const QRect local = place().toAlignedRect().intersected(m_grid->rect());
        return {m_grid->mapToGlobal(local.topLeft()), local.size()};
    }
    [[nodiscard]] QAccessible::State state() const override
    {
        QAccessible::State state;
        state.focusable = state.selectable = true;
        if (!isValid() || !m_grid->isVisible()) {
            state.invisible = true;
        } else {
            state.offscreen = !place().intersects(QRectF(m_grid->rect()));
            state.focused = m_grid->hasFocus() && holdsCursor();
            state.selected = holdsCursor();
        }
        return state;
    }
    void* interface_cast(QAccessible::InterfaceType type) override
    {
        return type == QAccessible::ActionInterface ? static_cast<QAccessibleActionInterface*>(this) : nullptr;
    }
    [[nodiscard]] QStringList actionNames() const override { return {pressAction(), setFocusAction()}; }
    void doAction(const QString& action) override
    {
        if (!isValid()) {
            return;
        }
        m_grid->setFocus(Qt::OtherFocusReason);
        m_grid->setCursorChip(firstChip());
        if (action == pressAction()) {
            Q_EMIT m_grid->chipChosen(firstChip());
        }
    }
    [[nodiscard]] QStringList keyBindingsForAction(const QString&) const override { return {}; }

protected:
    [[nodiscard]] virtual QString name() const = 0;
    [[nodiscard]] virtual QString value() const = 0;
    [[nodiscard]] virtual QRectF place() const = 0;
    [[nodiscard]] virtual std::uint32_t firstChip() const = 0;
    [[nodiscard]] virtual bool holdsCursor() const = 0;

    QPointer<ChipGrid> m_grid;
    std::uint32_t m_index;
};

class ChipAccessible final : public GridPart {
public:
    using GridPart::GridPart;

    [[nodiscard]] bool isValid() const override
    {
        return m_grid != nullptr && m_grid->view() != nullptr && m_index < m_grid->view()->chips.size();
    }
    [[nodiscard]] QAccessible::Role role() const override { return QAccessible::TreeItem; }
    [[nodiscard]] QAccessibleInterface* parent() const override
    {
        QAccessibleInterface* grid = m_grid != nullptr ? QAccessible::queryAccessibleInterface(m_grid) : nullptr;
        return grid != nullptr && isValid() ? grid->child(static_cast<int>(m_grid->chipLayout().blockOf[m_index]))
                                            : grid;
    }
    [[nodiscard]] QAccessibleInterface* child(int) const override { return nullptr; }
    [[nodiscard]] QAccessibleInterface* childAt(int, int) const override { return nullptr; }
    [[nodiscard]] int childCount() const override { return 0; }
    [[nodiscard]] int indexOfChild(const QAccessibleInterface*) const override { return -1; }

protected:
    [[nodiscard]] QString name() const override { return ChipGrid::tr("Chip %1").arg(m_index); }
    [[nodiscard]] QString value() const override { return m_grid->describe ? m_grid->describe(m_index) : QString(); }
    [[nodiscard]] QRectF place() const override { return m_grid->chipPixels(m_index); }
    [[nodiscard]] std::uint32_t firstChip() const override { return m_index; }
    [[nodiscard]] bool holdsCursor() const override { return m_grid->cursorChip() == m_index; }
};

/// A node or a slice.
class BlockAccessible final : public GridPart {
public:
    using GridPart::GridPart;

    [[nodiscard]] bool isValid() const override
    {
        return m_grid != nullptr && m_index < m_grid->chipLayout().blocks.size();
    }
    [[nodiscard]] QAccessible::Role role() const override { return QAccessible::TreeItem; }
    [[nodiscard]] QAccessibleInterface* parent() const override
    {
        return QAccessible::queryAccessibleInterface(m_grid);
    }
    [[nodiscard]] int childCount() const override { return isValid() ? static_cast<int>(block().chips) : 0; }
    [[nodiscard]] QAccessibleInterface* child(int index) const override
    {
        if (index < 0 || index >= childCount()) {
            return nullptr;
        }
        const std::uint32_t chip = block().first + static_cast<std::uint32_t>(index);
        return m_chips.at(static_cast<int>(chip), [&] { return new ChipAccessible(m_grid, chip); });
    }
    [[nodiscard]] int indexOfChild(const QAccessibleInterface* searched) const override
    {
        const int chip = m_chips.indexOf(searched);
        return chip < 0 || !isValid() ? -1 : chip - static_cast<int>(block().first);
    }
    [[nodiscard]] QAccessibleInterface* childAt(int x, int y) const override
    {
        const auto chip = isValid() ? m_grid->chipUnder(m_grid->mapFromGlobal(QPoint(x, y))) : std::nullopt;
        return chip && m_grid->chipLayout().blockOf[*chip] == m_index ? child(static_cast<int>(*chip - block().first))
                                                                      : nullptr;
    }

protected:
    [[nodiscard]] QString name() const override
    {
        const std::uint32_t perNode = std::max<std::uint32_t>(1, m_grid->view()->chipsPerNode);
        return block().slice == engine::Device::kNone ? ChipGrid::tr("Node %1").arg(block().first / perNode)
                                                      : ChipGrid::tr("Slice %1").arg(block().slice);
    }
    [[nodiscard]] QString value() const override
    {
        return m_grid->describeBlock ? m_grid->describeBlock(block()) : ChipGrid::tr("%1 chips").arg(block().chips);
    }
    [[nodiscard]] QRectF place() const override
    {
        return m_grid->chipPixels(block().first).united(m_grid->chipPixels(block().first + block().chips - 1));
    }
    [[nodiscard]] std::uint32_t firstChip() const override { return block().first; }
    [[nodiscard]] bool holdsCursor() const override
    {
        const auto chip = m_grid->cursorChip();
        return chip && *chip >= block().first && *chip < block().first + block().chips;
    }

private:
    [[nodiscard]] const ChipLayout::Block& block() const { return m_grid->chipLayout().blocks[m_index]; }

    mutable AccessibleParts m_chips;
};

class GridAccessible final : public QAccessibleWidget {
public:
    explicit GridAccessible(ChipGrid* grid)
        : QAccessibleWidget(grid, QAccessible::Tree)
    {
    }

    [[nodiscard]] int childCount() const override { return static_cast<int>(grid()->chipLayout().blocks.size()); }
    [[nodiscard]] QAccessibleInterface* child(int index) const override
    {
        if (index < 0 || index >= childCount()) {
            return nullptr;
        }
        return m_blocks.at(index, [&] { return new BlockAccessible(grid(), static_cast<std::uint32_t>(index)); });
    }
    [[nodiscard]] int indexOfChild(const QAccessibleInterface* searched) const override
    {
        return m_blocks.indexOf(searched);
    }
    [[nodiscard]] QAccessibleInterface* childAt(int x, int y) const override
    {
        const auto chip = grid()->chipUnder(grid()->mapFromGlobal(QPoint(x, y)));
        return chip ? child(static_cast<int>(grid()->chipLayout().blockOf[*chip])) : nullptr;
    }
    /// The chip that the keys are on, within its node.
    [[nodiscard]] QAccessibleInterface* focusChild() const override
    {
        const auto chip = grid()->cursorChip();
        if (!chip || *chip >= grid()->chipLayout().blockOf.size()) {
            return nullptr;
        }
        const std::uint32_t block = grid()->chipLayout().blockOf[*chip];
        QAccessibleInterface* of = child(static_cast<int>(block));
        return of != nullptr ? of->child(static_cast<int>(*chip - grid()->chipLayout().blocks[block].first)) : nullptr;
    }

private:
    [[nodiscard]] ChipGrid* grid() const { return qobject_cast<ChipGrid*>(widget()); }

    mutable AccessibleParts m_blocks;
};

} // namespace

void installChipAccessibility()
{
    installAccessibility<ChipGrid, GridAccessible>();
}

} // namespace isobar::ui
