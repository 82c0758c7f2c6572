// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include "model/query/recorded.h"
#include "ui/session/session.h"

#include <QWidget>

#include <array>

class QCheckBox;
class QComboBox;
class QLineEdit;
class QListWidget;
class QPushButton;
class QSpinBox;

namespace isobar::ui {

class Notice;
class ResultView;

/// Measures by dimensions, filters, a range, a comparison and a top as a form: asked of the running fleet or of a
/// recorded run, in the background. What it asks can be copied as a command that prints the same bytes.
class QuestionPanel final : public QWidget {
    Q_OBJECT
public:
    explicit QuestionPanel(Session& session, QWidget* parent = nullptr);

    /// What the form says. `run` is 0 for the running fleet.
    [[nodiscard]] query::RecordedQuestion question() const;
    void setQuestion(const query::RecordedQuestion& question);
    void ask();
    /// The `isobar-cli` line of the answer shown; empty where it was not of a recorded run.
    [[nodiscard]] QString command() const { return m_command; }
    [[nodiscard]] const ResultView& result() const { return *m_result; }
    [[nodiscard]] const Notice& notice() const { return *m_notice; }

Q_SIGNALS:
    void finished(); ///< answered or refused

protected:
    void showEvent(QShowEvent* event) override;

private:
    QWidget* buildForm();
    void followSession();
    void readRuns();
    void showRuns(const std::vector<store::HistoryRun>& runs);
    void showValues();
    void addFilter();
    void answered(const query::RecordedQuestion& question, const Result<query::Table>& table);
    [[nodiscard]] std::int64_t chosenRun() const;

    Session& m_session;
    StoreReader m_runsReader, m_reader;
    std::uint64_t m_generation = 0;
    std::vector<store::HistoryRun> m_runs;
    QString m_command;
    QComboBox* m_source;
    QListWidget* m_measures;
    std::array<QComboBox*, 4> m_by{};
    QComboBox* m_whereDimension;
    QComboBox* m_whereValue;
    QListWidget* m_where;
    QLineEdit* m_from;
    QLineEdit* m_to;
    QLineEdit* m_bucket;
    QComboBox* m_compare;
    QSpinBox* m_top;
    QCheckBox* m_fill;
    QLineEdit* m_zone;
    QPushButton* m_ask;
    QPushButton* m_copyCommand;
    Notice* m_notice;
    ResultView* m_result;
};

} // namespace isobar::ui
