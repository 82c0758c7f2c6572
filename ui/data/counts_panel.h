// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/fleet.h"
#include "model/store/store.h"

#include <QFrame>
#include <QString>

#include <vector>

class QGridLayout;
class QLabel;

namespace isobar::ui {

/// What a fleet holds, counted as the store counts it; traces, offers and quarantined rows are only ever in a store.
[[nodiscard]] store::Counts countsOf(const Fleet& fleet);

/// One small figure with its name.
struct CountRow {
    QString name;
    std::int64_t value = 0;
    QString note; ///< what the figure means, as a tooltip
};
/// In the order they are shown.
[[nodiscard]] std::vector<CountRow> countRows(const store::Counts& counts);

/// What is in the store, as small figures.
class CountsPanel final : public QFrame {
    Q_OBJECT
public:
    explicit CountsPanel(QWidget* parent = nullptr);
    void setCounts(const store::Counts& counts);

private:
    QGridLayout* m_grid;
    std::vector<QLabel*> m_figures;
};

} // namespace isobar::ui
