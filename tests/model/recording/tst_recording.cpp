// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/engine/engine.h"
#include "model/proto/fleet_text.h"
#include "model/proto/operations_text.h"
#include "model/recording/frame_codec.h"
#include "model/recording/parts.h"
#include "model/recording/recording.h"
#include "tests/model/engine/runs.h"
#include "tests/support/small_fleet.h"

#include <QTemporaryDir>
#include <QTest>
#include <fstream>
#include <random>

using namespace isobar;
using namespace isobar::aggregate;
namespace rec = isobar::recording;

namespace {

using Intervals = std::vector<std::shared_ptr<const Interval>>;
constexpr SimMicros kSecond = kMicrosPerSecond;

bool sameLayout(const Layout& a, const Layout& b)
{
    return rec::continues(a, b) && rec::continues(b, a);
}

bool same(const Interval& a, const Interval& b)
{
    return a.begin == b.begin && a.end == b.end && sameLayout(*a.layout, *b.layout) && a.demand == b.demand &&
           a.latencies == b.latencies && a.supply == b.supply && a.flows == b.flows;
}

std::string bytesOf(const std::filesystem::path& path)
{
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void write(const std::filesystem::path& path, const std::string& bytes)
{
    std::ofstream(path, std::ios::binary | std::ios::trunc).write(bytes.data(), std::streamsize(bytes.size()));
}

/// A busy run of the small fleet: a fault, and a plan that adds a placement and so rows.
struct Run {
    std::shared_ptr<const Fleet> fleet = std::make_shared<const Fleet>(test::smallFleet());
    Intervals intervals;
    std::vector<rec::Event> events;
    std::uint64_t stateHash = 0;

    explicit Run(int seconds, rec::Writer* writer = nullptr)
    {
        engine::EngineOptions options;
        options.threads = 1;
        options.operations = operations();
        auto engine = engine::Engine::create(fleet, test::smallCalibration(), options).value();
        while (engine.now() < seconds * kSecond) {
            if (engine.now() == 23 * kSecond) {
                Fleet moved = *fleet;
                Placement added = moved.placements[4];
                added.key += "#2";
                added.replicas = 2;
                moved.placements.push_back(added);
                moved.placements[0].replicas -= 4;
                QVERIFY(engine.applyPlacements(std::make_shared<const Fleet>(moved)).ok());
            }
            engine.step();
            for (const engine::Event& event : engine.takeEvents()) {
                events.push_back({event.at, std::string(engine::eventKindName(event.kind)), event.text});
                if (writer != nullptr) {
                    writer->add(events.back());
                }
            }
            for (auto& interval : engine.takeIntervals()) {
                if (writer != nullptr) {
                    const Status appended = writer->append(interval);
                    QVERIFY2(appended.ok(), appended.ok() ? "" : appended.error().toString().c_str());
                }
                intervals.push_back(std::move(interval));
            }
        }
        stateHash = engine.stateHash();
    }
    static Operations operations()
    {
        Operations operations;
        Fault fault;
        fault.kind = FaultKind::Node;
        fault.pool = PoolId(std::size_t{0});
        fault.atSeconds = 10; // begins on the edge of a frame
        fault.durationSeconds = 8;
        operations.faults = {fault};
        return operations;
    }
};

rec::Header headerOf(const std::shared_ptr<const Fleet>& fleet)
{
    return {fleet, 42, 7, "fault_rates { }", "a test"};
}

} // namespace

class TestRecording : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;
    std::filesystem::path path(const char* name) const
    {
        return std::filesystem::path(m_folder.path().toStdString()) / name;
    }

