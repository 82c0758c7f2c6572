// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QAccessible>

#include <map>

/// What widgets share that show screen readers parts which are no widgets: marks of a chart, places of a map, chips.
namespace isobar::ui {

/// The interfaces of a widget's parts by their number: made when first asked for, ended with their owner.
class AccessibleParts {
public:
    AccessibleParts() = default;
    AccessibleParts(const AccessibleParts&) = delete;
    AccessibleParts& operator=(const AccessibleParts&) = delete;
    ~AccessibleParts()
    {
        for (const auto& [index, id] : m_made) {
            QAccessible::deleteAccessibleInterface(id);
        }
    }

    /// `make` returns a new interface, which QAccessible owns from there on.
    template <typename Make> QAccessibleInterface* at(int index, Make make)
    {
        auto found = m_made.find(index);
        if (found == m_made.end()) {
            found = m_made.emplace(index, QAccessible::registerAccessibleInterface(make())).first;
        }
        return QAccessible::accessibleInterface(found->second);
    }
    /// -1 for what is none of them.
    [[nodiscard]] int indexOf(const QAccessibleInterface* searched) const
    {
        for (const auto& [index, id] : m_made) {
            if (QAccessible::accessibleInterface(id) == searched) {
                return index;
            }
        }
        return -1;
    }

private:
    std::map<int, QAccessible::Id> m_made;
};

/// From here on every `Widget` answers screen readers through an `Interface`. Repeating it does nothing.
template <typename Widget, typename Interface> void installAccessibility()
{
    static const bool installed = [] {
        QAccessible::installFactory([](const QString&, QObject* object) -> QAccessibleInterface* {
            auto* widget = qobject_cast<Widget*>(object);
            return widget != nullptr ? new Interface(widget) : nullptr;
        });
        return true;
    }();
    Q_UNUSED(installed);
}

} // namespace isobar::ui
