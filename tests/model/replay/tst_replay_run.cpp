// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/proto/shipped.h"
#include "model/replay/replay.h"
#include "model/replay/setup.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <random>

using namespace isobar;

namespace {

/// Requests in memory, handed out one by one.
class Requests final : public ingest::TraceStream {
public:
    explicit Requests(std::vector<ingest::TracedRequest> requests)
        : m_requests(std::move(requests))
    {
        m_summary.requests = m_summary.expectedRequests = std::ssize(m_requests);
    }
    Result<bool> next(ingest::TraceRow& row) override
    {
        if (m_next == m_requests.size()) {
            return false;
        }
        static_cast<ingest::TracedRequest&>(row) = m_requests[m_next];
        row.place = m_next++;
        return true;
    }
    void makeDrawn(std::int64_t expected, double seconds)
    {
        m_summary.drawn = true;
        m_summary.requests = m_summary.expectedRequests = expected;
        m_summary.durationSeconds = seconds;
    }

private:
    std::vector<ingest::TracedRequest> m_requests;
    std::size_t m_next = 0;
};

/// Poisson arrivals, `rate` a second; now and then a request that no replica can serve.
std::vector<ingest::TracedRequest> poisson(std::size_t requests, double rate)
{
    std::mt19937_64 random(3);
    std::exponential_distribution<double> gap(rate);
    std::vector<ingest::TracedRequest> trace;
    double now = 0;
    for (std::size_t i = 0; i < requests; ++i) {
        const bool empty = i % 100 == 7, endless = i % 100 == 9;
        trace.push_back({now, endless ? 4'000'000'000U : static_cast<std::uint32_t>(100 + random() % 1500),
                         empty ? 0 : static_cast<std::uint32_t>(1 + random() % 400)});
        now += gap(random);
    }
    return trace;
}

serving::IterationModel replica()
{
    const Fleet fleet = proto::shippedSample().value();
    return replay::buildReplica(fleet, proto::shippedCalibration().value(),
                                {.model = "Llama-3.1-70B", .accelerator = "H100", .tensorParallel = 4})
        .value();
}

QByteArray contents(const QString& path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

} // namespace

/// Traces through a group: what is counted, what a stop leaves, how many replicas a trace needs.
class TestReplayRun : public QObject {
    Q_OBJECT
    const serving::IterationModel m_model = replica();

private Q_SLOTS:
    void everyRequestIsCountedOnce()
    {
        Requests trace(poisson(5000, 8));
        std::int64_t seen = 0;
        auto figures = replay::run(trace, m_model, {.replicas = 3}, {}, [&](const serving::Outcome&) { ++seen; });
        QVERIFY(figures.ok());
        QCOMPARE(seen, 5000);
        QCOMPARE(figures->arrived, 5000);
        QCOMPARE(figures->noTokens, 50);
        QCOMPARE(figures->tooLong, 50);
        QCOMPARE(figures->completed, 4900);
        QCOMPARE(figures->unfinished(), 0);
        QVERIFY(!figures->stopped);
        QCOMPARE(figures->latencies.endToEnd.summarize().count, 4900);
    }

    void theFileHasTheSameRun()
    {
        const QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("rows.csv"));
        Requests trace(poisson(2000, 8)), same(poisson(2000, 8));
        auto plain = replay::run(trace, m_model, {.replicas = 2}, {});
        auto rows = replay::runToCsv(same, m_model, {.replicas = 2}, path.toStdString(), {});
        QVERIFY(plain.ok() && rows.ok());
        QCOMPARE(rows->completed, plain->completed);
        QCOMPARE(rows->latencies.ttft.summarize().p99, plain->latencies.ttft.summarize().p99);
        const QList<QByteArray> lines = contents(path).split('\n');
        QCOMPARE(lines.size(), 2002); // header, rows, and nothing after the last line end
        QVERIFY(lines.at(1).startsWith("0,0,"));
        QVERIFY(lines.at(8).endsWith(",rejected"));
    }

