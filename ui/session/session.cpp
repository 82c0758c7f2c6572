// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/session/session.h"

#include "model/proto/shipped.h"
#include "ui/session/placement_command.h"
#include "ui/session/scenario_command.h"
#include "ui/session/stored_demand.h"

#include <algorithm>

namespace isobar::ui {
namespace {

constexpr int kFrameMilliseconds = 33;
constexpr int kHistoryMilliseconds = 200;
constexpr int kReadMilliseconds = 15; ///< of a frame, for reading a recording
constexpr double kLoadSeconds = 60;   ///< how far back a planner looks for the load
constexpr std::size_t kMaxEvents = 500;

} // namespace

Session::Session(double settleSeconds, QObject* parent)
    : QObject(parent)
    , m_settleSeconds(settleSeconds)
    , m_compared(*this)
{
    m_timer.setInterval(kFrameMilliseconds);
    connect(&m_timer, &QTimer::timeout, this, &Session::poll);
    connect(&m_compared, &ComparedRun::changed, this, &Session::historyChanged);
    connect(&m_compared, &ComparedRun::problem, this, &Session::problem);
}

Session::~Session() = default;

Status Session::openSample()
{
    ISOBAR_TRY_ASSIGN(Fleet fleet, proto::shippedSample());
    ISOBAR_TRY_ASSIGN(m_scenarios, store::sampleScenarios(fleet));
    for (store::Scenario& scenario : m_scenarios) {
        scenario.id = ++m_lastScenarioId;
    }
    m_recorder.reset();
    m_store.reset();
    m_undo.clear();
    return startUsual(std::make_shared<const Fleet>(std::move(fleet)));
}

Status Session::openStore(const std::filesystem::path& path)
{
    ISOBAR_TRY_ASSIGN(store::Store opened, store::Store::open(path));
    ISOBAR_TRY_ASSIGN(Fleet fleet, opened.loadFleet());
    // Those of a damaged store may not be readable; the fleet is.
    auto kept = store::scenarios(opened);
    m_scenarios = kept.ok() ? std::move(*kept) : std::vector<store::Scenario>();
    m_recorder.reset();
    m_store.emplace(std::move(opened));
    m_undo.clear();
    if (!m_store->damage().empty()) {
        Q_EMIT problem({.code = ErrorCode::Corrupt,
                        .message = "this store is damaged and open read-only: " + m_store->damage(),
                        .advice = "save what can be saved with: isobar-cli repair STORE --out NEW",
                        .file = path.string()});
    }
    return startUsual(std::make_shared<const Fleet>(std::move(fleet)));
}

Status Session::startUsual(std::shared_ptr<const Fleet> fleet)
{
    std::string usual;
    if (!m_store) {
        usual = m_scenarios.empty() ? std::string() : m_scenarios.front().name;
    } else if (const auto remembered = store::rememberedScenario(*m_store, m_scenarios);
               remembered.ok() && *remembered != nullptr) {
        usual = (*remembered)->name;
    }
    if (!usual.empty()) {
        const Status started = start(fleet, usual);
        if (started.ok()) {
            return started;
        }
        Q_EMIT problem(started.error());
    }
    return start(std::move(fleet), {});
}

Status Session::openRecording(const std::filesystem::path& path)
{
    ISOBAR_TRY_ASSIGN(recording::Recording recorded, recording::openRecording(path));
    ISOBAR_TRY(loadCalibration());
    if (!recorded.damage().empty()) {
        Q_EMIT problem({.code = ErrorCode::Corrupt, .message = recorded.damage(), .file = path.string()});
    }
    m_recorder.reset();
    m_store.reset();
    m_engine.reset();
    m_undo.clear();
    m_scenarios.clear();
    m_scenario.clear();
    m_operations = {};
    m_player.emplace(std::move(recorded));
    m_player->aim(m_player->recording().end());
    m_playing = false;
    m_seed = m_player->recording().header().seed;
    show(m_player->fleet());
    m_snapshot = m_player->snapshot(true, m_speed);
    Q_EMIT opened();
    Q_EMIT clockChanged();
    return Done{};
}

Status Session::open(const std::filesystem::path& path)
{
    return recording::looksLikeRecording(path) ? openRecording(path) : openStore(path);
}

Status Session::saveAs(const std::filesystem::path& path)
{
    ISOBAR_TRY_ASSIGN(store::Store created, store::Store::create(path, *m_fleet, m_scenarios));
    ISOBAR_TRY(created.setSetting(store::kScenarioSetting, m_scenario));
    if (m_player) {
        return openStore(path); // what was only looked at can run from here on
    }
    m_store.emplace(std::move(created));
    startRecording();
    m_undo.setClean();
    Q_EMIT placementsChanged();
    return Done{};
}

Status Session::reload()
{
    if (!m_store) {
        return Done{};
    }
    ISOBAR_TRY_ASSIGN(Fleet fleet, m_store->loadFleet());
    ISOBAR_TRY_ASSIGN(m_scenarios, store::scenarios(*m_store));
    m_undo.clear();
    return startUsual(std::make_shared<const Fleet>(std::move(fleet)));
}

Status Session::loadCalibration()
{
    if (!m_calibration) {
        ISOBAR_TRY_ASSIGN(Calibration calibration, proto::shippedCalibration());
        m_calibration = std::make_shared<const Calibration>(std::move(calibration));
    }
    return Done{};
}

/// Forgets what was known of the fleet before.
void Session::show(std::shared_ptr<const Fleet> fleet)
{
    m_fleet = std::move(fleet);
    m_places = gatherPlaces(*m_fleet);
    m_history.clear();
    m_rollUp.emplace(m_fleet);
    m_stretchReader.forget();
    m_rangeReader.forget();
    m_recordedShown.reset();
    m_recordedRange.reset();
    m_events.clear();
    m_snapshot.reset();
    m_devicesMade.reset();
    m_devices.reset();
    m_fluid.clear();
    m_sent.clear();
    m_storeIsBehind = false;
    m_selection.reset();
    m_sinceHistory.start();
    m_timer.start();
}

Status Session::start(std::shared_ptr<const Fleet> fleet, const std::string& scenario)
{
    ISOBAR_TRY(loadCalibration());
    engine::EngineOptions options;
    options.seed = m_seed;
    options.settleSeconds = m_settleSeconds;
    const store::Scenario* under = store::findScenario(m_scenarios, scenario);
    if (under != nullptr) {
        ISOBAR_TRY_ASSIGN(options.operations, store::operationsOf(*under, *fleet));
        ISOBAR_TRY_ASSIGN(options.traces, storedDemand(store(), options.operations));
    } else if (!scenario.empty()) {
        return store::noSuchScenario(m_scenarios, scenario);
    }
    ISOBAR_TRY_ASSIGN(engine::Engine engine, engine::Engine::create(fleet, *m_calibration, options));
    m_operations = std::move(options.operations);
    m_scenario = scenario;
    m_scenarioId = under != nullptr ? under->id : 0;
    m_player.reset();
    show(std::move(fleet));
    startRecording();
    if (m_engine) {
        ++m_runGeneration;
        m_engine->restart(std::move(engine));
        // What the old engine still publishes must not be taken for the new one's.
        m_generation = 0;
    } else {
        m_engine = std::make_unique<engine::LiveEngine>(std::move(engine));
        m_runGeneration = 1;
        m_generation = 0;
    }
    m_engine->setSpeed(m_speed);
    if (m_playing) {
        m_engine->play();
    }
    lookForRecorded();
    Q_EMIT opened();
    Q_EMIT scenariosChanged();
    return Done{};
}

Status Session::runScenario(const std::string& name)
{
    if (m_player) {
        return Error{ErrorCode::NotWritable, "a recording cannot be run again",
                     "open the store it was recorded from to run scenarios"};
    }
    ISOBAR_TRY(start(m_fleet, name));
    if (m_store && !m_store->isReadOnly()) {
        ISOBAR_TRY(m_store->setSetting(store::kScenarioSetting, m_scenario));
    }
    return Done{};
}

Status Session::changeScenarios(const std::vector<store::Scenario>& after, const QString& text)
{
    const std::vector<store::Scenario> before = m_scenarios;
    ISOBAR_TRY(useScenarios(after));
    m_undo.push(new ScenarioCommand(*this, before, m_scenarios, text));
    return Done{};
}

Status Session::useScenarios(const std::vector<store::Scenario>& scenarios)
{
    if (m_player) {
        return Error{ErrorCode::NotWritable, "a recording keeps no scenarios", "open a store, or the sample fleet"};
    }
    if (m_store) {
        ISOBAR_TRY(store::setScenarios(*m_store, scenarios));
        ISOBAR_TRY_ASSIGN(m_scenarios, store::scenarios(*m_store)); // those that are new have an id now
    } else {
        ISOBAR_TRY(store::checkScenarioNames(scenarios));
        m_scenarios = scenarios;
        for (store::Scenario& scenario : m_scenarios) {
            scenario.id = scenario.id > 0 ? scenario.id : ++m_lastScenarioId;
        }
    }
    // The one that runs may have another name now.
    for (const store::Scenario& scenario : m_scenarios) {
        if (m_scenarioId > 0 && scenario.id == m_scenarioId && scenario.name != m_scenario) {
            m_scenario = scenario.name;
            if (m_store) {
                ISOBAR_TRY(m_store->setSetting(store::kScenarioSetting, m_scenario));
            }
        }
    }
    Q_EMIT scenariosChanged();
    return Done{};
}

void Session::startRecording()
{
    m_recorder.reset();
    m_recordingFails = false;
    if (!m_store || m_store->isReadOnly()) {
        return;
    }
    const bool kept = store::findScenario(m_scenarios, m_scenario) != nullptr; // or removed while it runs
    if (auto started = store::HistoryWriter::start(*m_store, {m_fleet, m_seed, kept ? m_scenarioId : 0});
        started.ok()) {
        m_recorder = std::move(*started);
    } else {
        Q_EMIT problem(started.error());
    }
}

/// Says once when the history cannot be written; the writer keeps what it has and goes on trying.
void Session::watchRecording()
{
    if (!m_recorder) {
        return;
    }
    const auto state = m_recorder->state();
    if (state.error && !m_recordingFails) {
        Q_EMIT problem(*state.error);
    }
    m_recordingFails = state.error.has_value();
}

std::shared_ptr<const aggregate::LiveRollUp> Session::rollUpCopy() const
{
    return m_recordedShown ? m_recordedShown->rollUp
           : m_rollUp      ? std::make_shared<const aggregate::LiveRollUp>(*m_rollUp)
                           : nullptr;
}

void Session::lookForRecorded()
{
    if (!m_store) {
        return;
    }
    const std::int64_t running = m_recorder ? m_recorder->runId() : 0;
    m_rangeReader.read<std::optional<RecordedRange>>(
        m_store->path(),
        [fleet = m_fleet, running](store::Store& store) { return findRecorded(store, *fleet, running); },
        [this](const Result<std::optional<RecordedRange>>& found) {
            if (!found) {
                Q_EMIT problem(found.error());
            } else if (*found) {
                m_recordedRange = *found;
                Q_EMIT recordedRangeChanged();
            }
        });
}

void Session::showRecorded(aggregate::SimMicros from, aggregate::SimMicros to)
{
    if (!m_store || !m_recordedRange) {
        Q_EMIT problem({.code = ErrorCode::NotFound, .message = "no earlier run of this fleet is recorded here"});
        return;
    }
    m_stretchReader.read<RecordedStretch>(
        m_store->path(),
        [fleet = m_fleet, run = m_recordedRange->run.id, from, to](store::Store& store) {
            return readRecorded(store, fleet, run, from, to);
        },
        [this](const Result<RecordedStretch>& read) {
            if (!read) {
                Q_EMIT problem(read.error());
                return;
            }
            m_recordedShown = *read;
            Q_EMIT historyChanged();
        });
}

void Session::showRunning()
{
    m_stretchReader.forget();
    if (m_recordedShown) {
        m_recordedShown.reset();
        Q_EMIT historyChanged();
    }
}

void Session::poll()
{
    if (m_player) {
        pollRecording();
        return;
    }
    const auto latest = m_engine->latest();
    auto feed = m_engine->take();
    for (const Error& error : feed.errors) {
        Q_EMIT problem(error);
    }
    if (feed.generation != m_generation) {
        m_generation = feed.generation;
        m_history.clear();
        m_rollUp.emplace(m_fleet);
        m_events.clear();
    }
    if (!feed.errors.empty()) {
        m_sent.clear(); // one of them may have been refused
    }
    if (feed.rewoundTo) {
        rewindTo(*feed.rewoundTo);
    }
    followFluid(feed);
    for (auto& interval : feed.intervals) {
        if (m_recorder && feed.generation == m_runGeneration) {
            m_recorder->append(interval);
        }
        m_rollUp->append(*interval);
        m_history.append(std::move(interval));
        m_historyPending = true;
    }
    for (engine::Event& event : feed.events) {
        m_events.push_back(std::move(event));
        m_historyPending = true;
    }
    if (m_events.size() > kMaxEvents) {
        m_events.erase(m_events.begin(), m_events.end() - static_cast<std::ptrdiff_t>(kMaxEvents));
    }
    if (auto made = m_engine->devices(); made && made != m_devicesMade && made->generation == m_runGeneration) {
        m_devices = std::shared_ptr<const engine::DeviceView>(made, &made->view);
        m_devicesMade = std::move(made);
        Q_EMIT devicesChanged();
    }
    if (latest && latest != m_snapshot && latest->generation == m_generation) {
        m_snapshot = latest;
        followFleet();
        Q_EMIT ticked();
    }
    tellHistory();
}

/// The engine went back: what it counted from there on is void, and comes anew.
void Session::rewindTo(aggregate::SimMicros at)
{
    m_history.truncate(at);
    if (m_history.end() != at) {
        m_history.clear(); // it never kept so much in one piece; what follows must begin where it ends
        m_rollUp.emplace(m_fleet);
    } else {
        m_rollUp->truncate(at, m_history);
    }
    std::erase_if(m_events, [at](const engine::Event& event) { return event.at >= at; });
    if (m_recorder) {
        startRecording();  // a run in the store has one past
        lookForRecorded(); // and what went on after it is an earlier run now
    }
    m_historyPending = true;
    Q_EMIT rewound();
}

/// After going back or forward in time the placements in force may be others than were last asked for.
void Session::followFleet()
{
    if (m_snapshot->generation != m_runGeneration) {
        return;
    }
    if (const auto arrived = std::find(m_sent.begin(), m_sent.end(), m_snapshot->fleet); arrived != m_sent.end()) {
        m_sent.erase(m_sent.begin(), arrived + 1);
    }
    if (m_sent.empty() && m_snapshot->fleet != m_fleet) {
        m_fleet = m_snapshot->fleet;
        m_storeIsBehind = true;
        m_undo.clear(); // its moves belong to another course of things
        Q_EMIT placementsChanged();
    }
}

void Session::pollRecording()
{
    RecordingPlayer& player = *m_player;
    if (m_playing) {
        m_playedMicros += static_cast<double>(m_sincePlayed.restart()) * 1e3 * m_speed;
        player.aim(static_cast<aggregate::SimMicros>(m_playedMicros));
    }
    const aggregate::SimMicros before = player.position();
    const auto changed = player.advance(m_history, *m_rollUp, m_events, kReadMilliseconds);
    if (!changed.ok()) {
        Q_EMIT problem(changed.error());
    }
    if (player.position() < before) {
        Q_EMIT rewound();
    }
    m_historyPending = m_historyPending || player.position() != before;
    if (m_playing && m_playedMicros >= static_cast<double>(player.recording().end()) && player.hasArrived()) {
        pause();
    }
    if (player.position() != before || m_snapshot->paused == m_playing || m_snapshot->seekingTo) {
        m_snapshot = player.snapshot(!m_playing, m_speed);
        Q_EMIT ticked();
    }
    tellHistory();
}

void Session::tellHistory()
{
    if (m_historyPending && m_sinceHistory.elapsed() >= kHistoryMilliseconds) {
        m_historyPending = false;
        m_sinceHistory.restart();
        watchRecording();
        Q_EMIT historyChanged();
    }
}

QString Session::title() const
{
    if (!m_fleet) {
        return {};
    }
    const QString name = QString::fromStdString(m_fleet->name);
    if (m_player) {
        return name + QStringLiteral(" — ") + QString::fromStdString(m_player->recording().path().string());
    }
    return m_store ? name + QStringLiteral(" — ") + QString::fromStdString(m_store->path().string()) : name;
}

QDateTime simulatedTime(const Fleet& fleet, aggregate::SimMicros at)
{
    const QDateTime start = QDateTime::fromString(QString::fromStdString(fleet.startTimeUtc), Qt::ISODate);
    return start.toUTC().addMSecs(at / 1000);
}

QDateTime Session::timeAt(aggregate::SimMicros at) const
{
    return simulatedTime(*m_fleet, at);
}

QString Session::badge() const
{
    if (m_recordedShown && m_recordedRange) {
        return QStringLiteral("Recorded run %1 · seed %2 · data %3")
            .arg(m_recordedShown->run)
            .arg(m_recordedRange->run.seed)
            .arg(QString::fromStdString(m_fleet->dataDate));
    }
    return (m_fluid.empty() ? QString() : QStringLiteral("Partly fluid (mean-field) estimate · ")) +
           (m_player ? QStringLiteral("Recorded · ") : QStringLiteral("Simulated · ")) +
           (m_scenario.empty() ? QString()
                               : QStringLiteral("scenario: %1 · ").arg(QString::fromStdString(m_scenario))) +
           QStringLiteral("seed %1 · data %2").arg(m_seed).arg(QString::fromStdString(m_fleet->dataDate));
}

void Session::play()
{
    showRunning();
    m_playing = true;
    if (m_player) {
        const bool atEnd = m_player->target() >= m_player->recording().end();
        m_playedMicros = static_cast<double>(atEnd ? m_player->recording().begin() : m_player->target());
        m_sincePlayed.start();
    } else {
        m_engine->play();
    }
    Q_EMIT clockChanged();
}

void Session::pause()
{
    m_playing = false;
    if (m_engine) {
        m_engine->pause();
    }
    Q_EMIT clockChanged();
}

void Session::setSpeed(double simulatedSecondsPerSecond)
{
    m_speed = simulatedSecondsPerSecond;
    if (m_engine) {
        m_engine->setSpeed(m_speed);
    }
    Q_EMIT clockChanged();
}

void Session::stepBy(double simulatedSeconds)
{
    const auto micros = static_cast<aggregate::SimMicros>(simulatedSeconds * 1e6);
    m_playing = false;
    if (m_player) {
        m_player->aim(m_player->target() + micros);
    } else {
        m_engine->stepBy(micros);
    }
    Q_EMIT clockChanged();
}

void Session::seek(aggregate::SimMicros to)
{
    showRunning();
    m_playing = false;
    if (m_player) {
        m_player->aim(to);
    } else {
        m_engine->seek(to);
    }
    Q_EMIT clockChanged();
}

bool Session::refuseForRecording()
{
    if (m_player) {
        Q_EMIT problem({.code = ErrorCode::NotWritable,
                        .message = "a recording cannot be changed",
                        .advice = "open the store it was recorded from to try things"});
    }
    return m_player.has_value();
}

void Session::injectFault(const Fault& fault)
{
    if (!refuseForRecording()) {
        keepPlacements();
        m_engine->injectFault(fault);
    }
}

void Session::mendFault(std::uint32_t number)
{
    if (!refuseForRecording()) {
        keepPlacements();
        m_engine->mendFault(number);
    }
}

void Session::fastForward(double simulatedSeconds)
{
    if (!refuseForRecording()) {
        m_engine->fastForward(static_cast<aggregate::SimMicros>(simulatedSeconds * 1e6));
    }
}

void Session::cancelFastForward()
{
    if (m_engine) {
        m_engine->cancelFastForward();
    }
}

/// Keeps the stretches of the fluid mode apart. A run in the store is of one mode: what comes after is another run.
void Session::followFluid(const engine::LiveEngine::Feed& feed)
{
    if (feed.generation != m_runGeneration) {
        return; // of a run that is gone
    }
    for (const auto& [begin, end] : feed.fluid) {
        if (!m_fluid.empty() && m_fluid.back().second == begin) {
            m_fluid.back().second = end;
        } else {
            m_fluid.emplace_back(begin, end);
        }
        m_recorder.reset();
    }
    const bool behind =
        !m_fluid.empty() && !feed.intervals.empty() && feed.intervals.front()->begin >= m_fluid.back().second;
    if (behind && !m_recorder) {
        startRecording();
    }
}

void Session::askDevices(PoolId pool)
{
    if (m_engine && !m_player) {
        m_engine->askDevices(pool);
    }
}

Status Session::restart(std::uint64_t seed)
{
    if (m_player) {
        return Error{ErrorCode::NotWritable, "a recording has the seed it was made with",
                     "open the store it was recorded from to run it with another one"};
    }
    m_seed = seed;
    return start(m_fleet, store::findScenario(m_scenarios, m_scenario) != nullptr ? m_scenario : std::string());
}

std::shared_ptr<const plan::Planner> Session::planner() const
{
    const aggregate::SimMicros end = m_history.end();
    const auto recent = m_history.range(end - static_cast<aggregate::SimMicros>(kLoadSeconds * 1e6), end);
    return std::make_shared<const plan::Planner>(m_fleet, m_calibration, plan::loadOf(*m_fleet, recent));
}

void Session::carryOut(const plan::Assessment& assessment)
{
    if (assessment.verdict == plan::Verdict::No || !assessment.target || refuseForRecording()) {
        return;
    }
    const std::vector<Placement> after = plan::Planner::placementsAfter(*m_fleet, assessment);
    const Placement& from = m_fleet->placements[assessment.move.from.index()];
    const QString text = tr("move %1 replicas of %2 to %3")
                             .arg(assessment.move.replicas)
                             .arg(QString::fromStdString((*m_fleet)[from.model].name),
                                  QString::fromStdString((*m_fleet)[assessment.move.to].key));
    m_undo.push(new PlacementCommand(*this, m_fleet->placements, after, text));
}

void Session::usePlacements(const std::vector<Placement>& placements)
{
    auto fleet = std::make_shared<Fleet>(*m_fleet);
    // Positions are ids: what came after this list was taken stays where it is, empty.
    for (std::size_t i = 0; i < fleet->placements.size(); ++i) {
        if (i < placements.size()) {
            fleet->placements[i] = placements[i];
        } else {
            fleet->placements[i].replicas = 0;
        }
    }
    for (std::size_t i = fleet->placements.size(); i < placements.size(); ++i) {
        fleet->placements.push_back(placements[i]);
    }
    m_fleet = std::move(fleet);
    m_sent.push_back(m_fleet);
    m_engine->applyPlacements(m_fleet);
    m_storeIsBehind = true;
    keepPlacements();
    Q_EMIT placementsChanged();
}

/// Writes the placements in force to the store, if it has others: after going back in time it keeps those of later
/// until something is changed.
void Session::keepPlacements()
{
    if (!m_storeIsBehind) {
        return;
    }
    m_storeIsBehind = false;
    if (m_store && !m_store->isReadOnly()) {
        // Placements left empty keep their positions while the engine runs; on disk they would only be counted.
        Fleet kept = *m_fleet;
        std::erase_if(kept.placements, [](const Placement& p) { return p.replicas == 0; });
        if (const Status saved = m_store->saveFleet(kept); !saved) {
            Q_EMIT problem(saved.error());
        }
    }
}

} // namespace isobar::ui
