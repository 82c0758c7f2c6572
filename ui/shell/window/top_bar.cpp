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

/// What happens, one after the other, until the bar fits: the search field says less, commands that the menus have too
/// go, then those that undo, the badge goes to the second row, the search field is its icon, the filters grow narrow.
constexpr int kShortSearch = 1, kNoFiles = 2, kNoUndo = 3, kBadgeBelow = 4, kSearchIcon = 5, kSteps = 6;
constexpr int kWordsBegin = 36; ///< x of the first word of the bar

} // namespace

TopBar::TopBar(Session& session, CommandRegistry& commands, QWidget* parent)
    : QFrame(parent)
    , m_session(session)
    , m_row(new QHBoxLayout)
    , m_below(new QHBoxLayout)
    , m_icon(new QLabel)
    , m_world(new QToolButton)
    , m_model(new QComboBox)
    , m_tier(new QComboBox)
    , m_range(new QComboBox)
    , m_compare(new QToolButton)
    , m_chips(new QWidget)
    , m_badge(new QLabel)
    , m_search(new QPushButton)
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
    m_compare->setPopupMode(QToolButton::MenuButtonPopup);
    m_compare->setMenu(new CompareMenu(session, m_compare));
    for (QComboBox* box : {m_model, m_tier}) {
        box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    }
    m_model->setAccessibleName(tr("Model"));
    m_range->setAccessibleName(tr("Range"));
    m_badge->setAccessibleName(tr("Data badge"));
    m_badge->setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Preferred); // never shortened: what is shown is simulated
    m_search->setToolTip(tr("Search or run a command (Ctrl+K)"));
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
    m_row->setSpacing(8);
    m_below->setSpacing(8);
    column->addLayout(m_row);
    column->addLayout(m_below);
    m_below->setContentsMargins(kWordsBegin, 0, 0, 0);
    m_below->addWidget(m_chips, 1);
    m_below->addStretch(0);
    m_chips->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_row->addWidget(m_icon);
    m_row->addWidget(m_world);
    m_row->addWidget(m_model);
    m_row->addWidget(m_tier);
    m_row->addWidget(m_range);
    m_row->addWidget(m_compare);
    m_row->addWidget(m_badge);
    m_row->addStretch(1);
    m_shortcuts = {tool("file.import", "import", tr("Import")), tool("file.export", "export", tr("Export")),
                   tool("edit.undo", "undo", tr("Undo")), tool("edit.redo", "redo", tr("Redo"))};
    for (const std::size_t i : {2, 3, 0, 1}) {
        m_row->addWidget(m_shortcuts[i]);
    }
    m_row->addWidget(m_search);

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
        if (m_badge->text() != m_session.badge()) { // the history shown may be a recorded one
            m_badge->setText(m_session.badge());
            fit();
        }
        showCompare();
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
    m_search->setIcon(icon(QStringLiteral("search"), theme().muted));
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
    for (QComboBox* box : {m_model, m_tier, m_range}) {
        box->setToolTip(box->currentText());
    }
    m_compare->setChecked(state.compare != Comparing::Nothing);
    showCompare();
    m_world->setText(state.regions.empty() ? tr("World") : tr("World ›"));
    fit();
    showChips();
}

/// What figures are set against; a switch that is on and shows nothing says why.
void TopBar::showCompare()
{
    const SelectionState& state = m_session.selection().state();
    const TimeSpan known{m_session.history().begin(), m_session.history().end()};
    const TimeSpan shown = shownSpan(state, known);
    const bool nothing = state.compare == Comparing::PreviousPeriod &&
                         shown.from - known.from < std::max<aggregate::SimMicros>(1, shown.to - shown.from);
    const QString text = nothing ? tr("Compare: no past") : compareText(state);
    if (m_compare->text() != text || m_compare->toolTip().isEmpty()) {
        m_compare->setText(text);
        m_compare->setToolTip(
            nothing
                ? tr("Nothing is known of as long a time before this range: choose a shorter one, or let the clock run")
                : tr("Show the previous period of the same length as ghost lines; the arrow has recorded runs"));
    }
}

void TopBar::resizeEvent(QResizeEvent* event)
{
    QFrame::resizeEvent(event);
    fit();
    if (m_session.isOpen()) {
        showChips();
    }
}

bool TopBar::event(QEvent* event)
{
    if (event->type() == QEvent::LayoutRequest) { // a text has changed
        fit();
    }
    return QFrame::event(event);
}

void TopBar::fit()
{
    int step = 0;
    while (step < kSteps && neededWidth(step) > width()) {
        ++step;
    }
    arrange(step);
}

