// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/app/cli_run.h"

#include <cmath>

using namespace isobar;
using namespace isobar::test;

namespace {

QString text(const std::filesystem::path& path)
{
    return QString::fromStdString(path.string());
}

} // namespace

/// Measured runs of a vLLM server from the command line: fit to one, predict the other.
class TestCliVllmRuns : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;

private Q_SLOTS:
    void anotherModelOnTheSameCard()
    {
        ISOBAR_NEED_DATA(runs, "perf/vllm_runs");
        ISOBAR_NEED_DATA(systems, "perf/aiconfigurator/systems");
        ISOBAR_NEED_DATA(models, "models/configs");
        const QString llama = text(runs / "vllm_real_RTXPRO6000_Llama-3.1-8B.jsonl");
        const QString qwen = text(runs / "vllm_real_RTXPRO6000_Qwen3-32B.jsonl");
        const QString card = m_folder.filePath(QStringLiteral("card.textproto"));
        const QStringList described{QStringLiteral("--systems"),     text(systems),
                                    QStringLiteral("--models"),      text(models),
                                    QStringLiteral("--accelerator"), QStringLiteral("RTX PRO 6000")};
        const Json fitted = document(QStringList{QStringLiteral("calibrate"), QStringLiteral("--vllm-run"), llama,
                                                 QStringLiteral("--out"), card, QStringLiteral("--json")} +
                                     described);
        QCOMPARE(fitted["runs"].size(), std::size_t{1});
        QVERIFY(fitted["runs"][0]["held_out"].is_null());
        QVERIFY(std::abs(fitted["runs"][0]["in_sample"]["tpot_seconds"]["mean_error"].get<double>()) < 0.02);

        // Tensor parallelism, batch and token budget come from the settings beside the run.
        const Json replayed =
            document(QStringList{QStringLiteral("replay"), qwen, QStringLiteral("--model"), QStringLiteral("Qwen3-32B"),
                                 QStringLiteral("--coefficients"), card, QStringLiteral("--json")} +
                     described);
        QCOMPARE(replayed["tensor_parallel"].get<int>(), 2);
        QCOMPARE(replayed["max_batch"].get<int>(), 128);
        QCOMPARE(replayed["completed"].get<int>(), 300);
        for (const char* quantity : {"ttft_seconds", "itl_seconds"}) {
            const double ours = replayed[quantity]["mean"].get<double>();
            const double real = replayed["measured"][quantity]["mean"].get<double>();
            QVERIFY2(std::abs(ours / real - 1) < 0.05, quantity);
        }
    }

    void refusals()
    {
        QFile lonely(m_folder.filePath(QStringLiteral("lonely.jsonl")));
        QVERIFY(lonely.open(QIODevice::WriteOnly));
        lonely.write("{\"input_toks\": 1, \"output_toks\": 1, \"queued_ts\": 1}\n");
        lonely.close();
        const QStringList rest{QStringLiteral("--accelerator"), QStringLiteral("none"),
                               QStringLiteral("--systems"),     m_folder.path(),
                               QStringLiteral("--models"),      m_folder.path(),
                               QStringLiteral("--out"),         m_folder.filePath(QStringLiteral("o.textproto"))};
        const Ran noSystems =
            cli(QStringList{QStringLiteral("calibrate"), QStringLiteral("--vllm-run"), lonely.fileName()} + rest);
        QVERIFY(failedWith(noSystems, 1));
        QVERIFY(noSystems.err.contains("system descriptions"));
        // Both kinds of measurements, or neither, are wrong usage.
        QVERIFY(failedWith(cli(QStringList{QStringLiteral("calibrate")} + rest), 2));
        QVERIFY(failedWith(cli(QStringList{QStringLiteral("calibrate"), QStringLiteral("--measured"), lonely.fileName(),
                                           QStringLiteral("--vllm-run"), lonely.fileName()} +
                               rest),
                           2));
        QVERIFY(!QFile::exists(m_folder.filePath(QStringLiteral("o.textproto"))));
    }
};

QTEST_GUILESS_MAIN(TestCliVllmRuns)
#include "tst_cli_vllm_runs.moc"
