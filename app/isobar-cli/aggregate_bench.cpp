// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/aggregate_bench.h"

#include "model/aggregate/cube_rollup.h"
#include "model/fleet/process_clock.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <numeric>
#include <thread>

namespace isobar::cli {
namespace {

using namespace aggregate;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t kPools = 190, kModels = 40, kSeries = kPools * kModels;
constexpr std::int64_t kMinutesOfYear = 365 * 24 * 60, kMicrosPerMinute = 60'000'000;
/// 57 % of the year, whole days.
constexpr std::int64_t kFromDay = 80, kToDay = 288;

double secondsSince(Clock::time_point start)
{
    return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Timing {
    double seconds = 0, cpuSeconds = 0;
};

Timing fastest(int repeats, const std::function<void()>& run)
{
    Timing best{1e300, 1e300};
    for (int i = 0; i < repeats; ++i) {
        const double cpu = processCpuSeconds();
        const auto start = Clock::now();
        run();
        best.seconds = std::min(best.seconds, secondsSince(start));
        best.cpuSeconds = std::min(best.cpuSeconds, processCpuSeconds() - cpu);
    }
    return best;
}

/// The samples: every series (pool, model) at each of as many minutes, spread evenly over a year, as make the rows.
/// Utilization in 1e-4, uniform; TTFT with a long tail, 0.06 to 5.2 s; cost 0.5 to 10 USD.
struct Samples {
    explicit Samples(std::int64_t count)
        : rows(count)
        , minutes((count + kSeries - 1) / kSeries)
    {
    }
    [[nodiscard]] std::int64_t minute(std::int64_t row) const { return row / kSeries * kMinutesOfYear / minutes; }
    static std::int64_t utilization(std::int64_t row) { return (row * 2'654'435'761 >> 8) % 10'001; }
    static std::int64_t ttftMicros(std::int64_t row)
    {
        return 40'000 + 1'310'720'000 / (256 + (row * 2'246'822'519 >> 7) % 65'536);
    }
    static std::int64_t microUsd(std::int64_t row) { return 500'000 + (row * 3'266'489'917 >> 9) % 9'500'000; }

    std::int64_t rows, minutes;
};

Result<SampleCube> load(const Samples& samples)
{
    ISOBAR_TRY_ASSIGN(SampleCube cube, SampleCube::create({{"pool", kPools}, {"model", kModels}},
                                                          {{"utilization", 1e-4}, {"ttft", 1e-6}, {"cost", 1e-6}}));
    constexpr std::int64_t kBatch = 1 << 17;
    std::vector<std::int64_t> times;
    std::vector<std::uint16_t> pools, models;
    std::vector<double> utilization, ttft, cost;
    for (std::int64_t begin = 0; begin < samples.rows; begin += kBatch) {
        const std::int64_t end = std::min(begin + kBatch, samples.rows);
        times.clear(), pools.clear(), models.clear(), utilization.clear(), ttft.clear(), cost.clear();
        for (std::int64_t row = begin; row < end; ++row) {
            times.push_back(samples.minute(row) * kMicrosPerMinute);
            pools.push_back(static_cast<std::uint16_t>(row % kSeries / kModels));
            models.push_back(static_cast<std::uint16_t>(row % kModels));
            utilization.push_back(static_cast<double>(Samples::utilization(row)) * 1e-4);
            ttft.push_back(static_cast<double>(Samples::ttftMicros(row)) * 1e-6);
            cost.push_back(static_cast<double>(Samples::microUsd(row)) * 1e-6);
        }
        ISOBAR_TRY(cube.append({times, {pools, models}, {utilization, ttft, cost}}));
    }
    cube.seal();
    return cube;
}

/// Gigabytes a second that `threads` read and write as a[i] = b[i] + 3 c[i] (STREAM's triad), and only read.
struct Bandwidth {
    double triad = 0, read = 0;
};

Bandwidth measureBandwidth(int threads, int repeats)
{
    const auto each = static_cast<std::size_t>((std::int64_t{24} << 20) / threads);
    struct Arrays {
        std::vector<double> a, b, c;
        double sum = 0;
    };
    std::vector<Arrays> arrays(static_cast<std::size_t>(threads));
    const auto together = [&](const std::function<void(Arrays&)>& work) {
        std::vector<std::jthread> all;
        for (Arrays& own : arrays) {
            all.emplace_back([&own, &work] { work(own); });
        }
    };
    together([each](Arrays& own) {
        own.a.assign(each, 0);
        own.b.assign(each, 1);
        own.c.assign(each, 2);
    });
    const Timing triad = fastest(repeats, [&] {
        together([](Arrays& own) {
            double *const a = own.a.data(), *const b = own.b.data(), *const c = own.c.data();
            for (std::size_t i = 0, n = own.a.size(); i < n; ++i) {
                a[i] = b[i] + 3 * c[i];
            }
        });
    });
    const Timing read = fastest(repeats, [&] {
        together([](Arrays& own) {
            std::array<double, 16> sums{};
            for (std::size_t i = 0, n = own.a.size() / 16 * 16; i < n; i += 16) {
                for (std::size_t lane = 0; lane < 16; ++lane) {
                    sums[lane] += own.a[i + lane];
                }
            }
            own.sum += std::accumulate(sums.begin(), sums.end(), 0.0);
        });
    });
    const double bytes = 8.0 * static_cast<double>(each) * threads;
    return {3 * bytes / triad.seconds * 1e-9, bytes / read.seconds * 1e-9};
}

struct Question {
    std::string name, text;
    CubeQuery query;
};

std::vector<Question> questions()
{
    const std::int64_t from = kFromDay * kMicrosPerDay, to = kToDay * kMicrosPerDay;
    CubeQuery bySeries;
    bySeries.from = from;
    bySeries.to = to;
    bySeries.by = {{0}, {1}};
    bySeries.ask = {{0, true, false}, {1, true, false}, {2, true, false}};
    CubeQuery withQuantile = bySeries;
    withQuantile.ask[1].sketch = true;
    CubeQuery byHour;
    byHour.by = {{0}};
    byHour.buckets = fixedBuckets(0, 365 * kMicrosPerDay, kMicrosPerHour);
    byHour.ask = {{0, false, false}, {1, true, false}, {2, false, false}};
    CubeQuery total;
    total.ask = {{2, false, false}};
    return {{"pool_model", "sum, mean and max of three measures by pool x model over 57 % of the year", bySeries},
            {"pool_model_p95", "the same with the 95th percentile of TTFT", withQuantile},
            {"hour_pool", "mean utilization, max TTFT and summed cost by hour x pool over the year", byHour},
            {"total", "the sum of all costs", total}};
}

/// Bytes of codes that a question reads: its measures, in the chunks that its range touches in part or whole.
double bytesRead(const SampleCube& cube, const CubeQuery& query)
{
    double bytes = 0;
    for (const CubeChunk& chunk : cube.chunks()) {
        if (chunk.maxTime < query.from || chunk.minTime >= query.to) {
            continue;
        }
        const double share =
            static_cast<double>(std::min(chunk.maxTime + 1, query.to) - std::max(chunk.minTime, query.from)) /
            static_cast<double>(chunk.maxTime + 1 - chunk.minTime);
        for (const CubeAsk& ask : query.ask) {
            bytes += share * std::visit([](const auto& c) { return static_cast<double>(c.size() * sizeof(c[0])); },
                                        chunk.columns[ask.measure].codes);
        }
    }
    return bytes;
}

/// Rows that an answer is made of.
std::int64_t samplesScanned(const CubeTable& table)
{
    const auto& counts = table.columns.front().counts;
    return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

/// What other engines' answers are compared with: groups, and sums over them.
Json checkOf(const SampleCube& cube, const CubeQuery& query, const CubeTable& table)
{
    Json check;
    std::int64_t groups = 0;
    const CubeCells& first = table.columns.front();
    groups = std::count_if(first.counts.begin(), first.counts.end(), [](std::int64_t n) { return n > 0; });
    check["groups"] = groups;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        const CubeMeasure& measure = cube.measures()[query.ask[i].measure];
        const CubeCells& cells = table.columns[i];
        std::int64_t sum = 0, count = 0, max = 0;
        double quantiles = 0;
        for (std::size_t cell = 0; cell < table.cells(); ++cell) {
            sum += cells.sums[cell];
            count += cells.counts[cell];
            if (!cells.maxs.empty() && cells.counts[cell] > 0) {
                max += cells.maxs[cell];
            }
            if (cells.sketchWidth > 0) {
                quantiles += cells.quantile(cell, 0.95);
            }
        }
        Json& of = check[measure.name];
        of["sum"] = static_cast<double>(sum) * measure.quantum;
        of["count"] = count;
        if (!cells.maxs.empty()) {
            of["sum_of_max"] = static_cast<double>(max) * measure.quantum;
        }
        if (cells.sketchWidth > 0) {
            of["mean_of_p95"] = quantiles / static_cast<double>(table.cells());
        }
    }
    return check;
}

struct RollUps {
    CubeRollUp bySeries, byHour;
    double seconds = 0;
};

Result<RollUps> rollUp(const SampleCube& cube, int threads)
{
    // What the dashboard's resolution asks for: days by series, hours by pool; quantiles where buckets hold enough.
    ISOBAR_TRY_ASSIGN(
        CubeRollUp bySeries,
        CubeRollUp::create({{0}, {1}}, {{0, true, false}, {1, true, true}, {2, true, false}},
                           {{kMicrosPerDay, false}, {16 * kMicrosPerDay, true}, {64 * kMicrosPerDay, true}}));
    ISOBAR_TRY_ASSIGN(
        CubeRollUp byHour,
        CubeRollUp::create({{0}}, {{0, false, false}, {1, true, false}, {2, false, false}}, {{kMicrosPerHour, false}}));
    const auto start = Clock::now();
    ISOBAR_TRY(bySeries.update(cube, threads));
    ISOBAR_TRY(byHour.update(cube, threads));
    return RollUps{std::move(bySeries), std::move(byHour), secondsSince(start)};
}

/// The same question from the roll-ups; the answer is read through, cell by cell, in the time.
Timing fromRollUps(const RollUps& rollUps, const Question& question, int repeats, double& sink)
{
    const CubeQuery& q = question.query;
    if (question.name == "hour_pool") {
        return fastest(repeats, [&] {
            for (const auto& slice : rollUps.byHour.slices(0, 0, 365 * kMicrosPerDay)) {
                const auto& columns = slice.table->columns;
                double means = 0;
                std::int64_t longest = 0, cost = 0;
                for (std::size_t pool = 0; pool < slice.table->groups; ++pool) {
                    if (columns[0].counts[pool] == 0) {
                        continue;
                    }
                    means += static_cast<double>(columns[0].sums[pool]) / static_cast<double>(columns[0].counts[pool]);
                    longest = std::max(longest, columns[1].maxs[pool]);
                    cost += columns[2].sums[pool];
                }
                sink += means + static_cast<double>(longest + cost);
            }
        });
    }
    const bool quantiles = question.name == "pool_model_p95";
    static const std::vector<std::uint32_t> kAllInOne(static_cast<std::size_t>(kSeries), 0);
    const bool total = q.by.empty();
    const std::int64_t from = total ? 0 : q.from, to = total ? 365 * kMicrosPerDay : q.to;
    return fastest(repeats, [&] {
        const auto table =
            total ? rollUps.bySeries.sum(from, to, false, kAllInOne, 1) : rollUps.bySeries.sum(from, to, quantiles);
        for (std::size_t cell = 0; table.ok() && cell < table->cells(); ++cell) {
            for (const CubeCells& column : table->columns) {
                sink += static_cast<double>(column.sums[cell]) / static_cast<double>(column.counts[cell]);
            }
            sink += quantiles ? table->columns[1].quantile(cell, 0.95) : 0;
        }
    });
}

} // namespace

Result<Json> benchmarkSamples(const AggregateBenchOptions& options)
{
    const Samples samples(options.rows);
    const auto start = Clock::now();
    ISOBAR_TRY_ASSIGN(const SampleCube cube, load(samples));
    const double loadSeconds = secondsSince(start);
    ISOBAR_TRY_ASSIGN(const RollUps rollUps, rollUp(cube, options.threads));
    const Bandwidth bandwidth = measureBandwidth(options.threads, options.repeats);
    Json all;
    all["rows"] = options.rows;
    all["pools"] = kPools;
    all["models"] = kModels;
    all["minutes_sampled"] = samples.minutes;
    all["threads"] = options.threads;
    all["load_seconds"] = loadSeconds;
    all["cube_bytes"] = cube.bytes();
    all["rollup_seconds"] = rollUps.seconds;
    all["rollup_bytes"] = rollUps.bySeries.bytes() + rollUps.byHour.bytes();
    all["triad_gigabytes_per_second"] = bandwidth.triad;
    all["read_gigabytes_per_second"] = bandwidth.read;
    double sink = 0;
    for (const Question& question : questions()) {
        CubeTable table;
        Status failed = Done{};
        const Timing scan = fastest(options.repeats, [&] {
            auto answer = ask(cube, question.query, options.threads);
            if (!answer.ok()) {
                failed = answer.error();
                return;
            }
            table = std::move(answer).value();
            // A quantile is not an answer before it is read off its sketch.
            for (const CubeCells& column : table.columns) {
                for (std::size_t cell = 0; column.sketchWidth > 0 && cell < table.cells(); ++cell) {
                    sink += column.quantile(cell, 0.95);
                }
            }
        });
        ISOBAR_TRY(std::move(failed));
        const Timing rolled = fromRollUps(rollUps, question, options.repeats, sink);
        const double read = bytesRead(cube, question.query) / scan.seconds * 1e-9;
        all["questions"].push_back({{"name", question.name},
                                    {"text", question.text},
                                    {"seconds", scan.seconds},
                                    {"cpu_seconds", scan.cpuSeconds},
                                    {"samples_scanned", samplesScanned(table)},
                                    {"rollup_seconds", rolled.seconds},
                                    {"read_gigabytes_per_second", read},
                                    {"share_of_bandwidth_ratio", read / bandwidth.read},
                                    {"check", checkOf(cube, question.query, table)}});
    }
    all["sink"] = sink; // so that nothing is left out as useless
    return all;
}

namespace {

int run(const AggregateBenchOptions& options, bool json)
{
    Json document{{"name", "aggregate"}};
    double wall = 0, scanned = 0;
    if (options.samples) {
        auto samples = benchmarkSamples(options);
        if (!samples.ok()) {
            return fail(samples.error());
        }
        for (const Json& question : (*samples)["questions"]) {
            wall += question["seconds"].get<double>();
            scanned += question["samples_scanned"].get<double>();
        }
        document["wall_seconds"] = wall;
        document["rate"] = scanned / wall;
        document["rate_unit"] = "samples/s";
        document["rows"] = options.rows;
        document["samples"] = std::move(*samples);
    }
    if (options.live) {
        auto live = benchmarkLive(options);
        if (!live.ok()) {
            return fail(live.error());
        }
        if (!options.samples) {
            document["wall_seconds"] = (*live)["append_seconds"];
            document["rate"] = (*live)["updates_per_second"];
            document["rate_unit"] = "series updates/s";
        }
        document["updates_per_second"] = (*live)["updates_per_second"];
        document["live"] = std::move(*live);
    }
    document["peak_rss_bytes"] = peakRssBytes();
    if (json) {
        return printJson(document);
    }
    std::string out;
    if (options.samples) {
        const Json& samples = document["samples"];
        out += fmt::format("{} samples, {} threads; memory is read at {:.1f} GB/s, triad {:.1f} GB/s\n",
                           grouped(options.rows), options.threads, samples["read_gigabytes_per_second"].get<double>(),
                           samples["triad_gigabytes_per_second"].get<double>());
        for (const Json& q : samples["questions"]) {
            out +=
                fmt::format("  {:<74} {:8.2f} ms, {:3.0f} % of bandwidth; from roll-ups {:6.2f} ms\n",
                            q["text"].get<std::string>(), q["seconds"].get<double>() * 1e3,
                            q["share_of_bandwidth_ratio"].get<double>() * 100, q["rollup_seconds"].get<double>() * 1e3);
        }
    }
    if (options.live) {
        const Json& live = document["live"];
        out += fmt::format("{}: {} series updates/s on one thread\n", live["fleet"].get<std::string>(),
                           grouped(live["updates_per_second"].get<double>(), 0));
        for (const Json& q : live["questions"]) {
            out += fmt::format("  {:<28} {:<6} {:<13} {:8.2f} ms\n", q["name"].get<std::string>(),
                               q["range"].get<std::string>(), q["filtered"].get<bool>() ? "of one model" : "",
                               q["seconds"].get<double>() * 1e3);
        }
    }
    return printText(out);
}

} // namespace

void addAggregateBench(CLI::App& bench, Runner& chosen)
{
    auto* command = bench.add_subcommand("aggregate", "Questions to raw samples and to the live fleet");
    auto options = std::make_shared<AggregateBenchOptions>();
    auto only = std::make_shared<std::string>("all");
    auto json = std::make_shared<bool>(false);
    command->add_option("--rows", options->rows, "Raw samples to make up")
        ->check(CLI::Range(std::int64_t{1'000'000}, std::int64_t{1'000'000'000}))
        ->capture_default_str();
    command->add_option("--threads", options->threads, "For the raw samples")
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    command->add_option("--repeats", options->repeats, "Of every question; the fastest counts")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    command->add_option("--only", *only, "samples, live or all")
        ->check(CLI::IsMember({"all", "samples", "live"}))
        ->capture_default_str();
    command->add_flag("--json", *json, "Print one JSON document and nothing else");
    command->callback([options, only, json, &chosen] {
        options->samples = *only != "live";
        options->live = *only != "samples";
        chosen = [options, json] { return run(*options, *json); };
    });
}

} // namespace isobar::cli
