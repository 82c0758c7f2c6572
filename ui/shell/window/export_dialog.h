// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/dashboard/export_job.h"

#include <QDialog>

class QComboBox;
class QLabel;
class QLineEdit;
class QProgressBar;
class QPushButton;
class QSpinBox;

namespace isobar::ui {

/// File > Export: which view, as what, how large, where to. The context is the one the window shows when it opens.
/// Pictures are made in the background: after a moment a bar shows that one is on its way, with Cancel beside it.
class ExportDialog : public QDialog {
    Q_OBJECT
public:
    ExportDialog(ViewContext context, View view, QSize size, QWidget* parent = nullptr);

private:
    void proposeName();
    void browse();
    void write();
    void showWritten(const Status& written);
    [[nodiscard]] View chosenView() const;
    [[nodiscard]] ExportFormat chosenFormat() const;

    ViewContext m_context;
    ExportJob m_job;
    QComboBox* m_view;
    QComboBox* m_format;
    QSpinBox* m_width;
    QSpinBox* m_height;
    QComboBox* m_scale;
    QLineEdit* m_path;
    QLabel* m_message;
    QPushButton* m_export;
    QProgressBar* m_progress;
    QPushButton* m_cancel;
};

} // namespace isobar::ui
