// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/replay/timeline.h"

#include <algorithm>

namespace isobar::replay {
namespace {

constexpr double kShortestStretch = 1e-3;

std::size_t stretchOf(double seconds, double width)
{
    return std::min(static_cast<std::size_t>(seconds / width), Timeline::kStretches - 1);
}

} // namespace

void Timeline::Track::addPoint(double at, double amount, double width)
{
    part[stretchOf(at, width)] += amount;
}

void Timeline::Track::addSpan(double begin, double end, double height, double width)
{
    if (!(end > begin)) {
        return;
    }
    const std::size_t first = stretchOf(begin, width), last = stretchOf(end, width);
    if (first == last) {
        part[first] += (end - begin) * height;
        return;
    }
    part[first] += (static_cast<double>(first + 1) * width - begin) * height;
    part[last] += (end - static_cast<double>(last) * width) * height;
    whole[first + 1] += height;
    whole[last] -= height;
}

std::vector<double> Timeline::Track::integrals(double width) const
{
    std::vector<double> all(kStretches);
    double height = 0;
    for (std::size_t i = 0; i < kStretches; ++i) {
        height += whole[i];
        all[i] = part[i] + height * width;
    }
    return all;
}

void Timeline::Track::fold(double width)
{
    const std::vector<double> fine = integrals(width);
    std::fill(whole.begin(), whole.end(), 0.0);
    std::fill(part.begin(), part.end(), 0.0);
    for (std::size_t i = 0; i < kStretches; ++i) {
        part[i / 2] += fine[i];
    }
}

Timeline::Timeline(double expectedSeconds)
    : m_width(std::max(kShortestStretch, expectedSeconds / static_cast<double>(kStretches)))
{
}

void Timeline::reach(double seconds)
{
    m_latest = std::max(m_latest, seconds);
    while (seconds >= m_width * static_cast<double>(kStretches)) {
        for (Track* track : {&m_waiting, &m_running, &m_tokens, &m_arrivals}) {
            track->fold(m_width);
        }
        m_width *= 2;
    }
}

void Timeline::operator()(const serving::Outcome& outcome)
{
    reach(outcome.completed() ? outcome.finishSeconds : outcome.arrivalSeconds);
    m_arrivals.addPoint(outcome.arrivalSeconds, 1, m_width);
    if (!outcome.completed()) {
        return;
    }
    m_waiting.addSpan(outcome.arrivalSeconds, outcome.startSeconds, 1, m_width);
    m_running.addSpan(outcome.startSeconds, outcome.finishSeconds, 1, m_width);
    m_tokens.addPoint(outcome.firstTokenSeconds, 1, m_width);
    const double rest = outcome.outputTokens - 1.0, seconds = outcome.finishSeconds - outcome.firstTokenSeconds;
    if (rest > 0 && seconds > 0) {
        m_tokens.addSpan(outcome.firstTokenSeconds, outcome.finishSeconds, rest / seconds, m_width);
    } else {
        m_tokens.addPoint(outcome.finishSeconds, rest, m_width);
    }
}

void Timeline::unfinished(double arrivalSeconds, double untilSeconds)
{
    reach(std::max(arrivalSeconds, untilSeconds));
    m_arrivals.addPoint(arrivalSeconds, 1, m_width);
    m_waiting.addSpan(arrivalSeconds, untilSeconds, 1, m_width);
}

Timeline::Curves Timeline::curves() const
{
    const std::size_t count = stretchOf(m_latest, m_width) + 1;
    const auto means = [&](const Track& track) {
        std::vector<double> all = track.integrals(m_width);
        all.resize(count);
        for (double& value : all) {
            value = std::max(0.0, value / m_width); // rounding may leave a hair below nothing
        }
        return all;
    };
    return {m_width, means(m_waiting), means(m_running), means(m_tokens), means(m_arrivals)};
}

} // namespace isobar::replay
