# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Shared by the package tests; sourced.

fail() {
    printf 'FAIL: %s\n' "$*" >&2
    exit 1
}

# need TOOL...: skips the test (77) when one is absent.
need() {
    local tool
    for tool in "$@"; do
        if ! command -v "$tool" >/dev/null; then
            printf 'SKIP: %s is not installed\n' "$tool"
            exit 77
        fi
    done
}

# the_deb FOLDER: the one package in it.
the_deb() {
    local found=("$1"/*.deb)
    [[ ${#found[@]} -eq 1 && -f ${found[0]} ]] || fail "expected one .deb in $1, found: ${found[*]}"
    printf '%s\n' "${found[0]}"
}
