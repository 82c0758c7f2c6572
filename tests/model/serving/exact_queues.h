// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <cmath>
#include <vector>

/// Queues with a known answer. Mean service time is 1 throughout; `load` is per server, below 1.
namespace isobar::serving::test {

/// Blocked share of `erlangs` offered to `servers` without a queue.
inline double erlangB(int servers, double erlangs)
{
    double blocked = 1;
    for (int n = 1; n <= servers; ++n) {
        blocked = erlangs * blocked / (n + erlangs * blocked);
    }
    return blocked;
}

/// M/M/c: who has to wait.
inline double erlangC(int servers, double load)
{
    const double blocked = erlangB(servers, load * servers);
    return blocked / (1 - load * (1 - blocked));
}
inline double mmcMeanWait(int servers, double load)
{
    return erlangC(servers, load) / (servers * (1 - load));
}
inline double mmcTail(int servers, double load, double wait)
{
    return erlangC(servers, load) * std::exp(-servers * (1 - load) * wait);
}
/// M/M/c/c+places: the share refused.
inline double mmckRefused(int servers, int places, double erlangs)
{
    // As Erlang B, going on with as many servers at every further place.
    double refused = erlangB(servers, erlangs);
    for (int k = 0; k < places; ++k) {
        refused = erlangs * refused / (servers + erlangs * refused);
    }
    return refused;
}

/// M/G/1 mean wait (Pollaczek and Khinchine) by the squared coefficient of variation of service.
inline double mg1MeanWait(double load, double cv2)
{
    return load * (1 + cv2) / (2 * (1 - load));
}

/// M/D/1: P(wait > t) (Erlang, 1909). The alternating sum loses digits: good to about 1e-9 for t < 25.
inline double md1Tail(double load, double wait)
{
    long double sum = 0;
    for (int k = 0; k <= static_cast<int>(wait); ++k) {
        const long double x = static_cast<long double>(load) * (k - static_cast<long double>(wait));
        sum += (k == 0 ? 1.0L : std::pow(x, k)) * std::exp(-x - std::lgamma(static_cast<long double>(k) + 1));
    }
    return static_cast<double>(1 - (1 - load) * sum);
}

/// One of `servers` M/M/1 served in turn: E_k/M/1. s = A*(1 - s), W = s / (1 - s).
inline double roundRobinMeanWait(int servers, double load)
{
    double s = load;
    for (int i = 0; i < 10'000; ++i) {
        s = std::pow(servers * load / (servers * load + 1 - s), servers);
    }
    return s / (1 - s);
}

/// Infinitely many M/M/1, each arrival to the shortest of d drawn ones (Vvedenskaya, Dobrushin, Karpelevich 1996;
/// Mitzenmacher 1996): a share load^((d^i - 1)/(d - 1)) has i or more; mean stay by Little's law.
inline double powerOfDMeanStay(int d, double load)
{
    double inSystem = 0, exponent = 1;
    for (int i = 1; i < 10'000 && std::pow(load, exponent) > 1e-18; ++i) {
        inSystem += std::pow(load, exponent);
        exponent = exponent * d + 1;
    }
    return inSystem / load;
}

/// Two classes, the first ahead of the second, none interrupted (Cobham, 1954); exponential service.
inline double firstClassMeanWait(double firstLoad, double secondLoad)
{
    return (firstLoad + secondLoad) / (1 - firstLoad);
}
inline double secondClassMeanWait(double firstLoad, double secondLoad)
{
    return (firstLoad + secondLoad) / ((1 - firstLoad) * (1 - firstLoad - secondLoad));
}

/// Two classes, the first interrupts the second, who goes on where it was (White and Christie, 1958); exponential
/// service: the mean stay.
inline double interruptingClassMeanStay(double firstLoad)
{
    return 1 / (1 - firstLoad);
}
inline double interruptedClassMeanStay(double firstLoad, double secondLoad)
{
    return 1 / (1 - firstLoad) + secondClassMeanWait(firstLoad, secondLoad);
}

/// Two M/M/1 of `load` each, arrivals to the shorter: the mean stay, from the balance equations of the Markov chain
/// cut off at `most` requests a queue, by Gauss and Seidel.
inline double shorterOfTwoMeanStay(double load, int most)
{
    const int side = most + 1;
    std::vector<double> p(static_cast<std::size_t>(side * side), 1.0 / (side * side));
    const auto at = [&](int i, int j) -> double& { return p[static_cast<std::size_t>(i * side + j)]; };
    const double rate = 2 * load;
    double stay = 0, before = -1;
    while (std::abs(stay - before) > 1e-11) {
        before = stay;
        double all = 0, inSystem = 0;
        for (int i = 0; i <= most; ++i) {
            for (int j = 0; j <= i; ++j) { // p(i, j) = p(j, i)
                const bool full = i == most && j == most;
                double in = 0;
                in += i < most ? at(i + 1, j) : 0;
                in += j < most ? at(i, j + 1) : 0;
                if (i > 0 && i - 1 <= j) {
                    in += at(i - 1, j) * (i - 1 == j ? rate / 2 : rate);
                }
                if (j > 0 && j - 1 <= i) {
                    in += at(i, j - 1) * (j - 1 == i ? rate / 2 : rate);
                }
                const double out = (i > 0 ? 1 : 0) + (j > 0 ? 1 : 0) + (full ? 0 : rate);
                at(i, j) = at(j, i) = in / out;
                const double share = at(i, j) * (i == j ? 1 : 2);
                all += share;
                inSystem += (i + j) * share;
            }
        }
        stay = inSystem / all / rate;
    }
    return stay;
}

} // namespace isobar::serving::test
