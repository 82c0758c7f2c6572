// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/serving/router.h"

#include <array>

namespace isobar::serving {
namespace {

struct Named {
    RouterPolicy policy;
    const char* name;
};
constexpr std::array kNamed{Named{RouterPolicy::RoundRobin, "round-robin"}, Named{RouterPolicy::Random, "random"},
                            Named{RouterPolicy::LeastInFlight, "least-in-flight"},
                            Named{RouterPolicy::PowerOfTwo, "power-of-two"},
                            Named{RouterPolicy::PowerOfD, "power-of-d"}};

} // namespace

const char* routerPolicyName(RouterPolicy policy)
{
    return kNamed[static_cast<std::size_t>(policy)].name;
}

std::optional<RouterPolicy> routerPolicyByName(std::string_view name)
{
    for (const Named& named : kNamed) {
        if (name == named.name) {
            return named.policy;
        }
    }
    return std::nullopt;
}

std::string routerPolicyNames()
{
    std::string all;
    for (const Named& named : kNamed) {
        all += all.empty() ? "" : ", ";
        all += named.name;
    }
    return all;
}

} // namespace isobar::serving
