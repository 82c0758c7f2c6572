// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/command_palette.h"

#include "ui/shell/icon.h"
#include "ui/shell/theme.h"

#include <QAbstractListModel>
#include <QApplication>
#include <QEvent>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QPainter>
#include <QStyledItemDelegate>
#include <QVBoxLayout>

#include <algorithm>
#include <vector>

namespace isobar::ui {
namespace {

constexpr int kWidth = 580, kRowHeight = 36, kMaxRows = 9, kShadow = 6, kTop = 56;
constexpr int kWordStart = 12, kRun = 8, kFirstCharacter = 6;

enum Role { PositionsRole = Qt::UserRole, ShortcutRole, CheckedRole };

bool startsWord(const QString& title, int at)
{
    return at == 0 || (!title[at - 1].isLetterOrNumber() && title[at].isLetterOrNumber());
}

/// One row: title with the letters that matched stressed, shortcut at the right in a quieter tone.
class RowPainter final : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const override { return {0, kRowHeight}; }

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        const Theme& t = theme();
        const bool enabled = index.flags().testFlag(Qt::ItemIsEnabled);
        const bool current = option.state.testFlag(QStyle::State_Selected);
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        const QRectF row = QRectF(option.rect).adjusted(0, 1, 0, -1);
        if (current) {
            painter->setPen(Qt::NoPen);
            painter->setBrush(t.line);
            painter->drawRoundedRect(row, Theme::kControlRadius, Theme::kControlRadius);
        }
        QRectF inner = row.adjusted(12, 0, -12, 0);
        const QString shortcut = index.data(ShortcutRole).toString();
        if (!shortcut.isEmpty()) {
            painter->setFont(font(TextRole::Secondary));
            painter->setPen(enabled ? t.muted : t.faint);
            painter->drawText(inner, Qt::AlignRight | Qt::AlignVCenter, shortcut);
            inner.setRight(inner.right() - painter->fontMetrics().horizontalAdvance(shortcut) - 16);
        }
        if (index.data(CheckedRole).toBool()) {
            painter->setFont(font(TextRole::Secondary));
            painter->setPen(enabled ? t.accent : t.faint);
            painter->drawText(inner, Qt::AlignRight | Qt::AlignVCenter, QStringLiteral("on"));
            inner.setRight(inner.right() - 32);
        }
        paintTitle(*painter, inner, index, enabled);
        painter->restore();
    }

private:
    static void paintTitle(QPainter& painter, const QRectF& box, const QModelIndex& index, bool enabled)
    {
        const Theme& t = theme();
        const QString title = index.data(Qt::DisplayRole).toString();
        const auto positions = index.data(PositionsRole).value<QList<int>>();
        const QFontMetricsF plain(font(TextRole::Body)), strong(font(TextRole::Strong));
        if (positions.isEmpty() || plain.horizontalAdvance(title) * 1.1 > box.width()) {
            painter.setFont(font(TextRole::Body));
            painter.setPen(enabled ? t.text : t.faint);
            painter.drawText(box, Qt::AlignLeft | Qt::AlignVCenter,
                             plain.elidedText(title, Qt::ElideRight, box.width()));
            return;
        }
        double x = box.left();
        for (int i = 0; i < title.size();) {
            const bool hit = positions.contains(i);
            int end = i + 1;
            while (end < title.size() && positions.contains(end) == hit) {
                ++end;
            }
            const QString part = title.mid(i, end - i);
            painter.setFont(font(hit ? TextRole::Strong : TextRole::Body));
            painter.setPen(!enabled ? t.faint : hit ? t.accent : t.text);
            painter.drawText(QRectF(x, box.top(), box.right() - x, box.height()), Qt::AlignLeft | Qt::AlignVCenter,
                             part);
            x += (hit ? strong : plain).horizontalAdvance(part);
            i = end;
        }
    }
};

} // namespace

QString plainTitle(const QString& title)
{
    QString plain;
    for (int i = 0; i < title.size(); ++i) {
        if (title[i] == QLatin1Char('&') && i + 1 < title.size()) {
            ++i; // "&&" is one ampersand, "&x" an x
        }
        plain += title[i];
    }
    return plain;
}

