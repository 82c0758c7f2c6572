// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/model/serving/exact_queues.h"
#include "tests/model/serving/queueing_oracle.h"

#include <deque>
#include <functional>
#include <optional>
#include <queue>

using namespace isobar;
using namespace isobar::serving;
using namespace isobar::serving::test;
using Shape = ServiceLaw::Shape;

namespace {

constexpr std::size_t kNoLimit = 1u << 31;

/// The multi-server queue, told by when each server is free next; first come, first served. Slow and obvious.
class FreeServers {
public:
    /// Who finds `places` waiting goes away.
    explicit FreeServers(int servers, std::size_t places = kNoLimit)
        : m_places(places)
    {
        for (int i = 0; i < servers; ++i) {
            m_free.push(0);
        }
    }
    /// The wait; nothing if refused.
    std::optional<double> arrive(double gap, double service)
    {
        m_now += gap;
        while (!m_starts.empty() && m_starts.front() <= m_now) {
            m_starts.pop_front();
        }
        const double start = std::max(m_free.top(), m_now);
        if (start > m_now) {
            if (m_starts.size() >= m_places) {
                return std::nullopt;
            }
            m_starts.push_back(start);
        }
        m_free.pop();
        m_free.push(start + service);
        return start - m_now;
    }

private:
    double m_now = 0;
    std::size_t m_places;
    std::deque<double> m_starts; ///< of who waits
    std::priority_queue<double, std::vector<double>, std::greater<>> m_free;
};

} // namespace

/// One replica as a queue with a known answer.
class TestQueueingOracles : public QObject {
    Q_OBJECT
    Comparisons m_comparisons;

private Q_SLOTS:
    void cleanupTestCase() { m_comparisons.finish(); }

    // The formulas of exact_queues.h and statistics.h, against published digits.
    void formulasGiveThePublishedValues()
    {
        const auto near = [](double value, double published) { return std::abs(value / published - 1) < 5e-7; };
        QVERIFY(near(erlangC(10, 0.8), 0.4091801508) && near(mmcMeanWait(10, 0.8), 0.2045900754));
        QVERIFY(near(erlangC(10, 0.9), 0.6687315241) && near(mmcMeanWait(10, 0.9), 0.6687315241));
        QVERIFY(near(erlangC(10, 0.95), 0.8255855781) && near(mmcMeanWait(10, 0.95), 1.6511711563));
        QVERIFY(near(erlangC(100, 0.9), 0.2169404809) && near(erlangC(300, 0.9), 0.0457426146));
        QVERIFY(near(mmcTail(10, 0.9, 1), 0.24601258) && near(mmcTail(10, 0.9, 4.202798), 0.01));
        QVERIFY(near(erlangB(100, 90), 0.0269573805));
        QVERIFY(near(mmckRefused(1, 3, 0.5), 0.0625 / 1.9375));
        QVERIFY(near(mg1MeanWait(0.9, 0), 4.5) && near(mg1MeanWait(0.9, 10), 49.5));
        QVERIFY(near(md1Tail(0.8, 5.011511), 0.1) && near(md1Tail(0.8, 10.355887), 0.01));
        QVERIFY(near(md1Tail(0.9, 10.782505), 0.1) && near(md1Tail(0.9, 21.898237), 0.01));
        QVERIFY(near(powerOfDMeanStay(2, 0.9), 2.614057) && near(powerOfDMeanStay(3, 0.9), 2.027856));
        QVERIFY(near(powerOfDMeanStay(5, 0.9), 1.632881) && near(powerOfDMeanStay(2, 0.99), 5.431997));
        QVERIFY(near(firstClassMeanWait(0.4, 0.4), 4 / 3.0) && near(secondClassMeanWait(0.4, 0.4), 20 / 3.0));
        QVERIFY(near(interruptingClassMeanStay(0.4), 5 / 3.0) && near(interruptedClassMeanStay(0.4, 0.4), 25 / 3.0));
        QVERIFY(near(shorterOfTwoMeanStay(0.5, 40), 1.426321) && near(shorterOfTwoMeanStay(0.8, 100), 2.955737));
        QVERIFY(std::abs(studentQuantile(0.99, 9) - 3.249836) < 1e-5);
        QVERIFY(std::abs(studentQuantile(0.99, 39) - 2.707913) < 1e-5);
        QVERIFY(std::abs(studentQuantile(0.9999, 30) - 4.482) < 1e-3);
        QVERIFY(near(roundRobinMeanWait(1, 0.8), 4));
    }