    /// 45 s in frames of 10; what it should hold goes to `run`.
    std::filesystem::path record(const char* name, std::optional<Run>& run, bool finish = true)
    {
        const auto file = path(name);
        const auto fleet = std::make_shared<const Fleet>(test::smallFleet());
        auto writer = rec::Writer::create(file, headerOf(fleet), {10, 3}).value();
        run.emplace(45, writer.get());
        if (finish && !writer->finish().ok()) {
            return {};
        }
        return file;
    }

private Q_SLOTS:
    void comesBackExactly()
    {
        std::optional<Run> run;
        const auto file = record("whole", run);
        const auto opened = rec::openRecording(file);
        QVERIFY2(opened.ok(), opened.ok() ? "" : opened.error().toString().c_str());
        QVERIFY(opened->damage().empty());
        QCOMPARE(opened->begin(), 0);
        QCOMPARE(opened->end(), 45 * kSecond);
        QCOMPARE(opened->frames().size(), std::size_t{6}); // one ends early, where rows were added
        QCOMPARE(proto::writeFleetText(*opened->header().fleet), proto::writeFleetText(*run->fleet));
        QCOMPARE(opened->header().seed, std::uint64_t{42});
        QCOMPARE(opened->header().calibrationHash, std::uint64_t{7});
        QCOMPARE(opened->header().operations, std::string("fault_rates { }"));
        const auto all = opened->read(0, opened->end());
        QVERIFY(all.ok());
        QCOMPARE(all->intervals.size(), run->intervals.size());
        for (std::size_t i = 0; i < run->intervals.size(); ++i) {
            QVERIFY2(same(*all->intervals[i], *run->intervals[i]), qPrintable(QString::number(i)));
        }
        QVERIFY(run->events.size() > 3);
        QVERIFY(all->events == run->events);
        QVERIFY(all->intervals.front()->demand.size() < all->intervals.back()->demand.size());
    }

    void operationsComeBackWithTheSameTotals_data()
    {
        QTest::addColumn<QString>("what");
        QTest::addColumn<QString>("event");
        QTest::newRow("replicas drain") << "drain"
                                        << "plan-applied";
        QTest::newRow("a region is unavailable") << "unavailable"
                                                 << "fault-began";
        QTest::newRow("chips that were bought arrive") << "purchase"
                                                       << "chips-arrived";
        QTest::newRow("replicas follow a surge") << "scaling"
                                                 << "scaled";
    }
    void operationsComeBackWithTheSameTotals()
    {
        QFETCH(QString, what);
        QFETCH(QString, event);
        Fleet fleet = test::smallFleet();
        Operations operations;
        operations.warmUp = {1, 1, 1e12, 1};
        if (what == QLatin1String("unavailable")) {
            Fault fault;
            fault.kind = FaultKind::Region;
            fault.region = RegionId(std::size_t{0});
            fault.atSeconds = 12;
            fault.durationSeconds = 9;
            operations.faults = {fault};
        } else if (what == QLatin1String("purchase")) {
            fleet.startTimeUtc = "2026-01-04T23:59:50Z";
            fleet.arrivals = {{PoolId(std::size_t{1}), "2026-01-05", 64, PricingModel::Committed, {}}};
        } else if (what == QLatin1String("scaling")) {
            operations.autoscale = {{PlacementId(std::size_t{0}), 1, 30, 0.7, 5}};
            operations.surges = {{WorkloadId(), 10, 20, 6}};
        }
        rec::Header header = headerOf(std::make_shared<const Fleet>(fleet));
        header.operations = proto::writeOperationsText(operations, fleet);
        engine::EngineOptions options;
        options.operations = operations;
        options.threads = 2;
        engine::Engine engine = engine::Engine::create(header.fleet, test::smallCalibration(), options).value();
        auto writer = rec::Writer::create(path("operated"), header, {10, 3}).value();
        while (engine.now() < 40 * kSecond) {
            if (what == QLatin1String("drain") && engine.now() == 15 * kSecond) {
                Fleet drained = fleet;
                drained.placements[0].replicas = 0;
                QVERIFY(engine.applyPlacements(std::make_shared<const Fleet>(drained)).ok());
            }
            engine.step();
            for (const engine::Event& one : engine.takeEvents()) {
                writer->add({one.at, std::string(engine::eventKindName(one.kind)), one.text});
            }
            for (auto& interval : engine.takeIntervals()) {
                QVERIFY(writer->append(std::move(interval)).ok());
            }
        }
        QVERIFY(writer->finish().ok());

        const auto opened = rec::openRecording(path("operated"));
        QVERIFY(opened.ok() && opened->damage().empty());
        const auto readBack =
            proto::parseOperationsText(opened->header().operations, "header", *opened->header().fleet);
        QVERIFY(readBack.ok() && *readBack == operations);
        QVERIFY(opened->header().fleet->arrivals == fleet.arrivals);
        const auto all = opened->read(0, opened->end());
        QVERIFY(all.ok());
        QVERIFY(std::any_of(all->events.begin(), all->events.end(),
                            [&](const rec::Event& one) { return one.kind == event.toStdString(); }));
        auto [demand, supply] = engine::runs::totalsOf(all->intervals);
        demand.requests += engine.waiting() - demand.retried;
        const engine::RunTotals totals = engine.totals();
        QVERIFY(engine::runs::conserved(totals));
        QVERIFY(demand == totals.demand);
        QVERIFY(supply == totals.supply);
        QVERIFY(demand.completed > 1000);
    }

