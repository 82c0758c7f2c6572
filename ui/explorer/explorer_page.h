// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "ui/session/session.h"

#include <QWidget>

class QLabel;
class QTabWidget;

namespace isobar::ui {

class Notice;
class QuestionPanel;
class SqlPanel;

/// The analyst's room: SQL and questions, each in a tab. Without a store it says how to get one.
class ExplorerPage final : public QWidget {
    Q_OBJECT
public:
    explicit ExplorerPage(Session& session, QWidget* parent = nullptr);

    [[nodiscard]] SqlPanel& sql() { return *m_sql; }
    [[nodiscard]] QuestionPanel& question() { return *m_question; }
    void showSql();
    void showQuestion();

Q_SIGNALS:
    void saveRequested(); ///< somebody wants the sample as a store of their own

private:
    void followSession();

    Session& m_session;
    QLabel* m_where;
    Notice* m_notice;
    QTabWidget* m_tabs;
    SqlPanel* m_sql;
    QuestionPanel* m_question;
};

} // namespace isobar::ui
