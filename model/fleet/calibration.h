// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/fleet.h"

namespace isobar {

/// What turns a datasheet into times on real hardware, for one accelerator and precision. Data, never code: see
/// resources/calibration and docs/measures.md.
struct Efficiency {
    std::string accelerator; ///< "" = any accelerator without a row of its own
    Precision precision = Precision::Bf16;
    double computeRatio = 0;            ///< share of peak FLOP/s a long prefill reaches (MFU)
    double bandwidthRatio = 0;          ///< share of peak HBM bytes/s reading weights reaches (MBU)
    double attentionBandwidthRatio = 0; ///< the same for reading the KV cache
    double stepOverheadSeconds = 0;     ///< fixed time of one iteration
    double layerOverheadSeconds = 0;    ///< fixed time of one layer of one iteration
    double sequenceOverheadSeconds = 0; ///< scheduling time of one sequence in one iteration
    double allReduceLatencySeconds = 0; ///< latency of one collective
    double interconnectRatio = 0;       ///< share of peak interconnect bytes/s a collective reaches
    double reserveBytes = 0;            ///< memory the runtime keeps, per chip
    double memoryRatio = 0;             ///< share of HBM the runtime may use
    double errorRatio = 0;              ///< expected relative error of a predicted time
    Provenance provenance;
};

struct Calibration {
    std::vector<Source> sources;
    std::vector<Efficiency> efficiencies;

    /// The row for an accelerator and precision, else the generic row of that precision; null when there is neither.
    [[nodiscard]] const Efficiency* find(const std::string& accelerator, Precision precision) const;
};

} // namespace isobar
