// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/window/main_window.h"

#include "ui/dashboard/board_page.h"
#include "ui/dashboard/overview_page.h"
#include "ui/data/data_page.h"
#include "ui/devices/device_page.h"
#include "ui/explorer/explorer_page.h"
#include "ui/map/map_view.h"
#include "ui/planner/fast_forward_dialog.h"
#include "ui/planner/fault_dialog.h"
#include "ui/planner/scenario_dialog.h"
#include "ui/replay/replay_page.h"
#include "ui/shell/icon.h"
#include "ui/shell/text_color.h"
#include "ui/shell/wait_cursor.h"
#include "ui/shell/window/export_dialog.h"
#include "ui/shell/window/key_focus.h"
#include "ui/shell/window/top_bar.h"

#include <QApplication>
#include <QCloseEvent>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QInputDialog>
#include <QLabel>
#include <QMenuBar>
#include <QMessageBox>
#include <QMimeData>
#include <QPushButton>
#include <QScreen>
#include <QSettings>
#include <QStackedWidget>
#include <QToolButton>
#include <QUrl>
#include <QVBoxLayout>

namespace isobar::ui {
namespace {

/// Keeps the style sheet away while it lives. A widget put into a layout is styled with all that it holds, once for
/// each layout around it; a window built without the sheet is styled once. Half the time of a start was that.
class WithoutStyleSheet {
public:
    WithoutStyleSheet() { qApp->setStyleSheet({}); }
    ~WithoutStyleSheet() { qApp->setStyleSheet(m_sheet); }
    WithoutStyleSheet(const WithoutStyleSheet&) = delete;
    WithoutStyleSheet& operator=(const WithoutStyleSheet&) = delete;

private:
    QString m_sheet = qApp->styleSheet();
};

/// A full-HD screen at twice the size is 960 x 540, less the desktop's own bars.
constexpr QSize kLeast{900, 500};

} // namespace

MainWindow::MainWindow(Session& session, QWidget* parent)
    : QMainWindow(parent)
    , m_session(session)
    , m_rooms(new QStackedWidget)
    , m_messageBar(new QWidget)
    , m_message(new QLabel)
    , m_offer(new QPushButton(tr("Take the tour")))
{
    const WithoutStyleSheet unstyled;
    m_overview = new OverviewPage(session);
    setWindowIcon(appIcon());
    setAcceptDrops(true);
    setMinimumSize(kLeast);
    addCommands();
    addDashboardCommands();
    addMapCommands();
    m_keyFocus = std::make_unique<KeyFocus>(*this, *m_commands.action(QStringLiteral("sim.play")));
    addPage(Room::Overview, m_overview);
    m_message->setAccessibleName(tr("Message"));
    m_message->setWordWrap(true);
    m_message->setTextInteractionFlags(Qt::TextSelectableByMouse);
    auto* dismiss = new QToolButton;
    dismiss->setProperty("flat", true);
    dismiss->setIcon(icon(QStringLiteral("close"), theme().muted));
    dismiss->setAccessibleName(tr("Dismiss message"));
    connect(dismiss, &QToolButton::clicked, m_messageBar, &QWidget::hide);
    m_offer->hide();
    connect(m_offer, &QPushButton::clicked, this, [this] {
        m_messageBar->hide();
        startTour();
    });
    auto* messageRow = new QHBoxLayout(m_messageBar);
    messageRow->setContentsMargins(Theme::kPadding, 4, Theme::kPadding, 4);
    messageRow->addWidget(m_message, 1);
    messageRow->addWidget(m_offer);
    messageRow->addWidget(dismiss);
    m_messageBar->hide();

    auto* topBar = new TopBar(session, m_commands);
    m_topBar = topBar;
    m_rail = buildRail();
    auto* right = new QVBoxLayout;
    right->setSpacing(0);
    right->addWidget(m_messageBar);
    right->addWidget(m_rooms, 1);
    auto* middle = new QHBoxLayout;
    middle->setSpacing(0);
    middle->addWidget(m_rail);
    middle->addLayout(right, 1);
    auto* central = new QWidget;
    auto* column = new QVBoxLayout(central);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(topBar);
    column->addLayout(middle, 1);
    setCentralWidget(central);
    central->setFocus(); // else the first button would look as if somebody had gone there
    buildMenus();

    connect(topBar, &TopBar::searchRequested, this, &MainWindow::openPalette);
    connect(m_overview, &OverviewPage::exportRequested, this, &MainWindow::exportView);
    connect(m_overview, &OverviewPage::devicesRequested, this, [this](PoolId pool) {
        devices().open(DevicePath::of(m_session.fleet(), pool));
        showRoom(Room::Devices);
    });
    connect(m_overview, &OverviewPage::placeRequested, this, [this](std::size_t place) {
        devices().openPlace(place);
        showRoom(Room::Devices);
    });
    connect(&m_overview->targets(), &KpiTargetBook::problem, this, qOverload<const Error&>(&MainWindow::say));
    connect(&m_session, &Session::problem, this, qOverload<const Error&>(&MainWindow::say));
    connect(&m_session, &Session::opened, this, &MainWindow::updateTitle);
    connect(&m_session, &Session::placementsChanged, this, &MainWindow::updateTitle);
    makeUndoable(m_session.selection(), m_session.undoStack(),
                 [this] { return m_session.isOpen() ? &m_session.fleet() : nullptr; });
    connect(&m_session.undoStack(), &QUndoStack::indexChanged, &m_commands, &CommandRegistry::refresh);
    connect(&m_session.undoStack(), &QUndoStack::indexChanged, this, &MainWindow::showUndoTexts);
    connect(&m_session.selection(), &Selection::changed, &m_commands, &CommandRegistry::refresh);
    connect(&m_session.selection(), &Selection::cameraChanged, &m_commands, &CommandRegistry::refresh);
    connect(&m_session, &Session::clockChanged, &m_commands, &CommandRegistry::refresh);
    restoreSettings();
    m_commands.refresh();
}

MainWindow::~MainWindow() = default;

void MainWindow::addCommands()
{
    const auto playing = [this] { return m_session.isPlaying(); };
    m_commands.add({QStringLiteral("file.open"),
                    tr("Open store or recording…"),
                    QKeySequence::Open,
                    [this] { openStore(); },
                    {},
                    {}});
    m_commands.add({QStringLiteral("file.sample"),
                    tr("Open the sample fleet"),
                    {},
                    [this] {
                        const WaitCursor busy;
                        if (const Status opened = m_session.openSample(); !opened) {
                            say(opened.error());
                        }
                    },
                    {},
                    {}});
    m_commands.add({QStringLiteral("file.saveAs"),
                    tr("Save as new store…"),
                    QKeySequence(tr("Ctrl+Shift+S")),
                    [this] { saveStoreAs(); },
                    {},
                    {}});
    m_commands.add({QStringLiteral("file.import"),
                    tr("Import…"),
                    QKeySequence(tr("Ctrl+I")),
                    [this] { data().openImport(); },
                    {},
                    {}});
    m_commands.add({QStringLiteral("file.export"),
                    tr("Export…"),
                    QKeySequence(tr("Ctrl+E")),
                    [this] { exportView(View::Overview); },
                    {},
                    {}});
    m_commands.add({QStringLiteral("file.quit"), tr("Quit"), QKeySequence::Quit, [this] { close(); }, {}, {}});
    m_commands.add({QStringLiteral("edit.undo"),
                    tr("Undo"),
                    QKeySequence::Undo,
                    [this] { m_session.undoStack().undo(); },
                    [this] { return m_session.undoStack().canUndo(); },
                    {}});
    m_commands.add({QStringLiteral("edit.redo"),
                    tr("Redo"),
                    QKeySequence(tr("Ctrl+Shift+Z")),
                    [this] { m_session.undoStack().redo(); },
                    [this] { return m_session.undoStack().canRedo(); },
                    {}});
    m_commands.add({QStringLiteral("view.overview"),
                    tr("Overview"),
                    QKeySequence(tr("Ctrl+1")),
                    [this] { showRoom(Room::Overview); },
                    {},
                    [this] { return m_room == Room::Overview; }});
    m_commands.add({QStringLiteral("view.data"),
                    tr("Data"),
                    QKeySequence(tr("Ctrl+2")),
                    [this] { showRoom(Room::Data); },
                    {},
                    [this] { return m_room == Room::Data; }});
    m_commands.add({QStringLiteral("view.devices"),
                    tr("Devices"),
                    QKeySequence(tr("Ctrl+3")),
                    [this] { showRoom(Room::Devices); },
                    {},
                    [this] { return m_room == Room::Devices; },
                    tr("accelerators gpus tpus pools nodes chips")});
    const auto exploring = [this] { return m_room == Room::Explorer; };
    m_commands.add({QStringLiteral("view.explorer"),
                    tr("Explorer: ask a question"),
                    QKeySequence(tr("Ctrl+4")),
                    [this] {
                        explorer().showQuestion();
                        showRoom(Room::Explorer);
                    },
                    {},
                    exploring});
    m_commands.add({QStringLiteral("view.sql"),
                    tr("Explorer: SQL"),
                    QKeySequence(tr("Ctrl+Shift+L")),
                    [this] {
                        explorer().showSql();
                        showRoom(Room::Explorer);
                    },
                    {},
                    exploring});
    m_commands.add({QStringLiteral("view.back"),
                    tr("Back"),
                    QKeySequence(tr("Alt+Left")),
                    [this] {
                        if (m_room != Room::Devices) {
                            m_session.selection().back();
                        } else if (devices().canGoBack()) {
                            devices().back();
                        } else {
                            showRoom(Room::Overview); // whose map is the level above
                        }
                    },
                    [this] { return m_room == Room::Devices || m_session.selection().canGoBack(); },
                    {}});
    m_commands.add({QStringLiteral("view.forward"),
                    tr("Forward"),
                    QKeySequence(tr("Alt+Right")),
                    [this] { m_session.selection().forward(); },
                    [this] { return m_session.selection().canGoForward(); },
                    {}});
    m_commands.add({QStringLiteral("view.flows"),
                    tr("Flows on the map"),
                    {},
                    [this] { m_overview->map().setFlowsShown(!m_overview->map().flowsShown()); },
                    {},
                    [this] { return m_overview->map().flowsShown(); }});
    m_commands.add({QStringLiteral("view.isobars"),
                    tr("Isobars on the map"),
                    {},
                    [this] { m_overview->map().setIsobarsShown(!m_overview->map().isobarsShown()); },
                    {},
                    [this] { return m_overview->map().isobarsShown(); }});
    m_commands.add({QStringLiteral("view.performance"),
                    tr("Performance"),
                    {},
                    [this] { m_overview->map().setPerformanceShown(!m_overview->map().performanceShown()); },
                    {},
                    [this] { return m_overview->map().performanceShown(); }});
    const auto themed = [this](const char* id, const QString& title, ThemeChoice choice) {
        m_commands.add({QLatin1String(id),
                        title,
                        {},
                        [this, choice] { chooseTheme(choice); },
                        {},
                        [this, choice] { return m_themeChoice == choice; }});
    };
    themed("view.themeSystem", tr("Theme: system"), ThemeChoice::System);
    themed("view.themeLight", tr("Theme: light"), ThemeChoice::Light);
    themed("view.themeDark", tr("Theme: dark"), ThemeChoice::Dark);
    themed("view.themeContrast", tr("Theme: high contrast"), ThemeChoice::HighContrast);
    m_commands.add({QStringLiteral("sim.play"),
                    tr("Play or pause"),
                    QKeySequence(Qt::Key_Space),
                    [this] { m_session.isPlaying() ? m_session.pause() : m_session.play(); },
                    {},
                    playing});
    m_commands.add({QStringLiteral("sim.step"),
                    tr("Step ten seconds"),
                    QKeySequence(tr("Ctrl+.")),
                    [this] { m_session.stepBy(10); },
                    {},
                    {}});
    m_commands.add({QStringLiteral("sim.back"),
                    tr("Go back one minute"),
                    QKeySequence(tr("Ctrl+,")),
                    [this] {
                        if (const auto snapshot = m_session.snapshot()) {
                            constexpr aggregate::SimMicros kMinute = 60 * aggregate::kMicrosPerSecond;
                            m_session.seek(std::max<aggregate::SimMicros>(0, snapshot->now - kMinute));
                        }
                    },
                    [this] { return m_session.isOpen(); },
                    {}});
    m_commands.add({QStringLiteral("sim.restart"),
                    tr("Restart with another seed…"),
                    {},
                    [this] {
                        bool ok = false;
                        const int seed =
                            QInputDialog::getInt(this, tr("Restart"), tr("Seed: the same seed gives the same numbers"),
                                                 static_cast<int>(m_session.seed()), 0, INT_MAX, 1, &ok);
                        if (ok) {
                            const WaitCursor busy;
                            if (const Status restarted = m_session.restart(static_cast<std::uint64_t>(seed));
                                !restarted) {
                                say(restarted.error());
                            }
                        }
                    },
                    {},
                    {}});
    m_commands.add({QStringLiteral("sim.fastForward"),
                    tr("Fast-forward…"),
                    QKeySequence(tr("Ctrl+Shift+F")),
                    [this] {
                        FastForwardDialog dialog(m_session, this);
                        dialog.exec();
                    },
                    [this] { return m_session.isOpen() && !m_session.isRecording(); },
                    {}});
    m_commands.add({QStringLiteral("sim.scenarios"),
                    tr("Scenarios…"),
                    QKeySequence(tr("Ctrl+Shift+N")),
                    [this] {
                        ScenarioDialog dialog(m_session, this);
                        dialog.exec();
                    },
                    [this] { return m_session.isOpen() && !m_session.isRecording(); },
                    {}});
    m_commands.add({QStringLiteral("sim.break"),
                    tr("Break something…"),
                    QKeySequence(tr("Ctrl+B")),
                    [this] {
                        FaultDialog dialog(m_session, this);
                        dialog.exec();
                    },
                    [this] { return m_session.isOpen() && !m_session.isRecording(); },
                    {},
                    tr("fault failure outage fail")});
    m_commands.add({QStringLiteral("sim.mendAll"),
                    tr("Mend all that is broken"),
                    {},
                    [this] {
                        if (const auto snapshot = m_session.snapshot()) {
                            for (const auto& [number, fault] : snapshot->faults) {
                                m_session.mendFault(number);
                            }
                        }
                    },
                    [this] { return m_session.snapshot() && !m_session.snapshot()->faults.empty(); },
                    {}});
    m_commands.add({QStringLiteral("sim.replay"),
                    tr("Replay a trace…"),
                    QKeySequence(tr("Ctrl+R")),
                    [this] {
                        showRoom(Room::Replay);
                        m_replay->focusStart();
                    },
                    {},
                    [this] { return m_room == Room::Replay; }});
    m_commands.add({QStringLiteral("help.palette"),
                    tr("Search commands…"),
                    QKeySequence(tr("Ctrl+K")),
                    [this] { openPalette(); },
                    {},
                    {}});
    m_commands.add({QStringLiteral("help.about"),
                    tr("About Isobar"),
                    {},
                    [this] {
                        QMessageBox::about(
                            this, tr("About Isobar"),
                            tr("<b>Isobar %1</b><br>Where AI models run across clouds, live.<br><br>GPL-3.0-or-later. "
                               "Map: Natural Earth, public domain. Typeface: Inter, OFL.<br>Every number of the "
                               "sample fleet is simulated; its sources are in docs/sample-fleet.md.")
                                .arg(QApplication::applicationVersion()));
                    },
                    {},
                    {}});
}

void MainWindow::buildMenus()
{
    const auto fill = [this](QMenu* menu, std::initializer_list<const char*> ids) {
        for (const char* id : ids) {
            if (*id == '-') {
                menu->addSeparator();
            } else {
                menu->addAction(m_commands.action(QLatin1String(id)));
            }
        }
    };
    fill(menuBar()->addMenu(tr("&File")), {"file.open", "file.sample", "file.saveAs", "-", "file.import", "file.export",
                                           "file.summary", "-", "file.quit"});
    fill(menuBar()->addMenu(tr("&Edit")), {"edit.undo", "edit.redo"});
    QMenu* view = menuBar()->addMenu(tr("&View"));
    fill(view, {"view.overview",
                "view.boards",
                "view.data",
                "view.devices",
                "view.explorer",
                "view.sql",
                "-",
                "view.back",
                "view.forward",
                "-",
                "view.flows",
                "view.isobars",
                "view.performance",
                "-",
                "view.themeSystem",
                "view.themeLight",
                "view.themeDark",
                "view.themeContrast",
                "-",
                "view.present",
                "view.presentPeriod"});
    addMapMenus(view);
    fill(menuBar()->addMenu(tr("&Simulation")),
         {"sim.play", "sim.step", "sim.back", "sim.fastForward", "-", "sim.scenarios", "sim.loseRegion", "sim.break",
          "sim.mendAll", "-", "sim.replay", "sim.restart"});
    fill(menuBar()->addMenu(tr("&Help")), {"help.palette", "help.tour", "help.about"});
}

QWidget* MainWindow::buildRail()
{
    auto* rail = new QWidget;
    rail->setFixedWidth(48);
    auto* column = new QVBoxLayout(rail);
    column->setContentsMargins(6, 8, 6, 8);
    column->setSpacing(6);
    struct Entry {
        const char* command;
        const char* icon;
        Room room;
    };
    const std::array<Entry, kRoomCount> rooms{{{"view.overview", "map", Room::Overview},
                                               {"view.boards", "dashboard", Room::Boards},
                                               {"view.explorer", "explorer", Room::Explorer},
                                               {"view.devices", "devices", Room::Devices},
                                               {"view.data", "data", Room::Data},
                                               {"sim.replay", "replay", Room::Replay}}};
    for (const auto& [id, iconName, room] : rooms) {
        auto* button = new QToolButton;
        QAction* action = m_commands.action(QLatin1String(id));
        button->setCheckable(true);
        button->setToolTip(action->text());
        button->setAccessibleName(action->text());
        button->setProperty("rail", true);
        button->setFixedSize(36, 36);
        button->setIconSize({20, 20});
        connect(button, &QToolButton::clicked, action, &QAction::trigger);
        const auto paint = [button, name = QLatin1String(iconName)] {
            button->setIcon(icon(name, button->isChecked() ? theme().accent : theme().muted));
        };
        connect(button, &QToolButton::toggled, button, paint);
        connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, button, paint);
        paint();
        column->addWidget(button);
        m_railButtons.push_back(button);
        m_railRooms.push_back(room);
    }
    column->addStretch(1);
    m_railButtons.front()->setChecked(true);
    return rail;
}

