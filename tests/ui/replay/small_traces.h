// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QFile>
#include <QString>
#include <QTextStream>

#include <random>

namespace isobar::test {

/// Writes an Azure trace of Poisson arrivals, `rate` a second; every hundredth request has nothing to write.
inline QString writeTrace(const QString& path, int requests, double rate)
{
    QFile file(path);
    if (!file.open(QIODevice::WriteOnly)) {
        return {};
    }
    std::mt19937_64 random(5);
    std::exponential_distribution<double> gap(rate);
    QByteArray text("TIMESTAMP,ContextTokens,GeneratedTokens\n");
    double now = 0;
    for (int i = 0; i < requests; ++i) {
        const auto whole = static_cast<int>(now);
        text += QString::asprintf("2023-11-16 %02d:%02d:%010.7f,%d,%d\n", 1 + whole / 3600, whole / 60 % 60,
                                  whole % 60 + (now - whole), 50 + static_cast<int>(random() % 2000),
                                  i % 100 == 99 ? 0 : 1 + static_cast<int>(random() % 400))
                    .toLatin1();
        now += gap(random);
    }
    file.write(text);
    return path;
}

/// Writes a Mooncake trace, ten requests a second: prompts of 512-token blocks that begin like those of one of twenty
/// conversations.
inline QString writeHashedTrace(const QString& path, int requests)
{
    QFile file(path);
    if (!file.open(QIODevice::WriteOnly)) {
        return {};
    }
    std::mt19937_64 random(5);
    QByteArray text;
    for (int i = 0; i < requests; ++i) {
        const auto blocks = 1 + static_cast<int>(random() % 6), conversation = static_cast<int>(random() % 20);
        QByteArray hashes;
        for (int block = 0; block < blocks; ++block) {
            hashes += (block > 0 ? "," : "") + QByteArray::number(100 * conversation + block);
        }
        text += QString::asprintf("{\"timestamp\": %d, \"input_length\": %d, \"output_length\": %d, \"hash_ids\": [",
                                  100 * i, 512 * blocks - static_cast<int>(random() % 500),
                                  1 + static_cast<int>(random() % 300))
                    .toLatin1() +
                hashes + "]}\n";
    }
    file.write(text);
    return path;
}

} // namespace isobar::test
