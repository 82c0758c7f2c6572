// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/plan/planner.h"

#include <QString>

#include <vector>

/// An assessment in words and figures, for the card at the pointer, the table in the panel and the message after.
namespace isobar::ui {

/// One line of baseline, scenario and delta.
struct MoveFigure {
    QString name;
    QString baseline, scenario, delta;
    enum class Judgement { Neutral, Better, Worse } judgement = Judgement::Neutral;
};

[[nodiscard]] std::vector<MoveFigure> moveFigures(const plan::Assessment& assessment);
/// "Yes: 236 replicas, 1,888 chips in gcp/us-east5/TPU v6e"
[[nodiscard]] QString moveHeadline(const Fleet& fleet, const plan::Assessment& assessment);
/// "Latencies are estimates, ±15 %; nothing is simulated before the drop."
[[nodiscard]] QString moveNote(const plan::Assessment& assessment);

} // namespace isobar::ui
