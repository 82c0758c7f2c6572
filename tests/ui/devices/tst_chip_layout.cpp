// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/devices/chip_colors.h"
#include "ui/devices/chip_layout.h"
#include "ui/devices/chip_table.h"
#include "ui/devices/device_bench.h"

#include <QAbstractItemModelTester>
#include <QTest>

#include <cmath>
#include <set>

using namespace isobar;
using namespace isobar::ui;

namespace {

/// Two slices of a TPU pool with free nodes between and behind them.
engine::DeviceView slicedPool()
{
    engine::DeviceView view;
    view.chipsPerNode = 4;
    view.nodesPerRack = 16;
    view.chips.resize(256);
    view.slices = {{0, 64, {4, 4, 4}}, {72, 128, {4, 4, 8}}};
    for (std::uint32_t s = 0; s < view.slices.size(); ++s) {
        for (std::uint32_t i = 0; i < view.slices[s].chips; ++i) {
            view.chips[view.slices[s].first + i].slice = s;
        }
    }
    return view;
}

} // namespace

class TestChipLayout : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void everyChipHasAPlaceOfItsOwn_data()
    {
        QTest::addColumn<int>("chips");
        QTest::addColumn<int>("perNode");
        QTest::addColumn<int>("perRack");
        QTest::newRow("nodes of eight") << 1'000 << 8 << 4;
        QTest::newRow("a node that is not full") << 1'003 << 8 << 4;
        QTest::newRow("racks of one node of 72") << 720 << 72 << 1;
        QTest::newRow("single chips") << 50 << 1 << 1;
        QTest::newRow("one chip") << 1 << 8 << 4;
        QTest::newRow("none") << 0 << 8 << 4;
    }
    void everyChipHasAPlaceOfItsOwn()
    {
        QFETCH(int, chips);
        QFETCH(int, perNode);
        QFETCH(int, perRack);
        engine::DeviceView view;
        view.chipsPerNode = static_cast<std::uint32_t>(perNode);
        view.nodesPerRack = static_cast<std::uint32_t>(perRack);
        view.chips.resize(static_cast<std::size_t>(chips));
        const ChipLayout layout = layoutOf(view, 1.6);
        std::set<std::pair<double, double>> taken;
        for (std::uint32_t chip = 0; chip < view.chips.size(); ++chip) {
            const QRectF at = layout.chipRect(chip);
            QVERIFY(taken.insert({at.x(), at.y()}).second);
            QVERIFY(layout.chipAt(at.center()) == chip); // found where it stands
            QVERIFY(layout.blocks[layout.blockOf[chip]].rect.contains(at.center()));
            QCOMPARE(layout.blocks[layout.blockOf[chip]].first / view.chipsPerNode, view.nodeOf(chip));
            QVERIFY(QRectF(QPointF(), layout.size).adjusted(-1e-9, -1e-9, 1e-9, 1e-9).contains(at));
        }
        QVERIFY(!layout.chipAt({-1, -1}).has_value());
        QVERIFY(!layout.chipAt({1e9, 1e9}).has_value());
    }

    void aSliceIsOneBlockOfItsShape()
    {
        const engine::DeviceView view = slicedPool();
        const ChipLayout layout = layoutOf(view, 1.6);
        for (std::uint32_t s = 0; s < view.slices.size(); ++s) {
            const engine::Slice& slice = view.slices[s];
            std::set<std::uint32_t> blocks;
            for (std::uint32_t i = 0; i < slice.chips; ++i) {
                blocks.insert(layout.blockOf[slice.first + i]);
                QVERIFY(layout.chipAt(layout.chipRect(slice.first + i).center()) == slice.first + i);
            }
            QCOMPARE(blocks.size(), std::size_t{1});
            const ChipLayout::Block& block = layout.blocks[*blocks.begin()];
            QCOMPARE(block.slice, s);
            QCOMPARE(int(block.wide), slice.shape[0]);
            QCOMPARE(int(block.high), slice.shape[1]);
        }
        // The eight chips between them are two nodes of a rack, no part of a slice.
        QCOMPARE(layout.blocks[layout.blockOf[64]].chips, 4u);
        QCOMPARE(layout.blocks[layout.blockOf[64]].slice, engine::Device::kNone);
    }

    void axesCloseAsTheProviderWiresThem()
    {
        using Axes = std::array<bool, 3>;
        QVERIFY((closedAxes({16, 16, 1}, true) == Axes{true, true, false})); // a whole v5e pod
        QVERIFY((closedAxes({8, 16, 1}, true) == Axes{false, true, false}));
        QVERIFY((closedAxes({4, 4, 1}, true) == Axes{false, false, false}));
        QVERIFY((closedAxes({4, 4, 8}, false) == Axes{true, true, true}));
        QVERIFY((closedAxes({2, 2, 4}, false) == Axes{false, false, false})); // less than a cube
    }

    void colorsCountEveryChipOnce_data()
    {
        QTest::addColumn<int>("measure");
        for (const ChipMeasure measure : kChipMeasures) {
            QTest::newRow(qPrintable(chipMeasureTitle(measure))) << int(measure);
        }
    }
    void colorsCountEveryChipOnce()
    {
        QFETCH(int, measure);
        engine::DeviceView view = syntheticDevices(5'000);
        view.chips[7].owner = engine::Device::Owner::OtherTenant;
        view.chips[7].utilizationRatio = NAN;
        view.chips[8].hbmUsedBytes = NAN;
        const ChipColors colors = colorsOf(view, ChipMeasure(measure), Theme::darkTheme());
        std::int64_t classes = 0, bars = 0;
        for (const std::int64_t count : colors.counts) {
            classes += count;
        }
        for (const std::int64_t count : colors.bars) {
            bars += count;
        }
        QCOMPARE(classes, std::int64_t{5'000});
        QCOMPARE(bars, colors.counts[std::size_t(ChipClass::Valued)]);
        QCOMPARE(colors.counts[std::size_t(ChipClass::OtherTenant)], std::int64_t{1});
        // The slow way, chip by chip.
        std::int64_t down = 0;
        for (const engine::Device& chip : view.chips) {
            down += chip.state == engine::Device::State::Down && chip.owner != engine::Device::Owner::OtherTenant;
        }
        QVERIFY(down > 0);
        QCOMPARE(colors.counts[std::size_t(ChipClass::Down)], down);
        for (std::size_t i = 0; i < view.chips.size(); ++i) {
            if (colors.classes[i] == ChipClass::Down) {
                QCOMPARE(QColor(colors.chips[i]), Theme::darkTheme().trouble);
            }
        }
    }

    void theRampReadsWithoutHue_data()
    {
        QTest::addColumn<bool>("dark");
        QTest::newRow("dark") << true;
        QTest::newRow("light") << false;
    }
    void theRampReadsWithoutHue()
    {
        QFETCH(bool, dark);
        const Theme& theme = dark ? Theme::darkTheme() : Theme::lightTheme();
        const auto luminance = [](const QColor& c) {
            const auto linear = [](double v) { return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4); };
            return 0.2126 * linear(c.redF()) + 0.7152 * linear(c.greenF()) + 0.0722 * linear(c.blueF());
        };
        double last = luminance(chipRampColor(0, theme));
        for (int i = 1; i <= 20; ++i) {
            const double next = luminance(chipRampColor(i / 20.0, theme));
            QVERIFY2(dark ? next > last : next < last, qPrintable(QString::number(i)));
            last = next;
        }
        const double ground = luminance(theme.panel), most = luminance(chipRampColor(1, theme));
        const double contrast = (std::max(ground, most) + 0.05) / (std::min(ground, most) + 0.05);
        QVERIFY2(contrast > 4.5, qPrintable(QString::number(contrast)));
    }

    void theTableSortsByNumberAndKeepsTheUnknownLast()
    {
        auto view = std::make_shared<engine::DeviceView>(syntheticDevices(400));
        view->chips[3].hbmUsedBytes = NAN;
        ChipTable table;
        QAbstractItemModelTester tester(&table, QAbstractItemModelTester::FailureReportingMode::QtTest);
        table.setView(std::make_shared<const Fleet>(), view, 0, 400);
        for (const auto order : {Qt::AscendingOrder, Qt::DescendingOrder}) {
            table.sort(ChipTable::Memory, order);
            QCOMPARE(table.chipOf(399), 3u);
            for (int row = 1; row < 399; ++row) {
                const double a = view->chips[table.chipOf(row - 1)].hbmUsedBytes;
                const double b = view->chips[table.chipOf(row)].hbmUsedBytes;
                QVERIFY(order == Qt::AscendingOrder ? a <= b : a >= b);
            }
        }
        table.setView(std::make_shared<const Fleet>(), view, 16, 8); // one node
        QCOMPARE(table.rowCount(), 8);
        QVERIFY(table.rowOf(20) >= 0);
        QCOMPARE(table.rowOf(3), -1);
        table.setView(nullptr, nullptr, 0, 0);
        QCOMPARE(table.rowCount(), 0);
    }
};

QTEST_MAIN(TestChipLayout)
#include "tst_chip_layout.moc"
