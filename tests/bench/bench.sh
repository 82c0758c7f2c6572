#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Measures what docs/benchmarks.md states, on a Release build: ./tests/bench/bench.sh [CATALOGUE_FOLDER]
# Prints one line a figure. Compare ratios from one run, not absolute times from two machines.
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=build/release/bin
[ -x "$bin/isobar-cli" ] || { echo "build the release preset first: ./run --help" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo "== start: from the process's birth to the first frame and the first live numbers"
HOME=$work QT_QPA_PLATFORM=offscreen "$bin/isobar" --time-start 2>/dev/null

echo "== sample fleet, one simulated minute on two threads"
"$bin/isobar-cli" sample "$work/sample.isobar" >/dev/null
"$bin/isobar-cli" simulate "$work/sample.isobar" --for 1m --threads 2

echo "== made-up fleets of growing size, two threads"
for accelerators in 1000 10000 100000 1000000; do
    "$bin/isobar-cli" bench fleet --accelerators "$accelerators" --threads 2 --json
done

echo "== a replica group at 70 % load, on one thread and on two"
"$bin/isobar-cli" bench replay --threads 1 --json
"$bin/isobar-cli" bench replay --threads 2 --json

echo "== a replica as an M/M/10 queue at load 0.9"
"$bin/isobar-cli" bench queue --json

echo "== map frames at 1920x1080, pan, zoom and flows running"
for scene in sample large points; do
    QT_QPA_PLATFORM=offscreen "$bin/isobar-cli" bench map --scene "$scene" --json
done

echo "== six charts of 100,000 points"
QT_QPA_PLATFORM=offscreen "$bin/isobar-cli" bench charts --json

echo "== a heat grid of 100,000 chips"
QT_QPA_PLATFORM=offscreen "$bin/isobar-cli" bench devices --json

catalogue=${1:-}
if [ -n "$catalogue" ] && [ -d "$catalogue" ]; then
    echo "== import of a price catalogue against sqlite3 .import of the same files into one table"
    "$bin/isobar-cli" bench import "$catalogue"/*.csv --json
    for file in "$catalogue"/*.csv; do
        printf '.mode csv\n.import "%s" "%s"\n' "$file" "$(basename "$file" .vms.csv)"
    done >"$work/import.sql"
    start=$(date +%s.%N)
    sqlite3 "$work/plain.db" <"$work/import.sql" 2>/dev/null
    plain=$(date +%s.%N)
    "$bin/isobar-cli" import "$work/catalogue.isobar" "$catalogue"/*.csv --create >/dev/null
    done=$(date +%s.%N)
    awk -v a="$start" -v b="$plain" -v c="$done" 'BEGIN {
        printf "sqlite3 .import %.2f s, isobar-cli import %.2f s: %.0f %% of its speed\n", b - a, c - b, 100 * (b - a) / (c - b) }'
else
    echo "== import of the bench's made-up catalogue (no catalogue folder given)"
    "$bin/isobar-cli" bench import --json
fi
