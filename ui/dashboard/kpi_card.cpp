// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/kpi_card.h"

#include "ui/charts/time_chart.h"
#include "ui/dashboard/view_tables.h"
#include "ui/shell/theme.h"

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLocale>
#include <QPushButton>
#include <QVBoxLayout>

#include <cmath>

namespace isobar::ui {
namespace {

constexpr int kWidth = 440, kCourseHeight = 170;

} // namespace

KpiCard::KpiCard(std::size_t figure, const ViewContext& context, QWidget* parent)
    : QFrame(parent, Qt::Popup)
    , m_figure(figure)
    , m_words(new QLabel)
    , m_course(new TimeChart)
    , m_way(new QComboBox)
    , m_value(new QDoubleSpinBox)
    , m_set(new QPushButton(tr("Set target")))
    , m_clear(new QPushButton(tr("Clear")))
{
    setAttribute(Qt::WA_DeleteOnClose);
    setProperty("panel", true);
    setFixedWidth(kWidth);
    const QString title = QLatin1String(kpiRules()[figure].title);
    setAccessibleName(tr("Explanation of %1").arg(title));
    m_words->setWordWrap(true);
    m_words->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_words->setAccessibleName(tr("Explanation"));
    m_course->setFixedHeight(kCourseHeight);
    m_way->addItems({tr("at least"), tr("at most")});
    m_way->setAccessibleName(tr("Target is"));
    m_value->setLocale(QLocale(QLocale::English, QLocale::UnitedStates)); // as every figure is written
    m_value->setStepType(QAbstractSpinBox::AdaptiveDecimalStepType);
    m_value->setAccessibleName(tr("Target of %1").arg(title));
    m_set->setProperty("primary", true);
    m_clear->setAccessibleName(tr("Clear target"));
    m_clear->setToolTip(tr("No target for this figure"));
    auto* target = new QHBoxLayout;
    target->setSpacing(8);
    target->addWidget(m_way);
    target->addWidget(m_value, 1);
    target->addWidget(m_set);
    target->addWidget(m_clear);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(Theme::kPadding, 12, Theme::kPadding, 12);
    column->setSpacing(8);
    column->addWidget(m_words);
    column->addWidget(m_course);
    column->addLayout(target);
    connect(m_set, &QPushButton::clicked, this, &KpiCard::takeTarget);
    connect(m_clear, &QPushButton::clicked, this, [this] { Q_EMIT targetChosen(m_figure, std::nullopt); });
    fillTarget(context);
    showContext(context);
}

void KpiCard::showContext(const ViewContext& context)
{
    m_words->setText(kpiExplanation(m_figure, context));
    m_course->setData(kpiCourse(m_figure, context));
    m_clear->setEnabled(context.targets[m_figure].has_value());
}

/// Proposes the target in force, else the value as it is: whoever sets one begins from there.
void KpiCard::fillTarget(const ViewContext& context)
{
    const KpiRule& rule = kpiRules()[m_figure];
    const auto& target = context.targets[m_figure];
    const double now = valueOf(ask(context, {rule.measure}, {}), {}, rule.measure);
    const double about = target ? target->value : std::isfinite(now) ? now : 0;
    const TargetField field = targetField(m_figure, about);
    m_factor = field.factor;
    m_value->setPrefix(field.prefix);
    m_value->setSuffix(field.suffix);
    m_value->setDecimals(field.decimals);
    m_value->setRange(0, field.most);
    m_value->setValue(about / field.factor);
    const bool atLeast = target ? target->atLeast : rule.up != KpiData::Direction::Worse;
    m_way->setCurrentIndex(atLeast ? 0 : 1);
}

void KpiCard::takeTarget()
{
    m_value->interpretText();
    Q_EMIT targetChosen(m_figure, KpiTarget{m_value->value() * m_factor, m_way->currentIndex() == 0});
}

int KpiCard::neededHeight() const
{
    // The layout knows nothing of the frame around it.
    const int frame = width() - contentsRect().width();
    return layout()->heightForWidth(kWidth - frame) + frame;
}

void KpiCard::fitInto(int most)
{
    ensurePolished();
    m_course->setVisible(true);
    if (neededHeight() > most) {
        m_course->setVisible(false);
    }
    setFixedHeight(neededHeight());
}

void KpiCard::editTarget()
{
    m_value->setFocus();
    m_value->selectAll();
}

void KpiCard::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) {
        if (m_value->hasFocus()) {
            takeTarget();
            return;
        }
        if (auto* button = qobject_cast<QPushButton*>(focusWidget())) {
            button->click();
            return;
        }
    }
    QFrame::keyPressEvent(event);
}

} // namespace isobar::ui
