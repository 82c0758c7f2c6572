// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/vllm_run.h"
#include "tests/model/store/store_fixture.h"
#include "tests/support/test_support.h"

#include <QFile>
#include <QTest>
#include <cmath>

using namespace isobar;
using namespace isobar::ingest;

namespace {

const QByteArray kServed =
    R"({"request_id": "a", "input_toks": 10, "output_toks": 5, "arrival_time": 1777142838.5, "queued_ts": 100.0,)"
    R"( "scheduled_ts": 100.5, "first_token_ts": 101.0, "last_token_ts": 103.0})"
    "\n";

QByteArray changed(QByteArray text, const char* from, const char* to)
{
    if (!text.contains(from)) {
        qFatal("nothing to change");
    }
    return text.replace(from, to);
}

} // namespace

class TestVllmRun : public QObject {
    Q_OBJECT

    test::Folder m_folder;

    std::filesystem::path write(const char* name, const QByteArray& bytes) const
    {
        return m_folder.write(name, bytes.toStdString());
    }
    Result<VllmRun> read(const QByteArray& bytes) const { return readVllmRun(write("run.jsonl", bytes), {}); }
    Result<VllmSettings> settings(const QByteArray& bytes) const
    {
        return readVllmSettings(write("run.meta.json", bytes));
    }

private Q_SLOTS:
    void timesCountFromTheQueueAndArrivalsFromTheFirst()
    {
        const auto run = read(changed(kServed, "1777142838.5", "1777142840.0") + kServed);
        QVERIFY2(run.ok(), run.ok() ? "" : run.error().toString().c_str());
        QCOMPARE(run->requests.size(), std::size_t{2});
        QCOMPARE(run->requests[0].arrivalSeconds, 0.0); // sorted by arrival
        QCOMPARE(run->requests[1].arrivalSeconds, 1.5);
        const VllmRequest& r = run->requests[0];
        QCOMPARE(r.queueSeconds, 0.5);
        QCOMPARE(r.ttftSeconds, 1.0);
        QCOMPARE(r.tpotSeconds, 0.5);
        QCOMPARE(r.endToEndSeconds, 3.0);
        QCOMPARE(run->unfinished + run->withoutTokens, std::int64_t{0});
    }

    void aSingleTokenHasNoTimeBetweenTokens()
    {
        const auto run = read(changed(changed(kServed, "\"output_toks\": 5", "\"output_toks\": 1"), "103.0", "101.0"));
        QVERIFY(run.ok());
        QVERIFY(std::isnan(run->requests[0].tpotSeconds));
        QCOMPARE(run->requests[0].endToEndSeconds, 1.0);
    }

    void whatWasNotFinishedIsKeptAndCounted()
    {
        const auto run = read(kServed + changed(kServed, "\"last_token_ts\": 103.0", "\"last_token_ts\": null") +
                              changed(kServed,
                                      ", \"queued_ts\": 100.0, \"scheduled_ts\": 100.5, \"first_token_ts\": "
                                      "101.0, \"last_token_ts\": 103.0",
                                      "") +
                              changed(kServed, "\"output_toks\": 5", "\"output_toks\": 0"));
        QVERIFY2(run.ok(), run.ok() ? "" : run.error().toString().c_str());
        QCOMPARE(run->requests.size(), std::size_t{4});
        QCOMPARE(run->unfinished, std::int64_t{2});
        QCOMPARE(run->withoutTokens, std::int64_t{1});
        QVERIFY(!run->requests[1].finished());
        QCOMPARE(run->requests[1].ttftSeconds, 1.0); // it got that far
        QVERIFY(std::isnan(run->requests[2].ttftSeconds));
    }

    void withoutArrivalTimesRequestsArriveWhenTheyWereQueued()
    {
        const QByteArray bare = changed(kServed, "\"arrival_time\": 1777142838.5, ", "");
        const auto run = read(bare + changed(bare, "\"queued_ts\": 100.0", "\"queued_ts\": 100.25"));
        QVERIFY(run.ok());
        QCOMPARE(run->requests[1].arrivalSeconds, 0.25);
    }

