// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/replay/calibration_study.h"
#include "tests/support/test_support.h"

#include <QTemporaryDir>
#include <QTest>

#include <fstream>

using namespace isobar;

/// A table of measurements none of whose rows can be used says why, at the row to look at.
class TestCalibrationStudy : public QObject {
    Q_OBJECT
    QTemporaryDir m_folder;

    Result<replay::CalibrationStudy> study(const std::string& rows)
    {
        static const std::string kHeader =
            "id,silicon_data_source,backend,backend_version,model_path,system,precision,mode,isl,osl,gemm_quant_mode,"
            "moe_quant_mode,batch_size,tp_size,pp_size,attention_dp_size,moe_tp_size,moe_ep_size,prefill_batch_size,"
            "prefill_num_workers,prefill_tp_size,prefill_pp_size,prefill_attention_dp_size,prefill_moe_tp_size,"
            "prefill_moe_ep_size,decode_batch_size,decode_num_workers,decode_tp_size,decode_pp_size,"
            "decode_attention_dp_size,decode_moe_tp_size,decode_moe_ep_size,silicon_ttft_ms,silicon_tpot_ms\n";
        const std::filesystem::path root = m_folder.path().toStdString();
        std::filesystem::create_directories(root / "systems");
        std::filesystem::create_directories(root / "models");
        std::ofstream(root / "rows.csv") << kHeader << rows;
        return replay::studyCalibration({root / "rows.csv", root / "systems", root / "models"}, {}, {});
    }

private Q_SLOTS:
    void aTableOfNothingSaysSo()
    {
        const auto result = study("");
        QVERIFY(!result.ok());
        QCOMPARE(result.error().code, ErrorCode::InvalidValue);
        QCOMPARE(result.error().message, std::string("has no rows"));
        QVERIFY(result.error().file.ends_with("rows.csv"));
    }

    void rowsThatCannotBeUsedSayWhy()
    {
        const std::string row =
            "a,source; silicon_concurrency=4,vllm,0.10,acme/Model,nowhere,fp8,agg,1024,1024,fp8,fp8,"
            "4,1,1,1,1,1,,,,,,,,,,,,,,,100,10\n";
        const auto result = study(row + row + row);
        QVERIFY(!result.ok());
        QVERIFY2(result.error().message.starts_with("none of its 3 rows can be fitted to; "),
                 result.error().message.c_str());
        QVERIFY(result.error().message.size() > 45); // the reason follows
        QCOMPARE(result.error().line, std::int64_t{2});
        QVERIFY(!result.error().advice.empty());
    }
};

QTEST_GUILESS_MAIN(TestCalibrationStudy)
#include "tst_calibration_study.moc"
