// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/planner/move_dialog.h"

#include "ui/planner/move_table.h"
#include "ui/session/session.h"
#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <QDialogButtonBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QSpinBox>
#include <QTableWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace isobar::ui {
namespace {

QString verdictWord(plan::Verdict verdict)
{
    return verdict == plan::Verdict::Yes     ? QStringLiteral("✓ yes")
           : verdict == plan::Verdict::Tight ? QStringLiteral("! tight")
                                             : QStringLiteral("✕ no");
}

} // namespace

MoveDialog::MoveDialog(Session& session, PlacementId placement, int replicas, QWidget* parent)
    : QDialog(parent)
    , m_session(session)
    , m_placement(placement)
    , m_planner(session.planner())
    , m_replicas(new QSpinBox)
    , m_targets(new QTableWidget)
    , m_table(new MoveTable)
    , m_move(new QPushButton(tr("Move")))
{
    const Fleet& fleet = m_planner->fleet();
    const Placement& from = fleet[placement];
    const QString model = QString::fromStdString(fleet[from.model].name);
    setWindowTitle(tr("Move %1").arg(model));
    resize(900, 520); // inside a full-HD screen at twice the size, too
    auto* heading = new QLabel(tr("%1 from %2").arg(model, QString::fromStdString(fleet[from.pool].key)));
    heading->setFont(ui::font(TextRole::Title));
    m_replicas->setRange(1, std::max(1, from.replicas));
    m_replicas->setValue(replicas);
    m_replicas->setSuffix(tr(" of %1 replicas").arg(grouped(from.replicas, 0)));
    m_replicas->setAccessibleName(tr("Replicas to move"));
    m_targets->setColumnCount(3);
    m_targets->setHorizontalHeaderLabels({tr("Pool"), tr("Verdict"), tr("Why")});
    m_targets->setAccessibleName(tr("Target pools"));
    m_targets->verticalHeader()->hide();
    m_targets->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_targets->setShowGrid(false);
    m_targets->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_targets->setSelectionMode(QAbstractItemView::SingleSelection);
    m_targets->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_targets->horizontalHeader()->setStretchLastSection(true);
    m_move->setProperty("primary", true);
    m_move->setDefault(true);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Cancel);
    buttons->addButton(m_move, QDialogButtonBox::AcceptRole);
    auto* top = new QHBoxLayout;
    top->addWidget(heading, 1);
    top->addWidget(m_replicas);
    auto* middle = new QHBoxLayout;
    middle->addWidget(m_targets, 3);
    auto* side = new QVBoxLayout;
    side->addWidget(m_table);
    side->addStretch(1);
    middle->addLayout(side, 2);
    auto* column = new QVBoxLayout(this);
    column->addLayout(top);
    column->addLayout(middle, 1);
    column->addWidget(buttons);
    connect(m_replicas, &QSpinBox::valueChanged, this, &MoveDialog::assessAll);
    connect(m_targets, &QTableWidget::itemSelectionChanged, this, &MoveDialog::showChosen);
    connect(m_targets, &QTableWidget::cellDoubleClicked, this, &MoveDialog::moveChosen);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    connect(buttons, &QDialogButtonBox::accepted, this, &MoveDialog::moveChosen);
    assessAll();
}

void MoveDialog::assessAll()
{
    const Fleet& fleet = m_planner->fleet();
    m_assessments.clear();
    for (std::size_t i = 0; i < fleet.pools.size(); ++i) {
        if (PoolId(i) != fleet[m_placement].pool) {
            m_assessments.push_back(m_planner->assess({m_placement, PoolId(i), m_replicas->value()}));
        }
    }
    std::stable_sort(m_assessments.begin(), m_assessments.end(),
                     [](const plan::Assessment& a, const plan::Assessment& b) {
                         return a.verdict != b.verdict ? a.verdict < b.verdict
                                                       : a.scenario.spendUsdPerDay < b.scenario.spendUsdPerDay;
                     });
    m_targets->setRowCount(static_cast<int>(m_assessments.size()));
    for (int row = 0; row < m_targets->rowCount(); ++row) {
        const plan::Assessment& a = m_assessments[static_cast<std::size_t>(row)];
        QStringList why;
        for (const plan::Reason& reason : a.reasons) {
            why << QString::fromStdString(reason.text);
        }
        if (why.isEmpty()) {
            why << tr("%1 chips, %2 free")
                       .arg(grouped(static_cast<double>(a.chipsNeeded), 0),
                            grouped(static_cast<double>(a.baseline.toFreeChips), 0));
        }
        const QStringList cells{QString::fromStdString(fleet[a.move.to].key), verdictWord(a.verdict),
                                why.join(QStringLiteral("; "))};
        for (int column = 0; column < 3; ++column) {
            auto* cell = new QTableWidgetItem(cells[column]);
            cell->setToolTip(cells[column]); // the reasons may be wider than the dialog
            m_targets->setItem(row, column, cell);
        }
    }
    m_targets->resizeColumnsToContents();
    m_targets->selectRow(0);
    showChosen();
}

void MoveDialog::showChosen()
{
    const int row = m_targets->currentRow();
    const bool chosen = row >= 0 && static_cast<std::size_t>(row) < m_assessments.size();
    if (chosen) {
        m_table->showMove(m_planner->fleet(), m_assessments[static_cast<std::size_t>(row)]);
    }
    m_move->setEnabled(chosen && m_assessments[static_cast<std::size_t>(row)].verdict != plan::Verdict::No);
}

void MoveDialog::moveChosen()
{
    if (m_move->isEnabled()) {
        m_session.carryOut(m_assessments[static_cast<std::size_t>(m_targets->currentRow())]);
        accept();
    }
}

} // namespace isobar::ui
