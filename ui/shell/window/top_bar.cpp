// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/window/top_bar.h"

#include "ui/shell/command_registry.h"
#include "ui/shell/icon.h"
#include "ui/shell/theme.h"
#include "ui/shell/window/compare_menu.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QSignalBlocker>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <array>

namespace isobar::ui {
namespace {

struct Range {
    const char* title;
    double seconds;
};
constexpr std::array<Range, 7> kRanges{{{"last 1 min", 60},
                                        {"last 5 min", 300},
                                        {"last 15 min", 900},
                                        {"last 1 h", 3600},
                                        {"last 24 h", 86'400},
                                        {"last 7 days", 604'800},
                                        {"all history", 0}}};

} // namespace

TopBar::TopBar(Session& session, CommandRegistry& commands, QWidget* parent)
    : QFrame(parent)
    , m_session(session)
    , m_icon(new QLabel)
    , m_world(new QToolButton)
    , m_model(new QComboBox)
    , m_tier(new QComboBox)
    , m_range(new QComboBox)
    , m_compare(new QToolButton)
    , m_chips(new QWidget)
    , m_badge(new QLabel)
    , m_search(new QPushButton(tr("Search commands   Ctrl+K")))
{
    m_icon->setPixmap(appIcon().pixmap(24, 24));
    m_world->setText(tr("World"));
    m_world->setProperty("flat", true);
    m_world->setAccessibleName(tr("World"));
    m_world->setToolTip(tr("Clear all filters"));
    m_chips->setAccessibleName(tr("Filters"));
    m_tier->setAccessibleName(tr("Tier"));
    m_compare->setText(tr("Compare"));
    m_compare->setCheckable(true);
    m_compare->setAccessibleName(tr("Compare"));
    m_compare->setToolTip(
        tr("Show the previous period of the same length as ghost lines; the arrow has recorded runs"));
    m_compare->setPopupMode(QToolButton::MenuButtonPopup);
    m_compare->setMenu(new CompareMenu(session, m_compare));
    for (QComboBox* box : {m_model, m_tier}) {
        box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
        box->setMinimumContentsLength(box == m_model ? 15 : 13);
    }
    m_model->setAccessibleName(tr("Model"));
    m_range->setAccessibleName(tr("Range"));
    m_badge->setAccessibleName(tr("Data badge"));
    m_badge->setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Preferred); // never shortened: what is shown is simulated
    m_search->setMinimumWidth(80);
    m_search->setAccessibleName(tr("Search or run a command"));
    for (const Range& range : kRanges) {
        m_range->addItem(tr("Range: ") + QLatin1String(range.title), range.seconds);
    }
    const auto tool = [&commands](const char* id, const char* iconName, const QString& name) {
        auto* button = new QToolButton;
        button->setDefaultAction(commands.action(QLatin1String(id)));
        button->setProperty("flat", true);
        button->setToolButtonStyle(Qt::ToolButtonIconOnly);
        button->setAccessibleName(name);
        const auto paint = [button, iconName] { button->setIcon(icon(QLatin1String(iconName), theme().text)); };
        QObject::connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, button, paint);
        // An action that changes (its text, when undo does) resets the button's icon.
        QObject::connect(button->defaultAction(), &QAction::changed, button, paint);
        paint();
        return button;
    };
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(Theme::kPadding, 6, Theme::kPadding, 6);
    column->setSpacing(6);
    auto* row = new QHBoxLayout;
    row->setSpacing(8);
    column->addLayout(row);
    column->addWidget(m_chips);
    row->addWidget(m_icon);
    row->addWidget(m_world);
    row->addWidget(m_model);
    row->addWidget(m_tier);
    row->addWidget(m_range);
    row->addWidget(m_compare);
    row->addWidget(m_badge);
    row->addStretch(1);
    row->addWidget(tool("edit.undo", "undo", tr("Undo")));
    row->addWidget(tool("edit.redo", "redo", tr("Redo")));
    row->addWidget(tool("file.import", "import", tr("Import")));
    row->addWidget(tool("file.export", "export", tr("Export")));
    row->addWidget(m_search);