    void readsAnyRange()
    {
        std::optional<Run> run;
        const auto opened = rec::openRecording(record("ranges", run)).value();
        std::mt19937 random(5);
        for (int i = 0; i < 50; ++i) {
            const SimMicros from = SimMicros(random() % 46'000'000), to = from + SimMicros(random() % 20'000'000);
            const auto part = opened.read(from, to);
            QVERIFY(part.ok());
            Intervals expected;
            std::copy_if(run->intervals.begin(), run->intervals.end(), std::back_inserter(expected),
                         [&](const auto& one) { return one->end > from && one->begin < to; });
            QCOMPARE(part->intervals.size(), from < to ? expected.size() : 0);
            for (std::size_t k = 0; k < part->intervals.size(); ++k) {
                QVERIFY(same(*part->intervals[k], *expected[k]));
            }
        }
        QVERIFY(opened.read(10 * kSecond, 10 * kSecond)->intervals.empty());
        const auto edge = opened.read(10 * kSecond, 11 * kSecond);
        QVERIFY(std::any_of(edge->events.begin(), edge->events.end(),
                            [](const rec::Event& event) { return event.kind == "fault-began"; }));
    }

    void recordingDoesNotChangeTheRun()
    {
        std::optional<Run> recorded;
        record("beside", recorded);
        QCOMPARE(recorded->stateHash, Run(45).stateHash);
    }

    void aFileCutShortOpensUpToItsLastWholeFrame()
    {
        std::optional<Run> run;
        const std::string bytes = bytesOf(record("cut", run));
        const auto frames = rec::openRecording(path("cut"))->frames();
        std::mt19937 random(9);
        for (int i = 0; i < 60; ++i) {
            const std::size_t size = i == 0   ? bytes.size() - 1
                                     : i == 1 ? frames.back().offset
                                              : random() % bytes.size();
            write(path("shorter"), bytes.substr(0, size));
            const auto opened = rec::openRecording(path("shorter"));
            // A frame ends where the next begins, the last one where the index does.
            std::size_t whole = 0;
            while (whole + 1 < frames.size() && frames[whole + 1].offset <= size) {
                ++whole;
            }
            if (!opened.ok()) {
                QVERIFY(size < frames.front().offset);
                QVERIFY(opened.error().message.find("recording") != std::string::npos);
                continue;
            }
            if (i == 0) {
                whole = frames.size();
            }
            QVERIFY(opened->frames().size() == whole || (whole + 1 == frames.size() && size > frames.back().offset));
            QVERIFY2(opened->damage().find("cut short") != std::string::npos, opened->damage().c_str());
            const auto all = opened->read(0, 100 * kSecond);
            QVERIFY(all.ok());
            QCOMPARE(all->intervals.empty() ? 0 : all->intervals.back()->end, opened->end());
        }
    }

