// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/fleet/result.h"

#include <QFrame>
#include <QString>

class QHBoxLayout;
class QLabel;
class QPushButton;

namespace isobar::ui {

/// One sentence in place, with what to do about it: the data room's errors and hints are shown here, never in a box
/// over a box. Hidden while there is nothing to say.
class Notice final : public QFrame {
    Q_OBJECT
public:
    enum class Tone { Hint, Caution, Trouble };

    explicit Notice(QWidget* parent = nullptr);

    void say(Tone tone, const QString& what, const QString& advice = {});
    void say(const Error& error);
    void clear();
    /// Adds a button at the right; owned here.
    QPushButton* addButton(const QString& text, const QString& objectName);

    /// What is shown, on one line; empty when nothing is.
    [[nodiscard]] QString text() const;

private:
    void paintIcon();

    Tone m_tone = Tone::Hint;
    QLabel* m_icon;
    QLabel* m_what;
    QLabel* m_advice;
    QHBoxLayout* m_row;
};

} // namespace isobar::ui
