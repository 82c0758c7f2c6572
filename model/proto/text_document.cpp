// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/proto/text_document.h"

#include <algorithm>
#include <fmt/format.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>

namespace isobar::proto {
namespace {

namespace pb = google::protobuf;

/// No fleet comes near: a million placements are some 150 MB of text.
constexpr std::size_t kMaxBytes = std::size_t{256} << 20;
/// Entities nest three deep; anything deeper is not a fleet but an attack on the stack.
constexpr int kMaxDepth = 16;

/// The line `number` (1-based) of `text`, at most 200 bytes and no half characters of it.
std::string lineOf(std::string_view text, std::int64_t number)
{
    std::size_t begin = 0;
    for (std::int64_t i = 1; i < number; ++i) {
        const auto next = text.find('\n', begin);
        if (next == std::string_view::npos) {
            return {};
        }
        begin = next + 1;
    }
    std::string_view line = text.substr(begin, text.find('\n', begin) - begin);
    if (line.size() > 200) {
        std::size_t end = 200;
        while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xc0) == 0x80) {
            --end;
        }
        line = line.substr(0, end);
    }
    return std::string(line);
}

/// The byte at which `text` stops being UTF-8, or npos.
std::size_t invalidUtf8At(std::string_view text)
{
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    for (std::size_t i = 0; i < text.size();) {
        const unsigned char c = byte(i);
        if (c < 0x80) {
            ++i;
            continue;
        }
        const std::size_t length = c >= 0xf0 && c <= 0xf4  ? 4
                                   : c >= 0xe0 && c < 0xf0 ? 3
                                   : c >= 0xc2 && c < 0xe0 ? 2
                                                           : 0;
        if (length == 0 || i + length > text.size()) {
            return i;
        }
        for (std::size_t k = 1; k < length; ++k) {
            if ((byte(i + k) & 0xc0) != 0x80) {
                return i;
            }
        }
        // Overlong forms, surrogates and what lies beyond U+10FFFF.
        const unsigned char second = byte(i + 1);
        if ((c == 0xe0 && second < 0xa0) || (c == 0xed && second > 0x9f) || (c == 0xf0 && second < 0x90) ||
            (c == 0xf4 && second > 0x8f)) {
            return i;
        }
        i += length;
    }
    return std::string_view::npos;
}

/// Escapes ("\\377") can put into a string what the text around it may not hold: the first such string, or null.
const pb::FieldDescriptor* fieldThatIsNotUtf8(const pb::Message& message)
{
    const pb::Reflection& reflection = *message.GetReflection();
    std::vector<const pb::FieldDescriptor*> fields;
    reflection.ListFields(message, &fields);
    for (const pb::FieldDescriptor* field : fields) {
        const bool isString = field->cpp_type() == pb::FieldDescriptor::CPPTYPE_STRING;
        if (!isString && field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE) {
            continue;
        }
        const bool repeated = field->is_repeated();
        for (int i = 0; i < (repeated ? reflection.FieldSize(message, field) : 1); ++i) {
            if (isString) {
                std::string scratch;
                const std::string& value = repeated ? reflection.GetRepeatedStringReference(message, field, i, &scratch)
                                                    : reflection.GetStringReference(message, field, &scratch);
                if (invalidUtf8At(value) != std::string_view::npos) {
                    return field;
                }
                continue;
            }
            const pb::Message& child =
                repeated ? reflection.GetRepeatedMessage(message, field, i) : reflection.GetMessage(message, field);
            if (const pb::FieldDescriptor* bad = fieldThatIsNotUtf8(child)) {
                return bad;
            }
        }
    }
    return nullptr;
}

Position positionOf(std::string_view text, std::size_t offset)
{
    const std::string_view before = text.substr(0, offset);
    const auto newline = before.rfind('\n');
    const std::size_t column = newline == std::string_view::npos ? offset : offset - newline - 1;
    return {1 + std::count(before.begin(), before.end(), '\n'), static_cast<std::int64_t>(column) + 1};
}

