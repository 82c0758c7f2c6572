// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/ui/map/small_scene.h"
#include "ui/map/float_panel.h"
#include "ui/map/map_bench.h"
#include "ui/map/map_paint.h"
#include "ui/map/map_table.h"
#include "ui/map/map_view.h"

#include <QAccessible>
#include <QBuffer>
#include <QDir>
#include <QDragEnterEvent>
#include <QDragLeaveEvent>
#include <QMimeData>
#include <QPdfWriter>
#include <QRegularExpression>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QSvgGenerator>
#include <QSvgRenderer>
#include <QTest>
#include <QToolButton>
#include <QWheelEvent>
#include <QWindow>

#include <cmath>
#include <memory>

using namespace isobar;
using namespace isobar::ui;

class MapViewTest : public QObject {
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();
    void landAndSeaInBothThemes_data();
    void landAndSeaInBothThemes();
    void labelsNeverCollide_data();
    void labelsNeverCollide();
    void donutsStayReadable();
    void everyProviderHasItsOwnLetter();
    void clusterSplitsOnClick();
    void clickTellsTheMarker();
    void clickOnTheSeaIsTheBackground();
    void doubleClickAndEnterActivate();
    void wheelZoomsAtThePointer();
    void dragPansAndClicksNothing();
    void keysZoomAndWalk();
    void hoverShowsThePanelInsideTheWindow();
    void buttonsToggleLayers();
    void selectionEmphasisesItsFlows();
    void flowsMoveOnlyWhileShown();
    void dropIsTakenOrRefused_data();
    void dropIsTakenOrRefused();
    void dragLeaveRestores();
    void foreignDragIsIgnored();
    void clusterFansOutUnderADrag();
    void screenReaderFindsMarkers();
    void picturesStayVector();
    void emptyAndBrokenScenes();
    void benchmarkCounts();
    void pictures();

private:
    void sendDrag(QEvent::Type type, QPoint at, const QMimeData* data, bool* accepted = nullptr);
    std::unique_ptr<MapView> m_map;
};

void MapViewTest::initTestCase()
{
    QStandardPaths::setTestModeEnabled(true);
}

void MapViewTest::init()
{
    qRegisterMetaType<const QMimeData*>("const QMimeData*");
    QTest::failOnWarning(QRegularExpression(QStringLiteral(".*")));
    applyTheme(ThemeChoice::Dark);
    m_map = std::make_unique<MapView>();
    m_map->resize(1150, 500);
    m_map->setScene(smallScene());
    m_map->show();
    QVERIFY(QTest::qWaitForWindowExposed(m_map.get()));
    m_map->finishRendering();
}

void MapViewTest::cleanup()
{
    m_map.reset();
}

void MapViewTest::landAndSeaInBothThemes_data()
{
    QTest::addColumn<bool>("dark");
    QTest::newRow("dark") << true;
    QTest::newRow("light") << false;
}

void MapViewTest::landAndSeaInBothThemes()
{
    QFETCH(bool, dark);
    applyTheme(dark ? ThemeChoice::Dark : ThemeChoice::Light);
    const QImage image = m_map->grab().toImage();
    const MapViewport view = m_map->viewport();
    QVERIFY(shareOf(image, view.place({26.5, 19}), theme().land) > 0.7);  // Sahara
    QVERIFY(shareOf(image, view.place({-26, 133}), theme().land) > 0.7);  // Australia
    QVERIFY(shareOf(image, view.place({8, -142}), theme().ground) > 0.9); // mid-Pacific
    QVERIFY(shareOf(image, view.place({-38, 82}), theme().ground) > 0.9); // Indian Ocean
    m_map->setViewport(view.zoomedAt(view.place({41, 51}), 8));           // the Caspian Sea: a hole in the land
    m_map->finishRendering();
    const QImage near = m_map->grab().toImage();
    keepPicture(near, QStringLiteral("caspian"));
    QVERIFY(shareOf(near, m_map->viewport().place({41.2, 50.8}), theme().ground) > 0.6);
    QVERIFY(shareOf(near, m_map->viewport().place({43.5, 46.0}), theme().land) > 0.6);
}

void MapViewTest::labelsNeverCollide_data()
{
    QTest::addColumn<QSizeF>("size");
    QTest::addColumn<double>("zoom");
    QTest::addColumn<int>("kind");
    for (const ProjectionKind kind : kAllProjections) {
        for (const QSizeF size : {QSizeF(1150, 500), QSizeF(1600, 900), QSizeF(800, 420)}) {
            for (const double zoom : {1.0, 1.3, 1.7, 2.5, 4.0, 6.0, 11.0, 20.0}) {
                QTest::addRow("%s %dx%d zoom %.1f", qPrintable(projectionName(kind)), static_cast<int>(size.width()),
                              static_cast<int>(size.height()), zoom)
                    << size << zoom << static_cast<int>(kind);
            }
        }
    }
}

