// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/devices/device_page.h"

#include "model/query/query.h"
#include "ui/devices/chip_grid.h"
#include "ui/devices/chip_table.h"
#include "ui/devices/device_panel.h"
#include "ui/devices/device_words.h"
#include "ui/devices/level_cards.h"
#include "ui/devices/pool_lists.h"
#include "ui/shell/format.h"
#include "ui/shell/icon.h"

#include <QButtonGroup>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLabel>
#include <QScrollArea>
#include <QShortcut>
#include <QStackedWidget>
#include <QTableView>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <map>

namespace isobar::ui {
namespace {

constexpr int kAskMilliseconds = 250;
constexpr double kFigureSeconds = 60;
enum Shown { ShownCards, ShownGrid, ShownTable, ShownWhy };

} // namespace

/// What a card says of a provider, a region or a pool, by its key.
struct LevelFigures {
    std::string key;
    double serving = 0, training = 0, idle = 0, down = 0;
    double utilizationRatio = NAN, watts = 0, usdPerDay = 0, idleUsdPerDay = 0;
};

DevicePage::DevicePage(Session& session, QWidget* parent)
    : QWidget(parent)
    , m_session(session)
    , m_back(new QToolButton)
    , m_crumbs(new QHBoxLayout)
    , m_measures(new QWidget)
    , m_measureButtons(new QButtonGroup(this))
    , m_tableButton(new QToolButton)
    , m_stack(new QStackedWidget)
    , m_cards(new LevelCards)
    , m_lists(new PoolLists)
    , m_scroll(new QScrollArea)
    , m_grid(new ChipGrid)
    , m_tableView(new QTableView)
    , m_table(new ChipTable(this))
    , m_why(new QLabel)
    , m_panel(new DevicePanel(session))
{
    setAccessibleName(tr("Devices"));
    m_back->setText(tr("‹ Back"));
    m_back->setAccessibleName(tr("Back to the level before"));
    m_back->setToolTip(tr("Back (Alt+Left or Esc)"));
    m_crumbs->setSpacing(2);
    auto* measureRow = new QHBoxLayout(m_measures);
    measureRow->setContentsMargins(0, 0, 0, 0);
    measureRow->setSpacing(4);
    for (const ChipMeasure measure : kChipMeasures) {
        auto* button = new QToolButton;
        button->setText(chipMeasureTitle(measure));
        button->setCheckable(true);
        button->setStyleSheet(QStringLiteral("padding: 5px 4px")); // seven, beside the way here, in a small window too
        button->setAccessibleName(tr("Colour by %1").arg(chipMeasureTitle(measure).toLower()));
        m_measureButtons->addButton(button, static_cast<int>(measure));
        measureRow->addWidget(button);
    }
    m_measureButtons->button(0)->setChecked(true);
    m_tableButton->setText(tr("Table"));
    m_tableButton->setCheckable(true);
    m_tableButton->setToolTip(tr("The same chips as a table (T)"));
    m_tableButton->setAccessibleName(tr("Show as a table"));
    auto* top = new QHBoxLayout;
    top->setSpacing(8);
    top->addWidget(m_back);
    top->addLayout(m_crumbs);
    top->addStretch(1);
    top->addWidget(m_measures);
    top->addWidget(m_tableButton);

    m_scroll->setWidgetResizable(true);
    m_scroll->setFrameShape(QFrame::NoFrame);
    m_scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_scroll->setFocusPolicy(Qt::NoFocus);
    auto* level = new QWidget;
    auto* levelColumn = new QVBoxLayout(level);
    levelColumn->setContentsMargins(0, 0, 0, 0);
    levelColumn->setSpacing(Theme::kGutter);
    levelColumn->addWidget(m_cards);
    levelColumn->addWidget(m_lists);
    levelColumn->addStretch(1);
    m_scroll->setWidget(level);
    m_tableView->setModel(m_table);
    m_tableView->setAccessibleName(tr("Chips as a table"));
    m_tableView->setSortingEnabled(true);
    m_tableView->sortByColumn(ChipTable::Chip, Qt::AscendingOrder);
    m_tableView->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_tableView->setSelectionMode(QAbstractItemView::SingleSelection);
    m_tableView->setTabKeyNavigation(false);
    m_tableView->setShowGrid(false);
    m_tableView->verticalHeader()->hide();
    m_tableView->verticalHeader()->setDefaultSectionSize(26);
    m_tableView->horizontalHeader()->setStretchLastSection(true);
    m_tableView->setStyleSheet(QStringLiteral("QTableView::item { padding: 0 8px; }"));
    for (int column = 0; column < ChipTable::ColumnCount; ++column) {
        const bool small = column < ChipTable::State;
        m_tableView->setColumnWidth(column, small ? 68 : column == ChipTable::HeldBy ? 230 : 104);
    }
    m_why->setWordWrap(true);
    m_why->setAlignment(Qt::AlignCenter);
    m_why->setMargin(60);
    m_why->setProperty("muted", true);
    auto* gridFrame = new QFrame;
    gridFrame->setProperty("panel", true);
    auto* gridLayout = new QVBoxLayout(gridFrame);
    gridLayout->setContentsMargins(2, 2, 2, 2);
    gridLayout->addWidget(m_grid);
    m_stack->addWidget(m_scroll);
    m_stack->addWidget(gridFrame);
    m_stack->addWidget(m_tableView);
    m_stack->addWidget(m_why);
    auto* middle = new QHBoxLayout;
    middle->setSpacing(Theme::kGutter);
    middle->addWidget(m_stack, 1);
    middle->addWidget(m_panel);
    auto* page = new QVBoxLayout(this);
    page->setContentsMargins(Theme::kGutter, Theme::kGutter, Theme::kGutter, Theme::kGutter);
    page->setSpacing(Theme::kGutter);
    page->addLayout(top);
    page->addLayout(middle, 1);

    m_grid->describe = [this](std::uint32_t chip) {
        return hasDevices() && chip < m_session.devices()->chips.size()
                   ? chipLine(m_session.fleet(), *m_session.devices(), chip)
                   : QString();
    };
    m_grid->describeBlock = [this](const ChipLayout::Block& block) {
        if (!hasDevices() || m_session.devices()->chips.size() < block.first + block.chips) {
            return QString();
        }
        const engine::DeviceView& view = *m_session.devices();
        return block.slice < view.slices.size()
                   ? m_grid->sliceTitle(block.slice)
                   : factLine(nodeFacts(m_session.fleet(), view, view.nodeOf(block.first)));
    };
    m_grid->sliceTitle = [this](std::uint32_t index) {
        const engine::DeviceView& view = *m_session.devices();
        const engine::Slice& slice = view.slices[index];
        const QString shape = shapeText(slice);
        return QStringList{shape.isEmpty() ? tr("%1 chips").arg(slice.chips) : shape,
                           holderText(m_session.fleet(), view.chips[slice.first])}
            .join(QStringLiteral(" · "));
    };
    connect(m_back, &QToolButton::clicked, this, [this] { back(); });
    connect(m_measureButtons, &QButtonGroup::idClicked, this,
            [this](int id) { setMeasure(static_cast<ChipMeasure>(id)); });
    connect(m_tableButton, &QToolButton::clicked, this, [this](bool on) { setTableShown(on); });
    connect(m_grid, &ChipGrid::chipChosen, this, &DevicePage::choose);
    connect(m_grid, &ChipGrid::hovered, this, &DevicePage::point);
    connect(m_grid, &ChipGrid::walkedTo, this, [this](std::uint32_t chip) { m_panel->showChip(chip, m_path.node); });
    connect(m_grid, &ChipGrid::leaveRequested, this, [this] { back(); });
    connect(m_tableView->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            [this](const QModelIndex& current) {
                if (current.isValid()) {
                    m_panel->showChip(m_table->chipOf(current.row()), m_path.node);
                }
            });
    connect(m_tableView, &QTableView::activated, this, [this](const QModelIndex& at) {
        DevicePath to = m_path;
        to.chip = m_table->chipOf(at.row());
        to.node = m_session.devices()->nodeOf(*to.chip);
        m_tableButton->setChecked(false);
        open(to);
    });
    connect(m_cards, &LevelCards::chosen, this, [this](std::uint32_t id) {
        DevicePath to = m_path;
        if (!to.provider && !to.place) {
            to.provider = ProviderId(id);
        } else if (!to.region) {
            to.region = RegionId(id);
            to.provider = m_session.fleet()[RegionId(id)].provider;
        } else {
            to.pool = PoolId(id);
        }
        open(to);
    });
    connect(m_lists, &PoolLists::chosen, this, [this](PoolId pool) { open(DevicePath::of(m_session.fleet(), pool)); });
    connect(&m_session, &Session::opened, this, [this] {
        m_past.clear();
        go({});
    });
    connect(&m_session, &Session::historyChanged, this, [this] {
        if (isVisible() && !m_path.pool) {
            showCards();
        }
    });
    connect(&m_session, &Session::ticked, this, &DevicePage::follow);
    m_askLater.setSingleShot(true);
    connect(&m_askLater, &QTimer::timeout, this, &DevicePage::follow);
    connect(&m_session, &Session::devicesChanged, this, &DevicePage::showDevices);
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, [this] {
        if (isVisible()) {
            rebuild();
        }
    });
    // A shortcut, because a table would take the letter for a search.
    auto* table = new QShortcut(QKeySequence(Qt::Key_T), this, nullptr, nullptr, Qt::WidgetWithChildrenShortcut);
    connect(table, &QShortcut::activated, this, [this] {
        if (m_path.pool) {
            setTableShown(!isTableShown());
        }
    });
    rebuild();
}

