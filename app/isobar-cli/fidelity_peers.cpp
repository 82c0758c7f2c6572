// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/fidelity.h"
#include "app/isobar-cli/output.h"
#include "model/fleet/lookup.h"
#include "model/ingest/trace_file.h"
#include "model/proto/shipped.h"
#include "model/serving/measured_run.h"
#include "model/serving/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>

namespace isobar::cli {
namespace {

using serving::IterationModel;
using serving::TimeSummary;

/// p50, p90 and p99 of what every simulator reports, in seconds.
struct Figures {
    std::array<double, 3> ttft{}, tbt{}, endToEnd{};
};
constexpr const char* kShares[] = {"p50", "p90", "p99"};

/// A model and chips of a set-up. `token` is only another model where prompts have machines of their own.
struct SetUp {
    IterationModel prompt, token;
    serving::GroupOptions group;
    double firstTokenSeconds = 0; ///< on top of every first token
};
/// One modelling choice, made as the peer makes it.
struct Choice {
    std::string words;
    std::function<void(SetUp&)> make;
};
struct Peer {
    const char *name, *setUp;
    Figures printed;
    SetUp ours;
    std::vector<Choice> choices; ///< each on top of those before it
};

/// BLOOM-176B by its published architecture (BigScience, arXiv:2211.05100): every head has keys and values of its own.
ServedModel bloom()
{
    ServedModel model;
    model.name = "BLOOM-176B";
    model.layers = 70;
    model.hiddenSize = 14336;
    model.attentionHeads = model.kvHeads = 112;
    model.headDimension = 128;
    model.totalParameters = model.activeParameters = 176'247'271'424;
    model.kvValuesPerToken = 2.0 * model.layers * model.kvHeads * model.headDimension;
    return model;
}

class Replays {
public:
    explicit Replays(const ingest::Trace& trace)
        : m_trace(trace)
    {
    }

    Result<Figures> run(const SetUp& setUp) const
    {
        ISOBAR_TRY_ASSIGN(Figures figures, setUp.group.prefill.replicas > 0 ? apart(setUp) : together(setUp));
        for (std::size_t i = 0; i < figures.ttft.size(); ++i) {
            figures.ttft[i] += setUp.firstTokenSeconds;
            figures.endToEnd[i] += setUp.firstTokenSeconds;
        }
        return figures;
    }

private:
    struct Collected {
        std::vector<double> ttft, tbt, endToEnd;
        void add(double arrival, double first, double finish, std::uint32_t answer)
        {
            ttft.push_back(first - arrival);
            endToEnd.push_back(finish - arrival);
            if (answer > 1) {
                tbt.push_back((finish - first) / (answer - 1));
            }
        }
        [[nodiscard]] Figures figures() const
        {
            const auto shares = [](const std::vector<double>& of) {
                const TimeSummary s = serving::summaryOf(of);
                return std::array<double, 3>{s.p50, s.p90, s.p99};
            };
            return {shares(ttft), shares(tbt), shares(endToEnd)};
        }
    };

    Result<Figures> together(const SetUp& setUp) const
    {
        ISOBAR_TRY_ASSIGN(serving::ReplicaGroup group, serving::ReplicaGroup::create(setUp.prompt, setUp.group));
        Collected all;
        const auto sink = [&](const serving::Outcome& o) {
            if (o.completed()) {
                all.add(o.arrivalSeconds, o.firstTokenSeconds, o.finishSeconds, o.outputTokens);
            }
        };
        for (const ingest::TracedRequest& r : m_trace.requests) {
            group.arrive(r.arrivalSeconds, r.inputTokens, r.outputTokens, sink);
        }
        group.drain(sink);
        return all.figures();
    }