void MapViewTest::labelsNeverCollide()
{
    QFETCH(QSizeF, size);
    QFETCH(double, zoom);
    QFETCH(int, kind);
    const MapScene scene = syntheticMapScene(theme());
    MapViewport view = MapViewport::fitted(size, {static_cast<ProjectionKind>(kind), {40, 10}});
    view = view.zoomedAt(view.place({49, 6}), zoom);
    LayoutCache curves;
    LayoutOptions options;
    options.reserved = QRectF(size.width() - 300, 0, 300, 40);
    const MapLayout layout = layoutMap(scene, view, options, curves);
    int labels = 0;
    for (std::size_t i = 0; i < layout.placed.size(); ++i) {
        const PlacedMarker& a = layout.placed[i];
        if (!a.labelled) {
            continue;
        }
        ++labels;
        QVERIFY(QRectF(QPointF(), size).contains(a.labelRect));
        QVERIFY(!a.labelRect.intersects(options.reserved));
        QVERIFY(!a.labelRect.intersects(layout.legendRect));
        for (std::size_t j = 0; j < layout.placed.size(); ++j) {
            const PlacedMarker& b = layout.placed[j];
            QVERIFY2(i == j || !b.labelled || !a.labelRect.intersects(b.labelRect),
                     qPrintable(a.title + QStringLiteral(" / ") + b.title));
            const QPointF nearest(std::clamp(b.at.x(), a.labelRect.left(), a.labelRect.right()),
                                  std::clamp(b.at.y(), a.labelRect.top(), a.labelRect.bottom()));
            QVERIFY2(std::hypot(nearest.x() - b.at.x(), nearest.y() - b.at.y()) >= b.outerRadius(),
                     qPrintable(a.title + QStringLiteral(" over ") + b.title));
            for (double t = 0; i != j && !b.leader.isNull() && t <= 1; t += 0.02) {
                QVERIFY2(!a.labelRect.contains(b.leader.pointAt(t)),
                         qPrintable(b.title + QStringLiteral("'s line through ") + a.title));
            }
        }
    }
    QVERIFY2(labels >= 2, qPrintable(QString::number(labels)));
}

void MapViewTest::donutsStayReadable()
{
    const MapScene scene = syntheticMapScene(theme());
    for (const QSizeF size : {QSizeF(1150, 500), QSizeF(800, 420)}) {
        for (const double zoom : {1.0, 2.0, 5.0, 15.0}) {
            MapViewport view = MapViewport::fitted(size);
            view = view.zoomedAt(view.place({49, 6}), zoom);
            LayoutCache curves;
            const MapLayout layout = layoutMap(scene, view, {}, curves);
            std::size_t members = 0;
            double accelerators = 0;
            for (std::size_t i = 0; i < layout.placed.size(); ++i) {
                members += layout.placed[i].members.size();
                accelerators += layout.placed[i].size;
                for (std::size_t j = i + 1; j < layout.placed.size(); ++j) {
                    const PlacedMarker &a = layout.placed[i], &b = layout.placed[j];
                    const double apart = std::hypot(a.at.x() - b.at.x(), a.at.y() - b.at.y());
                    QVERIFY2(apart >= 0.85 * (a.outerRadius() + b.outerRadius()),
                             qPrintable(a.title + QStringLiteral(" on ") + b.title));
                }
            }
            QCOMPARE(members, scene.markers.size()); // nothing lost, nothing twice
            double expected = 0;
            for (const MapMarker& m : scene.markers) {
                expected += m.size;
            }
            QCOMPARE(accelerators, expected);
        }
    }
}

void MapViewTest::everyProviderHasItsOwnLetter()
{
    QSet<QChar> letters;
    const auto legend = legendOf(syntheticMapScene(theme()));
    QCOMPARE(legend.size(), std::size_t{5});
    for (const LegendEntry& entry : legend) {
        letters.insert(entry.letter);
        if (entry.label == QLatin1String("Azure")) {
            QCOMPARE(entry.letter, QLatin1Char('A'));
        }
    }
    QCOMPARE(letters.size(), 5);
}

