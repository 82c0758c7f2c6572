// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "tests/ui/charts/chart_samples.h"
#include "ui/charts/mark_data.h"

#include <random>

/// Invented data for the charts made of marks, of the size and unevenness that a fleet has.
namespace isobar::ui::test {

inline QString words(const char* text)
{
    return QString::fromUtf8(text);
}

inline HeatMapData loadByRegion(int rows = 14, int columns = 7)
{
    static const char* const kRegions[] = {"Virginia",  "Oregon", "Iowa",      "Frankfurt", "Dublin",
                                           "London",    "Paris",  "Stockholm", "São Paulo", "Mumbai",
                                           "Singapore", "Tokyo",  "Sydney",    "Seoul",     "Montréal",
                                           "Zürich",    "Milan",  "Osaka",     "Jakarta",   "Johannesburg"};
    static const char* const kModels[] = {"chat-large", "chat-small", "code-mid",  "embed",
                                          "vision",     "batch-eval", "train-next"};
    HeatMapData data;
    data.title = words("Load by region and model");
    data.unitNote = words("% of replicas busy");
    data.emptyText = words("No model is placed anywhere.");
    data.trouble = 0.9;
    data.from = 0, data.to = 1;
    std::mt19937 random(7);
    std::uniform_real_distribution<double> uniform(0, 1);
    for (int r = 0; r < rows; ++r) {
        data.rows.push_back({QStringLiteral("r%1").arg(r), words(kRegions[r % 20])});
    }
    for (int c = 0; c < columns; ++c) {
        data.columns.push_back({QStringLiteral("m%1").arg(c), words(kModels[c % 7])});
    }
    for (int i = 0; i < rows * columns; ++i) {
        const double u = uniform(random);
        data.values << (u < 0.12 ? kNaN : u * u * 1.02);
    }
    return data;
}

inline LorenzData loadSpread()
{
    LorenzData data;
    data.title = words("Load spread");
    data.unitNote = words("share of load over share of capacity");
    data.nowName = words("now"), data.beforeName = words("yesterday");
    data.emptyText = words("No load yet.");
    std::mt19937 random(3);
    std::uniform_real_distribution<double> uniform(0, 1);
    for (int i = 0; i < 24; ++i) {
        const double capacity = 100 + 900 * uniform(random), load = uniform(random);
        const QString key = QStringLiteral("r%1").arg(i);
        data.entries.push_back({key, QStringLiteral("Region %1").arg(i + 1), capacity, capacity * load * load});
        data.before.push_back({key, QStringLiteral("Region %1").arg(i + 1), capacity, capacity * (0.5 + load)});
    }
    return data;
}

inline SankeyData flowsToModels(int areas = 7)
{
    SankeyData data;
    data.title = words("Where requests go");
    data.unitNote = words("requests/s");
    data.emptyText = words("No requests yet.");
    static const char* const kAreas[] = {"North America", "Western Europe", "South Asia", "East Asia",
                                         "South America", "Oceania",        "Africa",     "Middle East"};
    SankeyColumn users{words("User area"), {}};
    for (int i = 0; i < areas; ++i) {
        users.nodes.push_back({QStringLiteral("a%1").arg(i), words(kAreas[i % 8]), {}});
    }
    SankeyColumn providers{words("Provider"), {}};
    for (const auto& [key, name] :
         {std::pair{"azure", "Azure"}, std::pair{"gcp", "Google Cloud"}, std::pair{"aws", "AWS"},
          std::pair{"oci", "OCI"}, std::pair{"coreweave", "CoreWeave"}}) {
        providers.nodes.push_back({words(key), words(name), theme().provider(key)});
    }
    SankeyColumn models{words("Model"), {}};
    for (const char* name : {"chat-large", "chat-small", "code-mid", "embed", "vision"}) {
        models.nodes.push_back({words(name), words(name), {}});
    }
    data.columns = {users, providers, models};
    std::mt19937 random(11);
    std::uniform_real_distribution<double> uniform(0, 1);
    for (int a = 0; a < areas; ++a) {
        for (int p = 0; p < 5; ++p) {
            for (int m = 0; m < 5; ++m) {
                const double u = uniform(random);
                if (u > 0.35) {
                    data.paths.push_back({{a, p, m}, u * u * u * 9000 / (1 + a) / (1 + p * 0.7) / (1 + m * 0.5)});
                }
            }
        }
    }
    return data;
}

inline TreemapData spendTree()
{
    TreemapData data;
    data.title = words("Spend");
    data.unitNote = words("$ / day, by provider and region");
    data.rootName = words("All providers");
    data.emptyText = words("Nothing is paid for yet.");
    std::mt19937 random(5);
    std::uniform_real_distribution<double> uniform(0, 1);
    const std::vector<std::tuple<const char*, const char*, int>> providers{{"azure", "Azure", 11},
                                                                           {"gcp", "Google Cloud", 8},
                                                                           {"coreweave", "CoreWeave", 3},
                                                                           {"aws", "AWS", 5},
                                                                           {"oci", "OCI", 4}};
    double size = 1;
    for (const auto& [key, name, regions] : providers) {
        TreemapNode provider{words(key), words(name), theme().provider(key), 0, {}, {}};
        for (int r = 0; r < regions; ++r) {
            TreemapNode region{QStringLiteral("%1-%2").arg(words(key)).arg(r),
                               QStringLiteral("region-%1").arg(r + 1),
                               {},
                               0,
                               words("+2.1 % vs last week"),
                               {}};
            for (const char* model : {"chat-large", "chat-small", "code-mid"}) {
                region.children.push_back(
                    {words(model), words(model), {}, size * 900000 * std::pow(uniform(random), 3) + 500, {}, {}});
            }
            provider.children.push_back(std::move(region));
        }
        data.nodes.push_back(std::move(provider));
        size *= 0.7;
    }
    return data;
}

inline CommitmentsData contracts()
{
    CommitmentsData data;
    data.title = words("Commitments");
    data.unitNote = words("use, waste and expiry");
    data.emptyText = words("No contracts.");
    data.now = kNoon;
    constexpr double kDay = 86400;
    data.rows = {
        {words("a"),
         words("Azure"),
         words("Reserved, 1 year"),
         theme().provider("azure"),
         kNoon - 150 * kDay,
         kNoon + 215 * kDay,
         0.92,
         0.88,
         42000.0,
         false,
         {{kNoon + 70 * kDay, words("512 H200, westeurope")}}},
        {words("g"),
         words("Google Cloud"),
         words("1-year CUD"),
         theme().provider("gcp"),
         kNoon - 240 * kDay,
         kNoon + 125 * kDay,
         0.64,
         0.97,
         3100.0,
         false,
         {{kNoon + 40 * kDay, words("512 TPU v6e, europe-west3")},
          {kNoon + 160 * kDay, words("1,024 TPU v6e, us-east5")}}},
        {words("c"),
         words("CoreWeave"),
         words("Take-or-pay"),
         theme().provider("coreweave"),
         kNoon - 60 * kDay,
         kNoon + 1050 * kDay,
         1.0,
         0.61,
         187000.0,
         true,
         {}},
        {words("w"),
         words("AWS"),
         words("Savings plan"),
         theme().provider("aws"),
         kNoon - 20 * kDay,
         kNoon + 1080 * kDay,
         0.38,
         0.99,
         900.0,
         false,
         {},
         true},
    };
    return data;
}

inline ConcentrationData whoHasIt()
{
    ConcentrationData data;
    data.title = words("Concentration");
    data.unitNote = words("share of capacity");
    data.capacityUnit = words("accelerators");
    data.limit = 0.45;
    data.emptyText = words("No capacity.");
    const auto row = [](const char* key, const char* name, double share, const char* verdict) {
        return ConcentrationRow{words(key),           words(name), theme().provider(key), share,
                                251300 * (1 - share), 154300,      words(verdict)};
    };
    data.rows = {row("azure", "Azure", 0.462, "SLO 71 %"), row("gcp", "Google Cloud", 0.228, "SLO 98.9 %"),
                 row("coreweave", "CoreWeave", 0.151, "SLO 99.1 %"), row("aws", "AWS", 0.094, "SLO 99.3 %"),
                 row("oci", "OCI", 0.065, "SLO 99.3 %")};
    return data;
}

/// 48 bins from 10 ms to 10 s, even in logarithm; log-normal around `median` seconds.
inline DistributionSeries logNormal(const char* name, const QColor& color, double median, double sigma)
{
    DistributionSeries s;
    s.name = words(name), s.color = color;
    for (int i = 0; i <= 48; ++i) {
        s.edges << std::pow(10.0, -2 + 3.0 * i / 48);
    }
    const auto below = [&](double x) { return 0.5 * std::erfc(-std::log(x / median) / (sigma * std::sqrt(2.0))); };
    for (int i = 0; i < 48; ++i) {
        s.counts << std::round(1e6 * (below(s.edges[i + 1]) - below(s.edges[i])));
    }
    return s;
}

inline DistributionData firstTokens()
{
    DistributionData data;
    data.title = words("Time to first token");
    data.unitNote = words("share of requests");
    data.target = 0.5, data.targetLabel = words("SLO 0.5 s");
    data.emptyText = words("No requests yet.");
    data.series = {logNormal("now", theme().accent, 0.16, 0.6), logNormal("yesterday", theme().muted, 0.12, 0.5)};
    data.series[1].ghost = true;
    return data;
}

inline BarsData spendByModel()
{
    BarsData data;
    data.title = words("Spend by model");
    data.unitNote = words("$ / day");
    data.kind = ValueKind::UsdPerDay;
    data.beforeName = words("last week");
    data.emptyText = words("Nothing is paid for yet.");
    double value = 5.2e6;
    for (const char* name : {"chat-large", "chat-small", "train-next", "code-mid", "vision", "embed", "batch-eval",
                             "speech", "rerank", "guard", "translate", "ocr"}) {
        data.rows.push_back({words(name),
                             words(name),
                             {},
                             value,
                             value * (0.8 + 0.04 * static_cast<double>(data.rows.size())),
                             {},
                             false});
        value *= 0.66;
    }
    return data;
}

// The same against what they are compared with.

inline HeatMapData heatCompared()
{
    HeatMapData data = loadByRegion();
    data.beforeName = words("previous 5 min");
    for (qsizetype i = 0; i < data.values.size(); ++i) {
        data.before << data.values[i] * (0.7 + 0.05 * static_cast<double>(i % 11));
    }
    return data;
}

inline SankeyData flowsCompared()
{
    SankeyData data = flowsToModels();
    data.beforeName = words("previous 5 min");
    for (std::size_t i = 0; i < data.paths.size(); ++i) {
        data.paths[i].before = data.paths[i].value * (data.paths[i].nodes[0] % 2 == 0 ? 1.3 : 0.7);
    }
    return data;
}

inline TreemapData spendTreeCompared()
{
    TreemapData data = spendTree();
    data.beforeName = words("previous 5 min");
    int at = 0;
    for (TreemapNode& provider : data.nodes) {
        for (TreemapNode& region : provider.children) {
            region.note.clear();
            for (TreemapNode& model : region.children) {
                model.before = model.value * (0.8 + 0.05 * (at++ % 9));
            }
        }
    }
    return data;
}

inline ConcentrationData concentrationCompared()
{
    ConcentrationData data = whoHasIt();
    data.beforeName = words("previous 5 min");
    for (std::size_t i = 0; i < data.rows.size(); ++i) {
        data.rows[i].shareBefore = data.rows[i].share * (i == 0 ? 0.9 : 1.08);
    }
    return data;
}

/// Six series of `n` samples at one second, with a spike a single sample wide in each.
inline TimeChartData longSeries(int n, int count = 3)
{
    TimeChartData data;
    data.title = words("Time to first token");
    data.unitNote = words("s");
    data.emptyText = words("Nothing recorded yet.");
    const char* const kNames[] = {"azure", "gcp", "aws", "coreweave", "oci", "other"};
    for (int s = 0; s < count; ++s) {
        TimeSeries series;
        series.name = words(kNames[s % 6]), series.color = theme().provider(kNames[s % 6]);
        series.times.reserve(n), series.values.reserve(n);
        for (int i = 0; i < n; ++i) {
            series.times << kNoon + i;
            series.values << 1 + s + 0.4 * std::sin(i * 6.28 / n * 3) + 0.1 * std::sin(i * 0.7 + s);
        }
        series.values[n / 3 + s] = 9;
        data.series.push_back(std::move(series));
    }
    return data;
}

} // namespace isobar::ui::test
