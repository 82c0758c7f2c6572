// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/import.h"
#include "app/isobar-cli/command.h"
#include "app/isobar-cli/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>

namespace isobar::cli {
namespace {

constexpr std::size_t kDiagnosticsShown = 20;

struct Options {
    std::string store, format;
    std::vector<std::string> paths;
    bool create = false, dryRun = false, json = false;
};

/// What became of the row a diagnostic is about.
const char* severity(const store::Diagnostic& d)
{
    return d.quarantined ? "quarantined" : d.repaired ? "repaired" : "noticed";
}

Json json(const ingest::ImportReport& report)
{
    const store::ImportRecord& r = report.record;
    Json out{{"path", r.path},
             {"format", r.format},
             {"sha256", r.sha256},
             {"rows_read", r.rowsRead},
             {"rows_accepted", r.rowsAccepted},
             {"rows_repaired", r.rowsRepaired},
             {"rows_quarantined", r.rowsQuarantined},
             {"rows_unchanged", r.rowsUnchanged},
             {"wall_seconds", r.wallSeconds},
             {"diagnostics_total", report.diagnosticsTotal},
             {"diagnostics", Json::array()}};
    for (const store::Diagnostic& d : report.diagnostics) {
        out["diagnostics"].push_back({{"line", d.line},
                                      {"column", d.column},
                                      {"rule", d.rule},
                                      {"text", d.text},
                                      {"quarantined", d.quarantined},
                                      {"severity", severity(d)}});
    }
    return out;
}

/// One line of the file's text, whatever bytes it holds.
std::string plain(std::string text)
{
    for (char& c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            c = ' ';
        }
    }
    return text;
}

std::string words(const ingest::ImportReport& report, bool dryRun)
{
    const store::ImportRecord& r = report.record;
    std::string out = fmt::format("{}: {}, {} rows in {:.2f} s: {} accepted, {} repaired, {} quarantined, {} "
                                  "unchanged{}\n",
                                  r.path, r.format, grouped(r.rowsRead), r.wallSeconds, grouped(r.rowsAccepted),
                                  grouped(r.rowsRepaired), grouped(r.rowsQuarantined), grouped(r.rowsUnchanged),
                                  dryRun ? " (dry run: nothing was written)" : "");
    const std::size_t shown = std::min(kDiagnosticsShown, report.diagnostics.size());
    for (std::size_t i = 0; i < shown; ++i) {
        const store::Diagnostic& d = report.diagnostics[i];
        out += fmt::format("  {}{}{}: {} [{}]\n", d.line > 0 ? fmt::format("line {}", d.line) : "",
                           d.column > 0 ? fmt::format(", column {}: ", d.column)
                           : d.line > 0 ? ": "
                                        : "",
                           severity(d), plain(d.text), d.rule);
    }
    if (report.diagnosticsTotal > static_cast<std::int64_t>(shown)) {
        out += fmt::format("  and {} more{}\n", grouped(report.diagnosticsTotal - static_cast<std::int64_t>(shown)),
                           report.diagnosticsTotal <= static_cast<std::int64_t>(report.diagnostics.size())
                               ? " (--json lists them)"
                               : " (--json lists the first 1,000)");
    }
    return out;
}

Result<store::Store> openStore(const Options& options, bool& created)
{
    std::error_code ignored;
    created = options.create && !std::filesystem::exists(options.store, ignored);
    if (created) {
        return store::Store::create(options.store);
    }
    auto store = store::Store::open(options.store);
    if (!store.ok() && store.error().code == ErrorCode::NotFound) {
        Error error = store.error();
        error.advice = "make one with: isobar-cli sample STORE, or give --create to start an empty one";
        return error;
    }
    return store;
}

/// A store that was made for an import which brought nothing goes again: the command had no effect.
void removeStore(const std::string& path)
{
    std::error_code ignored;
    for (const char* suffix : {"", "-wal", "-shm"}) {
        std::filesystem::remove(path + suffix, ignored);
    }
}

/// Files are independent: each is one transaction, and one that fails does not keep the others out. Ctrl+C ends the
/// file at hand, which leaves no trace, and the rest are not begun.
int run(const Options& options)
{
    Interrupt interrupt;
    bool created = false;
    std::optional<store::Store> store;
    if (auto opened = openStore(options, created); opened.ok()) {
        store = std::move(*opened);
    } else {
        return fail(opened.error());
    }

    ingest::ImportOptions importOptions;
    importOptions.dryRun = options.dryRun;
    if (!options.format.empty()) {
        importOptions.format = ingest::formatByName(options.format);
    }
    Json documents = Json::array();
    int exitCode = kDone, imported = 0;
    ProgressLine line;
    for (const std::string& path : options.paths) {
        const auto report = ingest::importFile(*store, path, importOptions, line.job(interrupt.token()));
        line.clear();
        if (!report.ok()) {
            exitCode = fail(report.error());
            if (report.error().code == ErrorCode::Cancelled) {
                break;
            }
            continue;
        }
        ++imported;
        if (options.json) {
            documents.push_back(json(*report));
        } else if (printText(words(*report, options.dryRun)) != kDone) {
            return kFailed;
        }
    }
    if (created && imported == 0) {
        store.reset();
        removeStore(options.store);
    }
    // Also after a failure: the array says which files are in the store now.
    if (options.json && printJson(documents) != kDone) {
        return kFailed;
    }
    return exitCode;
}

} // namespace

void addImport(CLI::App& app, Runner& chosen)
{
    auto* command = app.add_subcommand("import", "Read price catalogues, request traces and fleet files into a store");
    auto options = std::make_shared<Options>();
    command->add_option("STORE", options->store, "The store")->required();
    command
        ->add_option("PATH", options->paths,
                     "Files, and folders or .tar.gz archives of ServeGen traces; each is one transaction, and one that "
                     "fails does not keep the others out")
        ->required();
    std::vector<std::string> formats;
    for (const auto format : ingest::importFormats()) {
        formats.emplace_back(ingest::formatName(format));
    }
    command->add_option("--format", options->format, "What the files are; recognised when not given")
        ->check(CLI::IsMember(formats));
    auto* create = command->add_flag("--create", options->create, "Start an empty store when there is none");
    command->add_flag("--dry-run", options->dryRun, "Read and check everything, write nothing")->excludes(create);
    command->add_flag("--json", options->json, "Print one JSON document and nothing else");
    command->callback([options, &chosen] { chosen = [options] { return run(*options); }; });
}

} // namespace isobar::cli
