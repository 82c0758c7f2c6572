// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/ui/map/small_scene.h"

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

/// The map as a screen reader gets it, over the bus of AT-SPI and not through Qt. Needs a D-Bus session with
/// at-spi2-core and the xcb platform, as ctest starts it; skipped elsewhere.
class AtSpiTest : public QObject {
    Q_OBJECT

    QString m_bus; ///< name of the connection to the accessibility bus
    std::unique_ptr<MapView> m_map;

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
    [[nodiscard]] QString nameOf(const Element& element) const
    {
        QDBusMessage question =
            QDBusMessage::createMethodCall(element.service, element.path.path(),
                                           QStringLiteral("org.freedesktop.DBus.Properties"), QStringLiteral("Get"));
        question.setArguments({QStringLiteral("org.a11y.atspi.Accessible"), QStringLiteral("Name")});
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
        QDBusConnection::disconnectFromBus(m_bus);
    }

    void aReaderFindsEveryPlaceWithValueRankAndTrend()
    {
        const Element desktop{QStringLiteral("org.a11y.atspi.Registry"),
                              QDBusObjectPath(QStringLiteral("/org/a11y/atspi/accessible/root"))};
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
};

QTEST_MAIN(AtSpiTest)
#include "tst_at_spi.moc"