std::optional<FuzzyMatch> fuzzyMatch(const QString& query, const QString& title)
{
    QString wanted;
    for (const QChar c : query) {
        if (!c.isSpace()) {
            wanted += c.toCaseFolded();
        }
    }
    if (wanted.isEmpty()) {
        return FuzzyMatch{};
    }
    const auto rows = static_cast<std::size_t>(wanted.size()), columns = static_cast<std::size_t>(title.size());
    constexpr int kNone = -1;
    // best[q][c]: the best score with wanted[q] standing at title[c]; from[q][c]: where the one before stood.
    std::vector<std::vector<int>> best(rows, std::vector<int>(columns, kNone)), from = best;
    for (std::size_t q = 0; q < rows; ++q) {
        for (std::size_t c = q; c < columns; ++c) {
            const int at = static_cast<int>(c);
            if (title[at].toCaseFolded() != wanted[static_cast<int>(q)]) {
                continue;
            }
            const int own = 1 + (startsWord(title, at) ? kWordStart : 0) + (at == 0 ? kFirstCharacter : 0);
            if (q == 0) {
                best[q][c] = own;
                continue;
            }
            for (std::size_t before = q - 1; before < c; ++before) {
                if (best[q - 1][before] == kNone) {
                    continue;
                }
                const int score = best[q - 1][before] + own + (before + 1 == c ? kRun : 0);
                if (score > best[q][c]) {
                    best[q][c] = score;
                    from[q][c] = static_cast<int>(before);
                }
            }
        }
    }
    const auto end = std::max_element(best.back().begin(), best.back().end());
    if (end == best.back().end() || *end == kNone) {
        return std::nullopt;
    }
    FuzzyMatch match;
    match.score = *end;
    int at = static_cast<int>(end - best.back().begin());
    for (std::size_t q = rows; q-- > 0;) {
        match.positions.prepend(at);
        at = from[q][static_cast<std::size_t>(at)];
    }
    return match;
}

std::optional<FuzzyMatch> matchWords(const QString& query, const QString& title)
{
    if (auto match = fuzzyMatch(query, title)) {
        return match;
    }
    const QStringList words = query.split(QLatin1Char(' '), Qt::SkipEmptyParts);
    FuzzyMatch all;
    for (const QString& word : words) {
        const qsizetype at = title.indexOf(word, 0, Qt::CaseInsensitive);
        if (words.size() < 2 || at < 0) {
            return std::nullopt;
        }
        all.score += static_cast<int>(word.size());
        for (qsizetype i = 0; i < word.size(); ++i) {
            all.positions << static_cast<int>(at + i);
        }
    }
    return all;
}

/// Whether each word of the query begins one of the names.
static bool isOtherName(const QString& query, const QString& names)
{
    const QStringList known = names.split(QLatin1Char(' '), Qt::SkipEmptyParts);
    const QStringList words = query.split(QLatin1Char(' '), Qt::SkipEmptyParts);
    return !words.isEmpty() && std::all_of(words.begin(), words.end(), [&known](const QString& word) {
        return std::any_of(known.begin(), known.end(),
                           [&word](const QString& name) { return name.startsWith(word, Qt::CaseInsensitive); });
    });
}

/// The commands that fit the query, best first, those that cannot run last.
class CommandPalette::Matches final : public QAbstractListModel {
public:
    struct Entry {
        QString title, shortcut;
        bool enabled = true, checked = false;
        FuzzyMatch match;
        std::function<void()> run;
    };

    using QAbstractListModel::QAbstractListModel;

    void use(std::vector<Entry> entries)
    {
        beginResetModel();
        m_entries = std::move(entries);
        endResetModel();
    }

    [[nodiscard]] const Entry& at(int row) const { return m_entries[static_cast<std::size_t>(row)]; }

    int rowCount(const QModelIndex& parent = {}) const override
    {
        return parent.isValid() ? 0 : static_cast<int>(m_entries.size());
    }

    QVariant data(const QModelIndex& index, int role) const override
    {
        if (!index.isValid()) {
            return {};
        }
        const Entry& entry = at(index.row());
        switch (role) {
        case Qt::DisplayRole:
            return entry.title;
        case Qt::AccessibleTextRole:
            return entry.shortcut.isEmpty() ? entry.title : entry.title + QStringLiteral(", ") + entry.shortcut;
        case PositionsRole:
            return QVariant::fromValue(entry.match.positions);
        case ShortcutRole:
            return entry.shortcut;
        case CheckedRole:
            return entry.checked;
        default:
            return {};
        }
    }

