// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/sample_history.h"
#include "ui/dashboard/contracts.h"
#include "ui/dashboard/view_widget.h"
#include "ui/dashboard/views.h"
#include "ui/shell/theme.h"

#include <QDir>
#include <QStandardPaths>
#include <QtTest>

using namespace isobar;
using namespace isobar::ui;

/// What a view is compared with is what the same view shows of the time before.
class ComparedViewsTest : public QObject {
    Q_OBJECT

    ViewContext m_context, m_before;

    static double sum(const TreemapNode& node, double TreemapNode::*which)
    {
        double all = node.children.empty() ? node.*which : 0;
        for (const TreemapNode& child : node.children) {
            all += sum(child, which);
        }
        return all;
    }

private Q_SLOTS:
    void initTestCase()
    {
        QStandardPaths::setTestModeEnabled(true);
        SelectionState selection;
        selection.rangeSeconds = 8;
        selection.compare = Comparing::PreviousPeriod;
        const auto context = test::sampleContext(20, selection);
        QVERIFY(context);
        m_context = *context;
        const auto before = previousPeriod(m_context);
        QVERIFY(before);
        m_before = *before;
    }

    void theHeatMap()
    {
        const HeatMapData now = loadHeat(m_context), then = loadHeat(m_before);
        QVERIFY(!now.beforeName.isEmpty() && then.beforeName.isEmpty() && then.before.isEmpty());
        QCOMPARE(now.before.size(), now.values.size());
        int compared = 0;
        for (std::size_t r = 0; r < now.rows.size(); ++r) {
            for (std::size_t c = 0; c < now.columns.size(); ++c) {
                for (std::size_t i = 0; i < then.rows.size(); ++i) {
                    for (std::size_t k = 0; k < then.columns.size(); ++k) {
                        if (then.rows[i].key == now.rows[r].key && then.columns[k].key == now.columns[c].key) {
                            const double a = now.before[static_cast<qsizetype>(r * now.columns.size() + c)];
                            const double b = then.values[static_cast<qsizetype>(i * then.columns.size() + k)];
                            QVERIFY(a == b || (std::isnan(a) && std::isnan(b)));
                            compared += std::isfinite(a) ? 1 : 0;
                        }
                    }
                }
            }
        }
        QVERIFY(compared > 20);
    }

    void flowsAndSpendAddUpToWhatTheyWere()
    {
        const auto flow = [](const SankeyData& data, double SankeyPath::*which) {
            double all = 0;
            for (const SankeyPath& path : data.paths) {
                all += path.*which;
            }
            return all;
        };
        const double then = flow(flowsOf(m_before), &SankeyPath::value);
        QVERIFY(then > 1000);
        QVERIFY(std::abs(flow(flowsOf(m_context), &SankeyPath::before) / then - 1) < 1e-9);
        const auto spend = [](const TreemapData& data, double TreemapNode::*which) {
            double all = 0;
            for (const TreemapNode& node : data.nodes) {
                all += sum(node, which);
            }
            return all;
        };
        const double paid = spend(spendTree(m_before), &TreemapNode::value);
        QVERIFY(paid > 1e5);
        QVERIFY(std::abs(spend(spendTree(m_context), &TreemapNode::before) / paid - 1) < 1e-9);
        double shares = 0;
        const ShareData parts = providerShare(m_context);
        for (const ShareRow& row : parts.rows) {
            shares += row.before.value_or(0);
        }
        QVERIFY(std::abs(shares / paid - 1) < 1e-9);
        QCOMPARE(parts.beforeName, spendTree(m_context).beforeName);
    }

    void sharesUseCurveAndHistogram()
    {
        double before = 0;
        for (const ConcentrationRow& row : concentration(m_context).rows) {
            before += row.shareBefore.value_or(0);
        }
        QVERIFY(std::abs(before - 1) < 1e-9);
        const CommitmentsData now = commitments(m_context), then = commitments(m_before);
        QCOMPARE(now.rows.size(), then.rows.size());
        for (std::size_t i = 0; i < now.rows.size(); ++i) {
            QVERIFY(now.rows[i].utilizationBefore);
            QCOMPARE(*now.rows[i].utilizationBefore, then.rows[i].utilization);
            QVERIFY(!then.rows[i].utilizationBefore);
        }
        const LorenzData curve = loadSpread(m_context), old = loadSpread(m_before);
        QCOMPARE(curve.before.size(), old.entries.size());
        for (std::size_t i = 0; i < old.entries.size(); ++i) {
            QCOMPARE(curve.before[i].load, old.entries[i].load);
        }
        const DistributionData times = ttftHistogram(m_context), oldTimes = ttftHistogram(m_before);
        QCOMPARE(times.series.size(), std::size_t{2});
        QVERIFY(times.series[1].ghost);
        QCOMPARE(times.series[1].counts, oldTimes.series[0].counts);
    }

    /// For the eye: every chart of the sample fleet, compared, as large as in small and large windows.
    void forTheEye()
    {
        const QString folder = qEnvironmentVariable("ISOBAR_PICTURES");
        if (folder.isEmpty()) {
            QSKIP("set ISOBAR_PICTURES to a folder to keep pictures of every chart");
        }
        QDir().mkpath(folder);
        const std::pair<ThemeChoice, const char*> themes[] = {
            {ThemeChoice::Dark, "dark"}, {ThemeChoice::Light, "light"}, {ThemeChoice::HighContrast, "contrast"}};
        for (const auto& [choice, name] : themes) {
            applyTheme(choice);
            for (const auto& [size, scale] : {std::pair{QSizeF(300, 190), 1.0}, std::pair{QSizeF(600, 360), 1.0},
                                              std::pair{QSizeF(440, 260), 2.0}}) {
                for (const View view : allViews()) {
                    if (isChart(view)) {
                        const QString path = QStringLiteral("%1/%2-%3-%4x%5.png")
                                                 .arg(folder, viewName(view), QLatin1String(name))
                                                 .arg(size.width())
                                                 .arg(scale);
                        QVERIFY(exportView(view, ExportFormat::Png, path, size, scale, m_context).ok());
                    }
                }
            }
        }
    }

    void nothingIsComparedUnlessAsked()
    {
        ViewContext plain = m_context;
        plain.selection.compare = Comparing::Nothing;
        QVERIFY(loadHeat(plain).before.isEmpty() && loadHeat(plain).beforeName.isEmpty());
        QVERIFY(flowsOf(plain).beforeName.isEmpty() && spendTree(plain).beforeName.isEmpty());
        QVERIFY(providerShare(plain).beforeName.isEmpty() && concentration(plain).beforeName.isEmpty());
        QCOMPARE(ttftHistogram(plain).series.size(), std::size_t{1});
    }
};

QTEST_MAIN(ComparedViewsTest)
#include "tst_compared_views.moc"
