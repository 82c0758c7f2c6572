// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/ingest/formats.h"
#include "model/ingest/text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_map>

#include <fmt/format.h>

/// A price catalogue in SkyPilot's layout: one row an instance type (or, on clouds that sell accelerators apart, an
/// accelerator with a blank instance type), region and zone, in USD per hour. The provider is the file's name.
///
/// Taken as it is, with a notice: spot dearer than on-demand; no on-demand price but a spot price; an accelerator
/// count without a name (FPGAs). Fractions of a GPU are real and kept. GpuInfo, a Python literal, is not read.
/// Repaired: "V1,V2" without quotes in a last column Generation (joined again); a price that is the 700.0 or 0 some
/// catalogues write for "none" while the row's other price is real (the one is dropped).
/// Quarantined: every other shape that does not fit; text that is not UTF-8; a row without region or name; numbers
/// that are not finite, negative or absurd; rows without any price; accelerator counts that cannot be; a key that
/// comes twice with different values (the first stays); a last row without a line end, which may have been cut.
/// A row that repeats another exactly is unchanged.
namespace isobar::ingest {

namespace {

constexpr double kNoPriceSentinelUsdPerHour = 700.0;
/// A whole server costs tens of dollars, a chip a few: above this a figure is a mistake, not a price.
constexpr double kAbsurdUsdPerChipHour = 1000.0;
constexpr double kMaxVcpus = 10'000;
constexpr double kMaxMemoryGib = 1'000'000;
constexpr std::size_t kMaxNameBytes = 200;

using store::Offer;

/// Why a row is left out.
struct Rejection {
    std::size_t column = 0; ///< 1-based, 0 = the whole row
    const char* rule = "";
    std::string what;
};

std::optional<double> digitsBefore(std::string_view text, std::size_t end)
{
    std::size_t begin = end;
    while (begin > 0 && text[begin - 1] >= '0' && text[begin - 1] <= '9') {
        --begin;
    }
    return begin == end ? std::nullopt : parseNumber(text.substr(begin, end - begin));
}

/// Sizes GPU servers are sold in. Inferentia, Trainium and rack-scale systems have their own.
bool isPlausibleCount(std::string_view accelerator, double count)
{
    if (count < 1) {
        return count > 0;
    }
    if (count != std::floor(count)) {
        return false;
    }
    const std::string name = lowercase(accelerator);
    if (name.starts_with("inferentia") || name.starts_with("trainium") || name.starts_with("tpu")) {
        return count <= 64;
    }
    if (name.starts_with("gb200") || name.starts_with("gb300")) {
        return count <= 72;
    }
    return count <= 8 || count == 10 || count == 16;
}

class Catalogue {
public:
    Catalogue(const std::filesystem::path& path, Intake& intake)
        : m_path(path)
        , m_intake(intake)
        , m_provider(providerFromPath(path))
    {
    }

    Status read()
    {
        ISOBAR_TRY_ASSIGN(auto reader, CsvReader::open(m_path));
        CsvReader::Record record;
        ISOBAR_TRY_ASSIGN(const bool any, reader.next(record));
        if (!any) {
            return Error{.code = ErrorCode::WrongFormat,
                         .message = "the file has no lines",
                         .advice = "check that it was downloaded whole",
                         .file = m_path.string()};
        }
        ISOBAR_TRY_ASSIGN(
            m_header,
            Header::read(record, {"InstanceType", "AcceleratorName", "AcceleratorCount", "Price", "Region"},
                         {"vCPUs", "MemoryGiB", "SpotPrice", "AvailabilityZone", "Generation"}, m_path.string()));
        locateColumns();
        for (;;) {
            ISOBAR_TRY_ASSIGN(const bool more, reader.next(record));
            if (!more) {
                return Done{};
            }
            ISOBAR_TRY(m_intake.row(reader.position()));
            ISOBAR_TRY(take(record));
        }
    }

private:
    void locateColumns()
    {
        m_instanceType = m_header->column("InstanceType");
        m_accelerator = m_header->column("AcceleratorName");
        m_count = m_header->column("AcceleratorCount");
        m_vcpus = m_header->column("vCPUs");
        m_memory = m_header->column("MemoryGiB");
        m_price = m_header->column("Price");
        m_spot = m_header->column("SpotPrice");
        m_region = m_header->column("Region");
        m_zone = m_header->column("AvailabilityZone");
        m_generation = m_header->column("Generation");
        m_generationIsLast = m_header->last() == "Generation";
    }