bool DevicePage::hasDevices() const
{
    return m_path.pool && m_session.isOpen() && m_session.devices() && m_session.devices()->pool == *m_path.pool;
}

void DevicePage::open(const DevicePath& path)
{
    if (path != m_path) {
        m_past.push_back(m_path);
        go(path);
    }
}

void DevicePage::openPlace(std::size_t place)
{
    const Fleet& fleet = m_session.fleet();
    const std::vector<RegionId>& regions = m_session.places()[place].regions;
    std::vector<PoolId> pools;
    for (std::size_t i = 0; i < fleet.pools.size(); ++i) {
        if (std::find(regions.begin(), regions.end(), fleet.pools[i].region) != regions.end()) {
            pools.emplace_back(i);
        }
    }
    // Where there is nothing to choose from, what is there is opened.
    DevicePath to = regions.size() == 1 ? DevicePath::of(fleet, regions.front()) : DevicePath{};
    if (pools.size() == 1) {
        to = DevicePath::of(fleet, pools.front());
    } else if (regions.size() > 1) {
        to.place = place;
    }
    open(to);
}

bool DevicePage::canGoBack() const
{
    return !m_past.empty() || m_path != DevicePath{};
}

bool DevicePage::back()
{
    if (!canGoBack()) {
        return false;
    }
    DevicePath to = m_path.up();
    if (!m_past.empty()) {
        to = m_past.back();
        m_past.pop_back();
    }
    go(to);
    return true;
}

