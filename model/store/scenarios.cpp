// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/store/scenario_rows.h"

#include "model/fleet/suggest.h"
#include "model/proto/operations_text.h"
#include "model/proto/shipped.h"
#include "model/store/sha256.h"
#include "model/store/store_impl.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace isobar::store {
namespace {

constexpr std::size_t kMostNameCharacters = 80;

Error invalid(std::string message, std::string advice = {})
{
    return {.code = ErrorCode::InvalidValue, .message = std::move(message), .advice = std::move(advice)};
}

std::vector<Scenario> readRows(SQLite::Database& db)
{
    SQLite::Statement statement(db, "SELECT scenario_id, name, note, source, sha256, created_at_utc, operations "
                                    "FROM scenarios WHERE operations IS NOT NULL ORDER BY position, scenario_id");
    std::vector<Scenario> rows;
    while (statement.executeStep()) {
        Columns row(statement);
        Scenario& scenario = rows.emplace_back();
        scenario.id = row.integer();
        for (std::string* text : {&scenario.name, &scenario.note, &scenario.source, &scenario.sha256,
                                  &scenario.createdAtUtc, &scenario.document}) {
            *text = row.text();
        }
    }
    return rows;
}

/// Changes the list in one transaction.
template <class Change> Status edit(Store& store, const std::string& doing, const Change& change)
{
    Store::Impl& impl = store.impl();
    ISOBAR_TRY(refuseReadOnly(impl, doing));
    return guarded(impl.db, impl.path, doing, [&]() -> Status {
        WriteTransaction transaction(impl.db);
        std::vector<Scenario> list = readRows(impl.db);
        ISOBAR_TRY(change(list));
        ISOBAR_TRY(checkScenarioNames(list));
        writeScenarioRows(impl.db, list);
        transaction.commit();
        return Done{};
    });
}

auto place(std::vector<Scenario>& list, std::string_view name)
{
    return std::find_if(list.begin(), list.end(), [name](const Scenario& s) { return s.name == name; });
}

} // namespace

Status checkScenarioNames(std::span<const Scenario> scenarios)
{
    std::set<std::string_view> seen;
    for (const Scenario& scenario : scenarios) {
        ISOBAR_TRY(checkScenarioName(scenario.name));
        if (!seen.insert(scenario.name).second) {
            return invalid(fmt::format("there is a scenario '{}' already", scenario.name), "choose another name");
        }
    }
    return Done{};
}

/// Makes the rows this list. Recorded runs refer to rows by id: those that are gone from the list stay as a bare name
/// while a run has it, and come back as what they were when the list has their id again.
void writeScenarioRows(SQLite::Database& db, std::span<const Scenario> scenarios)
{
    // Names are unique, and may change places: all give theirs up first.
    db.exec("UPDATE scenarios SET operations = NULL WHERE scenario_id > 0");
    SQLite::Statement park(db, "UPDATE scenarios SET name = char(1) || scenario_id WHERE scenario_id = ?");
    for (const Scenario& scenario : scenarios) {
        if (scenario.id > 0) {
            run(park, scenario.id);
        }
    }
    // A name that only runs of a removed scenario bear is free; those runs then are runs of its new owner.
    SQLite::Statement owner(db, "SELECT scenario_id FROM scenarios WHERE name = ? AND scenario_id > 0");
    SQLite::Statement repoint(db, "UPDATE history_runs SET scenario_id = ? WHERE scenario_id = ?");
    SQLite::Statement erase(db, "DELETE FROM scenarios WHERE scenario_id = ?");
    SQLite::Statement insert(db, "INSERT INTO scenarios(scenario_id, name, parent_id, created_at_utc) "
                                 "VALUES(?, char(1) || 'new', 0, ?) ON CONFLICT(scenario_id) DO NOTHING");
    SQLite::Statement set(db, "UPDATE scenarios SET name = ?, position = ?, note = ?, source = ?, sha256 = ?, "
                              "created_at_utc = ?, operations = ? WHERE scenario_id = ?");
    std::int64_t position = 0;
    for (const Scenario& scenario : scenarios) {
        std::optional<std::int64_t> id = scenario.id > 0 ? std::optional(scenario.id) : std::nullopt;
        run(insert, id, scenario.createdAtUtc);
        if (!id) {
            id = db.getLastInsertRowid();
        }
        owner.reset();
        owner.bind(1, scenario.name);
        if (owner.executeStep()) {
            const std::int64_t removed = owner.getColumn(0).getInt64();
            owner.reset();
            run(repoint, *id, removed);
            run(erase, removed);
        }
        run(set, scenario.name, ++position, scenario.note, scenario.source, scenario.sha256, scenario.createdAtUtc,
            scenario.document, *id);
    }
    db.exec("DELETE FROM scenarios WHERE scenario_id > 0 AND operations IS NULL AND scenario_id NOT IN "
            "(SELECT scenario_id FROM history_runs) AND scenario_id NOT IN (SELECT scenario_id FROM fleets)");
}

