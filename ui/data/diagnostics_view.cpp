// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/data/diagnostics_view.h"

#include "ui/data/data_words.h"
#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <QAction>
#include <QClipboard>
#include <QComboBox>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLabel>
#include <QRegularExpression>
#include <QSortFilterProxyModel>
#include <QStyledItemDelegate>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>
#include <map>

namespace isobar::ui {
namespace {

/// Cells without a focus frame of their own (the row is the selection), which keep their colours when selected.
class RowDelegate final : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;

protected:
    void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override
    {
        QStyledItemDelegate::initStyleOption(option, index);
        option->state.setFlag(QStyle::State_HasFocus, false);
        option->palette.setColor(QPalette::HighlightedText, option->palette.color(QPalette::Text));
    }
};

} // namespace

void setUpTable(QTableView& table, const QString& name, int stretch)
{
    table.setAccessibleName(name);
    table.setSelectionBehavior(QAbstractItemView::SelectRows);
    table.setEditTriggers(QAbstractItemView::NoEditTriggers);
    table.setShowGrid(false);
    table.setWordWrap(false);
    table.setTabKeyNavigation(false);
    table.setFrameShape(QFrame::NoFrame);
    table.setStyleSheet(QStringLiteral("QTableView { border: none; border-radius: 0; background: transparent; }"
                                       "QTableView::item { padding: 0 5px; border: none; }"));
    table.setItemDelegate(new RowDelegate(&table));
    table.verticalHeader()->hide();
    table.verticalHeader()->setDefaultSectionSize(28);
    table.horizontalHeader()->setHighlightSections(false);
    table.horizontalHeader()->setSectionResizeMode(QHeaderView::Interactive);
    table.horizontalHeader()->setSectionResizeMode(stretch, QHeaderView::Stretch);
    table.setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
}

DiagnosticsView::DiagnosticsView(QWidget* parent)
    : QWidget(parent)
    , m_heading(new QLabel(this))
    , m_note(new QLabel(this))
    , m_empty(new QLabel(this))
    , m_rule(new QComboBox(this))
    , m_table(new QTableView(this))
    , m_tools(new QWidget(this))
    , m_model(new DiagnosticsModel(this))
    , m_shown(new QSortFilterProxyModel(this))
{
    m_heading->setFont(ui::font(TextRole::Strong));
    m_heading->setTextFormat(Qt::PlainText);
    m_note->setProperty("muted", true);
    m_note->setFont(ui::font(TextRole::Secondary));
    m_empty->setProperty("muted", true);
    m_empty->setWordWrap(true);
    m_empty->setAlignment(Qt::AlignCenter);
    m_rule->setObjectName(QStringLiteral("diagnosticsRule"));
    m_rule->setAccessibleName(tr("Show only rows of one rule"));
    m_rule->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    m_table->setObjectName(QStringLiteral("diagnosticsTable"));
    m_shown->setSourceModel(m_model);
    m_shown->setSortRole(DiagnosticsModel::SortRole);
    m_shown->setFilterKeyColumn(DiagnosticsModel::Rule);
    m_table->setModel(m_shown);
    setUpTable(*m_table, tr("Rows to look at"), DiagnosticsModel::Text);
    m_table->setSortingEnabled(true);
    m_table->horizontalHeader()->setSortIndicatorShown(false); // it would lie on the right-aligned titles
    m_table->sortByColumn(DiagnosticsModel::Line, Qt::AscendingOrder);
    m_table->setColumnWidth(DiagnosticsModel::Line, 84);
    m_table->setColumnWidth(DiagnosticsModel::Field, 70);
    m_table->setColumnWidth(DiagnosticsModel::Rule, 160);
    m_table->setColumnWidth(DiagnosticsModel::Outcome, 110);

    auto* copyRows = new QAction(tr("Copy"), m_table);
    copyRows->setShortcut(QKeySequence::Copy);
    copyRows->setShortcutContext(Qt::WidgetShortcut);
    m_table->addAction(copyRows);
    m_table->installEventFilter(this);
    m_table->setContextMenuPolicy(Qt::ActionsContextMenu);

    auto* tools = new QHBoxLayout(m_tools);
    tools->setContentsMargins(0, 0, 0, 0);
    tools->setSpacing(8);
    tools->addWidget(m_rule);
    auto* top = new QHBoxLayout;
    top->setContentsMargins(Theme::kPadding - kTableInset, 10, Theme::kPadding - kTableInset, 0);
    top->setSpacing(10);
    top->addWidget(m_heading);
    top->addWidget(m_note, 1);
    top->addWidget(m_tools);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(1 + kTableInset, 1, 1 + kTableInset, 8);
    column->setSpacing(8);
    column->addLayout(top);
    column->addWidget(m_table, 1);
    column->addWidget(m_empty, 1);

    connect(copyRows, &QAction::triggered, this, &DiagnosticsView::copy);
    connect(m_rule, &QComboBox::currentIndexChanged, this, &DiagnosticsView::filterByRule);
    showRows({}, {}, 0, {});
}

