// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QSyntaxHighlighter>

namespace isobar::ui {

/// Words of SQL, texts, numbers and comments in the theme's colours.
class SqlHighlighter final : public QSyntaxHighlighter {
public:
    using QSyntaxHighlighter::QSyntaxHighlighter;

protected:
    void highlightBlock(const QString& text) final;
};

} // namespace isobar::ui
