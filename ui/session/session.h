// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/aggregate/live_rollup.h"
#include "model/engine/live_engine.h"
#include "model/fleet/calibration.h"
#include "model/fleet/places.h"
#include "model/plan/planner.h"
#include "model/store/history.h"
#include "model/store/scenarios.h"
#include "model/store/store.h"
#include "ui/session/compared_run.h"
#include "ui/session/recorded_history.h"
#include "ui/session/recording_player.h"
#include "ui/session/selection.h"
#include "ui/session/store_reader.h"

#include <QDateTime>
#include <QElapsedTimer>
#include <QObject>
#include <QTimer>
#include <QUndoStack>

#include <filesystem>
#include <memory>
#include <optional>

namespace isobar::ui {

/// The simulated clock's reading, UTC.
[[nodiscard]] QDateTime simulatedTime(const Fleet& fleet, aggregate::SimMicros at);

/// What is open: a store (or the bundled sample), its fleet, the running engine, recent history, undo, and the shared
/// selection. Engine and store do not know each other; this object carries what one tells the other. Main thread; the
/// engine runs on its own and is only sampled.
class Session : public QObject {
    Q_OBJECT
public:
    /// `settleSeconds` of simulated time pass before the clock starts; see engine::EngineOptions.
    explicit Session(double settleSeconds = engine::kUsualSettleSeconds, QObject* parent = nullptr);
    ~Session() override;

    /// The bundled sample fleet, without a store on disk: nothing but the program is needed.
    Status openSample();
    /// A store on disk. The session keeps it open; moves are written to it.
    Status openStore(const std::filesystem::path& path);
    /// A recorded run, to be looked at: nothing runs and nothing can be changed. It stands at its end; play() begins
    /// where it stands, or anew at the end.
    Status openRecording(const std::filesystem::path& path);
    /// A store or a recording, by what is in the file.
    Status open(const std::filesystem::path& path);
    /// Writes what is open as a new store and goes on in it.
    Status saveAs(const std::filesystem::path& path);
    /// Reads the fleet again from the store, e.g. after an import, and restarts the clock.
    Status reload();

    [[nodiscard]] bool isOpen() const { return m_fleet != nullptr; }
    [[nodiscard]] bool isSample() const { return !m_store && !m_player; }
    [[nodiscard]] bool isRecording() const { return m_player.has_value(); }
    [[nodiscard]] QString title() const; ///< the fleet's name and where it is kept
    [[nodiscard]] store::Store* store() { return m_store ? &*m_store : nullptr; }

    // --- what the open store remembers; read in the background ---
    /// The run of this fleet that was recorded last before this one; absent before recordedRangeChanged(), where there
    /// is none, and where there is no store.
    [[nodiscard]] const std::optional<RecordedRange>& recordedRange() const { return m_recordedRange; }
    /// Reads [from, to) of that run and then shows it: history() and rollUp() are its own, ending at `to`, until
    /// showRunning(); historyChanged() tells. The running fleet goes on meanwhile. What cannot be read is a problem().
    void showRecorded(aggregate::SimMicros from, aggregate::SimMicros to);
    /// Back to the running fleet.
    void showRunning();
    [[nodiscard]] bool isShowingRecorded() const { return m_recordedShown.has_value(); }
    /// The recorded run that the selection compares with; historyChanged() tells when it is there.
    [[nodiscard]] ComparedRun& compared() { return m_compared; }
    [[nodiscard]] const ComparedRun& compared() const { return m_compared; }
    /// A copy that goes on being true when this session has moved on; it shares what is past.
    [[nodiscard]] std::shared_ptr<const aggregate::LiveRollUp> rollUpCopy() const;
    /// Writes this run into the open store; null without a store, or when it is read-only.
    [[nodiscard]] const store::HistoryWriter* recorder() const { return m_recorder.get(); }

