// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/devices/chip_layout.h"

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {

using engine::Device;

/// The narrowest grid at least as wide as high that `chips` fill without rest.
std::uint32_t widthOf(std::uint32_t chips)
{
    auto wide = static_cast<std::uint32_t>(std::ceil(std::sqrt(double{1} * chips)));
    while (wide < chips && chips % wide != 0) {
        ++wide;
    }
    return std::max<std::uint32_t>(1, wide);
}

class Maker {
public:
    explicit Maker(const engine::DeviceView& view)
        : m_view(view)
        , m_nodeWide(widthOf(view.chipsPerNode))
    {
    }

    ChipLayout make(double aspect)
    {
        const auto chips = static_cast<std::uint32_t>(m_view.chips.size());
        m_out.blockOf.resize(chips);
        std::size_t slice = 0;
        for (std::uint32_t chip = 0; chip < chips;) {
            if (slice < m_view.slices.size() && m_view.slices[slice].first <= chip) {
                addSlice(static_cast<std::uint32_t>(slice));
                chip = m_view.slices[slice].first + m_view.slices[slice].chips;
                ++slice;
                continue;
            }
            const std::uint32_t end = slice < m_view.slices.size() ? m_view.slices[slice].first : chips;
            chip = addRack(chip, end);
        }
        arrange(aspect);
        return std::move(m_out);
    }

private:
    void addSlice(std::uint32_t index)
    {
        const engine::Slice& slice = m_view.slices[index];
        ChipLayout::Block block;
        block.first = slice.first;
        block.chips = slice.chips;
        block.slice = index;
        std::uint32_t layers = 1;
        if (slice.shape[0] > 0) {
            block.wide = static_cast<std::uint16_t>(slice.shape[0]);
            block.high = static_cast<std::uint16_t>(slice.shape[1]);
            layers = static_cast<std::uint32_t>(slice.shape[2]);
        } else {
            block.wide = static_cast<std::uint16_t>(widthOf(slice.chips));
            block.high = static_cast<std::uint16_t>((slice.chips + block.wide - 1) / block.wide);
        }
        // About as wide as high.
        const double across =
            std::sqrt(layers * (block.high + ChipLayout::kLayerGap) / (block.wide + ChipLayout::kLayerGap));
        block.layersAcross = static_cast<std::uint16_t>(std::clamp<double>(std::round(across), 1, layers));
        const std::uint32_t down = (layers + block.layersAcross - 1) / block.layersAcross;
        block.rect = QRectF(0, 0, block.layersAcross * (block.wide + ChipLayout::kLayerGap) - ChipLayout::kLayerGap,
                            down * (block.high + ChipLayout::kLayerGap) - ChipLayout::kLayerGap);
        addUnit({block.rect, static_cast<std::uint32_t>(m_out.blocks.size()), 1, Device::kNone});
        push(block);
    }

    /// The nodes of a rack from `chip` on, up to `end`; returns where the next one begins.
    std::uint32_t addRack(std::uint32_t chip, std::uint32_t end)
    {
        const std::uint32_t rack = m_view.rackOf(chip);
        ChipLayout::Unit unit;
        unit.firstBlock = static_cast<std::uint32_t>(m_out.blocks.size());
        unit.rack = rack;
        // One column of nodes, as racks are, unless that makes a thread.
        const std::uint32_t high = (m_view.chipsPerNode + m_nodeWide - 1) / m_nodeWide;
        const double columnAspect = m_view.nodesPerRack * (high + ChipLayout::kNodeGap) / m_nodeWide;
        const auto columns = static_cast<std::uint32_t>(std::max(1.0, std::round(std::sqrt(columnAspect / 2))));
        std::uint32_t number = 0;
        while (chip < end && m_view.rackOf(chip) == rack) {
            const std::uint32_t node = m_view.nodeOf(chip);
            std::uint32_t stop = chip;
            while (stop < end && m_view.nodeOf(stop) == node) {
                ++stop;
            }
            ChipLayout::Block block;
            block.first = chip;
            block.chips = stop - chip;
            block.wide = static_cast<std::uint16_t>(m_nodeWide);
            block.high = static_cast<std::uint16_t>(high);
            block.rect = QRectF((number % columns) * (m_nodeWide + ChipLayout::kNodeGap),
                                std::floor(double(number) / columns) * (high + ChipLayout::kNodeGap), m_nodeWide, high);
            unit.rect = unit.rect.united(block.rect);
            ++unit.blocks;
            ++number;
            push(block);
            chip = stop;
        }
        addUnit(unit);
        return chip;
    }

    void push(const ChipLayout::Block& block)
    {
        for (std::uint32_t i = 0; i < block.chips; ++i) {
            m_out.blockOf[block.first + i] = static_cast<std::uint32_t>(m_out.blocks.size());
        }
        m_out.blocks.push_back(block);
    }
    void addUnit(const ChipLayout::Unit& unit) { m_out.units.push_back(unit); }

    /// Units in rows like words in lines, the width of a line such that the page has the aspect asked for.
    void arrange(double aspect)
    {
        double least = 1, area = 0;
        for (const ChipLayout::Unit& unit : m_out.units) {
            least = std::max(least, unit.rect.width());
            area += (unit.rect.width() + ChipLayout::kUnitGap) * (unit.rect.height() + ChipLayout::kUnitGap);
        }
        double width = std::max(least, std::sqrt(area * aspect));
        // What the ends of lines waste makes the page too high: a little wider then.
        for (int round = 0; round < 12; ++round) {
            place(width);
            if (m_out.size.height() * aspect <= m_out.size.width() * 1.02) {
                break;
            }
            width *= 1.03;
        }
        for (const ChipLayout::Unit& unit : m_out.units) {
            for (std::uint32_t b = unit.firstBlock; b < unit.firstBlock + unit.blocks; ++b) {
                m_out.blocks[b].rect.translate(unit.rect.topLeft());
            }
        }
    }

    void place(double width)
    {
        m_out.rows.clear();
        m_out.rowBottoms.clear();
        if (m_out.units.empty()) {
            return;
        }
        double x = 0, y = 0, height = 0, widest = 0;
        for (std::size_t i = 0; i < m_out.units.size(); ++i) {
            QRectF& rect = m_out.units[i].rect;
            if (i == 0 || x + rect.width() > width) {
                if (i > 0) {
                    m_out.rowBottoms.push_back(y + height);
                    y += height + ChipLayout::kUnitGap;
                }
                m_out.rows.push_back(static_cast<std::uint32_t>(i));
                x = height = 0;
            }
            rect.moveTopLeft({x, y});
            x += rect.width() + ChipLayout::kUnitGap;
            widest = std::max(widest, rect.right());
            height = std::max(height, rect.height());
        }
        m_out.rowBottoms.push_back(y + height);
        m_out.rows.push_back(static_cast<std::uint32_t>(m_out.units.size()));
        m_out.size = QSizeF(widest, y + height);
    }

    const engine::DeviceView& m_view;
    std::uint32_t m_nodeWide;
    ChipLayout m_out;
};

} // namespace