void MapViewTest::clusterSplitsOnClick()
{
    QCOMPARE(m_map->markerRect(10), m_map->markerRect(11)); // one cluster at world scale
    QSignalSpy clicked(m_map.get(), &MapView::markerClicked);
    QTest::mouseClick(m_map.get(), Qt::LeftButton, Qt::NoModifier, centerOf(*m_map, 10));
    QCOMPARE(clicked.count(), 0);
    QTRY_VERIFY(m_map->viewport().zoom() > 1.7);
    for (int i = 0; i < 4 && m_map->markerRect(10) == m_map->markerRect(11); ++i) {
        const double before = m_map->viewport().zoom();
        QTest::mouseClick(m_map.get(), Qt::LeftButton, Qt::NoModifier, centerOf(*m_map, 10));
        QTRY_VERIFY(m_map->viewport().zoom() > 1.7 * before);
    }
    QVERIFY(m_map->markerRect(10) != m_map->markerRect(11));
    QVERIFY(!m_map->markerRect(11).isEmpty());
}

void MapViewTest::clickTellsTheMarker()
{
    QSignalSpy clicked(m_map.get(), &MapView::markerClicked);
    QSignalSpy background(m_map.get(), &MapView::backgroundClicked);
    QTest::mouseClick(m_map.get(), Qt::LeftButton, Qt::ControlModifier, centerOf(*m_map, 20));
    QCOMPARE(clicked.count(), 1);
    QCOMPARE(clicked[0][0].toInt(), 20);
    QCOMPARE(clicked[0][1].value<Qt::KeyboardModifiers>(), Qt::ControlModifier);
    QCOMPARE(background.count(), 0);
}

void MapViewTest::clickOnTheSeaIsTheBackground()
{
    QSignalSpy background(m_map.get(), &MapView::backgroundClicked);
    QTest::mouseClick(m_map.get(), Qt::LeftButton, Qt::NoModifier, m_map->viewport().place({8, -142}).toPoint());
    QCOMPARE(background.count(), 1);
}

void MapViewTest::doubleClickAndEnterActivate()
{
    QSignalSpy activated(m_map.get(), &MapView::markerActivated);
    QTest::mouseDClick(m_map.get(), Qt::LeftButton, Qt::NoModifier, centerOf(*m_map, 20));
    QCOMPARE(activated.count(), 1);
    QCOMPARE(activated[0][0].toInt(), 20);
    m_map->setFocus();
    QTest::mouseClick(m_map.get(), Qt::LeftButton, Qt::NoModifier, centerOf(*m_map, 30));
    QTest::keyClick(m_map.get(), Qt::Key_Return);
    QCOMPARE(activated.count(), 2);
    QCOMPARE(activated[1][0].toInt(), 30);
    const double before = m_map->viewport().zoom();
    QTest::mouseDClick(m_map.get(), Qt::LeftButton, Qt::NoModifier, m_map->viewport().place({8, -142}).toPoint());
    QTRY_VERIFY(std::abs(m_map->viewport().zoom() - 2 * before) < 1e-6);
}

void MapViewTest::wheelZoomsAtThePointer()
{
    const QPointF at = m_map->viewport().place({-33.86, 151.21});
    QWheelEvent wheel(at, m_map->mapToGlobal(at), {}, {0, 240}, Qt::NoButton, Qt::NoModifier, Qt::NoScrollPhase, false);
    QCoreApplication::sendEvent(m_map.get(), &wheel);
    QVERIFY(std::abs(m_map->viewport().zoom() - 1.25 * 1.25) < 1e-6);
    const QPointF now = m_map->viewport().place({-33.86, 151.21});
    QVERIFY(std::hypot(now.x() - at.x(), now.y() - at.y()) < 1.0);
    QWheelEvent back(at, m_map->mapToGlobal(at), {}, {0, -1200}, Qt::NoButton, Qt::NoModifier, Qt::NoScrollPhase,
                     false);
    QCoreApplication::sendEvent(m_map.get(), &back);
    QVERIFY(std::abs(m_map->viewport().zoom() - 1.0) < 1e-6);
}

