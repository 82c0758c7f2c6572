// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/proto/fleet_text.h"
#include "tests/model/fleet/tiny_fleet.h"

#include <QTest>
#include <random>

using namespace isobar;

namespace {

/// The tiny fleet as text, with the first occurrence of `from` replaced.
std::string changed(const std::string& from, const std::string& to)
{
    std::string text = proto::writeFleetText(test::tinyFleet());
    const auto at = text.find(from);
    if (at == std::string::npos) {
        return {};
    }
    return text.replace(at, from.size(), to);
}

std::int64_t lineWith(const std::string& text, const std::string& word)
{
    return 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(text.find(word)), '\n');
}

} // namespace

/// Fleet and calibration documents: round trips, and input that means harm.
class TestFleetText : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void textReadsBack()
    {
        const Fleet f = test::tinyFleet();
        const auto back = proto::parseFleetText(proto::writeFleetText(f), "tiny");
        QVERIFY2(back.ok(), back.ok() ? "" : back.error().toString().c_str());
        QVERIFY(*back == f);
    }

    void binaryReadsBack()
    {
        const Fleet f = test::tinyFleet();
        const auto back = proto::parseFleetBinary(proto::writeFleetBinary(f), "tiny");
        QVERIFY2(back.ok(), back.ok() ? "" : back.error().toString().c_str());
        QVERIFY(*back == f);
    }

    void oddTextAndNumbersReadBack()
    {
        Fleet f = test::tinyFleet();
        f.name = "São \"Paulo\" \\ 東京\t#{}";
        f.prices[0].usdPerChipHour = 0.1 + 0.2;
        f.accelerators[0].hbmBytes = 85899345920.125;
        f.regions[0].at.latitude = 1e-300;
        f.commitments[0].valueUsd = 0;
        f.regions[0].carbonFreeEnergyRatio = 0;
        f.simulated = false;
        f.areas[0].rttProxy = {};
        f.models[0].runtimes.clear();
        for (const auto& back : {proto::parseFleetText(proto::writeFleetText(f), "odd"),
                                 proto::parseFleetBinary(proto::writeFleetBinary(f), "odd")}) {
            QVERIFY2(back.ok(), back.ok() ? "" : back.error().toString().c_str());
            QVERIFY(*back == f);
        }
    }

    /// Prices a gigabyte are divided on reading: whatever was read must be written as it was.
    void egressKeepsItsDigits()
    {
        std::mt19937_64 random(7);
        std::uniform_int_distribution<int> cents(0, 300000);
        for (int i = 0; i < 2000; ++i) {
            Fleet f = test::tinyFleet();
            f.egressPrices[0].usdPerByte = cents(random) / 1e6 / 1e9;
            const auto back = proto::parseFleetText(proto::writeFleetText(f), "egress");
            QVERIFY(back.ok());
            QCOMPARE(back->egressPrices[0].usdPerByte, f.egressPrices[0].usdPerByte);
        }
        QVERIFY(proto::writeFleetText(test::tinyFleet()).find("usd_per_gigabyte: 0.0875 ") != std::string::npos);
    }

    void everyEntityHasALine()
    {
        const Fleet f = test::tinyFleet();
        const std::string text = proto::writeFleetText(f);
        int pools = 0, regions = 0;
        for (const QByteArray& line : QByteArray::fromStdString(text).split('\n')) {
            pools += line.startsWith("pools {") ? 1 : 0;
            regions += line.startsWith("regions {") && line.endsWith(" }") ? 1 : 0;
        }
        QCOMPARE(pools, 1);
        QCOMPARE(regions, 3);
        QVERIFY(proto::looksLikeFleetText(text));
    }

    void syntaxErrorsHaveLineAndColumn()
    {
        const std::string text = changed("layers: 32", "layers: thirty");
        const auto result = proto::parseFleetText(text, "fleet.textproto");
        QVERIFY(!result.ok());
        QCOMPARE(result.error().code, ErrorCode::WrongFormat);
        QCOMPARE(result.error().file, std::string("fleet.textproto"));
        QCOMPARE(result.error().line, lineWith(text, "thirty"));
        QVERIFY(result.error().column > 1);
        QVERIFY(result.error().text.size() <= 200 && result.error().text.starts_with("models {"));
    }

    void badContentIsRefused_data()
    {
        QTest::addColumn<QString>("from");
        QTest::addColumn<QString>("to");
        QTest::addColumn<QString>("words");
        const auto row = [](const char* name, const char* from, const char* to, const char* words) {
            QTest::newRow(name) << QString::fromUtf8(from) << QString::fromUtf8(to) << QString::fromUtf8(words);
        };
        row("unknown field", "layers: 32", "layers: 32 colour: 3", "colour");
        row("unknown enum", "basis: MEASURED", "basis: GUESSED", "GUESSED");
        row("field twice", "layers: 32", "layers: 32 layers: 32", "layers");
        row("number too large for its field", "layers: 32", "layers: 4294967296", "out of range");
        row("a string for a number", "hidden_size: 4096", "hidden_size: \"4096\"", "integer");
        row("unclosed brace", "providers { key: \"azure\"", "providers { { key: \"azure\"", "Expected");
        row("unclosed string", "name: \"Tiny\"", "name: \"Tiny", "String");
        row("unknown region", "region: \"azure/eastus\" accelerator", "region: \"azure/moon\" accelerator",
            "azure/moon");
        row("unknown provider in a key", "key: \"aws/us-east-1\"", "key: \"ibm/us-east-1\"", "ibm");
        row("region key without provider", "key: \"aws/us-east-1\"", "key: \"us-east-1\"", "provider/region");
        row("unknown model", "model: \"Llama-3.1-8B\" pool", "model: \"GPT\" pool", "GPT");
        row("unknown source", "source: \"list\"", "source: \"rumour\"", "rumour");
        row("unknown area", "area: \"Tokyo\"", "area: \"Atlantis\"", "Atlantis");
        row("duplicate region", "key: \"azure/westus\" ", "key: \"azure/eastus\" ", "twice");
        row("no precision", "precision: FP8", "precision: PRECISION_UNSPECIFIED", "precision");
        row("no pricing", "pricing: ON_DEMAND", "pricing: PRICING_MODEL_UNSPECIFIED", "pricing");
        row("escaped bytes that are not UTF-8", "vendor: \"NVIDIA\"", "vendor: \"\\377\"", "vendor");
        row("NaN", "usd_per_chip_hour: 12.29", "usd_per_chip_hour: nan", "finite");
        row("infinite", "rtt_seconds: 0.062", "rtt_seconds: inf", "finite");
        row("negative", "usd_per_chip_hour: 12.29", "usd_per_chip_hour: -12.29", "between 0");
        row("too many replicas", "replicas: 40", "replicas: 41", "usable");
        row("huge", "mean_requests_per_second: 10", "mean_requests_per_second: 1e308", "requests/s");
    }
    void badContentIsRefused()
    {
        QFETCH(QString, from);
        QFETCH(QString, to);
        QFETCH(QString, words);
        const std::string text = changed(from.toStdString(), to.toStdString());
        QVERIFY2(!text.empty(), "the text to replace is not there");
        const auto result = proto::parseFleetText(text, "bad.textproto");
        QVERIFY(!result.ok());
        const QString message = QString::fromStdString(result.error().toString());
        QVERIFY2(message.startsWith(QStringLiteral("bad.textproto")), qPrintable(message));
        QVERIFY2(message.contains(words), qPrintable(message));
    }

    void referencesThatLeadNowhereHaveALine()
    {
        const std::string text = changed("model: \"Llama-3.1-8B\" pool", "model: \"GPT\" pool");
        const auto result = proto::parseFleetText(text, "f");
        QVERIFY(!result.ok());
        QCOMPARE(result.error().line, lineWith(text, "\"GPT\""));
        QVERIFY(result.error().message.find("placement \"llama@azure/eastus/H100\"") != std::string::npos);
    }

    void truncatedTextIsRefused()
    {
        const std::string text = proto::writeFleetText(test::tinyFleet());
        const Fleet whole = test::tinyFleet();
        int refused = 0, accepted = 0;
        for (std::size_t length = 0; length < text.size(); length += 3) {
            const auto result = proto::parseFleetText(std::string_view(text).substr(0, length), "cut");
            // Cut between two entities the document is a smaller one; it must then be a sound fleet, not the whole.
            if (result.ok()) {
                ++accepted;
                QVERIFY(length + 1 == text.size() || !(*result == whole));
                QVERIFY(validate(*result).ok());
            } else {
                ++refused;
                QVERIFY(!result.error().message.empty());
            }
        }
        QVERIFY2(refused > 20 * accepted, qPrintable(QString::number(accepted)));
    }

    void truncatedBinaryIsRefused()
    {
        const std::string bytes = proto::writeFleetBinary(test::tinyFleet());
        int refused = 0, accepted = 0;
        for (std::size_t length = 0; length < bytes.size(); ++length) {
            const auto result = proto::parseFleetBinary(std::string_view(bytes).substr(0, length), "cut");
            (result.ok() ? accepted : refused) += 1;
            QVERIFY(!result.ok() || validate(*result).ok());
        }
        QVERIFY2(refused > 20 * accepted, qPrintable(QString::number(accepted)));
    }

    /// Whatever bytes come, the answer is a sound fleet or an error: never a crash or an unsound fleet.
    void mangledBytesDoNoHarm()
    {
        const std::string text = proto::writeFleetText(test::tinyFleet());
        const std::string binary = proto::writeFleetBinary(test::tinyFleet());
        std::mt19937_64 random(11);
        for (int round = 0; round < 3000; ++round) {
            std::string a = text, b = binary;
            for (int k = 0; k < 1 + round % 4; ++k) {
                a[random() % a.size()] = static_cast<char>(random());
                b[random() % b.size()] = static_cast<char>(random());
            }
            for (const auto& result : {proto::parseFleetText(a, "mangled"), proto::parseFleetBinary(b, "mangled")}) {
                if (result.ok()) {
                    QVERIFY(validate(*result).ok());
                } else {
                    QCOMPARE(result.error().file, std::string("mangled"));
                }
            }
        }
    }

    void notAFleet_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        QTest::newRow("empty") << QByteArray();
        QTest::newRow("only comments") << QByteArray("# nothing\n\n");
        QTest::newRow("CSV") << QByteArray("InstanceType,Price\nA,1\n");
        QTest::newRow("JSON") << QByteArray("{\"name\": \"x\"}");
        QTest::newRow("SQLite") << QByteArray("SQLite format 3\0\x10\0", 19);
        QTest::newRow("NUL bytes") << QByteArray(64, '\0');
        QTest::newRow("not UTF-8") << QByteArray("name: \"\xff\xfe\"\n");
        QTest::newRow("a fleet without regions") << QByteArray("name: \"x\"\n");
    }
    void notAFleet()
    {
        QFETCH(QByteArray, bytes);
        const std::string_view view(bytes.constData(), static_cast<std::size_t>(bytes.size()));
        QVERIFY(!proto::parseFleetText(view, "x").ok());
        QVERIFY(!proto::parseFleetBinary(view, "x").ok());
    }

    void notUtf8NamesThePlace()
    {
        const auto result = proto::parseFleetText("name: \"a\"\nname2: \"\xc3\x28\"\n", "f");
        QVERIFY(!result.ok());
        QCOMPARE(result.error().line, 2);
        QCOMPARE(result.error().column, 9);
    }

    void deepNestingIsRefused()
    {
        std::string text;
        for (int i = 0; i < 100000; ++i) {
            text += "regions {";
        }
        QVERIFY(!proto::parseFleetText(text, "deep").ok());
    }

    void hugeDocumentsAreRefusedUnread()
    {
        const std::string text((std::size_t{256} << 20) + 1, ' ');
        const auto result = proto::parseFleetText(text, "huge");
        QVERIFY(!result.ok());
        QVERIFY(result.error().message.find("limit is 256 MiB") != std::string::npos);
        QVERIFY(!proto::parseFleetBinary(text, "huge").ok());
    }

    void binaryFromANewerVersionSaysSo()
    {
        std::string bytes = proto::writeFleetBinary(test::tinyFleet());
        bytes += "\xa2\x7d\x01x"; // field 2004, one byte long
        const auto result = proto::parseFleetBinary(bytes, "newer");
        QVERIFY(!result.ok());
        QCOMPARE(result.error().code, ErrorCode::NewerVersion);
    }

    void textIsRecognised_data()
    {
        QTest::addColumn<QByteArray>("head");
        QTest::addColumn<bool>("fleet");
        QTest::newRow("header comment") << QByteArray("# proto-message: isobar.v1.Fleet\n") << true;
        QTest::newRow("first field") << QByteArray("\n# x\n  name: \"a\"\n") << true;
        QTest::newRow("first entity") << QByteArray("regions {\n") << true;
        QTest::newRow("angle brackets") << QByteArray("regions <\n") << true;
        QTest::newRow("calibration") << QByteArray("efficiencies { accelerator: \"H100\"") << false;
        QTest::newRow("CSV that starts alike") << QByteArray("name,regions\n") << false;
        QTest::newRow("JSON") << QByteArray("{\"name\": 1}") << false;
        QTest::newRow("empty") << QByteArray() << false;
        QTest::newRow("binary") << QByteArray("name: \0", 7) << false;
    }
    void textIsRecognised()
    {
        QFETCH(QByteArray, head);
        QFETCH(bool, fleet);
        QCOMPARE(proto::looksLikeFleetText({head.constData(), static_cast<std::size_t>(head.size())}), fleet);
    }

    void calibrationReadsBack()
    {
        const std::string text =
            "sources { key: \"fit\" title: \"Fit\" date: \"2026-11\" }\n"
            "efficiencies { accelerator: \"H100\" precision: FP8 compute_ratio: 0.54 bandwidth_ratio: "
            "0.65 attention_bandwidth_ratio: 0.9 step_overhead_seconds: 0.0006 interconnect_ratio: 0.6 "
            "memory_ratio: 0.9 provenance { source: \"fit\" basis: MEASURED } }\n";
        const auto first = proto::parseCalibrationText(text, "c");
        QVERIFY2(first.ok(), first.ok() ? "" : first.error().toString().c_str());
        QCOMPARE(first->efficiencies[0].stepOverheadSeconds, 0.0006);
        QCOMPARE(first->efficiencies[0].provenance.basis, Basis::Measured);
        const auto again = proto::parseCalibrationText(proto::writeCalibrationText(*first), "c");
        QVERIFY(again.ok());
        QCOMPARE(proto::writeCalibrationText(*again), proto::writeCalibrationText(*first));
        QVERIFY(!proto::parseCalibrationText(text + text.substr(text.find("efficiencies")), "c").ok()); // row twice
        QVERIFY(!proto::parseCalibrationText("", "c").ok());
        std::string zero = text;
        zero.replace(zero.find("bandwidth_ratio: 0.65"), 21, "bandwidth_ratio: 0.00");
        QVERIFY(proto::parseCalibrationText(zero, "c").error().message.find("bandwidth_ratio") != std::string::npos);
    }
};

QTEST_APPLESS_MAIN(TestFleetText)
#include "tst_fleet_text.moc"
