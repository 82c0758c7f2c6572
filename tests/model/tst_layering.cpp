// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/test_support.h"

#include <QRegularExpression>
#include <QtTest>

#include <fstream>
#include <map>
#include <set>
#include <string>

namespace fs = std::filesystem;

/// The rules that keep the house one can live in, read off the #include lines of every source.
class LayeringTest : public QObject {
    Q_OBJECT

    struct Include {
        std::string file, included;
        int line;
    };

    static std::vector<Include> includesOf(const fs::path& folder)
    {
        static const QRegularExpression pattern(QStringLiteral("^\\s*#\\s*include\\s*[<\"]([^>\"]+)[>\"]"));
        std::vector<Include> found;
        for (const auto& entry : fs::recursive_directory_iterator(folder)) {
            const auto extension = entry.path().extension();
            if (extension != ".h" && extension != ".cpp" && extension != ".inc") {
                continue;
            }
            std::ifstream in(entry.path());
            std::string text;
            for (int line = 1; std::getline(in, text); ++line) {
                const auto match = pattern.match(QString::fromStdString(text));
                if (match.hasMatch()) {
                    found.push_back({fs::relative(entry.path(), isobar::test::sourceDir()).string(),
                                     match.captured(1).toStdString(), line});
                }
            }
        }
        return found;
    }

    static std::string roomOf(const std::string& path)
    {
        const auto first = path.find('/');
        const auto second = path.find('/', first + 1);
        return second == std::string::npos ? path.substr(0, first) : path.substr(0, second);
    }

private Q_SLOTS:
    void modelSeesNoQt()
    {
        QStringList broken;
        const auto includes = includesOf(isobar::test::sourceDir() / "model");
        QVERIFY(includes.size() > 100);
        for (const Include& i : includes) {
            const bool qt = i.included.size() > 1 && i.included[0] == 'Q' &&
                            std::isupper(static_cast<unsigned char>(i.included[1]));
            const bool qtFolder = i.included.rfind("Qt", 0) == 0 || i.included.find("qcustomplot") != std::string::npos;
            if (qt || qtFolder || i.included.rfind("ui/", 0) == 0 || i.included.rfind("app/", 0) == 0) {
                broken << QString::fromStdString(i.file + ":" + std::to_string(i.line) + " includes " + i.included);
            }
        }
        QVERIFY2(broken.isEmpty(), qPrintable(broken.join(QLatin1Char('\n'))));
    }

    void arrowsRunDown()
    {
        // Who may include whom; a room may always include itself and resources/.
        const std::map<std::string, std::set<std::string>> allowed{
            {"model/fleet", {}},
            {"model/proto", {"model/fleet"}},
            {"model/serving", {"model/fleet"}},
            {"model/aggregate", {"model/fleet"}},
            {"model/engine", {"model/fleet", "model/serving", "model/aggregate"}},
            {"model/recording", {"model/fleet", "model/proto", "model/aggregate"}},
            {"model/store", {"model/fleet", "model/proto", "model/aggregate"}},
            {"model/ingest", {"model/fleet", "model/proto", "model/aggregate", "model/store"}},
            {"model/query", {"model/fleet", "model/aggregate", "model/store"}},
            {"model/plan", {"model/fleet", "model/serving", "model/aggregate"}},
            {"model/report", {"model/fleet", "model/query", "model/plan"}},
            {"model/replay",
             {"model/fleet", "model/proto", "model/serving", "model/aggregate", "model/ingest", "model/report"}},
        };
        QStringList broken;
        for (const auto& entry : fs::directory_iterator(isobar::test::sourceDir() / "model")) {
            const std::string room = "model/" + entry.path().filename().string();
            if (!entry.is_directory()) {
                continue;
            }
            QVERIFY2(allowed.count(room) > 0, qPrintable(QString::fromStdString("a new room without a rule: " + room)));
            for (const Include& i : includesOf(entry.path())) {
                const std::string target = roomOf(i.included);
                if (i.included.rfind("model/", 0) == 0 && target != room && allowed.at(room).count(target) == 0) {
                    broken << QString::fromStdString(i.file + ":" + std::to_string(i.line) + " includes " + i.included);
                }
            }
        }
        QVERIFY2(broken.isEmpty(), qPrintable(broken.join(QLatin1Char('\n'))));
    }

    void uiDoesNotIncludeApp()
    {
        for (const Include& i : includesOf(isobar::test::sourceDir() / "ui")) {
            QVERIFY2(i.included.rfind("app/", 0) != 0, i.file.c_str());
        }
    }

    void mapAndChartsKnowNoEngine()
    {
        for (const char* room : {"ui/map", "ui/charts"}) {
            for (const Include& i : includesOf(isobar::test::sourceDir() / room)) {
                const bool fine = i.included.rfind("model/", 0) != 0 || i.included.rfind("model/fleet/", 0) == 0;
                QVERIFY2(fine && i.included.rfind("ui/session", 0) != 0, (i.file + " includes " + i.included).c_str());
            }
        }
    }

    void noFileIsTooLong()
    {
        constexpr int kMostLines = 800;
        for (const char* ring : {"app", "ui", "model", "tests"}) {
            for (const auto& entry : fs::recursive_directory_iterator(isobar::test::sourceDir() / ring)) {
                if (entry.path().extension() != ".cpp" && entry.path().extension() != ".h") {
                    continue;
                }
                std::ifstream in(entry.path());
                const auto lines = std::count(std::istreambuf_iterator<char>(in), {}, '\n');
                QVERIFY2(lines <= kMostLines, entry.path().c_str());
            }
        }
    }

    void everyRoomHasAReadme()
    {
        for (const char* ring : {"app", "ui", "model"}) {
            for (const auto& entry : fs::directory_iterator(isobar::test::sourceDir() / ring)) {
                if (entry.is_directory()) {
                    QVERIFY2(fs::exists(entry.path() / "README.md"), entry.path().c_str());
                }
            }
        }
    }
};

QTEST_APPLESS_MAIN(LayeringTest)
#include "tst_layering.moc"
