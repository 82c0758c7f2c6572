#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Makes hicolor/isobar-SIZE.png from isobar.svg. Needs rsvg-convert (Debian: librsvg2-bin).
set -euo pipefail
cd "$(dirname "$0")"
mkdir -p hicolor
for size in 16 22 24 32 48 64 128 256 512; do
    rsvg-convert --width "$size" --height "$size" isobar.svg --output "hicolor/isobar-$size.png"
done