void DevicePage::go(const DevicePath& path)
{
    const bool samePool = path.pool && path.pool == m_path.pool;
    m_path = path;
    rebuild();
    if (!samePool) {
        m_grid->setCursorChip(std::nullopt);
    }
    if (m_path.chip) {
        m_grid->setCursorChip(m_path.chip);
    } else if (m_path.node && hasDevices()) {
        const std::uint32_t first = *m_path.node * m_session.devices()->chipsPerNode;
        const auto at = m_grid->cursorChip();
        if (!at || m_session.devices()->nodeOf(*at) != *m_path.node) {
            m_grid->setCursorChip(first);
        }
    }
    // The keys go on where the mouse has been.
    if (isVisible() && m_path.pool && m_stack->currentIndex() == ShownGrid) {
        m_grid->setFocus(Qt::OtherFocusReason);
    } else if (isVisible() && !m_path.pool && !m_cards->cards().empty()) {
        m_cards->cards().front()->setFocus(Qt::OtherFocusReason);
    }
    Q_EMIT pathChanged();
}

void DevicePage::setMeasure(ChipMeasure measure)
{
    m_measure = measure;
    m_measureButtons->button(static_cast<int>(measure))->setChecked(true);
    showDevices();
}

bool DevicePage::isTableShown() const
{
    return m_tableButton->isChecked();
}

