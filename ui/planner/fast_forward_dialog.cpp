// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/planner/fast_forward_dialog.h"

#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <QComboBox>
#include <QDialogButtonBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QVBoxLayout>

#include <algorithm>

namespace isobar::ui {
namespace {

constexpr int kWidth = 460;
constexpr int kProgressSteps = 1000;
constexpr double kHour = 3600, kDay = 24 * kHour, kWeek = 7 * kDay;

} // namespace

FastForwardDialog::FastForwardDialog(Session& session, QWidget* parent)
    : QDialog(parent)
    , m_session(session)
    , m_howFar(new QComboBox)
    , m_words(new QLabel)
    , m_progress(new QProgressBar)
{
    setWindowTitle(tr("Fast-forward"));
    setMinimumWidth(kWidth);
    m_howFar->setAccessibleName(tr("How far"));
    m_howFar->addItem(tr("one hour"), kHour);
    m_howFar->addItem(tr("one day"), kDay);
    m_howFar->addItem(tr("one week"), kWeek);
    m_howFar->setCurrentIndex(1);
    m_words->setAccessibleName(tr("What it does"));
    m_words->setWordWrap(true);
    m_words->setText(tr("Runs ahead as a fluid (mean-field) estimate: rates instead of requests, in steps of a minute, "
                        "within 1 % of request by request on the sample fleet (energy 2 %, latency percentiles 15 %). "
                        "History and time bar mark it. From there on every request is simulated again: capacity, "
                        "faults and scaling as the estimate leaves them, requests in flight settled afresh. The clock "
                        "cannot go back to before."));
    m_words->setMinimumHeight(m_words->heightForWidth(kWidth - 2 * static_cast<int>(Theme::kPadding)));
    m_progress->setRange(0, kProgressSteps);
    m_progress->setAccessibleName(tr("Progress"));
    m_progress->hide();
    auto* row = new QHBoxLayout;
    auto* label = new QLabel(tr("Run ahead by"));
    label->setBuddy(m_howFar);
    row->addWidget(label);
    row->addWidget(m_howFar, 1);
    auto* buttons = new QDialogButtonBox;
    m_start = buttons->addButton(tr("Fast-forward"), QDialogButtonBox::AcceptRole);
    m_start->setProperty("primary", true);
    m_cancel = buttons->addButton(QDialogButtonBox::Cancel);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(Theme::kPadding, Theme::kPadding, Theme::kPadding, Theme::kPadding);
    column->setSpacing(10);
    column->addLayout(row);
    column->addWidget(m_words);
    column->addWidget(m_progress);
    column->addWidget(buttons);
    connect(m_start, &QPushButton::clicked, this, &FastForwardDialog::start);
    connect(buttons, &QDialogButtonBox::rejected, this, &FastForwardDialog::reject);
    connect(&m_session, &Session::ticked, this, &FastForwardDialog::follow);
    // What cannot be run ahead is said in the window's message bar.
    connect(&m_session, &Session::problem, this, [this] {
        if (m_asked && !m_running) {
            QDialog::reject();
        }
    });
    connect(&m_session, &Session::opened, this, [this] { QDialog::reject(); });
}

void FastForwardDialog::start()
{
    m_asked = true;
    m_from = m_session.snapshot() ? m_session.snapshot()->now : 0;
    m_start->setEnabled(false);
    m_howFar->setEnabled(false);
    m_progress->show();
    m_session.fastForward(m_howFar->currentData().toDouble());
}

void FastForwardDialog::follow()
{
    if (!m_asked) {
        return;
    }
    const auto snapshot = m_session.snapshot();
    if (snapshot->fastForward) {
        m_running = true;
        const auto& ahead = *snapshot->fastForward;
        const double done = double(snapshot->now - ahead.from) / std::max(1.0, double(ahead.to - ahead.from));
        m_progress->setValue(static_cast<int>(std::clamp(done, 0.0, 1.0) * kProgressSteps));
        m_words->setText(ahead.settling
                             ? tr("There: %1. Batches fill up, request by request.")
                                   .arg(m_session.timeAt(ahead.to).toString(QStringLiteral("yyyy-MM-dd HH:mm")))
                             : tr("%1 of %2, as a fluid (mean-field) estimate.")
                                   .arg(m_session.timeAt(snapshot->now).toString(QStringLiteral("yyyy-MM-dd HH:mm")),
                                        m_howFar->currentText()));
    } else if (m_running) {
        accept();
    }
}

void FastForwardDialog::reject()
{
    if (m_asked) {
        m_session.cancelFastForward();
        m_cancel->setEnabled(false);
        if (m_running) {
            m_words->setText(tr("Stops within a simulated minute."));
            return; // follow() closes it
        }
    }
    QDialog::reject();
}

} // namespace isobar::ui
