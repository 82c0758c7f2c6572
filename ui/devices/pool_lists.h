// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/fleet.h"

#include <QAbstractButton>
#include <QColor>
#include <QFrame>
#include <QWidget>

#include <cmath>
#include <vector>

class QGridLayout;
class QLabel;
class QVBoxLayout;

namespace isobar::ui {

/// What is known of a pool over the last minute: chips by use, and what it costs.
struct PoolFigures {
    PoolId pool;
    QString name, where; ///< "H200", "Azure eastus2"
    QColor color;
    double chips = 0, idle = 0, down = 0;
    double utilizationRatio = NAN, usdPerDay = 0, idleUsdPerDay = 0;
};

/// One pool in a list: what it is, its figure, and a bar against the first of the list.
class PoolRow : public QAbstractButton {
    Q_OBJECT
public:
    struct Data {
        PoolId pool;
        QString name, where, value, tip;
        QColor color;
        double share = 0; ///< of the bar, 0-1
        bool trouble = false;
    };
    explicit PoolRow(QWidget* parent = nullptr);
    void setData(const Data& data);
    [[nodiscard]] const Data& data() const { return m_data; }
    [[nodiscard]] QSize sizeHint() const override { return {280, 34}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    Data m_data;
};

/// The pools worth a look, under the cards of the world and of a provider: the largest, the busiest, those that are
/// paid for and idle, those with chips down. As many columns as fit.
class PoolLists : public QWidget {
    Q_OBJECT
public:
    explicit PoolLists(QWidget* parent = nullptr);
    void setPools(const std::vector<PoolFigures>& pools);
    /// The rows of a list that are shown, in order: 0 the largest, 1 the busiest, 2 idle, 3 down.
    [[nodiscard]] std::vector<PoolRow*> rows(std::size_t list) const;

Q_SIGNALS:
    void chosen(isobar::PoolId pool);

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    struct List {
        QFrame* frame = nullptr;
        QLabel* none = nullptr;
        QVBoxLayout* column = nullptr;
        std::vector<PoolRow*> rows;
    };
    void show(List& list, const std::vector<PoolRow::Data>& rows);
    void arrange();

    QGridLayout* m_grid;
    std::vector<List> m_lists;
    int m_columns = 0;
};

} // namespace isobar::ui
