// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/operations.h"

#include <QDialog>

class QComboBox;
class QDoubleSpinBox;
class QFormLayout;
class QLabel;
class QListWidget;
class QPushButton;
class QSpinBox;

namespace isobar::ui {

class Session;

/// "Nodes", "Link cut" … as a person says it.
[[nodiscard]] QString faultTitle(FaultKind kind);
/// A fault with its place: "Region · azure/eastus2".
[[nodiscard]] QString faultText(const Fleet& fleet, const Fault& fault);

/// Breaks a part of the running fleet, from a chip to a provider, and mends what is broken.
class FaultDialog : public QDialog {
    Q_OBJECT
public:
    explicit FaultDialog(Session& session, QWidget* parent = nullptr);

    /// What the fields say now.
    [[nodiscard]] Fault fault() const;

private:
    void fillPlaces();
    void showFields();
    void showActive();
    void breakIt();
    void mendChosen();

    Session& m_session;
    QComboBox* m_kind;
    QComboBox* m_place;
    QComboBox* m_other;
    QSpinBox* m_count;
    QDoubleSpinBox* m_ratio;
    QDoubleSpinBox* m_minutes;
    QFormLayout* m_form;
    QListWidget* m_active;
    QPushButton* m_mend;
};

} // namespace isobar::ui