    [[nodiscard]] const Fleet& fleet() const { return *m_fleet; }
    [[nodiscard]] std::shared_ptr<const Fleet> fleetPointer() const { return m_fleet; }
    [[nodiscard]] std::shared_ptr<const Calibration> calibrationPointer() const { return m_calibration; }
    [[nodiscard]] const std::vector<Place>& places() const { return m_places; }
    /// Of the running fleet, or of what showRecorded() shows.
    [[nodiscard]] const aggregate::History& history() const
    {
        return m_recordedShown ? m_recordedShown->history : m_history;
    }
    /// Of the running fleet, whatever is shown.
    [[nodiscard]] const aggregate::History& runningHistory() const { return m_history; }
    /// The same by one dimension at a time with extremes: for charts over long ranges. Null while nothing is open.
    [[nodiscard]] const aggregate::LiveRollUp* rollUp() const
    {
        return m_recordedShown ? m_recordedShown->rollUp.get() : m_rollUp ? &*m_rollUp : nullptr;
    }
    [[nodiscard]] const std::vector<engine::Event>& events() const { return m_events; }
    [[nodiscard]] std::shared_ptr<const engine::Snapshot> snapshot() const { return m_snapshot; }
    [[nodiscard]] Selection& selection() { return m_selection; }
    [[nodiscard]] QUndoStack& undoStack() { return m_undo; }
    [[nodiscard]] std::uint64_t seed() const { return m_seed; }
    [[nodiscard]] QDateTime timeAt(aggregate::SimMicros at) const;
    /// "Simulated · seed 42 · data 2026-11-22"; "Recorded …" of what was recorded.
    [[nodiscard]] QString badge() const;

    // --- the clock ---
    void play();
    void pause();
    void setSpeed(double simulatedSecondsPerSecond);
    void stepBy(double simulatedSeconds);
    /// Goes to a time, back or forward, then is paused; history() and events() end there. What lay after it comes back
    /// when the run goes on, unless something is changed first: see engine::LiveEngine::seek().
    void seek(aggregate::SimMicros to);
    /// Starts over from the fleet's start time.
    Status restart(std::uint64_t seed);
    [[nodiscard]] bool isPlaying() const { return m_playing; }
    [[nodiscard]] double speed() const { return m_speed; }

    /// Runs ahead in the fluid mode; see engine::LiveEngine::fastForward(). snapshot()->fastForward tells how far it
    /// is.
    void fastForward(double simulatedSeconds);
    void cancelFastForward();
    /// What of the history is of the fluid mode: an estimate, to be shown as such. Ascending, disjoint.
    [[nodiscard]] const std::vector<std::pair<aggregate::SimMicros, aggregate::SimMicros>>& fluidStretches() const
    {
        return m_fluid;
    }

    // --- scenarios ---
    /// Ways to run this fleet, by name: those its store keeps, or those of the sample, which last while it is open.
    [[nodiscard]] const std::vector<store::Scenario>& scenarios() const { return m_scenarios; }
    /// The one it runs under; "" = the fleet as it stands. A store remembers which; the sample begins with its day.
    [[nodiscard]] const std::string& scenarioName() const { return m_scenario; }
    /// Of that scenario, for fleet().
    [[nodiscard]] const Operations& operations() const { return m_operations; }
    /// Starts the clock over under a scenario of the list, or under none (""). Nothing has changed after an error.
    Status runScenario(const std::string& name);
    /// Makes the list another one, undoable: `text` says what was done. Refused when it cannot be kept.
    Status changeScenarios(const std::vector<store::Scenario>& after, const QString& text);
    /// Makes the list this one; what undo and redo call.
    Status useScenarios(const std::vector<store::Scenario>& scenarios);

    // --- faults ---
    /// Breaks something now; what cannot be broken is a problem().
    void injectFault(const Fault& fault);
    /// Ends a fault of snapshot()->faults.
    void mendFault(std::uint32_t number);

    // --- devices ---
    /// Has the chips of a pool made; they come with devicesChanged(). Nothing comes while a recording is open: it holds
    /// sums over pools.
    void askDevices(PoolId pool);
    /// The chips asked for last, of this fleet; null before they came.
    [[nodiscard]] std::shared_ptr<const engine::DeviceView> devices() const { return m_devices; }

