#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# build.sh CPACK CONFIG FOLDER: makes the .deb, afresh, in FOLDER.
set -euo pipefail
# shellcheck source=tests/package/common.sh
source "$(dirname "$0")/common.sh"
cpack=$1 config=$2 folder=$3
need dpkg-deb dpkg-shlibdeps

rm -rf "$folder"
mkdir -p "$folder"
"$cpack" --config "$config" -G DEB -B "$folder"
deb=$(the_deb "$folder")
dpkg-deb --info "$deb"
depends=$(dpkg-deb --field "$deb" Depends)
for library in libc6 libqt6widgets6 libqt6svg6 libqcustomplot; do
    [[ $depends == *"$library"* ]] || fail "does not depend on $library: $depends"
done