void MapViewTest::dragPansAndClicksNothing()
{
    m_map->setViewport(m_map->viewport().zoomedAt({575, 250}, 4.0));
    QSignalSpy clicked(m_map.get(), &MapView::markerClicked), background(m_map.get(), &MapView::backgroundClicked);
    const QPointF before = m_map->viewport().toPlane({500, 300});
    QTest::mousePress(m_map.get(), Qt::LeftButton, Qt::NoModifier, {500, 300});
    QMouseEvent move(QEvent::MouseMove, QPointF(440, 330), m_map->mapToGlobal(QPointF(440, 330)), Qt::LeftButton,
                     Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(m_map.get(), &move);
    QTest::mouseRelease(m_map.get(), Qt::LeftButton, Qt::NoModifier, {440, 330});
    const QPointF after = m_map->viewport().toPlane({440, 330});
    QVERIFY(std::hypot(after.x() - before.x(), after.y() - before.y()) < 1e-6);
    QCOMPARE(clicked.count() + background.count(), 0);
}

void MapViewTest::keysZoomAndWalk()
{
    m_map->setFocus();
    QTest::keyClick(m_map.get(), Qt::Key_Plus);
    QTRY_VERIFY(std::abs(m_map->viewport().zoom() - 1.5) < 1e-6);
    QTest::keyClick(m_map.get(), Qt::Key_Minus);
    QTRY_VERIFY(std::abs(m_map->viewport().zoom() - 1.0) < 1e-6);
    QTest::keyClick(m_map.get(), Qt::Key_Plus);
    QTRY_VERIFY(std::abs(m_map->viewport().zoom() - 1.5) < 1e-6);
    QTest::keyClick(m_map.get(), Qt::Key_0);
    QTRY_COMPARE(m_map->viewport(), m_map->viewport().fitted());

    QSignalSpy activated(m_map.get(), &MapView::markerActivated);
    QTest::mouseClick(m_map.get(), Qt::LeftButton, Qt::NoModifier, centerOf(*m_map, 30));
    QTest::keyClick(m_map.get(), Qt::Key_Right); // São Paulo -> Sydney
    QTest::keyClick(m_map.get(), Qt::Key_Return);
    QCOMPARE(activated.count(), 1);
    QCOMPARE(activated[0][0].toInt(), 20);
    QTest::keyClick(m_map.get(), Qt::Key_Right); // nothing further east: on over the antimeridian
    QTest::keyClick(m_map.get(), Qt::Key_Return);
    QCOMPARE(activated[1][0].toInt(), 30);
    QTest::keyClick(m_map.get(), Qt::Key_Left); // and back
    QTest::keyClick(m_map.get(), Qt::Key_Return);
    QCOMPARE(activated[2][0].toInt(), 20);
}

void MapViewTest::hoverShowsThePanelInsideTheWindow()
{
    m_map->tooltipProvider = [](int id) {
        return QStringLiteral("<b>marker %1</b><br>with<br>several<br>lines").arg(id);
    };
    QSignalSpy hovered(m_map.get(), &MapView::markerHovered);
    // Through the window, not the cursor: that ends where the offscreen screen does.
    QTest::mouseMove(m_map->windowHandle(), centerOf(*m_map, 20));
    QTRY_VERIFY(!hovered.isEmpty() && hovered.last()[0].toInt() == 20);
    auto* panel = m_map->findChild<FloatPanel*>();
    QVERIFY(panel != nullptr && panel->isVisible());
    QVERIFY(panel->text().contains(QStringLiteral("marker 20")));
    QVERIFY(m_map->rect().contains(panel->geometry())); // Sydney is near the right edge
    QTest::mouseMove(m_map->windowHandle(), m_map->viewport().place({8, -142}).toPoint());
    QTRY_VERIFY(!panel->isVisible());
    QCOMPARE(hovered.last()[0].toInt(), -1);
}

void MapViewTest::buttonsToggleLayers()
{
    auto* flows = m_map->findChild<QToolButton*>(QStringLiteral("mapFlows"));
    auto* isobars = m_map->findChild<QToolButton*>(QStringLiteral("mapIsobars"));
    QVERIFY(flows != nullptr && isobars != nullptr);
    m_map->finishRendering();
    const QImage all = m_map->grab().toImage();
    QTest::mouseClick(isobars, Qt::LeftButton);
    QVERIFY(!m_map->isobarsShown());
    m_map->finishRendering();
    const QImage without = m_map->grab().toImage();
    QVERIFY(all != without);
    QTest::mouseClick(flows, Qt::LeftButton);
    QVERIFY(!m_map->flowsShown());
    m_map->finishRendering();
    QVERIFY(m_map->layoutNow().flows.empty());
    QVERIFY(m_map->grab().toImage() != without);
    m_map->setIsobarsShown(true);
    QVERIFY(isobars->isChecked());
    QTest::mouseClick(m_map->findChild<QToolButton*>(QStringLiteral("mapZoomIn")), Qt::LeftButton);
    QTRY_VERIFY(m_map->viewport().zoom() > 1.55);
    QTest::mouseClick(m_map->findChild<QToolButton*>(QStringLiteral("mapReset")), Qt::LeftButton);
    QTRY_COMPARE(m_map->viewport(), m_map->viewport().fitted());
}

void MapViewTest::selectionEmphasisesItsFlows()
{
    m_map->setSelectedMarkers({30});
    const MapLayout& layout = m_map->layoutNow();
    int strong = 0;
    for (std::size_t i = 0; i < layout.flows.size(); ++i) {
        const FlowTone tone = layout.flows[i].tone;
        const auto& placed = layout.placed[static_cast<std::size_t>(layout.flows[i].placed)];
        const bool own = m_map->scene().markers[static_cast<std::size_t>(placed.members.front())].id == 30;
        QCOMPARE(tone == FlowTone::Strong, own);
        strong += own;
    }
    QCOMPARE(strong, 1);
    QCOMPARE(layout.flows.size(), std::size_t{3});
}

void MapViewTest::flowsMoveOnlyWhileShown()
{
    m_map->setFlowing(true);
    const QImage before = m_map->grab().toImage();
    m_map->advanceFlow(0.5);
    QVERIFY(m_map->grab().toImage() != before);
    m_map->setFlowing(false);
    const QImage still = m_map->grab().toImage();
    m_map->advanceFlow(0.5);
    QCOMPARE(m_map->grab().toImage(), still);
}

void MapViewTest::sendDrag(QEvent::Type type, QPoint at, const QMimeData* data, bool* accepted)
{
    if (type == QEvent::DragEnter) {
        QDragEnterEvent event(at, Qt::MoveAction | Qt::CopyAction, data, Qt::LeftButton, Qt::NoModifier);
        QCoreApplication::sendEvent(m_map.get(), &event);
        if (accepted != nullptr) {
            *accepted = event.isAccepted();
        }
    } else if (type == QEvent::DragMove) {
        QDragMoveEvent event(at, Qt::MoveAction | Qt::CopyAction, data, Qt::LeftButton, Qt::NoModifier);
        event.ignore();
        QCoreApplication::sendEvent(m_map.get(), &event);
        if (accepted != nullptr) {
            *accepted = event.isAccepted();
        }
    } else {
        QDropEvent event(at, Qt::MoveAction | Qt::CopyAction, data, Qt::LeftButton, Qt::NoModifier);
        event.ignore();
        QCoreApplication::sendEvent(m_map.get(), &event);
        if (accepted != nullptr) {
            *accepted = event.isAccepted();
        }
    }
}

void MapViewTest::dropIsTakenOrRefused_data()
{
    QTest::addColumn<int>("verdict");
    QTest::addColumn<bool>("taken");
    QTest::newRow("yes") << static_cast<int>(DropAnswer::Verdict::Yes) << true;
    QTest::newRow("tight") << static_cast<int>(DropAnswer::Verdict::Tight) << true;
    QTest::newRow("no") << static_cast<int>(DropAnswer::Verdict::No) << false;
}

void MapViewTest::dropIsTakenOrRefused()
{
    QFETCH(int, verdict);
    QFETCH(bool, taken);
    QMimeData data;
    data.setData(kPlacementMime, "chat-large");
    m_map->dropProvider = [verdict](int, const QMimeData*) {
        return DropAnswer{
            static_cast<DropAnswer::Verdict>(verdict), QStringLiteral("the headline"), {QStringLiteral("a reason")}};
    };
    int dropped = -1;
    QByteArray payload;
    connect(m_map.get(), &MapView::placementDropped, this, [&](int id, const QMimeData* mime) {
        dropped = id;
        payload = mime->data(kPlacementMime);
    });
    const QImage resting = m_map->grab().toImage();
    const QPoint sydney = centerOf(*m_map, 20);
    bool accepted = false;
    sendDrag(QEvent::DragEnter, {5, 200}, &data, &accepted);
    QVERIFY(accepted);
    QVERIFY(m_map->grab().toImage() != resting); // every marker says what it thinks
    sendDrag(QEvent::DragMove, sydney, &data, &accepted);
    QCOMPARE(accepted, taken);
    auto* panel = m_map->findChild<FloatPanel*>();
    QVERIFY(panel->isVisible());
    QVERIFY(panel->text().contains(QStringLiteral("the headline")));
    QVERIFY(panel->text().contains(QStringLiteral("a reason")));
    sendDrag(QEvent::Drop, sydney, &data, &accepted);
    QCOMPARE(accepted, taken);
    QCOMPARE(dropped, taken ? 20 : -1);
    QCOMPARE(payload, taken ? QByteArray("chat-large") : QByteArray());
    QVERIFY(!panel->isVisible());
    m_map->clearFocus();
    QCOMPARE(m_map->grab().toImage(), resting);
}

void MapViewTest::dragLeaveRestores()
{
    QMimeData data;
    data.setData(kPlacementMime, "x");
    m_map->dropProvider = [](int, const QMimeData*) { return DropAnswer{}; };
    const QImage resting = m_map->grab().toImage();
    sendDrag(QEvent::DragEnter, {5, 200}, &data);
    sendDrag(QEvent::DragMove, centerOf(*m_map, 20), &data);
    QDragLeaveEvent leave;
    QCoreApplication::sendEvent(m_map.get(), &leave);
    QCOMPARE(m_map->grab().toImage(), resting);
    QVERIFY(!m_map->findChild<FloatPanel*>()->isVisible());
}

void MapViewTest::foreignDragIsIgnored()
{
    QMimeData text;
    text.setText(QStringLiteral("hello"));
    m_map->dropProvider = [](int, const QMimeData*) { return DropAnswer{DropAnswer::Verdict::Yes, {}, {}}; };
    QSignalSpy dropped(m_map.get(), &MapView::placementDropped);
    bool accepted = true;
    sendDrag(QEvent::DragEnter, centerOf(*m_map, 20), &text, &accepted);
    QVERIFY(!accepted);
    sendDrag(QEvent::Drop, centerOf(*m_map, 20), &text, &accepted);
    QVERIFY(!accepted);
    QCOMPARE(dropped.count(), 0);
}

void MapViewTest::clusterFansOutUnderADrag()
{
    QMimeData data;
    data.setData(kPlacementMime, "x");
    m_map->dropProvider = [](int id, const QMimeData*) {
        return DropAnswer{id == 11 ? DropAnswer::Verdict::Yes : DropAnswer::Verdict::No, QStringLiteral("h"), {}};
    };
    QSignalSpy dropped(m_map.get(), &MapView::placementDropped);
    QCOMPARE(m_map->markerRect(10), m_map->markerRect(11));
    const QPoint cluster = centerOf(*m_map, 11);
    sendDrag(QEvent::DragEnter, cluster, &data);
    sendDrag(QEvent::DragMove, cluster, &data);
    QCOMPARE(m_map->markerRect(10), m_map->markerRect(11)); // only passing over it
    QTRY_VERIFY(m_map->markerRect(10) != m_map->markerRect(11));
    keepPicture(m_map->grab().toImage(), QStringLiteral("drag-fan"));
    const QPoint mainz = centerOf(*m_map, 11);
    sendDrag(QEvent::DragMove, mainz, &data);
    sendDrag(QEvent::Drop, mainz, &data);
    QCOMPARE(dropped.count(), 1);
    QCOMPARE(dropped[0][0].toInt(), 11);
    QCOMPARE(m_map->markerRect(10), m_map->markerRect(11)); // folded again
}

void MapViewTest::screenReaderFindsMarkers()
{
    QAccessibleInterface* map = QAccessible::queryAccessibleInterface(m_map.get());
    QVERIFY(map != nullptr);
    QCOMPARE(map->text(QAccessible::Name), QStringLiteral("Fleet map"));
    QAccessibleInterface* frankfurt = nullptr;
    for (int i = 0; i < map->childCount(); ++i) {
        QAccessibleInterface* child = map->child(i);
        QVERIFY(child != nullptr);
        QCOMPARE(map->indexOfChild(child), i);
        if (child->text(QAccessible::Name).startsWith(QStringLiteral("Frankfurt"))) {
            frankfurt = child;
        }
    }
    QVERIFY(frankfurt != nullptr);
    QCOMPARE(
        frankfurt->text(QAccessible::Name),
        QStringLiteral("Frankfurt, 2 regions, 12,345 accelerators, utilization 64 %, rank 2 of 4, trend up 3 points"));
    QCOMPARE(frankfurt->role(), QAccessible::Button);
    QCOMPARE(frankfurt->parent(), map);
    const QRect screen = frankfurt->rect();
    QCOMPARE(QRect(m_map->mapFromGlobal(screen.topLeft()), screen.size()), m_map->markerRect(10));
    QVERIFY(map->childAt(screen.center().x(), screen.center().y()) == frankfurt);
    QSignalSpy clicked(m_map.get(), &MapView::markerClicked);
    frankfurt->actionInterface()->doAction(QAccessibleActionInterface::pressAction());
    QCOMPARE(clicked.count(), 1);
    QCOMPARE(clicked[0][0].toInt(), 10);
    m_map->setScene({}); // fewer markers: the old interface must say so and not crash
    QVERIFY(!frankfurt->isValid());
    QCOMPARE(frankfurt->rect(), QRect());
}

void MapViewTest::picturesStayVector()
{
    const MapScene scene = syntheticMapScene(theme());
    MapStyleOptions options;
    options.theme = &Theme::lightTheme();
    options.title = QStringLiteral("Fleet");
    options.footer = QStringLiteral("Simulated · seed 42 · data 2026-11");
    QBuffer svg;
    svg.open(QIODevice::WriteOnly);
    {
        QSvgGenerator generator;
        generator.setOutputDevice(&svg);
        generator.setSize({1200, 640});
        generator.setViewBox(QRect(0, 0, 1200, 640));
        QPainter painter(&generator);
        paintMap(painter, {1200, 640}, scene, options);
    }
    QVERIFY(svg.data().contains("<path"));
    QVERIFY(svg.data().contains("Simulated · seed 42"));
    QVERIFY2(!svg.data().contains("<image"), "a bitmap in the vector picture");
    QVERIFY(svg.data().size() < 6'000'000);
    QSvgRenderer renderer(svg.data());
    QVERIFY(renderer.isValid());
    QImage image(1200, 640, QImage::Format_RGB32);
    image.fill(Qt::white);
    {
        QPainter painter(&image);
        renderer.render(&painter);
    }
    const MapViewport view = MapViewport::fitted({1200, 640 - 24 - 34});
    QVERIFY(shareOf(image, view.place({26.5, 19}) + QPointF(0, 34), Theme::lightTheme().land) > 0.8);
    keepPicture(image, QStringLiteral("export-svg"));

    QBuffer pdf;
    pdf.open(QIODevice::WriteOnly);
    {
        QPdfWriter writer(&pdf);
        writer.setPageSize(QPageSize(QSizeF(180, 96), QPageSize::Millimeter));
        writer.setResolution(300);
        QPainter painter(&writer);
        const double scale = writer.width() / 1200.0;
        painter.scale(scale, scale);
        paintMap(painter, {1200, 640}, scene, options);
    }
    QVERIFY(pdf.data().startsWith("%PDF"));
    QVERIFY2(!pdf.data().contains("/Subtype /Image"), "a bitmap in the vector picture");
    if (const QString folder = qEnvironmentVariable("ISOBAR_PICTURES"); !folder.isEmpty()) {
        QFile file(folder + QStringLiteral("/export.pdf"));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(pdf.data());
    }
}

void MapViewTest::emptyAndBrokenScenes()
{
    m_map->setScene({});
    m_map->finishRendering();
    QVERIFY(!m_map->grab().isNull());
    m_map->setFocus();
    QTest::keyClick(m_map.get(), Qt::Key_Right);
    QTest::keyClick(m_map.get(), Qt::Key_Return);

    MapScene odd = smallScene();
    odd.flows.push_back({99, 10, 5, MapFlow::State::Fine}); // no such area
    odd.flows.push_back({1, 99, 5, MapFlow::State::Fine});  // no such marker
    odd.flows.push_back({1, 20, std::nan(""), MapFlow::State::Fine});
    odd.flows.push_back({1, 20, 4, MapFlow::State::Lost});
    odd.markers[0].slices.clear();
    odd.markers[1].size = 0;
    odd.markers[2].utilization = 7.5;
    odd.markers.push_back(odd.markers[2]); // the same place twice
    odd.markers.back().id = 21;
    odd.areas.push_back({5, QStringLiteral("Pole"), {90, 0}, 1});
    odd.flows.push_back({5, 20, 4, MapFlow::State::Fine});
    m_map->setScene(odd);
    m_map->finishRendering();
    QVERIFY(!m_map->grab().isNull());
    QCOMPARE(m_map->markerRect(20), m_map->markerRect(21));
    QCOMPARE(m_map->markerRect(12345), QRect());
    m_map->resize(40, 30);
    QVERIFY(!m_map->grab().isNull());
}

void MapViewTest::benchmarkCounts()
{
    for (const MapBenchCase which : {MapBenchCase::Large, MapBenchCase::Points}) {
        const MapFrameStats some = benchmarkMap({1920, 1080}, 60, which);
        QString layers;
        for (std::size_t i = 0; i < kFrameLayers; ++i) {
            layers += QStringLiteral(" %1 %2")
                          .arg(frameLayerName(static_cast<FrameLayer>(i)))
                          .arg(1e3 * some.layerSeconds[i], 0, 'f', 2);
        }
        QCOMPARE(some.places, which == MapBenchCase::Large ? 300 : 100'000);
        qInfo("map frame: p50 %.2f ms, p99 %.2f ms, CPU %.2f and %.2f ms, backdrop %.1f ms, %d places, %d flows;%s",
              1e3 * some.p50Seconds, 1e3 * some.p99Seconds, 1e3 * some.cpuP50Seconds, 1e3 * some.cpuP99Seconds,
              1e3 * some.backdropSeconds, some.places, some.flows, qPrintable(layers));
    }
    const MapFrameStats stats = benchmarkMap({1920, 1080}, 120);
    QCOMPARE(stats.frames, 120);
    QCOMPARE(stats.regions, 71);
    QVERIFY(stats.flows >= 100 && stats.flows <= 300);
    QVERIFY(stats.p50Seconds > 0 && stats.p99Seconds >= stats.p50Seconds);
    qInfo("map frame: p50 %.2f ms, p99 %.2f ms, CPU %.2f and %.2f ms, backdrop %.1f ms, %d places, %d flows",
          1e3 * stats.p50Seconds, 1e3 * stats.p99Seconds, 1e3 * stats.cpuP50Seconds, 1e3 * stats.cpuP99Seconds,
          1e3 * stats.backdropSeconds, stats.places, stats.flows);
}

void MapViewTest::pictures()
{
    const QString folder = qEnvironmentVariable("ISOBAR_PICTURES");
    if (folder.isEmpty()) {
        QSKIP("set ISOBAR_PICTURES to a folder to keep pictures of the map");
    }
    for (const bool dark : {true, false}) {
        applyTheme(dark ? ThemeChoice::Dark : ThemeChoice::Light);
        m_map->setScene(syntheticMapScene(theme()));
        m_map->setFlowing(true);
        m_map->advanceFlow(3.3);
        const QString suffix = dark ? QStringLiteral("-dark") : QStringLiteral("-light");
        for (const QSize size : {QSize(1150, 500), QSize(1600, 900), QSize(800, 420)}) {
            m_map->resize(size);
            m_map->resetView();
            m_map->finishRendering();
            m_map->setViewport(MapViewport::fitted(size));
            m_map->finishRendering();
            const QString name = QStringLiteral("map-%1%2").arg(size.width()).arg(suffix);
            keepPicture(m_map->grab().toImage(), name);
            m_map->setViewport(m_map->viewport().zoomedAt(m_map->viewport().place({50, 6}), 4.5));
            m_map->finishRendering();
            keepPicture(m_map->grab().toImage(), name + QStringLiteral("-europe"));
        }
        m_map->resize(1150, 500);
        m_map->setViewport(MapViewport::fitted(m_map->size()));
        m_map->setSelectedMarkers({24, 22});
        m_map->finishRendering();
        const QPointF tokyo = centerOf(*m_map, 22);
        QMouseEvent move(QEvent::MouseMove, tokyo, m_map->mapToGlobal(tokyo), Qt::NoButton, Qt::NoButton,
                         Qt::NoModifier);
        QCoreApplication::sendEvent(m_map.get(), &move);
        keepPicture(m_map->grab().toImage(), QStringLiteral("map-selected") + suffix);
        m_map->setSelectedMarkers({});
        QMimeData data;
        data.setData(kPlacementMime, "x");
        m_map->dropProvider = [](int id, const QMimeData*) {
            const int kind = id % 3;
            return DropAnswer{static_cast<DropAnswer::Verdict>(kind),
                              kind == 0   ? QStringLiteral("Fits 1,180 replicas")
                              : kind == 1 ? QStringLiteral("Fits 640 of 1,180; quota 8,000")
                                          : QStringLiteral("Needs an XLA build"),
                              {QStringLiteral("TTFT −20 ms, −$0.71 M/d"), QStringLiteral("N+1 region: not met")}};
        };
        sendDrag(QEvent::DragEnter, centerOf(*m_map, 9), &data);
        sendDrag(QEvent::DragMove, centerOf(*m_map, 9), &data);
        m_map->finishRendering();
        keepPicture(m_map->grab().toImage(), QStringLiteral("map-drag") + suffix);
        const QRect folded = m_map->markerRect(14);
        sendDrag(QEvent::DragMove, folded.center(), &data);
        QTRY_VERIFY(m_map->markerRect(14) != folded);
        keepPicture(m_map->grab().toImage(), QStringLiteral("map-drag-fan") + suffix);
        QDragLeaveEvent leave;
        QCoreApplication::sendEvent(m_map.get(), &leave);
    }
}

QTEST_MAIN(MapViewTest)
#include "tst_map_view.moc"