    // Intervals hold the truth as often as they say, with and without a control; a control makes them shorter.
    void intervalsHoldWhatTheySay()
    {
        int plain = 0, controlled = 0;
        double plainWidth = 0, controlledWidth = 0;
        constexpr int kRounds = 4000;
        Random random(3, 0, 0);
        const double plainQuantile = studentQuantile(0.9, 11), controlledQuantile = studentQuantile(0.9, 10);
        for (int round = 0; round < kRounds; ++round) {
            Replications one, other({2.0});
            for (int i = 0; i < 12; ++i) {
                const double control = 2 + random.normal();
                const double value = 5 + 3 * (control - 2) + random.normal();
                one.add(value);
                other.add(value, {control});
            }
            const Estimate without = one.estimate(), with = other.estimate();
            QCOMPARE(without.degrees, 11.0);
            QCOMPARE(with.degrees, 10.0);
            plain += std::abs(without.mean - 5) <= plainQuantile * without.standardError ? 1 : 0;
            controlled += std::abs(with.mean - 5) <= controlledQuantile * with.standardError ? 1 : 0;
            plainWidth += without.standardError;
            controlledWidth += with.standardError;
        }
        QVERIFY2(std::abs(plain / double(kRounds) - 0.9) < 0.02, qPrintable(QString::number(plain)));
        QVERIFY2(std::abs(controlled / double(kRounds) - 0.9) < 0.02, qPrintable(QString::number(controlled)));
        QVERIFY(controlledWidth < 0.5 * plainWidth);
    }

