// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/charts/value_kind.h"

#include <cmath>

namespace isobar::ui {

Figure figureOf(ValueKind kind, double value)
{
    switch (kind) {
    case ValueKind::Plain:
        return compact(value);
    case ValueKind::Count:
        return count(value);
    case ValueKind::Ratio:
        return percent(value, std::abs(value) < 0.0995 ? 2 : 1);
    case ValueKind::Usd:
        return dollars(value);
    case ValueKind::UsdPerDay:
        return dollarsPerDay(value);
    case ValueKind::Seconds:
        return seconds(value);
    }
    return compact(value);
}

QString figureText(ValueKind kind, double value)
{
    return figureOf(kind, value).joined();
}

} // namespace isobar::ui
