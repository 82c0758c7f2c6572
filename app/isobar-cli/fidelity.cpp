// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/isobar-cli/fidelity.h"

#include "app/isobar-cli/command.h"
#include "app/isobar-cli/headless.h"
#include "app/isobar-cli/output.h"
#include "model/proto/shipped.h"
#include "model/report/table_writer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>

namespace isobar::cli {
namespace {

struct Options {
    std::string measured, systems, models, runs, mlperf, accelerator = "RTX PRO 6000", azure, out;
};

struct Part {
    const char* what; ///< what it needs
    std::vector<const std::string*> needs;
    std::function<Result<FidelitySection>(const JobContext&)> write;
};

bool areThere(const Part& part)
{
    std::error_code ignored;
    for (const std::string* path : part.needs) {
        if (path->empty() || !std::filesystem::exists(*path, ignored)) {
            return false;
        }
    }
    return true;
}

int run(const Options& options)
{
    const std::filesystem::path folder = options.out;
    std::error_code failed;
    std::filesystem::create_directories(folder, failed);
    if (failed) {
        printError(fmt::format("cannot make the folder {}: {}", options.out, failed.message()));
        return kFailed;
    }
    const Interrupt interrupt;
    ProgressLine line;
    const JobContext job = line.job(interrupt.token());
    const Headless qt(ui::ThemeChoice::Light);
    FittedRows fitted; // of the measured rows, where they are there
    const Part parts[] = {
        {"--measured, --systems and --models",
         {&options.measured, &options.systems, &options.models},
         [&](const JobContext& j) {
             return rowsSection(options.measured, options.systems, options.models, fitted, j);
         }},
        {"--vllm-runs, --systems and --models",
         {&options.runs, &options.systems, &options.models},
         [&](const JobContext& j) {
             return runsSection(options.runs, options.accelerator, options.systems, options.models, j);
         }},
        {"--mlperf and --systems",
         {&options.mlperf, &options.systems},
         [&](const JobContext&) -> Result<FidelitySection> {
             if (fitted.calibration.efficiencies.empty()) {
                 ISOBAR_TRY_ASSIGN(fitted.calibration, proto::shippedCalibration());
             }
             return mlperfSection(options.mlperf, fitted, options.systems);
         }},
        {"--azure", {&options.azure}, [&](const JobContext& j) { return peersSection(options.azure, j); }},
    };
    std::string report = "# Fidelity: figures\n\nWritten by `isobar-cli fidelity`.\n";
    std::string skipped;
    std::size_t sections = 0;
    for (const Part& part : parts) {
        if (!areThere(part)) {
            skipped += fmt::format("skipped: what {} name is not there\n", part.what);
            continue;
        }
        const auto section = part.write(job);
        if (!section.ok()) {
            line.clear();
            return fail(section.error());
        }
        ++sections;
        report += fmt::format("\n## {}\n\n{}", section->title, section->markdown);
        for (const PlotPicture& picture : section->pictures) {
            if (const Status written = writePlot(picture, folder); !written.ok()) {
                line.clear();
                return fail(written.error());
            }
            report += fmt::format("\n![{}]({})\n", picture.caption.toStdString(), picture.file);
        }
    }
    line.clear();
    if (sections == 0) {
        printError(fmt::format("nothing to report on ({})", "give --measured, --vllm-runs, --mlperf or --azure"));
        return kFailed;
    }
    const std::filesystem::path file = folder / "fidelity.md";
    if (const Status written = report::writeFile(file, report); !written.ok()) {
        return fail(written.error());
    }
    return printText(
        fmt::format("{}wrote {} with {} section{}\n", skipped, file.string(), sections, sections == 1 ? "" : "s"));
}

} // namespace

std::string tableRow(const std::vector<std::string>& cells)
{
    return fmt::format("| {} |\n", fmt::join(cells, " | "));
}

void addFidelity(CLI::App& app, Runner& chosen)
{
    auto* command = app.add_subcommand(
        "fidelity", "Compare the serving model with measured hardware and with other simulators: tables and pictures");
    auto options = std::make_shared<Options>();
    command->add_option("--measured", options->measured, "Table of measurements (aiconfigurator's silicon rows, CSV)");
    command->add_option("--systems", options->systems, "Folder of the accelerators' descriptions (SYSTEM.yaml)");
    command->add_option("--models", options->models, "Folder of the models' config.json (owner--Name_config.json)");
    command->add_option("--vllm-runs", options->runs, "Folder of vLLM runs, each with its settings beside it");
    command->add_option("--vllm-accelerator", options->accelerator, "What those ran on")->capture_default_str();
    command->add_option("--mlperf", options->mlperf, "MLPerf's summary_results.json");
    command->add_option("--azure", options->azure, "The Azure conversation trace of 2023 (CSV)");
    command->add_option("--out", options->out, "Folder for fidelity.md and its pictures")->required();
    command->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

} // namespace isobar::cli
