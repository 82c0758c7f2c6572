// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/shell/style_sheet.h"

#include "ui/shell/theme.h"

#include <QApplication>
#include <QEvent>
#include <QWidget>

namespace isobar::ui {
namespace {

/// Lays the sheet in force over windows: those that have a parent have its sheet too.
class WindowStyler final : public QObject {
public:
    void use(const QString& sheet)
    {
        const QString before = m_sheet;
        m_sheet = sheet;
        for (QWidget* window : QApplication::topLevelWidgets()) {
            if (window->parentWidget() == nullptr) {
                style(*window, before);
            }
        }
    }

protected:
    bool eventFilter(QObject* watched, QEvent* event) override
    {
        if (event->type() == QEvent::Polish && watched->isWidgetType()) {
            auto* widget = static_cast<QWidget*>(watched);
            if (widget->isWindow() && widget->parentWidget() == nullptr && !widget->styleSheet().startsWith(m_sheet)) {
                style(*widget, {});
            }
        }
        return false;
    }

private:
    /// What the window's own sheet says stays, behind ours.
    void style(QWidget& window, const QString& before) const
    {
        const QString own = window.styleSheet();
        window.setStyleSheet(m_sheet + (own.startsWith(before) ? own.mid(before.size()) : own));
    }

    QString m_sheet; ///< empty while the application's own is in force
};

} // namespace

void useStyleSheet(const QString& sheet)
{
    static WindowStyler* const styler = [] {
        auto* made = new WindowStyler;
        made->setParent(qApp);
        qApp->installEventFilter(made);
        return made;
    }();
    if (QApplication::topLevelWidgets().isEmpty()) {
        styler->use({});
        qApp->setStyleSheet(sheet);
    } else {
        styler->use(sheet == qApp->styleSheet() ? QString() : sheet);
    }
}

QString Theme::styleSheet() const
{
    QString css = QStringLiteral(R"(
QWidget { color: @text; }
QMainWindow, QDialog { background: @ground; }
QToolTip { background: @raised; color: @text; border: 1px solid @line; padding: 6px 8px; }
QFrame[panel="true"] { background: @panel; border: 1px solid @line; border-radius: 10px; }
QLabel[muted="true"] { color: @muted; }
QPushButton, QToolButton { background: @panel; border: 1px solid @line; border-radius: 7px; padding: 5px 11px; }
QPushButton:hover, QToolButton:hover { background: @raised; border-color: @faint; }
QPushButton:checked, QToolButton:checked { border-color: @accent; color: @accent; background: @raised; }
QPushButton:disabled, QToolButton:disabled { color: @faint; }
QPushButton:focus, QToolButton:focus, QComboBox:focus, QLineEdit:focus, QAbstractSpinBox:focus { border: 1px solid @accent; }
QPushButton[primary="true"] { background: @accent; color: @onAccent; border-color: @accent; font-weight: 600; }
QPushButton[primary="true"]:disabled { background: @line; color: @faint; border-color: @line; }
QPushButton[flat="true"], QToolButton[flat="true"] { background: transparent; border-color: transparent; }
QPushButton[flat="true"]:hover, QToolButton[flat="true"]:hover { background: @raised; }
QToolButton[chip="true"] { background: @raised; border: 1px solid @line; border-radius: 12px; padding: 4px 10px; }
QToolButton[chip="true"]:hover { border-color: @accent; }
QToolButton[rail="true"] { background: transparent; border-color: transparent; padding: 0; }
QToolButton[rail="true"]:hover, QToolButton[rail="true"]:checked { background: @raised; border-color: @line; }
QPushButton:focus, QToolButton:focus { border: 2px solid @accent; padding: 4px 10px; }
QPushButton[primary="true"]:focus { border-color: @text; }
QToolButton[chip="true"]:focus { padding: 3px 9px; }
QToolButton[rail="true"]:focus { padding: 0; border-color: @accent; }
QScrollArea[ring="true"] { border: 1px solid transparent; border-radius: 9px; }
QScrollArea[ring="true"]:focus { border-color: @accent; }
QFileDialog QToolButton { padding: 3px; }
QToolButton[tight="true"] { padding: 4px 5px; }
QToolButton[tight="true"]:focus { padding: 3px 4px; }
QToolButton::menu-indicator { image: none; }
QToolButton[popupMode="1"] { padding-right: 26px; }
QToolButton[popupMode="1"]:focus { padding-right: 25px; }
QToolButton::menu-button { border: none; width: 22px; }
QToolButton::menu-arrow { image: none; width: 0; height: 0; border-left: 4px solid @panel; border-right: 4px solid @panel;
  border-top: 5px solid @muted; }
QLineEdit, QComboBox, QAbstractSpinBox { background: @panel; border: 1px solid @line; border-radius: 7px; padding: 5px 9px; }
QComboBox { padding-right: 4px; }
QComboBox::drop-down { border: none; width: 20px; }
QComboBox::down-arrow { image: none; width: 0; height: 0; border-left: 4px solid @panel; border-right: 4px solid @panel;
  border-top: 5px solid @muted; }
QComboBox QAbstractItemView { background: @raised; border: 1px solid @line; selection-background-color: @line;
  selection-color: @text; outline: none; }
QAbstractSpinBox { padding-right: 20px; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { border: none; width: 18px; background: transparent; }
QAbstractSpinBox::up-arrow { width: 0; height: 0; border-left: 4px solid @panel; border-right: 4px solid @panel;
  border-bottom: 4px solid @muted; }
QAbstractSpinBox::down-arrow { width: 0; height: 0; border-left: 4px solid @panel; border-right: 4px solid @panel;
  border-top: 4px solid @muted; }
QCheckBox::indicator, QListView::indicator, QTreeView::indicator, QTableView::indicator { width: 12px; height: 12px; border: 1px solid @muted;
  border-radius: 3px; background: @panel; }
QCheckBox::indicator:checked, QListView::indicator:checked, QTreeView::indicator:checked, QTableView::indicator:checked {
  background: @accent; border: 1px solid @accent; }
QCheckBox::indicator:focus { border-color: @accent; }
QCheckBox::indicator:disabled { border-color: @faint; }
QSlider::groove:horizontal { height: 4px; border-radius: 2px; background: @line; }
QSlider::sub-page:horizontal { height: 4px; border-radius: 2px; background: @accent; }
QSlider::handle:horizontal { width: 12px; height: 12px; margin: -5px 0; border: 1px solid @muted; border-radius: 7px;
  background: @raised; }
QSlider::handle:horizontal:focus { border-color: @accent; background: @accent; }
QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QMenuBar { background: @ground; }
QMenuBar::item { padding: 4px 9px; background: transparent; border-radius: 5px; }
QMenuBar::item:selected { background: @raised; }
QMenu { background: @raised; border: 1px solid @line; padding: 5px; }
QMenu::item { padding: 6px 24px 6px 12px; border-radius: 5px; }
QMenu::item:selected { background: @line; }
QMenu::item:disabled { color: @faint; }
QMenu::separator { height: 1px; background: @line; margin: 5px 8px; }
QHeaderView::section { background: @panel; color: @muted; border: none; border-bottom: 1px solid @line; padding: 6px 8px; }
QTableView, QTreeView, QListView { background: @panel; border: 1px solid @line; border-radius: 7px;
  gridline-color: @line; selection-background-color: @raised; selection-color: @text; outline: none; }
QListWidget[rows="true"] { padding: 4px; }
QListWidget[rows="true"]::item { padding: 0 8px; border: 1px solid transparent; border-radius: 5px; }
QListWidget[rows="true"]::item:selected { background: @raised; color: @text; border-color: @accent; }
QTableView QTableCornerButton::section { background: @panel; border: none; }
QTabWidget::pane { border: 1px solid @line; border-radius: 7px; }
QTabBar { outline: none; qproperty-drawBase: 0; }
QTabBar::tab { padding: 6px 12px; color: @muted; background: transparent; border-bottom: 2px solid transparent; }
QTabBar::tab:selected { color: @text; border-bottom: 2px solid @accent; }
QTabBar::tab:selected:focus { color: @accent; }
QProgressBar { background: @line; border: none; border-radius: 3px; height: 6px; text-align: center; color: transparent; }
QProgressBar::chunk { background: @accent; border-radius: 3px; }
QScrollArea { background: transparent; border: none; }
QScrollArea > QWidget > QWidget { background: transparent; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 2px; }
QScrollBar::handle:vertical { background: @line; border-radius: 3px; min-height: 24px; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 2px; }
QScrollBar::handle:horizontal { background: @line; border-radius: 3px; min-width: 24px; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QStatusBar { background: @ground; color: @muted; }
QSplitter::handle { background: transparent; }
)");
    const auto put = [&css](const char* name, const QColor& color) { css.replace(QLatin1String(name), color.name()); };
    put("@onAccent", onAccent), put("@ground", ground), put("@panel", panel), put("@raised", raised);
    put("@line", line), put("@text", text), put("@muted", muted), put("@faint", faint), put("@accent", accent);
    return css;
}

} // namespace isobar::ui
