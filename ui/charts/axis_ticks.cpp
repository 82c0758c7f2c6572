// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/axis_ticks.h"

#include "ui/shell/format.h"

#include <QDateTime>
#include <QLocale>

#include <algorithm>
#include <array>
#include <cmath>

namespace isobar::ui {
namespace {

constexpr double kMinute = 60, kHour = 3600, kDay = 86400;

double roundStep(double atLeast)
{
    const double magnitude = std::pow(10.0, std::floor(std::log10(atLeast)));
    for (const double mantissa : {1.0, 2.0, 2.5, 5.0}) {
        if (mantissa * magnitude >= atLeast * (1 - 1e-9)) {
            return mantissa * magnitude;
        }
    }
    return 10 * magnitude;
}

/// The digits after the point that tell multiples of `step` apart.
int decimalsOf(double step)
{
    for (int decimals = 0; decimals < 12; ++decimals) {
        const double scaled = step * std::pow(10.0, decimals);
        if (scaled > 0.5 && std::abs(scaled - std::round(scaled)) < 1e-6 * std::max(1.0, scaled)) {
            return decimals;
        }
    }
    return 12;
}

QDateTime utc(double seconds)
{
    return QDateTime::fromMSecsSinceEpoch(static_cast<qint64>(std::llround(seconds * 1000)), Qt::UTC);
}

QString english(const QDateTime& moment, const char* format)
{
    static const QLocale locale(QLocale::English, QLocale::UnitedStates);
    return locale.toString(moment, QLatin1String(format));
}

QString timeLabel(double at, double step)
{
    const QDateTime moment = utc(at);
    if (step >= 365 * kDay) {
        return english(moment, "yyyy");
    }
    if (step >= 28 * kDay) {
        return english(moment, "MMM yyyy");
    }
    if (step >= kDay || moment.time() == QTime(0, 0)) {
        return english(moment, "d MMM");
    }
    return english(moment, step < kMinute ? "HH:mm:ss" : "HH:mm");
}

/// Multiples of `months` months that lie in the range; calendar months are not equally long.
std::vector<double> monthStarts(double from, double to, int months)
{
    std::vector<double> starts;
    const QDate first = utc(from).date();
    int index = first.year() * 12 + first.month() - 1;
    index -= index % months;
    for (;; index += months) {
        const double at = static_cast<double>(
            QDateTime(QDate(index / 12, index % 12 + 1, 1), QTime(0, 0), Qt::UTC).toSecsSinceEpoch());
        if (at > to) {
            return starts;
        }
        if (at >= from) {
            starts.push_back(at);
        }
    }
}

/// A time since a start, as exact as a step between two labels asks for.
QString elapsedLabel(double seconds, double step)
{
    if (step >= kDay) {
        return grouped(seconds / kDay, 0) + QStringLiteral(" d");
    }
    if (step < 1) {
        return grouped(seconds, 1) + QStringLiteral(" s");
    }
    const auto whole = static_cast<std::int64_t>(std::llround(seconds));
    const auto two = [](std::int64_t n) { return QStringLiteral("%1").arg(n, 2, 10, QLatin1Char('0')); };
    return whole >= 3600 ? QStringLiteral("%1:%2:%3").arg(whole / 3600).arg(two(whole / 60 % 60), two(whole % 60))
                         : QStringLiteral("%1:%2").arg(whole / 60).arg(two(whole % 60));
}

} // namespace

ValueAxis valueAxis(double low, double high, int maxTicks, bool fromZero)
{
    if (!std::isfinite(low) || !std::isfinite(high) || low > high) {
        low = 0, high = 1;
    }
    if (fromZero || (low > 0 && low <= high * 0.5)) {
        low = std::min(low, 0.0);
        high = std::max(high, 0.0);
    }
    if (low == high) { // a constant: room on both sides, so that the line does not hide on the edge
        const double room = low == 0 ? 1 : std::abs(low) * 0.1;
        high += room;
        low -= low == 0 ? 0 : room;
    }
    const int intervals = std::max(low < 0 && high > 0 ? 2 : 1, maxTicks - 1); // zero is always a tick
    double step = roundStep((high - low) / intervals);
    double first = std::floor(low / step + 1e-9), last = std::ceil(high / step - 1e-9);
    while (last - first > intervals) { // rounding outwards may have added one tick too many
        step = roundStep(step * 1.01);
        first = std::floor(low / step + 1e-9), last = std::ceil(high / step - 1e-9);
    }
    ValueAxis axis;
    axis.lower = first * step;
    axis.upper = last * step;
    const double largest = std::max(std::abs(axis.lower), std::abs(axis.upper));
    double scale = 1;
    QString suffix;
    struct Scale {
        double from, factor;
        const char* name;
    };
    // "2,500" reads as well as "2.5 k", so thousands are shortened from ten on.
    static constexpr std::array<Scale, 4> kScales{
        {{1e12, 1e12, "T"}, {1e9, 1e9, "B"}, {1e6, 1e6, "M"}, {1e4, 1e3, "k"}}};
    for (const Scale& candidate : kScales) {
        if (largest >= candidate.from) {
            scale = candidate.factor;
            suffix = QChar(0x202F) + QLatin1String(candidate.name);
            break;
        }
    }
    const int decimals = decimalsOf(step / scale);
    for (double i = first; i <= last; ++i) {
        const double at = i * step;
        axis.ticks.push_back({at, at == 0 ? QStringLiteral("0") : grouped(at / scale, decimals) + suffix});
    }
    return axis;
}

std::vector<Tick> timeTicks(double from, double to, double widthPixels, double overhangPixels,
                            const std::function<double(const QString&)>& labelWidth)
{
    std::vector<Tick> ticks;
    if (!(to > from) || !(widthPixels > 0) || std::abs(from) > 1e11 || std::abs(to) > 1e11) {
        return ticks;
    }
    constexpr double kGap = 14, kPitch = 50; // airy where there is room for it
    const double pixelsPerSecond = widthPixels / (to - from);
    std::vector<double> at;
    double step = 0;
    static constexpr std::array<double, 21> kSteps{
        1,    2,     5,         10,        15,        30,         kMinute, 120,      300,      600,      900,
        1800, kHour, 2 * kHour, 3 * kHour, 6 * kHour, 12 * kHour, kDay,    2 * kDay, 7 * kDay, 14 * kDay};
    const auto fits = [&](double candidate) {
        // Dates and times of one step are equally wide (tabular digits), but a month's name is not.
        const double widest = candidate < kMinute      ? labelWidth(QStringLiteral("00:00:00"))
                              : candidate < kDay       ? labelWidth(QStringLiteral("28 May"))
                              : candidate < 28 * kDay  ? labelWidth(QStringLiteral("28 May"))
                              : candidate < 365 * kDay ? labelWidth(QStringLiteral("May 2026"))
                                                       : labelWidth(QStringLiteral("2026"));
        return candidate * pixelsPerSecond >= std::max(widest + kGap, kPitch);
    };
    for (const double candidate : kSteps) {
        if (fits(candidate)) {
            step = candidate;
            // Weeks start on Mondays; the epoch was a Thursday.
            const double origin = step >= 7 * kDay ? 4 * kDay : 0;
            for (double t = std::ceil((from - origin) / step) * step + origin; t <= to; t += step) {
                at.push_back(t);
            }
            break;
        }
    }
    for (const int months : {1, 2, 3, 6, 12, 24, 60, 120, 600, 1200}) {
        if (step == 0 && fits(months * 28 * kDay * (months >= 12 ? 365.0 / 336 : 1))) {
            step = months >= 12 ? 365 * kDay : 28 * kDay;
            at = monthStarts(from, to, months);
        }
    }
    for (const double t : at) {
        const QString label = timeLabel(t, step);
        if ((t - from) * pixelsPerSecond + labelWidth(label) / 2 <= widthPixels + overhangPixels) {
            ticks.push_back({t, label});
        }
    }
    return ticks;
}

std::vector<Tick> elapsedTicks(double from, double to, double widthPixels, double overhangPixels,
                               const std::function<double(const QString&)>& labelWidth)
{
    std::vector<Tick> ticks;
    if (!(to > from) || !(widthPixels > 0)) {
        return ticks;
    }
    constexpr double kGap = 14, kPitch = 50;
    const double pixelsPerSecond = widthPixels / (to - from);
    static constexpr std::array<double, 24> kSteps{
        0.1, 0.2, 0.5,  1,     2,         5,         10,        15,         30,   kMinute,  120,      300,
        600, 900, 1800, kHour, 2 * kHour, 3 * kHour, 6 * kHour, 12 * kHour, kDay, 2 * kDay, 7 * kDay, 14 * kDay};
    double step = 28 * kDay;
    for (const double candidate : kSteps) {
        if (candidate * pixelsPerSecond >= std::max(labelWidth(elapsedLabel(to, candidate)) + kGap, kPitch)) {
            step = candidate;
            break;
        }
    }
    const double first = std::ceil(from / step - 1e-9), last = std::floor(to / step + 1e-9);
    for (double i = first; i <= last; ++i) {
        const QString label = elapsedLabel(i * step, step);
        if ((i * step - from) * pixelsPerSecond + labelWidth(label) / 2 <= widthPixels + overhangPixels) {
            ticks.push_back({i * step, label});
        }
    }
    return ticks;
}

QString elapsedText(double seconds)
{
    if (seconds < kMinute) {
        return grouped(seconds, seconds < 10 ? 2 : 1) + QStringLiteral(" s");
    }
    const auto whole = static_cast<std::int64_t>(seconds);
    const std::int64_t days = whole / 86'400;
    const QString clock = elapsedLabel(static_cast<double>(whole % 86'400), 1);
    return days > 0 ? QStringLiteral("%1 d %2").arg(days).arg(clock) : clock;
}

DurationAxis durationAxis(double low, double high, double floorSeconds, int maxTicks)
{
    const bool below = !(low >= floorSeconds);
    low = below ? floorSeconds : low;
    high = std::isfinite(high) ? std::max(high, low) : low;
    // Steps 1, 2, 5 of each power of ten, by number: 0 is 1 s, 1 is 2 s, 3 is 10 s.
    static constexpr std::array<double, 3> kOfTen{1, 2, 5};
    const auto valueOf = [](int step) {
        const int power = step >= 0 ? step / 3 : -((2 - step) / 3);
        return kOfTen[static_cast<std::size_t>(step - 3 * power)] * std::pow(10.0, power);
    };
    int first = -30, last = 30;
    while (first < last && valueOf(first + 1) <= low * (1 + 1e-9)) {
        ++first;
    }
    last = first + 1;
    while (last < 30 && valueOf(last) < high * (1 - 1e-9)) {
        ++last;
    }
    DurationAxis axis;
    axis.lower = valueOf(first);
    axis.upper = valueOf(last);
    int every = 1;
    while ((last - first) / every + 1 > std::max(2, maxTicks)) {
        every = every == 1 ? 3 : every + 3; // from 1, 2, 5 to powers of ten, then every other power
    }
    for (int step = first; step <= last; ++step) {
        // Powers of ten are multiples of three.
        if (((step % every) + every) % every == 0) {
            const double value = valueOf(step);
            const QString label = value < 0.9 ? grouped(value * 1000, value < 0.9e-3 ? (value < 0.9e-4 ? 2 : 1) : 0) +
                                                    QStringLiteral(" ms")
                                              : grouped(value, 0) + QStringLiteral(" s");
            axis.ticks.push_back({value, below && step == first ? QStringLiteral("≤ ") + label : label});
        }
    }
    return axis;
}

QString momentText(double utcSeconds, double spanSeconds)
{
    const QDateTime moment = utc(utcSeconds);
    if (spanSeconds >= 300 * kDay) {
        return english(moment, "d MMM yyyy");
    }
    return english(moment, spanSeconds >= 12 * kHour ? "d MMM HH:mm" : "HH:mm:ss") + QStringLiteral(" UTC");
}

QString valueText(double value)
{
    if (!std::isfinite(value)) {
        return QStringLiteral("–");
    }
    const double size = std::abs(value);
    if (size > 0 && size < 0.1) { // three significant digits, without a trail of zeros
        return grouped(value, std::min(8, 2 - static_cast<int>(std::floor(std::log10(size)))));
    }
    return compact(value).joined();
}

} // namespace isobar::ui
