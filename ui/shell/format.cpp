// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/format.h"

#include <QLocale>

#include <algorithm>
#include <array>
#include <cmath>

namespace isobar::ui {
namespace {

const QChar kMinus(0x2212);

struct Scale {
    double factor;
    const char* name;
};
constexpr std::array<Scale, 4> kScales{{{1e12, "T"}, {1e9, "B"}, {1e6, "M"}, {1e3, "k"}}};

/// Three significant digits or so: 14.62, 146.2, 1,462.
int usefulDecimals(double value)
{
    const double size = std::abs(value);
    return size >= 1000 ? 0 : size >= 100 ? 1 : 2;
}

Figure scaled(double value, const QString& prefix)
{
    if (!std::isfinite(value)) {
        return {grouped(value, 0), {}};
    }
    for (const Scale& scale : kScales) {
        // 999.95 thousand would round to "1,000 k": step up half a digit early.
        if (std::abs(value) >= scale.factor * 0.99995) {
            const double shown = value / scale.factor;
            return {(shown < 0 ? QString(kMinus) : QString()) + prefix +
                        grouped(std::abs(shown), usefulDecimals(shown)),
                    QLatin1String(scale.name)};
        }
    }
    // The minus only where a digit is left to bear it: never "−0.00".
    const QString size = grouped(std::abs(value), usefulDecimals(value));
    return {(grouped(value, usefulDecimals(value)) != size ? QString(kMinus) : QString()) + prefix + size, {}};
}

QString withSign(double value, int decimals, const char* unit)
{
    if (!std::isfinite(value)) {
        return grouped(value, decimals);
    }
    const double step = std::pow(10.0, -decimals);
    if (std::abs(value) < step / 2) {
        return QStringLiteral("no change");
    }
    return (value > 0 ? QStringLiteral("+") : QString(kMinus)) + grouped(std::abs(value), decimals) + QLatin1Char(' ') +
           QLatin1String(unit);
}

} // namespace

QString grouped(double value, int decimals)
{
    if (!std::isfinite(value)) {
        return QStringLiteral("–");
    }
    static const QLocale english(QLocale::English, QLocale::UnitedStates);
    QString text = english.toString(std::abs(value), 'f', decimals);
    // What rounds to zero has no sign.
    const bool zero = std::none_of(text.begin(), text.end(), [](QChar c) { return c >= u'1' && c <= u'9'; });
    return value < 0 && !zero ? kMinus + text : text;
}

Figure dollars(double usd)
{
    return scaled(usd, QStringLiteral("$"));
}

Figure dollarsPerDay(double usdPerDay)
{
    Figure f = dollars(usdPerDay);
    if (!std::isfinite(usdPerDay)) {
        return f;
    }
    f.unit = f.unit.isEmpty() ? QStringLiteral("/ day") : f.unit + QStringLiteral(" / day");
    return f;
}

Figure percent(double ratio, int decimals)
{
    return {grouped(ratio * 100, decimals), std::isfinite(ratio) ? QStringLiteral("%") : QString()};
}

Figure seconds(double value)
{
    const double size = std::abs(value);
    if (!std::isfinite(value)) {
        return {grouped(value, 0), {}};
    }
    if (size < 0.9995) { // what would round to 1,000 ms is a second
        return {grouped(value * 1000, size < 0.0995 ? 1 : 0), QStringLiteral("ms")};
    }
    if (size < 120) {
        return {grouped(value, size < 10 ? 2 : 1), QStringLiteral("s")};
    }
    if (size < 7200) {
        return {grouped(value / 60, 1), QStringLiteral("min")};
    }
    return {grouped(value / 3600, 1), QStringLiteral("h")};
}

Figure count(double value)
{
    return {grouped(std::round(value), 0), {}};
}

Figure compact(double value)
{
    return scaled(value, {});
}

Figure tonnesPerDay(double gramsPerDay)
{
    const double tonnes = gramsPerDay / 1e6;
    if (!std::isfinite(tonnes)) {
        return {grouped(tonnes, 0), {}};
    }
    return {grouped(tonnes, usefulDecimals(tonnes)), QStringLiteral("tCO₂e / day")};
}

Figure watts(double value)
{
    const double size = std::abs(value);
    if (!std::isfinite(value)) {
        return {grouped(value, 0), {}};
    }
    if (size >= 999'950) { // what would round to 1,000 kW

        return {grouped(value / 1e6, usefulDecimals(value / 1e6)), QStringLiteral("MW")};
    }
    return {grouped(value / 1e3, usefulDecimals(value / 1e3)), QStringLiteral("kW")};
}

QString signedPercent(double ratio, int decimals)
{
    return withSign(ratio * 100, decimals, "%");
}

QString signedPoints(double ratioDifference, int decimals)
{
    return withSign(ratioDifference * 100, decimals, "pt");
}

} // namespace isobar::ui