/// Keeps the first error: later ones are its consequences.
class FirstError final : public pb::io::ErrorCollector {
public:
    void AddError(int line, pb::io::ColumnNumber column, const std::string& message) override
    {
        if (!m_set) {
            m_set = true;
            m_at = {std::int64_t{line} + 1, std::int64_t{column} + 1};
            m_message = message;
        }
    }
    void AddWarning(int, pb::io::ColumnNumber, const std::string&) override {}

    [[nodiscard]] Position at() const { return m_at; }
    [[nodiscard]] const std::string& message() const { return m_message; }

private:
    bool m_set = false;
    Position m_at;
    std::string m_message = "not a document of this kind";
};

} // namespace

Error errorAt(ErrorCode code, std::string message, const std::string& file, Position at)
{
    Error e;
    e.code = code;
    e.message = std::move(message);
    e.file = file;
    e.line = at.line;
    e.column = at.column;
    return e;
}

Status checkSize(std::size_t bytes, const std::string& fileName)
{
    if (bytes > kMaxBytes) {
        return errorAt(ErrorCode::InvalidValue,
                       fmt::format("the document is {} MiB; the limit is {} MiB", bytes >> 20, kMaxBytes >> 20),
                       fileName);
    }
    return Done{};
}

/// Parses `text` into `document`; `tree` receives where its entries stand.
Status parseText(std::string_view text, const std::string& fileName, pb::Message& document,
                 pb::TextFormat::ParseInfoTree& tree)
{
    ISOBAR_TRY(checkSize(text.size(), fileName));
    if (const std::size_t bad = invalidUtf8At(text); bad != std::string_view::npos) {
        return errorAt(ErrorCode::WrongFormat, "the file is not UTF-8 text", fileName, positionOf(text, bad));
    }
    const pb::LogSilencer silence; // errors are values here, not lines on stderr
    FirstError errors;
    pb::TextFormat::Parser parser;
    parser.RecordErrorsTo(&errors);
    parser.WriteLocationsTo(&tree);
    parser.SetRecursionLimit(kMaxDepth);
    pb::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
    if (!parser.Parse(&stream, &document)) {
        Error e = errorAt(ErrorCode::WrongFormat, errors.message(), fileName, errors.at());
        e.text = lineOf(text, errors.at().line);
        return e;
    }
    if (const pb::FieldDescriptor* field = fieldThatIsNotUtf8(document)) {
        return errorAt(ErrorCode::WrongFormat, fmt::format("a \"{}\" holds bytes that are not UTF-8", field->name()),
                       fileName);
    }
    return Done{};
}

Locator locatorFor(const pb::Message& document, const pb::TextFormat::ParseInfoTree& tree)
{
    return [&document, &tree](const char* field, int index) {
        const pb::FieldDescriptor* descriptor = document.GetDescriptor()->FindFieldByName(field);
        const pb::TextFormat::ParseLocation at = tree.GetLocation(descriptor, index);
        return Position{std::int64_t{at.line} + 1, std::int64_t{at.column} + 1};
    };
}

std::string print(const pb::Message& document)
{
    pb::TextFormat::Printer printer;
    printer.SetSingleLineMode(true);
    printer.SetUseUtf8StringEscaping(true);
    std::string out, value;
    const pb::Reflection& reflection = *document.GetReflection();
    std::vector<const pb::FieldDescriptor*> fields;
    reflection.ListFields(document, &fields);
    for (const pb::FieldDescriptor* field : fields) {
        const bool isMessage = field->cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE;
        if (field->is_repeated()) {
            out += '\n';
        }
        const int count = field->is_repeated() ? reflection.FieldSize(document, field) : 1;
        for (int i = 0; i < count; ++i) {
            printer.PrintFieldValueToString(document, field, field->is_repeated() ? i : -1, &value);
            while (!value.empty() && value.back() == ' ') {
                value.pop_back();
            }
            out += field->name() + (isMessage ? " { " + value + " }\n" : ": " + value + "\n");
        }
    }
    return out;
}

std::string headerFor(const char* file, const char* message)
{
    return fmt::format("# proto-file: isobar/v1/{}.proto\n# proto-message: isobar.v1.{}\n\n", file, message);
}

} // namespace isobar::proto