QString TopBar::searchText(int step)
{
    return step >= kSearchIcon ? QString() : step >= kShortSearch ? tr("Ctrl+K") : tr("Search commands   Ctrl+K");
}

int TopBar::boxLength(const QComboBox* box, int step) const
{
    const bool narrow = step >= kSteps;
    return box == m_model ? narrow ? 9 : 15 : narrow ? 7 : 13;
}

void TopBar::arrange(int step)
{
    if (step == m_step) {
        return;
    }
    m_step = step;
    m_search->setText(searchText(step));
    QHBoxLayout* const home = step >= kBadgeBelow ? m_below : m_row;
    if (home->indexOf(m_badge) < 0) {
        home->insertWidget(step >= kBadgeBelow ? 0 : m_row->indexOf(m_compare) + 1, m_badge);
    }
    for (std::size_t i = 0; i < m_shortcuts.size(); ++i) {
        m_shortcuts[i]->setVisible(step < (i < 2 ? kNoFiles : kNoUndo));
    }
    for (QComboBox* box : {m_model, m_tier}) {
        box->setMinimumContentsLength(boxLength(box, step));
    }
}

int TopBar::neededWidth(int step) const
{
    const QMargins margins = layout()->contentsMargins();
    const int gap = m_row->spacing();
    int needed = margins.left() + margins.right();
    for (const QWidget* widget : std::initializer_list<const QWidget*>{m_icon, m_world, m_range, m_compare}) {
        needed += widget->sizeHint().width() + gap;
    }
    for (const QComboBox* box : {m_model, m_tier}) {
        const int letters = boxLength(box, step) - box->minimumContentsLength();
        needed += box->sizeHint().width() + letters * box->fontMetrics().horizontalAdvance(QLatin1Char('X')) + gap;
    }
    needed += step >= kBadgeBelow ? 0 : m_badge->sizeHint().width() + gap;
    for (std::size_t i = 0; i < m_shortcuts.size(); ++i) {
        needed += step < (i < 2 ? kNoFiles : kNoUndo) ? m_shortcuts[i]->sizeHint().width() + gap : 0;
    }
    const QFontMetrics letters = m_search->fontMetrics();
    return needed + m_search->sizeHint().width() + letters.horizontalAdvance(searchText(step)) -
           letters.horizontalAdvance(m_search->text());
}

void TopBar::showChips()
{
    // A row of its own: chips come and go, and the bar above stays where it is.
    delete m_chips->layout();
    for (QWidget* old : m_chips->findChildren<QWidget*>(QString(), Qt::FindDirectChildrenOnly)) {
        old->hide();
        old->deleteLater(); // a chip's own first showing may have widened the bar that makes the chips anew
    }
    auto* row = new QHBoxLayout(m_chips);
    row->setContentsMargins(0, 0, 0, 0);
    row->setSpacing(6);
    std::vector<QToolButton*> buttons;
    std::vector<FilterChip> chips = filterChips(m_session.selection().state(), m_session.fleet(), m_session.places());
    std::erase_if(chips, [](const FilterChip& chip) { return chip.kind == tr("Compare"); }); // its switch says so
    for (const FilterChip& chip : chips) {
        auto* button = new QToolButton(m_chips);
        button->setAccessibleName(tr("Filter %1 %2").arg(chip.kind, chip.value));
        button->setToolTip(tr("%1: %2. A click takes this filter off.").arg(chip.kind, chip.value));
        button->setProperty("chip", true);
        connect(button, &QToolButton::clicked, this, [this, without = chip.without] {
            // Not while the button is still on the stack: the row is made anew.
            QMetaObject::invokeMethod(
                this, [this, without] { m_session.selection().set(without); }, Qt::QueuedConnection);
        });
        row->addWidget(button);
        buttons.push_back(button);
    }
    // In full where there is room; else what is chosen without saying of what, else the beginning of that.
    const int room = width() - 2 * kWordsBegin - (m_step >= kBadgeBelow ? m_badge->sizeHint().width() : 0);
    for (const int letters : {0, 28, 14, 6, 3}) {
        int needed = 0;
        for (std::size_t i = 0; i < chips.size(); ++i) {
            const QString& value = chips[i].value;
            const QString shown = letters == 0             ? tr("%1: %2").arg(chips[i].kind, value)
                                  : value.size() > letters ? value.left(letters - 1) + QStringLiteral("…")
                                                           : value;
            buttons[i]->setText(shown + QStringLiteral("  ×"));
            needed += buttons[i]->sizeHint().width() + row->spacing();
        }
        if (needed <= room) {
            break;
        }
    }
    row->addStretch(1);
    m_chips->setVisible(!chips.empty());
}

} // namespace isobar::ui
