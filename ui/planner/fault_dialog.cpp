// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/planner/fault_dialog.h"

#include "ui/planner/list_row.h"
#include "ui/session/session.h"
#include "ui/shell/theme.h"

#include <QComboBox>
#include <QDialogButtonBox>
#include <QDoubleSpinBox>
#include <QFormLayout>
#include <QLabel>
#include <QListWidget>
#include <QPushButton>
#include <QSpinBox>
#include <QVBoxLayout>

#include <algorithm>

namespace isobar::ui {
namespace {

constexpr double kUsualMinutes = 10;

enum class PlaceKind : std::uint8_t { Pool, Region, Provider, RegionOrAll };

PlaceKind placeKindOf(FaultKind kind)
{
    switch (kind) {
    case FaultKind::Chip:
    case FaultKind::Node:
    case FaultKind::Rack:
        return PlaceKind::Pool;
    case FaultKind::Provider:
    case FaultKind::SpotWave:
        return PlaceKind::Provider;
    case FaultKind::StaleControl:
        return PlaceKind::RegionOrAll;
    case FaultKind::Zone:
    case FaultKind::Region:
    case FaultKind::LinkCut:
    case FaultKind::LinkSlow:
        break;
    }
    return PlaceKind::Region;
}

bool isLink(FaultKind kind)
{
    return kind == FaultKind::LinkCut || kind == FaultKind::LinkSlow;
}

} // namespace

QString faultTitle(FaultKind kind)
{
    switch (kind) {
    case FaultKind::Chip:
        return FaultDialog::tr("Chips");
    case FaultKind::Node:
        return FaultDialog::tr("Nodes");
    case FaultKind::Rack:
        return FaultDialog::tr("Racks");
    case FaultKind::Zone:
        return FaultDialog::tr("Zone");
    case FaultKind::Region:
        return FaultDialog::tr("Region");
    case FaultKind::Provider:
        return FaultDialog::tr("Provider");
    case FaultKind::LinkCut:
        return FaultDialog::tr("Link cut");
    case FaultKind::LinkSlow:
        return FaultDialog::tr("Link slow");
    case FaultKind::SpotWave:
        return FaultDialog::tr("Spot chips reclaimed");
    case FaultKind::StaleControl:
        return FaultDialog::tr("Stale view of load");
    }
    return {};
}

QString faultText(const Fleet& fleet, const Fault& fault)
{
    QString place = fault.pool.valid()       ? QString::fromStdString(fleet[fault.pool].key)
                    : fault.region.valid()   ? QString::fromStdString(regionKey(fleet, fault.region))
                    : fault.provider.valid() ? QString::fromStdString(fleet[fault.provider].name)
                                             : FaultDialog::tr("everywhere");
    if (fault.otherRegion.valid()) {
        place += QStringLiteral(" – ") + QString::fromStdString(regionKey(fleet, fault.otherRegion));
    }
    return faultTitle(fault.kind) + QStringLiteral(" · ") + place;
}

FaultDialog::FaultDialog(Session& session, QWidget* parent)
    : QDialog(parent)
    , m_session(session)
    , m_kind(new QComboBox)
    , m_place(new QComboBox)
    , m_other(new QComboBox)
    , m_count(new QSpinBox)
    , m_ratio(new QDoubleSpinBox)
    , m_minutes(new QDoubleSpinBox)
    , m_form(new QFormLayout)
    , m_active(new QListWidget)
    , m_mend(new QPushButton(tr("Mend")))
{
    setWindowTitle(tr("Break something"));
    resize(560, 460);
    auto* heading = new QLabel(tr("What breaks?"));
    heading->setFont(ui::font(TextRole::Title));
    auto* hint = new QLabel(
        tr("Requests that run there are tried again elsewhere; the rest of the fleet carries the load, if it can."));
    hint->setWordWrap(true);
    hint->setProperty("muted", true);
    // From what an executive asks about to what an operator does.
    for (const FaultKind kind :
         {FaultKind::Region, FaultKind::Provider, FaultKind::Zone, FaultKind::Rack, FaultKind::Node, FaultKind::Chip,
          FaultKind::SpotWave, FaultKind::LinkCut, FaultKind::LinkSlow, FaultKind::StaleControl}) {
        m_kind->addItem(faultTitle(kind), static_cast<int>(kind));
    }
    m_kind->setAccessibleName(tr("What breaks"));
    m_place->setAccessibleName(tr("Where"));
    m_other->setAccessibleName(tr("Other end of the link"));
    m_count->setRange(1, 1'000'000);
    m_count->setAccessibleName(tr("How many"));
    m_ratio->setAccessibleName(tr("How much"));
    m_minutes->setRange(0.1, 100'000);
    m_minutes->setDecimals(1);
    m_minutes->setValue(kUsualMinutes);
    m_minutes->setSuffix(tr(" simulated minutes"));
    m_minutes->setAccessibleName(tr("How long"));
    m_form->addRow(tr("What"), m_kind);
    m_form->addRow(tr("Where"), m_place);
    m_form->addRow(tr("Other end"), m_other);
    m_form->addRow(tr("How many"), m_count);
    m_form->addRow(tr("How much"), m_ratio);
    m_form->addRow(tr("For"), m_minutes);
    auto* activeTitle = new QLabel(tr("Broken now"));
    activeTitle->setFont(ui::font(TextRole::Strong));
    m_active->setAccessibleName(tr("Broken now"));
    useRows(*m_active);
    m_mend->setAccessibleName(tr("Mend the chosen fault"));
    auto* breakButton = new QPushButton(tr("Break it"));
    breakButton->setProperty("primary", true);
    breakButton->setDefault(true);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close);
    buttons->addButton(breakButton, QDialogButtonBox::ActionRole);
    buttons->addButton(m_mend, QDialogButtonBox::ActionRole);
    auto* column = new QVBoxLayout(this);
    column->addWidget(heading);
    column->addWidget(hint);
    column->addLayout(m_form);
    column->addWidget(activeTitle);
    column->addWidget(m_active, 1);
    column->addWidget(buttons);
    connect(m_kind, &QComboBox::currentIndexChanged, this, [this] {
        fillPlaces();
        showFields();
    });
    connect(breakButton, &QPushButton::clicked, this, &FaultDialog::breakIt);
    connect(m_mend, &QPushButton::clicked, this, &FaultDialog::mendChosen);
    connect(m_active, &QListWidget::currentRowChanged, this, [this](int row) { m_mend->setEnabled(row >= 0); });
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    connect(&m_session, &Session::ticked, this, &FaultDialog::showActive);
    fillPlaces();
    showFields();
    showActive();
}

void FaultDialog::fillPlaces()
{
    const Fleet& fleet = m_session.fleet();
    const auto kind = static_cast<FaultKind>(m_kind->currentData().toInt());
    const std::set<RegionId>& selected = m_session.selection().state().regions;
    m_place->clear();
    m_other->clear();
    const PlaceKind of = placeKindOf(kind);
    if (of == PlaceKind::RegionOrAll) {
        m_place->addItem(tr("everywhere"), -1);
    }
    const auto add = [&](const std::string& name, std::size_t index, bool chosen) {
        m_place->addItem(QString::fromStdString(name), static_cast<int>(index));
        if (chosen && m_place->currentIndex() <= 0) {
            m_place->setCurrentIndex(m_place->count() - 1);
        }
    };
    if (of == PlaceKind::Pool) {
        for (std::size_t p = 0; p < fleet.pools.size(); ++p) {
            add(fleet.pools[p].key, p, selected.contains(fleet.pools[p].region));
        }
    } else if (of == PlaceKind::Provider) {
        for (std::size_t p = 0; p < fleet.providers.size(); ++p) {
            const bool chosen = std::any_of(selected.begin(), selected.end(),
                                            [&](RegionId r) { return fleet[r].provider == ProviderId(p); });
            add(fleet.providers[p].name, p, chosen);
        }
    } else {
        std::vector<bool> used(fleet.regions.size());
        for (const Pool& pool : fleet.pools) {
            used[pool.region.index()] = true;
        }
        for (std::size_t r = 0; r < fleet.regions.size(); ++r) {
            // A link may end where nothing runs but users are.
            if (used[r] || isLink(kind)) {
                add(regionKey(fleet, RegionId(r)), r, selected.contains(RegionId(r)));
                m_other->addItem(QString::fromStdString(regionKey(fleet, RegionId(r))), static_cast<int>(r));
            }
        }
        if (m_other->currentIndex() == m_place->currentIndex() && m_other->count() > 1) {
            m_other->setCurrentIndex(m_place->currentIndex() == 0 ? 1 : 0);
        }
    }
}

void FaultDialog::showFields()
{
    const auto kind = static_cast<FaultKind>(m_kind->currentData().toInt());
    const bool counted = kind <= FaultKind::Zone;
    const bool measured = kind == FaultKind::LinkSlow || kind == FaultKind::SpotWave;
    m_form->setRowVisible(m_other, isLink(kind));
    m_form->setRowVisible(m_count, counted);
    m_form->setRowVisible(m_ratio, measured);
    m_count->setPrefix(kind == FaultKind::Zone ? tr("zone ") : QString());
    m_count->setMaximum(kind == FaultKind::Zone ? 64 : 1'000'000);
    m_count->setValue(1);
    if (kind == FaultKind::LinkSlow) {
        m_ratio->setRange(1, 1000);
        m_ratio->setSuffix(tr(" times slower"));
        m_ratio->setValue(5);
    } else {
        m_ratio->setRange(1, 100);
        m_ratio->setSuffix(tr(" % of the provider's spot chips"));
        m_ratio->setValue(50);
    }
}

Fault FaultDialog::fault() const
{
    Fault fault;
    fault.kind = static_cast<FaultKind>(m_kind->currentData().toInt());
    fault.durationSeconds = m_minutes->value() * 60;
    const int place = m_place->currentData().toInt();
    const auto index = static_cast<std::size_t>(place);
    switch (placeKindOf(fault.kind)) {
    case PlaceKind::Pool:
        fault.pool = PoolId(index);
        break;
    case PlaceKind::Provider:
        fault.provider = ProviderId(index);
        break;
    case PlaceKind::Region:
        fault.region = RegionId(index);
        break;
    case PlaceKind::RegionOrAll:
        fault.region = place >= 0 ? RegionId(index) : RegionId();
        break;
    }
    if (isLink(fault.kind)) {
        fault.otherRegion = RegionId(static_cast<std::size_t>(m_other->currentData().toInt()));
    }
    if (fault.kind <= FaultKind::Zone) {
        fault.count = m_count->value();
    }
    if (fault.kind == FaultKind::LinkSlow) {
        fault.ratio = m_ratio->value();
    } else if (fault.kind == FaultKind::SpotWave) {
        fault.ratio = m_ratio->value() / 100;
    }
    return fault;
}

void FaultDialog::showActive()
{
    const auto snapshot = m_session.snapshot();
    const std::size_t count = snapshot ? snapshot->faults.size() : 0;
    QList<std::uint32_t> numbers;
    for (std::size_t i = 0; i < count; ++i) {
        numbers << snapshot->faults[i].first;
    }
    QList<std::uint32_t> shown;
    for (int row = 0; row < m_active->count(); ++row) {
        shown << m_active->item(row)->data(Qt::UserRole).toUInt();
    }
    if (numbers != shown) { // thirty times a second: only when something has changed
        m_active->clear();
        for (std::size_t i = 0; i < count; ++i) {
            auto* item = addRow(*m_active, faultText(m_session.fleet(), snapshot->faults[i].second));
            item->setData(Qt::UserRole, snapshot->faults[i].first);
        }
    }
    m_mend->setEnabled(m_active->currentRow() >= 0);
}

void FaultDialog::breakIt()
{
    m_session.injectFault(fault());
}

void FaultDialog::mendChosen()
{
    if (const QListWidgetItem* item = m_active->currentItem()) {
        m_session.mendFault(item->data(Qt::UserRole).toUInt());
    }
}

} // namespace isobar::ui