    void aKilledWriterLeavesWhatWasWhole()
    {
        std::optional<Run> run;
        const auto opened = rec::openRecording(record("killed", run, false));
        QVERIFY(opened.ok());
        QCOMPARE(opened->end(), 43 * kSecond);
        QVERIFY(!opened->damage().empty());
    }

    void damageIsFoundAndNeverFollowed()
    {
        std::optional<Run> run;
        const std::string bytes = bytesOf(record("mangled", run));
        std::mt19937 random(11);
        int refused = 0, shorter = 0, unread = 0;
        for (int i = 0; i < 400; ++i) {
            std::string mangled = bytes;
            const int hits = 1 + int(random() % 4);
            for (int hit = 0; hit < hits; ++hit) {
                // Half of them where lengths, the index and the trailer are.
                const std::size_t at = random() % 2 == 0
                                           ? random() % bytes.size()
                                           : (random() % 2 == 0 ? random() % 64 : bytes.size() - 1 - random() % 200);
                mangled[at] = char(random());
            }
            write(path("mangled2"), mangled);
            const auto opened = rec::openRecording(path("mangled2"));
            if (!opened.ok()) {
                ++refused;
                continue;
            }
            shorter += opened->damage().empty() ? 0 : 1;
            const auto all = opened->read(0, 100 * kSecond);
            unread += all.ok() ? 0 : 1;
            // Whatever is read is what was written: each frame has its checksum.
            for (std::size_t k = 0; all.ok() && k < all->intervals.size(); ++k) {
                QVERIFY(same(*all->intervals[k], *run->intervals[k]));
            }
        }
        QVERIFY2(refused > 20 && shorter > 20 && unread > 20,
                 qPrintable(QStringLiteral("%1 %2 %3").arg(refused).arg(shorter).arg(unread)));
    }