void DevicePage::setTableShown(bool shown)
{
    m_tableButton->setChecked(shown);
    rebuild();
    if (!isVisible()) {
        return;
    }
    if (m_stack->currentIndex() == ShownTable) {
        const int row = m_grid->cursorChip() ? m_table->rowOf(*m_grid->cursorChip()) : 0;
        m_tableView->setCurrentIndex(m_table->index(std::max(0, row), 0));
        m_tableView->setFocus(Qt::OtherFocusReason);
    } else if (m_stack->currentIndex() == ShownGrid) {
        if (m_tableView->currentIndex().isValid()) {
            m_grid->setCursorChip(m_table->chipOf(m_tableView->currentIndex().row()));
        }
        m_grid->setFocus(Qt::OtherFocusReason);
    }
}

void DevicePage::rebuild()
{
    showCrumbs();
    const bool pool = m_path.pool.has_value();
    m_measures->setVisible(pool);
    m_tableButton->setVisible(pool);
    m_panel->setVisible(pool && !m_session.isRecording());
    if (!m_session.isOpen()) {
        m_why->setText(tr("Nothing is open yet."));
        m_stack->setCurrentIndex(ShownWhy);
    } else if (!pool) {
        m_stack->setCurrentIndex(ShownCards);
        showCards();
    } else {
        showPool();
    }
}

void DevicePage::showCrumbs()
{
    while (QLayoutItem* item = m_crumbs->takeAt(0)) {
        if (QWidget* widget = item->widget()) {
            widget->hide();
            widget->deleteLater();
        }
        delete item;
    }
    m_back->setEnabled(canGoBack());
    std::vector<std::pair<QString, DevicePath>> crumbs{{tr("World"), {}}};
    if (m_session.isOpen()) {
        const Fleet& fleet = m_session.fleet();
        DevicePath path;
        const auto add = [&](const QString& text) { crumbs.emplace_back(text, path); };
        if (m_path.place) {
            path.place = m_path.place;
            add(QString::fromStdString(m_session.places()[*m_path.place].name));
            path.provider = m_path.provider;
        } else if (m_path.provider) {
            path.provider = m_path.provider;
            add(QString::fromStdString(fleet[*m_path.provider].name));
        }
        if (m_path.region) {
            path.region = m_path.region;
            add(QString::fromStdString(m_path.place ? regionKey(fleet, *m_path.region) : fleet[*m_path.region].code));
        }
        if (m_path.pool) {
            path.pool = m_path.pool;
            add(QString::fromStdString(fleet[fleet[*m_path.pool].accelerator].name));
        }
        if (m_path.node) {
            path.node = m_path.node;
            add(tr("Node %1").arg(grouped(*m_path.node, 0)));
        }
        if (m_path.chip) {
            path.chip = m_path.chip;
            add(tr("Chip %1").arg(grouped(*m_path.chip, 0)));
        }
    }
    for (std::size_t i = 0; i < crumbs.size(); ++i) {
        if (i > 0) {
            auto* arrow = new QLabel(QStringLiteral("›"));
            arrow->setProperty("muted", true);
            m_crumbs->addWidget(arrow);
        }
        auto* button = new QToolButton;
        button->setProperty("flat", true);
        button->setText(crumbs[i].first);
        button->setAccessibleName(tr("Go to %1").arg(crumbs[i].first));
        const bool here = i + 1 == crumbs.size();
        button->setFont(ui::font(here ? TextRole::Strong : TextRole::Body));
        connect(button, &QToolButton::clicked, this, [this, to = crumbs[i].second] { open(to); });
        m_crumbs->addWidget(button);
    }
}

