// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explorer/result_model.h"

#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <QBrush>

#include <algorithm>
#include <cmath>

namespace isobar::ui {
namespace {

/// Longer texts are cut in a cell; copies have them whole.
constexpr int kMostShown = 300;

QString shown(const store::SqlValue& value)
{
    if (std::holds_alternative<std::monostate>(value)) {
        return QStringLiteral("–");
    }
    if (const auto* real = std::get_if<double>(&value)) {
        if (!std::isfinite(*real)) {
            return QStringLiteral("–");
        }
        const double size = std::abs(*real);
        if (size >= 1e3 && size < 1e15) {
            const bool whole = *real == std::floor(*real);
            return grouped(*real, whole || size >= 1e5 ? 0 : size >= 1e4 ? 1 : 2);
        }
        return QString::number(*real, 'g', 6).replace(QLatin1Char('-'), QChar(0x2212));
    }
    if (const auto* integer = std::get_if<std::int64_t>(&value)) {
        return QString::number(*integer).replace(QLatin1Char('-'), QChar(0x2212));
    }
    const QString text = QString::fromStdString(store::toText(value));
    return text.size() > kMostShown ? text.left(kMostShown) + QStringLiteral("…") : text;
}

bool isNumber(const store::SqlValue& value)
{
    return std::holds_alternative<std::int64_t>(value) || std::holds_alternative<double>(value);
}

} // namespace

store::SqlTable cellsOf(const query::Table& table)
{
    store::SqlTable cells;
    for (const query::Dimension dimension : table.by) {
        cells.columns.emplace_back(dimension == query::Dimension::Time && table.zone.empty()
                                       ? "time_seconds"
                                       : std::string(query::dimensionName(dimension)));
    }
    const bool compared = table.compare != query::Compare::Nothing;
    for (const query::Measure measure : table.measures) {
        const query::MeasureInfo& info = query::info(measure);
        const std::string unit = " [" + std::string(info.unit) + "]";
        cells.columns.push_back(std::string(info.name) + unit);
        if (compared) {
            cells.columns.push_back(std::string(info.name) + "_base" + unit);
            cells.columns.push_back(std::string(info.name) + "_delta" + unit);
        }
    }
    const auto number = [](double value) {
        return std::isfinite(value) ? store::SqlValue(value) : store::SqlValue(std::monostate());
    };
    for (const query::Row& row : table.rows) {
        auto& line = cells.rows.emplace_back();
        for (std::size_t i = 0; i < row.keys.size(); ++i) {
            const bool seconds = table.by[i] == query::Dimension::Time && table.zone.empty();
            line.push_back(seconds ? store::SqlValue(std::stod(row.keys[i])) : store::SqlValue(row.keys[i]));
        }
        for (std::size_t i = 0; i < row.values.size(); ++i) {
            line.push_back(number(row.values[i]));
            if (compared) {
                line.push_back(number(row.base[i]));
                line.push_back(number(row.delta[i]));
            }
        }
    }
    return cells;
}

void ResultModel::setTable(store::SqlTable table)
{
    beginResetModel();
    m_table = std::move(table);
    m_isNumber.assign(m_table.columns.size(), false);
    for (std::size_t column = 0; column < m_isNumber.size(); ++column) {
        m_isNumber[column] = std::any_of(m_table.rows.begin(), m_table.rows.end(),
                                         [column](const auto& row) { return isNumber(row[column]); });
    }
    endResetModel();
}

int ResultModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_table.rows.size());
}

int ResultModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_table.columns.size());
}

QVariant ResultModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid()) {
        return {};
    }
    const auto column = static_cast<std::size_t>(index.column());
    const store::SqlValue& value = m_table.rows[static_cast<std::size_t>(index.row())][column];
    switch (role) {
    case Qt::DisplayRole:
        return shown(value);
    case Qt::ToolTipRole:
        return QString::fromStdString(store::toText(value)).left(2'000).toHtmlEscaped();
    case Qt::TextAlignmentRole:
        return int(m_isNumber[column] ? Qt::AlignRight | Qt::AlignVCenter : Qt::AlignLeft | Qt::AlignVCenter);
    case Qt::ForegroundRole:
        return QBrush(std::holds_alternative<std::monostate>(value) ? theme().faint : theme().text);
    case kSortRole:
        if (const auto* integer = std::get_if<std::int64_t>(&value)) {
            return QVariant::fromValue<qlonglong>(*integer);
        }
        if (const auto* real = std::get_if<double>(&value)) {
            return *real;
        }
        return std::holds_alternative<std::monostate>(value) ? QVariant()
                                                             : QVariant(QString::fromStdString(store::toText(value)));
    default:
        return {};
    }
}

QVariant ResultModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= columnCount()) {
        return {};
    }
    const auto column = static_cast<std::size_t>(section);
    if (role == Qt::DisplayRole) {
        return QString::fromStdString(m_table.columns[column]);
    }
    if (role == Qt::TextAlignmentRole) {
        return int(m_isNumber[column] ? Qt::AlignRight | Qt::AlignVCenter : Qt::AlignLeft | Qt::AlignVCenter);
    }
    return {};
}

bool ResultOrder::lessThan(const QModelIndex& left, const QModelIndex& right) const
{
    const QVariant a = left.data(ResultModel::kSortRole), b = right.data(ResultModel::kSortRole);
    const auto kind = [](const QVariant& v) { return !v.isValid() ? 0 : v.typeId() == QMetaType::QString ? 2 : 1; };
    if (kind(a) != kind(b)) {
        return kind(a) < kind(b);
    }
    if (kind(a) == 2) {
        return a.toString() < b.toString();
    }
    if (a.typeId() == QMetaType::LongLong && b.typeId() == QMetaType::LongLong) {
        return a.toLongLong() < b.toLongLong();
    }
    return kind(a) == 1 && a.toDouble() < b.toDouble();
}

} // namespace isobar::ui
