// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/mlperf_results.h"
#include "tests/support/test_support.h"

#include <QTemporaryDir>
#include <QTest>
#include <algorithm>
#include <cmath>
#include <fstream>

using namespace isobar;

/// MLPerf's summary_results.json: what is taken of it, and how submissions become one figure a chip.
class TestMlperfResults : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aChipsFigureIsTheMedianOfItsSubmissions();
    void whatIsNoResultOfAChipIsPassedOver_data();
    void whatIsNoResultOfAChipIsPassedOver();
    void whatIsNoListIsRefused_data();
    void whatIsNoListIsRefused();
    void theRealRoundIsRead();

private:
    Result<ingest::MlperfResults> read(const std::string& text)
    {
        const std::filesystem::path path = m_folder.path().toStdString() + "/summary_results.json";
        std::ofstream(path) << text;
        return ingest::readMlperfResults(path);
    }
    QTemporaryDir m_folder;
};

namespace {

std::string entry(const std::string& tokensPerSecond, const std::string& chips, const std::string& more = {})
{
    return R"({"Category": "closed", "Performance_Units": "Tokens/s", "UsedModel": "gptj-99", "Model": "gptj-99",
               "Accelerator": "Chip-80GB", "Scenario": "Offline", "Nodes": 1, "Software": "TensorRT 10", "a#": )" +
           chips + R"(, "Performance_Result": )" + tokensPerSecond + more + "}";
}

} // namespace

void TestMlperfResults::aChipsFigureIsTheMedianOfItsSubmissions()
{
    // 100, 200 and 130 tokens/s a chip; one number is written as text, one system has two nodes of four chips.
    const auto results = read("[" + entry("800", "8.0") + "," + entry("\"200\"", "1", R"(, "Software": "vLLM 0.5")") +
                              "," + entry("1040", "4", R"(, "Nodes": 2, "Software": "TensorRT 9")") + "]");
    QVERIFY2(results.ok(), results.ok() ? "" : results.error().message.c_str());
    QCOMPARE(results->read, 3);
    QCOMPARE(results->used, 3);
    QCOMPARE(results->results.size(), std::size_t{1});
    const ingest::MlperfResult& r = results->results.front();
    QCOMPARE(r.model, std::string("gptj"));
    QCOMPARE(r.accelerator, std::string("Chip-80GB"));
    QCOMPARE(r.scenario, std::string("Offline"));
    QCOMPARE(r.tokensPerSecond, 130.0);
    QCOMPARE(r.least, 100.0);
    QCOMPARE(r.most, 200.0);
    QCOMPARE(r.results, 3);
    QCOMPARE(r.software, std::string("TensorRT 9"));
}

void TestMlperfResults::whatIsNoResultOfAChipIsPassedOver_data()
{
    QTest::addColumn<QString>("more"); // a later key of the same name counts
    QTest::newRow("the open division") << R"(, "Category": "open")";
    QTest::newRow("another unit") << R"(, "Performance_Units": "Samples/s")";
    QTest::newRow("another model than the benchmark's") << R"(, "UsedModel": "pruned")";
    QTest::newRow("no accelerator") << R"(, "Accelerator": "")";
    QTest::newRow("no chips") << R"(, "a#": 0)";
    QTest::newRow("chips that are no number") << R"(, "a#": null)";
    QTest::newRow("a result that is no number") << R"(, "Performance_Result": "n/a")";
    QTest::newRow("a negative result") << R"(, "Performance_Result": -5)";
    QTest::newRow("an endless result") << R"(, "Performance_Result": "inf")";
}

void TestMlperfResults::whatIsNoResultOfAChipIsPassedOver()
{
    QFETCH(const QString, more);
    const auto results =
        read("[" + entry("100", "1") + "," + entry("900", "1", more.toStdString()) + ", 7, null, \"text\"]");
    QVERIFY(results.ok());
    QCOMPARE(results->read, 5);
    QCOMPARE(results->used, 1);
    QCOMPARE(results->results.size(), std::size_t{1});
    QCOMPARE(results->results.front().tokensPerSecond, 100.0);
}

void TestMlperfResults::whatIsNoListIsRefused_data()
{
    QTest::addColumn<QString>("text");
    QTest::newRow("nothing") << "";
    QTest::newRow("no JSON") << "model,result\ngptj,5\n";
    QTest::newRow("one result, no list") << "{}";
    QTest::newRow("cut off") << R"([{"Model": "gptj-99")";
}

void TestMlperfResults::whatIsNoListIsRefused()
{
    QFETCH(const QString, text);
    const auto results = read(text.toStdString());
    QVERIFY(!results.ok());
    QCOMPARE(results.error().code, ErrorCode::WrongFormat);
    QVERIFY(results.error().file.find("summary_results.json") != std::string::npos);
    QVERIFY(!results.error().advice.empty());
}

void TestMlperfResults::theRealRoundIsRead()
{
    ISOBAR_NEED_DATA(path, "perf/mlperf_v4.1/summary_results.json");
    const auto results = ingest::readMlperfResults(path);
    QVERIFY(results.ok());
    QCOMPARE(results->read, 743);
    const auto h100 = std::find_if(results->results.begin(), results->results.end(), [](const auto& r) {
        return r.model == "llama2-70b" && r.accelerator == "NVIDIA H100-SXM-80GB" && r.scenario == "Offline";
    });
    QVERIFY(h100 != results->results.end());
    QCOMPARE(h100->results, 30);
    // Eight chips at 24,133.7 tokens/s: a submission in the middle.
    QVERIFY2(std::abs(h100->tokensPerSecond - 24133.7 / 8) < 1, std::to_string(h100->tokensPerSecond).c_str());
    QVERIFY(h100->software.find("TensorRT") != std::string::npos);
}

QTEST_GUILESS_MAIN(TestMlperfResults)
#include "tst_mlperf_results.moc"
