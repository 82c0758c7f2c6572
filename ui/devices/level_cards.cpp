// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/devices/level_cards.h"

#include "ui/devices/chip_colors.h"
#include "ui/shell/color.h"
#include "ui/shell/format.h"

#include <QGridLayout>
#include <QKeyEvent>
#include <QPainter>

#include <algorithm>

namespace isobar::ui {
namespace {

constexpr int kLeastWidth = 300;
constexpr double kOneDown = 0.5; ///< what is less is no chip over the minute

QString chipsText(double chips)
{
    return grouped(chips, 0);
}

} // namespace

LevelCard::LevelCard(QWidget* parent)
    : QAbstractButton(parent)
{
    setFocusPolicy(Qt::StrongFocus);
    setCursor(Qt::PointingHandCursor);
    setAttribute(Qt::WA_Hover);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, qOverload<>(&QWidget::update));
}

QString LevelCard::healthText() const
{
    if (!m_data.known) {
        return tr("waiting for figures");
    }
    if (m_data.down < kOneDown) {
        return tr("all chips up");
    }
    const QString chips = chipsText(m_data.down);
    return chips == QLatin1String("1") ? tr("! 1 chip down") : tr("! %1 chips down").arg(chips);
}

void LevelCard::setData(const Data& data)
{
    m_data = data;
    setText(data.title);
    setAccessibleName(data.title);
    const double all = data.serving + data.training + data.idle + data.down;
    setAccessibleDescription(
        tr("%1; %2 chips; utilization %3; power %4; cost %5; %6")
            .arg(data.subtitle, chipsText(all),
                 std::isnan(data.utilizationRatio) ? tr("n/a") : percent(data.utilizationRatio, 0).joined(),
                 watts(data.watts).joined(), dollarsPerDay(data.usdPerDay).joined(), healthText()));
    setToolTip(data.known ? tr("%1 chips serve, %2 train, %3 are idle, %4 are down; of the last minute")
                                .arg(chipsText(data.serving), chipsText(data.training), chipsText(data.idle),
                                     chipsText(data.down))
                          : QString());
    update();
}

void LevelCard::paintEvent(QPaintEvent*)
{
    const Theme& t = theme();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF frame = QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5);
    painter.setPen(QPen(hasFocus() ? t.accent : underMouse() ? t.faint : t.line, 1));
    painter.setBrush(underMouse() || isDown() ? t.raised : t.panel);
    painter.drawRoundedRect(frame, Theme::kPanelRadius, Theme::kPanelRadius);
    const QRectF inner = frame.adjusted(Theme::kPadding, 11, -Theme::kPadding, -11);
    painter.setPen(Qt::NoPen);
    painter.setBrush(m_data.color);
    painter.drawRoundedRect(QRectF(inner.left(), inner.top() + 3, 10, 10), 2, 2);
    painter.setPen(t.text);
    painter.setFont(ui::font(TextRole::Strong));
    const QFontMetricsF strong(painter.font());
    painter.drawText(QRectF(inner.left() + 18, inner.top(), inner.width() - 18, 18), Qt::AlignLeft | Qt::AlignVCenter,
                     strong.elidedText(m_data.title, Qt::ElideRight, inner.width() - 18));
    painter.setFont(ui::font(TextRole::Secondary));
    painter.setPen(t.muted);
    const QFontMetricsF secondary(painter.font());
    painter.drawText(QRectF(inner.left(), inner.top() + 20, inner.width(), 18), Qt::AlignLeft | Qt::AlignVCenter,
                     secondary.elidedText(m_data.subtitle, Qt::ElideRight, inner.width()));

    const double all = m_data.serving + m_data.training + m_data.idle + m_data.down;
    const QRectF bar(inner.left(), inner.top() + 46, inner.width(), 8);
    painter.setPen(Qt::NoPen);
    painter.setBrush(trackColor(t));
    painter.drawRoundedRect(bar, 2, 2);
    double x = bar.left();
    const std::array<std::pair<double, QColor>, 3> parts{{{m_data.serving, t.flow},
                                                          {m_data.training, mixed(t.flow, t.text, 0.45)},
                                                          {m_data.down >= kOneDown ? m_data.down : 0, t.trouble}}};
    for (const auto& [chips, color] : parts) {
        const double wide = all > 0 ? bar.width() * chips / all : 0;
        if (wide > 0) {
            painter.setBrush(color);
            painter.drawRect(QRectF(x, bar.top(), std::max(1.5, wide), bar.height()));
            x += wide;
        }
    }
    // Four figures, each over its name.
    const std::array<std::pair<QString, QString>, 4> figures{
        {{m_data.known ? chipsText(all) : tr("…"), tr("chips")},
         {std::isnan(m_data.utilizationRatio) ? tr("n/a") : percent(m_data.utilizationRatio, 0).joined(),
          tr("utilization")},
         {std::isnan(m_data.watts) ? tr("n/a") : watts(m_data.watts).joined(), tr("power")},
         {std::isnan(m_data.usdPerDay) ? tr("n/a") : dollars(m_data.usdPerDay).joined(), tr("a day")}}};
    const QFontMetricsF above(ui::font(TextRole::Strong)), below(ui::font(TextRole::Small));
    const auto widthOf = [&](const auto& figure) {
        return std::max(above.horizontalAdvance(figure.first), below.horizontalAdvance(figure.second));
    };
    double left = inner.left(), room = inner.width();
    for (const auto& figure : figures) {
        room -= widthOf(figure);
    }
    for (std::size_t i = 0; i < figures.size(); ++i) {
        const double wide = widthOf(figures[i]) + 1;
        painter.setFont(ui::font(TextRole::Strong));
        painter.setPen(t.text);
        painter.drawText(QRectF(left, inner.top() + 60, wide, 18), Qt::AlignLeft | Qt::AlignVCenter, figures[i].first);
        painter.setFont(ui::font(TextRole::Small));
        painter.setPen(t.muted);
        painter.drawText(QRectF(left, inner.top() + 77, wide, 14), Qt::AlignLeft | Qt::AlignVCenter, figures[i].second);
        left += wide - 1 + room / 3; // what is left over parts them evenly
    }
    painter.setFont(ui::font(TextRole::Small));
    painter.setPen(m_data.down >= kOneDown ? t.trouble : t.muted);
    painter.drawText(QRectF(inner.left(), inner.bottom() - 14, inner.width(), 14), Qt::AlignLeft | Qt::AlignVCenter,
                     healthText());
}

