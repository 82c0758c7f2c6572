// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/export_picture.h"
#include "ui/shell/theme.h"

#include <QFile>
#include <QImage>
#include <QPainter>
#include <QTemporaryDir>
#include <QTest>

#include <csignal>
#include <sys/resource.h>
#include <unistd.h>

using namespace isobar;
using namespace isobar::ui;

namespace {

void paintSample(QPainter& painter)
{
    painter.fillRect(QRectF(10, 10, 20, 20), QColor(200, 30, 90));
    painter.setFont(font(TextRole::Title));
    painter.setPen(theme().text);
    painter.drawText(QPointF(40, 30), QStringLiteral("Fleet"));
}

QByteArray bytesOf(const QString& path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

} // namespace

/// Pictures reach the disk whole, in three formats, or say why not.
class TestExportPicture : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    QString at(const char* name) const { return m_folder.filePath(QLatin1String(name)); }

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(m_folder.isValid());
        applyTheme(ThemeChoice::Dark);
    }

    void namesOfFormats()
    {
        QCOMPARE(pictureFormatByName(QStringLiteral("png")), PictureFormat::Png);
        QCOMPARE(pictureFormatByName(QStringLiteral("SVG")), PictureFormat::Svg);
        QCOMPARE(pictureFormatByName(QStringLiteral(".Pdf")), PictureFormat::Pdf);
        QVERIFY(!pictureFormatByName(QStringLiteral("jpeg")));
        QVERIFY(!pictureFormatByName(QString()));
    }

    void pngHasTheSizeTheGroundAndThePaint()
    {
        QVERIFY(
            exportPicture(at("a.png"), PictureFormat::Png, {120, 60}, 2, QStringLiteral("Fleet"), paintSample).ok());
        const QImage image(at("a.png"));
        QCOMPARE(image.size(), QSize(240, 120));
        QCOMPARE(image.pixelColor(2, 2), theme().ground);
        QCOMPARE(image.pixelColor(40, 40), QColor(200, 30, 90));
        QCOMPARE(image.text(QStringLiteral("Title")), QStringLiteral("Fleet"));
    }

    void svgKeepsTextAndTypeface()
    {
        QVERIFY(
            exportPicture(at("a.svg"), PictureFormat::Svg, {120, 60}, 1, QStringLiteral("Fleet"), paintSample).ok());
        const QByteArray svg = bytesOf(at("a.svg"));
        QVERIFY(svg.contains("<title>Fleet</title>"));
        QVERIFY(svg.contains("font-family=\"" + loadFonts().toUtf8()));
        QVERIFY(svg.contains(">Fleet</text>"));
        QVERIFY(svg.contains("viewBox=\"0 0 120 60\""));
        QVERIFY(svg.contains(theme().ground.name().toUtf8()));
        QVERIFY(!svg.contains("<image")); // nothing became pixels
    }

    void pdfIsOneVectorPage()
    {
        QVERIFY(exportPicture(at("a.pdf"), PictureFormat::Pdf, {96, 48}, 1, QStringLiteral("Fleet"), paintSample).ok());
        const QByteArray pdf = bytesOf(at("a.pdf"));
        QVERIFY(pdf.startsWith("%PDF"));
        QVERIFY(pdf.contains("%%EOF"));
        QVERIFY(pdf.contains("/MediaBox [0 0 72")); // one inch wide
        QVERIFY(pdf.contains("/Count 1"));
        QVERIFY(!pdf.contains("/Subtype /Image"));
    }

    void refusals_data()
    {
        QTest::addColumn<QString>("path");
        QTest::addColumn<int>("code");
        QTest::newRow("no name") << QString() << static_cast<int>(ErrorCode::NotWritable);
        QTest::newRow("a folder") << m_folder.path() << static_cast<int>(ErrorCode::NotWritable);
        QTest::newRow("no such folder") << at("nowhere/a.png") << static_cast<int>(ErrorCode::NotFound);
        QTest::newRow("a file in the folder's place") << at("plain/a.png") << static_cast<int>(ErrorCode::NotWritable);
        QTest::newRow("a file further up") << at("plain/b/c/a.png") << static_cast<int>(ErrorCode::NotWritable);
        QTest::newRow("a folder nobody may write to")
            << QStringLiteral("/proc/a.png") << static_cast<int>(ErrorCode::NotWritable);
    }
    void refusals()
    {
        QFETCH(QString, path);
        QFETCH(int, code);
        QFile plain(at("plain"));
        QVERIFY(plain.open(QIODevice::WriteOnly));
        bool painted = false;
        const Status status = exportPicture(path, PictureFormat::Png, {100, 100}, 1, QString(),
                                            [&painted](QPainter&) { painted = true; });
        QVERIFY(!status.ok());
        QCOMPARE(static_cast<int>(status.error().code), code);
        QVERIFY(!status.error().message.empty());
        QVERIFY(!status.error().advice.empty());
        QCOMPARE(QString::fromStdString(status.error().file), path);
        QVERIFY2(!painted, "painted before finding out that it cannot be kept");
    }

    void readOnlyFolder()
    {
        if (geteuid() == 0) {
            QSKIP("the superuser may write to any folder");
        }
        QVERIFY(QDir(m_folder.path()).mkdir(QStringLiteral("locked")));
        const QString locked = at("locked");
        QFile::setPermissions(locked, QFile::ReadOwner | QFile::ExeOwner);
        const Status status =
            exportPicture(locked + QStringLiteral("/a.svg"), PictureFormat::Svg, {10, 10}, 1, QString(), paintSample);
        QFile::setPermissions(locked, QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
        QVERIFY(!status.ok());
        QCOMPARE(status.error().code, ErrorCode::NotWritable);
    }

    void impossibleSizes_data()
    {
        QTest::addColumn<QSizeF>("size");
        QTest::newRow("nothing") << QSizeF(0, 100);
        QTest::newRow("negative") << QSizeF(-5, 100);
        QTest::newRow("too wide") << QSizeF(40000, 10);
        QTest::newRow("not a number") << QSizeF(std::numeric_limits<double>::quiet_NaN(), 10);
    }
    void impossibleSizes()
    {
        QFETCH(QSizeF, size);
        const Status status = exportPicture(at("b.png"), PictureFormat::Png, size, 1, QString(), paintSample);
        QVERIFY(!status.ok());
        QCOMPARE(status.error().code, ErrorCode::InvalidValue);
        QVERIFY(!QFile::exists(at("b.png")));
    }

    /// The disk gives out half-way (a limit on file size stands in for it): the old picture stays.
    void aFailedWriteLeavesTheOldFile()
    {
        QFile old(at("keep.png"));
        QVERIFY(old.open(QIODevice::WriteOnly));
        old.write("the old picture");
        old.close();
        const auto noise = [](QPainter& painter) { // does not compress below the limit
            for (int i = 0; i < 20000; ++i) {
                painter.fillRect(QRectF(i * 7919 % 400, i * 104729 % 400, 3, 3), QColor::fromRgb(i * 2654435761U));
            }
        };
        rlimit before{};
        getrlimit(RLIMIT_FSIZE, &before);
        const auto handler = std::signal(SIGXFSZ, SIG_IGN);
        rlimit small = before;
        small.rlim_cur = 4096;
        setrlimit(RLIMIT_FSIZE, &small);
        const Status status = exportPicture(at("keep.png"), PictureFormat::Png, {400, 400}, 1, QString(), noise);
        setrlimit(RLIMIT_FSIZE, &before);
        std::signal(SIGXFSZ, handler);
        QVERIFY(!status.ok());
        QVERIFY(status.error().code == ErrorCode::NotWritable || status.error().code == ErrorCode::DiskFull);
        QVERIFY2(status.error().message.find("Unknown") == std::string::npos, status.error().message.c_str());
        QCOMPARE(bytesOf(at("keep.png")), QByteArray("the old picture"));
        QCOMPARE(QDir(m_folder.path()).entryList({QStringLiteral("keep.png*")}, QDir::Files).size(), 1); // no litter
        // With room again, the same picture replaces it.
        QVERIFY(exportPicture(at("keep.png"), PictureFormat::Png, {400, 400}, 1, QString(), noise).ok());
        QCOMPARE(QImage(at("keep.png")).size(), QSize(400, 400));
    }
};

QTEST_MAIN(TestExportPicture)
#include "tst_export_picture.moc"