void MainWindow::say(const Error& error)
{
    say(QStringLiteral("! ") + QString::fromStdString(error.toString()));
    setTextColor(m_message, theme().trouble);
}

void MainWindow::say(const QString& text)
{
    m_offer->hide();
    m_message->setText(text);
    setTextColor(m_message, theme().fine);
    m_messageBar->show();
}

void MainWindow::openStore()
{
    const QString path = QFileDialog::getOpenFileName(this, tr("Open store or recording"), QString(),
                                                      tr("Isobar stores (*.db *.isobar);;All files (*)"), nullptr,
                                                      QFileDialog::DontUseNativeDialog);
    if (path.isEmpty()) {
        return;
    }
    const WaitCursor busy;
    if (const Status opened = m_session.open(path.toStdString()); !opened) {
        say(opened.error());
    }
}

void MainWindow::saveStoreAs()
{
    const QString path =
        QFileDialog::getSaveFileName(this, tr("Save as new store"), QStringLiteral("fleet.isobar"),
                                     tr("Isobar stores (*.isobar *.db)"), nullptr, QFileDialog::DontUseNativeDialog);
    if (!path.isEmpty()) {
        saveStoreTo(path);
    }
}

void MainWindow::saveStoreTo(const QString& path)
{
    const WaitCursor busy;
    BoardPage& arranged = boards(); // made now at the latest: it reads those of what is open
    const Status saved = m_session.saveAs(path.toStdString());
    if (saved) { // how it is looked at goes with it
        m_overview->targets().keep();
        arranged.keep();
    }
    saved ? say(tr("Saved: %1").arg(path)) : say(saved.error());
}