    void aStopKeepsWhatWasDone_data()
    {
        QTest::addColumn<double>("rate");
        QTest::addColumn<bool>("whileDraining");
        QTest::newRow("while requests arrive") << 8.0 << false;
        QTest::newRow("while the queue empties") << 1e6 << true;
    }
    void aStopKeepsWhatWasDone()
    {
        QFETCH(double, rate);
        QFETCH(bool, whileDraining);
        Requests trace(poisson(60'000, rate));
        std::stop_source stop;
        JobContext job;
        job.stop = stop.get_token();
        std::int64_t seen = 0;
        auto figures = replay::run(trace, m_model, {.replicas = 1}, job, [&](const serving::Outcome&) {
            if (++seen == 20'000) {
                stop.request_stop();
            }
        });
        QVERIFY(figures.ok());
        QVERIFY(figures->stopped);
        QCOMPARE(figures->completed + figures->rejected(), seen);
        QVERIFY(seen >= 20'000 && seen < 40'000);
        QCOMPARE(figures->arrived == 60'000, whileDraining);
        QCOMPARE(figures->unfinished(), figures->arrived - seen);
        QVERIFY(figures->unfinished() > 0);
    }

    void aStoppedFileIsNotLeft()
    {
        const QTemporaryDir folder;
        std::stop_source stop;
        stop.request_stop();
        JobContext job;
        job.stop = stop.get_token();
        Requests trace(poisson(1000, 8));
        const auto figures =
            replay::runToCsv(trace, m_model, {}, folder.filePath(QStringLiteral("rows.csv")).toStdString(), job);
        QVERIFY(!figures.ok());
        QCOMPARE(figures.error().code, ErrorCode::Cancelled);
        QVERIFY(QDir(folder.path()).isEmpty());
    }

    void progressGoesUpToAll()
    {
        Requests trace(poisson(30'000, 8));
        std::int64_t last = 0, total = 0;
        bool ascending = true;
        JobContext job;
        job.report = [&](const Progress& progress) {
            ascending = ascending && progress.done >= last;
            last = progress.done;
            total = progress.total;
        };
        QVERIFY(replay::run(trace, m_model, {.replicas = 3}, job).ok());
        QVERIFY(ascending);
        QCOMPARE(last, 30'000);
        QCOMPARE(total, 30'000);
    }

    void replicasForALoadAreTheFewestThatHoldIt()
    {
        for (const double rate : {0.01, 1.0, 7.0, 40.0, 900.0}) {
            auto requests = poisson(3000, rate);
            std::erase_if(requests, [](const auto& r) { return r.inputTokens > 1'000'000; });
            Requests trace(requests);
            const replay::TraceLoad load = replay::loadOf(trace, {}).value();
            const std::size_t replicas = replay::replicasFor(load, m_model, 0.7);
            QVERIFY(replay::utilizationRatio(load, m_model, replicas) <= 0.7 + 1e-9);
            QVERIFY(replicas == 1 || replay::utilizationRatio(load, m_model, replicas - 1) > 0.7);
        }
        Requests burst({5, {0, 10, 10}});
        QVERIFY(std::isinf(replay::utilizationRatio(replay::loadOf(burst, {}).value(), m_model, 4)));
    }

    void theLoadOfADrawnTraceIsEstimated()
    {
        // Three million are announced; the first million stand for them.
        std::vector<ingest::TracedRequest> requests(1'000'001, {1, 100, 10});
        requests.back() = {2, 4'000'000, 4'000'000};
        Requests drawn(requests);
        drawn.makeDrawn(3'000'000, 60);
        const replay::TraceLoad load = replay::loadOf(drawn, {}).value();
        QCOMPARE(load.requests, 3'000'000);
        QCOMPARE(load.seconds, 60.0);
        QCOMPARE(load.meanInputTokens, 100.0);
        QCOMPARE(load.meanOutputTokens, 10.0);
        Requests recorded(requests);
        QCOMPARE(replay::loadOf(recorded, {}).value().requests, 1'000'001);
        std::stop_source stop;
        stop.request_stop();
        QCOMPARE(replay::loadOf(recorded, JobContext{stop.get_token(), {}}).error().code, ErrorCode::Cancelled);
    }

    void namesThatDoNotExistAreToldWithThoseThatDo()
    {
        const Fleet fleet = proto::shippedSample().value();
        const Calibration calibration = proto::shippedCalibration().value();
        for (const auto& [typed, told] :
             {std::pair<std::string, std::string>{"llama-3.1-70", "Llama-3.1-70B"}, {"zzzz", fleet.models[0].name}}) {
            const auto built = replay::buildReplica(fleet, calibration, {.model = typed, .accelerator = "H100"});
            QVERIFY(!built.ok());
            QVERIFY2(built.error().advice.find(told) != std::string::npos, built.error().advice.c_str());
        }
        QVERIFY(!replay::readCalibration("/nowhere/coefficients.textproto").ok());
    }
};

QTEST_APPLESS_MAIN(TestReplayRun)
#include "tst_replay_run.moc"