LevelCards::LevelCards(QWidget* parent)
    : QWidget(parent)
    , m_grid(new QGridLayout(this))
{
    m_grid->setContentsMargins(0, 0, 6, 0);
    m_grid->setSpacing(Theme::kGutter);
    m_grid->setAlignment(Qt::AlignTop);
}

void LevelCards::setCards(const std::vector<LevelCard::Data>& cards)
{
    const bool same = std::equal(cards.begin(), cards.end(), m_cards.begin(), m_cards.end(),
                                 [](const LevelCard::Data& other, const LevelCard* card) {
                                     return other.id == card->data().id && other.title == card->data().title;
                                 });
    if (!same) {
        for (LevelCard* card : m_cards) {
            m_grid->removeWidget(card);
            card->hide();
            card->deleteLater();
        }
        m_cards.clear();
        for (std::size_t i = 0; i < cards.size(); ++i) {
            m_cards.push_back(new LevelCard(this));
            LevelCard* card = m_cards.back();
            connect(card, &QAbstractButton::clicked, this, [this, card] { Q_EMIT chosen(card->data().id); });
        }
        m_columns = 0;
    }
    for (std::size_t i = 0; i < cards.size(); ++i) {
        m_cards[i]->setData(cards[i]);
    }
    arrange();
}

void LevelCards::arrange()
{
    // As many as fit, and no more than there are cards: they share the whole width, unless they are but one or two.
    const int fit = (width() + Theme::kGutter) / (kLeastWidth + Theme::kGutter);
    const int columns = std::clamp(fit, 1, std::max(3, static_cast<int>(m_cards.size())));
    if (columns == m_columns) {
        return;
    }
    for (int column = 0; column < std::max(columns, m_columns); ++column) {
        m_grid->setColumnStretch(column, column < columns ? 1 : 0);
    }
    m_columns = columns;
    for (std::size_t i = 0; i < m_cards.size(); ++i) {
        m_grid->addWidget(m_cards[i], static_cast<int>(i) / columns, static_cast<int>(i) % columns);
        m_cards[i]->show();
    }
}

void LevelCards::resizeEvent(QResizeEvent*)
{
    arrange();
}

void LevelCards::keyPressEvent(QKeyEvent* event)
{
    const auto at =
        std::find_if(m_cards.begin(), m_cards.end(), [](const LevelCard* card) { return card->hasFocus(); });
    const int from = at == m_cards.end() ? -1 : static_cast<int>(at - m_cards.begin());
    const auto go = [&](int by) {
        const int to = from < 0 ? 0 : from + by;
        if (to >= 0 && to < static_cast<int>(m_cards.size())) {
            m_cards[static_cast<std::size_t>(to)]->setFocus(Qt::TabFocusReason);
        }
    };
    switch (event->key()) {
    case Qt::Key_Left:
        go(-1);
        break;
    case Qt::Key_Right:
        go(1);
        break;
    case Qt::Key_Up:
        go(-m_columns);
        break;
    case Qt::Key_Down:
        go(m_columns);
        break;
    case Qt::Key_Return:
    case Qt::Key_Enter:
        if (from >= 0) {
            Q_EMIT chosen(m_cards[static_cast<std::size_t>(from)]->data().id);
        }
        break;
    default:
        QWidget::keyPressEvent(event);
    }
}

} // namespace isobar::ui
