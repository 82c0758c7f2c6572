// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/replay/setup_panel.h"

#include "model/fleet/lookup.h"
#include "ui/charts/axis_ticks.h"
#include "ui/data/data_words.h"
#include "ui/shell/format.h"
#include "ui/shell/theme.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QScrollArea>
#include <QSettings>
#include <QSpinBox>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <climits>
#include <cmath>
#include <limits>

namespace isobar::ui {
namespace {

constexpr int kMostRecent = 8;
constexpr int kMostSeconds = 100'000'000;
constexpr std::array kRouters{serving::RouterPolicy::LeastInFlight, serving::RouterPolicy::PowerOfTwo,
                              serving::RouterPolicy::RoundRobin, serving::RouterPolicy::Random};

QString recentKey()
{
    return QStringLiteral("replay/recent");
}

QString unfoldedKey()
{
    return QStringLiteral("replay/advanced");
}

QSpinBox* number(int low, int high, int value, const char* name, const QString& accessible)
{
    auto* box = new QSpinBox;
    box->setObjectName(QLatin1String(name));
    box->setRange(low, high);
    box->setValue(value);
    box->setAccessibleName(accessible);
    box->setGroupSeparatorShown(true);
    box->setKeyboardTracking(false); // one change a number typed, not one a digit
    return box;
}

QComboBox* choice(const char* name, const QString& accessible)
{
    auto* box = new QComboBox;
    box->setObjectName(QLatin1String(name));
    box->setAccessibleName(accessible);
    box->setMinimumContentsLength(8);
    box->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    return box;
}

/// The placement of the model (on the chip, where one is given) that holds most chips; null when there is none.
const Placement* largestPlacement(const Fleet& fleet, ModelId model, AcceleratorId accelerator = {})
{
    const Placement* largest = nullptr;
    for (const Placement& placement : fleet.placements) {
        if (placement.model == model && (!accelerator.valid() || fleet[placement.pool].accelerator == accelerator) &&
            (largest == nullptr || placement.chips() > largest->chips())) {
            largest = &placement;
        }
    }
    return largest;
}

} // namespace

SetupPanel::SetupPanel(Session& session, QWidget* parent)
    : QFrame(parent)
    , m_session(session)
    , m_traceName(new QLabel(this))
    , m_traceNote(new QLabel(this))
    , m_choose(new QToolButton(this))
    , m_traceMenu(new QMenu(this))
    , m_model(choice("replayModel", tr("Model")))
    , m_accelerator(choice("replayAccelerator", tr("Accelerator")))
    , m_precision(choice("replayPrecision", tr("Precision of the weights")))
    , m_tensorParallel(
          number(1, replay::kMaxTensorParallel, 1, "replayTensorParallel", tr("Tensor parallel: chips of one replica")))
    , m_replicas(number(1, static_cast<int>(serving::ReplicaGroup::kMaxReplicas), 1, "replayReplicas", tr("Replicas")))
    , m_propose(new QToolButton(this))
    , m_router(choice("replayRouter", tr("Router")))
    , m_maxBatch(number(1, replay::kMaxBatch, 256, "replayMaxBatch", tr("Most sequences a replica runs at once")))
    , m_batchedTokens(number(0, 1 << 20, serving::BatchPolicy{}.maxBatchedTokens, "replayBatchedTokens",
                             tr("Tokens of one iteration, at most")))
    , m_coefficients(choice("replayCoefficients", tr("Coefficients")))
    , m_tier(choice("replayTier", tr("Service level the results are held to")))
    , m_seed(number(0, INT_MAX, 42, "replaySeed", tr("Seed of routers and of traces that are drawn")))
    , m_estimate(new QLabel(this))
    , m_more(new QToolButton(this))
    , m_advanced(new QWidget(this))
    , m_from(number(0, kMostSeconds, 0, "replayFrom", tr("Where in the trace to begin, in seconds of its own clock")))
    , m_for(number(0, kMostSeconds, 0, "replayFor", tr("How much of the trace to replay, in seconds of its own clock")))
    , m_scale(number(1, 100'000, 100, "replayScale", tr("Requests a second, in per cent of the trace's")))
    , m_ranks(number(1, replay::kMaxDataParallel, 1, "replayRanks", tr("Data-parallel ranks of a replica")))
    , m_prefill(number(0, static_cast<int>(serving::ReplicaGroup::kMaxReplicas), 0, "replayPrefill",
                       tr("Replicas for prompts only")))
    , m_prefixCache(new QCheckBox(this))
    , m_urgent(number(0, 100, 0, "replayUrgent", tr("Share of requests that are urgent, in per cent")))
    , m_admission(choice("replayAdmission", tr("How KV cache is given out")))
{
    setProperty("panel", true);
    setObjectName(QStringLiteral("replaySetup"));
    setAccessibleName(tr("Set-up of the replay"));
    buildForm();
    fillFromFleet();
    connect(&m_session, &Session::opened, this, &SetupPanel::fillFromFleet);
}

void SetupPanel::buildForm()
{
    m_traceName->setObjectName(QStringLiteral("replayTraceName"));
    m_traceName->setFont(ui::font(TextRole::Strong));
    m_traceName->setTextFormat(Qt::PlainText);
    m_traceName->setWordWrap(true);
    m_traceNote->setObjectName(QStringLiteral("replayTraceNote"));
    for (QLabel* label : {m_traceNote, m_estimate}) {
        label->setProperty("muted", true);
        label->setFont(ui::font(TextRole::Secondary));
        label->setTextFormat(Qt::PlainText);
        label->setWordWrap(true);
    }
    m_estimate->setObjectName(QStringLiteral("replayEstimate"));
    m_choose->setObjectName(QStringLiteral("replayChoose"));
    m_choose->setText(tr("Choose trace…"));
    m_choose->setAccessibleName(tr("Choose a trace to replay"));
    m_choose->setPopupMode(QToolButton::InstantPopup);
    m_choose->setMenu(m_traceMenu);
    m_choose->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    connect(m_traceMenu, &QMenu::aboutToShow, this, &SetupPanel::fillTraceMenu);
    m_propose->setObjectName(QStringLiteral("replayPropose"));
    m_propose->setText(tr("70 %"));
    m_propose->setToolTip(tr("As many replicas as keep the mean load at or below 70 %"));
    m_propose->setAccessibleName(tr("Propose replicas for a load of 70 %"));
    for (const serving::RouterPolicy router : kRouters) {
        m_router->addItem(QLatin1String(serving::routerPolicyName(router)), static_cast<int>(router));
    }
    m_coefficients->addItem(tr("of the fleet"));
    m_coefficients->addItem(tr("from a file…"));
    m_batchedTokens->setSpecialValueText(tr("whole prompts"));
    m_batchedTokens->setToolTip(tr("Prompts longer than this are prefilled in chunks; 0: one whole prompt at a time"));

    for (QSpinBox* box : {m_from, m_for}) {
        box->setSuffix(tr(" s"));
    }
    m_from->setSpecialValueText(tr("the beginning"));
    m_from->setToolTip(tr("Where in the trace to begin, on its own clock"));
    m_for->setSpecialValueText(tr("to the end"));
    m_for->setToolTip(tr("How much of the trace to replay, on its own clock"));
    m_scale->setSuffix(QStringLiteral(" %"));
    m_scale->setSingleStep(10);
    m_scale->setToolTip(tr("Multiplies the requests a second: recorded times are compressed, rates scaled"));
    m_ranks->setToolTip(tr("Each with these chips. Of a dense model they are replicas in one; of a mixture of experts "
                           "they run in step, with the experts divided over all"));
    m_prefill->setSpecialValueText(tr("none"));
    m_prefill->setToolTip(tr("More replicas, for prompts only; the others then only answer (disaggregation)"));
    m_prefixCache->setObjectName(QStringLiteral("replayPrefixCache"));
    m_prefixCache->setText(tr("Prefix cache"));
    m_urgent->setSuffix(QStringLiteral(" %"));
    m_urgent->setSpecialValueText(tr("none"));
    m_urgent->setToolTip(tr("Drawn from the requests: admitted first and preempted last"));
    m_admission->addItem(tr("optimistic"), static_cast<int>(serving::BatchPolicy::Admission::Optimistic));
    m_admission->addItem(tr("reserving"), static_cast<int>(serving::BatchPolicy::Admission::Reserve));
    m_admission->setToolTip(
        tr("Optimistic takes KV cache for the prompt and preempts when it runs out; reserving takes "
           "it for the answer too"));
    m_more->setObjectName(QStringLiteral("replayMore"));
    m_more->setCheckable(true);
    m_more->setAutoRaise(true);
    m_more->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_more->setAccessibleName(tr("Advanced settings"));
    m_advanced->setObjectName(QStringLiteral("replayAdvanced"));

    auto* form = new QWidget;
    auto* grid = new QGridLayout(form);
    auto* advanced = new QGridLayout(m_advanced);
    grid->setContentsMargins(0, 0, 4, 0);
    advanced->setContentsMargins(0, 0, 0, 0);
    for (QGridLayout* each : {grid, advanced}) {
        each->setHorizontalSpacing(8);
        each->setVerticalSpacing(6);
        each->setColumnStretch(1, 1);
        each->setColumnMinimumWidth(0, 98); // both columns of fields begin at the same place
    }
    int row = 0;
    QGridLayout* into = grid;
    const auto add = [&](const QString& text, QWidget* field, QWidget* beside = nullptr) {
        auto* label = new QLabel(text);
        label->setProperty("muted", true);
        label->setBuddy(field);
        into->addWidget(label, row, 0);
        field->setMinimumWidth(40); // the panel's width decides, not the longest name in it
        field->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Fixed);
        into->addWidget(field, row, 1, 1, beside == nullptr ? 2 : 1);
        if (beside != nullptr) {
            into->addWidget(beside, row, 2);
        }
        ++row;
    };
    add(tr("Model"), m_model);
    add(tr("Accelerator"), m_accelerator);
    add(tr("Precision"), m_precision);
    add(tr("Chips a replica"), m_tensorParallel);
    add(tr("Replicas"), m_replicas, m_propose);
    add(tr("Router"), m_router);
    add(tr("Max batch"), m_maxBatch);
    add(tr("SLO"), m_tier);
    grid->addWidget(m_estimate, row++, 0, 1, 3);
    grid->addWidget(m_more, row++, 0, 1, 3, Qt::AlignLeft);
    grid->addWidget(m_advanced, row++, 0, 1, 3);
    grid->setRowStretch(row, 1);
    into = advanced;
    row = 0;
    add(tr("Begin"), m_from);
    add(tr("Length"), m_for);
    add(tr("Load"), m_scale);
    add(tr("Urgent"), m_urgent);
    add(tr("Ranks"), m_ranks);
    add(tr("Prefill replicas"), m_prefill);
    advanced->addWidget(m_prefixCache, row++, 1, 1, 2);
    add(tr("KV admission"), m_admission);
    add(tr("Batched tokens"), m_batchedTokens);
    add(tr("Coefficients"), m_coefficients);
    add(tr("Seed"), m_seed);
    auto* scroll = new QScrollArea;
    scroll->setWidget(form);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setFocusPolicy(Qt::NoFocus);

    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(Theme::kPadding, 12, Theme::kPadding - 4, 10);
    column->setSpacing(6);
    column->addWidget(m_traceName);
    column->addWidget(m_traceNote);
    column->addWidget(m_choose);
    column->addSpacing(4);
    column->addWidget(scroll, 1);

    connect(m_model, &QComboBox::currentIndexChanged, this, &SetupPanel::modelChosen);
    connect(m_accelerator, &QComboBox::currentIndexChanged, this, &SetupPanel::acceleratorChosen);
    connect(m_replicas, &QSpinBox::valueChanged, this, [this] {
        if (!m_filling) {
            m_replicasByHand = true;
            readForm();
        }
    });
    connect(m_propose, &QToolButton::clicked, this, [this] {
        m_replicasByHand = false;
        readForm();
    });
    for (QSpinBox* box : {m_tensorParallel, m_maxBatch, m_batchedTokens, m_seed, m_from, m_for, m_scale, m_ranks,
                          m_prefill, m_urgent}) {
        connect(box, &QSpinBox::valueChanged, this, &SetupPanel::readForm);
    }
    connect(m_prefixCache, &QCheckBox::toggled, this, &SetupPanel::readForm);
    connect(m_more, &QToolButton::toggled, this, &SetupPanel::unfold);
    for (QComboBox* box : {m_precision, m_router, m_admission}) {
        connect(box, &QComboBox::currentIndexChanged, this, &SetupPanel::readForm);
    }
    connect(m_tier, &QComboBox::currentIndexChanged, this, &SetupPanel::tierChanged);
    connect(m_coefficients, &QComboBox::activated, this, [this](int index) {
        if (index == m_coefficients->count() - 1) {
            chooseCoefficients();
        } else {
            readForm();
        }
    });
    unfold(QSettings().value(unfoldedKey(), false).toBool());
    setTrace(nullptr);
}

void SetupPanel::unfold(bool open)
{
    m_more->setChecked(open);
    m_more->setArrowType(open ? Qt::DownArrow : Qt::RightArrow);
    m_advanced->setVisible(open);
    QSettings().setValue(unfoldedKey(), open);
}

ReplayContext SetupPanel::context() const
{
    return {m_session.fleetPointer(), m_session.calibrationPointer()};
}

int SetupPanel::tier() const
{
    return m_tier->currentIndex() - 1;
}

void SetupPanel::fillFromFleet()
{
    if (!m_session.isOpen()) {
        return;
    }
    m_filling = true;
    const Fleet& fleet = m_session.fleet();
    const QString model = m_model->currentText(), tierBefore = m_tier->currentText();
    m_model->clear();
    for (const ServedModel& each : fleet.models) {
        m_model->addItem(QString::fromStdString(each.name));
    }
    m_tier->clear();
    m_tier->addItem(tr("none"));
    for (const SloTier& each : fleet.tiers) {
        m_tier->addItem(QString::fromStdString(each.name));
    }
    m_tier->setCurrentIndex(std::max(m_tier->findText(tierBefore), std::min(2, m_tier->count() - 1)));
    int chosen = m_model->findText(model);
    if (chosen < 0) { // the model that holds most chips
        std::vector<std::int64_t> chips(fleet.models.size());
        for (const Placement& placement : fleet.placements) {
            chips[placement.model.index()] += placement.chips();
        }
        chosen = static_cast<int>(std::max_element(chips.begin(), chips.end()) - chips.begin());
    }
    m_model->setCurrentIndex(chosen);
    m_filling = false;
    modelChosen();
}

/// Lists the chips, those the model runs on first, and takes its largest placement.
void SetupPanel::modelChosen()
{
    if (m_filling || m_model->currentIndex() < 0) {
        return;
    }
    const Fleet& fleet = m_session.fleet();
    const ModelId model(static_cast<std::size_t>(m_model->currentIndex()));
    m_filling = true;
    m_accelerator->clear();
    for (const bool placed : {true, false}) {
        for (std::size_t i = 0; i < fleet.accelerators.size(); ++i) {
            const AcceleratorId id(i);
            if ((largestPlacement(fleet, model, id) != nullptr) == placed) {
                m_accelerator->addItem(QString::fromStdString(fleet.accelerators[i].name),
                                       static_cast<std::uint32_t>(i));
            }
        }
    }
    if (const Placement* largest = largestPlacement(fleet, model); largest != nullptr) {
        m_accelerator->setCurrentIndex(m_accelerator->findData(fleet[largest->pool].accelerator.value));
    }
    m_filling = false;
    acceleratorChosen();
}

void SetupPanel::acceleratorChosen()
{
    if (m_filling || m_accelerator->currentIndex() < 0) {
        return;
    }
    const Fleet& fleet = m_session.fleet();
    const AcceleratorId id(m_accelerator->currentData().toUInt());
    m_filling = true;
    const QString before = m_precision->currentText();
    m_precision->clear();
    for (const Precision precision : kAllPrecisions) {
        const AcceleratorType& chip = fleet[id];
        if ((precision != Precision::Fp8 || chip.fp8FlopsPerSecond) &&
            (precision != Precision::Fp4 || chip.fp4FlopsPerSecond)) {
            m_precision->addItem(QLatin1String(precisionName(precision)), static_cast<int>(precision));
        }
    }
    m_precision->setCurrentIndex(std::max(0, m_precision->findText(before)));
    takePlacement(largestPlacement(fleet, ModelId(static_cast<std::size_t>(m_model->currentIndex())), id));
    m_filling = false;
    readForm();
}

/// Parallelism, precision and batch of a placement; without one, the fewest chips that hold the model.
void SetupPanel::takePlacement(const Placement* placement)
{
    if (placement != nullptr) {
        m_tensorParallel->setValue(placement->tensorParallel);
        m_maxBatch->setValue(placement->maxBatch);
        m_precision->setCurrentIndex(std::max(0, m_precision->findData(static_cast<int>(placement->precision))));
        return;
    }
    ReplaySetup candidate;
    candidate.hardware = {.model = m_model->currentText().toStdString(),
                          .accelerator = m_accelerator->currentText().toStdString(),
                          .precision = static_cast<Precision>(m_precision->currentData().toInt()),
                          .maxBatch = m_maxBatch->value()};
    constexpr std::int32_t kOneNode = 64;
    for (std::int32_t chips = 1; chips <= kOneNode; chips *= 2) {
        candidate.hardware.tensorParallel = chips;
        if (buildReplica(context(), candidate)) {
            m_tensorParallel->setValue(chips);
            return;
        }
    }
}

void SetupPanel::readForm()
{
    if (m_filling) {
        return;
    }
    m_setup.hardware.model = m_model->currentText().toStdString();
    m_setup.hardware.accelerator = m_accelerator->currentText().toStdString();
    m_setup.hardware.precision = static_cast<Precision>(m_precision->currentData().toInt());
    m_setup.hardware.tensorParallel = m_tensorParallel->value();
    m_setup.hardware.maxBatch = m_maxBatch->value();
    m_setup.group.router = static_cast<serving::RouterPolicy>(m_router->currentData().toInt());
    m_setup.group.seed = static_cast<std::uint64_t>(m_seed->value());
    m_setup.group.policy.maxBatchedTokens = m_batchedTokens->value();
    m_setup.group.policy.admission = static_cast<serving::BatchPolicy::Admission>(m_admission->currentData().toInt());
    m_setup.group.prefill.replicas = static_cast<std::size_t>(m_prefill->value());
    m_setup.hardware.dataParallel = m_ranks->value();
    m_setup.part.fromSeconds = m_from->value();
    m_setup.part.forSeconds = m_for->value();
    m_setup.part.loadScale = m_scale->value() / 100.0;
    m_setup.urgentRatio = m_urgent->value() / 100.0;
    m_setup.prefixCache = m_prefixCache->isChecked() && m_prefixCache->isEnabled();
    m_setup.coefficients = toPath(m_coefficients->currentData().toString());
    const int set = m_setup.unusualSettings();
    m_more->setText(set > 0 ? tr("Advanced · %1 set").arg(set) : tr("Advanced"));
    showEstimate();
    Q_EMIT changed();
}

/// Says what the set-up can hold and how busy it would be, or why it cannot be.
void SetupPanel::showEstimate()
{
    const auto built = m_session.isOpen() ? buildReplica(context(), m_setup)
                                          : Result<BuiltReplica>(Error{ErrorCode::NotFound, "no fleet is open"});
    m_propose->setEnabled(m_trace != nullptr && built.ok());
    if (!built) {
        m_obstacle = errorSentence(built.error()) + QLatin1Char(' ') + adviceSentence(built.error());
        m_estimate->setText(m_obstacle);
        return;
    }
    m_obstacle = m_trace == nullptr ? tr("Choose a trace first.") : QString();
    QString text = tr("A replica holds %1 tokens of KV cache.")
                       .arg(count(static_cast<double>(built->model.kvCapacityTokens)).value);
    if (m_trace != nullptr) {
        replay::TraceLoad asked = m_trace->load;
        asked.seconds /= m_setup.part.loadScale;
        const std::size_t ranks = m_setup.groupFor(built->model, 0).dataParallel;
        if (!m_replicasByHand) {
            const std::size_t all = replay::replicasFor(asked, built->model, kProposedLoad);
            m_filling = true;
            m_replicas->setValue(static_cast<int>((all + ranks - 1) / ranks));
            m_filling = false;
        }
        const double load =
            replay::utilizationRatio(asked, built->model, static_cast<std::size_t>(m_replicas->value()) * ranks);
        text += QLatin1Char(' ');
        if (!std::isfinite(load)) {
            text += tr("The trace arrives all at once.");
        } else {
            text += tr("Estimated mean load %1").arg(percent(load, 0).joined());
            text += load > 1 ? tr(": the queue will grow to the end.") : QStringLiteral(".");
        }
    }
    m_setup.group.replicas = static_cast<std::size_t>(m_replicas->value());
    m_estimate->setText(text);
}

void SetupPanel::setTrace(TracePointer trace)
{
    m_trace = std::move(trace);
    const bool hasHashes = m_trace != nullptr && m_trace->trace.prefixBlockTokens > 0;
    m_prefixCache->setEnabled(hasHashes);
    m_prefixCache->setToolTip(hasHashes ? tr("Keeps prompts' blocks and finds them again, by the hashes of the trace")
                                        : tr("This trace has no hashes of its prompts' blocks; Mooncake's have"));
    if (m_trace == nullptr) {
        m_traceName->setText(tr("No trace chosen"));
        m_traceNote->setText(tr("Azure CSV, Mooncake JSON lines, ServeGen, or a run of a vLLM server. "
                                "You can also drop one here."));
    } else {
        const replay::TraceLoad& load = m_trace->load;
        m_traceName->setText(m_trace->source.name());
        m_traceNote->setText(tr("%1 over %2, %3/s; %4 tokens in, %5 out in the mean")
                                 .arg(counted(load.requests, tr("request"), tr("requests")), elapsedText(load.seconds),
                                      load.seconds > 0 ? grouped(load.requestsPerSecond(), 1) : QStringLiteral("–"),
                                      grouped(load.meanInputTokens, 0), grouped(load.meanOutputTokens, 0)));
    }
    readForm();
}

void SetupPanel::setLoading(const QString& name)
{
    m_trace = nullptr;
    m_traceName->setText(name);
    m_traceNote->setText(tr("Reading…"));
    readForm();
}

QStringList SetupPanel::recentTraces()
{
    QStringList there;
    for (const QString& path : QSettings().value(recentKey()).toStringList()) {
        if (QFileInfo::exists(path)) {
            there << path;
        }
    }
    return there;
}

void SetupPanel::rememberTrace(const QString& path)
{
    QStringList all = QSettings().value(recentKey()).toStringList();
    all.removeAll(path);
    all.prepend(path);
    QSettings().setValue(recentKey(), all.mid(0, kMostRecent));
}

void SetupPanel::fillTraceMenu()
{
    m_traceMenu->clear();
    connect(m_traceMenu->addAction(tr("File…")), &QAction::triggered, this, [this] { chooseTrace(false); });
    connect(m_traceMenu->addAction(tr("Folder…")), &QAction::triggered, this, [this] { chooseTrace(true); });
    if (m_session.isOpen() && m_session.store() != nullptr) {
        if (const auto stored = m_session.store()->traces(); stored && !stored->empty()) {
            m_traceMenu->addSection(tr("In the store"));
            for (const auto& info : *stored) {
                const TraceSource source{m_session.store()->path(), info.name};
                connect(m_traceMenu->addAction(source.name()), &QAction::triggered, this,
                        [this, source] { Q_EMIT traceChosen(source); });
            }
        }
    }
    if (const QStringList recent = recentTraces(); !recent.isEmpty()) {
        m_traceMenu->addSection(tr("Recent"));
        for (const QString& path : recent) {
            QAction* action = m_traceMenu->addAction(fileName(path));
            action->setToolTip(path);
            connect(action, &QAction::triggered, this, [this, path] { Q_EMIT traceChosen({toPath(path), {}}); });
        }
    }
}

void SetupPanel::chooseTrace(bool folder)
{
    auto* files = new QFileDialog(this, folder ? tr("Choose a folder of traces") : tr("Choose a trace"));
    files->setAttribute(Qt::WA_DeleteOnClose);
    files->setOption(QFileDialog::DontUseNativeDialog);
    files->setFileMode(folder ? QFileDialog::Directory : QFileDialog::ExistingFile);
    if (const QStringList recent = recentTraces(); !recent.isEmpty()) {
        files->setDirectory(QFileInfo(recent.front()).absolutePath());
    }
    connect(files, &QFileDialog::fileSelected, this, [this](const QString& path) {
        Q_EMIT traceChosen({toPath(path), {}});
    });
    files->open();
}

void SetupPanel::chooseCoefficients()
{
    auto* files = new QFileDialog(this, tr("Coefficients in protobuf text"));
    files->setAttribute(Qt::WA_DeleteOnClose);
    files->setOption(QFileDialog::DontUseNativeDialog);
    files->setFileMode(QFileDialog::ExistingFile);
    const auto take = [this](const QString& path) {
        while (m_coefficients->count() > 2) {
            m_coefficients->removeItem(1);
        }
        m_coefficients->insertItem(1, fileName(path), path);
        m_coefficients->setCurrentIndex(1);
        readForm();
    };
    connect(files, &QFileDialog::fileSelected, this, take);
    connect(files, &QDialog::rejected, this,
            [this] { m_coefficients->setCurrentIndex(m_setup.coefficients.empty() ? 0 : 1); });
    files->open();
}

} // namespace isobar::ui
