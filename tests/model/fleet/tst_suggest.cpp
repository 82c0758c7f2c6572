// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/fleet/suggest.h"

#include <QTest>

using namespace isobar;

class TestSuggest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void whatWasMeantIsFound_data()
    {
        QTest::addColumn<QString>("typed");
        QTest::addColumn<QString>("first"); // "" = nothing is near
        QTest::newRow("one letter wrong") << "azure/eastus3/H100"
                                          << "azure/eastus2/H100";
        QTest::newRow("one letter too few") << "azure/estus2/H100"
                                            << "azure/eastus2/H100";
        QTest::newRow("another case") << "AZURE/EASTUS2/h100"
                                      << "azure/eastus2/H100";
        QTest::newRow("only its beginning") << "gcp/us-central1"
                                            << "gcp/us-central1/TPU-v5p";
        QTest::newRow("only its middle") << "westeurope"
                                         << "azure/westeurope/H100";
        QTest::newRow("its middle, misspelt") << "westeurpe"
                                              << "azure/westeurope/H100";
        QTest::newRow("more than its name") << "azure/eastus2/H100 (512 chips)"
                                            << "azure/eastus2/H100";
        QTest::newRow("something else") << "the moon"
                                        << "";
        QTest::newRow("two letters") << "us"
                                     << "";
        QTest::newRow("nothing") << ""
                                 << "";
        QTest::newRow("far too long") << QString(100'000, QLatin1Char('x')) << "";
    }
    void whatWasMeantIsFound()
    {
        QFETCH(QString, typed);
        QFETCH(QString, first);
        const std::vector<std::string> known{"azure/eastus2/H100", "azure/westeurope/H100", "gcp/us-central1/TPU-v5p"};
        const auto near = nearestNames(typed.toStdString(), known);
        QCOMPARE(near.empty() ? std::string() : near.front(), first.toStdString());
    }

    void fewAreNamed()
    {
        std::vector<std::string> known;
        for (int i = 0; i < 71; ++i) {
            known.push_back("model-" + std::to_string(100 + i));
        }
        QCOMPARE(nearestNames("model-1", known).size(), kMostSuggested);
        QCOMPARE(nearestNames("model-142", known).front(), std::string("model-142"));
        QCOMPARE(suggestNames("xyzzy", known),
                 std::string("there are: model-100, model-101, model-102, model-103, model-104 and 66 more"));
        QCOMPARE(suggestNames("model-70", {}), std::string());
        const std::vector<std::string> two{"alpha", "beta"}, alike{"alpha 1", "alpha 2", "alpha 3"}, letters{"a", "b"};
        QCOMPARE(suggestNames("gamma ray", two), std::string("there are: alpha, beta"));
        QCOMPARE(suggestNames("alhpa 2", alike), std::string("did you mean alpha 2?"));
        QCOMPARE(suggestNames("alpha", alike), std::string("did you mean alpha 1, alpha 2 or alpha 3?"));
        QCOMPARE(suggestNames("x", letters), std::string("there are: a, b")); // nothing of it is the same
    }
};

QTEST_APPLESS_MAIN(TestSuggest)
#include "tst_suggest.moc"
