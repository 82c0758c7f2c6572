// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/ingest/import.h"

#include <QObject>
#include <QString>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

namespace isobar::ui {

enum class ImportMode {
    Preview, ///< read and check everything, write nothing
    Import,  ///< one transaction a file
};

/// Reads files into a store in the background, one after the other, on a connection of its own. One run at a time;
/// every run has a generation, and what an older one still says is dropped. Never waits for the worker. Main thread.
class ImportJob : public QObject {
    Q_OBJECT
public:
    using Files = std::vector<std::filesystem::path>;
    /// What imports one file; ingest::importFile, unless a test gives another.
    using Importer = std::function<Result<ingest::ImportReport>(store::Store&, const std::filesystem::path&,
                                                                const ingest::ImportOptions&, const JobContext&)>;

    explicit ImportJob(QObject* parent = nullptr, Importer importer = ingest::importFile);
    ~ImportJob() override;

    /// Abandons what runs and starts on `files`; the store is opened by path.
    void start(ImportMode mode, const std::filesystem::path& store, const Files& files);
    /// Asks the worker to stop. The file at hand is rolled back; finished(true) tells when that is done.
    void cancel();
    /// Asks the worker to stop and hears no more of it: for previews, which write nothing.
    void abandon();

    [[nodiscard]] bool isRunning() const { return m_running; }
    [[nodiscard]] std::uint64_t generation() const { return m_generation; }

Q_SIGNALS:
    void progressed(int file, const isobar::Progress& progress);
    void fileDone(int file, const isobar::Result<isobar::ingest::ImportReport>& result);
    /// The store could not be opened: no file was read.
    void storeFailed(const isobar::Error& error);
    void finished(bool cancelled);

private:
    Importer m_importer;
    std::stop_source m_stop;
    std::uint64_t m_generation = 0;
    bool m_running = false;
};

} // namespace isobar::ui
