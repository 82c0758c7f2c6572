// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/replay/runs_model.h"

#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <QPainter>
#include <QPixmap>

namespace isobar::ui {
namespace {

QPixmap swatch(const QColor& color)
{
    QPixmap picture(20, 20);
    picture.setDevicePixelRatio(2);
    picture.fill(Qt::transparent);
    QPainter p(&picture);
    p.setRenderHint(QPainter::Antialiasing);
    p.setPen(Qt::NoPen);
    p.setBrush(color);
    p.drawRoundedRect(QRectF(1, 1, 8, 8), 2, 2);
    return picture;
}

/// What runs differ in comes first, as the end may be cut: "5 × 8 Trainium2 · random · Llama-3.1-70B, bf16".
QString setUpText(const ReplayRun& run)
{
    const replay::Hardware& hardware = run.setup.hardware;
    return QStringLiteral("%1 × %2 %3 · %4 · %5, %6")
        .arg(run.setup.group.replicas)
        .arg(hardware.tensorParallel * hardware.dataParallel)
        .arg(QString::fromStdString(hardware.accelerator), run.setup.routingText(),
             QString::fromStdString(hardware.model), QLatin1String(precisionName(hardware.precision)));
}

QVariant right()
{
    return QVariant::fromValue(Qt::Alignment(Qt::AlignRight | Qt::AlignVCenter));
}

} // namespace

RunsModel::RunsModel(QObject* parent)
    : QAbstractTableModel(parent)
{
    connect(&ThemeNotifier::instance(), &ThemeNotifier::changed, this, [this] {
        if (!m_rows.empty()) {
            Q_EMIT dataChanged(index(0, Name), index(rowCount() - 1, Name), {Qt::DecorationRole});
        }
    });
}

int RunsModel::add(RunPointer run)
{
    if (rowCount() == kMostRuns) {
        remove(0);
    }
    const int row = rowCount();
    beginInsertRows({}, row, row);
    m_rows.push_back({std::move(run), m_made++, true});
    endInsertRows();
    return row;
}

void RunsModel::remove(int row)
{
    beginRemoveRows({}, row, row);
    m_rows.erase(m_rows.begin() + row);
    endRemoveRows();
    if (m_rows.empty()) {
        m_made = 0; // the next one is A again
    }
}

std::vector<ShownRun> RunsModel::shown(int current) const
{
    std::vector<ShownRun> runs;
    if (current < 0 || current >= rowCount()) {
        return runs;
    }
    const auto add = [&runs](const Row& row) { runs.push_back({row.run, runName(row.number), runColor(row.number)}); };
    add(m_rows[static_cast<std::size_t>(current)]);
    for (int row = 0; row < rowCount(); ++row) {
        if (row != current && m_rows[static_cast<std::size_t>(row)].drawn) {
            add(m_rows[static_cast<std::size_t>(row)]);
        }
    }
    return runs;
}

int RunsModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

int RunsModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant RunsModel::data(const QModelIndex& index, int role) const
{
    if (!index.isValid() || index.row() >= rowCount()) {
        return {};
    }
    const Row& row = m_rows[static_cast<std::size_t>(index.row())];
    const ReplayRun& run = *row.run;
    if (role == Qt::CheckStateRole && index.column() == Name) {
        return row.drawn ? Qt::Checked : Qt::Unchecked;
    }
    if (role == Qt::DecorationRole && index.column() == Name) {
        return swatch(runColor(row.number));
    }
    if (role == Qt::TextAlignmentRole && index.column() >= Requests) {
        return right();
    }
    if (role == Qt::ToolTipRole) {
        return index.column() == Name    ? tr("Tick: draw this run beside the selected one")
               : index.column() == SetUp ? setUpText(run)
                                         : trustText(run);
    }
    if (role != Qt::DisplayRole) {
        return {};
    }
    const auto p99 = [&run](DurationKind kind) {
        return seconds(run.durations.all[static_cast<std::size_t>(kind)].summary.p99).joined();
    };
    switch (index.column()) {
    case Name:
        return run.partial ? runName(row.number) + tr(" partial") : runName(row.number);
    case SetUp:
        return setUpText(run);
    case Requests:
        return count(static_cast<double>(run.arrived)).value;
    case Rejected:
        return count(static_cast<double>(run.rejected)).value;
    case Tokens:
        return compact(run.outputTokensPerSecond).joined();
    case Ttft:
        return p99(DurationKind::Ttft);
    case Itl:
        return p99(DurationKind::Itl);
    case EndToEnd:
        return p99(DurationKind::EndToEnd);
    default:
        return {};
    }
}

bool RunsModel::setData(const QModelIndex& index, const QVariant& value, int role)
{
    if (role != Qt::CheckStateRole || index.column() != Name) {
        return false;
    }
    m_rows[static_cast<std::size_t>(index.row())].drawn = value.toInt() == Qt::Checked;
    Q_EMIT dataChanged(index, index, {Qt::CheckStateRole});
    return true;
}

Qt::ItemFlags RunsModel::flags(const QModelIndex& index) const
{
    const Qt::ItemFlags usual = QAbstractTableModel::flags(index);
    return index.column() == Name ? usual | Qt::ItemIsUserCheckable : usual;
}

QVariant RunsModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal) {
        return {};
    }
    if (role == Qt::TextAlignmentRole) {
        return section >= Requests ? right() : QVariant::fromValue(Qt::Alignment(Qt::AlignLeft | Qt::AlignVCenter));
    }
    if (role != Qt::DisplayRole) {
        return {};
    }
    switch (section) {
    case Name:
        return tr("Run");
    case SetUp:
        return tr("Replicas and router");
    case Requests:
        return tr("Requests");
    case Rejected:
        return tr("Rejected");
    case Tokens:
        return tr("Tokens/s");
    case Ttft:
        return tr("TTFT p99");
    case Itl:
        return tr("ITL p99");
    case EndToEnd:
        return tr("E2E p99");
    default:
        return {};
    }
}

