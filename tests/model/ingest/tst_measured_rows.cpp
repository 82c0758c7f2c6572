// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/measured_rows.h"
#include "model/ingest/model_config.h"
#include "model/ingest/system_spec.h"
#include "tests/support/test_support.h"

#include <QTemporaryDir>
#include <QTest>

#include <algorithm>
#include <cmath>
#include <fstream>

using namespace isobar;
using namespace isobar::ingest;
namespace fs = std::filesystem;

namespace {

const std::string kHeader = "silicon_data_source,backend,model_path,system,precision,mode,isl,osl,gemm_quant_mode,"
                            "batch_size,tp_size,pp_size,attention_dp_size,silicon_ttft_ms,silicon_tpot_ms\n";
const std::string kRow = "x; silicon_concurrency=8,vllm,org/Tiny,x1_sxm,fp8,agg,1024,128,fp8,8,2,1,,120.5,9.25\n";
const std::string kSystem = "data_dir: data/x1 # of the folder\ngpu:\n  mem_bw: 3350000000000 # 3350GB/s\n"
                            "  mem_capacity: 85899345920\n  bfloat16_tc_flops: 989000000000000\n"
                            "  fp8_tc_flops: 1978000000000000\n  power: 700  # Watt\nnode:\n"
                            "  num_gpus_per_node: 8\n  intra_node_bw: 450000000000  # one direction\n";
const std::string kConfig = R"({"num_hidden_layers":2,"hidden_size":64,"num_attention_heads":8,)"
                            R"("num_key_value_heads":2,"intermediate_size":256,"vocab_size":1000})";

struct Place {
    QTemporaryDir folder;
    fs::path root = folder.path().toStdString();
    MeasuredFolders folders{root / "systems", root / "models"};

    Place()
    {
        fs::create_directories(folders.systems);
        fs::create_directories(folders.models);
        write("systems/x1_sxm.yaml", kSystem);
        write("models/org--Tiny_config.json", kConfig);
    }
    fs::path write(const std::string& name, const std::string& text) const
    {
        std::ofstream(root / name, std::ios::binary) << text;
        return root / name;
    }
    [[nodiscard]] Result<MeasuredRows> read(const std::string& text) const
    {
        return readMeasuredRows(write("rows.csv", text), folders, JobContext{});
    }
};

std::string replaced(std::string text, const std::string& what, const std::string& by)
{
    const std::size_t at = text.find(what);
    return at == std::string::npos ? std::string() : text.replace(at, what.size(), by);
}

} // namespace

class MeasuredRowsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void readsARow()
    {
        const Place place;
        const auto rows = place.read(kHeader + kRow);
        QVERIFY2(rows.ok(), rows.ok() ? "" : rows.error().toString().c_str());
        QCOMPARE(rows->rows.size(), std::size_t{1});
        const MeasuredRow& r = rows->rows[0];
        QCOMPARE(r.line, std::int64_t{2});
        QCOMPARE(rows->models[r.model].name, std::string("org/Tiny"));
        QCOMPARE(rows->accelerators[r.accelerator].name, std::string("X1"));
        QCOMPARE(rows->engines[r.engine], std::string("vllm"));
        QCOMPARE(r.precision, Precision::Fp8);
        QCOMPARE(r.tensorParallel, 2);
        QCOMPARE(r.concurrency, 8.0);
        QCOMPARE(r.inputTokens, 1024.0);
        QCOMPARE(r.outputTokens, 128.0);
        QCOMPARE(r.ttftSeconds, 0.1205);
        QCOMPARE(r.tpotSeconds, 0.00925);
    }

    void blankPrecisionIsTheCheckpointsOwn()
    {
        const Place place;
        const auto rows = place.read(kHeader + replaced(kRow, ",fp8,agg,1024,128,fp8,", ",,agg,1024,128,,"));
        QVERIFY(rows.ok());
        QCOMPARE(rows->rows.size(), std::size_t{1});
        QCOMPARE(rows->rows[0].precision, Precision::Bf16);
    }

    void skipsWithLineAndReason_data()
    {
        QTest::addColumn<QString>("row");
        QTest::addColumn<QString>("reason");
        const auto add = [](const char* name, const std::string& row, const char* reason) {
            QVERIFY(!row.empty());
            QTest::newRow(name) << QString::fromStdString(row) << QString::fromLatin1(reason);
        };
        add("disaggregated", replaced(kRow, ",agg,", ",disagg,"), "disagg");
        add("unknown precision", replaced(kRow, ",fp8,agg", ",fp6,agg"), "fp6");
        add("seen before, under another label", replaced(kRow, ",vllm,", ",sglang,"), "same measurement");
        add("clients not said", replaced(kRow, "silicon_concurrency=8", "y"), "clients is not said");
        add("NaN", replaced(kRow, "120.5", "nan"), "silicon_ttft_ms");
        add("infinite", replaced(kRow, "9.25", "inf"), "silicon_tpot_ms");
        add("negative", replaced(kRow, "9.25", "-9.25"), "silicon_tpot_ms");
        add("zero", replaced(kRow, "1024", "0"), "isl");
        add("blank", replaced(kRow, "120.5", ""), "silicon_ttft_ms");
        add("text", replaced(kRow, "120.5", "fast"), "'fast'");
        add("huge", replaced(kRow, "1024", "1e300"), "isl");
        add("unknown system", replaced(kRow, "x1_sxm", "z9"), "system z9");
        add("system outside the folder", replaced(kRow, "x1_sxm", "../x1_sxm"), "no name");
        add("unknown model", replaced(kRow, "org/Tiny", "org/Huge"), "model org/Huge");
        add("pipeline", replaced(kRow, ",8,2,1,", ",8,2,4,"), "pipeline");
        add("half a group", replaced(kRow, ",8,2,1,,", ",8,2,1,1.5,"), "whole numbers");
        add("beyond the node", replaced(kRow, ",8,2,1,", ",8,16,1,"), "node");
        add("heads not divisible", replaced(kRow, ",8,2,1,", ",8,3,1,"), "heads");
        add("half a chip", replaced(kRow, ",8,2,1,", ",8,1.5,1,"), "whole numbers");
        add("clients and batch differ", replaced(kRow, "concurrency=8", "concurrency=64"), "differ");
        add("no engine", replaced(kRow, ",vllm,", ",,"), "backend");
        add("too few fields", "a,b,c\n", "fields");
        add("quote never closed", "\"" + kRow, "CSV");
    }
    void skipsWithLineAndReason()
    {
        QFETCH(QString, row);
        QFETCH(QString, reason);
        const Place place;
        const auto rows = place.read(kHeader + kRow + row.toStdString() + replaced(kRow, "9.25", "9.5"));
        QVERIFY2(rows.ok(), rows.ok() ? "" : rows.error().toString().c_str());
        QCOMPARE(rows->rows.size(), std::size_t{2});
        QCOMPARE(rows->skipped.size(), std::size_t{1});
        QCOMPARE(rows->skipped[0].line, std::int64_t{3});
        QCOMPARE(rows->read, std::int64_t{3});
        QVERIFY2(QString::fromStdString(rows->skipped[0].reason).contains(reason), rows->skipped[0].reason.c_str());
    }

    void fourBitWeightsAndGroupsAreRead()
    {
        const Place place;
        const auto rows = place.read(kHeader + replaced(kRow, ",fp8,agg", ",int4,agg") +
                                     replaced(replaced(kRow, ",8,2,1,,", ",2,2,1,4,"), "9.25", "8.5"));
        QVERIFY(rows.ok());
        QCOMPARE(rows->rows.size(), std::size_t{2});
        QCOMPARE(rows->rows[0].precision, Precision::Int4);
        QCOMPARE(rows->rows[1].attentionDataParallel, 4);
        QCOMPARE(rows->rows[1].tensorParallel, 2);
    }

    void labelsThatMultiplyTheChipsAreUnderstood()
    {
        // Eight chips whose attention and experts are each divided eight ways, in the manners the table has.
        const std::string header =
            replaced(kHeader, "attention_dp_size,", "attention_dp_size,moe_tp_size,moe_ep_size,");
        const Place place;
        const auto rows = place.read(header + replaced(kRow, ",8,2,1,,", ",8,64,1,1,8,8,") +
                                     replaced(replaced(kRow, ",8,2,1,,", ",1,8,1,8,1,64,"), "9.25", "8.5") +
                                     replaced(replaced(kRow, ",8,2,1,,", ",1,1,1,8,1,8,"), "9.25", "8.25"));
        QVERIFY(rows.ok());
        QVERIFY2(rows->skipped.empty(), rows->skipped.empty() ? "" : rows->skipped[0].reason.c_str());
        QCOMPARE(rows->rows[0].tensorParallel, 8);
        QCOMPARE(rows->rows[0].expertParallel, 8);
        for (const std::size_t i : {1, 2}) {
            QCOMPARE(rows->rows[i].tensorParallel, 1);
            QCOMPARE(rows->rows[i].attentionDataParallel, 8);
            QCOMPARE(rows->rows[i].expertParallel, 8);
        }
    }

    void aMissingColumnIsAnError()
    {
        const Place place;
        const auto rows = place.read(replaced(kHeader, "tp_size,", "") + kRow);
        QVERIFY(!rows.ok());
        QCOMPARE(rows.error().code, ErrorCode::WrongFormat);
        QCOMPARE(rows.error().line, std::int64_t{1});
        QVERIFY(rows.error().message.find("tp_size") != std::string::npos);
        QVERIFY(!place.read("").ok());
    }

    void aMissingFolderIsAnError()
    {
        const Place place;
        const auto rows = readMeasuredRows(place.write("rows.csv", kHeader + kRow),
                                           {place.root / "nowhere", place.folders.models}, JobContext{});
        QVERIFY(!rows.ok());
        QCOMPARE(rows.error().code, ErrorCode::NotFound);
    }

    void badSystemsAreErrors()
    {
        const Place place;
        const auto noBandwidth = readSystemSpec(place.write("a.yaml", replaced(kSystem, "  mem_bw:", "  other:")));
        QVERIFY(!noBandwidth.ok());
        QVERIFY(noBandwidth.error().message.find("gpu.mem_bw") != std::string::npos);
        const auto negative = readSystemSpec(place.write("b.yaml", replaced(kSystem, "3350000000000", "-1")));
        QVERIFY(!negative.ok());
        QCOMPARE(negative.error().line, std::int64_t{3});
        QVERIFY(!readSystemSpec(place.write("c.yaml", std::string("\0\xff binary", 9))).ok());
    }

    void badConfigurationsAreErrors_data()
    {
        QTest::addColumn<QString>("text");
        QTest::newRow("empty") << QString();
        QTest::newRow("not JSON") << QStringLiteral("layers: 2");
        QTest::newRow("a list") << QStringLiteral("[1, 2]");
        const auto with = [](const char* what, const char* by) {
            return QString::fromStdString(replaced(kConfig, what, by));
        };
        QTest::newRow("no layers") << with("num_hidden_layers", "layers");
        QTest::newRow("negative layers") << with("\"num_hidden_layers\":2", "\"num_hidden_layers\":-2");
        QTest::newRow("layers as text") << with("\"num_hidden_layers\":2", "\"num_hidden_layers\":\"2\"");
        QTest::newRow("layers beyond reason") << with("\"num_hidden_layers\":2", "\"num_hidden_layers\":1e300");
        QTest::newRow("more experts a token than experts")
            << with("\"vocab", "\"num_experts\":4,\"num_experts_per_tok\":8,\"vocab");
        QTest::newRow("linear layers") << with("\"vocab", "\"layer_types\":[\"linear_attention\"],\"vocab");
        QTest::newRow("sparse attention") << with("\"vocab", "\"index_topk\":2048,\"vocab");
    }
    void badConfigurationsAreErrors()
    {
        QFETCH(QString, text);
        const Place place;
        const auto model = readModelConfig(place.write("bad.json", text.toStdString()), "bad");
        QVERIFY(!model.ok());
        QVERIFY(!model.error().message.empty());
    }

    void countsParametersFromShapes()
    {
        const Place place;
        const auto model = readModelConfig(place.folders.models / "org--Tiny_config.json", "org/Tiny");
        QVERIFY(model.ok());
        QCOMPARE(model->headDimension, 8); // not given: hidden size / heads
        QCOMPARE(model->kvValuesPerToken, 2.0 * 2 * 2 * 8);
        const double layer = 2 * 64 * 64 + 2 * 64 * 16 + 3 * 64 * 256;
        QCOMPARE(model->totalParameters, 2 * 1000 * 64 + 2 * layer);
        QCOMPARE(model->activeParameters, model->totalParameters - 1000 * 64); // a token looks up one embedding
    }

    void findsTheConfigurationOfAnotherQuantisation()
    {
        const Place place;
        QVERIFY(findModelConfig(place.folders.models, "org/Tiny").has_value());
        QVERIFY(findModelConfig(place.folders.models, "other/Meta-tiny-Instruct-FP8").has_value());
        QVERIFY(!findModelConfig(place.folders.models, "org/Tiny2").has_value());
        QVERIFY(!findModelConfig(place.root / "nowhere", "org/Tiny").has_value());
    }

    void publishedModels_data()
    {
        QTest::addColumn<QString>("name");
        QTest::addColumn<double>("billions");
        QTest::addColumn<double>(
            "activeBillions");               // without the table of input embeddings, of which a token reads a row
        QTest::addColumn<double>("kvBytes"); // bf16, a token
        QTest::newRow("dense") << QStringLiteral("meta-llama/Llama-3.1-8B-Instruct") << 8.03 << 7.50 << 131072.0;
        QTest::newRow("large") << QStringLiteral("meta-llama/Llama-3.1-70B") << 70.55 << 69.5 << 327680.0;
        QTest::newRow("own head size") << QStringLiteral("Qwen/Qwen3-32B") << 32.76 << 31.98 << 262144.0;
        QTest::newRow("experts") << QStringLiteral("Qwen/Qwen3-235B-A22B") << 235.0 << 22.0 << 192512.0;
        QTest::newRow("latent") << QStringLiteral("deepseek-ai/DeepSeek-R1") << 671.0 << 37.5 << 70272.0;
        QTest::newRow("experts' width only") << QStringLiteral("MiniMaxAI/MiniMax-M2.5") << 229.0 << 10.5 << 253952.0;
    }
    void publishedModels()
    {
        QFETCH(QString, name);
        QFETCH(double, billions);
        QFETCH(double, activeBillions);
        QFETCH(double, kvBytes);
        ISOBAR_NEED_DATA(folder, "models/configs");
        const auto file = findModelConfig(folder, name.toStdString());
        QVERIFY(file.has_value());
        const auto model = readModelConfig(*file, name.toStdString());
        QVERIFY2(model.ok(), model.ok() ? "" : model.error().toString().c_str());
        QVERIFY2(std::abs(model->totalParameters / 1e9 / billions - 1) < 0.01,
                 qPrintable(QString::number(model->totalParameters / 1e9)));
        QVERIFY2(std::abs(model->activeParameters / 1e9 / activeBillions - 1) < 0.06,
                 qPrintable(QString::number(model->activeParameters / 1e9)));
        QCOMPARE(model->kvValuesPerToken * 2, kvBytes);
    }

    void everyPublishedConfigurationIsReadOrRefused()
    {
        ISOBAR_NEED_DATA(folder, "models/configs");
        int read = 0, refused = 0;
        for (const auto& entry : fs::directory_iterator(folder)) {
            if (!entry.path().string().ends_with("_config.json")) {
                continue;
            }
            const auto model = readModelConfig(entry.path(), "x");
            if (model.ok()) {
                ++read;
                QVERIFY2(model->totalParameters >= model->activeParameters && model->activeParameters > 1e8 &&
                             model->totalParameters < 5e12 && model->kvValuesPerToken > 0,
                         entry.path().c_str());
            } else {
                ++refused;
                QVERIFY2(!model.error().message.empty() && model.error().file == entry.path().string(),
                         entry.path().c_str());
            }
        }
        QVERIFY2(read >= 20, qPrintable(QStringLiteral("%1 read, %2 refused").arg(read).arg(refused)));
    }

    void everyPublishedSystemIsRead()
    {
        ISOBAR_NEED_DATA(folder, "perf/aiconfigurator/systems");
        int read = 0;
        for (const auto& entry : fs::directory_iterator(folder)) {
            const auto spec = readSystemSpec(entry.path());
            QVERIFY2(spec.ok(), spec.ok() ? "" : spec.error().toString().c_str());
            ++read;
        }
        QVERIFY(read >= 9);
        const auto h100 = readSystemSpec(folder / "h100_sxm.yaml");
        QCOMPARE(h100->accelerator.name, std::string("H100"));
        QCOMPARE(h100->accelerator.hbmBytes, 80.0 * (1u << 30));
        QCOMPARE(h100->accelerator.bf16FlopsPerSecond, 989e12);
        QCOMPARE(h100->accelerator.fp8FlopsPerSecond.value(), 1978e12);
        QCOMPARE(h100->chipsTogether, 8);
        QCOMPARE(readSystemSpec(folder / "gb200.yaml")->chipsTogether, 72);
        const auto a100 = readSystemSpec(folder / "a100_sxm.yaml");
        QCOMPARE(a100->accelerator.name, std::string("A100-80GB"));
        QVERIFY(!a100->accelerator.fp8FlopsPerSecond);
    }

    void thePublishedTableIsReadWhole()
    {
        ISOBAR_NEED_DATA(csv, "perf/aiconfigurator/silicon_sample.csv");
        ISOBAR_NEED_DATA(systems, "perf/aiconfigurator/systems");
        ISOBAR_NEED_DATA(models, "models/configs");
        const auto rows = readMeasuredRows(csv, {systems, models}, JobContext{});
        QVERIFY(rows.ok());
        QCOMPARE(rows->read, static_cast<std::int64_t>(rows->rows.size() + rows->skipped.size()));
        QCOMPARE(rows->read, std::int64_t{3283});
        QVERIFY(rows->rows.size() >= 1550);
        const auto disaggregated = std::count_if(rows->skipped.begin(), rows->skipped.end(), [](const SkippedRow& s) {
            return s.reason.find("disagg") != std::string::npos;
        });
        QCOMPARE(disaggregated, 965);
    }
};

QTEST_GUILESS_MAIN(MeasuredRowsTest)
#include "tst_measured_rows.moc"
