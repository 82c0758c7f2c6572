// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/ui/charts/mark_samples.h"
#include "tests/ui/map/small_scene.h"
#include "ui/charts/kpi_tile.h"
#include "ui/charts/mark_charts.h"
#include "ui/charts/time_chart.h"

#include <QApplication>
#include <QDBusArgument>
#include <QDBusConnection>
#include <QDBusMessage>
#include <QDBusMetaType>
#include <QDBusPendingCall>
#include <QDBusVariant>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTest>
#include <QVBoxLayout>

#include <memory>
#include <optional>

using namespace isobar;
using namespace isobar::ui;

/// What stands for an element on the accessibility bus: who has it, and its path there.
struct Element {
    QString service;
    QDBusObjectPath path;
};
Q_DECLARE_METATYPE(Element)
Q_DECLARE_METATYPE(QList<Element>)

QDBusArgument& operator<<(QDBusArgument& argument, const Element& element)
{
    argument.beginStructure();
    argument << element.service << element.path;
    argument.endStructure();
    return argument;
}

const QDBusArgument& operator>>(const QDBusArgument& argument, Element& element)
{
    argument.beginStructure();
    argument >> element.service >> element.path;
    argument.endStructure();
    return argument;
}

/// The map and the charts as a screen reader gets them, over the bus of AT-SPI and not through Qt. Needs a D-Bus
/// session with at-spi2-core and the xcb platform, as ctest starts it; skipped elsewhere.
class AtSpiTest : public QObject {
    Q_OBJECT

    QString m_bus; ///< name of the connection to the accessibility bus
    std::unique_ptr<MapView> m_map;
    std::unique_ptr<QWidget> m_charts;

    /// Sends and goes on with the events, for this process answers too.
    static QDBusMessage ask(const QDBusConnection& bus, const QDBusMessage& question)
    {
        const QDBusPendingCall call = bus.asyncCall(question, 5000);
        static_cast<void>(QTest::qWaitFor([&] { return call.isFinished(); }, 6000));
        return call.reply();
    }
    [[nodiscard]] QDBusMessage askElement(const Element& of, const QString& interface, const QString& method,
                                          const QVariantList& arguments = {}) const
    {
        QDBusMessage question = QDBusMessage::createMethodCall(of.service, of.path.path(),
                                                               QStringLiteral("org.a11y.atspi.") + interface, method);
        question.setArguments(arguments);
        return ask(QDBusConnection(m_bus), question);
    }
    [[nodiscard]] QString nameOf(const Element& element) const { return property(element, "Name"); }
    [[nodiscard]] QString property(const Element& element, const char* name) const
    {
        QDBusMessage question =
            QDBusMessage::createMethodCall(element.service, element.path.path(),
                                           QStringLiteral("org.freedesktop.DBus.Properties"), QStringLiteral("Get"));
        question.setArguments({QStringLiteral("org.a11y.atspi.Accessible"), QLatin1String(name)});
        const QDBusMessage answer = ask(QDBusConnection(m_bus), question);
        return answer.arguments().isEmpty() ? QString()
                                            : answer.arguments().front().value<QDBusVariant>().variant().toString();
    }
    [[nodiscard]] QList<Element> childrenOf(const Element& element) const
    {
        const QDBusMessage answer = askElement(element, QStringLiteral("Accessible"), QStringLiteral("GetChildren"));
        return answer.arguments().isEmpty() ? QList<Element>() : qdbus_cast<QList<Element>>(answer.arguments().front());
    }
    [[nodiscard]] std::optional<Element> find(const Element& in, const QString& name, int levels) const
    {
        for (const Element& child : childrenOf(in)) {
            if (nameOf(child).startsWith(name)) {
                return child;
            }
            if (levels > 1) {
                if (auto found = find(child, name, levels - 1)) {
                    return found;
                }
            }
        }
        return std::nullopt;
    }

    static Element everything()
    {
        return {QStringLiteral("org.a11y.atspi.Registry"),
                QDBusObjectPath(QStringLiteral("/org/a11y/atspi/accessible/root"))};
    }

private Q_SLOTS:
    void initTestCase()
    {
        QStandardPaths::setTestModeEnabled(true);
        qDBusRegisterMetaType<Element>();
        qDBusRegisterMetaType<QList<Element>>();
        if (QGuiApplication::platformName() != QStringLiteral("xcb")) {
            QSKIP("the offscreen platform has no accessibility bus: ctest runs this under Xvfb");
        }
        const QDBusConnection session = QDBusConnection::sessionBus();
        if (!session.isConnected()) {
            QSKIP("there is no D-Bus session");
        }
        const QDBusMessage answer =
            ask(session, QDBusMessage::createMethodCall(QStringLiteral("org.a11y.Bus"), QStringLiteral("/org/a11y/bus"),
                                                        QStringLiteral("org.a11y.Bus"), QStringLiteral("GetAddress")));
        if (answer.type() != QDBusMessage::ReplyMessage || answer.arguments().isEmpty()) {
            QSKIP("there is no accessibility bus: install at-spi2-core");
        }
        m_bus = QStringLiteral("reader");
        QVERIFY(QDBusConnection::connectToBus(answer.arguments().front().toString(), m_bus).isConnected());
        applyTheme(ThemeChoice::Dark);
        m_map = std::make_unique<MapView>();
        m_map->resize(900, 500);
        m_map->setScene(smallScene());
        m_map->show();
        QVERIFY(QTest::qWaitForWindowExposed(m_map.get()));
    }