std::vector<LevelFigures> DevicePage::figures(query::Dimension level) const
{
    std::map<std::string, LevelFigures> found;
    query::Query q;
    q.to = m_session.history().end();
    q.from = q.to - static_cast<aggregate::SimMicros>(kFigureSeconds * aggregate::kMicrosPerSecond);
    const auto recent = m_session.history().range(q.from, q.to);
    q.measures = {query::Measure::Accelerators, query::Measure::PowerWatts, query::Measure::SpendUsdPerDay};
    q.by = {level, query::Dimension::Use};
    if (const auto table = query::run(q, m_session.fleet(), recent); table.ok()) {
        for (const query::Row& row : table->rows) {
            LevelFigures& to = found[row.keys[0]];
            to.key = row.keys[0];
            const double chips = std::isnan(row.values[0]) ? 0 : row.values[0];
            const std::string& use = row.keys[1];
            (use == "serving"    ? to.serving
             : use == "training" ? to.training
             : use == "down"     ? to.down
                                 : to.idle) += chips;
            to.watts += std::isnan(row.values[1]) ? 0 : row.values[1];
            const double usdPerDay = std::isnan(row.values[2]) ? 0 : row.values[2];
            to.usdPerDay += usdPerDay;
            to.idleUsdPerDay += use == "idle" ? usdPerDay : 0;
        }
    }
    q.measures = {query::Measure::Utilization};
    q.by = {level};
    if (const auto table = query::run(q, m_session.fleet(), recent); table.ok()) {
        for (const query::Row& row : table->rows) {
            if (const auto to = found.find(row.keys[0]); to != found.end()) {
                to->second.utilizationRatio = row.values[0];
            }
        }
    }
    std::vector<LevelFigures> all;
    for (auto& [key, one] : found) {
        all.push_back(std::move(one));
    }
    return all;
}