    // A batch of one: M/G/1. The wait, and its share beyond given lengths.
    void oneServer_data()
    {
        QTest::addColumn<int>("shape");
        QTest::addColumn<double>("cv2");
        QTest::addColumn<double>("load");
        QTest::addColumn<double>("requests");
        QTest::addColumn<QList<double>>("tails");
        QTest::addColumn<bool>("steadied");
        const auto row = [](const char* name, Shape shape, double cv2, double load, double requests,
                            const QList<double>& tails, bool steadied = false) {
            QTest::newRow(name) << static_cast<int>(shape) << cv2 << load << requests << tails << steadied;
        };
        row("M/M/1, load 0.5", Shape::Exponential, 1, 0.5, 2e6, {});
        row("M/M/1, load 0.8", Shape::Exponential, 1, 0.8, 8e6, {});
        row("M/M/1, load 0.9", Shape::Exponential, 1, 0.9, 28e6, {});
        row("M/D/1, load 0.5", Shape::Constant, 0, 0.5, 2e6, {});
        row("M/D/1, load 0.8", Shape::Constant, 0, 0.8, 8e6, {5.011511, 10.355887});
        row("M/D/1, load 0.9", Shape::Constant, 0, 0.9, 24e6, {10.782505, 21.898237});
        row("M/G/1, log-normal, cv² 1, load 0.9", Shape::LogNormal, 1, 0.9, 30e6, {});
        row("M/G/1, hyperexponential, cv² 4, load 0.7", Shape::Hyperexponential, 4, 0.7, 8e6, {});
        row("M/G/1, hyperexponential, cv² 10, load 0.7", Shape::Hyperexponential, 10, 0.7, 20e6, {});
        // Alone these would take 50 to 70 million requests each.
        row("M/G/1, hyperexponential, cv² 4, load 0.9", Shape::Hyperexponential, 4, 0.9, 4e6, {}, true);
        row("M/G/1, hyperexponential, cv² 10, load 0.9", Shape::Hyperexponential, 10, 0.9, 4e6, {}, true);
    }
    void oneServer()
    {
        QFETCH(int, shape);
        QFETCH(double, cv2);
        QFETCH(double, load);
        QFETCH(double, requests);
        QFETCH(QList<double>, tails);
        QFETCH(bool, steadied);
        const ServiceLaw law{static_cast<Shape>(shape), cv2, shape == int(Shape::Constant) ? 1000.0 : 1e6};
        const double tick = law.tokenSeconds();
        // Known: the mean gap, and the mean and second moment of service; for what lies beyond a length, and where
        // `steadied`, also the mean wait by Lindley's recursion.
        const bool constant = law.shape == Shape::Constant;
        std::vector<double> expectations{1 / load};
        if (!constant) {
            expectations.insert(expectations.end(), {1, 1 + cv2});
        }
        std::vector<double> withRecursion = expectations;
        withRecursion.push_back(mg1MeanWait(load, cv2));
        Replications waits(steadied ? withRecursion : expectations);
        std::vector<Replications> beyond(std::size_t(tails.size()), Replications(withRecursion));
        const Length length =
            lengthOf(requests, static_cast<std::uint32_t>(200 * (1 + cv2) / ((1 - load) * (1 - load))));
        for (int replication = 0; replication < kReplications; ++replication) {
            Random random = replicationRandom(experiment(), std::uint64_t(replication));
            Lindley recursion;
            double wait = 0, recursionWaits = 0, gaps = 0, service = 0, squares = 0, gap = 0;
            std::vector<double> longer(beyond.size(), 0);
            feed(
                serversModel(tick, 1), kNoLimit, load, length, random,
                [&](Random& r, Request& request) {
                    gap = r.exponential() / load;
                    request.outputTokens = law.draw(r);
                    return gap;
                },
                [&](const Request& request, bool) {
                    const double size = request.outputTokens * tick, w = recursion.arrive(gap, size);
                    if (request.tag >= length.warmUp) {
                        recursionWaits += w;
                        gaps += gap;
                        service += size;
                        squares += size * size;
                    }
                },
                [&](const Completion& c) {
                    if (c.request.tag >= length.warmUp) {
                        const double w = c.startSeconds - c.request.arrivalSeconds;
                        wait += w;
                        for (std::size_t i = 0; i < longer.size(); ++i) {
                            longer[i] += w > tails[qsizetype(i)] ? 1 : 0;
                        }
                    }
                });
            std::vector<double> controls{gaps / length.counted};
            if (!constant) {
                controls.insert(controls.end(), {service / length.counted, squares / length.counted});
            }
            std::vector<double> more = controls;
            more.push_back(recursionWaits / length.counted);
            waits.add(wait / length.counted, steadied ? more : controls);
            for (std::size_t i = 0; i < longer.size(); ++i) {
                beyond[i].add(longer[i] / length.counted, more);
            }
        }
        const std::string name = QTest::currentDataTag();
        const std::string control = constant ? "gap" : "gap, service, its square";
        const std::string andRecursion = control + ", Lindley's wait";
        const double all = double(length.all()) * kReplications;
        m_comparisons.verify({name, "mean wait", mg1MeanWait(load, cv2), waits.estimate(),
                              steadied ? andRecursion : control, all, 2 / law.tokens * (constant ? 0 : 1)});
        for (std::size_t i = 0; i < beyond.size(); ++i) {
            // One percent of the quantile, as a share of the probability beyond it.
            const double q = tails[qsizetype(i)], exact = md1Tail(load, q);
            const double tolerance = (md1Tail(load, 0.99 * q) - exact) / exact;
            m_comparisons.verify({name, "P(wait > " + std::to_string(q) + ")", exact, beyond[i].estimate(),
                                  andRecursion, all, 0, tolerance});
        }
    }

