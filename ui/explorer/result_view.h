// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/explorer/result_model.h"

#include <QFrame>

#include <string>

class QLabel;
class QPushButton;
class QTableView;

namespace isobar::ui {

/// A table of results with its heading, copies and its CSV.
class ResultView final : public QFrame {
    Q_OBJECT
public:
    /// `name` prefixes object names and the file name offered.
    explicit ResultView(const QString& name, QWidget* parent = nullptr);

    /// `csv` is what an export writes, byte for byte.
    void showTable(store::SqlTable table, std::string csv, const QString& heading);
    /// Nothing to show, and why.
    void showNothing(const QString& why);
    /// Room in the heading for a button.
    void addTool(QWidget* tool);

    [[nodiscard]] const ResultModel& model() const { return *m_model; }
    [[nodiscard]] const std::string& csv() const { return m_csv; }
    /// The selected rows, or all, in the order shown, as lines of tab-separated text with all digits.
    [[nodiscard]] QString asText() const;
    void copy() const;
    /// Writes the CSV; says in the heading what came of it.
    void exportTo(const QString& path);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void chooseExport();

    const QString m_name;
    ResultModel* m_model;
    ResultOrder* m_order;
    QLabel* m_heading;
    QLabel* m_nothing;
    QTableView* m_table;
    QWidget* m_tools;
    QPushButton* m_copy;
    QPushButton* m_export;
    std::string m_csv;
};

} // namespace isobar::ui
