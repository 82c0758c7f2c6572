// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/dashboard/kpi_target_book.h"

#include "ui/session/session.h"

#include <QSettings>
#include <QUndoCommand>

namespace isobar::ui {
namespace {

class TargetsCommand : public QUndoCommand {
public:
    TargetsCommand(KpiTargetBook& book, const KpiTargets& after, const QString& text)
        : QUndoCommand(text)
        , m_book(book)
        , m_before(book.targets())
        , m_after(after)
    {
    }
    void undo() override { m_book.use(m_before); }
    void redo() override { m_book.use(m_after); }

private:
    KpiTargetBook& m_book;
    const KpiTargets m_before, m_after;
};

} // namespace

KpiTargetBook::KpiTargetBook(Session& session, QObject* parent)
    : QObject(parent)
    , m_session(session)
{
    connect(&m_session, &Session::opened, this, &KpiTargetBook::load);
}

void KpiTargetBook::set(std::size_t figure, const std::optional<KpiTarget>& target)
{
    if (m_targets[figure] == target) {
        return;
    }
    KpiTargets after = m_targets;
    after[figure] = target;
    const QString title = QLatin1String(kpiRules()[figure].title);
    m_session.undoStack().push(
        new TargetsCommand(*this, after, target ? tr("target: %1").arg(title) : tr("clear target: %1").arg(title)));
}

void KpiTargetBook::use(const KpiTargets& targets)
{
    m_targets = targets;
    keep();
    Q_EMIT changed();
}

void KpiTargetBook::keep()
{
    const QByteArray json = targetsToJson(m_targets);
    store::Store* open = m_session.store();
    if (open == nullptr) {
        QSettings().setValue(QLatin1String(kTargetsKey), json);
    } else if (!open->isReadOnly()) {
        if (const Status kept = open->setSetting(kTargetsKey, json.toStdString()); !kept) {
            Q_EMIT problem(kept.error());
        }
    }
}

void KpiTargetBook::load()
{
    const store::Store* open = m_session.store();
    const QByteArray settings = QSettings().value(QLatin1String(kTargetsKey)).toByteArray();
    const auto kept = open != nullptr      ? storedTargets(*open)
                      : settings.isEmpty() ? Result<KpiTargets>(usualTargets())
                                           : targetsFromJson(settings);
    m_targets = kept.ok() ? *kept : usualTargets();
    Q_EMIT changed();
    if (!kept.ok()) {
        Q_EMIT problem(kept.error());
    }
}

} // namespace isobar::ui