    Qt::ItemFlags flags(const QModelIndex& index) const override
    {
        return index.isValid() && at(index.row()).enabled ? Qt::ItemIsSelectable | Qt::ItemIsEnabled : Qt::NoItemFlags;
    }

    /// How many can run; they come first.
    [[nodiscard]] int enabledRows() const
    {
        return static_cast<int>(
            std::count_if(m_entries.begin(), m_entries.end(), [](const Entry& e) { return e.enabled; }));
    }

private:
    std::vector<Entry> m_entries;
};

CommandPalette::CommandPalette(CommandRegistry& registry, QWidget* window)
    : QFrame(window)
    , m_registry(registry)
    , m_query(new QLineEdit(this))
    , m_list(new QListView(this))
    , m_nothing(new QLabel(tr("Nothing is called that: try fewer letters."), this))
    , m_matches(new Matches(this))
{
    setObjectName(QStringLiteral("commandPalette"));
    setAccessibleName(tr("Commands"));
    setFocusProxy(m_query);
    m_query->setObjectName(QStringLiteral("commandQuery"));
    m_query->setAccessibleName(tr("Search commands and places"));
    m_query->setPlaceholderText(tr("Run a command, or go to a place, board, model, pool…"));
    m_query->setStyleSheet(QStringLiteral("background: transparent; border: none; padding: 9px 4px;"));
    m_query->addAction(icon(QStringLiteral("search"), theme().muted), QLineEdit::LeadingPosition);
    m_list->setObjectName(QStringLiteral("commandList"));
    m_list->setAccessibleName(tr("Matching commands"));
    m_list->setModel(m_matches);
    m_list->setItemDelegate(new RowPainter(m_list));
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setStyleSheet(QStringLiteral("QListView { background: transparent; border: none; }"));
    m_list->setFocusPolicy(Qt::NoFocus);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setUniformItemSizes(true);
    m_list->setMouseTracking(true);
    m_nothing->setProperty("muted", true);
    m_nothing->setContentsMargins(12, 6, 12, 12);

    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(kShadow + 6, kShadow + 4, kShadow + 6, kShadow + 6);
    column->setSpacing(4);
    column->addWidget(m_query);
    column->addWidget(m_list);
    column->addWidget(m_nothing);

    connect(m_query, &QLineEdit::textChanged, this, &CommandPalette::filter);
    connect(m_list, &QListView::entered, m_list, &QListView::setCurrentIndex);
    connect(m_list, &QListView::clicked, this, [this](const QModelIndex& index) { run(index.row()); });
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, [this] {
        m_query->actions().constFirst()->setIcon(icon(QStringLiteral("search"), theme().muted));
        update();
    });
    connect(qApp, &QApplication::focusChanged, this, [this](QWidget*, QWidget* now) {
        // A menu or another window taking the keyboard for a moment is no reason to go: only another control here is.
        if (isVisible() && now != nullptr && now->window() == this->window() && now != this && !isAncestorOf(now)) {
            m_focusBefore = now;
            dismiss();
        }
    });
    m_query->installEventFilter(this);
    window->installEventFilter(this);
    hide();
}

void CommandPalette::open()
{
    if (!isVisible()) {
        m_focusBefore = window()->focusWidget();
    }
    m_registry.refresh();
    m_destinations = destinations ? destinations() : std::vector<Destination>();
    m_query->clear();
    filter({});
    show();
    raise();
    m_query->setFocus(Qt::ShortcutFocusReason);
}

void CommandPalette::dismiss()
{
    const bool hadFocus = isAncestorOf(window()->focusWidget());
    hide();
    if (hadFocus && m_focusBefore) {
        m_focusBefore->setFocus(Qt::OtherFocusReason);
    }
}

