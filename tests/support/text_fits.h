// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/charts/chart_paint.h"
#include "ui/charts/kpi_tile.h"
#include "ui/charts/share_bars.h"
#include "ui/shell/elided_label.h"
#include "ui/shell/theme.h"

#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QRadioButton>
#include <QScrollArea>
#include <QStringList>
#include <QTabBar>
#include <QToolButton>

/// Whether what a window says can be read: asked of its widgets, at any size, on any page.
namespace isobar::ui::test {

/// "QLabel 'Spend'": how a widget is called in a failure.
inline QString describe(const QWidget* widget)
{
    QString words = widget->accessibleName();
    if (const auto* label = qobject_cast<const QLabel*>(widget)) {
        words = label->text();
    } else if (const auto* button = qobject_cast<const QAbstractButton*>(widget)) {
        words = button->text();
    } else if (const auto* box = qobject_cast<const QComboBox*>(widget)) {
        words = box->currentText();
    }
    return QStringLiteral("%1 '%2' %3x%4")
        .arg(QLatin1String(widget->metaObject()->className()), words.left(60))
        .arg(widget->width())
        .arg(widget->height());
}

/// Room that is missing for a widget's words, in pixels; 0 = all is seen, or what is not is told by a tooltip.
inline int missingRoom(QWidget* widget)
{
    const auto whole = [widget](QSize needed) {
        return std::max({0, needed.width() - widget->width(), needed.height() - widget->height() - 1});
    };
    if (auto* elided = qobject_cast<ElidedLabel*>(widget)) {
        return elided->height() + 1 < elided->fontMetrics().height() ? 1 : 0; // its tooltip has the rest
    }
    if (auto* label = qobject_cast<QLabel*>(widget)) {
        if (label->text().isEmpty() || !label->pixmap(Qt::ReturnByValue).isNull()) {
            return 0;
        }
        return label->wordWrap() ? whole({label->minimumSizeHint().width(), label->heightForWidth(label->width())})
                                 : whole(label->sizeHint());
    }
    if (auto* tool = qobject_cast<QToolButton*>(widget)) {
        const bool iconOnly = !tool->icon().isNull() && tool->toolButtonStyle() == Qt::ToolButtonIconOnly;
        return iconOnly || tool->text().size() < 2 ? 0 : whole(tool->sizeHint()); // a sign may stand in its padding
    }
    if (qobject_cast<QPushButton*>(widget) || qobject_cast<QCheckBox*>(widget) || qobject_cast<QRadioButton*>(widget)) {
        return qobject_cast<QAbstractButton*>(widget)->text().isEmpty() ? 0 : whole(widget->sizeHint());
    }
    if (auto* share = qobject_cast<ShareBars*>(widget)) {
        return std::max(0, share->heightForWidth(share->width()) - share->height());
    }
    if (auto* box = qobject_cast<QComboBox*>(widget)) {
        constexpr int kPadding = 9 + 4 + 2 + 20; // of the style sheet, and the arrow
        const int missing = box->fontMetrics().horizontalAdvance(box->currentText()) + kPadding - box->width();
        return box->toolTip().contains(box->currentText()) ? 0 : std::max(0, missing);
    }
    if (auto* field = qobject_cast<QLineEdit*>(widget)) {
        const int missing = field->fontMetrics().horizontalAdvance(field->placeholderText()) + 20 - field->width();
        return field->toolTip().isEmpty() && field->text().isEmpty() ? std::max(0, missing) : 0;
    }
    if (auto* tabs = qobject_cast<QTabBar*>(widget)) {
        return std::max(0, tabs->sizeHint().width() - tabs->width());
    }
    if (auto* tile = qobject_cast<KpiTile*>(widget)) {
        // Title, unit and change may end in an ellipsis: the tooltip has them. The figure may not.
        const double figure = textWidth(font(TextRole::Figure), tile->data().value);
        return static_cast<int>(std::max(0.0, figure - (tile->width() - 2 * Theme::kPadding)));
    }
    return 0;
}

/// What of a window cannot be read: words without room, widgets that stand out of their parent (where nothing can be
/// scrolled to them), words that lie on each other. One line each.
inline QStringList unreadable(QWidget* root)
{
    QStringList found;
    std::vector<QWidget*> words;
    for (QWidget* widget : root->findChildren<QWidget*>()) {
        if (!widget->isVisible() || widget->window() != root->window()) {
            continue;
        }
        if (const int missing = missingRoom(widget); missing > 0) {
            found << QStringLiteral("%1: %2 px missing").arg(describe(widget)).arg(missing);
        }
        const QWidget* parent = widget->parentWidget();
        if (const auto* area = qobject_cast<const QScrollArea*>(widget);
            area != nullptr && area->widget() != nullptr &&
            area->horizontalScrollBarPolicy() == Qt::ScrollBarAlwaysOff &&
            area->widget()->width() > area->viewport()->width()) {
            found << QStringLiteral("%1: what is in it is %2 px too wide")
                         .arg(describe(widget))
                         .arg(area->widget()->width() - area->viewport()->width());
        }
        const auto* scroll = parent != nullptr ? qobject_cast<const QScrollArea*>(parent->parentWidget()) : nullptr;
        if (parent != nullptr && scroll == nullptr && !parent->rect().contains(widget->geometry()) &&
            widget->width() > 1 && widget->height() > 1 &&
            (qobject_cast<QLabel*>(widget) || qobject_cast<QAbstractButton*>(widget) ||
             qobject_cast<QComboBox*>(widget))) {
            found << QStringLiteral("%1 stands out of its parent %2x%3")
                         .arg(describe(widget))
                         .arg(parent->width())
                         .arg(parent->height());
        }
        if (qobject_cast<QLabel*>(widget) || qobject_cast<QAbstractButton*>(widget) ||
            qobject_cast<QComboBox*>(widget)) {
            words.push_back(widget);
        }
    }
    for (std::size_t i = 0; i < words.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (words[i]->parentWidget() == words[j]->parentWidget() &&
                words[i]->geometry().adjusted(1, 1, -1, -1).intersects(words[j]->geometry().adjusted(1, 1, -1, -1))) {
                found << QStringLiteral("%1 lies on %2").arg(describe(words[i]), describe(words[j]));
            }
        }
    }
    return found;
}

} // namespace isobar::ui::test
