// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/window/compare_menu.h"

#include <QActionGroup>

#include <algorithm>

namespace isobar::ui {
namespace {

constexpr std::size_t kMostRuns = 20;

} // namespace

CompareMenu::CompareMenu(Session& session, QWidget* parent)
    : QMenu(parent)
    , m_session(session)
{
    setObjectName(QStringLiteral("compareMenu"));
    setAccessibleName(tr("Compare with"));
    connect(this, &QMenu::aboutToShow, this, [this] {
        m_session.compared().lookForRuns(); // there may be more than when it was last open
        fill();
    });
    connect(&m_session.compared(), &ComparedRun::runsChanged, this, &CompareMenu::fill);
    connect(&m_session.selection(), &Selection::changed, this, &CompareMenu::fill);
    fill();
}

void CompareMenu::fill()
{
    clear();
    auto* group = new QActionGroup(this);
    for (QActionGroup* old : findChildren<QActionGroup*>(QString(), Qt::FindDirectChildrenOnly)) {
        if (old != group) {
            old->deleteLater();
        }
    }
    const SelectionState& now = m_session.selection().state();
    const auto add = [&](const QString& words, Comparing compare, std::int64_t run) {
        QAction* action = addAction(words);
        action->setCheckable(true);
        action->setActionGroup(group);
        action->setChecked(now.compare == compare && (compare != Comparing::Run || now.compareRun == run));
        connect(action, &QAction::triggered, this, [this, compare, run] {
            // Not while the menu that is made anew for it is still being clicked.
            QMetaObject::invokeMethod(
                this,
                [this, compare, run] {
                    SelectionState state = m_session.selection().state();
                    state.compare = compare;
                    state.compareRun = run;
                    m_session.selection().set(state);
                },
                Qt::QueuedConnection);
        });
        return action;
    };
    add(tr("Nothing"), Comparing::Nothing, 0);
    add(tr("Previous period"), Comparing::PreviousPeriod, 0);
    const std::vector<RunChoice>& runs = m_session.compared().runs();
    const bool hasBaseline = std::any_of(runs.begin(), runs.end(), [](const RunChoice& run) { return run.isBaseline; });
    QAction* baseline = add(tr("Baseline: the latest run without a scenario"), Comparing::Baseline, 0);
    baseline->setEnabled(hasBaseline);
    addSeparator();
    for (std::size_t i = 0; i < std::min(runs.size(), kMostRuns); ++i) {
        add(runText(runs[i]), Comparing::Run, runs[i].id);
    }
    if (runs.empty()) {
        QAction* none = addAction(m_session.store() == nullptr ? tr("Runs are recorded once this is saved as a store")
                                                               : tr("No other run is recorded in this store yet"));
        none->setEnabled(false);
    }
}

QString compareText(const SelectionState& state)
{
    switch (state.compare) {
    case Comparing::Run:
        return QObject::tr("Compare: run %1").arg(state.compareRun);
    case Comparing::Baseline:
        return QObject::tr("Compare: baseline");
    case Comparing::Nothing:
    case Comparing::PreviousPeriod:
        break;
    }
    return QObject::tr("Compare");
}

} // namespace isobar::ui
