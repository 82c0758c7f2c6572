// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/store/store.h"
#include "tests/support/test_support.h"

#include <QFile>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <nlohmann/json.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

/// isobar-cli as a script meets it.
namespace isobar::test {

using Json = nlohmann::json;

struct Ran {
    int exitCode = -1;
    bool crashed = false; ///< ended by a signal, or not at all
    QByteArray out, err;
};

inline QString cliPath()
{
    return QString::fromStdString(program("isobar-cli").string());
}

inline Ran finish(QProcess& process)
{
    constexpr int kLimitMs = 120'000;
    Ran ran;
    ran.crashed = !process.waitForFinished(kLimitMs) || process.exitStatus() != QProcess::NormalExit;
    ran.exitCode = process.exitCode();
    ran.out = process.readAllStandardOutput();
    ran.err = process.readAllStandardError();
    return ran;
}

inline Ran cli(const QStringList& arguments)
{
    QProcess process;
    process.start(cliPath(), arguments);
    return finish(process);
}

/// Nothing, or lines that all begin as an error of this program does.
inline bool errorsAreMarked(const QByteArray& err)
{
    for (const QByteArray& line : err.split('\n')) {
        if (!line.isEmpty() && !line.startsWith("isobar-cli: ")) {
            return false;
        }
    }
    return err.isEmpty() || err.endsWith('\n');
}

/// Failed as a command should: this exit code, one marked line, nothing on standard output.
inline bool failedWith(const Ran& ran, int exitCode)
{
    const bool good = !ran.crashed && ran.exitCode == exitCode && ran.out.isEmpty() && errorsAreMarked(ran.err) &&
                      ran.err.count('\n') == 1;
    if (!good) {
        qWarning("exit %d, crashed %d\nout: %s\nerr: %s", ran.exitCode, ran.crashed, ran.out.constData(),
                 ran.err.constData());
    }
    return good;
}

/// The one document on standard output; discarded (is_discarded()) when there is more or less than that.
inline Json parsed(const QByteArray& out)
{
    return Json::parse(out.toStdString(), nullptr, false);
}

/// The document of a command that has to succeed; discarded when it does not.
inline Json document(const QStringList& arguments)
{
    const Ran ran = cli(arguments);
    if (ran.crashed || ran.exitCode != 0 || !ran.err.isEmpty()) {
        qWarning("exit %d: %s", ran.exitCode, ran.err.constData());
        return Json(Json::value_t::discarded);
    }
    return parsed(ran.out);
}

inline bool hasKeys(const Json& object, const std::vector<std::string>& keys)
{
    bool all = object.is_object();
    for (const std::string& key : keys) {
        if (!object.is_object() || !object.contains(key)) {
            qWarning("no key %s", key.c_str());
            all = false;
        }
    }
    return all;
}

/// Everything a store holds that a failed command must not change.
struct Contents {
    std::optional<Fleet> fleet;
    std::vector<store::Offer> offers;
    std::vector<std::string> traces;
    std::size_t imports = 0;
    bool readable = false;
    friend bool operator==(const Contents&, const Contents&) = default;
};

inline Contents contents(const QString& path)
{
    Contents found;
    const auto store = store::Store::open(path.toStdString());
    if (!store.ok()) {
        qWarning("%s", store.error().toString().c_str());
        return found;
    }
    if (const auto fleet = store->loadFleet(); fleet.ok()) {
        found.fleet = *fleet;
    }
    const auto offers = store->offers("", "", 10'000'000);
    const auto traces = store->traces();
    const auto imports = store->imports();
    found.readable = offers.ok() && traces.ok() && imports.ok();
    if (found.readable) {
        found.offers = *offers;
        found.imports = imports->size();
        for (const auto& trace : *traces) {
            found.traces.push_back(trace.name);
        }
    }
    return found;
}

/// A folder of its own with a store of the sample fleet in it.
struct Workplace {
    QTemporaryDir folder;
    QString store;

    Workplace()
        : store(folder.filePath(QStringLiteral("sample.db")))
    {
    }
    [[nodiscard]] bool makeStore() const
    {
        const Ran ran = cli({QStringLiteral("sample"), store});
        if (ran.exitCode != 0) {
            qWarning("%s", ran.err.constData());
        }
        return ran.exitCode == 0;
    }
    [[nodiscard]] QString path(const char* name) const { return folder.filePath(QLatin1String(name)); }
    QString write(const char* name, const QByteArray& bytes) const
    {
        QFile file(path(name));
        if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size()) {
            qFatal("cannot write a test file");
        }
        return file.fileName();
    }
};

inline const QByteArray kCatalogueHeader =
    "InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,GpuInfo,Price,SpotPrice,Region,Generation\n";

/// A sound catalogue with so many distinct rows.
inline QByteArray catalogue(int rows)
{
    QByteArray out = kCatalogueHeader;
    for (int i = 0; i < rows; ++i) {
        const QByteArray n = QByteArray::number(i);
        out += "Standard_ND" + n + ",H100,8,96,1900,," + QByteArray::number(90 + i % 7) + ".5,45.25,eastus,V2\n";
    }
    return out;
}

} // namespace isobar::test