    // --- planning ---
    /// A planner on the placements in force and the load of the last minute.
    [[nodiscard]] std::shared_ptr<const plan::Planner> planner() const;
    /// Carries a move out in the running fleet, undoable.
    void carryOut(const plan::Assessment& assessment);

    /// Puts these placements in force; what undo and redo call.
    void usePlacements(const std::vector<Placement>& placements);

Q_SIGNALS:
    void opened();         ///< another fleet or a restarted clock
    void rewound();        ///< the history ends earlier than before: what was known of later times is void
    void ticked();         ///< a new snapshot, at most 30 a second
    void historyChanged(); ///< new intervals, at most 5 a second; or another history is shown
    void recordedRangeChanged();
    void placementsChanged();
    void scenariosChanged(); ///< the list, or which one runs
    void clockChanged();     ///< play, pause or speed
    void devicesChanged();   ///< the chips of a pool are there, or gone
    void problem(const isobar::Error& error);

private:
    /// Under the scenario of that name; "" = none.
    Status start(std::shared_ptr<const Fleet> fleet, const std::string& scenario);
    /// Under the one it should begin with; under none when that does not fit, which is a problem().
    Status startUsual(std::shared_ptr<const Fleet> fleet);
    Status loadCalibration();
    void show(std::shared_ptr<const Fleet> fleet);
    void poll();
    void pollRecording();
    void rewindTo(aggregate::SimMicros at);
    void followFleet();
    void keepPlacements();
    /// Says so when a recording is open.
    bool refuseForRecording();
    void tellHistory();
    void startRecording();
    void lookForRecorded();
    void watchRecording();

    std::shared_ptr<const Fleet> m_fleet;
    std::shared_ptr<const Calibration> m_calibration;
    std::vector<Place> m_places;
    std::optional<store::Store> m_store;
    std::vector<store::Scenario> m_scenarios;
    std::string m_scenario; ///< that runs
    std::int64_t m_scenarioId = 0, m_lastScenarioId = 0;
    Operations m_operations;
    std::unique_ptr<store::HistoryWriter> m_recorder;
    std::uint64_t m_runGeneration = 1; ///< of this run's engine; what older ones left behind is not this run's
    bool m_recordingFails = false;
    std::unique_ptr<engine::LiveEngine> m_engine; ///< none while a recording is open
    std::optional<RecordingPlayer> m_player;
    double m_playedMicros = 0; ///< of the recording, where play() has got to
    QElapsedTimer m_sincePlayed;
    std::vector<std::shared_ptr<const Fleet>> m_sent; ///< placements on their way to the engine
    bool m_storeIsBehind = false;                     ///< the placements in force are not those it has
    std::shared_ptr<const engine::Snapshot> m_snapshot;
    void followFluid(const engine::LiveEngine::Feed& feed);
    std::vector<std::pair<aggregate::SimMicros, aggregate::SimMicros>> m_fluid;
    std::shared_ptr<const engine::LiveEngine::Devices> m_devicesMade; ///< what devices() is part of
    std::shared_ptr<const engine::DeviceView> m_devices;
    aggregate::History m_history;
    std::optional<aggregate::LiveRollUp> m_rollUp;
    StoreReader m_rangeReader, m_stretchReader;
    std::optional<RecordedRange> m_recordedRange;
    std::optional<RecordedStretch> m_recordedShown;
    std::vector<engine::Event> m_events;
    std::uint64_t m_generation = 0, m_seed = 42;
    bool m_playing = false, m_historyPending = false;
    double m_speed = 10;
    const double m_settleSeconds;
    Selection m_selection;
    QUndoStack m_undo;
    QTimer m_timer;
    QElapsedTimer m_sinceHistory;
    ComparedRun m_compared; ///< follows the selection, which must be there first
};

} // namespace isobar::ui
