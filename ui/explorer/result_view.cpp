// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explorer/result_view.h"

#include "model/report/table_writer.h"
#include "ui/data/data_words.h"
#include "ui/shell/theme.h"

#include <QApplication>
#include <QClipboard>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLabel>
#include <QPushButton>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>

namespace isobar::ui {
namespace {

constexpr int kWidestColumn = 360, kLooksAt = 200;

} // namespace

ResultView::ResultView(const QString& name, QWidget* parent)
    : QFrame(parent)
    , m_name(name)
    , m_model(new ResultModel(this))
    , m_order(new ResultOrder(this))
    , m_heading(new QLabel(this))
    , m_nothing(new QLabel(this))
    , m_table(new QTableView(this))
    , m_tools(new QWidget(this))
    , m_copy(new QPushButton(tr("Copy"), this))
    , m_export(new QPushButton(tr("Export CSV…"), this))
{
    setProperty("panel", true);
    m_heading->setObjectName(name + QStringLiteral("Heading"));
    m_heading->setProperty("muted", true);
    m_heading->setWordWrap(true);
    m_nothing->setObjectName(name + QStringLiteral("Nothing"));
    m_nothing->setProperty("muted", true);
    m_nothing->setAlignment(Qt::AlignCenter);
    m_nothing->setWordWrap(true);
    m_copy->setObjectName(name + QStringLiteral("Copy"));
    m_copy->setToolTip(tr("The selected rows, or all"));
    m_copy->setAccessibleName(tr("Copy the result"));
    m_export->setObjectName(name + QStringLiteral("Export"));
    m_export->setAccessibleName(tr("Export the result as CSV"));
    m_order->setSourceModel(m_model);
    m_table->setObjectName(name + QStringLiteral("Table"));
    m_table->setAccessibleName(tr("Result"));
    m_table->setModel(m_order);
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_table->setShowGrid(false);
    m_table->setWordWrap(false);
    m_table->setTabKeyNavigation(false);
    m_table->setFrameShape(QFrame::NoFrame);
    m_table->setStyleSheet(QStringLiteral("QTableView { border: none; border-radius: 0; background: transparent; }"
                                          "QTableView::item { padding: 0 5px; border: none; }"
                                          "QHeaderView { background: transparent; border: none; }"
                                          "QAbstractScrollArea::corner { background: transparent; border: none; }"));
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setDefaultSectionSize(26);
    m_table->horizontalHeader()->setHighlightSections(false);
    m_table->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_table->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_table->installEventFilter(this);
    m_table->horizontalHeader()->setSortIndicatorClearable(true);
    m_table->setSortingEnabled(true);

    auto* tools = new QHBoxLayout(m_tools);
    tools->setContentsMargins(0, 0, 0, 0);
    tools->addWidget(m_copy);
    tools->addWidget(m_export);
    auto* top = new QHBoxLayout;
    top->setContentsMargins(Theme::kPadding - kTableInset, 8, 8 - kTableInset, 0);
    top->addWidget(m_heading, 1);
    top->addWidget(m_tools);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(1 + kTableInset, 1, 1 + kTableInset, 8);
    column->addLayout(top);
    column->addWidget(m_table, 1);
    column->addWidget(m_nothing, 1);
    connect(m_copy, &QPushButton::clicked, this, &ResultView::copy);
    connect(m_export, &QPushButton::clicked, this, &ResultView::chooseExport);
    showNothing({});
}

void ResultView::addTool(QWidget* tool)
{
    static_cast<QHBoxLayout*>(m_tools->layout())->insertWidget(0, tool);
}

void ResultView::showTable(store::SqlTable table, std::string csv, const QString& heading)
{
    m_csv = std::move(csv);
    m_model->setTable(std::move(table));
    m_order->sort(-1);
    m_table->horizontalHeader()->setSortIndicator(-1, Qt::AscendingOrder);
    m_table->horizontalHeader()->setResizeContentsPrecision(kLooksAt);
    m_table->resizeColumnsToContents();
    for (int column = 0; column < m_model->columnCount(); ++column) {
        m_table->setColumnWidth(column, std::min(kWidestColumn, m_table->columnWidth(column) + 18));
    }
    m_heading->setText(heading);
    m_heading->show();
    m_table->show();
    m_nothing->hide();
    m_copy->setEnabled(true);
    m_export->setEnabled(true);
}

void ResultView::showNothing(const QString& why)
{
    m_csv.clear();
    m_model->setTable({});
    m_heading->clear();
    m_nothing->setText(why);
    m_table->hide();
    m_nothing->show();
    m_copy->setEnabled(false);
    m_export->setEnabled(false);
}

QString ResultView::asText() const
{
    std::vector<int> rows;
    for (const QModelIndex& index : m_table->selectionModel()->selectedRows()) {
        rows.push_back(index.row());
    }
    if (rows.empty()) {
        for (int row = 0; row < m_order->rowCount(); ++row) {
            rows.push_back(row);
        }
    }
    std::sort(rows.begin(), rows.end());
    QStringList lines, cells;
    for (const std::string& name : m_model->table().columns) {
        cells << QString::fromStdString(name);
    }
    lines << cells.join(QLatin1Char('\t'));
    for (const int row : rows) {
        cells.clear();
        const int source = m_order->mapToSource(m_order->index(row, 0)).row();
        for (const store::SqlValue& value : m_model->table().rows[static_cast<std::size_t>(source)]) {
            // A tab or a line end within a cell would make two of it.
            cells << QString::fromStdString(store::toText(value)).simplified();
        }
        lines << cells.join(QLatin1Char('\t'));
    }
    return lines.join(QLatin1Char('\n')) + QLatin1Char('\n');
}

void ResultView::copy() const
{
    QApplication::clipboard()->setText(asText());
}

void ResultView::chooseExport()
{
    auto* files = new QFileDialog(this, tr("Export result"));
    files->setAttribute(Qt::WA_DeleteOnClose);
    files->setOption(QFileDialog::DontUseNativeDialog);
    files->setAcceptMode(QFileDialog::AcceptSave);
    files->setNameFilter(tr("CSV (*.csv)"));
    files->setDefaultSuffix(QStringLiteral("csv"));
    files->selectFile(m_name + QStringLiteral(".csv"));
    connect(files, &QFileDialog::fileSelected, this, &ResultView::exportTo);
    files->open();
}

void ResultView::exportTo(const QString& path)
{
    const Status written = report::writeFile(toPath(path), m_csv);
    m_heading->setText(
        written ? tr("%1 written to %2.")
                      .arg(counted(static_cast<std::int64_t>(m_model->table().rows.size()), tr("row"), tr("rows")),
                           fileName(path))
                : QStringLiteral("! ") + errorSentence(written.error()));
}

bool ResultView::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_table && event->type() == QEvent::KeyPress &&
        static_cast<QKeyEvent*>(event)->matches(QKeySequence::Copy)) {
        copy();
        return true;
    }
    return QFrame::eventFilter(watched, event);
}

} // namespace isobar::ui