void DevicePage::showCards()
{
    const Fleet& fleet = m_session.fleet();
    const std::vector<LevelFigures> known = figures(m_path.region                     ? query::Dimension::Pool
                                                    : m_path.provider || m_path.place ? query::Dimension::Region
                                                                                      : query::Dimension::Provider);
    std::vector<LevelCard::Data> cards;
    const auto add = [&](const std::string& key, std::size_t id, const std::string& title, const QString& subtitle,
                         const std::string& provider, double chips) {
        LevelCard::Data card;
        card.id = static_cast<std::uint32_t>(id);
        card.title = QString::fromStdString(title);
        card.subtitle = subtitle;
        card.color = theme().provider(provider);
        card.idle = chips; // until there is history
        const auto row = std::find_if(known.begin(), known.end(), [&](const LevelFigures& f) { return f.key == key; });
        if (row != known.end()) {
            card.known = true;
            card.serving = row->serving;
            card.training = row->training;
            card.idle = row->idle;
            card.down = row->down;
            card.utilizationRatio = row->utilizationRatio;
            card.watts = row->watts;
            card.usdPerDay = row->usdPerDay;
        }
        cards.push_back(card);
    };
    const auto chipsOf = [&](auto&& belongs) {
        double chips = 0;
        int pools = 0;
        for (const Pool& pool : fleet.pools) {
            if (belongs(pool)) {
                chips += double(pool.usableChips());
                ++pools;
            }
        }
        return std::pair(chips, pools);
    };
    const auto poolsText = [](int pools) { return pools == 1 ? tr("1 pool") : tr("%1 pools").arg(pools); };
    if (!m_path.provider && !m_path.place) {
        for (std::size_t i = 0; i < fleet.providers.size(); ++i) {
            const auto [chips, pools] =
                chipsOf([&](const Pool& pool) { return fleet[pool.region].provider == ProviderId(i); });
            if (pools > 0) {
                add(fleet.providers[i].key, i, fleet.providers[i].name, poolsText(pools), fleet.providers[i].key,
                    chips);
            }
        }
    } else if (!m_path.region) {
        for (std::size_t i = 0; i < fleet.regions.size(); ++i) {
            const Region& region = fleet.regions[i];
            const auto [chips, pools] = chipsOf([&](const Pool& pool) { return pool.region == RegionId(i); });
            if (isHere(RegionId(i)) && pools > 0) {
                const std::string key = regionKey(fleet, RegionId(i));
                // A name that says no more than the code gives way to what the code does not say.
                const bool named = !region.displayName.empty() && region.displayName != region.code;
                add(key, i, m_path.place ? key : region.code,
                    named ? QString::fromStdString(region.displayName) : poolsText(pools), fleet[region.provider].key,
                    chips);
            }
        }
    } else {
        const Region& region = fleet[*m_path.region];
        for (std::size_t i = 0; i < fleet.pools.size(); ++i) {
            const Pool& pool = fleet.pools[i];
            if (pool.region == *m_path.region) {
                add(pool.key, i, fleet[pool.accelerator].name, QString::fromStdString(pool.key),
                    fleet[region.provider].key, double(pool.usableChips()));
            }
        }
    }
    std::stable_sort(cards.begin(), cards.end(), [](const LevelCard::Data& a, const LevelCard::Data& b) {
        // By what is owned, not by what is used just now: cards must not dance.
        const auto all = [](const LevelCard::Data& d) { return d.serving + d.training + d.idle + d.down; };
        return std::llround(all(a)) > std::llround(all(b));
    });
    m_cards->setCards(cards);
    m_lists->setVisible(!m_path.region && !known.empty()); // a region's pools have cards
    if (!m_lists->isHidden()) {
        m_lists->setPools(poolFigures());
    }
}

/// Whether a region is of the provider or the place that is open; any of the world's is.
bool DevicePage::isHere(RegionId region) const
{
    if (m_path.place) {
        const auto& of = m_session.places()[*m_path.place].regions;
        return std::find(of.begin(), of.end(), region) != of.end();
    }
    return !m_path.provider || m_session.fleet()[region].provider == *m_path.provider;
}

std::vector<PoolFigures> DevicePage::poolFigures() const
{
    const Fleet& fleet = m_session.fleet();
    std::map<std::string, LevelFigures> byKey;
    for (LevelFigures& known : figures(query::Dimension::Pool)) {
        byKey[known.key] = std::move(known);
    }
    std::vector<PoolFigures> pools;
    for (std::size_t i = 0; i < fleet.pools.size(); ++i) {
        const Pool& pool = fleet.pools[i];
        const auto known = byKey.find(pool.key);
        if (known == byKey.end() || !isHere(pool.region)) {
            continue;
        }
        const Region& region = fleet[pool.region];
        const Provider& provider = fleet[region.provider];
        const LevelFigures& f = known->second;
        PoolFigures one;
        one.pool = PoolId(i);
        one.name = QString::fromStdString(fleet[pool.accelerator].name);
        one.where = QString::fromStdString(provider.name + ' ' + region.code);
        one.color = theme().provider(provider.key);
        one.chips = f.serving + f.training + f.idle + f.down;
        one.idle = f.idle, one.down = f.down;
        one.utilizationRatio = f.utilizationRatio;
        one.usdPerDay = f.usdPerDay, one.idleUsdPerDay = f.idleUsdPerDay;
        pools.push_back(std::move(one));
    }
    return pools;
}

