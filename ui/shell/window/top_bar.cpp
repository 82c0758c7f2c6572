// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/window/top_bar.h"

#include "ui/shell/command_registry.h"
#include "ui/shell/icon.h"
#include "ui/shell/theme.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QSignalBlocker>
#include <QToolButton>

#include <algorithm>
#include <array>

namespace isobar::ui {
namespace {

struct Range {
    const char* title;
    double seconds;
};
constexpr std::array<Range, 6> kRanges{{{"last 1 min", 60},
                                        {"last 5 min", 300},
                                        {"last 15 min", 900},
                                        {"last 1 h", 3600},
                                        {"last 24 h", 86'400},
                                        {"all history", 0}}};

} // namespace

TopBar::TopBar(Session& session, CommandRegistry& commands, QWidget* parent)
    : QFrame(parent)
    , m_session(session)
    , m_icon(new QLabel)
    , m_world(new QToolButton)
    , m_where(new QLabel)
    , m_model(new QComboBox)
    , m_range(new QComboBox)
    , m_provider(new QLabel)
    , m_badge(new QLabel)
    , m_search(new QPushButton(tr("Search commands   Ctrl+K")))
{
    m_icon->setPixmap(appIcon().pixmap(24, 24));
    m_world->setText(tr("World"));
    m_world->setProperty("flat", true);
    m_world->setAccessibleName(tr("World"));
    m_world->setToolTip(tr("Clear the selection"));
    m_where->setAccessibleName(tr("Selection"));
    m_model->setAccessibleName(tr("Model"));
    m_model->setSizeAdjustPolicy(QComboBox::AdjustToContents);
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
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(Theme::kPadding, 6, Theme::kPadding, 6);
    row->setSpacing(8);
    row->addWidget(m_icon);
    row->addWidget(m_world);
    row->addWidget(m_where);
    row->addWidget(m_model);
    row->addWidget(m_range);
    row->addWidget(m_provider);
    row->addWidget(m_badge);
    row->addStretch(1);
    row->addWidget(tool("edit.undo", "undo", tr("Undo")));
    row->addWidget(tool("edit.redo", "redo", tr("Redo")));
    row->addWidget(tool("file.import", "import", tr("Import")));
    row->addWidget(tool("file.export", "export", tr("Export")));
    row->addWidget(m_search);

    connect(m_world, &QToolButton::clicked, this, [this] {
        SelectionState state = m_session.selection().state();
        state.regions.clear();
        state.provider.reset();
        state.model.reset();
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
        m_session.selection().set(state);
    });
    connect(m_search, &QPushButton::clicked, this, &TopBar::searchRequested);
    connect(&m_session, &Session::opened, this, &TopBar::fillModels);
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
    m_badge->setText(m_session.badge());
    showSelection();
}

void TopBar::showSelection()
{
    if (!m_session.isOpen()) {
        return;
    }
    const SelectionState& state = m_session.selection().state();
    QStringList places;
    for (const Place& place : m_session.places()) {
        if (holdsSelection(place, state)) {
            places << QString::fromStdString(place.name);
        }
    }
    const QString quiet = QStringLiteral("<span style='color:%1'>›</span> ").arg(theme().muted.name());
    m_where->setText(places.isEmpty() ? quiet + tr("all places")
                     : places.size() <= 2
                         ? quiet + places.join(QStringLiteral(", ")).toHtmlEscaped()
                         : quiet + tr("%1 and %2 more").arg(places.front().toHtmlEscaped()).arg(places.size() - 1));
    m_provider->setText(state.provider ? QString::fromStdString(m_session.fleet()[*state.provider].name) : QString());
    m_provider->setVisible(state.provider.has_value());
    m_model->setCurrentIndex(state.model ? static_cast<int>(state.model->index()) + 1 : 0);
    m_range->setCurrentIndex(m_range->findData(state.rangeSeconds));
}

} // namespace isobar::ui
