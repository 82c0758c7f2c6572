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

} // namespace isobar::test
