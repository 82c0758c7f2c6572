// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QDBusVariant>
#include <QObject>
#include <optional>

namespace isobar::ui {

/// Whether the desktop asks for dark or light: the key `org.freedesktop.appearance color-scheme` of its settings
/// portal, read in the background and followed. Without a portal nothing is ever known. Main thread.
class DesktopScheme : public QObject {
    Q_OBJECT
public:
    static DesktopScheme& instance();
    /// Absent: not known, or the desktop has no preference.
    [[nodiscard]] std::optional<bool> isDark() const { return m_dark; }
    /// Begins to ask; does nothing the second time, or where there is no session bus.
    void watch();
    /// Takes what the portal says: 1 dark, 2 light, anything else no preference.
    void take(uint scheme);

Q_SIGNALS:
    void changed();

private Q_SLOTS:
    void settingChanged(const QString& group, const QString& key, const QDBusVariant& value);

private:
    std::optional<bool> m_dark;
    bool m_watching = false;
};

} // namespace isobar::ui
