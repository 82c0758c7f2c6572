// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explorer/sql_highlighter.h"

#include "ui/shell/theme.h"

#include <QRegularExpression>

namespace isobar::ui {

void SqlHighlighter::highlightBlock(const QString& text)
{
    // One expression, so that a word within a text or a comment is none.
    static const QRegularExpression kParts(
        QStringLiteral(
            "(--.*)|('(?:[^']|'')*'?)|\\b(\\d+(?:\\.\\d+)?)\\b|"
            "\\b(select|from|where|group|by|order|having|limit|offset|as|and|or|not|in|is|null|like|between|"
            "join|left|inner|cross|on|using|with|recursive|union|all|distinct|case|when|then|else|end|values|"
            "over|partition|asc|desc|cast|exists)\\b"),
        QRegularExpression::CaseInsensitiveOption);
    const std::array colors{theme().faint, theme().fine, theme().caution, theme().accent};
    for (auto at = kParts.globalMatch(text); at.hasNext();) {
        const QRegularExpressionMatch match = at.next();
        for (int kind = 1; kind <= 4; ++kind) {
            if (match.capturedLength(kind) > 0) {
                QTextCharFormat format;
                format.setForeground(colors[static_cast<std::size_t>(kind - 1)]);
                setFormat(static_cast<int>(match.capturedStart(kind)), static_cast<int>(match.capturedLength(kind)),
                          format);
            }
        }
    }
}

} // namespace isobar::ui