void MainWindow::exportView(View view)
{
    auto* dialog = new ExportDialog(m_overview->context(), view, {1600, 900}, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->open();
}

void MainWindow::chooseTheme(ThemeChoice choice)
{
    m_themeChoice = choice;
    QSettings().setValue(QStringLiteral("theme"), static_cast<int>(choice));
    const WaitCursor busy; // every widget of every room is styled
    applyTheme(choice);
}

void MainWindow::restoreSettings()
{
    QSettings settings;
    m_themeChoice = static_cast<ThemeChoice>(settings.value(QStringLiteral("theme"), 0).toInt());
    if (!restoreGeometry(settings.value(QStringLiteral("geometry")).toByteArray())) {
        constexpr QSize kUsual{1480, 900}, kFrame{8, 36}; // what the desktop draws around it, about
        resize(kUsual.boundedTo(screen()->availableSize() - kFrame));
    }
}

void MainWindow::updateTitle()
{
    setWindowTitle(m_session.title() + QStringLiteral(" — Isobar"));
}

void MainWindow::closeEvent(QCloseEvent* event)
{
    QSettings().setValue(QStringLiteral("geometry"), saveGeometry());
    event->accept();
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event)
{
    if (event->mimeData()->hasUrls()) {
        event->acceptProposedAction();
    }
}

void MainWindow::dropEvent(QDropEvent* event)
{
    QStringList paths;
    for (const QUrl& url : event->mimeData()->urls()) {
        if (url.isLocalFile()) {
            paths << url.toLocalFile();
        }
    }
    if (!paths.isEmpty()) {
        event->acceptProposedAction();
        data().openImport(paths);
    }
}

} // namespace isobar::ui
