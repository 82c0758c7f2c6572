// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/explorer/explorer_page.h"

#include "ui/data/data_words.h"
#include "ui/data/notice.h"
#include "ui/explorer/question_panel.h"
#include "ui/explorer/sql_panel.h"
#include "ui/shell/theme.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QTabWidget>
#include <QVBoxLayout>

namespace isobar::ui {

ExplorerPage::ExplorerPage(Session& session, QWidget* parent)
    : QWidget(parent)
    , m_session(session)
    , m_where(new QLabel(this))
    , m_notice(new Notice(this))
    , m_tabs(new QTabWidget(this))
    , m_sql(new SqlPanel(session))
    , m_question(new QuestionPanel(session))
{
    setObjectName(QStringLiteral("explorerPage"));
    setAccessibleName(tr("Explorer"));
    auto* title = new QLabel(tr("Explorer"), this);
    title->setFont(ui::font(TextRole::Title));
    m_where->setProperty("muted", true);
    m_where->setTextFormat(Qt::PlainText);
    m_notice->setObjectName(QStringLiteral("explorerNotice"));
    QPushButton* save = m_notice->addButton(tr("Save as a store…"), QStringLiteral("explorerSave"));
    m_tabs->setObjectName(QStringLiteral("explorerTabs"));
    m_tabs->setDocumentMode(true);
    m_tabs->addTab(m_question, tr("Question"));
    m_tabs->addTab(m_sql, tr("SQL"));
    m_tabs->setStyleSheet(QStringLiteral("QTabWidget::pane { border: none; top: %1px; }").arg(Theme::kGutter / 2));
    auto* top = new QHBoxLayout;
    top->setSpacing(8);
    top->addWidget(title);
    top->addWidget(m_where, 1);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(12, 10, 12, 12);
    column->setSpacing(Theme::kGutter);
    column->addLayout(top);
    column->addWidget(m_notice);
    column->addWidget(m_tabs, 1);
    connect(save, &QPushButton::clicked, this, &ExplorerPage::saveRequested);
    connect(&m_session, &Session::opened, this, &ExplorerPage::followSession);
    connect(&m_session, &Session::placementsChanged, this, &ExplorerPage::followSession);
    followSession();
}

void ExplorerPage::followSession()
{
    if (!m_session.isOpen()) {
        return;
    }
    if (const store::Store* store = m_session.store()) {
        m_where->setText(pathText(store->path()));
        m_notice->clear();
        return;
    }
    m_where->setText(QString::fromStdString(m_session.fleet().name));
    m_notice->say(Notice::Tone::Hint,
                  m_session.isRecording() ? tr("A recording is open: SQL and recorded runs need a store.")
                                          : tr("SQL and recorded runs need a store; the sample is not in one yet."),
                  tr("Save as a store, and its runs are recorded from then on."));
}

void ExplorerPage::showSql()
{
    m_tabs->setCurrentWidget(m_sql);
}

void ExplorerPage::showQuestion()
{
    m_tabs->setCurrentWidget(m_question);
}

} // namespace isobar::ui
