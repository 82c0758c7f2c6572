// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/model/store/history_fixture.h"

#include <QtTest>

#include <atomic>
#include <csignal>
#include <random>
#include <thread>

#include <SQLiteCpp/SQLiteCpp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace isobar;
using namespace isobar::store;
using namespace isobar::test;

/// Programs that are killed, run out of disk or write at the same time. Each is a child process of the test.
namespace {

constexpr int kOffersPerImport = 20;

HistoryWriter::Options fast()
{
    HistoryWriter::Options options;
    options.commitEvery = std::chrono::milliseconds(2);
    options.hourEvery = std::chrono::milliseconds(20);
    return options;
}

/// One acknowledgement: what was promised to be on the disk. Shorter than a pipe's atomic write.
struct Ack {
    char what; ///< 'H': history through `value`; 'I': the import `value`; 'E': an error that must not be
    std::int64_t value;
};

void say(int pipe, Ack ack)
{
    if (::write(pipe, &ack, sizeof ack) != sizeof ack) {
        ::_exit(3);
    }
}

Offer offerOf(std::int64_t import, int number)
{
    Offer offer;
    offer.provider = "azure";
    offer.region = "eastus";
    offer.instanceType = "ND" + std::to_string(import) + "-" + std::to_string(number);
    offer.accelerator = "H100";
    offer.acceleratorCount = offer.chips = 8;
    offer.usdPerHour = 80;
    return offer;
}

/// One import of offers nobody else has; its id, or 0 when it failed.
std::int64_t importSome(Store& store, std::int64_t key)
{
    auto import = store.beginImport("prices.csv", "skypilot-catalogue", "sha" + std::to_string(key));
    if (!import.ok()) {
        return 0;
    }
    for (int i = 0; i < kOffersPerImport; ++i) {
        if (!(*import)->putOffer(offerOf(key, i)).ok()) {
            return 0;
        }
    }
    ImportRecord log;
    log.rowsRead = log.rowsAccepted = kOffersPerImport;
    const auto record = (*import)->commit(log);
    return record.ok() ? record->id : 0;
}

/// Writes history and imports for ever, and says what is acknowledged.
[[noreturn]] void writeForEver(const std::filesystem::path& path, int pipe, std::uint64_t seed)
{
    const auto fleet = historyFleet();
    const auto layout = historyLayout(*fleet, 2);
    std::thread importing([&] {
        auto store = Store::open(path);
        for (std::int64_t key = static_cast<std::int64_t>(seed) * 100'000;; ++key) {
            if (!store.ok()) {
                say(pipe, {'E', 1});
                return;
            }
            if (const std::int64_t id = importSome(*store, key); id > 0) {
                say(pipe, {'I', id});
            } // else: the history writer held the store longer than two seconds, which is no promise broken
        }
    });
    auto writer = HistoryWriter::start(*Store::open(path), {fleet, seed, 0}, fast());
    if (!writer.ok()) {
        say(pipe, {'E', 2});
        ::_exit(2);
    }
    aggregate::SimMicros acknowledged = 0;
    for (aggregate::SimMicros at = 0;; at += kMicrosPerSecond) {
        (*writer)->append(historySecond(layout, at, seed));
        if (at / kMicrosPerSecond % 50 == 49) {
            (void)(*writer)->drain();
        }
        if (const auto now = (*writer)->acknowledgedThrough(); now > acknowledged) {
            acknowledged = now;
            say(pipe, {'H', now});
        }
    }
}

/// A child process; gone when this goes.
class Child {
public:
    template <class Body> explicit Child(Body body)
    {
        int ends[2];
        if (::pipe(ends) != 0) {
            qFatal("no pipe");
        }
        m_process = ::fork();
        if (m_process == 0) {
            ::close(ends[0]);
            body(ends[1]);
            ::_exit(0);
        }
        ::close(ends[1]);
        m_pipe = ends[0];
    }
    ~Child()
    {
        kill();
        ::close(m_pipe);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    /// Reads for so long; false when the child has closed its end.
    bool listen(std::chrono::microseconds time, std::vector<Ack>& acks)
    {
        const auto until = std::chrono::steady_clock::now() + time;
        for (;;) {
            const auto left =
                std::chrono::duration_cast<std::chrono::microseconds>(until - std::chrono::steady_clock::now());
            pollfd wait{m_pipe, POLLIN, 0};
            const timespec limit{left.count() / 1'000'000, left.count() % 1'000'000 * 1000};
            if (left.count() <= 0 || ::ppoll(&wait, 1, &limit, nullptr) <= 0) {
                return true;
            }
            if (!take(acks)) {
                return false;
            }
        }
    }
    /// Waits for the next acknowledgement; false when there will be none.
    bool take(std::vector<Ack>& acks)
    {
        Ack ack{};
        if (::read(m_pipe, &ack, sizeof ack) != sizeof ack) {
            return false;
        }
        acks.push_back(ack);
        return true;
    }
    void kill()
    {
        if (m_process > 0) {
            ::kill(m_process, SIGKILL);
            (void)wait();
        }
    }
    /// The exit code, -1 after a signal.
    int wait()
    {
        int status = 0;
        ::waitpid(m_process, &status, 0);
        m_process = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

private:
    pid_t m_process = -1;
    int m_pipe = -1;
};

} // namespace

class TestStoreKill : public QObject {
    Q_OBJECT

private Q_SLOTS:
    /// kill -9 at random moments of writing history and importing at once. ISOBAR_KILL_ROUNDS asks for more rounds.
    void nothingAcknowledgedIsLost()
    {
        const Folder folder;
        const auto path = folder / "a.isobar";
        const auto fleet = historyFleet();
        const auto layout = historyLayout(*fleet, 2);
        const int rounds = std::max(40, qEnvironmentVariableIntValue("ISOBAR_KILL_ROUNDS"));
        std::mt19937 random(static_cast<std::uint32_t>(rounds));
        std::int64_t secondsAcknowledged = 0, importsAcknowledged = 0, midway = 0;
        std::vector<std::int64_t> imports;
        for (int round = 0; round < rounds; ++round) {
            if (round % 25 == 0) { // small, so that opening it stays quick
                removeStore(path);
                imports.clear();
                auto store = Store::create(path, *fleet);
                ISOBAR_OK(store);
                ISOBAR_OK(setHistoryPolicy(*store, {.keepRuns = 3}));
            }
            const auto seed = static_cast<std::uint64_t>(round + 1);
            std::vector<Ack> acks;
            {
                Child child([&](int pipe) { writeForEver(path, pipe, seed); });
                QVERIFY(child.take(acks)); // it is at work
                (void)child.listen(std::chrono::microseconds(random() % 60'000), acks);
                child.kill();
                while (child.take(acks)) {
                }
            }
            aggregate::SimMicros through = 0;
            for (const Ack& ack : acks) {
                QVERIFY2(ack.what != 'E', std::to_string(ack.value).c_str());
                if (ack.what == 'I') {
                    imports.push_back(ack.value);
                    ++importsAcknowledged;
                } else {
                    through = std::max(through, ack.value);
                }
            }
            secondsAcknowledged += through / kMicrosPerSecond;
            midway += std::filesystem::file_size(path.string() + "-wal") > 0 ? 1 : 0;

            auto store = Store::open(path);
            ISOBAR_OK(store);
            QVERIFY2(store->damage().empty(), store->damage().c_str());
            {
                SQLite::Database db(path.string());
                QCOMPARE(db.execAndGet("PRAGMA integrity_check").getString(), std::string("ok"));
                SQLite::Statement check(db, "PRAGMA foreign_key_check");
                QVERIFY(!check.executeStep());
                for (const std::int64_t id : imports) {
                    SQLite::Statement offers(db, "SELECT count(*) FROM offers WHERE import_id = ?");
                    offers.bind(1, id);
                    QVERIFY(offers.executeStep());
                    QCOMPARE(offers.getColumn(0).getInt(), kOffersPerImport);
                }
                // All of an import or nothing.
                QCOMPARE(db.execAndGet("SELECT count(*) FROM offers").getInt() % kOffersPerImport, 0);
            }
            if (through == 0) {
                continue;
            }
            const auto runs = historyRuns(*store);
            ISOBAR_OK(runs);
            QCOMPARE(runs->back().seed, seed);
            const auto history = readHistory(*store, runs->back().id, 0, INT64_MAX);
            ISOBAR_OK(history);
            aggregate::SimMicros at = 0;
            for (const auto& interval : history->intervals) {
                QCOMPARE(interval->begin, at);
                if (interval->end - interval->begin == kMicrosPerSecond && at / kMicrosPerSecond % 7 == 0) {
                    QVERIFY(sameFacts(*interval, *historySecond(layout, at, seed)));
                }
                at = interval->end;
            }
            QVERIFY2(at >= through, (std::to_string(at) + " < " + std::to_string(through)).c_str());
        }
        qInfo("%d kills: %lld s of history and %lld imports acknowledged, none lost; %lld with an unfinished log",
              rounds, static_cast<long long>(secondsAcknowledged), static_cast<long long>(importsAcknowledged),
              static_cast<long long>(midway));
        QVERIFY(secondsAcknowledged > 0 && importsAcknowledged > 0);
    }

    /// Two windows and a command line on one store: all write, nobody loses anything.
    void severalProgramsOnOneStore()
    {
        const Folder folder;
        const auto path = folder / "a.isobar";
        const auto fleet = historyFleet();
        const auto layout = historyLayout(*fleet, 2);
        ISOBAR_OK(Store::create(path, *fleet));
        constexpr int kSeconds = 150, kImports = 15;
        const auto record = [&](std::uint64_t seed) {
            auto writer = HistoryWriter::start(*Store::open(path), {fleet, seed, 0}, fast());
            for (int i = 0; i < kSeconds; ++i) {
                (*writer)->append(historySecond(layout, i * kMicrosPerSecond, seed));
                if (i % 10 == 9) {
                    (void)(*writer)->drain();
                }
            }
            while (!(*writer)->finish().ok()) { // busy: it keeps what it has
            }
        };
        std::vector<Ack> acks;
        {
            Child one([&](int) { record(1); });
            Child two([&](int) { record(2); });
            Child importer([&](int pipe) {
                auto store = Store::open(path);
                for (int i = 0; i < kImports; ++i) {
                    std::int64_t id = 0;
                    while (id == 0) { // Busy is said after two seconds; try again as a person would
                        id = importSome(*store, i);
                    }
                    say(pipe, {'I', id});
                }
            });
            while (importer.take(acks)) {
            }
            QCOMPARE(importer.wait(), 0);
            QCOMPARE(one.wait(), 0);
            QCOMPARE(two.wait(), 0);
        }
        QCOMPARE(acks.size(), std::size_t{kImports});
        const auto store = Store::open(path);
        ISOBAR_OK(store);
        QVERIFY(store->damage().empty());
        QCOMPARE(store->counts()->offers, kImports * kOffersPerImport);
        const auto runs = historyRuns(*store);
        ISOBAR_OK(runs);
        QCOMPARE(runs->size(), 2u);
        for (const HistoryRun& run : *runs) {
            const auto history = readHistory(*store, run.id, 0, INT64_MAX);
            ISOBAR_OK(history);
            QCOMPARE(history->intervals.size(), std::size_t{kSeconds});
            for (const auto& interval : history->intervals) {
                QVERIFY(sameFacts(*interval, *historySecond(layout, interval->begin, run.seed)));
            }
            const auto minutes = readHistory(*store, run.id, 0, INT64_MAX, HistoryTier::Minute);
            ISOBAR_OK(minutes);
            QCOMPARE(minutes->intervals.back()->end, kSeconds * kMicrosPerSecond);
        }
    }

    /// A file may only grow so far, as on a full disk: the writer says that it could not write, keeps what it was given
    /// and goes on when there is room; what was acknowledged before stays. (tst_store fills a real disk.)
    void fullDisk()
    {
        const Folder folder;
        const auto path = folder / "a.isobar";
        const auto fleet = historyFleet();
        const auto layout = historyLayout(*fleet, 20);
        ISOBAR_OK(Store::create(path, *fleet));
        constexpr int kSeconds = 400;
        std::vector<Ack> acks;
        Child child([&](int pipe) {
            std::signal(SIGXFSZ, SIG_IGN);
            const rlimit full{600'000, RLIM_INFINITY}, room{RLIM_INFINITY, RLIM_INFINITY};
            auto writer = HistoryWriter::start(*Store::open(path), {fleet, 1, 0}, fast());
            ::setrlimit(RLIMIT_FSIZE, &full);
            std::optional<Error> error;
            for (int i = 0; i < kSeconds; ++i) {
                (*writer)->append(historySecond(layout, i * kMicrosPerSecond));
                if (const Status written = (*writer)->drain(); !written.ok() && !error) {
                    error = written.error();
                    say(pipe, {'H', (*writer)->acknowledgedThrough()});
                    say(pipe, {'D', error->message.empty() ? 0 : 1});
                    ::setrlimit(RLIMIT_FSIZE, &room);
                }
            }
            say(pipe, {(*writer)->finish().ok() ? 'F' : 'E', (*writer)->acknowledgedThrough()});
        });
        while (child.take(acks)) {
        }
        QCOMPARE(child.wait(), 0);
        QCOMPARE(acks.size(), 3u);
        QCOMPARE(acks[0].what, 'H');
        QVERIFY(acks[0].value > 0 && acks[0].value < kSeconds * kMicrosPerSecond);
        QCOMPARE(acks[1].value, 1);
        QCOMPARE(acks[2].what, 'F');
        QCOMPARE(acks[2].value, kSeconds * kMicrosPerSecond);
        const auto store = Store::open(path);
        ISOBAR_OK(store);
        QVERIFY(store->damage().empty());
        const auto history = readHistory(*store, 1, 0, INT64_MAX);
        ISOBAR_OK(history);
        QCOMPARE(history->intervals.size(), std::size_t{kSeconds});
    }

private:
    static void removeStore(const std::filesystem::path& path)
    {
        for (const char* suffix : {"", "-wal", "-shm"}) {
            std::filesystem::remove(path.string() + suffix);
        }
    }
};

QTEST_GUILESS_MAIN(TestStoreKill)
#include "tst_store_kill.moc"