    connect(m_world, &QToolButton::clicked, this, [this] {
        SelectionState state;
        state.rangeSeconds = m_session.selection().state().rangeSeconds;
        m_session.selection().set(state);
    });
    connect(m_tier, &QComboBox::activated, this, [this](int index) {
        SelectionState state = m_session.selection().state();
        state.tier = index > 0 ? std::optional(TierId(static_cast<std::size_t>(index - 1))) : std::nullopt;
        m_session.selection().set(state);
    });
    connect(m_compare, &QToolButton::clicked, this, [this](bool on) {
        SelectionState state = m_session.selection().state();
        state.compare = on ? Comparing::PreviousPeriod : Comparing::Nothing;
        state.compareRun = 0;
        m_session.selection().set(state);
    });
    connect(m_model, &QComboBox::activated, this, [this](int index) {
        SelectionState state = m_session.selection().state();
        state.model = index > 0 ? std::optional(ModelId(static_cast<std::size_t>(index - 1))) : std::nullopt;
        m_session.selection().set(state);
    });
    connect(m_range, &QComboBox::activated, this, [this](int index) {
        SelectionState state = m_session.selection().state();
        state.rangeSeconds = m_range->itemData(index).toDouble();
        state.span.reset();
        m_session.selection().set(state);
    });
    connect(m_search, &QPushButton::clicked, this, &TopBar::searchRequested);
    connect(&m_session, &Session::opened, this, &TopBar::fillModels);
    connect(&m_session, &Session::historyChanged, this, [this] {
        m_badge->setText(m_session.badge()); // the history shown may be a recorded one
    });
    connect(&m_session.selection(), &Selection::changed, this, &TopBar::showSelection);
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, &TopBar::restyle);
    restyle();
}

void TopBar::restyle()
{
    m_badge->setFont(ui::font(TextRole::Secondary));
    m_badge->setStyleSheet(QStringLiteral("color: %1; border: 1px solid %1; border-radius: 10px; padding: 3px 10px;")
                               .arg(theme().caution.name()));
    m_search->setStyleSheet(QStringLiteral("color: %1; text-align: left;").arg(theme().muted.name()));
    showSelection();
}

void TopBar::fillModels()
{
    const QSignalBlocker blocker(m_model);
    m_model->clear();
    m_model->addItem(tr("Model: all"));
    for (const ServedModel& model : m_session.fleet().models) {
        m_model->addItem(tr("Model: ") + QString::fromStdString(model.name));
    }
    m_tier->clear();
    m_tier->addItem(tr("Tier: all"));
    for (const SloTier& tier : m_session.fleet().tiers) {
        m_tier->addItem(tr("Tier: ") + QString::fromStdString(tier.name));
    }
    m_badge->setText(m_session.badge());
    showSelection();
}

void TopBar::showSelection()
{
    if (!m_session.isOpen()) {
        return;
    }
    const SelectionState& state = m_session.selection().state();
    m_model->setCurrentIndex(state.model ? static_cast<int>(state.model->index()) + 1 : 0);
    m_tier->setCurrentIndex(state.tier ? static_cast<int>(state.tier->index()) + 1 : 0);
    m_range->setCurrentIndex(state.span ? -1 : m_range->findData(state.rangeSeconds));
    m_range->setPlaceholderText(tr("Range: brushed"));
    m_compare->setChecked(state.compare != Comparing::Nothing);
    m_compare->setText(compareText(state));
    m_world->setText(state.regions.empty() ? tr("World") : tr("World ›"));
    showChips();
}

void TopBar::showChips()
{
    // A row of its own: chips come and go, and the bar above stays where it is.
    delete m_chips->layout();
    qDeleteAll(m_chips->findChildren<QWidget*>(QString(), Qt::FindDirectChildrenOnly));
    auto* row = new QHBoxLayout(m_chips);
    row->setContentsMargins(36, 0, 0, 0); // where the words of the bar above begin
    row->setSpacing(6);
    for (const FilterChip& chip : filterChips(m_session.selection().state(), m_session.fleet(), m_session.places())) {
        if (chip.kind == tr("Compare")) {
            continue; // its switch says so
        }
        auto* button = new QToolButton;
        button->setText(QStringLiteral("%1: %2  ×").arg(chip.kind, chip.value));
        button->setAccessibleName(tr("Filter %1 %2").arg(chip.kind, chip.value));
        button->setToolTip(tr("Take this filter off"));
        button->setProperty("chip", true);
        connect(button, &QToolButton::clicked, this, [this, without = chip.without] {
            // Not while the button is still on the stack: the row is made anew.
            QMetaObject::invokeMethod(
                this, [this, without] { m_session.selection().set(without); }, Qt::QueuedConnection);
        });
        row->addWidget(button);
    }
    row->addStretch(1);
    m_chips->setVisible(row->count() > 1);
}

} // namespace isobar::ui