    /// Prompts and answers on different machines, which a ReplicaGroup does not have.
    Result<Figures> apart(const SetUp& setUp) const
    {
        ISOBAR_TRY(serving::checkBatching(setUp.prompt, setUp.group.policy));
        ISOBAR_TRY(serving::checkBatching(setUp.token, setUp.group.policy));
        const serving::IterationTimes prompts(setUp.prompt, setUp.group.policy);
        const serving::IterationTimes tokens(setUp.token, setUp.group.policy);
        serving::PrefillPool pool(prompts, setUp.group.prefill, setUp.group.router, 1, 2);
        std::vector<serving::Replica> replicas(setUp.group.replicas, serving::Replica(tokens, 0xfffffffeu));
        serving::ReplicaLog log;
        Collected all;
        const auto collect = [&] {
            for (const serving::Completion& c : log.completed) {
                all.add(m_trace.requests[c.request.tag].arrivalSeconds, c.firstTokenSeconds, c.finishSeconds,
                        c.request.outputTokens);
            }
            log.completed.clear();
            log.started.clear();
        };
        const auto deliver = [&](double until) {
            while (const auto ready = pool.next(until)) {
                const serving::Completion& c = ready->completion;
                if (c.request.outputTokens <= 1) {
                    log.completed.push_back(c);
                    collect();
                    continue;
                }
                for (serving::Replica& r : replicas) {
                    r.advance(ready->readySeconds, log);
                }
                const auto least = std::min_element(replicas.begin(), replicas.end(), [](const auto& a, const auto& b) {
                    return a.inFlight() < b.inFlight();
                });
                static_cast<void>(
                    least->enqueuePrefilled(ready->readySeconds, c.request, c.startSeconds, c.firstTokenSeconds, log));
                collect();
            }
        };
        for (std::size_t i = 0; i < m_trace.requests.size(); ++i) {
            const ingest::TracedRequest& r = m_trace.requests[i];
            if (r.inputTokens == 0 || r.outputTokens == 0) {
                continue;
            }
            deliver(r.arrivalSeconds);
            pool.arrive({r.arrivalSeconds, r.inputTokens, r.outputTokens, static_cast<std::uint32_t>(i), 0}, {});
        }
        for (double next = pool.nextEventSeconds(); next < serving::Replica::kNever; next = pool.nextEventSeconds()) {
            deliver(next);
        }
        for (serving::Replica& r : replicas) {
            r.advance(std::numeric_limits<double>::max(), log);
        }
        collect();
        return all.figures();
    }

