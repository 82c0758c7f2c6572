// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QFontMetrics>
#include <QListWidget>

/// Lists of things to choose from in this room's dialogs.
namespace isobar::ui {

/// Gives rows room around their words (see the style sheet's rows="true").
inline void useRows(QListWidget& list)
{
    list.setProperty("rows", true);
    list.setUniformItemSizes(true);
}

/// A row of such a list. Its height is said here: the list asks for it before the style sheet has told it.
inline QListWidgetItem* addRow(QListWidget& list, const QString& words)
{
    constexpr int kAroundWords = 12;
    auto* item = new QListWidgetItem(words, &list);
    item->setSizeHint({0, QFontMetrics(list.font()).height() + kAroundWords});
    return item;
}

} // namespace isobar::ui
