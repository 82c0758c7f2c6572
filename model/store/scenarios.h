// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/operations.h"
#include "model/store/store.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Named ways to run a fleet, kept in its store: an isobar.v1.Operations document each, as it was written, with where
/// it came from. The list has an order, which people see.
namespace isobar::store {

/// The name of the fleet as it stands, run without any document. No scenario may have it.
inline constexpr std::string_view kBaselineName = "baseline";
/// The store's setting that says which one its window runs; "" or absent: none.
inline constexpr const char* kScenarioSetting = "scenario";
/// Of a document.
inline constexpr std::size_t kMostScenarioBytes = std::size_t{16} << 20;

struct Scenario {
    std::int64_t id = 0; ///< recorded runs refer to it; 0 = not in a store yet
    std::string name, note;
    std::string source; ///< the file it was read from, or who made it
    std::string sha256; ///< of the document, lower-case hexadecimal
    std::string createdAtUtc;
    std::string document; ///< protobuf text, byte for byte
    friend bool operator==(const Scenario&, const Scenario&) = default;
};

/// Refuses names that are empty, longer than 80 characters, of control characters, with blanks around, or the
/// baseline's.
[[nodiscard]] Status checkScenarioName(std::string_view name);
/// The same of a list, in which each name is there once.
[[nodiscard]] Status checkScenarioNames(std::span<const Scenario> scenarios);
/// A scenario of a document that makes sense for the fleet; else what is wrong, with `source` and line. A `note` that
/// is empty is the document's leading comment.
[[nodiscard]] Result<Scenario> makeScenario(const std::string& name, std::string document, const std::string& source,
                                            const std::string& note, const Fleet& fleet);
/// What the engine takes. The fleet may have changed since the scenario was made: errors name scenario and line.
[[nodiscard]] Result<Operations> operationsOf(const Scenario& scenario, const Fleet& fleet);
/// Null when there is none of that name.
[[nodiscard]] const Scenario* findScenario(std::span<const Scenario> scenarios, std::string_view name);
/// The error that there is none of that name, and which may have been meant.
[[nodiscard]] Error noSuchScenario(std::span<const Scenario> scenarios, std::string_view name);

/// Those that ship with the sample fleet; the first is its ordinary day.
[[nodiscard]] Result<std::vector<Scenario>> sampleScenarios(const Fleet& sample);

[[nodiscard]] Result<std::vector<Scenario>> scenarios(const Store& store);
/// Which of `kept` the store's window ran last; null where it ran none, or one that is no longer there.
[[nodiscard]] Result<const Scenario*> rememberedScenario(const Store& store, std::span<const Scenario> kept);
/// NotFound, naming those that may have been meant.
[[nodiscard]] Result<Scenario> scenario(const Store& store, std::string_view name);
/// Adds it at the end of the list, or puts it in place of the one of that name. InvalidValue when its name or its
/// document makes no sense for the store's fleet: nothing is written then.
Status putScenario(Store& store, const Scenario& scenario);
/// Recorded runs of it bear the new name too. InvalidValue when there is one of that name.
Status renameScenario(Store& store, std::string_view from, const std::string& to);
/// Runs recorded under it keep its name.
Status removeScenario(Store& store, std::string_view name);
/// The list becomes this one; entries with an id stay what recorded runs refer to. Names must be good and differ.
Status setScenarios(Store& store, std::span<const Scenario> scenarios);

} // namespace isobar::store
