// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/query/query.h"
#include "ui/devices/chip_grid.h"
#include "ui/devices/chip_table.h"
#include "ui/devices/device_page.h"
#include "ui/devices/device_panel.h"
#include "ui/devices/level_cards.h"
#include "ui/devices/pool_lists.h"

#include <QLabel>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTableView>
#include <QTest>
#include <QToolButton>

#include <cmath>

using namespace isobar;
using namespace isobar::ui;

/// The page on the running sample fleet.
class TestDevicePage : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        QStandardPaths::setTestModeEnabled(true);
        applyTheme(ThemeChoice::Dark);
        m_session = std::make_unique<Session>(0);
        QVERIFY(m_session->openSample().ok());
        QVERIFY(m_session->runScenario({}).ok()); // as it stands: no share of other tenants swings
        m_page = std::make_unique<DevicePage>(*m_session);
        m_page->resize(1400, 800);
        m_page->show();
        QVERIFY(QTest::qWaitForWindowExposed(m_page.get()));
        m_session->stepBy(5);
        QTRY_VERIFY(m_session->history().end() >= 5'000'000);
        QTRY_VERIFY(m_session->snapshot() && m_session->snapshot()->paused);
    }
    void cleanupTestCase()
    {
        m_page.reset();
        m_session.reset();
    }
    void init() { m_page->open({}); }

    void cardsLeadFromTheWorldToAPool()
    {
        const Fleet& fleet = m_session->fleet();
        double chips = 0;
        for (const LevelCard* card : m_page->cards().cards()) {
            const auto& d = card->data();
            QTRY_VERIFY(card->data().known);
            QVERIFY(card->accessibleDescription().contains(QStringLiteral("utilization")));
            chips += d.serving + d.training + d.idle + d.down;
        }
        double owned = 0;
        for (const Pool& pool : fleet.pools) {
            owned += double(pool.usableChips());
        }
        QVERIFY2(std::abs(chips - owned) < 0.5, qPrintable(QStringLiteral("%1 %2").arg(chips).arg(owned)));
        QTest::mouseClick(m_page->cards().cards().front(), Qt::LeftButton);
        QVERIFY(m_page->path().provider.has_value());
        QTest::mouseClick(m_page->cards().cards().front(), Qt::LeftButton);
        QVERIFY(m_page->path().region.has_value());
        QTest::keyClick(m_page->cards().cards().front(), Qt::Key_Return);
        QVERIFY(m_page->path().pool.has_value());
        QTRY_VERIFY(m_page->grid().view() != nullptr);
        QTRY_VERIFY(m_page->grid().isVisible());
        // And back the same way, by key.
        QTest::keyClick(&m_page->grid(), Qt::Key_Escape);
        QVERIFY(!m_page->path().pool && m_page->path().region);
        QVERIFY(m_page->back() && m_page->back() && m_page->path() == DevicePath{});
    }

    /// Under the cards: the pools worth a look, in order, of what is open; a click leads to their chips.
    void poolsWorthALookAreListed()
    {
        const Fleet& fleet = m_session->fleet();
        QTRY_VERIFY(m_page->lists().isVisible() && !m_page->lists().rows(0).empty());
        for (std::size_t list = 0; list < 4; ++list) {
            double last = 1;
            for (const PoolRow* row : m_page->lists().rows(list)) {
                QVERIFY(row->data().share <= last && row->data().share >= 0);
                last = row->data().share;
                QVERIFY(!row->data().value.isEmpty() && !row->accessibleName().isEmpty());
                QVERIFY(m_page->lists().rect().contains(row->mapTo(&m_page->lists(), row->rect().center())));
            }
        }
        // The first of the largest owns as many chips as any pool does.
        std::int64_t most = 0;
        for (const Pool& pool : fleet.pools) {
            most = std::max<std::int64_t>(most, pool.usableChips());
        }
        QCOMPARE(std::int64_t{fleet[m_page->lists().rows(0).front()->data().pool].usableChips()}, most);
        const PoolId first = m_page->lists().rows(0).front()->data().pool;
        QTest::mouseClick(m_page->lists().rows(0).front(), Qt::LeftButton);
        QVERIFY(m_page->path().pool == first);
        // A provider's page lists its own alone; a region's pools have cards instead.
        const ProviderId other = fleet[fleet[first].region].provider == ProviderId(0) ? ProviderId(1) : ProviderId(0);
        m_page->open(DevicePath{{}, other, {}, {}, {}, {}});
        QTRY_VERIFY(!m_page->lists().rows(0).empty());
        for (const PoolRow* row : m_page->lists().rows(0)) {
            QVERIFY(fleet[fleet[row->data().pool].region].provider == other);
        }
        m_page->open(DevicePath::of(fleet, fleet[first].region));
        QVERIFY(m_page->lists().isHidden());
    }

    void sumsOverChipsAreThePoolsOwnAccount()
    {
        const Fleet& fleet = m_session->fleet();
        int checked = 0;
        for (std::size_t i = 0; i < fleet.pools.size(); i += 9) {
            m_page->open(DevicePath::of(fleet, PoolId(i)));
            QTRY_VERIFY(m_session->devices() && m_session->devices()->pool == PoolId(i));
            const engine::DeviceCounts counts = m_session->devices()->counts();
            query::Query q;
            q.measures = {query::Measure::Accelerators};
            q.by = {query::Dimension::Pool};
            q.to = m_session->history().end();
            q.from = q.to - 1;
            const auto table = query::run(q, fleet, m_session->history().range(q.from, q.to));
            QVERIFY(table.ok());
            const query::Row* row = table->find({fleet.pools[i].key});
            QVERIFY(row != nullptr);
            QCOMPARE(counts.held() + counts.idle + counts.down, std::llround(row->values[0]));
            QVERIFY2(m_page->panel().sumText().contains(QStringLiteral("= ")), qPrintable(m_page->panel().sumText()));
            ++checked;
        }
        QVERIFY(checked >= 5);
    }

    void aClickOpensTheNodeAndAnotherTheChip()
    {
        openLargestPool();
        const auto at = [&](std::uint32_t chip) { return m_page->grid().chipPixels(chip).center().toPoint(); };
        QTest::mouseMove(&m_page->grid(), at(5));
        QTRY_VERIFY(m_page->panel().detailText().contains(QStringLiteral("Chip 5")));
        QTest::mouseClick(&m_page->grid(), Qt::LeftButton, {}, at(5));
        QVERIFY(m_page->path().node == m_session->devices()->nodeOf(5));
        QVERIFY(!m_page->path().chip);
        QTest::mouseClick(&m_page->grid(), Qt::LeftButton, {}, at(5));
        QVERIFY(m_page->path().chip == 5u);
        QVERIFY(m_page->panel().detailText().contains(QStringLiteral("Temperature")));
        QTest::keyClick(&m_page->grid(), Qt::Key_Escape);
        QVERIFY(!m_page->path().chip && m_page->path().node);
    }

    void theTableIsOneKeyAwayAndShowsTheSame()
    {
        openLargestPool();
        QTest::keyClick(&m_page->grid(), Qt::Key_T);
        QVERIFY(m_page->isTableShown());
        const ChipTable& table = m_page->table();
        const engine::DeviceView& view = *m_session->devices();
        QCOMPARE(table.rowCount(), int(view.chips.size()));
        for (int row = 0; row < table.rowCount(); row += 101) {
            QCOMPARE(table.index(row, ChipTable::Utilization).data().toString(),
                     chipValueText(double{view.chips[table.chipOf(row)].utilizationRatio}, ChipMeasure::Utilization));
        }
        auto* tableView = m_page->findChild<QTableView*>();
        QTRY_VERIFY(tableView->hasFocus());
        QTest::keyClick(tableView, Qt::Key_T);
        QVERIFY(!m_page->isTableShown());
        QTRY_VERIFY(m_page->grid().isVisible());
    }

    void everyMeasureColoursAllChips()
    {
        openLargestPool();
        for (const ChipMeasure measure : kChipMeasures) {
            m_page->setMeasure(measure);
            QCOMPARE(m_page->grid().colors().measure, measure);
            QCOMPARE(m_page->grid().colors().chips.size(), m_session->devices()->chips.size());
        }
        m_page->setMeasure(ChipMeasure::Utilization);
    }

    void aBrokenNodeShowsAndIsTold()
    {
        openLargestPool();
        Fault fault;
        fault.kind = FaultKind::Node;
        fault.pool = m_session->devices()->pool;
        fault.unit = 0;
        fault.durationSeconds = 600;
        m_session->injectFault(fault);
        m_session->stepBy(1);
        QTRY_VERIFY(m_session->snapshot()->faults.size() == 1);
        QTRY_COMPARE(m_page->grid().colors().counts[std::size_t(ChipClass::Down)],
                     std::int64_t(m_session->devices()->chipsPerNode));
        QTRY_VERIFY(m_page->panel().eventText().contains(QStringLiteral("down")));
        m_session->mendFault(m_session->snapshot()->faults.front().first);
        m_session->stepBy(1);
        QTRY_COMPARE(m_page->grid().colors().counts[std::size_t(ChipClass::Down)], std::int64_t{0});
    }

    void nobodyLooksNothingIsAsked()
    {
        openLargestPool();
        m_page->hide();
        const auto step = [this] {
            const auto to = m_session->snapshot()->now + 2'000'000;
            m_session->stepBy(2);
            QTRY_VERIFY(m_session->snapshot()->paused && m_session->snapshot()->now >= to);
        };
        step(); // what was asked for before it was hidden has come by then
        const auto before = m_session->devices();
        step();
        QCOMPARE(m_session->devices(), before);
        m_page->show();
        QTRY_VERIFY(m_session->devices() != before); // it catches up when seen again
    }

    void aRestartForgetsTheChipsOfTheRunBefore()
    {
        openLargestPool();
        QVERIFY(m_session->restart(7).ok());
        QVERIFY(m_session->devices() == nullptr);
        QVERIFY(m_page->path() == DevicePath{});
        QVERIFY(m_page->grid().view() == nullptr || !m_page->grid().isVisible());
        openLargestPool(); // of the new run
    }

private:
    void openLargestPool()
    {
        const Fleet& fleet = m_session->fleet();
        std::size_t largest = 0;
        for (std::size_t i = 1; i < fleet.pools.size(); ++i) {
            if (fleet.pools[i].totalChips() > fleet.pools[largest].totalChips()) {
                largest = i;
            }
        }
        m_page->open(DevicePath::of(fleet, PoolId(largest)));
        QTRY_VERIFY(m_session->devices() && m_session->devices()->pool == PoolId(largest));
        QTRY_VERIFY(m_page->grid().isVisible());
        m_page->grid().showAll();
    }

    std::unique_ptr<Session> m_session;
    std::unique_ptr<DevicePage> m_page;
};

QTEST_MAIN(TestDevicePage)
#include "tst_device_page.moc"
