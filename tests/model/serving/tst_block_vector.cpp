// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/serving/block_vector.h"

#include <QTest>
#include <algorithm>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

using namespace isobar::serving;

namespace {

struct Item {
    std::uint64_t a = 0, b = 0, c = 0;
    friend bool operator==(const Item&, const Item&) = default;
};

bool same(const BlockVector<Item>& fast, const std::vector<Item>& slow)
{
    return std::equal(fast.begin(), fast.end(), slow.begin(), slow.end());
}

/// Takes and gives blocks of all sizes, each filled with its own number while it is held.
bool blocksStayWhole(std::uint64_t seed)
{
    struct Held {
        std::uint64_t* block;
        std::size_t bytes;
        std::uint64_t mark;
    };
    std::mt19937_64 random(seed);
    std::vector<Held> held;
    bool whole = true;
    for (int i = 0; i < 20'000; ++i) {
        if (random() % 2 == 0 || held.empty()) {
            const std::size_t bytes = std::size_t{8} << random() % (i % 50 == 0 ? 17 : 9);
            const std::size_t odd = bytes + random() % bytes;
            auto* const block = static_cast<std::uint64_t*>(block_heap::take(odd));
            whole = whole && reinterpret_cast<std::uintptr_t>(block) % 64 == 0;
            std::fill_n(block, odd / 8, random());
            held.push_back({block, odd, block[0]});
        } else {
            std::swap(held[random() % held.size()], held.back());
            const Held last = held.back();
            held.pop_back();
            whole = whole &&
                    std::count(last.block, last.block + last.bytes / 8, last.mark) == std::ptrdiff_t(last.bytes / 8);
            block_heap::give(last.block, random() % 2 == 0 ? last.bytes : block_heap::roundUp(last.bytes));
        }
    }
    for (const Held& each : held) {
        whole =
            whole && std::count(each.block, each.block + each.bytes / 8, each.mark) == std::ptrdiff_t(each.bytes / 8);
        block_heap::give(each.block, each.bytes);
    }
    return whole;
}

} // namespace

class TestBlockVector : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void sizesAreLinesAndHardlyMoreThanAskedFor()
    {
        for (std::size_t bytes = 1; bytes < 600'000; bytes += 1 + bytes / 50) {
            const std::size_t rounded = block_heap::roundUp(bytes);
            QVERIFY(rounded >= bytes && rounded % 64 == 0);
            QVERIFY(rounded < bytes + std::max<std::size_t>(64, bytes / 4 + 64));
            QCOMPARE(block_heap::roundUp(rounded), rounded);
        }
    }
    void blocksDoNotTouch()
    {
        bool other = false;
        {
            const std::jthread thread([&] { other = blocksStayWhole(2); });
            QVERIFY(blocksStayWhole(1));
        }
        QVERIFY(other);
    }
    /// Random growing, cutting, copying and moving, against std::vector.
    void isAVector()
    {
        std::mt19937_64 random(3);
        BlockVector<Item> fast;
        std::vector<Item> slow;
        for (int i = 0; i < 50'000; ++i) {
            switch (random() % 16) {
            case 0:
                if (!slow.empty()) {
                    const std::size_t size = random() % slow.size();
                    fast.shrink(size);
                    slow.resize(size);
                }
                break;
            case 1: {
                BlockVector<Item> copy(fast);
                QVERIFY(same(copy, slow));
                QVERIFY(fast.empty() || copy.data() != fast.data());
                fast.extend() = {9, 9, 9}; // the copy does not see it
                fast = std::move(copy);
                break;
            }
            case 2: {
                BlockVector<Item> assigned;
                assigned.extend() = {1, 1, 1};
                assigned = fast;
                fast = assigned;
                break;
            }
            case 3:
                if (!slow.empty()) {
                    fast.pop_back();
                    slow.pop_back();
                }
                break;
            default:
                slow.push_back({random(), random(), random()});
                fast.extend() = slow.back();
                QVERIFY(fast.capacity() >= fast.size());
            }
            QVERIFY(same(fast, slow));
        }
    }
};

QTEST_APPLESS_MAIN(TestBlockVector)
#include "tst_block_vector.moc"
