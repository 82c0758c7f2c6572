// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/ui/data/data_files.h"
#include "ui/data/import_job.h"

#include <QTest>

#include <atomic>
#include <memory>
#include <thread>

using namespace isobar;
using namespace isobar::ui;

namespace {

/// What a run said, in order.
struct Heard {
    explicit Heard(ImportJob& job)
    {
        QObject::connect(&job, &ImportJob::fileDone, [this](int file, const Result<ingest::ImportReport>& result) {
            files.push_back(file);
            results.push_back(result);
        });
        QObject::connect(&job, &ImportJob::progressed, [this](int, const Progress&) { ++progress; });
        QObject::connect(&job, &ImportJob::storeFailed, [this](const Error& error) { storeError = error; });
        QObject::connect(&job, &ImportJob::finished, [this](bool wasCancelled) { cancelled.push_back(wasCancelled); });
    }
    std::vector<int> files;
    std::vector<Result<ingest::ImportReport>> results;
    std::optional<Error> storeError;
    std::vector<bool> cancelled;
    int progress = 0;
};

/// Works until it is stopped, and says so in `stopped`.
ImportJob::Importer endless(std::shared_ptr<std::atomic<bool>> stopped)
{
    return [stopped](store::Store&, const std::filesystem::path&, const ingest::ImportOptions&,
                     const JobContext& job) -> Result<ingest::ImportReport> {
        job.progress("Reading for ever", 1, 0);
        while (!job.cancelled()) {
            std::this_thread::yield();
        }
        stopped->store(true);
        return Error{.code = ErrorCode::Cancelled, .message = "stopped"};
    };
}

} // namespace

