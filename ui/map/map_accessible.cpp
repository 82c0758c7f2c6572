// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/map_accessible.h"

#include "ui/map/map_view.h"
#include "ui/shell/accessible_parts.h"

#include <QAccessible>
#include <QAccessibleWidget>

namespace isobar::ui {
namespace {

/// One marker, by its index in the scene.
class MarkerAccessible : public QAccessibleInterface, public QAccessibleActionInterface {
public:
    MarkerAccessible(MapView* map, int index)
        : m_map(map)
        , m_index(index)
    {
    }

    [[nodiscard]] bool isValid() const override { return m_map != nullptr && marker() != nullptr; }
    [[nodiscard]] QObject* object() const override { return nullptr; }
    [[nodiscard]] QAccessibleInterface* parent() const override { return QAccessible::queryAccessibleInterface(m_map); }
    [[nodiscard]] QAccessibleInterface* child(int) const override { return nullptr; }
    [[nodiscard]] QAccessibleInterface* childAt(int, int) const override { return nullptr; }
    [[nodiscard]] int childCount() const override { return 0; }
    [[nodiscard]] int indexOfChild(const QAccessibleInterface*) const override { return -1; }
    [[nodiscard]] QAccessible::Role role() const override { return QAccessible::Button; }

    [[nodiscard]] QString text(QAccessible::Text kind) const override
    {
        if (!isValid()) {
            return {};
        }
        return kind == QAccessible::Name ? m_map->markerDescription(m_index) : QString();
    }
    void setText(QAccessible::Text, const QString&) override {}

    [[nodiscard]] QRect rect() const override
    {
        if (!isValid()) {
            return {};
        }
        const QRect local = m_map->markerRect(marker()->id);
        return local.isEmpty() ? QRect() : QRect(m_map->mapToGlobal(local.topLeft()), local.size());
    }

    [[nodiscard]] QAccessible::State state() const override
    {
        QAccessible::State state;
        state.focusable = true;
        if (!isValid() || !m_map->isVisible()) {
            state.invisible = true;
        } else if (m_map->markerRect(marker()->id).isEmpty()) {
            state.offscreen = true;
        } else {
            state.selected = m_map->styleOptions().emphasis.markers.contains(marker()->id);
        }
        return state;
    }

    void* interface_cast(QAccessible::InterfaceType type) override
    {
        return type == QAccessible::ActionInterface ? static_cast<QAccessibleActionInterface*>(this) : nullptr;
    }
    [[nodiscard]] QStringList actionNames() const override { return {pressAction()}; }
    void doAction(const QString& name) override
    {
        if (name == pressAction() && isValid()) {
            Q_EMIT m_map->markerClicked(marker()->id, Qt::NoModifier);
        }
    }
    [[nodiscard]] QStringList keyBindingsForAction(const QString&) const override { return {}; }

private:
    [[nodiscard]] const MapMarker* marker() const
    {
        const auto& markers = m_map->scene().markers;
        return static_cast<std::size_t>(m_index) < markers.size() ? &markers[static_cast<std::size_t>(m_index)]
                                                                  : nullptr;
    }

    QPointer<MapView> m_map;
    int m_index;
};

/// The map: its buttons first (they are widgets), then its markers.
class MapAccessible : public QAccessibleWidget {
public:
    explicit MapAccessible(MapView* map)
        : QAccessibleWidget(map, QAccessible::Grouping, QStringLiteral("Fleet map"))
        , m_map(map)
    {
    }
    [[nodiscard]] int childCount() const override
    {
        return QAccessibleWidget::childCount() + static_cast<int>(m_map->scene().markers.size());
    }
    [[nodiscard]] QAccessibleInterface* child(int index) const override
    {
        const int widgets = QAccessibleWidget::childCount();
        if (index < widgets) {
            return QAccessibleWidget::child(index);
        }
        return index < childCount() ? markerChild(index - widgets) : nullptr;
    }
    [[nodiscard]] int indexOfChild(const QAccessibleInterface* child) const override
    {
        const int marker = m_children.indexOf(child);
        return marker < 0 ? QAccessibleWidget::indexOfChild(child) : QAccessibleWidget::childCount() + marker;
    }
    [[nodiscard]] QAccessibleInterface* childAt(int x, int y) const override
    {
        if (QAccessibleInterface* widget = QAccessibleWidget::childAt(x, y)) {
            return widget;
        }
        const MapLayout& layout = m_map->layoutNow();
        const int hit = layout.hit(m_map->mapFromGlobal(QPoint(x, y)));
        return hit < 0 ? nullptr : markerChild(layout.placed[static_cast<std::size_t>(hit)].members.front());
    }

private:
    QAccessibleInterface* markerChild(int index) const
    {
        return m_children.at(index, [&] { return new MarkerAccessible(m_map, index); });
    }

    MapView* m_map; ///< the widget outlives its interface
    mutable AccessibleParts m_children;
};

} // namespace

void installMapAccessibility()
{
    installAccessibility<MapView, MapAccessible>();
}

} // namespace isobar::ui