    // A batch of c with iterations far shorter than service: M/M/c.
    void manyServers_data()
    {
        QTest::addColumn<int>("servers");
        QTest::addColumn<double>("load");
        QTest::addColumn<double>("tokens");
        QTest::addColumn<double>("requests");
        QTest::newRow("M/M/2, load 0.9") << 2 << 0.9 << 1e5 << 4e6;
        QTest::newRow("M/M/10, load 0.8") << 10 << 0.8 << 1e5 << 8e6;
        QTest::newRow("M/M/10, load 0.9") << 10 << 0.9 << 1e5 << 6e6;
        QTest::newRow("M/M/10, load 0.95") << 10 << 0.95 << 1e5 << 8e6;
    }
    void manyServers()
    {
        QFETCH(int, servers);
        QFETCH(double, load);
        QFETCH(double, tokens);
        QFETCH(double, requests);
        const ServiceLaw law{Shape::Exponential, 1, tokens};
        const double tick = law.tokenSeconds();
        // The control: one server as fast as all of them together.
        const double p99 = std::log(erlangC(servers, load) / 0.01) / (servers * (1 - load));
        const double fastWait = load / (1 - load) / servers;
        Replications waits({fastWait}), waited({fastWait, load}),
            beyond({fastWait, 0.01 * load / erlangC(servers, load)});
        const Length length =
            lengthOf(requests, static_cast<std::uint32_t>(400 / ((1 - load) * (1 - load)) + 100 * servers));
        for (int replication = 0; replication < kReplications; ++replication) {
            Random random = replicationRandom(experiment(), std::uint64_t(replication));
            Lindley fast;
            double wait = 0, some = 0, longer = 0, fastWaits = 0, fastSome = 0, fastLonger = 0, gap = 0;
            feed(
                serversModel(tick, servers), kNoLimit, load * servers, length, random,
                [&](Random& r, Request& request) {
                    gap = r.exponential() / (load * servers);
                    request.outputTokens = law.draw(r);
                    return gap;
                },
                [&](const Request& request, bool) {
                    const double w = fast.arrive(gap, request.outputTokens * tick / servers);
                    if (request.tag >= length.warmUp) {
                        fastWaits += w;
                        fastSome += w > 0 ? 1 : 0;
                        fastLonger += w > p99 ? 1 : 0;
                    }
                },
                [&](const Completion& c) {
                    if (c.request.tag >= length.warmUp) {
                        const double w = c.startSeconds - c.request.arrivalSeconds;
                        wait += w;
                        some += w > tick * 1.001 ? 1 : 0; // up to one iteration is for the boundary
                        longer += w > p99 ? 1 : 0;
                    }
                });
            const double n = length.counted;
            waits.add(wait / n, {fastWaits / n});
            waited.add(some / n, {fastWaits / n, fastSome / n});
            beyond.add(longer / n, {fastWaits / n, fastLonger / n});
        }
        const std::string name = QTest::currentDataTag(), control = "M/M/1 of all servers' speed";
        const double all = double(length.all()) * kReplications;
        m_comparisons.verify({name, "mean wait", mmcMeanWait(servers, load), waits.estimate(), control, all,
                              tick / mmcMeanWait(servers, load)});
        m_comparisons.verify(
            {name, "P(wait)", erlangC(servers, load), waited.estimate(), control, all, servers * tick});
        if (kFullLength) { // in a hundredth of the requests so few wait so long that their mean is far from normal
            m_comparisons.verify({name, "P(wait > " + std::to_string(p99) + ")", 0.01, beyond.estimate(), control, all,
                                  servers * tick, std::exp(0.01 * servers * (1 - load) * p99) - 1});
        }
    }

    // So many servers that waiting is rare, and a direct estimate would take billions of requests. The control is the
    // same queue, computed by when servers are free, whose mean is Erlang C's.
    void veryManyServers_data()
    {
        QTest::addColumn<int>("servers");
        QTest::addColumn<double>("tokens");
        QTest::newRow("M/M/100, load 0.9") << 100 << 1e6;
        QTest::newRow("M/M/300, load 0.9") << 300 << 1e7;
    }
    void veryManyServers()
    {
        QFETCH(int, servers);
        QFETCH(double, tokens);
        constexpr double kLoad = 0.9;
        const ServiceLaw law{Shape::Exponential, 1, tokens};
        const double tick = law.tokenSeconds();
        Replications waits({mmcMeanWait(servers, kLoad)}), waited({erlangC(servers, kLoad)});
        const Length length = lengthOf(2e6, static_cast<std::uint32_t>(100 * servers));
        for (int replication = 0; replication < kReplications; ++replication) {
            Random random = replicationRandom(experiment(), std::uint64_t(replication));
            FreeServers reference(servers);
            double wait = 0, some = 0, referenceWait = 0, referenceSome = 0, gap = 0;
            feed(
                serversModel(tick, servers), kNoLimit, kLoad * servers, length, random,
                [&](Random& r, Request& request) {
                    gap = r.exponential() / (kLoad * servers);
                    request.outputTokens = law.draw(r);
                    return gap;
                },
                [&](const Request& request, bool) {
                    const double w = *reference.arrive(gap, request.outputTokens * tick);
                    if (request.tag >= length.warmUp) {
                        referenceWait += w;
                        referenceSome += w > 0 ? 1 : 0;
                    }
                },
                [&](const Completion& c) {
                    if (c.request.tag >= length.warmUp) {
                        const double w = c.startSeconds - c.request.arrivalSeconds;
                        wait += w;
                        some += w > 2 * tick ? 1 : 0; // for the boundary, and for one who came in the same iteration
                    }
                });
            const double n = length.counted;
            waits.add(wait / n, {referenceWait / n});
            waited.add(some / n, {referenceSome / n});
        }
        const std::string name = QTest::currentDataTag(), control = "servers told one by one";
        const double all = double(length.all()) * kReplications;
        m_comparisons.verify({name, "mean wait", mmcMeanWait(servers, kLoad), waits.estimate(), control, all,
                              tick / mmcMeanWait(servers, kLoad)});
        m_comparisons.verify(
            {name, "P(wait)", erlangC(servers, kLoad), waited.estimate(), control, all, 2 * servers * tick});
    }

