// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/data/data_words.h"

#include "ui/shell/format.h"

#include <QDateTime>

namespace isobar::ui {
namespace {

QString sentence(const std::string& text, bool startsIt = true)
{
    QString s = QString::fromStdString(text).trimmed();
    if (!s.isEmpty()) {
        if (startsIt) {
            s[0] = s[0].toUpper();
        }
        if (!s.endsWith(QLatin1Char('.')) && !s.endsWith(QLatin1Char('?')) && !s.endsWith(QLatin1Char('!'))) {
            s += QLatin1Char('.');
        }
    }
    return s;
}

std::string csvField(const std::string& text)
{
    if (text.find_first_of(",\"\n\r") == std::string::npos) {
        return text;
    }
    std::string quoted = "\"";
    for (const char c : text) {
        quoted += c == '"' ? "\"\"" : std::string(1, c);
    }
    return quoted + '"';
}

} // namespace

QString pathText(const std::filesystem::path& path)
{
    return QString::fromStdString(path.string());
}

std::filesystem::path toPath(const QString& text)
{
    return std::filesystem::path(text.toStdString());
}

QString fileName(const QString& path)
{
    return path.mid(path.lastIndexOf(QLatin1Char('/')) + 1);
}

QString formatTitle(const std::string& name)
{
    if (name == "skypilot-catalogue") {
        return QStringLiteral("Price catalogue");
    }
    if (name == "azure-llm-trace" || name == "mooncake" || name == "servegen" || name == "vllm-run") {
        return QStringLiteral("Request trace");
    }
    if (name == "isobar-fleet") {
        return QStringLiteral("Isobar fleet");
    }
    return QString::fromStdString(name);
}

QString errorSentence(const Error& error)
{
    if (error.file.empty()) {
        return sentence(error.message);
    }
    QString where = fileName(QString::fromStdString(error.file));
    if (error.line > 0) {
        where += QStringLiteral(", line ") + grouped(static_cast<double>(error.line), 0);
    }
    return where + QStringLiteral(": ") + sentence(error.message, false);
}

QString adviceSentence(const Error& error)
{
    return sentence(error.advice);
}

QString whenText(const std::string& utc)
{
    const QString text = QString::fromStdString(utc);
    const QDateTime at = QDateTime::fromString(text, Qt::ISODate);
    return at.isValid() ? at.toUTC().toString(QStringLiteral("yyyy-MM-dd HH:mm")) + QStringLiteral(" UTC") : text;
}

QString shortHash(const std::string& sha256)
{
    return QString::fromStdString(sha256.substr(0, 10));
}

QString counted(std::int64_t count, const QString& one, const QString& many)
{
    return grouped(static_cast<double>(count), 0) + QLatin1Char(' ') + (count == 1 ? one : many);
}

std::string toCsv(const std::vector<store::Diagnostic>& rows)
{
    std::string out = "line,field,rule,text\n";
    for (const store::Diagnostic& row : rows) {
        out += std::to_string(row.line) + ',' + (row.column > 0 ? std::to_string(row.column) : std::string()) + ',' +
               csvField(row.rule) + ',' + csvField(row.text) + '\n';
    }
    return out;
}

} // namespace isobar::ui
