// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/store/store.h"
#include "tests/support/small_fleet.h"

#include <QFile>
#include <QString>
#include <QTemporaryDir>

/// Small files of known content, and a store to import them into.
namespace isobar::test {

inline constexpr int kPatienceMs = 60'000; ///< for work in the background, on a busy machine

inline QString write(const QTemporaryDir& folder, const char* name, const QByteArray& content)
{
    const QString path = folder.filePath(QLatin1String(name));
    QFile file(path);
    if (!file.open(QIODevice::WriteOnly) || file.write(content) != content.size()) {
        qFatal("cannot write a test file");
    }
    return path;
}

inline QByteArray catalogueHeader()
{
    return "InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,GpuInfo,Price,SpotPrice,Region,Generation\n";
}

/// Nine rows: 3 good (lines 2, 6, 9), 1 repaired (line 7, sentinel beside a real price), 4 quarantined (lines 3
/// sentinel alone, 4 eleven fields, 5 twelve GPUs, 10 no price), 1 unchanged (line 8 repeats line 2).
inline QByteArray badCatalogue()
{
    return catalogueHeader() + "nd96_h100,H100,8,96,1900,,98.32,30.1,eastus,V2\n"     // 2
                               "nd96_a100,A100,8,96,900,,700.0,,eastus,V2\n"          // 3
                               "nd24,A100,1,24,220,,3.67,1.2,eastus,V2,surplus\n"     // 4
                               "nd96_h100x,H100,12,96,1900,,98.32,30.1,eastus,V2\n"   // 5
                               "nd96_h100,H100,8,96,1900,,99.12,31.2,westeurope,V2\n" // 6
                               "nc24_v100,V100,4,24,440,,700.0,4.2,eastus,V1\n"       // 7
                               "nd96_h100,H100,8,96,1900,,98.32,30.1,eastus,V2\n"     // 8
                               "d4,,,4,16,,0.192,0.05,eastus,V1\n"                    // 9
                               "d8,,,8,32,,,,eastus,V1\n";                            // 10
}

inline QByteArray goodTrace()
{
    return "TIMESTAMP,ContextTokens,GeneratedTokens\n"
           "2023-11-16 18:15:46.6805900,374,44\n"
           "2023-11-16 18:15:50.9951690,396,109\n"
           "2023-11-16 18:15:51.2224670,879,55\n";
}

/// A store with the small fleet.
inline QString makeStore(const QTemporaryDir& folder, const char* name = "test.isobar")
{
    const QString path = folder.filePath(QLatin1String(name));
    const auto made = store::Store::create(path.toStdString(), smallFleet());
    if (!made) {
        qFatal("%s", made.error().toString().c_str());
    }
    return path;
}

/// What a store holds, to compare before and after.
struct StoreState {
    std::int64_t offers = 0, traces = 0, quarantined = 0;
    std::size_t imports = 0;
    friend bool operator==(const StoreState&, const StoreState&) = default;
};

inline StoreState stateOf(const QString& path)
{
    const auto opened = store::Store::open(path.toStdString());
    if (!opened) {
        qFatal("%s", opened.error().toString().c_str());
    }
    const store::Counts counts = opened->counts().value();
    return {counts.offers, counts.traces, counts.quarantined, opened->imports().value().size()};
}

} // namespace isobar::test