void DiagnosticsView::showRows(const QString& heading, std::vector<store::Diagnostic> rows, std::int64_t total,
                               const QString& whenEmpty)
{
    std::map<std::string, std::int64_t> perRule;
    for (const store::Diagnostic& row : rows) {
        ++perRule[row.rule];
    }
    const auto here = static_cast<std::int64_t>(rows.size());
    m_heading->setText(heading);
    m_note->setText(here == 0 ? QString()
                    : here < total
                        ? tr("the first %1 of %2")
                              .arg(grouped(static_cast<double>(here), 0), grouped(static_cast<double>(total), 0))
                        : counted(here, tr("row"), tr("rows")));
    m_model->setRows(std::move(rows));

    const QSignalBlocker quiet(m_rule);
    m_rule->clear();
    m_rule->addItem(tr("All rules"), QString());
    for (const auto& [rule, count] : perRule) {
        const QString name = QString::fromStdString(rule);
        m_rule->addItem(name + QStringLiteral(" · ") + grouped(static_cast<double>(count), 0), name);
    }
    filterByRule();
    m_rule->setVisible(perRule.size() > 1);
    m_table->setVisible(here > 0);
    m_empty->setVisible(here == 0);
    m_empty->setText(whenEmpty);
    m_table->scrollToTop();
}

void DiagnosticsView::hideOutcome()
{
    m_table->setColumnHidden(DiagnosticsModel::Outcome, true);
}

void DiagnosticsView::addTool(QWidget* tool)
{
    m_tools->layout()->addWidget(tool);
}

QString DiagnosticsView::asText() const
{
    QModelIndexList rows = m_table->selectionModel()->selectedRows();
    std::sort(rows.begin(), rows.end());
    if (rows.isEmpty()) {
        for (int i = 0; i < m_shown->rowCount(); ++i) {
            rows << m_shown->index(i, 0);
        }
    }
    QString text;
    for (const QModelIndex& shown : rows) {
        const store::Diagnostic& row = m_model->rows()[static_cast<std::size_t>(m_shown->mapToSource(shown).row())];
        QString why = QString::fromStdString(row.text);
        why.replace(QLatin1Char('\t'), QLatin1Char(' ')).replace(QLatin1Char('\n'), QLatin1Char(' '));
        text += QString::number(row.line) + QLatin1Char('\t') +
                (row.column > 0 ? QString::number(row.column) : QString()) + QLatin1Char('\t') +
                QString::fromStdString(row.rule) + QLatin1Char('\t') + why + QLatin1Char('\n');
    }
    return text;
}

/// A table would copy its current cell alone.
bool DiagnosticsView::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_table && event->type() == QEvent::KeyPress &&
        static_cast<QKeyEvent*>(event)->matches(QKeySequence::Copy)) {
        copy();
        return true;
    }
    return QWidget::eventFilter(watched, event);
}

void DiagnosticsView::copy() const
{
    QGuiApplication::clipboard()->setText(asText());
}

void DiagnosticsView::filterByRule()
{
    const QString rule = m_rule->currentData().toString();
    m_shown->setFilterRegularExpression(
        rule.isEmpty() ? QRegularExpression()
                       : QRegularExpression(QRegularExpression::anchoredPattern(QRegularExpression::escape(rule))));
}

} // namespace isobar::ui
