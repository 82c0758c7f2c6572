// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/planner/placement_drag.h"

#include <QDataStream>
#include <QIODevice>

namespace isobar::ui {

std::unique_ptr<QMimeData> toMimeData(const PlacementDrag& drag)
{
    QByteArray bytes;
    QDataStream out(&bytes, QIODevice::WriteOnly);
    out << quint32(drag.placement.value) << qint32(drag.replicas);
    auto data = std::make_unique<QMimeData>();
    data->setData(kPlacementMime, bytes);
    return data;
}

std::optional<PlacementDrag> fromMimeData(const QMimeData* data)
{
    if (data == nullptr || !data->hasFormat(kPlacementMime)) {
        return std::nullopt;
    }
    QDataStream in(data->data(kPlacementMime));
    quint32 placement = 0;
    qint32 replicas = 0;
    in >> placement >> replicas;
    if (in.status() != QDataStream::Ok) {
        return std::nullopt;
    }
    return PlacementDrag{PlacementId(std::size_t{placement}), replicas};
}

} // namespace isobar::ui
