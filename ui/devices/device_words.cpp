// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/devices/device_words.h"

#include "ui/devices/chip_colors.h"
#include "ui/shell/format.h"

#include <QCoreApplication>

#include <algorithm>
#include <cmath>
#include <map>

namespace isobar::ui {
namespace {

using engine::Device;
using engine::DeviceView;

QString tr(const char* text)
{
    return QCoreApplication::translate("isobar::ui::DeviceWords", text);
}

QString whole(double value)
{
    return grouped(value, 0);
}

} // namespace

QString holderText(const Fleet& fleet, const Device& chip)
{
    switch (chip.owner) {
    case Device::Owner::Replica:
        return chip.number < fleet.placements.size()
                   ? tr("%1, replica %2")
                         .arg(QString::fromStdString(fleet[fleet.placements[chip.number].model].name))
                         .arg(chip.slot)
                   : QString();
    case Device::Owner::Training:
        return chip.number < fleet.trainingJobs.size()
                   ? tr("training: %1").arg(QString::fromStdString(fleet.trainingJobs[chip.number].name))
                   : QString();
    case Device::Owner::OtherTenant:
        return tr("other tenants of the provider");
    case Device::Owner::NotArrived:
        return tr("expected on a later date");
    case Device::Owner::Nobody:
        break;
    }
    return chip.slice != Device::kNone ? tr("nobody: rest of a slice that comes whole") : tr("nobody");
}

QString stateText(const Device& chip)
{
    if (chip.state == Device::State::Down) {
        return tr("down: %1 fault").arg(QLatin1String(faultKindName(chip.cause)));
    }
    return QString::fromUtf8(deviceStateName(chip.state).data(),
                             static_cast<qsizetype>(deviceStateName(chip.state).size()));
}

QString xidText(const Device& chip)
{
    if (chip.state != Device::State::Down || chip.xid == 0) {
        return {};
    }
    return chip.xid == 79 ? tr("XID 79: GPU has fallen off the bus") : tr("XID %1: double-bit ECC error").arg(chip.xid);
}

QString shapeText(const engine::Slice& slice)
{
    if (slice.shape[0] == 0) {
        return {};
    }
    const QString flat = QStringLiteral("%1×%2").arg(slice.shape[0]).arg(slice.shape[1]);
    return slice.shape[2] > 1 ? flat + QStringLiteral("×%1").arg(slice.shape[2]) : flat;
}

std::vector<Fact> factsOf(const Fleet& fleet, const DeviceView& view, std::uint32_t chip)
{
    const Device& device = view.chips[chip];
    std::vector<Fact> facts{{tr("Chip"), whole(chip)},
                            {tr("Node"), whole(view.nodeOf(chip))},
                            {tr("Rack"), whole(view.rackOf(chip))},
                            {tr("Zone"), whole(view.zoneOf(chip) + 1)},
                            {tr("State"), stateText(device)},
                            {tr("Held by"), holderText(fleet, device)}};
    if (const QString xid = xidText(device); !xid.isEmpty()) {
        facts.push_back({tr("Event"), xid});
    }
    facts.push_back({tr("Utilization"), chipValueText(double{device.utilizationRatio}, ChipMeasure::Utilization)});
    QString memory = chipValueText(device.hbmUsedBytes, ChipMeasure::Memory);
    if (!std::isnan(device.hbmUsedBytes)) {
        memory = tr("%1 of %2").arg(memory, chipValueText(view.hbmBytes, ChipMeasure::Memory));
    }
    facts.push_back({tr("Memory"), memory});
    facts.push_back({tr("Power"), chipValueText(double{device.watts}, ChipMeasure::Power)});
    facts.push_back({tr("Temperature"),
                     std::isnan(device.celsius)
                         ? tr("n/a")
                         : tr("%1, estimated").arg(chipValueText(double{device.celsius}, ChipMeasure::Temperature))});
    facts.push_back({tr("Paid as"), QString::fromUtf8(pricingModelName(device.pricing))});
    if (device.slice != Device::kNone) {
        const engine::Slice& slice = view.slices[device.slice];
        const QString shape = shapeText(slice);
        facts.push_back(
            {tr("Slice"), tr("%1 chips%2, all or nothing")
                              .arg(whole(slice.chips), shape.isEmpty() ? QString() : QStringLiteral(", ") + shape)});
    }
    return facts;
}

QString factLine(const std::vector<Fact>& facts)
{
    QStringList parts;
    for (const Fact& fact : facts) {
        parts << fact.name + QLatin1Char(' ') + fact.value;
    }
    return parts.join(QStringLiteral("; "));
}

QString chipLine(const Fleet& fleet, const DeviceView& view, std::uint32_t chip)
{
    return factLine(factsOf(fleet, view, chip));
}

std::vector<Fact> nodeFacts(const Fleet& fleet, const DeviceView& view, std::uint32_t node)
{
    const std::size_t first = std::size_t{node} * view.chipsPerNode;
    const std::size_t end = std::min(view.chips.size(), first + view.chipsPerNode);
    std::map<QString, int> states, holders;
    double busy = 0, watts = 0, hottest = NAN;
    int known = 0;
    for (std::size_t chip = first; chip < end; ++chip) {
        const Device& device = view.chips[chip];
        ++states[stateText(device)];
        ++holders[holderText(fleet, device)];
        if (!std::isnan(device.utilizationRatio)) {
            busy += double{device.utilizationRatio};
            ++known;
        }
        watts += std::isnan(device.watts) ? 0 : double{device.watts};
        hottest = std::fmax(hottest, double{device.celsius});
    }
    const auto list = [](const std::map<QString, int>& of) {
        QStringList parts;
        for (const auto& [name, count] : of) {
            parts << QStringLiteral("%1 %2").arg(count).arg(name);
        }
        return parts.join(QStringLiteral(", "));
    };
    return {{tr("Node"), whole(node)},
            {tr("Rack"), whole(first < view.chips.size() ? view.rackOf(first) : 0)},
            {tr("Chips"), list(states)},
            {tr("Held by"), list(holders)},
            {tr("Utilization"), chipValueText(known > 0 ? busy / known : NAN, ChipMeasure::Utilization)},
            {tr("Power"), chipValueText(watts, ChipMeasure::Power)},
            {tr("Hottest"), chipValueText(hottest, ChipMeasure::Temperature)}};
}

} // namespace isobar::ui
