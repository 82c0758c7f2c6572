// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/data/notice.h"

#include "ui/data/data_words.h"
#include "ui/shell/icon.h"
#include "ui/shell/theme.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QVBoxLayout>

namespace isobar::ui {

Notice::Notice(QWidget* parent)
    : QFrame(parent)
    , m_icon(new QLabel(this))
    , m_what(new QLabel(this))
    , m_advice(new QLabel(this))
    , m_row(new QHBoxLayout(this))
{
    setProperty("panel", true);
    m_icon->setFixedSize(20, 20);
    for (QLabel* label : {m_what, m_advice}) {
        label->setWordWrap(true);
        label->setTextFormat(Qt::PlainText);
        label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    }
    m_what->setFont(ui::font(TextRole::Strong));
    m_advice->setProperty("muted", true);
    auto* words = new QVBoxLayout;
    words->setSpacing(3);
    words->addWidget(m_what);
    words->addWidget(m_advice);
    m_row->setContentsMargins(Theme::kPadding, 10, Theme::kPadding, 10);
    m_row->setSpacing(12);
    m_row->addWidget(m_icon, 0, Qt::AlignTop);
    m_row->addLayout(words, 1);
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, &Notice::paintIcon);
    hide();
}

void Notice::say(Tone tone, const QString& what, const QString& advice)
{
    m_tone = tone;
    m_what->setText(what);
    m_advice->setText(advice);
    m_advice->setVisible(!advice.isEmpty());
    setAccessibleName(text());
    paintIcon();
    show();
}

void Notice::say(const Error& error)
{
    say(Tone::Trouble, errorSentence(error), adviceSentence(error));
}

void Notice::clear()
{
    m_what->clear();
    m_advice->clear();
    hide();
}

QPushButton* Notice::addButton(const QString& text, const QString& objectName)
{
    auto* button = new QPushButton(text, this);
    button->setObjectName(objectName);
    button->setAccessibleName(text);
    button->setAutoDefault(false);
    m_row->addWidget(button, 0, Qt::AlignVCenter);
    return button;
}

QString Notice::text() const
{
    const QString advice = m_advice->text();
    return advice.isEmpty() ? m_what->text() : m_what->text() + QLatin1Char(' ') + advice;
}

void Notice::paintIcon()
{
    const Theme& t = theme();
    const QColor color = m_tone == Tone::Trouble ? t.trouble : m_tone == Tone::Caution ? t.caution : t.accent;
    const QString name = m_tone == Tone::Hint ? QStringLiteral("data") : QStringLiteral("warning");
    m_icon->setPixmap(icon(name, color).pixmap(QSize(20, 20), devicePixelRatioF()));
}

} // namespace isobar::ui
