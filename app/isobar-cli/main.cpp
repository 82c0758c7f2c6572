// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/command.h"
#include "app/isobar-cli/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <new>

namespace {

using namespace isobar::cli;

/// What was wrong with the command line, on one line, and where to read what is right.
int wrongUsage(const CLI::App& app, const std::string& what)
{
    const auto parsed = app.get_subcommands();
    std::string help = "isobar-cli";
    for (const CLI::App* command = parsed.empty() ? nullptr : parsed.front(); command != nullptr;) {
        help += " " + command->get_name();
        const auto nested = command->get_subcommands();
        command = nested.empty() ? nullptr : nested.front();
    }
    printError(fmt::format("{} (see: {} --help)", what, help));
    return kUsage;
}

int runProgram(int argc, char** argv)
{
    CLI::App app{"What Isobar's window does, for scripts. Exit status: 0 done, 1 the work failed, 2 wrong usage.",
                 "isobar-cli"};
    app.set_version_flag("--version", std::string("isobar-cli ") + ISOBAR_VERSION, "Print the version and exit");
    app.set_help_flag("-h,--help", "Print this help and exit");
    app.require_subcommand(1);
    Runner chosen;
    addSample(app, chosen);
    addImport(app, chosen);
    addInfo(app, chosen);
    addSimulate(app, chosen);
    addDevices(app, chosen);
    addReplay(app, chosen);
    addExport(app, chosen);
    addCalibrate(app, chosen);
    addFidelity(app, chosen);
    addHistory(app, chosen);
    addScenario(app, chosen);
    addQuery(app, chosen);
    addSql(app, chosen);
    addRepair(app, chosen);
    addBench(app, chosen);

    if (argc < 2) {
        return wrongUsage(app, "no command given");
    }
    const auto commands = app.get_subcommands([](const CLI::App*) { return true; });
    const auto isFirst = [argv](const CLI::App* command) { return command->get_name() == argv[1]; };
    if (argv[1][0] != '-' && std::none_of(commands.begin(), commands.end(), isFirst)) {
        return wrongUsage(app, fmt::format("there is no command '{}'", argv[1]));
    }
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForVersion&) {
        return printText(app.version() + "\n");
    } catch (const CLI::CallForHelp&) {
        return printText(app.help());
    } catch (const CLI::ParseError& error) {
        return wrongUsage(app, error.what());
    }
    return chosen();
}

} // namespace

int main(int argc, char** argv)
{
    // A reader that goes away (`| head`) is an error of write(), not the end of the program.
    std::signal(SIGPIPE, SIG_IGN);
    try {
        return runProgram(argc, argv);
    } catch (const std::bad_alloc&) {
        printError("out of memory (give it less at once: a smaller --size, a shorter --for)");
    } catch (const std::exception& error) {
        printError(fmt::format("internal error: {} (please report it)", error.what()));
    }
    return kFailed;
}