    void badRows_data()
    {
        QTest::addColumn<QByteArray>("content");
        QTest::addColumn<int>("line");
        QTest::addColumn<QByteArray>("says");
        QTest::newRow("nothing") << QByteArray("\n\n") << 0 << QByteArray("no requests");
        QTest::newRow("no JSON") << kServed + "{\"input_toks\": 1,\n" << 2 << QByteArray("not one JSON object");
        QTest::newRow("an array") << QByteArray("[1]\n") << 1 << QByteArray("not one JSON object");
        QTest::newRow("no count") << changed(kServed, "\"input_toks\": 10, ", "") << 1 << QByteArray("input_toks");
        QTest::newRow("half a token") << changed(kServed, ": 10", ": 10.5") << 1 << QByteArray("input_toks");
        QTest::newRow("negative tokens") << changed(kServed, ": 5", ": -5") << 1 << QByteArray("output_toks");
        QTest::newRow("a time in words") << changed(kServed, "100.5", "\"noon\"") << 1 << QByteArray("scheduled_ts");
        QTest::newRow("a time beyond all")
            << changed(kServed, "1777142838.5", "1e300") << 1 << QByteArray("arrival_time");
        QTest::newRow("backwards") << kServed + changed(kServed, "101.0", "100.2") << 2 << QByteArray("backwards");
        QTest::newRow("ends before it began") << changed(kServed, "103.0", "99.0") << 1 << QByteArray("backwards");
        QTest::newRow("no time at all") << changed(changed(kServed, "\"arrival_time\": 1777142838.5, ", ""),
                                                   "\"queued_ts\": 100.0,", "")
                                        << 1 << QByteArray("neither arrival_time nor queued_ts");
        QTest::newRow("two clocks") << kServed + changed(kServed, "\"arrival_time\": 1777142838.5, ", "") << 2
                                    << QByteArray("no arrival_time here, but one in line 1");
    }
    void badRows()
    {
        QFETCH(QByteArray, content);
        QFETCH(int, line);
        QFETCH(QByteArray, says);
        const auto run = read(content);
        QVERIFY(!run.ok());
        QCOMPARE(run.error().line, std::int64_t{line});
        QVERIFY2(run.error().toString().find(says.toStdString()) != std::string::npos, run.error().toString().c_str());
    }