    void cleanupTestCase()
    {
        m_map.reset();
        m_charts.reset();
        QDBusConnection::disconnectFromBus(m_bus);
    }

    void aReaderFindsEveryPlaceWithValueRankAndTrend()
    {
        const Element desktop = everything();
        std::optional<Element> map;
        QTRY_VERIFY_WITH_TIMEOUT((map = find(desktop, QStringLiteral("Fleet map"), 3)).has_value(), 20'000);
        const QList<Element> children = childrenOf(*map);
        QStringList names;
        std::optional<Element> frankfurt;
        for (const Element& child : children) {
            names << nameOf(child);
            if (names.last().startsWith(QStringLiteral("Frankfurt"))) {
                frankfurt = child;
            }
        }
        for (const MapMarker& marker : m_map->scene().markers) {
            QCOMPARE(names.filter(QRegularExpression(QLatin1Char('^') + marker.name)).size(), 1);
        }
        QVERIFY(frankfurt.has_value());
        QCOMPARE(nameOf(*frankfurt), QStringLiteral("Frankfurt, 2 regions, 12,345 accelerators, utilization 64 %, "
                                                    "rank 2 of 4, trend up 3 points"));
        QSignalSpy clicked(m_map.get(), &MapView::markerClicked);
        const QDBusMessage done =
            askElement(*frankfurt, QStringLiteral("Action"), QStringLiteral("DoAction"), {QVariant(0)});
        QCOMPARE(done.type(), QDBusMessage::ReplyMessage);
        QTRY_COMPARE(clicked.count(), 1);
        QCOMPARE(clicked[0][0].toInt(), 10);
    }

    void aReaderGetsFiguresAndChartsInWords()
    {
        m_charts = std::make_unique<QWidget>();
        m_charts->setWindowTitle(QStringLiteral("Charts"));
        auto* column = new QVBoxLayout(m_charts.get());
        auto* tile = new KpiTile;
        KpiData figure;
        figure.title = QStringLiteral("Spend");
        figure.value = QStringLiteral("$13.00");
        figure.unit = QStringLiteral("M / day");
        figure.change = QStringLiteral("+2.1 % vs 1 min before");
        figure.direction = KpiData::Direction::Worse;
        tile->setData(figure);
        auto* over = new TimeChart;
        over->setData(test::twoLayers());
        auto* tree = new TreemapChart;
        tree->setData(test::spendTree());
        for (QWidget* one : std::initializer_list<QWidget*>{tile, over, tree}) {
            column->addWidget(one);
        }
        m_charts->resize(900, 800);
        m_charts->show();
        QVERIFY(QTest::qWaitForWindowExposed(m_charts.get()));

        std::optional<Element> spend, throughput, money;
        QTRY_VERIFY_WITH_TIMEOUT((spend = find(everything(), QStringLiteral("Spend"), 3)).has_value(), 20'000);
        const QString words = property(*spend, "Description");
        QVERIFY2(words.startsWith(QStringLiteral("$13.00 M / day, +2.1 % vs 1 min before, worse")), qPrintable(words));
        QSignalSpy asked(tile, &KpiTile::clicked);
        static_cast<void>(askElement(*spend, QStringLiteral("Action"), QStringLiteral("DoAction"), {QVariant(0)}));
        QTRY_COMPARE(asked.count(), 1);

        throughput = find(everything(), QStringLiteral("Throughput by provider"), 3);
        QVERIFY(throughput.has_value());
        const QString latest = property(*throughput, "Description");
        QVERIFY2(latest.contains(QStringLiteral("Azure 3.00 M, rank 1 of 2")), qPrintable(latest));
        QVERIFY2(latest.contains(QRegularExpression(
                     QStringLiteral("Google Cloud 2.00 M, rank 2 of 2, [^;]*100[^;]* over the range"))),
                 qPrintable(latest));

        money = find(everything(), tree->accessibleName(), 3);
        QVERIFY(money.has_value() && !(money->path == spend->path));
        const QList<Element> marks = childrenOf(*money);
        QCOMPARE(static_cast<std::size_t>(marks.size()), tree->marks().size());
        QVERIFY(marks.size() > 3);
        for (qsizetype i = 0; i < marks.size(); ++i) {
            const ChartMark& mark = tree->marks()[static_cast<std::size_t>(i)];
            QCOMPARE(nameOf(marks[i]), mark.name);
            QVERIFY(property(marks[i], "Description").startsWith(mark.value));
        }
        QSignalSpy clicked(tree, &MarkChart::markClicked);
        const QString key = tree->marks()[1].key;
        static_cast<void>(askElement(marks[1], QStringLiteral("Action"), QStringLiteral("DoAction"), {QVariant(0)}));
        QTRY_COMPARE(clicked.count(), 1);
        QCOMPARE(clicked[0][0].toString(), key);
    }
};

QTEST_MAIN(AtSpiTest)
#include "tst_at_spi.moc"
