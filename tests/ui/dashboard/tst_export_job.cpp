// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/sample_history.h"
#include "ui/dashboard/export_job.h"
#include "ui/shell/theme.h"

#include <QFileInfo>
#include <QImage>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QThreadPool>
#include <QtTest>

#include <algorithm>
#include <cstdlib>

using namespace isobar;
using namespace isobar::ui;

/// Exports in the background: the same file as at once, in the theme it was asked for in; stopped, none.
class ExportJobTest : public QObject {
    Q_OBJECT

    static constexpr int kLong = 60'000; // milliseconds, for a slow and busy machine

    ViewContext m_context;
    QTemporaryDir m_folder;

    [[nodiscard]] ExportJob::Work pictureOf(View view, ExportFormat format, const QString& path) const
    {
        return [this, view, format, path](const ExportPlace& place) {
            return exportView(view, format, path, {900, 560}, 1, m_context, place);
        };
    }

    /// The largest difference of a channel; 255 where the sizes differ. Soft edges are rounded one way or the other.
    static int farthest(const QImage& a, const QImage& b)
    {
        int most = a.size() == b.size() ? 0 : 255;
        for (int y = 0; y < a.height() && most < 255; ++y) {
            for (int x = 0; x < a.width(); ++x) {
                const QRgb one = a.pixel(x, y), other = b.pixel(x, y);
                most = std::max({most, std::abs(qRed(one) - qRed(other)), std::abs(qGreen(one) - qGreen(other)),
                                 std::abs(qBlue(one) - qBlue(other))});
            }
        }
        return most;
    }

    /// What the job says when it is done; nothing when it never is. `meanwhile` runs once it has begun.
    static std::optional<Status> answerOf(ExportJob::Work work, const std::function<void(ExportJob&)>& meanwhile = {})
    {
        ExportJob job;
        std::optional<Status> answer;
        connect(&job, &ExportJob::finished, &job, [&answer](const Status& written) { answer = written; });
        job.start(std::move(work));
        if (!job.isRunning() || answer) {
            return std::nullopt; // it did not run beside
        }
        if (meanwhile) {
            meanwhile(job);
        }
        return QTest::qWaitFor([&answer] { return answer.has_value(); }, kLong) ? answer : std::nullopt;
    }

private Q_SLOTS:
    void initTestCase()
    {
        QStandardPaths::setTestModeEnabled(true);
        const auto context = test::sampleContext(20);
        QVERIFY(context);
        m_context = *context;
    }

    void theSamePictureAsAtOnce_data()
    {
        QTest::addColumn<int>("view");
        for (const View view : allViews()) {
            QTest::newRow(qPrintable(viewName(view))) << static_cast<int>(view);
        }
    }

    void theSamePictureAsAtOnce()
    {
        QFETCH(int, view);
        const auto which = static_cast<View>(view);
        const QString atOnce = m_folder.filePath(QStringLiteral("a.png")),
                      later = m_folder.filePath(QStringLiteral("b.png"));
        applyTheme(ThemeChoice::Dark);
        QVERIFY(exportView(which, ExportFormat::Png, atOnce, {900, 560}, 1, m_context).ok());
        const auto written =
            answerOf(pictureOf(which, ExportFormat::Png, later), [](ExportJob&) { applyTheme(ThemeChoice::Light); });
        applyTheme(ThemeChoice::Dark);
        QVERIFY(written && written->ok()); // and it did not follow the window
        const QImage expected(atOnce), found(later);
        QVERIFY(!expected.isNull());
        QVERIFY2(farthest(expected, found) <= 3, qPrintable(QString::number(farthest(expected, found))));
    }

    void everyFormatIsWritten()
    {
        for (const ExportFormat format : {ExportFormat::Svg, ExportFormat::Pdf, ExportFormat::Csv}) {
            const QString path = m_folder.filePath(QStringLiteral("overview.%1").arg(static_cast<int>(format)));
            const auto written = answerOf(pictureOf(View::Overview, format, path));
            QVERIFY(written && written->ok());
            QVERIFY(QFileInfo(path).size() > 100);
        }
    }

    void whatIsStoppedIsNotWritten()
    {
        const QString path = m_folder.filePath(QStringLiteral("stopped.png"));
        // The plots are recorded here: before the next event none is, and so nothing can be written.
        const auto written =
            answerOf(pictureOf(View::Overview, ExportFormat::Png, path), [](ExportJob& job) { job.cancel(); });
        QVERIFY(written && !written->ok());
        QCOMPARE(written->error().code, ErrorCode::Cancelled);
        QVERIFY(!QFileInfo::exists(path));
    }

    void aJobThatIsGoneWritesNothing()
    {
        const QString path = m_folder.filePath(QStringLiteral("gone.png"));
        {
            ExportJob job;
            job.start(pictureOf(View::Throughput, ExportFormat::Png, path));
        }
        QVERIFY(QThreadPool::globalInstance()->waitForDone(kLong)); // and nobody waits for a plot for ever
        QVERIFY(!QFileInfo::exists(path));
    }

    void aFolderThatIsNotThereIsToldOf()
    {
        const auto written = answerOf(pictureOf(View::Share, ExportFormat::Png, QStringLiteral("/nowhere/at/all.png")));
        QVERIFY(written && !written->ok());
        QCOMPARE(written->error().code, ErrorCode::NotFound);
    }
};

QTEST_MAIN(ExportJobTest)
#include "tst_export_job.moc"
