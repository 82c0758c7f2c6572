// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/replay/replay_run.h"
#include "ui/session/session.h"

#include <QFrame>

#include <optional>

class QCheckBox;
class QComboBox;
class QLabel;
class QMenu;
class QSpinBox;
class QToolButton;

namespace isobar::ui {

/// What to replay on what. Proposes from the open fleet: the placements of a model give chip, parallelism, precision
/// and batch, and the trace gives the replicas, for a load of about 70 %, until someone sets them by hand.
class SetupPanel final : public QFrame {
    Q_OBJECT
public:
    static constexpr double kProposedLoad = 0.7;

    explicit SetupPanel(Session& session, QWidget* parent = nullptr);

    /// The trace that is loaded, or null while there is none; `loading` names one under way.
    void setTrace(TracePointer trace);
    void setLoading(const QString& name);

    [[nodiscard]] const ReplaySetup& setup() const { return m_setup; }
    /// The service level that results are held to; -1 = none.
    [[nodiscard]] int tier() const;
    /// What stands in the way of a run, in words; empty when nothing does.
    [[nodiscard]] QString obstacle() const { return m_obstacle; }
    [[nodiscard]] ReplayContext context() const;
    /// Files that were replayed before, newest first.
    [[nodiscard]] static QStringList recentTraces();
    static void rememberTrace(const QString& path);

Q_SIGNALS:
    void traceChosen(const isobar::ui::TraceSource& source);
    void tierChanged();
    /// obstacle() or setup() may be another.
    void changed();

private:
    void buildForm();
    void fillFromFleet();
    void modelChosen();
    void acceleratorChosen();
    void takePlacement(const Placement* placement);
    void proposeReplicas();
    void readForm();
    void fillTraceMenu();
    void chooseTrace(bool folder);
    void chooseCoefficients();
    void showEstimate();
    void unfold(bool open);

    Session& m_session;
    ReplaySetup m_setup;
    TracePointer m_trace;
    QString m_obstacle;
    bool m_filling = false, m_replicasByHand = false;
    QLabel* m_traceName;
    QLabel* m_traceNote;
    QToolButton* m_choose;
    QMenu* m_traceMenu;
    QComboBox* m_model;
    QComboBox* m_accelerator;
    QComboBox* m_precision;
    QSpinBox* m_tensorParallel;
    QSpinBox* m_replicas;
    QToolButton* m_propose;
    QComboBox* m_router;
    QSpinBox* m_maxBatch;
    QSpinBox* m_batchedTokens;
    QComboBox* m_coefficients;
    QComboBox* m_tier;
    QSpinBox* m_seed;
    QLabel* m_estimate;
    QToolButton* m_more; ///< opens what most replays leave alone
    QWidget* m_advanced;
    QSpinBox* m_from;
    QSpinBox* m_for;
    QSpinBox* m_scale;
    QSpinBox* m_ranks;
    QSpinBox* m_prefill;
    QCheckBox* m_prefixCache;
    QSpinBox* m_urgent;
    QComboBox* m_admission;
};

} // namespace isobar::ui
