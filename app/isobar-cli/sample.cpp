// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/command.h"
#include "app/isobar-cli/output.h"
#include "model/proto/shipped.h"
#include "model/store/store.h"

#include <fmt/format.h>

namespace isobar::cli {
namespace {

int run(const std::string& path)
{
    const auto fleet = proto::shippedSample();
    if (!fleet.ok()) {
        return fail(fleet.error());
    }
    const auto store = store::Store::create(path, *fleet);
    if (!store.ok()) {
        return fail(store.error());
    }
    std::int64_t chips = 0;
    for (const Pool& pool : fleet->pools) {
        chips += pool.totalChips();
    }
    return printText(fmt::format("{}: {}, {} accelerators in {} regions of {} providers\n", path, fleet->name,
                                 grouped(chips), fleet->regions.size(), fleet->providers.size()));
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