Status checkScenarioName(std::string_view name)
{
    const auto characters = static_cast<std::size_t>(
        std::count_if(name.begin(), name.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
    if (name.empty()) {
        return invalid("a scenario needs a name");
    }
    if (characters > kMostNameCharacters) {
        return invalid(fmt::format("the name of a scenario has at most {} characters", kMostNameCharacters));
    }
    if (std::any_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 32 || c == 127; })) {
        return invalid("the name of a scenario may not hold line ends or other control characters");
    }
    if (name.front() == ' ' || name.back() == ' ') {
        return invalid("the name of a scenario may not begin or end with a blank");
    }
    if (name == kBaselineName) {
        return invalid(fmt::format("'{}' is the fleet as it stands, without a scenario", kBaselineName),
                       "choose another name");
    }
    return Done{};
}

Result<Scenario> makeScenario(const std::string& name, std::string document, const std::string& source,
                              const std::string& note, const Fleet& fleet)
{
    ISOBAR_TRY(checkScenarioName(name));
    if (document.size() > kMostScenarioBytes) {
        return invalid(fmt::format("a scenario is {} MiB at most", kMostScenarioBytes >> 20));
    }
    ISOBAR_TRY(proto::parseOperationsText(document, source, fleet));
    Scenario scenario;
    scenario.name = name;
    scenario.note = note.empty() ? proto::leadingComment(document) : note;
    scenario.source = source;
    scenario.sha256 = sha256Of(document);
    scenario.createdAtUtc = nowUtc();
    scenario.document = std::move(document);
    return scenario;
}

Result<Operations> operationsOf(const Scenario& scenario, const Fleet& fleet)
{
    return proto::parseOperationsText(scenario.document, "scenario '" + scenario.name + "'", fleet);
}

const Scenario* findScenario(std::span<const Scenario> scenarios, std::string_view name)
{
    const auto at =
        std::find_if(scenarios.begin(), scenarios.end(), [name](const Scenario& s) { return s.name == name; });
    return at == scenarios.end() ? nullptr : &*at;
}

Error noSuchScenario(std::span<const Scenario> scenarios, std::string_view name)
{
    std::vector<std::string> names;
    for (const Scenario& scenario : scenarios) {
        names.push_back(scenario.name);
    }
    return {.code = ErrorCode::NotFound,
            .message = fmt::format("there is no scenario '{}'", name),
            .advice = names.empty() ? "none is kept yet" : suggestNames(name, names)};
}

Result<std::vector<Scenario>> sampleScenarios(const Fleet& sample)
{
    std::vector<Scenario> scenarios;
    for (const proto::ShippedScenario& shipped : proto::shippedScenarios()) {
        ISOBAR_TRY_ASSIGN(Scenario scenario,
                          makeScenario(shipped.name, std::string(shipped.document), shipped.file, {}, sample));
        scenario.source = "bundled with the sample fleet: " + shipped.file;
        scenarios.push_back(std::move(scenario));
    }
    return scenarios;
}

Result<std::vector<Scenario>> scenarios(const Store& store)
{
    return guarded(store.impl().db, store.impl().path, "read the scenarios",
                   [&]() -> Result<std::vector<Scenario>> { return readRows(store.impl().db); });
}

Result<const Scenario*> rememberedScenario(const Store& store, std::span<const Scenario> kept)
{
    ISOBAR_TRY_ASSIGN(const std::optional<std::string> name, store.setting(kScenarioSetting));
    return name ? findScenario(kept, *name) : nullptr;
}

Result<Scenario> scenario(const Store& store, std::string_view name)
{
    ISOBAR_TRY_ASSIGN(const std::vector<Scenario> all, scenarios(store));
    const Scenario* found = findScenario(all, name);
    return found != nullptr ? Result<Scenario>(*found) : Result<Scenario>(noSuchScenario(all, name));
}

Status putScenario(Store& store, const Scenario& scenario)
{
    ISOBAR_TRY(checkScenarioName(scenario.name));
    ISOBAR_TRY_ASSIGN(const Fleet fleet, store.loadFleet());
    ISOBAR_TRY(operationsOf(scenario, fleet));
    return edit(store, "keep the scenario", [&](std::vector<Scenario>& list) -> Status {
        const auto same = place(list, scenario.name);
        Scenario put = scenario;
        put.id = same == list.end() ? 0 : same->id;
        if (same == list.end()) {
            list.push_back(std::move(put));
        } else {
            *same = std::move(put);
        }
        return Done{};
    });
}

Status renameScenario(Store& store, std::string_view from, const std::string& to)
{
    return edit(store, "rename the scenario", [&](std::vector<Scenario>& list) -> Status {
        const auto at = place(list, from);
        if (at == list.end()) {
            return noSuchScenario(list, from);
        }
        at->name = to;
        return Done{};
    });
}

Status removeScenario(Store& store, std::string_view name)
{
    return edit(store, "remove the scenario", [&](std::vector<Scenario>& list) -> Status {
        const auto at = place(list, name);
        if (at == list.end()) {
            return noSuchScenario(list, name);
        }
        list.erase(at);
        return Done{};
    });
}

Status setScenarios(Store& store, std::span<const Scenario> scenarios)
{
    return edit(store, "keep the scenarios", [&](std::vector<Scenario>& list) -> Status {
        list.assign(scenarios.begin(), scenarios.end());
        return Done{};
    });
}

} // namespace isobar::store