    const ingest::Trace& m_trace;
};

/// Every token's work at so many seconds, prompts' attention included.
void setTokenSeconds(IterationModel& model, double seconds)
{
    model.perTokenComputeSeconds = seconds;
    model.perPrefillTokenSquaredSeconds = 0;
    model.perTokenCommunicationSeconds = 0;
}

/// Prompts at a share of the peak of so many FLOP/s, reading weights hidden behind them.
void setComputeShare(IterationModel& model, const ServedModel& served, double flopsPerSecond, double share)
{
    model.perTokenComputeSeconds = 2 * served.activeParameters / (flopsPerSecond * share);
    model.perPrefillTokenSquaredSeconds =
        2.0 * served.layers * served.attentionHeads * served.headDimension / (flopsPerSecond * share);
    model.exposedRatio = 0;
}

/// An iteration of one sequence takes so long.
void setStepSeconds(IterationModel& model, double seconds)
{
    constexpr double kUsualContext = 1000;
    model.fixedSeconds += seconds - model.decodeSeconds(1, kUsualContext);
}

/// An A100 by the tables of its kernels (aiconfigurator): of products and of the attention, and 1.2 ms of overhead.
void setA100Tables(IterationModel& model, const ServedModel& served)
{
    constexpr double kFlops = 312e12, kBandwidth = 2.039e12;
    setComputeShare(model, served, kFlops, 0.88);
    model.denseWeightSeconds = served.totalParameters * 2 / (kBandwidth * 0.68);
    model.perContextTokenSeconds = served.kvValuesPerToken * 2 / (kBandwidth * 0.79);
    model.fixedSeconds = 1.2e-3;
    model.perSequenceSeconds = 2e-5;
}

Result<std::vector<Peer>> peers()
{
    ISOBAR_TRY_ASSIGN(const Fleet fleet, proto::shippedSample());
    ISOBAR_TRY_ASSIGN(const Calibration calibration, proto::shippedCalibration());
    const auto build = [&](const ServedModel& model, const char* chip, std::int32_t ways,
                           std::int32_t batch) -> Result<IterationModel> {
        const AcceleratorId found = findAccelerator(fleet, chip);
        if (!found.valid()) {
            return Error{ErrorCode::NotFound, fmt::format("the sample fleet has no {}", chip)};
        }
        return serving::buildIterationModel(model, fleet.accelerators[found.index()], Precision::Bf16, ways, batch,
                                            calibration);
    };
    const auto known = [&](const char* name) -> Result<ServedModel> {
        const ModelId found = findModel(fleet, name);
        if (!found.valid()) {
            return Error{ErrorCode::NotFound, fmt::format("the sample fleet has no {}", name)};
        }
        return fleet.models[found.index()];
    };
    const auto group = [](std::size_t replicas, std::int32_t budget) {
        serving::GroupOptions options;
        options.replicas = replicas;
        options.router = serving::RouterPolicy::LeastInFlight;
        options.policy.maxBatchedTokens = budget;
        return options;
    };

    ISOBAR_TRY_ASSIGN(const ServedModel llama70, known("Llama-3.1-70B"));
    ISOBAR_TRY_ASSIGN(const ServedModel llama8, known("Llama-3.1-8B"));
    ISOBAR_TRY_ASSIGN(const IterationModel blis, build(llama70, "H100", 4, 256));
    ISOBAR_TRY_ASSIGN(const IterationModel dgxH100, build(bloom(), "H100", 8, 256));
    ISOBAR_TRY_ASSIGN(const IterationModel dgxA100, build(bloom(), "A100-80GB", 8, 256));
    ISOBAR_TRY_ASSIGN(const IterationModel a100, build(llama8, "A100-80GB", 1, 128));

    std::vector<Peer> all;
    all.push_back({"BLIS",
                   "Llama-3.1-70B, 4 x TP4 H100, least loaded",
                   {{.048, .079, .110}, {.0171, .0174, .0180}, {2.25, 7.31, 10.36}},
                   {blis, blis, group(4, 2048)},
                   {{"prompts at 12 us a token: three times the datasheet's peak (36 us)",
                     [](SetUp& s) { setTokenSeconds(s.prompt, 12e-6); }},
                    {"22 ms before every first token besides", [](SetUp& s) { s.firstTokenSeconds = 22e-3; }}}});
    constexpr double kDgxFlops = 8 * 989e12;
    const Choice slowSteps{"an iteration of 36 ms on H100: its profile is of an engine of 2023",
                           [](SetUp& s) { setStepSeconds(s.prompt, 36e-3); }};
    const Choice slowPrompts{"prompts at half the peak, where large products reach 0.83",
                             [](SetUp& s) { setComputeShare(s.prompt, bloom(), kDgxFlops, 0.5); }};
    all.push_back({"SplitwiseSim",
                   "BLOOM-176B, 8 x DGX-H100, join the shortest queue",
                   {{.160, .403, .683}, {.0376, .0440, .0548}, {5.26, 16.7, 23.6}},
                   {dgxH100, dgxH100, group(8, 2048)},
                   {slowSteps, slowPrompts}});
    SetUp apart{dgxH100, dgxA100, group(3, 2048)};
    apart.group.prefill.replicas = 5;
    apart.group.prefill.kvBytesPerToken = bloom().kvValuesPerToken * 2;
    apart.group.prefill.linkBytesPerSecond = 200e9; // eight links of 200 Gbit/s a DGX-A100
    all.push_back({"SplitwiseSim, disaggregated",
                   "BLOOM-176B, 5 x DGX-H100 for prompts, 3 x DGX-A100 for tokens",
                   {{.132, .388, .660}, {.0475, .0479, .0492}, {6.30, 20.3, 28.7}},
                   apart,
                   {slowSteps,
                    slowPrompts,
                    {"prompts to machines in turn, whoever is busy",
                     [](SetUp& s) { s.group.router = serving::RouterPolicy::RoundRobin; }},
                    {"an iteration of 47 ms on A100 however many sequences", [](SetUp& s) {
                         s.token.perSequenceSeconds = s.token.perContextTokenSeconds = 0;
                         s.token.perTokenCommunicationSeconds = 0;
                         setStepSeconds(s.token, 47e-3);
                     }}}});
    all.push_back({"Vidur",
                   "Llama-3-8B, 1 x A100, Sarathi, chunks of 512",
                   {{.180, 7.14, 12.96}, {.0218, .0429, .0442}, {5.32, 13.8, 27.1}},
                   {a100, a100, group(1, 512)},
                   {{"an A100 by the tables of its kernels; no benchmark of one is among the rows fitted to",
                     [llama8](SetUp& s) { setA100Tables(s.prompt, llama8); }},
                    {"chunks of 512 at 0.75 of the peak, where long prompts reach 0.88",
                     [llama8](SetUp& s) { setComputeShare(s.prompt, llama8, 312e12, 0.75); }},
                    {"weights read at 0.8 of the bandwidth, not 0.68",
                     [](SetUp& s) { s.prompt.denseWeightSeconds *= 0.68 / 0.8; }}}});
    return all;
}

std::string triple(const std::array<double, 3>& values, int decimals)
{
    return fmt::format("{:.{}f} / {:.{}f} / {:.{}f}", values[0], decimals, values[1], decimals, values[2], decimals);
}

std::string difference(const Figures& ours, const Figures& theirs)
{
    const auto one = [](double a, double b) { return fmt::format("{:+.0f}", 100 * (a / b - 1)); };
    const auto three = [&](const auto& a, const auto& b) {
        return fmt::format("{} / {} / {}", one(a[0], b[0]), one(a[1], b[1]), one(a[2], b[2]));
    };
    return fmt::format("TTFT {}, TBT {}, E2E {}", three(ours.ttft, theirs.ttft), three(ours.tbt, theirs.tbt),
                       three(ours.endToEnd, theirs.endToEnd));
}

std::string figuresRow(const std::string& who, const Figures& f, const Figures* against)
{
    return tableRow({who, triple(f.ttft, 3), triple(f.tbt, 4), triple(f.endToEnd, 2),
                     against == nullptr ? "" : difference(f, *against)});
}

PlotPanel panelOf(const char* peer, const char* quantity, const char* unitName, double unit,
                  const std::array<double, 3>& printed, const std::array<double, 3>& ours,
                  const std::array<double, 3>& alike)
{
    PlotPanel panel;
    panel.title = QString::fromStdString(fmt::format("{} — {}", quantity, peer));
    panel.unitNote = QString::fromUtf8(unitName);
    panel.legend = {{QStringLiteral("the peer"), plotColor(6)},
                    {QStringLiteral("Isobar"), plotColor(0)},
                    {QStringLiteral("Isobar with its choices"), plotColor(1)}};
    const auto bar = [unit](double seconds, QColor color) {
        const double value = seconds * unit;
        return PlotBar{color, value, QString::number(value, 'f', value >= 100 ? 0 : value >= 10 ? 1 : 2)};
    };
    for (std::size_t i = 0; i < printed.size(); ++i) {
        panel.groups.push_back(
            {QString::fromUtf8(kShares[i]),
             {bar(printed[i], plotColor(6)), bar(ours[i], plotColor(0)), bar(alike[i], plotColor(1))}});
    }
    return panel;
}

} // namespace

Result<FidelitySection> peersSection(const std::filesystem::path& azureTrace, const JobContext& job)
{
    ISOBAR_TRY_ASSIGN(const ingest::Trace trace, ingest::readTrace(azureTrace, 1, job));
    ISOBAR_TRY_ASSIGN(const std::vector<Peer> all, peers());
    const Replays replays(trace);
    FidelitySection section{"Other simulators on the same trace", {}, {}};
    std::string& out = section.markdown;
    PlotPicture picture{"peers.svg",
                        QStringLiteral("The Azure conversation trace through the peers' own set-ups: what they print, "
                                       "what Isobar says, and Isobar with the choices they make (see the table)."),
                        3,
                        390,
                        230,
                        {}};
    for (const Peer& peer : all) {
        if (job.cancelled()) {
            return Error{ErrorCode::Cancelled, "cancelled"};
        }
        out += fmt::format("\n**{}**: {}\n\n", peer.name, peer.setUp);
        out += tableRow({"p50 / p90 / p99, s", "TTFT", "TBT", "end to end", "against the peer, %"}) +
               "|---|---|---|---|---|\n" + figuresRow("as it prints", peer.printed, nullptr);
        SetUp setUp = peer.ours;
        ISOBAR_TRY_ASSIGN(const Figures ours, replays.run(setUp));
        out += figuresRow("Isobar", ours, &peer.printed);
        Figures alike = ours;
        for (const Choice& choice : peer.choices) {
            choice.make(setUp);
            ISOBAR_TRY_ASSIGN(alike, replays.run(setUp));
            out += figuresRow("+ " + choice.words, alike, &peer.printed);
        }
        const bool isShort = peer.printed.ttft.back() < 1;
        picture.panels.push_back(panelOf(peer.name, "TTFT", isShort ? "ms" : "s", isShort ? 1e3 : 1, peer.printed.ttft,
                                         ours.ttft, alike.ttft));
        picture.panels.push_back(panelOf(peer.name, "TBT", "ms", 1e3, peer.printed.tbt, ours.tbt, alike.tbt));
        picture.panels.push_back(
            panelOf(peer.name, "end to end", "s", 1, peer.printed.endToEnd, ours.endToEnd, alike.endToEnd));
    }
    section.pictures.push_back(std::move(picture));
    return section;
}

} // namespace isobar::cli