    Status take(CsvReader::Record& record)
    {
        ISOBAR_TRY_ASSIGN(const bool fits, checkShape(record, m_header->width(), m_generationIsLast, m_intake));
        if (!fits) {
            return Done{};
        }
        m_repaired = false;
        m_rejection.reset();
        // Notices wait until it is known that the row is not left out.
        m_notices.clear();
        Offer& offer = m_offer;
        if (!joinGeneration(record) || !readNames(record, offer) || !readSize(record, offer) ||
            !readPrices(record, offer) || !checkAccelerators(offer)) {
            return reject(record);
        }
        if (!record.hasLineEnd) {
            m_rejection = {
                0, "truncated",
                fmt::format("the file ends without a line end, so this row may be cut: {}", clipped(record.raw))};
            return reject(record);
        }
        return put(record, offer);
    }

    Status put(const CsvReader::Record& record, const Offer& offer)
    {
        using Outcome = store::Store::ImportWriter::Outcome;
        ISOBAR_TRY_ASSIGN(const Outcome outcome, m_intake.writer().putOffer(offer));
        if (outcome == Outcome::Conflict) {
            m_rejection = {0, "conflicting-duplicate",
                           fmt::format("an earlier row has the same key and other values: {}", clipped(record.raw))};
            return reject(record);
        }
        for (const Notice& notice : m_notices) {
            const auto describe = [&] { return fmt::format("{}: {}", notice.what, clipped(record.raw)); };
            notice.mended ? m_intake.mended(record.line, notice.column, notice.rule, describe)
                          : m_intake.notice(record.line, notice.column, notice.rule, describe);
        }
        switch (outcome) {
        case Outcome::Duplicate:
            m_intake.notice(record.line, 0, "duplicate-row",
                            [&] { return fmt::format("the same row came before: {}", clipped(record.raw)); });
            [[fallthrough]];
        case Outcome::Unchanged:
            m_intake.unchanged();
            break;
        default:
            m_repaired ? m_intake.repaired() : m_intake.accepted();
            break;
        }
        return Done{};
    }

    Status reject(const CsvReader::Record& record)
    {
        return m_intake.quarantine(record.line, m_rejection->column, m_rejection->rule, m_rejection->what, record.raw);
    }

    bool rejectField(std::size_t column, const char* rule, std::string what)
    {
        m_rejection = {column + 1, rule, std::move(what)};
        return false;
    }

    void note(std::optional<std::size_t> column, const char* rule, const char* what)
    {
        m_notices.push_back({column ? *column + 1 : 0, rule, what, false});
    }
    /// Something was changed, which makes the row a repaired one.
    void mend(std::optional<std::size_t> column, const char* rule, const char* what)
    {
        m_repaired = true;
        m_notices.push_back({column ? *column + 1 : 0, rule, what, true});
    }

    /// "V1,V2" came without quotes: the last column takes the fields that are left over.
    bool joinGeneration(const CsvReader::Record& record)
    {
        const std::size_t width = m_header->width();
        m_joined.clear();
        if (record.fields.size() == width) {
            return true;
        }
        for (std::size_t i = width - 1; i < record.fields.size(); ++i) {
            const std::string_view tag = trimmed(record.fields[i]);
            const bool isGeneration =
                tag.size() >= 2 && tag.size() <= 3 && tag[0] == 'V' && parseInteger(tag.substr(1));
            if (!isGeneration) {
                return rejectField(
                    width, "field-count",
                    fmt::format("{} fields under {} columns: {}", record.fields.size(), width, clipped(record.raw)));
            }
            m_joined += (m_joined.empty() ? "" : ",");
            m_joined += tag;
        }
        mend(width - 1, "unquoted-comma", "the list in the last column has no quotes and was joined");
        return true;
    }

    [[nodiscard]] static std::string_view field(const CsvReader::Record& record, std::optional<std::size_t> column)
    {
        return column ? trimmed(record.fields[*column]) : std::string_view();
    }

    bool readName(const CsvReader::Record& record, std::optional<std::size_t> column, std::string& out)
    {
        const std::string_view text = field(record, column);
        if (text.size() > kMaxNameBytes) {
            return rejectField(*column, "name-length",
                               fmt::format("a name of {} bytes: {}", text.size(), clipped(text)));
        }
        if (!isPrintableUtf8(text)) {
            return rejectField(*column, "encoding", fmt::format("not readable as UTF-8: {}", clipped(text)));
        }
        out.assign(text);
        return true;
    }

