// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <QLabel>

namespace isobar::ui {

/// One line of plain text in the room there is: what does not fit ends in an ellipsis, and then the whole is the
/// tooltip. It asks for no more room than its layout gives it.
class ElidedLabel : public QLabel {
    Q_OBJECT
public:
    explicit ElidedLabel(QWidget* parent = nullptr);

    /// Whether all of the text is shown.
    [[nodiscard]] bool isWhole() const;
    [[nodiscard]] QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;
    bool event(QEvent* event) override;
};

} // namespace isobar::ui