void DevicePage::showPool()
{
    if (m_session.isRecording()) {
        m_why->setText(tr("A recording holds what pools sum up to, not single chips. Open the store it was recorded "
                          "from, or the sample fleet, and let it run: chips are made from the running fleet."));
        m_stack->setCurrentIndex(ShownWhy);
        return;
    }
    m_session.askDevices(*m_path.pool);
    m_sinceAsked.start();
    if (hasDevices()) {
        showDevices();
    } else {
        m_why->setText(tr("The chips are on their way."));
        m_stack->setCurrentIndex(ShownWhy);
    }
}

void DevicePage::showDevices()
{
    if (!hasDevices()) {
        if (!m_session.devices()) {
            m_grid->setView(nullptr, m_measure);
        }
        return;
    }
    const auto view = m_session.devices();
    const Fleet& fleet = m_session.fleet();
    m_grid->flatSlices = hasFlatSlices(fleet[fleet[view->pool].accelerator].name);
    m_grid->setAccessibleName(tr("Chips of %1").arg(QString::fromStdString(fleet[view->pool].key)));
    const bool first = m_stack->currentIndex() == ShownWhy;
    m_stack->setCurrentIndex(isTableShown() ? ShownTable : ShownGrid);
    m_grid->setView(view, m_measure);
    if (isTableShown()) {
        const bool node = m_path.node && !m_path.chip;
        const auto all = static_cast<std::uint32_t>(view->chips.size());
        m_table->setView(m_session.fleetPointer(), view, node ? *m_path.node * view->chipsPerNode : 0,
                         node ? view->chipsPerNode : all);
    }
    m_panel->showPool(view, m_grid->colors());
    if (first && isVisible() && !isTableShown()) {
        m_grid->setFocus(Qt::OtherFocusReason);
    }
    if (m_path.chip || m_path.node) {
        if (!m_grid->cursorChip()) {
            m_grid->setCursorChip(m_path.chip ? *m_path.chip : *m_path.node * view->chipsPerNode);
        }
        if (!m_grid->hoveredChip()) {
            m_panel->showChip(m_path.chip, m_path.node);
        }
    }
}

/// Chips are asked for while somebody looks, and not oftener than anybody can read; what comes too soon is asked for
/// later, as it may be the last thing that happens for long.
void DevicePage::follow()
{
    if (!isVisible() || !m_path.pool || m_session.isRecording()) {
        return;
    }
    const qint64 since = m_sinceAsked.isValid() ? m_sinceAsked.elapsed() : kAskMilliseconds;
    if (since < kAskMilliseconds) {
        if (!m_askLater.isActive()) {
            m_askLater.start(static_cast<int>(kAskMilliseconds - since));
        }
        return;
    }
    m_session.askDevices(*m_path.pool);
    m_sinceAsked.start();
}

/// The first click opens the node, one on an open node's chip the chip.
void DevicePage::choose(std::uint32_t chip)
{
    if (!hasDevices()) {
        return;
    }
    DevicePath to = m_path;
    const std::uint32_t node = m_session.devices()->nodeOf(chip);
    if (m_path.node == node && m_path.chip != chip) {
        to.chip = chip;
    } else if (m_path.node != node) {
        to.node = node;
        to.chip.reset();
    }
    open(to);
    m_panel->showChip(to.chip ? to.chip : std::optional<std::uint32_t>(), to.node);
}

void DevicePage::point(std::optional<std::uint32_t> chip)
{
    if (chip) {
        m_panel->showChip(chip, m_path.node);
    } else {
        m_panel->showChip(m_path.chip, m_path.node);
    }
}

void DevicePage::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Escape && canGoBack()) {
        back();
    } else {
        QWidget::keyPressEvent(event);
    }
}

void DevicePage::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    rebuild();
    if (m_path.pool && m_stack->currentIndex() == ShownGrid) {
        m_grid->setFocus(Qt::OtherFocusReason);
    } else if (!m_path.pool && !m_cards->cards().empty()) {
        m_cards->cards().front()->setFocus(Qt::OtherFocusReason);
    }
}

} // namespace isobar::ui