/// The background work of an import, without a window.
class TestImportJob : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        QTest::failOnWarning(QRegularExpression(QStringLiteral(".*")));
        m_folder = std::make_unique<QTemporaryDir>();
        m_store = test::makeStore(*m_folder);
    }

    void previewReportsAndWritesNothing()
    {
        const test::StoreState before = test::stateOf(m_store);
        ImportJob job;
        Heard heard(job);
        job.start(ImportMode::Preview, m_store.toStdString(),
                  {test::write(*m_folder, "azure.vms.csv", test::badCatalogue()).toStdString(),
                   test::write(*m_folder, "trace.csv", test::goodTrace()).toStdString()});
        QVERIFY(job.isRunning());
        QTRY_COMPARE_WITH_TIMEOUT(heard.cancelled, std::vector<bool>{false}, test::kPatienceMs);
        QCOMPARE(heard.files, (std::vector<int>{0, 1}));
        const store::ImportRecord& catalogue = heard.results[0]->record;
        QCOMPARE(catalogue.rowsRead, 9);
        QCOMPARE(catalogue.rowsAccepted, 3);
        QCOMPARE(catalogue.rowsRepaired, 1);
        QCOMPARE(catalogue.rowsQuarantined, 4);
        QCOMPARE(catalogue.rowsUnchanged, 1);
        QCOMPARE(heard.results[1]->record.rowsAccepted, 3);
        QCOMPARE(test::stateOf(m_store), before);
        QVERIFY(!job.isRunning());
    }

    void importWrites()
    {
        ImportJob job;
        Heard heard(job);
        job.start(ImportMode::Import, m_store.toStdString(),
                  {test::write(*m_folder, "azure.vms.csv", test::badCatalogue()).toStdString()});
        QTRY_COMPARE_WITH_TIMEOUT(heard.cancelled, std::vector<bool>{false}, test::kPatienceMs);
        QCOMPARE(test::stateOf(m_store), (test::StoreState{4, 0, 4, 1}));
    }

    void cancelReturnsAtOnceAndTellsWhenItIsDone()
    {
        // It ends only after cancel() returned: one that waited for it would never come back.
        const auto mayEnd = std::make_shared<std::atomic<bool>>(false);
        ImportJob job(nullptr, [wait = endless(std::make_shared<std::atomic<bool>>(false)),
                                mayEnd](store::Store& store, const std::filesystem::path& path,
                                        const ingest::ImportOptions& options, const JobContext& context) {
            auto report = wait(store, path, options, context);
            while (!mayEnd->load()) {
                std::this_thread::yield();
            }
            return report;
        });
        Heard heard(job);
        job.start(ImportMode::Import, m_store.toStdString(), {"a", "b"});
        QTRY_VERIFY_WITH_TIMEOUT(heard.progress > 0, test::kPatienceMs);
        job.cancel();
        const bool early = !heard.cancelled.empty();
        mayEnd->store(true);
        QVERIFY(!early);
        QTRY_COMPARE_WITH_TIMEOUT(heard.cancelled, std::vector<bool>{true}, test::kPatienceMs);
        QCOMPARE(heard.files, std::vector<int>{0}); // the second was not begun
        QCOMPARE(heard.results[0].error().code, ErrorCode::Cancelled);
    }

    void answersOfAnOlderRunAreDropped()
    {
        const auto stopped = std::make_shared<std::atomic<bool>>(false);
        auto first = std::make_shared<std::atomic<bool>>(true);
        ImportJob job(nullptr, [wait = endless(stopped), first](store::Store& store, const std::filesystem::path& path,
                                                                const ingest::ImportOptions& options,
                                                                const JobContext& context) {
            return first->exchange(false) ? wait(store, path, options, context)
                                          : ingest::importFile(store, path, options, context);
        });
        Heard heard(job);
        job.start(ImportMode::Preview, m_store.toStdString(), {"old"});
        QTRY_VERIFY_WITH_TIMEOUT(heard.progress > 0, test::kPatienceMs);
        const auto generation = job.generation();
        job.start(ImportMode::Preview, m_store.toStdString(),
                  {test::write(*m_folder, "trace.csv", test::goodTrace()).toStdString()});
        QVERIFY(job.generation() > generation);
        QTRY_COMPARE_WITH_TIMEOUT(heard.cancelled, std::vector<bool>{false}, test::kPatienceMs);
        QTRY_VERIFY_WITH_TIMEOUT(stopped->load(), test::kPatienceMs);
        QCOMPARE(heard.results.size(), std::size_t(1));
        QVERIFY(heard.results[0].ok());
    }

    void abandonedSaysNothingMore()
    {
        const auto stopped = std::make_shared<std::atomic<bool>>(false);
        ImportJob job(nullptr, endless(stopped));
        Heard heard(job);
        job.start(ImportMode::Preview, m_store.toStdString(), {"a"});
        QTRY_VERIFY_WITH_TIMEOUT(heard.progress > 0, test::kPatienceMs);
        job.abandon();
        QVERIFY(!job.isRunning());
        QTRY_VERIFY_WITH_TIMEOUT(stopped->load(), test::kPatienceMs);
        QCoreApplication::processEvents();
        QVERIFY(heard.cancelled.empty());
        QVERIFY(heard.results.empty());
    }

    void theEndOfTheJobStopsTheWorker()
    {
        const auto stopped = std::make_shared<std::atomic<bool>>(false);
        auto job = std::make_unique<ImportJob>(nullptr, endless(stopped));
        int progress = 0;
        connect(job.get(), &ImportJob::progressed, this, [&progress] { ++progress; });
        job->start(ImportMode::Import, m_store.toStdString(), {"a"});
        QTRY_VERIFY_WITH_TIMEOUT(progress > 0, test::kPatienceMs);
        job.reset();
        QTRY_VERIFY_WITH_TIMEOUT(stopped->load(), test::kPatienceMs);
    }

    void progressIsThinnedOut()
    {
        ImportJob job(nullptr,
                      [](store::Store&, const std::filesystem::path&, const ingest::ImportOptions&,
                         const JobContext& context) -> Result<ingest::ImportReport> {
                          for (int i = 0; i < 100'000; ++i) {
                              context.progress("Reading", i, 100'000);
                          }
                          return ingest::ImportReport{};
                      });
        Heard heard(job);
        job.start(ImportMode::Preview, m_store.toStdString(), {"a"});
        QTRY_COMPARE_WITH_TIMEOUT(heard.cancelled, std::vector<bool>{false}, test::kPatienceMs);
        QVERIFY(heard.progress >= 1);
        QVERIFY2(heard.progress < 1000, qPrintable(QString::number(heard.progress)));
    }

    void aMissingStoreIsToldOnce()
    {
        ImportJob job;
        Heard heard(job);
        job.start(ImportMode::Preview, m_folder->filePath(QStringLiteral("none.isobar")).toStdString(), {"a", "b"});
        QTRY_COMPARE_WITH_TIMEOUT(heard.cancelled, std::vector<bool>{false}, test::kPatienceMs);
        QVERIFY(heard.storeError);
        QCOMPARE(heard.storeError->code, ErrorCode::NotFound);
        QVERIFY(heard.files.empty());
    }

private:
    std::unique_ptr<QTemporaryDir> m_folder;
    QString m_store;
};

QTEST_GUILESS_MAIN(TestImportJob)
#include "tst_import_job.moc"
