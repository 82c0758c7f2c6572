// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/devices/chip_table.h"

#include "ui/devices/chip_colors.h"
#include "ui/devices/device_words.h"
#include "ui/shell/format.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace isobar::ui {

using engine::Device;

namespace {

/// Numbers to the right, words to the left, headings like what is under them.
int alignmentOf(int column)
{
    const bool number =
        column < ChipTable::State || (column >= ChipTable::Utilization && column <= ChipTable::Temperature);
    return int(Qt::AlignVCenter | (number ? Qt::AlignRight : Qt::AlignLeft));
}

} // namespace

void ChipTable::setView(std::shared_ptr<const Fleet> fleet, std::shared_ptr<const engine::DeviceView> view,
                        std::uint32_t first, std::uint32_t count)
{
    const auto chips = view ? static_cast<std::uint32_t>(view->chips.size()) : 0;
    first = std::min(first, chips);
    count = std::min(count, chips - first);
    // The same chips at a later moment: whoever reads the table keeps their place.
    const bool same = m_view && view && m_view->pool == view->pool && m_order.size() == count && count > 0 &&
                      *std::min_element(m_order.begin(), m_order.end()) == first;
    if (!same) {
        beginResetModel();
    }
    m_fleet = std::move(fleet);
    m_view = std::move(view);
    if (!same) {
        m_order.resize(count);
        std::iota(m_order.begin(), m_order.end(), first);
        putInOrder();
        endResetModel();
    } else if (count > 0) {
        Q_EMIT dataChanged(index(0, 0), index(static_cast<int>(count) - 1, ColumnCount - 1));
    }
}

int ChipTable::rowOf(std::uint32_t chip) const
{
    const auto found = std::find(m_order.begin(), m_order.end(), chip);
    return found == m_order.end() ? -1 : static_cast<int>(found - m_order.begin());
}

int ChipTable::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_order.size());
}

int ChipTable::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(ColumnCount);
}

QString ChipTable::cell(std::uint32_t chip, int column) const
{
    const Device& device = m_view->chips[chip];
    switch (column) {
    case Chip:
        return grouped(chip, 0);
    case Node:
        return grouped(m_view->nodeOf(chip), 0);
    case Rack:
        return grouped(m_view->rackOf(chip), 0);
    case Zone:
        return grouped(m_view->zoneOf(chip) + 1, 0);
    case State:
        return stateText(device);
    case HeldBy:
        return holderText(*m_fleet, device);
    case Utilization:
        return chipValueText(double{device.utilizationRatio}, ChipMeasure::Utilization);
    case Memory:
        return chipValueText(device.hbmUsedBytes, ChipMeasure::Memory);
    case Power:
        return chipValueText(double{device.watts}, ChipMeasure::Power);
    case Temperature:
        return chipValueText(double{device.celsius}, ChipMeasure::Temperature);
    case PaidAs:
        return QString::fromUtf8(pricingModelName(device.pricing));
    case SliceShape:
        return device.slice == Device::kNone ? QString() : shapeText(m_view->slices[device.slice]);
    case Event:
        return xidText(device);
    default:
        return {};
    }
}

QVariant ChipTable::data(const QModelIndex& index, int role) const
{
    if (!index.isValid() || !m_view) {
        return {};
    }
    switch (role) {
    case Qt::DisplayRole:
        return cell(chipOf(index.row()), index.column());
    case Qt::TextAlignmentRole:
        return alignmentOf(index.column());
    default:
        return {};
    }
}

QVariant ChipTable::headerData(int section, Qt::Orientation orientation, int role) const
{
    static const std::array<QString, ColumnCount> kTitles{
        tr("Chip"),   tr("Node"),  tr("Rack"),        tr("Zone"),    tr("State"), tr("Held by"), tr("Utilization"),
        tr("Memory"), tr("Power"), tr("Temperature"), tr("Paid as"), tr("Slice"), tr("Event")};
    if (role == Qt::TextAlignmentRole && orientation == Qt::Horizontal) {
        return alignmentOf(section);
    }
    if (role == Qt::DisplayRole && orientation == Qt::Horizontal && section >= 0 && section < ColumnCount) {
        return kTitles[static_cast<std::size_t>(section)];
    }
    return {};
}

void ChipTable::sort(int column, Qt::SortOrder order)
{
    Q_EMIT layoutAboutToBeChanged();
    m_column = column;
    m_direction = order;
    putInOrder();
    Q_EMIT layoutChanged();
}

void ChipTable::putInOrder()
{
    if (!m_view || m_column < 0) {
        return;
    }
    // By number where there is one, else by words; what is not known comes last either way.
    const auto number = [this](std::uint32_t chip) -> double {
        const Device& device = m_view->chips[chip];
        switch (m_column) {
        case Node:
            return m_view->nodeOf(chip);
        case Rack:
            return m_view->rackOf(chip);
        case Zone:
            return m_view->zoneOf(chip);
        case Utilization:
            return double{device.utilizationRatio};
        case Memory:
            return device.hbmUsedBytes;
        case Power:
            return double{device.watts};
        case Temperature:
            return double{device.celsius};
        default:
            return chip;
        }
    };
    const bool words =
        m_column == State || m_column == HeldBy || m_column == PaidAs || m_column == SliceShape || m_column == Event;
    const bool ascending = m_direction == Qt::AscendingOrder;
    std::sort(m_order.begin(), m_order.end());
    if (words) {
        std::vector<QString> texts(m_order.empty() ? 0 : m_order.back() + 1);
        for (const std::uint32_t chip : m_order) {
            texts[chip] = cell(chip, m_column);
        }
        std::stable_sort(m_order.begin(), m_order.end(), [&](std::uint32_t a, std::uint32_t b) {
            if (texts[a].isEmpty() != texts[b].isEmpty()) {
                return texts[b].isEmpty();
            }
            return ascending ? texts[a] < texts[b] : texts[b] < texts[a];
        });
        return;
    }
    std::stable_sort(m_order.begin(), m_order.end(), [&](std::uint32_t a, std::uint32_t b) {
        const double x = number(a), y = number(b);
        if (std::isnan(x) || std::isnan(y)) {
            return !std::isnan(x) && std::isnan(y);
        }
        return ascending ? x < y : y < x;
    });
}

} // namespace isobar::ui
