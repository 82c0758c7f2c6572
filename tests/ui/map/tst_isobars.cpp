// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/map/isobars.h"

#include <QTest>

#include <cmath>

using namespace isobar;
using namespace isobar::ui;

class IsobarsTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void oneSourceGivesCircles_data();
    void oneSourceGivesCircles();
    void fieldIsTheFormula();
    void linesAtTheWindowsEdgeStayOpen();
    void nothingGivesNothing();
};

void IsobarsTest::oneSourceGivesCircles_data()
{
    QTest::addColumn<double>("level");
    QTest::addColumn<bool>("exists");
    QTest::newRow("low") << 0.2 << true;
    QTest::newRow("middle") << 0.5 << true;
    QTest::newRow("just below the peak") << 0.7 << true;
    QTest::newRow("above the peak") << 0.8 << false; // 0.8 * 1 / (0.06 + 1) = 0.755
}

void IsobarsTest::oneSourceGivesCircles()
{
    QFETCH(double, level);
    QFETCH(bool, exists);
    constexpr double kUtilization = 0.8, kSigma = 40;
    const QPointF at(203.3, 151.7);
    const PressureField field({{at, 5000, kUtilization}}, QRectF(0, 0, 400, 300), kSigma, 5);
    const auto lines = field.lines(level);
    QCOMPARE(lines.size(), std::size_t{exists ? 1u : 0u});
    if (!exists) {
        return;
    }
    // level = u K / (0.06 + K), K = exp(-r^2 / 2 sigma^2), solved for r.
    const double kernel = 0.06 * level / (kUtilization - level);
    const double radius = kSigma * std::sqrt(-2 * std::log(kernel));
    QVERIFY(lines.front().closed);
    QCOMPARE(lines.front().points.front(), lines.front().points.back());
    for (const QPointF& p : lines.front().points) {
        const double r = std::hypot(p.x() - at.x(), p.y() - at.y());
        QVERIFY2(std::abs(r - radius) < 1.0, qPrintable(QStringLiteral("%1 for %2").arg(r).arg(radius)));
    }
}

void IsobarsTest::fieldIsTheFormula()
{
    const std::vector<IsobarSource> sources{{{30, 40}, 100, 0.9}, {{90, 50}, 400, 0.4}, {{60, 110}, 50, 1.3}};
    constexpr double kSigma = 25, kCell = 10;
    const PressureField field(sources, QRectF(0, 0, 120, 120), kSigma, kCell);
    for (int row = 0; row < field.rows(); ++row) {
        for (int column = 0; column < field.columns(); ++column) {
            double supply = 0, used = 0;
            for (const IsobarSource& s : sources) {
                const double d = std::hypot(column * kCell - s.at.x(), row * kCell - s.at.y());
                const double k = s.supply * std::exp(-d * d / (2 * kSigma * kSigma));
                supply += k, used += k * s.utilization;
            }
            // Kernels end at four sigmas in the fast path.
            QVERIFY(std::abs(field.at(column, row) - used / (0.06 * 400 + supply)) < 5e-3);
        }
    }
}

void IsobarsTest::linesAtTheWindowsEdgeStayOpen()
{
    const PressureField field({{{0, 100}, 1000, 0.9}}, QRectF(0, 0, 300, 200), 30, 5);
    const auto lines = field.lines(0.4);
    QCOMPARE(lines.size(), std::size_t{1});
    QVERIFY(!lines.front().closed);
    QVERIFY(lines.front().points.front().x() < 1e-6 && lines.front().points.back().x() < 1e-6);
}

void IsobarsTest::nothingGivesNothing()
{
    const QRectF window(0, 0, 200, 100);
    QVERIFY(PressureField({}, window, 30, 5).lines(0.2).empty());
    QVERIFY(PressureField({{{50, 50}, 0, 0.9}}, window, 30, 5).lines(0.2).empty());
    QVERIFY(PressureField({{{1e9, -1e12}, 10, 0.9}}, window, 30, 5).lines(0.2).empty());
    QVERIFY(PressureField({{{50, 50}, 10, 0.0}}, window, 30, 5).lines(0.2).empty());
}

QTEST_APPLESS_MAIN(IsobarsTest)
#include "tst_isobars.moc"
