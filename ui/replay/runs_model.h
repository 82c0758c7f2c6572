// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/replay/replay_views.h"

#include <QAbstractTableModel>

namespace isobar::ui {

/// The runs that are kept, newest last, each with a tick that says whether it is drawn. A thin adaptor over values.
class RunsModel final : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { Name, SetUp, Requests, Rejected, Tokens, Ttft, Itl, EndToEnd, ColumnCount };
    static constexpr int kMostRuns = 8;

    explicit RunsModel(QObject* parent = nullptr);

    /// Adds a run; the oldest goes when there are too many. Returns its row.
    int add(RunPointer run);
    void remove(int row);
    [[nodiscard]] const ReplayRun& at(int row) const { return *m_rows[static_cast<std::size_t>(row)].run; }
    [[nodiscard]] RunPointer pointer(int row) const { return m_rows[static_cast<std::size_t>(row)].run; }
    /// The run at `current` first, then those that are ticked.
    [[nodiscard]] std::vector<ShownRun> shown(int current) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    bool setData(const QModelIndex& index, const QVariant& value, int role = Qt::EditRole) override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

private:
    struct Row {
        RunPointer run;
        int number = 0; ///< names and colours it
        bool drawn = true;
    };
    std::vector<Row> m_rows;
    int m_made = 0;
};

/// The four durations of one run (and of its urgent requests, and of a real server, where there are such) by mean and
/// percentiles.
class PercentilesModel final : public QAbstractTableModel {
    Q_OBJECT
public:
    enum Column { Measure, Mean, P50, P90, P95, P99, ColumnCount };

    using QAbstractTableModel::QAbstractTableModel;
    void setRun(RunPointer run); ///< null = none

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

private:
    [[nodiscard]] std::size_t rowsOfAKind() const;

    RunPointer m_run;
};

} // namespace isobar::ui
