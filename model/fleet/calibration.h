// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/fleet.h"

namespace isobar {

/// What turns a datasheet into times on real hardware, for one accelerator and precision. Data, never code: see
/// resources/calibration and docs/measures.md.
struct Efficiency {
    std::string accelerator; ///< "" = any accelerator without a row of its own
    Precision precision = Precision::Bf16;
    double computeRatio = 0;            ///< share of peak FLOP/s many tokens at once reach (MFU)
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

    // 0 in each of these is the formula without it: experts are as other weights, reading and multiplying overlap.
    double expertComputeRatio = 0;         ///< MFU of routed experts; 0 = computeRatio
    double expertBandwidthRatio = 0;       ///< MBU of routed experts; 0 = bandwidthRatio
    double expertLayerOverheadSeconds = 0; ///< on top for a layer with routed experts: routing, sorting, more kernels
    double expertImbalanceRatio = 0;       ///< experts' work of the busiest chip over the mean's where they are divided
                                           ///< whole over chips (expert parallelism); 0 = 1
    double prefillAttentionRatio = 0; ///< share of peak bf16 FLOP/s the attention of prompts reaches; 0 = computeRatio
    double exposedRatio = 0;    ///< of the shorter of reading weights and multiplying, what the longer does not hide
    double kvBytesPerValue = 0; ///< of the KV cache: 1 = fp8; 0 = 2, bf16
};

struct Calibration {
    std::vector<Source> sources;
    std::vector<Efficiency> efficiencies;

    /// The row for an accelerator and precision, else the generic row of that precision; null when there is neither.
    [[nodiscard]] const Efficiency* find(const std::string& accelerator, Precision precision) const;
};

} // namespace isobar
