// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/session/session.h"

#include <QFrame>
#include <QUndoCommand>

class QLabel;

namespace isobar::ui {

/// What an outage is tried on: the region selected that holds most chips, of all regions when none is selected.
[[nodiscard]] std::optional<RegionId> largestRegion(const Fleet& fleet, const SelectionState& selection);

/// Takes a region away in the running fleet. Undo goes back to the moment before and strikes what was done there from
/// the record: the fleet is, bit for bit, what it was.
class LoseRegionCommand : public QUndoCommand {
public:
    LoseRegionCommand(Session& session, RegionId region);
    void undo() override;
    void redo() override;

private:
    Session& m_session;
    RegionId m_region;
    aggregate::SimMicros m_at = 0;
};

/// Says what a lost region does while it is lost: the estimate before, the figures as they come, and the verdict.
/// Hidden while nothing is tried.
class OutageBanner : public QFrame {
    Q_OBJECT
public:
    explicit OutageBanner(Session& session, QWidget* parent = nullptr);

    /// Takes the region away, lets the clock run and watches; undoable.
    void lose(RegionId region);
    [[nodiscard]] QString text() const;

    /// Its height is its own affair: a scrolled page that has a height for its width is laid out at the height it
    /// prefers, not at the least, and the charts would leave the window.
    [[nodiscard]] bool hasHeightForWidth() const override { return false; }

protected:
    void resizeEvent(QResizeEvent* event) override;
    bool event(QEvent* event) override;

private:
    void fitHeight();

    void watch();
    void say(const QString& headline, const QString& details, bool trouble);

    Session& m_session;
    QLabel* m_headline;
    QLabel* m_details;
    RegionId m_region;
    aggregate::SimMicros m_since = 0;
    std::optional<aggregate::SimMicros> m_recovered; ///< when attainment was back
    double m_attainmentBefore = 0, m_spendBefore = 0;
    QString m_estimate;
    bool m_watching = false;
};

} // namespace isobar::ui