QRectF ChipLayout::chipRect(std::uint32_t chip) const
{
    const Block& block = blocks[blockOf[chip]];
    const std::uint32_t i = chip - block.first, layerChips = std::uint32_t{block.wide} * block.high;
    const std::uint32_t layer = i / layerChips, inLayer = i % layerChips;
    const std::uint32_t across = layer % block.layersAcross, down = layer / block.layersAcross;
    return {block.rect.x() + across * (block.wide + kLayerGap) + inLayer % block.wide,
            block.rect.y() + down * (block.high + kLayerGap) + inLayer / block.wide, 1, 1};
}

std::optional<std::uint32_t> ChipLayout::blockAt(QPointF at) const
{
    const auto row = std::upper_bound(rowBottoms.begin(), rowBottoms.end(), at.y()) - rowBottoms.begin();
    if (static_cast<std::size_t>(row) >= rowBottoms.size()) {
        return std::nullopt;
    }
    const auto begin = units.begin() + rows[static_cast<std::size_t>(row)];
    const auto end = units.begin() + rows[static_cast<std::size_t>(row) + 1];
    const auto unit =
        std::upper_bound(begin, end, at.x(), [](double x, const Unit& one) { return x < one.rect.right(); });
    if (unit == end || !unit->rect.contains(at)) {
        return std::nullopt;
    }
    for (std::uint32_t b = unit->firstBlock; b < unit->firstBlock + unit->blocks; ++b) {
        if (blocks[b].rect.contains(at)) {
            return b;
        }
    }
    return std::nullopt;
}

std::optional<std::uint32_t> ChipLayout::chipAt(QPointF at) const
{
    const auto found = blockAt(at);
    if (!found) {
        return std::nullopt;
    }
    const Block& block = blocks[*found];
    const QPointF in = at - block.rect.topLeft();
    const auto across = static_cast<std::uint32_t>(in.x() / (block.wide + kLayerGap));
    const auto down = static_cast<std::uint32_t>(in.y() / (block.high + kLayerGap));
    const auto x = static_cast<std::uint32_t>(in.x() - across * (block.wide + kLayerGap));
    const auto y = static_cast<std::uint32_t>(in.y() - down * (block.high + kLayerGap));
    if (x >= block.wide || y >= block.high || across >= block.layersAcross) {
        return std::nullopt;
    }
    const std::uint32_t i = (down * block.layersAcross + across) * block.wide * block.high + y * block.wide + x;
    return i < block.chips ? std::optional(block.first + i) : std::nullopt;
}

ChipLayout layoutOf(const engine::DeviceView& view, double aspect)
{
    return Maker(view).make(aspect);
}

std::array<bool, 3> closedAxes(const std::array<std::int32_t, 3>& shape, bool flat)
{
    if (flat) {
        return {shape[0] == 16, shape[1] == 16, false};
    }
    const bool cubes =
        std::all_of(shape.begin(), shape.end(), [](std::int32_t side) { return side > 0 && side % 4 == 0; });
    return {cubes, cubes, cubes};
}

} // namespace isobar::ui