    /// Past the checksums: messages that are well packed and make no sense.
    void hostileMessagesAreRefused()
    {
        std::optional<Run> run;
        const std::string bytes = bytesOf(record("hostile", run));
        const auto good = rec::openRecording(path("hostile")).value();
        std::ifstream file(path("hostile"), std::ios::binary);
        const std::string frame = rec::readPart(file, good.frames()[1].offset, bytes.size())->message;
        std::mt19937 random(13);
        const auto fleet = good.header().fleet;
        QVERIFY(rec::readFrame(frame, *fleet, nullptr).has_value());
        int kept = 0;
        for (int i = 0; i < 3000; ++i) {
            std::string mangled = frame;
            for (int hit = 0; hit < 3; ++hit) {
                mangled[random() % (i % 2 == 0 ? 300 : mangled.size())] = char(random());
            }
            kept += rec::readFrame(mangled.substr(0, i % 5 == 0 ? random() % mangled.size() : mangled.size()), *fleet,
                                   nullptr)
                        .has_value();
        }
        QVERIFY(kept < 3000);

        const auto refuses = [&](auto change) {
            v1::RecordingFrame message;
            message.ParseFromString(frame);
            change(message);
            return !rec::readFrame(message.SerializeAsString(), *fleet, nullptr).has_value();
        };
        QVERIFY(!refuses([](v1::RecordingFrame&) {}));
        QVERIFY(refuses([](v1::RecordingFrame& m) { m.clear_intervals(); }));
        QVERIFY(refuses([](v1::RecordingFrame& m) { m.mutable_layout()->set_areas(1'000'000); }));
        QVERIFY(refuses([](v1::RecordingFrame& m) { m.mutable_layout()->set_placement_model(0, 99); }));
        QVERIFY(refuses([](v1::RecordingFrame& m) { m.mutable_layout()->set_supply_use(0, 4); }));
        QVERIFY(refuses([](v1::RecordingFrame& m) { m.mutable_layout()->add_demand_workload(0); }));
        QVERIFY(refuses([](v1::RecordingFrame& m) { m.mutable_layout()->set_demand_placement(0, 77); }));
        QVERIFY(refuses([](v1::RecordingFrame& m) { m.mutable_intervals(0)->set_requests(0, INT64_MAX); }));
        QVERIFY(refuses([](v1::RecordingFrame& m) { m.mutable_intervals(0)->add_lost(1); }));
        QVERIFY(refuses([](v1::RecordingFrame& m) { m.mutable_intervals(0)->set_end_micros(-1); }));
        QVERIFY(refuses([](v1::RecordingFrame& m) { m.mutable_intervals(1)->set_begin_micros(0); }));
        QVERIFY(refuses([](v1::RecordingFrame& m) { m.mutable_intervals(0)->set_sketch_width(0, 4'000'000'000u); }));
        QVERIFY(refuses([](v1::RecordingFrame& m) { m.mutable_intervals(0)->add_sketch_counts(1); }));
        QVERIFY(refuses([](v1::RecordingFrame& m) { m.mutable_intervals(0)->mutable_flows()->Resize(1'000'000, 0); }));
        QVERIFY(refuses([](v1::RecordingFrame& m) { m.add_events()->set_text(std::string(100'000, 'x')); }));
        QVERIFY(refuses([](v1::RecordingFrame& m) {
            for (int i = 0; i < 5000; ++i) {
                m.add_intervals();
            }
        }));
        QVERIFY(refuses([](v1::RecordingFrame& m) {
            for (int i = 0; i < 200'000; ++i) {
                m.add_events();
            }
        }));
        // A length that no file has, and a frame that claims to be enormous.
        QVERIFY(!rec::readPart(file, bytes.size() - 3, bytes.size()));
        QVERIFY(!rec::readPart(file, UINT64_MAX - 2, bytes.size()));
        write(path("bomb"), "F" + rec::littleEndian(0xffffffffu, 4) + std::string(100, 'z'));
        std::ifstream bomb(path("bomb"), std::ios::binary);
        QVERIFY(!rec::readPart(bomb, 0, 105));
    }

    void whatIsNoRecordingIsRefusedAndLeftAlone()
    {
        QVERIFY(rec::openRecording(path("absent")).error().code == ErrorCode::NotFound);
        write(path("notes"), "a shopping list, not a recording");
        QVERIFY(rec::openRecording(path("notes")).error().code == ErrorCode::WrongFormat);
        const auto fleet = std::make_shared<const Fleet>(test::smallFleet());
        const auto refused = rec::Writer::create(path("notes"), headerOf(fleet));
        QVERIFY(!refused.ok());
        QCOMPARE(bytesOf(path("notes")), std::string("a shopping list, not a recording"));
        QVERIFY(!rec::Writer::create(path("no/such/folder"), headerOf(fleet)).ok());
        write(
            path("newer"), std::string(rec::kMagic) + [] {
                v1::RecordingHeader header;
                header.set_schema_version(2);
                return rec::packPart(rec::kHeaderPart, header.SerializeAsString(), 1);
            }());
        QVERIFY(rec::openRecording(path("newer")).error().code == ErrorCode::NewerVersion);
    }

    void anEmptyRecordingIsOne()
    {
        const auto fleet = std::make_shared<const Fleet>(test::smallFleet());
        {
            auto writer = rec::Writer::create(path("empty"), headerOf(fleet)).value();
            QVERIFY(writer->finish().ok());
            QVERIFY(writer->finish().ok());
        }
        const auto opened = rec::openRecording(path("empty"));
        QVERIFY(opened.ok() && opened->damage().empty());
        QVERIFY(opened->read(0, kSecond)->intervals.empty());
        // A recording may be replaced by another one.
        QVERIFY(rec::Writer::create(path("empty"), headerOf(fleet)).ok());
    }

    void outOfOrderIsABugAndSaysSo()
    {
        std::optional<Run> run;
        record("order", run);
        auto writer = rec::Writer::create(path("order"), headerOf(run->fleet)).value();
        QVERIFY(writer->append(run->intervals[30]).ok());
        QVERIFY(!writer->append(run->intervals[32]).ok());
        QVERIFY(writer->append(run->intervals[31]).ok());
    }
};

QTEST_GUILESS_MAIN(TestRecording)
#include "tst_recording.moc"
