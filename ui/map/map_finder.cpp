// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/map_finder.h"

#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <QKeyEvent>
#include <QListWidget>

#include <algorithm>

namespace isobar::ui {
namespace {

constexpr int kWidth = 128, kListWidth = 380, kShown = 10;

} // namespace

MapFinder::MapFinder(std::function<const MapScene&()> scene, QWidget* over, QWidget* parent)
    : QLineEdit(parent)
    , m_scene(std::move(scene))
    , m_list(new QListWidget(over))
{
    setPlaceholderText(QStringLiteral("Find a place  /"));
    setAccessibleName(QStringLiteral("Find a place"));
    setToolTip(QStringLiteral("Find a place by its name, a provider or a region (/)"));
    setFixedWidth(kWidth);
    setFocusPolicy(Qt::ClickFocus); // and its key: a window that opens must not begin in here
    m_list->hide();
    m_list->setObjectName(QStringLiteral("mapFound"));
    m_list->setAccessibleName(QStringLiteral("Places found"));
    m_list->setFocusPolicy(Qt::NoFocus); // the field keeps the keys
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    const auto restyle = [this] {
        const Theme& t = theme();
        m_list->setStyleSheet(
            QStringLiteral("QListWidget { background: %1; color: %2; border: 1px solid %3; border-radius: 7px;"
                           " padding: 3px; font-size: 12px; }"
                           "QListWidget::item { padding: 5px 6px; border-radius: 4px; }"
                           "QListWidget::item:selected { background: %4; color: %5; }")
                .arg(t.raised.name(), t.text.name(), t.line.name(), t.accent.name(), t.onAccent.name()));
    };
    restyle();
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, restyle);
    connect(this, &QLineEdit::textEdited, this, &MapFinder::list);
    connect(m_list, &QListWidget::itemClicked, this,
            [this](const QListWidgetItem* item) { choose(m_list->row(item)); });
}

void MapFinder::focusInEvent(QFocusEvent* event)
{
    std::vector<const MapMarker*> order;
    for (const MapMarker& marker : m_scene().markers) {
        order.push_back(&marker);
    }
    std::stable_sort(order.begin(), order.end(),
                     [](const MapMarker* a, const MapMarker* b) { return a->utilization > b->utilization; });
    m_places.clear();
    for (const MapMarker* marker : order) {
        QStringList words{marker->name, percent(marker->utilization, 0).joined(),
                          marker->regions.join(QStringLiteral(", "))};
        words.removeAll(QString());
        m_places.push_back({marker->id, words.join(QStringLiteral(" · "))});
    }
    QLineEdit::focusInEvent(event);
}

void MapFinder::focusOutEvent(QFocusEvent* event)
{
    m_list->hide();
    QLineEdit::focusOutEvent(event);
    Q_EMIT unfocused();
}

void MapFinder::list(const QString& wanted)
{
    m_list->clear();
    for (const Entry& place : m_places) {
        if (!wanted.trimmed().isEmpty() && m_list->count() < kShown &&
            place.words.contains(wanted.trimmed(), Qt::CaseInsensitive)) {
            auto* item = new QListWidgetItem(place.words, m_list);
            item->setData(Qt::UserRole, place.id);
            item->setToolTip(place.words);
        }
    }
    QWidget* over = m_list->parentWidget();
    const QPoint corner = mapTo(over, QPoint(0, height() + 4));
    const int width = std::min(kListWidth, over->width() - 20);
    const int high = m_list->count() * std::max(1, m_list->sizeHintForRow(0)) + 2 * (m_list->frameWidth() + 4);
    m_list->setGeometry(std::min(corner.x(), over->width() - width - 10), corner.y(), width,
                        std::min(high, over->height() - corner.y() - 10));
    m_list->setCurrentRow(0);
    m_list->setVisible(m_list->count() > 0);
    m_list->raise();
}

void MapFinder::keyPressEvent(QKeyEvent* event)
{
    switch (event->key()) {
    case Qt::Key_Escape:
        clear();
        Q_EMIT left();
        return;
    case Qt::Key_Return:
    case Qt::Key_Enter:
        choose(m_list->currentRow());
        return;
    case Qt::Key_Down:
    case Qt::Key_Up: {
        const int to = m_list->currentRow() + (event->key() == Qt::Key_Down ? 1 : -1);
        m_list->setCurrentRow(std::clamp(to, 0, std::max(0, m_list->count() - 1)));
        return;
    }
    default:
        QLineEdit::keyPressEvent(event);
    }
}

void MapFinder::choose(int row)
{
    const QListWidgetItem* item = m_list->isVisible() ? m_list->item(row) : nullptr;
    if (item != nullptr) {
        const int id = item->data(Qt::UserRole).toInt();
        clear();
        m_list->hide();
        Q_EMIT placeChosen(id);
    }
}

} // namespace isobar::ui
