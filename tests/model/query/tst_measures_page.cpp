// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/query/measures.h"
#include "model/serving/power.h"
#include "tests/support/test_support.h"

#include <QFile>
#include <QRegularExpression>
#include <QTest>

#include <algorithm>

using namespace isobar;
using namespace isobar::query;

namespace {

QString textOf(std::string_view words)
{
    return QString::fromUtf8(words.data(), static_cast<qsizetype>(words.size()));
}

/// As a cell of the page: in backticks, or nothing.
QString quoted(std::string_view words)
{
    return words.empty() ? QString() : QStringLiteral("`%1`").arg(textOf(words));
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
        QCOMPARE(cells.size(), 5);
        QCOMPARE(cells[1], textOf(m.unit));
        // The formula is what tooltips and JSON say, perhaps with where more is said of it.
        const QRegularExpression more(QStringLiteral("^( \\(see [A-Z]\\w+\\))?$"));
        const QString formula = textOf(m.formula);
        QVERIFY2(!formula.isEmpty() && cells[2].startsWith(formula) &&
                     more.match(cells[2].mid(formula.size())).hasMatch(),
                 qPrintable(cells[2]));
        QCOMPARE(cells[3], quoted(m.prometheus));
        QCOMPARE(cells[4], quoted(m.focus));
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

    void everyDimensionHasItsRow()
    {
        QCOMPARE(dimensions().size(), static_cast<std::size_t>(Dimension::Time) + 1);
        for (const DimensionInfo& d : dimensions()) {
            QCOMPARE(dimensionName(d.dimension), d.name);
            const QStringList cells{quoted(d.name), quoted(d.prometheus), quoted(d.focus)};
            const auto row = std::find_if(m_lines.begin(), m_lines.end(), [&](const QString& line) {
                QStringList found = line.split(QLatin1Char('|'));
                for (QString& cell : found) {
                    cell = cell.trimmed();
                }
                return found.size() == 6 && found.mid(2, 3) == cells;
            });
            QVERIFY2(row != m_lines.end(), d.name.data());
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
