// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/data/counts_panel.h"

#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <QGridLayout>
#include <QLabel>
#include <QVBoxLayout>

namespace isobar::ui {

store::Counts countsOf(const Fleet& fleet)
{
    const auto size = [](const auto& list) { return static_cast<std::int64_t>(list.size()); };
    store::Counts counts;
    counts.providers = size(fleet.providers);
    counts.regions = size(fleet.regions);
    counts.pools = size(fleet.pools);
    counts.acceleratorTypes = size(fleet.accelerators);
    for (const Pool& pool : fleet.pools) {
        counts.accelerators += pool.totalChips();
    }
    counts.servedModels = size(fleet.models);
    counts.workloads = size(fleet.workloads);
    counts.placements = size(fleet.placements);
    counts.prices = size(fleet.prices);
    counts.links = size(fleet.links);
    return counts;
}

std::vector<CountRow> countRows(const store::Counts& counts)
{
    return {{CountsPanel::tr("Providers"), counts.providers, {}},
            {CountsPanel::tr("Regions"), counts.regions, {}},
            {CountsPanel::tr("Accelerators"), counts.accelerators, CountsPanel::tr("Chips in all pools together")},
            {CountsPanel::tr("Accelerator types"), counts.acceleratorTypes, {}},
            {CountsPanel::tr("Pools"), counts.pools, CountsPanel::tr("One type of accelerator in one region")},
            {CountsPanel::tr("Models"), counts.servedModels, {}},
            {CountsPanel::tr("Workloads"), counts.workloads, {}},
            {CountsPanel::tr("Placements"), counts.placements, CountsPanel::tr("A model's replicas in a pool")},
            {CountsPanel::tr("Prices"), counts.prices, CountsPanel::tr("The fleet's and those of imported catalogues")},
            {CountsPanel::tr("Links"), counts.links, CountsPanel::tr("Measured round trips between places")},
            {CountsPanel::tr("Traces"), counts.traces, CountsPanel::tr("Imported request traces")},
            {CountsPanel::tr("Quarantined rows"), counts.quarantined, CountsPanel::tr("Rows that imports left out")}};
}

CountsPanel::CountsPanel(QWidget* parent)
    : QFrame(parent)
    , m_grid(new QGridLayout)
{
    setProperty("panel", true);
    setAccessibleName(tr("What is in the store"));
    auto* heading = new QLabel(tr("What is here"), this);
    heading->setFont(ui::font(TextRole::Strong));
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(Theme::kPadding, 12, Theme::kPadding, Theme::kPadding);
    column->setSpacing(10);
    column->addWidget(heading);
    m_grid->setHorizontalSpacing(12);
    m_grid->setVerticalSpacing(8);
    m_grid->setColumnStretch(0, 1);
    column->addLayout(m_grid);
    column->addStretch(1);
    setCounts({});
}

void CountsPanel::setCounts(const store::Counts& counts)
{
    const std::vector<CountRow> rows = countRows(counts);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (i == m_figures.size()) {
            const int line = static_cast<int>(i);
            auto* name = new QLabel(rows[i].name, this);
            name->setProperty("muted", true);
            name->setToolTip(rows[i].note);
            auto* figure = new QLabel(this);
            figure->setFont(ui::font(TextRole::Title));
            figure->setToolTip(rows[i].note);
            m_grid->addWidget(name, line, 0);
            m_grid->addWidget(figure, line, 1, Qt::AlignRight);
            m_figures.push_back(figure);
        }
        m_figures[i]->setText(grouped(static_cast<double>(rows[i].value), 0));
        m_figures[i]->setAccessibleName(rows[i].name + QStringLiteral(": ") + m_figures[i]->text());
    }
}

} // namespace isobar::ui
