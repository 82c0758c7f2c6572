// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/mark_accessible.h"

#include "ui/charts/mark_chart.h"
#include "ui/shell/accessible_parts.h"

#include <QAccessible>
#include <QAccessibleWidget>

namespace isobar::ui {
namespace {

/// One mark, by its index in the chart.
class MarkAccessible : public QAccessibleInterface, public QAccessibleActionInterface {
public:
    MarkAccessible(MarkChart* chart, int index)
        : m_chart(chart)
        , m_index(index)
    {
    }

    [[nodiscard]] bool isValid() const override { return mark() != nullptr; }
    [[nodiscard]] QObject* object() const override { return nullptr; }
    [[nodiscard]] QAccessibleInterface* parent() const override
    {
        return QAccessible::queryAccessibleInterface(m_chart);
    }
    [[nodiscard]] QAccessibleInterface* child(int) const override { return nullptr; }
    [[nodiscard]] QAccessibleInterface* childAt(int, int) const override { return nullptr; }
    [[nodiscard]] int childCount() const override { return 0; }
    [[nodiscard]] int indexOfChild(const QAccessibleInterface*) const override { return -1; }
    [[nodiscard]] QAccessible::Role role() const override { return QAccessible::ListItem; }

    [[nodiscard]] QString text(QAccessible::Text kind) const override
    {
        const ChartMark* m = mark();
        if (m == nullptr) {
            return {};
        }
        switch (kind) {
        case QAccessible::Name:
            return m->name;
        case QAccessible::Value:
            return m->value;
        case QAccessible::Description:
            return m->note.isEmpty() ? m->value : m->value + QStringLiteral(", ") + m->note;
        default:
            return {};
        }
    }
    void setText(QAccessible::Text, const QString&) override {}

    [[nodiscard]] QRect rect() const override
    {
        const ChartMark* m = mark();
        if (m == nullptr) {
            return {};
        }
        const QRect local = m_chart->markRect(m->key).toAlignedRect();
        return {m_chart->mapToGlobal(local.topLeft()), local.size()};
    }

    [[nodiscard]] QAccessible::State state() const override
    {
        QAccessible::State state;
        state.focusable = state.selectable = true;
        const ChartMark* m = mark();
        if (m == nullptr || !m_chart->isVisible()) {
            state.invisible = true;
        } else {
            state.focused = m_chart->hasFocus() && m_chart->currentKey() == m->key;
            state.selected = m_chart->selectedKeys().contains(m->key);
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
        if (action == pressAction()) {
            m_chart->activateMark(m_index);
        } else if (action == setFocusAction()) {
            m_chart->setFocus(Qt::OtherFocusReason);
            m_chart->setCurrentMark(m_index);
        }
    }
    [[nodiscard]] QStringList keyBindingsForAction(const QString&) const override { return {}; }

private:
    [[nodiscard]] const ChartMark* mark() const
    {
        if (m_chart == nullptr) {
            return nullptr;
        }
        const auto& marks = m_chart->marks();
        return m_index < static_cast<int>(marks.size()) ? &marks[static_cast<std::size_t>(m_index)] : nullptr;
    }

    QPointer<MarkChart> m_chart;
    int m_index;
};

class MarkChartAccessible : public QAccessibleWidget {
public:
    explicit MarkChartAccessible(MarkChart* chart)
        : QAccessibleWidget(chart, QAccessible::List)
    {
    }

    [[nodiscard]] int childCount() const override { return static_cast<int>(chart()->marks().size()); }
    [[nodiscard]] QAccessibleInterface* child(int index) const override
    {
        if (index < 0 || index >= childCount()) {
            return nullptr;
        }
        return m_children.at(index, [&] { return new MarkAccessible(chart(), index); });
    }
    [[nodiscard]] int indexOfChild(const QAccessibleInterface* searched) const override
    {
        return m_children.indexOf(searched);
    }
    [[nodiscard]] QAccessibleInterface* childAt(int x, int y) const override
    {
        for (int i = childCount() - 1; i >= 0; --i) {
            QAccessibleInterface* one = child(i);
            if (one->rect().contains(x, y)) {
                return one;
            }
        }
        return nullptr;
    }
    [[nodiscard]] QAccessibleInterface* focusChild() const override
    {
        const QString key = chart()->currentKey();
        for (int i = 0; !key.isEmpty() && i < childCount(); ++i) {
            if (chart()->marks()[static_cast<std::size_t>(i)].key == key) {
                return child(i);
            }
        }
        return nullptr;
    }

private:
    [[nodiscard]] MarkChart* chart() const { return qobject_cast<MarkChart*>(widget()); }

    mutable AccessibleParts m_children;
};

} // namespace

void installMarkAccessibility()
{
    installAccessibility<MarkChart, MarkChartAccessible>();
}

} // namespace isobar::ui
