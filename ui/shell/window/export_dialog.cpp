// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/window/export_dialog.h"

#include "ui/shell/text_color.h"
#include "ui/shell/theme.h"

#include <QComboBox>
#include <QDialogButtonBox>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QFormLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QSpinBox>
#include <QStandardPaths>
#include <QTimer>
#include <QVBoxLayout>

#include <algorithm>

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
    , m_export(new QPushButton(tr("Export")))
    , m_progress(new QProgressBar)
    , m_cancel(new QPushButton(tr("Cancel export")))
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
    buttons->addButton(m_export, QDialogButtonBox::ActionRole);
    m_export->setProperty("primary", true);
    m_export->setDefault(true);
    m_progress->setRange(0, 0);
    m_progress->setAccessibleName(tr("Writing"));
    auto* progressRow = new QHBoxLayout;
    progressRow->addWidget(m_progress, 1);
    progressRow->addWidget(m_cancel);
    for (QWidget* shown : {static_cast<QWidget*>(m_progress), static_cast<QWidget*>(m_cancel)}) {
        QSizePolicy policy = shown->sizePolicy();
        policy.setRetainSizeWhenHidden(true); // nothing moves when it comes and goes
        shown->setSizePolicy(policy);
        shown->hide();
    }
    auto* column = new QVBoxLayout(this);
    column->addLayout(form);
    column->addWidget(source);
    column->addWidget(m_message);
    column->addLayout(progressRow);
    column->addWidget(buttons);
    connect(m_view, &QComboBox::currentIndexChanged, this, &ExportDialog::proposeName);
    connect(m_format, &QComboBox::currentIndexChanged, this, &ExportDialog::proposeName);
    connect(browseButton, &QPushButton::clicked, this, &ExportDialog::browse);
    connect(m_export, &QPushButton::clicked, this, &ExportDialog::write);
    connect(m_cancel, &QPushButton::clicked, &m_job, &ExportJob::cancel);
    connect(&m_job, &ExportJob::finished, this, &ExportDialog::showWritten);
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
    m_export->setEnabled(false);
    setTextColor(m_message, theme().text);
    m_message->setText(tr("Writing…"));
    QTimer::singleShot(kExportNoticeMs, m_progress, [this] {
        m_progress->setVisible(m_job.isRunning());
        m_cancel->setVisible(m_job.isRunning());
    });
    m_job.start([view = chosenView(), format = chosenFormat(), path = m_path->text(),
                 size = QSizeF(m_width->value(), m_height->value()), scale = m_scale->currentData().toDouble(),
                 context = m_context](const ExportPlace& place) {
        return exportView(view, format, path, size, scale, context, place);
    });
}

void ExportDialog::showWritten(const Status& written)
{
    m_export->setEnabled(true);
    if (qobject_cast<QPushButton*>(focusWidget()) != nullptr) { // where the keys went when it was disabled
        m_export->setFocus();
    }
    m_progress->hide();
    m_cancel->hide();
    setTextColor(m_message, written ? theme().fine : theme().trouble);
    m_message->setText(written ? tr("Written: %1").arg(m_path->text())
                               : tr("Not written: %1").arg(QString::fromStdString(written.error().toString())));
    resize(width(), std::max(height(), layout()->heightForWidth(width()))); // long words must not press the fields flat
}

} // namespace isobar::ui
