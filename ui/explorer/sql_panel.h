// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/store/sql.h"
#include "ui/session/session.h"

#include <QWidget>

#include <stop_token>

class QLabel;
class QPlainTextEdit;
class QPushButton;
class QTreeWidget;
class QTreeWidgetItem;

namespace isobar::ui {

class Notice;
class ResultView;

/// Read-only SQL on the open store: an editor, the documented views, limits in words, the result. A question runs in
/// the background until it is answered, cancelled or beyond its limits.
class SqlPanel final : public QWidget {
    Q_OBJECT
public:
    explicit SqlPanel(Session& session, QWidget* parent = nullptr);
    ~SqlPanel() override;

    void setText(const QString& sql);
    void run();
    void cancel();
    [[nodiscard]] bool isRunning() const { return m_running; }
    [[nodiscard]] const ResultView& result() const { return *m_result; }
    [[nodiscard]] Notice& notice() { return *m_notice; }
    /// What was asked before, newest first; kept from session to session.
    [[nodiscard]] static QStringList asked();

Q_SIGNALS:
    void finished(); ///< answered, refused or cancelled

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void followSession();
    void showViews(const std::vector<std::pair<std::string, std::vector<std::string>>>& views);
    void insertItem(QTreeWidgetItem* item);
    void answered(const QString& sql, const Result<store::SqlTable>& table);
    void pointAt(const Error& error);
    void remember(const QString& sql);
    void showAsked();
    void showRunning();
    void restyle();

    Session& m_session;
    StoreReader m_viewsReader;
    store::SqlLimits m_limits;
    std::stop_source m_stop;
    std::uint64_t m_generation = 0;
    bool m_running = false;
    QTreeWidget* m_views;
    QPlainTextEdit* m_editor;
    QPushButton* m_run;
    QPushButton* m_cancel;
    QPushButton* m_asked;
    QLabel* m_status;
    Notice* m_notice;
    ResultView* m_result;
};

} // namespace isobar::ui
