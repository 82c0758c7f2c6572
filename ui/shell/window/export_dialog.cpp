// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/window/export_dialog.h"

#include "ui/shell/theme.h"
#include "ui/shell/wait_cursor.h"

#include <QComboBox>
#include <QDialogButtonBox>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSpinBox>
#include <QStandardPaths>
#include <QVBoxLayout>

namespace isobar::ui {
namespace {

constexpr int kSmallest = 100, kLargest = 8192;

QSpinBox* pixels(int value, const QString& name)
{
    auto* box = new QSpinBox;
    box->setRange(kSmallest, kLargest);
    box->setValue(value);
    box->setSuffix(QStringLiteral(" px"));
    box->setAccessibleName(name);
    return box;
}

} // namespace

ExportDialog::ExportDialog(ViewContext context, View view, QSize size, QWidget* parent)
    : QDialog(parent)
    , m_context(std::move(context))
    , m_view(new QComboBox)
    , m_format(new QComboBox)
    , m_width(pixels(size.width(), tr("Width")))
    , m_height(pixels(size.height(), tr("Height")))
    , m_scale(new QComboBox)
    , m_path(new QLineEdit)
    , m_message(new QLabel)
{
    setWindowTitle(tr("Export"));
    setMinimumWidth(520);
    m_view->setAccessibleName(tr("View"));
    m_format->setAccessibleName(tr("Format"));
    m_scale->setAccessibleName(tr("Resolution"));
    m_path->setAccessibleName(tr("File"));
    m_message->setAccessibleName(tr("Result"));
    for (const View each : allViews()) {
        m_view->addItem(viewTitle(each), QVariant::fromValue(static_cast<int>(each)));
    }
    m_view->setCurrentIndex(m_view->findData(static_cast<int>(view)));
    for (const char* name : {"PNG", "SVG", "PDF", "CSV"}) {
        m_format->addItem(QLatin1String(name));
    }
    m_scale->addItem(tr("1× pixels"), 1);
    m_scale->addItem(tr("2× pixels"), 2);
    auto* sizeRow = new QHBoxLayout;
    sizeRow->addWidget(m_width);
    sizeRow->addWidget(new QLabel(QStringLiteral("×")));
    sizeRow->addWidget(m_height);
    sizeRow->addWidget(m_scale);
    sizeRow->addStretch(1);
    auto* browseButton = new QPushButton(tr("Browse…"));
    auto* pathRow = new QHBoxLayout;
    pathRow->addWidget(m_path, 1);
    pathRow->addWidget(browseButton);
    auto* form = new QFormLayout;
    form->addRow(tr("View"), m_view);
    form->addRow(tr("Format"), m_format);
    form->addRow(tr("Size"), sizeRow);
    form->addRow(tr("File"), pathRow);
    auto* source = new QLabel(m_context.footer());
    source->setProperty("muted", true);
    source->setFont(ui::font(TextRole::Small));
    source->setWordWrap(true);
    m_message->setWordWrap(true);
    m_message->setTextInteractionFlags(Qt::TextSelectableByMouse);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close);
    auto* exportButton = buttons->addButton(tr("Export"), QDialogButtonBox::ActionRole);
    exportButton->setProperty("primary", true);
    exportButton->setDefault(true);
    auto* column = new QVBoxLayout(this);
    column->addLayout(form);
    column->addWidget(source);
    column->addWidget(m_message);
    column->addWidget(buttons);
    connect(m_view, &QComboBox::currentIndexChanged, this, &ExportDialog::proposeName);
    connect(m_format, &QComboBox::currentIndexChanged, this, &ExportDialog::proposeName);
    connect(browseButton, &QPushButton::clicked, this, &ExportDialog::browse);
    connect(exportButton, &QPushButton::clicked, this, &ExportDialog::write);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    proposeName();
}

View ExportDialog::chosenView() const
{
    return static_cast<View>(m_view->currentData().toInt());
}

ExportFormat ExportDialog::chosenFormat() const
{
    return exportFormatByName(m_format->currentText()).value_or(ExportFormat::Png);
}

void ExportDialog::proposeName()
{
    const bool picture = chosenFormat() != ExportFormat::Csv;
    m_width->setEnabled(picture);
    m_height->setEnabled(picture);
    m_scale->setEnabled(chosenFormat() == ExportFormat::Png);
    const QString folder = m_path->text().isEmpty()
                               ? QStandardPaths::writableLocation(QStandardPaths::DocumentsLocation)
                               : QFileInfo(m_path->text()).path();
    m_path->setText(QDir(folder).filePath(
        QStringLiteral("isobar-%1.%2").arg(viewName(chosenView()), m_format->currentText().toLower())));
    m_message->clear();
}

void ExportDialog::browse()
{
    const QString path = QFileDialog::getSaveFileName(this, tr("Export to"), m_path->text(), QString(), nullptr,
                                                      QFileDialog::DontUseNativeDialog);
    if (!path.isEmpty()) {
        m_path->setText(path);
    }
}

void ExportDialog::write()
{
    // Large pictures take a while, and are painted where widgets are: say so before, not after.
    m_message->setStyleSheet({});
    m_message->setText(tr("Writing…"));
    m_message->repaint();
    const WaitCursor busy;
    const Status written =
        exportView(chosenView(), chosenFormat(), m_path->text(), QSizeF(m_width->value(), m_height->value()),
                   m_scale->currentData().toDouble(), m_context);
    m_message->setStyleSheet(QStringLiteral("color: %1").arg((written ? theme().fine : theme().trouble).name()));
    m_message->setText(written ? tr("Written: %1").arg(m_path->text())
                               : tr("Not written: %1").arg(QString::fromStdString(written.error().toString())));
}

} // namespace isobar::ui
