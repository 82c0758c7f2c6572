#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# lint.sh FOLDER: lintian finds no error and no warning in the package.
set -euo pipefail
# shellcheck source=tests/package/common.sh
source "$(dirname "$0")/common.sh"
need lintian
deb=$(the_deb "$1")
arguments=()
if [[ $(id -u) -eq 0 ]]; then
    arguments+=(--allow-root)
fi
lintian "${arguments[@]}" --no-cfg --fail-on error,warning --info "$deb"
