// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/store/store.h"

#include <QFutureWatcher>
#include <QObject>
#include <QtConcurrent>

#include <cstdint>
#include <filesystem>
#include <functional>

namespace isobar::ui {

/// Asks a store something in the background, on a connection of its own. A newer question drops the answer to an older
/// one, and so does the end of this object. Main thread.
class StoreReader : public QObject {
public:
    using QObject::QObject;

    template <class T>
    void read(const std::filesystem::path& path, std::function<Result<T>(store::Store&)> question,
              std::function<void(const Result<T>&)> answered)
    {
        const std::uint64_t mine = ++m_generation;
        auto* watcher = new QFutureWatcher<Result<T>>(this);
        connect(watcher, &QFutureWatcherBase::finished, this, [this, watcher, mine, answered = std::move(answered)] {
            watcher->deleteLater();
            if (mine == m_generation) {
                answered(watcher->result());
            }
        });
        watcher->setFuture(QtConcurrent::run([path, question = std::move(question)]() -> Result<T> {
            ISOBAR_TRY_ASSIGN(store::Store opened, store::Store::open(path));
            return question(opened);
        }));
    }

    /// Drops the answer that is under way.
    void forget() { ++m_generation; }

private:
    std::uint64_t m_generation = 0;
};

} // namespace isobar::ui