    bool readNames(const CsvReader::Record& record, Offer& offer)
    {
        offer.provider = m_provider;
        if (!readName(record, m_instanceType, offer.instanceType) ||
            !readName(record, m_accelerator, offer.accelerator) || !readName(record, m_region, offer.region) ||
            !readName(record, m_zone, offer.zone) || !readName(record, m_generation, offer.generation)) {
            return false;
        }
        if (!m_joined.empty()) {
            offer.generation = m_joined;
        }
        if (offer.region.empty()) {
            return rejectField(*m_region, "region-missing", fmt::format("no region: {}", clipped(record.raw)));
        }
        if (offer.instanceType.empty() && offer.accelerator.empty()) {
            return rejectField(*m_instanceType, "name-missing",
                               fmt::format("neither an instance type nor an accelerator: {}", clipped(record.raw)));
        }
        return true;
    }

    /// A number that may be blank, between 0 and `maximum`.
    bool readNumber(const CsvReader::Record& record, std::optional<std::size_t> column, const char* rule,
                    double maximum, std::optional<double>& out)
    {
        out.reset();
        const std::string_view text = field(record, column);
        if (text.empty()) {
            return true;
        }
        out = parseNumber(text);
        if (!out) {
            return rejectField(*column, rule, fmt::format("'{}' is not a number", clipped(text)));
        }
        if (*out < 0 || *out > maximum) {
            return rejectField(*column, rule, fmt::format("'{}' is out of range (0 to {})", clipped(text), maximum));
        }
        return true;
    }