void CommandPalette::filter(const QString& query)
{
    std::vector<Matches::Entry> found;
    for (const Command& command : m_registry.commands()) {
        QAction* action = m_registry.action(command.id);
        const QString title = plainTitle(action->text());
        auto match = matchWords(query, title);
        if (!match && isOtherName(query, command.otherNames)) {
            match = FuzzyMatch{}; // behind all whose title fits
        }
        if (match) {
            found.push_back({title, action->shortcut().toString(QKeySequence::NativeText), action->isEnabled(),
                             action->isCheckable() && action->isChecked(), std::move(*match),
                             [action] { action->trigger(); }});
        }
    }
    if (!query.trimmed().isEmpty()) {
        for (const Destination& destination : m_destinations) {
            if (auto match = matchWords(query, destination.title)) {
                found.push_back({destination.title, {}, true, false, std::move(*match), destination.go});
            }
        }
    }
    // Stable: equally good ones keep the order they were registered in, commands first.
    std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
        return a.enabled != b.enabled ? a.enabled : a.match.score > b.match.score;
    });
    m_matches->use(std::move(found));
    const int rows = m_matches->rowCount();
    m_list->setVisible(rows > 0);
    m_nothing->setVisible(rows == 0);
    m_list->setCurrentIndex(m_matches->index(0));
    place();
}

void CommandPalette::place()
{
    const QSize host = parentWidget()->size();
    const int top = std::min(kTop, host.height() / 10);
    const int width = std::min(kWidth, host.width() - 40) + 2 * kShadow;
    // As many rows as fit under the query, at most kMaxRows; the rest scrolls.
    const QMargins margins = layout()->contentsMargins();
    const int frame = margins.top() + margins.bottom() + m_query->sizeHint().height() + layout()->spacing();
    const int fit = std::clamp((host.height() - top - frame) / kRowHeight, 1, kMaxRows);
    const int rows = m_matches->rowCount();
    m_list->setFixedHeight(std::min(rows, fit) * kRowHeight);
    const int content = rows > 0 ? m_list->height() : m_nothing->sizeHint().height();
    setGeometry((host.width() - width) / 2, top - kShadow, width, frame + content);
}

void CommandPalette::step(int rows)
{
    if (const int count = m_matches->enabledRows(); count > 0) {
        m_list->setCurrentIndex(m_matches->index((m_list->currentIndex().row() + rows % count + count) % count));
    }
}

void CommandPalette::run(int row)
{
    if (row < 0 || !m_matches->at(row).enabled) {
        return;
    }
    const std::function<void()> chosen = m_matches->at(row).run;
    dismiss(); // first, so that a dialog the command opens is not behind the palette
    chosen();
}

bool CommandPalette::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_query && event->type() == QEvent::KeyPress) {
        switch (static_cast<QKeyEvent*>(event)->key()) {
        case Qt::Key_Escape:
            dismiss();
            return true;
        case Qt::Key_Return:
        case Qt::Key_Enter:
            run(m_list->currentIndex().row());
            return true;
        case Qt::Key_Up:
            step(-1);
            return true;
        case Qt::Key_Down:
            step(1);
            return true;
        case Qt::Key_PageUp:
            m_list->setCurrentIndex(m_matches->index(0));
            return true;
        case Qt::Key_PageDown:
            m_list->setCurrentIndex(m_matches->index(m_matches->rowCount() - 1));
            return true;
        default:
            break;
        }
    }
    if (watched == parentWidget() && isVisible()) {
        if (event->type() == QEvent::Resize) {
            place();
        } else if (event->type() == QEvent::MouseButtonPress) {
            dismiss();
        }
    }
    return QFrame::eventFilter(watched, event);
}

void CommandPalette::paintEvent(QPaintEvent*)
{
    const Theme& t = theme();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF box = QRectF(rect()).adjusted(kShadow, kShadow, -kShadow, -kShadow);
    painter.setPen(Qt::NoPen);
    for (int i = kShadow; i > 0; --i) {
        painter.setBrush(QColor(0, 0, 0, t.dark ? 26 : 4));
        painter.drawRoundedRect(box.adjusted(-i, -i, i, i), Theme::kPanelRadius + i, Theme::kPanelRadius + i);
    }
    painter.setBrush(t.raised);
    painter.setPen(QPen(t.line, 1));
    painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), Theme::kPanelRadius, Theme::kPanelRadius);
    const double y = m_query->geometry().bottom() + 2.5;
    painter.drawLine(QPointF(box.left() + 1, y), QPointF(box.right() - 1, y));
}

} // namespace isobar::ui