    void settingsAsStarted()
    {
        const auto s = settings(R"({"model": "owner/Name", "vllm_version": "0.19.0", "engine_kwargs": {
            "tensor_parallel_size": 2, "data_parallel_size": 1, "max_num_seqs": 128, "max_num_batched_tokens": 4096,
            "max_model_len": null, "dtype": "bfloat16", "kv_cache_dtype": "fp8_e4m3", "enable_expert_parallel": true}})");
        QVERIFY2(s.ok(), s.ok() ? "" : s.error().toString().c_str());
        QCOMPARE(s->model, std::string("owner/Name"));
        QCOMPARE(s->tensorParallel, 2);
        QCOMPARE(s->maxSequences, 128);
        QCOMPARE(s->maxBatchedTokens, 4096);
        QCOMPARE(s->kvBytesPerValue, 1.0);
        QVERIFY(s->expertParallel && s->asynchronous && !s->kvCacheTokens);
        QVERIFY(s->precision == Precision::Bf16);
    }

    void settingsAsResolved()
    {
        const auto s =
            settings(R"({"engine_kwargs": {"model": "o/N-FP8", "max_num_seqs": null, "data_parallel_size": 2},
            "kv_cache": {"num_gpu_blocks": 1000, "block_size": 16, "num_kv_tokens": 16000},
            "resolved_config": {"scheduler_config": {"max_num_seqs": 64, "async_scheduling": false},
                "cache_config": {"gpu_memory_utilization": 0.92, "block_size": 32}}})");
        QVERIFY2(s.ok(), s.ok() ? "" : s.error().toString().c_str());
        QCOMPARE(s->model, std::string("o/N-FP8"));
        QVERIFY(s->precision == Precision::Fp8);
        QCOMPARE(s->maxSequences, 64);
        QCOMPARE(s->maxBatchedTokens, 2048); // silent: vLLM's own
        QCOMPARE(s->kvBlockTokens, 32);
        QCOMPARE(s->kvCacheTokens.value_or(0), std::int64_t{8000}); // of one rank of two
        QCOMPARE(s->memoryRatio, 0.92);
        QVERIFY(!s->asynchronous);
    }

    void badSettings_data()
    {
        QTest::addColumn<QByteArray>("content");
        QTest::addColumn<QByteArray>("says");
        QTest::newRow("no JSON") << QByteArray("{") << QByteArray("not one JSON object");
        QTest::newRow("zero ways") << QByteArray(R"({"engine_kwargs": {"tensor_parallel_size": 0}})")
                                   << QByteArray("tensor_parallel_size");
        QTest::newRow("a size in words") << QByteArray(R"({"engine_kwargs": {"max_num_seqs": "many"}})")
                                         << QByteArray("max_num_seqs");
        QTest::newRow("pipeline") << QByteArray(R"({"engine_kwargs": {"pipeline_parallel_size": 2}})")
                                  << QByteArray("pipeline_parallel_size");
        QTest::newRow("float32") << QByteArray(R"({"engine_kwargs": {"dtype": "float32"}})") << QByteArray("dtype");
        QTest::newRow("unknown quantization")
            << QByteArray(R"({"engine_kwargs": {"quantization": "aqlm"}})") << QByteArray("quantization");
        QTest::newRow("memory") << QByteArray(R"({"engine_kwargs": {"gpu_memory_utilization": 1.5}})")
                                << QByteArray("gpu_memory_utilization");
    }
    void badSettings()
    {
        QFETCH(QByteArray, content);
        QFETCH(QByteArray, says);
        const auto s = settings(content);
        QVERIFY(!s.ok());
        QVERIFY2(s.error().toString().find(says.toStdString()) != std::string::npos, s.error().toString().c_str());
    }

    void settingsAreFoundBesideTheRun()
    {
        QTemporaryDir folder;
        const std::filesystem::path run = folder.filePath(QStringLiteral("x.jsonl")).toStdString();
        QVERIFY(!findVllmSettings(run));
        const auto touch = [&](const char* name) {
            QFile file(folder.filePath(QLatin1String(name)));
            QVERIFY(file.open(QIODevice::WriteOnly));
        };
        touch("meta.json");
        QCOMPARE(findVllmSettings(run)->filename().string(), std::string("meta.json"));
        touch("x.meta.json"); // the nearer name
        QCOMPARE(findVllmSettings(run)->filename().string(), std::string("x.meta.json"));
    }

    void published()
    {
        ISOBAR_NEED_DATA(path, "perf/vllm_runs/vllm_real_RTXPRO6000_Qwen3-32B.jsonl");
        const auto run = readVllmRun(path, {});
        QVERIFY2(run.ok(), run.ok() ? "" : run.error().toString().c_str());
        QCOMPARE(run->requests.size(), std::size_t{300});
        const auto found = findVllmSettings(path);
        QVERIFY(found.has_value());
        const auto s = readVllmSettings(*found);
        QVERIFY(s.ok());
        QCOMPARE(s->tensorParallel, 2);
        QCOMPARE(s->maxSequences, 128);
        double sum = 0;
        for (const VllmRequest& r : run->requests) {
            sum += r.ttftSeconds;
        }
        QVERIFY(std::abs(sum / 300 - 36.9052) < 1e-4); // as the benchmark itself sums it up
    }
};

QTEST_APPLESS_MAIN(TestVllmRun)
#include "tst_vllm_run.moc"
