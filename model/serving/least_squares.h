// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once
#include <vector>

namespace isobar::serving {

/// Solves the symmetric positive definite A x = b (row-major, n x n) by Cholesky; false when it is not.
[[nodiscard]] bool solvePositiveDefinite(std::vector<double> a, std::vector<double> b, std::vector<double>& x);

} // namespace isobar::serving
