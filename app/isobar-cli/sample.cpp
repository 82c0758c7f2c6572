// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/command.h"
#include "app/isobar-cli/output.h"
#include "model/proto/shipped.h"
#include "model/store/scenarios.h"

#include <fmt/format.h>

namespace isobar::cli {
namespace {

int run(const std::string& path)
{
    const auto fleet = proto::shippedSample();
    if (!fleet.ok()) {
        return fail(fleet.error());
    }
    const auto scenarios = store::sampleScenarios(*fleet);
    if (!scenarios.ok()) {
        return fail(scenarios.error());
    }
    auto store = store::Store::create(path, *fleet, *scenarios);
    if (!store.ok()) {
        return fail(store.error());
    }
    // The window begins with the ordinary day, as it does on the sample itself.
    if (const Status set = store->setSetting(store::kScenarioSetting, scenarios->front().name); !set.ok()) {
        return fail(set.error());
    }
    std::int64_t chips = 0;
    for (const Pool& pool : fleet->pools) {
        chips += pool.totalChips();
    }
    return printText(fmt::format("{}: {}, {} accelerators in {} regions of {} providers, {} scenarios\n", path,
                                 fleet->name, grouped(chips), fleet->regions.size(), fleet->providers.size(),
                                 scenarios->size()));
}

} // namespace

void addSample(CLI::App& app, Runner& chosen)
{
    auto* command = app.add_subcommand("sample", "Write the bundled sample fleet as a new store");
    auto path = std::make_shared<std::string>();
    command->add_option("STORE", *path, "The store to make; a file that exists is left alone")->required();
    command->callback([path, &chosen] { chosen = [path] { return run(*path); }; });
}

} // namespace isobar::cli
