// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/dashboard/views.h"

#include <QDialog>

class QComboBox;
class QLabel;
class QLineEdit;
class QSpinBox;

namespace isobar::ui {

/// File > Export: which view, as what, how large, where to. The context is the one the window shows when it opens.
class ExportDialog : public QDialog {
    Q_OBJECT
public:
    ExportDialog(ViewContext context, View view, QSize size, QWidget* parent = nullptr);

private:
    void proposeName();
    void browse();
    void write();
    [[nodiscard]] View chosenView() const;
    [[nodiscard]] ExportFormat chosenFormat() const;

    ViewContext m_context;
    QComboBox* m_view;
    QComboBox* m_format;
    QSpinBox* m_width;
    QSpinBox* m_height;
    QComboBox* m_scale;
    QLineEdit* m_path;
    QLabel* m_message;
};

} // namespace isobar::ui