    // A queue with few places: M/M/c/c+k, and who is refused. Places are counted where requests wait for an iteration
    // too, so one place is the least that lets anyone in.
    void fewPlaces_data()
    {
        QTest::addColumn<int>("servers");
        QTest::addColumn<int>("places");
        QTest::addColumn<double>("erlangs");
        QTest::addColumn<double>("tokens");
        QTest::addColumn<double>("requests");
        QTest::newRow("M/M/10/11, 9 erlangs") << 10 << 1 << 9.0 << 1e6 << 4e6;
        QTest::newRow("M/M/10/15, 12 erlangs") << 10 << 5 << 12.0 << 1e6 << 4e6;
        QTest::newRow("M/M/100/101, 90 erlangs") << 100 << 1 << 90.0 << 1e7 << 3e6;
    }
    void fewPlaces()
    {
        QFETCH(int, servers);
        QFETCH(int, places);
        QFETCH(double, erlangs);
        QFETCH(double, tokens);
        QFETCH(double, requests);
        const ServiceLaw law{Shape::Exponential, 1, tokens};
        const double tick = law.tokenSeconds(), exact = mmckRefused(servers, places, erlangs);
        Replications refused({exact});
        const Length length = lengthOf(requests, static_cast<std::uint32_t>(20 * erlangs));
        for (int replication = 0; replication < kReplications; ++replication) {
            Random random = replicationRandom(experiment(), std::uint64_t(replication));
            FreeServers reference(servers, std::size_t(places));
            double gap = 0, away = 0, referenceAway = 0;
            feed(
                serversModel(tick, servers), std::size_t(places), erlangs, length, random,
                [&](Random& r, Request& request) {
                    gap = r.exponential() / erlangs;
                    request.outputTokens = law.draw(r);
                    return gap;
                },
                [&](const Request& request, bool accepted) {
                    const bool in = reference.arrive(gap, request.outputTokens * tick).has_value();
                    if (request.tag >= length.warmUp) {
                        away += accepted ? 0 : 1;
                        referenceAway += in ? 0 : 1;
                    }
                },
                [](const Completion&) {});
            refused.add(away / length.counted, {referenceAway / length.counted});
        }
        // Who waits for the boundary with a server free may take the place from one who comes in the same iteration.
        m_comparisons.verify({QTest::currentDataTag(), "share refused", exact, refused.estimate(),
                              "servers told one by one", double(length.all()) * kReplications, erlangs * tick / exact});
    }

