// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/map/map_scene.h"

#include <QLineEdit>

#include <functional>
#include <vector>

class QListWidget;

namespace isobar::ui {

/// A field that finds a place of the map by any part of its name or of its regions' ("tok", "eastus", "aws"). What
/// matches is listed below it, over the map, the busiest first; arrows and Enter or a click choose.
class MapFinder : public QLineEdit {
    Q_OBJECT
public:
    /// `scene` is asked when the field is entered; the list is shown on `over`.
    MapFinder(std::function<const MapScene&()> scene, QWidget* over, QWidget* parent);

Q_SIGNALS:
    void placeChosen(int markerId);
    void left();      ///< Escape: nothing was chosen
    void unfocused(); ///< something else has the keys

protected:
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    struct Entry {
        int id;
        QString words;
    };
    void list(const QString& wanted);
    void choose(int row);

    std::function<const MapScene&()> m_scene;
    std::vector<Entry> m_places;
    QListWidget* m_list;
};

} // namespace isobar::ui
