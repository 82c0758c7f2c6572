// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QAbstractButton>
#include <QColor>
#include <QWidget>

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

class QGridLayout;

namespace isobar::ui {

/// A provider, a region or a pool with its figures: chips by use as a bar, utilization, power, cost, health.
class LevelCard : public QAbstractButton {
    Q_OBJECT
public:
    struct Data {
        QString title, subtitle;
        QColor color;
        std::uint32_t id = 0;
        double serving = 0, training = 0, idle = 0, down = 0; ///< chips
        double utilizationRatio = NAN, watts = NAN, usdPerDay = NAN;
        bool known = false; ///< there is history to say so from
    };
    explicit LevelCard(QWidget* parent = nullptr);
    void setData(const Data& data);
    [[nodiscard]] const Data& data() const { return m_data; }
    [[nodiscard]] QString healthText() const;
    [[nodiscard]] QSize sizeHint() const override { return {330, 132}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    Data m_data;
};

/// The cards of one level, in as many columns as fit.
class LevelCards : public QWidget {
    Q_OBJECT
public:
    explicit LevelCards(QWidget* parent = nullptr);
    void setCards(const std::vector<LevelCard::Data>& cards);
    [[nodiscard]] const std::vector<LevelCard*>& cards() const { return m_cards; }

Q_SIGNALS:
    void chosen(std::uint32_t id);

protected:
    void resizeEvent(QResizeEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    void arrange();
    std::vector<LevelCard*> m_cards;
    QGridLayout* m_grid;
    int m_columns = 0;
};

} // namespace isobar::ui
