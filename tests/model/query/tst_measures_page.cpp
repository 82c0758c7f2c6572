// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/query/measures.h"
#include "model/serving/power.h"
#include "tests/support/test_support.h"

#include <QFile>
#include <QTest>

using namespace isobar;
using namespace isobar::query;

namespace {

QString textOf(std::string_view words)
{
    return QString::fromUtf8(words.data(), static_cast<qsizetype>(words.size()));
}

} // namespace

/// docs/measures.md says what the code computes.
class TestMeasuresPage : public QObject {
    Q_OBJECT

    QStringList m_lines;

    /// The cells of the row that describes a measure; empty when there is none.
    QStringList rowOf(const QString& name) const
    {
        for (const QString& line : m_lines) {
            if (line.startsWith(QStringLiteral("| `%1` |").arg(name))) {
                QStringList cells = line.split(QLatin1Char('|'));
                for (QString& cell : cells) {
                    cell = cell.trimmed();
                }
                return cells.mid(1, cells.size() - 2);
            }
        }
        return {};
    }

private Q_SLOTS:
    void initTestCase()
    {
        QFile page(QString::fromStdString((test::sourceDir() / "docs" / "measures.md").string()));
        QVERIFY(page.open(QIODevice::ReadOnly));
        m_lines = QString::fromUtf8(page.readAll()).split(QLatin1Char('\n'));
    }

    void everyMeasureHasItsRow_data()
    {
        QTest::addColumn<int>("measure");
        for (const MeasureInfo& m : measures()) {
            QTest::newRow(std::string(m.name).c_str()) << static_cast<int>(m.measure);
        }
    }
    void everyMeasureHasItsRow()
    {
        QFETCH(int, measure);
        const MeasureInfo& m = info(static_cast<Measure>(measure));
        const QStringList cells = rowOf(textOf(m.name));
        QCOMPARE(cells.size(), 4);
        QCOMPARE(cells[1], textOf(m.unit));
        QVERIFY(!cells[2].isEmpty());
        QCOMPARE(cells[3], m.prometheus.empty() ? QString() : QStringLiteral("`%1`").arg(textOf(m.prometheus)));
    }

    void noMeasureThatIsGone()
    {
        int rows = 0;
        for (const QString& line : m_lines) {
            if (line.startsWith(QLatin1String("| `"))) {
                const QString name = line.section(QLatin1Char('`'), 1, 1);
                QVERIFY2(measureByName(name.toStdString()), qPrintable(name));
                ++rows;
            }
        }
        QCOMPARE(rows, static_cast<int>(measures().size()));
    }

    void everyDimensionIsNamed()
    {
        const QString page = m_lines.join(QLatin1Char('\n'));
        for (int d = 0; d <= static_cast<int>(Dimension::Time); ++d) {
            const QString name = textOf(dimensionName(static_cast<Dimension>(d)));
            QVERIFY2(page.contains(QStringLiteral("`%1`").arg(name)), qPrintable(name));
        }
    }

    /// Figures that are typed into code are on the page as they are there.
    void assumptionsAreStated()
    {
        const QString page = m_lines.join(QLatin1Char('\n'));
        const double idle = serving::kIdlePowerRatio;
        QVERIFY(page.contains(QStringLiteral("TDP x (%1 + %2 x work) x PUE").arg(idle).arg(1 - idle)));
        QVERIFY(page.contains(QStringLiteral("%1 % of the exact one").arg(aggregate::Sketch::kRelativeError * 100)));
    }
};

QTEST_GUILESS_MAIN(TestMeasuresPage)
#include "tst_measures_page.moc"
