// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/data/import_job.h"

#include <QFutureWatcher>
#include <QPromise>
#include <QtConcurrent>

#include <chrono>
#include <variant>

namespace isobar::ui {
namespace {

constexpr std::chrono::milliseconds kBetweenReports{40};

struct FileProgress {
    int file = 0;
    Progress progress;
};
struct FileDone {
    int file = 0;
    Result<ingest::ImportReport> result;
};
struct StoreFailed {
    Error error;
};
using Update = std::variant<FileProgress, FileDone, StoreFailed>;

struct Run {
    ImportMode mode;
    std::filesystem::path store;
    ImportJob::Files files;
    ImportJob::Importer importer;
    std::stop_token stop;
};

/// On a worker; touches no QObject.
void work(QPromise<Update>& promise, const Run& run)
{
    auto opened = store::Store::open(run.store);
    if (!opened) {
        promise.addResult(Update(StoreFailed{opened.error()}));
        return;
    }
    ingest::ImportOptions options;
    options.dryRun = run.mode == ImportMode::Preview;
    for (std::size_t i = 0; i < run.files.size() && !run.stop.stop_requested(); ++i) {
        const int file = static_cast<int>(i);
        auto last = std::chrono::steady_clock::time_point{};
        std::string stage;
        JobContext job;
        job.stop = run.stop;
        job.report = [&](const Progress& progress) {
            const auto now = std::chrono::steady_clock::now();
            if (progress.stage != stage || now - last >= kBetweenReports) {
                last = now;
                stage = progress.stage;
                promise.addResult(Update(FileProgress{file, progress}));
            }
        };
        promise.addResult(Update(FileDone{file, run.importer(*opened, run.files[i], options, job)}));
    }
}

} // namespace

ImportJob::ImportJob(QObject* parent, Importer importer)
    : QObject(parent)
    , m_importer(std::move(importer))
{
}

ImportJob::~ImportJob()
{
    m_stop.request_stop();
}

void ImportJob::start(ImportMode mode, const std::filesystem::path& store, const Files& files)
{
    abandon();
    m_stop = std::stop_source();
    m_running = true;
    const std::uint64_t mine = m_generation;
    auto* watcher = new QFutureWatcher<Update>(this);
    connect(watcher, &QFutureWatcherBase::resultReadyAt, this, [this, watcher, mine](int at) {
        if (mine != m_generation) {
            return;
        }
        const Update update = watcher->resultAt(at);
        if (const auto* progress = std::get_if<FileProgress>(&update)) {
            Q_EMIT progressed(progress->file, progress->progress);
        } else if (const auto* done = std::get_if<FileDone>(&update)) {
            Q_EMIT fileDone(done->file, done->result);
        } else {
            Q_EMIT storeFailed(std::get<StoreFailed>(update).error);
        }
    });
    connect(watcher, &QFutureWatcherBase::finished, this, [this, watcher, mine, stop = m_stop] {
        watcher->deleteLater();
        if (mine == m_generation) {
            m_running = false;
            Q_EMIT finished(stop.stop_requested());
        }
    });
    watcher->setFuture(QtConcurrent::run(work, Run{mode, store, files, m_importer, m_stop.get_token()}));
}

void ImportJob::cancel()
{
    m_stop.request_stop();
}

void ImportJob::abandon()
{
    m_stop.request_stop();
    ++m_generation;
    m_running = false;
}

} // namespace isobar::ui