void PercentilesModel::setRun(RunPointer run)
{
    beginResetModel();
    m_run = std::move(run);
    endResetModel();
}

/// All; below them the urgent ones, and what was measured, where there are such.
std::size_t PercentilesModel::rowsOfAKind() const
{
    return std::size_t{1} + (m_run->urgent > 0 ? 1 : 0) + (m_run->hasMeasured ? 1 : 0);
}

int PercentilesModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() || !m_run ? 0 : static_cast<int>(kDurationKinds.size() * rowsOfAKind());
}

int PercentilesModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant PercentilesModel::data(const QModelIndex& index, int role) const
{
    if (!m_run || !index.isValid()) {
        return {};
    }
    if (role == Qt::TextAlignmentRole && index.column() != Measure) {
        return right();
    }
    if (role != Qt::DisplayRole) {
        return {};
    }
    const std::size_t pitch = rowsOfAKind(), place = static_cast<std::size_t>(index.row()) % pitch;
    const std::size_t kind = static_cast<std::size_t>(index.row()) / pitch;
    const bool measured = m_run->hasMeasured && place == pitch - 1;
    const bool urgent = place == 1 && !measured;
    const RunDurations& durations = measured ? m_run->measured : urgent ? m_run->urgentDurations : m_run->durations;
    const aggregate::Distribution::Summary& s = durations.all[kind].summary;
    const auto text = [](double value) { return std::isfinite(value) ? seconds(value).joined() : QStringLiteral("–"); };
    static const std::array kShort{QT_TR_NOOP("First token"), QT_TR_NOOP("Between tokens"), QT_TR_NOOP("End to end"),
                                   QT_TR_NOOP("In the queue")};
    switch (index.column()) {
    case Measure:
        return measured ? tr("  as measured") : urgent ? tr("  the urgent") : tr(kShort[kind]);
    case Mean:
        return text(s.mean);
    case P50:
        return text(s.p50);
    case P90:
        return text(s.p90);
    case P95:
        return text(s.p95);
    case P99:
        return text(s.p99);
    default:
        return {};
    }
}

QVariant PercentilesModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal) {
        return {};
    }
    if (role == Qt::TextAlignmentRole && section != Measure) {
        return right();
    }
    static const std::array<const char*, ColumnCount> kTitles{"", "mean", "p50", "p90", "p95", "p99"};
    return role == Qt::DisplayRole ? QVariant(QLatin1String(kTitles[static_cast<std::size_t>(section)])) : QVariant();
}

} // namespace isobar::ui