    // Decode bound by computing: an iteration takes as long as its sequences are many, so all share one processor.
    // The stay does not depend on the law of service, and in proportion to its own size it is the same for everyone.
    void processorSharing_data()
    {
        QTest::addColumn<int>("shape");
        QTest::addColumn<double>("cv2");
        QTest::addColumn<double>("requests");
        QTest::newRow("M/M/1 shared, load 0.8") << int(Shape::Exponential) << 1.0 << 4e6;
        QTest::newRow("M/D/1 shared, load 0.8") << int(Shape::Constant) << 0.0 << 2e6;
        QTest::newRow("M/G/1 shared, hyperexponential, cv² 4, load 0.8") << int(Shape::Hyperexponential) << 4.0 << 4e6;
        QTest::newRow("M/G/1 shared, log-normal, cv² 4, load 0.8") << int(Shape::LogNormal) << 4.0 << 10e6;
    }
    void processorSharing()
    {
        QFETCH(int, shape);
        QFETCH(double, cv2);
        QFETCH(double, requests);
        constexpr double kLoad = 0.8;
        const ServiceLaw law{static_cast<Shape>(shape), cv2, 1e5};
        const double tick = law.tokenSeconds();
        // Sizes in services; what is below takes too few iterations to share evenly.
        constexpr std::array<double, 4> kFrom{0.05, 0.3, 1.01, std::numeric_limits<double>::max()};
        constexpr std::array<const char*, 3> kBand{"size 0.05-0.3", "size 0.3-1", "size above 1"};
        const double fifoWait = mg1MeanWait(kLoad, cv2);
        Replications stays({fifoWait, 1 / kLoad});
        std::array<Replications, 3> slow{Replications({fifoWait, 1 / kLoad}), Replications({fifoWait, 1 / kLoad}),
                                         Replications({fifoWait, 1 / kLoad})};
        const Length length = lengthOf(requests, 10'000);
        for (int replication = 0; replication < kReplications; ++replication) {
            Random random = replicationRandom(experiment(), std::uint64_t(replication));
            Lindley fifo;
            double stay = 0, fifoWaits = 0, gaps = 0, gap = 0;
            std::array<double, 3> stretch{}, count{};
            feed(
                sharingModel(tick), kNoLimit, kLoad, length, random,
                [&](Random& r, Request& request) {
                    gap = r.exponential() / kLoad;
                    request.outputTokens = law.draw(r);
                    return gap;
                },
                [&](const Request& request, bool) {
                    const double w = fifo.arrive(gap, request.outputTokens * tick);
                    if (request.tag >= length.warmUp) {
                        fifoWaits += w;
                        gaps += gap;
                    }
                },
                [&](const Completion& c) {
                    if (c.request.tag >= length.warmUp) {
                        const double t = c.finishSeconds - c.request.arrivalSeconds;
                        const double size = c.request.outputTokens * tick;
                        stay += t;
                        for (std::size_t band = 0; band < stretch.size(); ++band) {
                            if (size >= kFrom[band] && size < kFrom[band + 1]) {
                                stretch[band] += t / size;
                                ++count[band];
                            }
                        }
                    }
                });
            const double n = length.counted;
            stays.add(stay / n, {fifoWaits / n, gaps / n});
            for (std::size_t band = 0; band < stretch.size(); ++band) {
                if (count[band] > 0) {
                    slow[band].add(stretch[band] / count[band], {fifoWaits / n, gaps / n});
                }
            }
        }
        const std::string name = QTest::currentDataTag(), control = "wait first come, first served; gap";
        const double all = double(length.all()) * kReplications, exact = 1 / (1 - kLoad);
        // Half an iteration of the batch that is met, which is exact - 1 on average, and the own one.
        m_comparisons.verify({name, "mean stay", exact, stays.estimate(), control, all, exact * tick});
        for (std::size_t band = 0; band < slow.size(); ++band) {
            if (slow[band].size() == kReplications && law.shape != Shape::Constant) {
                m_comparisons.verify({name, std::string("stay / size, ") + kBand[band], exact, slow[band].estimate(),
                                      control, all, tick / kFrom[band]});
            }
        }
    }

    // A batch of one and two priorities: the urgent go first, nobody is interrupted.
    void twoClasses()
    {
        const auto waits =
            ofTwoClasses({}, [](const Completion& c) { return c.startSeconds - c.request.arrivalSeconds; });
        const std::string name = "M/M/1, two priorities, load 0.4 + 0.4";
        verifyClass(name, waits[0], "mean wait of the first", firstClassMeanWait(kEach, kEach), 2);
        verifyClass(name, waits[1], "mean wait of the second", secondClassMeanWait(kEach, kEach), 2);
    }

    // Erlang's loss system: who finds no server free goes away. Measured by itself, no control knows the answer.
    void lossSystem_data()
    {
        QTest::addColumn<int>("servers");
        QTest::addColumn<double>("erlangs");
        QTest::addColumn<double>("requests");
        QTest::newRow("M/M/1/1, 0.5 erlangs") << 1 << 0.5 << 2e6;
        QTest::newRow("M/M/10/10, 9 erlangs") << 10 << 9.0 << 4e6;
        QTest::newRow("M/M/100/100, 90 erlangs") << 100 << 90.0 << 18e6;
    }
    void lossSystem()
    {
        QFETCH(int, servers);
        QFETCH(double, erlangs);
        QFETCH(double, requests);
        const ServiceLaw law{Shape::Exponential, 1, 1e7};
        const double tick = law.tokenSeconds(), exact = erlangB(servers, erlangs);
        Replications refused({1 / erlangs, 1});
        const Length length = lengthOf(requests, static_cast<std::uint32_t>(20 * erlangs));
        for (int replication = 0; replication < kReplications; ++replication) {
            Random random = replicationRandom(experiment(), std::uint64_t(replication));
            double gap = 0, gaps = 0, service = 0, away = 0, waited = 0;
            feed(
                serversModel(tick, servers), 0, erlangs, length, random,
                [&](Random& r, Request& request) {
                    gap = r.exponential() / erlangs;
                    request.outputTokens = law.draw(r);
                    return gap;
                },
                [&](const Request& request, bool accepted) {
                    if (request.tag >= length.warmUp) {
                        gaps += gap;
                        service += request.outputTokens * tick;
                        away += accepted ? 0 : 1;
                    }
                },
                [&](const Completion& c) { waited = std::max(waited, c.startSeconds - c.request.arrivalSeconds); });
            QVERIFY2(waited <= 1.001 * tick, qPrintable(QString::number(waited / tick))); // the iteration under way
            refused.add(away / length.counted, {gaps / length.counted, service / length.counted});
        }
        m_comparisons.verify({QTest::currentDataTag(), "share refused", exact, refused.estimate(), "gap, service",
                              double(length.all()) * kReplications, erlangs * tick / exact});
    }

    // The same with interruption: an urgent request takes the only place, and who gives way goes on where it was, as a
    // prompt of any length takes one iteration here.
    void twoClassesWithInterruption()
    {
        const auto stays = ofTwoClasses({.maxBatchedTokens = 0, .preemptsLessUrgent = true},
                                        [](const Completion& c) { return c.finishSeconds - c.request.arrivalSeconds; });
        const std::string name = "M/M/1, two priorities, the first interrupts, load 0.4 + 0.4";
        verifyClass(name, stays[0], "mean stay of the first", interruptingClassMeanStay(kEach), 2);
        verifyClass(name, stays[1], "mean stay of the second", interruptedClassMeanStay(kEach, kEach), 4);
    }

private:
    // Of two priorities.
    static constexpr double kEach = 0.4; ///< the load of each
    static constexpr ServiceLaw kClassLaw{Shape::Exponential, 1, 1e6};
    static constexpr double kClassRequests = 4e6;

    /// The mean of `seconds` of a completion, by priority, where half the requests are urgent; steadied by the wait
    /// that the same requests have first come, first served.
    template <class Seconds>
    static std::array<Replications, 2> ofTwoClasses(const BatchPolicy& policy, const Seconds& seconds)
    {
        const double tick = kClassLaw.tokenSeconds(), fifoWait = mg1MeanWait(2 * kEach, 1);
        std::array<Replications, 2> means{Replications({fifoWait, 0.5 / kEach}), Replications({fifoWait, 0.5 / kEach})};
        const Length length = lengthOf(kClassRequests, 10'000);
        for (int replication = 0; replication < kReplications; ++replication) {
            Random random = replicationRandom(0, std::uint64_t(replication));
            Lindley fifo;
            std::array<double, 2> sum{}, count{};
            double fifoWaits = 0, gaps = 0, gap = 0;
            feed(
                serversModel(tick, 1), kNoLimit, 2 * kEach, length, random,
                [&](Random& r, Request& request) {
                    gap = r.exponential() / (2 * kEach);
                    request.priority = static_cast<std::uint32_t>(r.bits() >> 63);
                    request.outputTokens = kClassLaw.draw(r);
                    return gap;
                },
                [&](const Request& request, bool) {
                    const double w = fifo.arrive(gap, request.outputTokens * tick);
                    if (request.tag >= length.warmUp) {
                        fifoWaits += w;
                        gaps += gap;
                    }
                },
                [&](const Completion& c) {
                    if (c.request.tag >= length.warmUp) {
                        sum[c.request.priority] += seconds(c);
                        ++count[c.request.priority];
                    }
                },
                policy);
            for (std::size_t i = 0; i < means.size(); ++i) {
                means[i].add(sum[i] / count[i], {fifoWaits / length.counted, gaps / length.counted});
            }
        }
        return means;
    }

    /// `iterations`: by so many the value may be off.
    void verifyClass(const std::string& name, const Replications& measured, const char* quantity, double exact,
                     double iterations)
    {
        m_comparisons.verify({name, quantity, exact, measured.estimate(), "wait first come, first served; gap",
                              double(lengthOf(kClassRequests, 10'000).all()) * kReplications,
                              iterations / kClassLaw.tokens});
    }

    /// A stream for each data row.
    static std::uint64_t experiment() { return qHash(QLatin1String(QTest::currentDataTag()), 0); }
};

QTEST_APPLESS_MAIN(TestQueueingOracles)
#include "tst_queueing_oracles.moc"
