// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/planner/move_table.h"

#include "ui/shell/text_color.h"
#include "ui/shell/theme.h"

#include <QGridLayout>
#include <QLabel>
#include <QVBoxLayout>

namespace isobar::ui {
namespace {

QColor colorOf(plan::Verdict verdict)
{
    return verdict == plan::Verdict::Yes     ? theme().fine
           : verdict == plan::Verdict::Tight ? theme().caution
                                             : theme().trouble;
}

QColor colorOf(MoveFigure::Judgement judgement)
{
    switch (judgement) {
    case MoveFigure::Judgement::Better:
        return theme().fine;
    case MoveFigure::Judgement::Worse:
        return theme().trouble;
    case MoveFigure::Judgement::Neutral:
        break;
    }
    return theme().muted;
}

QString symbolOf(plan::Verdict verdict)
{
    return verdict == plan::Verdict::Yes     ? QStringLiteral("✓ ")
           : verdict == plan::Verdict::Tight ? QStringLiteral("! ")
                                             : QStringLiteral("✕ ");
}

} // namespace

MoveTable::MoveTable(QWidget* parent)
    : QWidget(parent)
    , m_headline(new QLabel)
    , m_reasons(new QLabel)
    , m_note(new QLabel)
    , m_figures(new QWidget)
    , m_grid(new QGridLayout(m_figures))
{
    setAccessibleName(tr("Move: baseline, scenario, delta"));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(6);
    m_headline->setFont(ui::font(TextRole::Strong));
    m_headline->setWordWrap(true);
    m_reasons->setWordWrap(true);
    m_note->setWordWrap(true);
    m_note->setFont(ui::font(TextRole::Small));
    m_grid->setContentsMargins(0, 0, 0, 0);
    m_grid->setHorizontalSpacing(8);
    m_grid->setVerticalSpacing(4);
    m_grid->setColumnStretch(0, 1);
    m_grid->setSizeConstraint(QLayout::SetMinimumSize);
    for (QWidget* widget : std::initializer_list<QWidget*>{m_headline, m_reasons, m_figures, m_note}) {
        widget->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Minimum);
        column->addWidget(widget);
    }
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, &MoveTable::rebuild);
    rebuild();
}

void MoveTable::showMove(const Fleet& fleet, const plan::Assessment& assessment)
{
    const bool began = !m_assessment;
    m_assessment = assessment;
    m_headlineText = moveHeadline(fleet, assessment);
    rebuild();
    if (began) {
        Q_EMIT movingChanged(true);
    }
}

void MoveTable::clear()
{
    const bool ended = m_assessment.has_value();
    m_assessment.reset();
    rebuild();
    if (ended) {
        Q_EMIT movingChanged(false);
    }
}

QLabel* MoveTable::cell(int row, int column, const QString& text, const QColor& color)
{
    auto* label = qobject_cast<QLabel*>(
        m_grid->itemAtPosition(row, column) != nullptr ? m_grid->itemAtPosition(row, column)->widget() : nullptr);
    if (label == nullptr) {
        label = new QLabel;
        label->setFont(ui::font(TextRole::Small));
        m_grid->addWidget(label, row, column, column == 0 ? Qt::AlignLeft : Qt::AlignRight);
    }
    label->setText(text);
    setTextColor(label, color);
    return label;
}

void MoveTable::rebuild()
{
    const bool moving = m_assessment.has_value();
    m_headline->setVisible(moving);
    m_figures->setVisible(moving);
    m_reasons->setVisible(moving && !m_assessment->reasons.empty());
    setTextColor(m_note, theme().muted);
    if (!moving) {
        m_note->setText(tr("Drag a card onto the map, or choose ⋯ on it: what the move would change is compared here "
                           "first."));
        return;
    }
    m_headline->setText(symbolOf(m_assessment->verdict) + m_headlineText);
    setTextColor(m_headline, colorOf(m_assessment->verdict));
    QStringList reasons;
    for (const plan::Reason& reason : m_assessment->reasons) {
        reasons << symbolOf(reason.verdict) + QString::fromStdString(reason.text);
    }
    m_reasons->setText(reasons.join(QLatin1Char('\n')));
    setTextColor(m_reasons, colorOf(m_assessment->verdict));
    int row = 0;
    cell(row, 0, QString(), theme().muted);
    cell(row, 1, tr("Baseline"), theme().muted);
    cell(row, 2, tr("Scenario"), theme().muted);
    cell(row, 3, tr("Delta"), theme().muted);
    for (const MoveFigure& figure : moveFigures(*m_assessment)) {
        ++row;
        cell(row, 0, figure.name, theme().muted);
        cell(row, 1, figure.baseline, theme().text);
        cell(row, 2, figure.scenario, theme().text);
        cell(row, 3, figure.delta, colorOf(figure.judgement));
    }
    m_note->setText(moveNote(*m_assessment));
}

} // namespace isobar::ui
