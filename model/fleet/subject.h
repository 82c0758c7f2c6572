// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/fleet.h"

#include <cmath>
#include <fmt/format.h>
#include <optional>

/// For the validators of this room.
namespace isobar::detail {

/// A bound no figure of a fleet reaches.
inline constexpr double kLargest = 1e30;

/// One entity under test: its kind and key, for the words of an error.
struct Subject {
    const char* kind;
    std::string key;

    [[nodiscard]] Error error(std::string what, std::string text = {}) const
    {
        Error e;
        e.code = ErrorCode::InvalidValue;
        e.message = fmt::format("{} \"{}\": {}", kind, key, what);
        e.text = text.substr(0, 200);
        return e;
    }

    [[nodiscard]] Status number(const char* name, double value, double least, double most) const
    {
        if (!std::isfinite(value)) {
            return error(fmt::format("{} is not a finite number", name), fmt::format("{}", value));
        }
        if (value < least || value > most) {
            return error(fmt::format("{} must be between {:g} and {:g}", name, least, most), fmt::format("{}", value));
        }
        return Done{};
    }

    [[nodiscard]] Status number(const char* name, const std::optional<double>& value, double least, double most) const
    {
        return value ? number(name, *value, least, most) : Status(Done{});
    }

    [[nodiscard]] Status positive(const char* name, double value, double most = kLargest) const
    {
        ISOBAR_TRY(number(name, value, 0, most));
        return value > 0 ? Status(Done{}) : Status(error(fmt::format("{} must be greater than zero", name)));
    }

    template <class Tag, class T>
    [[nodiscard]] Status refersTo(const char* name, Id<Tag> id, const std::vector<T>& entities) const
    {
        if (!id.valid()) {
            return error(fmt::format("names no {}", name));
        }
        if (id.index() >= entities.size()) {
            return error(
                fmt::format("refers to {} number {}, but there are only {}", name, id.index(), entities.size()));
        }
        return Done{};
    }

    template <class Tag, class T>
    [[nodiscard]] Status mayReferTo(const char* name, Id<Tag> id, const std::vector<T>& entities) const
    {
        return id.valid() ? refersTo(name, id, entities) : Status(Done{});
    }

    [[nodiscard]] Status place(LatLon at) const
    {
        ISOBAR_TRY(number("latitude", at.latitude, -90, 90));
        return number("longitude", at.longitude, -180, 180);
    }

    template <class... P> [[nodiscard]] Status provenance(const Fleet& fleet, const P&... all) const
    {
        for (const Provenance* p : {&all...}) {
            ISOBAR_TRY(mayReferTo("source", p->source, fleet.sources));
        }
        return Done{};
    }
};

} // namespace isobar::detail