    bool readSize(const CsvReader::Record& record, Offer& offer)
    {
        std::optional<double> count;
        if (!readNumber(record, m_count, "accelerator-count", 100'000, count) ||
            !readNumber(record, m_vcpus, "number", kMaxVcpus, offer.vcpus) ||
            !readNumber(record, m_memory, "number", kMaxMemoryGib, offer.memoryGib)) {
            return false;
        }
        offer.acceleratorCount = count.value_or(0);
        offer.chips = offer.accelerator.empty() ? 0 : chipsOfAccelerator(offer.accelerator, offer.acceleratorCount);
        return true;
    }

    bool readPrices(const CsvReader::Record& record, Offer& offer)
    {
        const double absurd = kAbsurdUsdPerChipHour * std::max(1.0, offer.chips);
        if (!readNumber(record, m_price, "price", absurd, offer.usdPerHour) ||
            !readNumber(record, m_spot, "price", absurd, offer.spotUsdPerHour)) {
            return false;
        }
        const bool hadPrice = offer.usdPerHour.has_value();
        const char* reason = nullptr;
        std::size_t where = *m_price;
        const auto dropNonPrice = [&](std::optional<double>& price, std::size_t column) {
            if (price && (*price == 0 || *price == kNoPriceSentinelUsdPerHour)) {
                reason = *price == 0 ? "price-zero" : "price-sentinel";
                where = column;
                price.reset();
            }
        };
        if (m_spot) {
            dropNonPrice(offer.spotUsdPerHour, *m_spot);
        }
        dropNonPrice(offer.usdPerHour, *m_price);
        if (!offer.usdPerHour && !offer.spotUsdPerHour) {
            if (reason == nullptr) {
                return rejectField(*m_price, "price-missing", fmt::format("no price: {}", clipped(record.raw)));
            }
            return rejectField(where, reason,
                               fmt::format("'{}' stands for \"no price\", and there is no other: {}",
                                           field(record, where), clipped(record.raw)));
        }
        if (reason != nullptr) {
            mend(where, reason, "a figure that stands for \"no price\" was dropped");
        } else if (!hadPrice) {
            note(m_price, "price-missing", "only a spot price");
        }
        if (offer.usdPerHour && offer.spotUsdPerHour && *offer.spotUsdPerHour > *offer.usdPerHour) {
            note(m_spot, "spot-above-on-demand", "spot is dearer than on-demand");
        }
        return true;
    }

    /// Counts that cannot be: no server is sold with them, or they contradict the instance type's own name or an
    /// earlier row of the same type.
    bool checkAccelerators(const Offer& offer)
    {
        const double count = offer.acceleratorCount;
        if (offer.accelerator.empty()) {
            if (count > 0) {
                note(m_accelerator, "accelerator-unnamed", "an accelerator count without a name");
            }
            return true;
        }
        if (!isPlausibleCount(offer.accelerator, count)) {
            return rejectField(*m_count, "accelerator-count",
                               fmt::format("no server is sold with {} of {}", count, offer.accelerator));
        }
        if (offer.instanceType.empty()) {
            return true;
        }
        if (const auto stated = acceleratorsStatedBy(offer.instanceType); stated && *stated != count) {
            return rejectField(*m_count, "accelerator-count",
                               fmt::format("{} of {}, but the name {} says {}", count, offer.accelerator,
                                           offer.instanceType, *stated));
        }
        const auto [earlier, isFirst] = m_countOfType.try_emplace(offer.instanceType + '\n' + offer.accelerator, count);
        if (!isFirst && earlier->second != count) {
            return rejectField(*m_count, "accelerator-count",
                               fmt::format("{} of {}, but earlier rows of {} have {}", count, offer.accelerator,
                                           offer.instanceType, earlier->second));
        }
        return true;
    }

    struct Notice {
        std::size_t column;
        const char* rule;
        const char* what;
        bool mended;
    };

    const std::filesystem::path& m_path;
    Intake& m_intake;
    std::string m_provider;
    std::optional<Header> m_header;
    std::optional<std::size_t> m_instanceType, m_accelerator, m_count, m_vcpus, m_memory, m_price, m_spot, m_region,
        m_zone, m_generation;
    bool m_generationIsLast = false;
    // Of the present row:
    Offer m_offer;
    std::string m_joined;
    bool m_repaired = false;
    std::optional<Rejection> m_rejection;
    std::vector<Notice> m_notices;
    std::unordered_map<std::string, double> m_countOfType;
};

} // namespace

std::string providerFromPath(const std::filesystem::path& path)
{
    std::string stem = path.filename().string();
    stem = stem.substr(0, stem.find_first_of("._-"));
    if (lowercase(stem) == "vms" && path.has_parent_path()) {
        stem = std::filesystem::absolute(path).parent_path().filename().string();
    }
    stem = lowercase(stem);
    return isPrintableUtf8(stem) && !stem.empty() ? stem : "unknown";
}

double chipsOfAccelerator(std::string_view accelerator, double count)
{
    const std::string name = lowercase(accelerator);
    if (!name.starts_with("tpu-")) {
        return count;
    }
    const auto dash = name.rfind('-');
    const auto size = dash > 3 ? parseInteger(std::string_view(name).substr(dash + 1)) : std::nullopt;
    if (!size || *size < 1) {
        return count;
    }
    // v2, v3, v4 and v5p slices are named by TensorCores, two a chip; v5e and v6e slices by chips.
    const std::string_view generation = std::string_view(name).substr(4, dash - 4);
    static constexpr std::array<std::string_view, 4> kNamedByCores{"v2", "v3", "v4", "v5p"};
    const bool byCores = std::find(kNamedByCores.begin(), kNamedByCores.end(), generation) != kNamedByCores.end();
    return count * static_cast<double>(*size) / (byCores ? 2 : 1);
}

std::optional<double> acceleratorsStatedBy(std::string_view instanceType)
{
    if (instanceType.size() > 2 && instanceType.ends_with('g')) { // a3-highgpu-8g
        const auto dash = instanceType.rfind('-');
        const std::size_t end = instanceType.size() - 1;
        const auto count = digitsBefore(instanceType, end);
        if (count && dash != std::string_view::npos &&
            instanceType.substr(dash + 1).find_first_not_of("0123456789") == end - dash - 1 &&
            instanceType.substr(0, dash).ends_with("gpu")) {
            return count;
        }
    }
    if (instanceType.starts_with("gpu_")) { // gpu_8x_h100_sxm5
        if (const auto times = instanceType.find("x_"); times != std::string_view::npos) {
            return digitsBefore(instanceType, times);
        }
    }
    if (const auto gpu = instanceType.find("gpu-"); gpu != std::string_view::npos) { // h100-sxm_8gpu-128vcpu
        return digitsBefore(instanceType, gpu);
    }
    return std::nullopt;
}

Status readSkyPilotCatalogue(const std::filesystem::path& path, Intake& intake)
{
    return Catalogue(path, intake).read();
}

} // namespace isobar::ingest
