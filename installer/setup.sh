# shellcheck shell=bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What ./run and ./test share: install what is missing, configure, build. Sourced, not run; the caller has set -euo pipefail
# and stands in the root of the checkout.

# To build and run Isobar. libqcustomplot-dev brings the Qt 6 build of QCustomPlot; qt6-base-dev brings Concurrent,
# Network, PrintSupport and Test.
# shellcheck disable=SC2034
BUILD_PACKAGES=(
    g++ cmake ninja-build ccache mold pkg-config
    qt6-base-dev qt6-base-dev-tools qt6-svg-dev libgl-dev libxkbcommon-dev libqcustomplot-dev
    libsqlite3-dev libsqlitecpp-dev libzstd-dev nettle-dev libarchive-dev
    protobuf-compiler libprotobuf-dev
    libtbb-dev libgeographiclib-dev libcli11-dev libfmt-dev nlohmann-json3-dev
    libhowardhinnant-date-dev
)
# To show the window where there is Wayland and no X server.
# shellcheck disable=SC2034
WAYLAND_PACKAGES=(qt6-wayland)
# To run every test as well: a display, pictures from PDFs, the package's own checks, other tools' words on the same data.
# shellcheck disable=SC2034
TEST_PACKAGES=(
    sqlite3 xvfb xauth dbus-daemon at-spi2-core fonts-dejavu-core poppler-utils
    dpkg-dev fakeroot file lintian desktop-file-utils appstream man-db
)

say() { printf '==> %s\n' "$*"; }
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# missing_packages NAME...: those of the names that are not installed, one a line.
missing_packages() {
    local installed name
    installed=$(dpkg-query -W -f='${db:Status-Abbrev}${Package}\n' "$@" 2>/dev/null | sed -n 's/^.i *//p' || true)
    for name in "$@"; do
        if [[ $'\n'$installed$'\n' != *$'\n'"$name"$'\n'* ]]; then
            printf '%s\n' "$name"
        fi
    done
}

# as_root COMMAND...: runs it as root, through sudo where needed.
as_root() {
    if [[ $(id -u) -eq 0 ]]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "needs root to install packages, and there is no sudo; as root, run: $*"
    fi
}

# install_packages NAME...: installs what is missing; does not touch apt when nothing is.
install_packages() {
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        say "Not a Debian system: taking it that the equivalents of these are installed: $*"
        return
    fi
    local found missing=()
    found=$(missing_packages "$@")
    if [[ -z $found ]]; then
        return
    fi
    mapfile -t missing <<<"$found"
    say "Installing ${#missing[@]} missing packages: ${missing[*]}"
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300)
    if [[ -z ${APT_UPDATED:-} ]]; then
        as_root "${apt[@]}" update || die "apt-get update failed: check the network and /etc/apt/sources.list"
        APT_UPDATED=1
    fi
    as_root "${apt[@]}" install --yes --no-install-recommends "${missing[@]}" \
        || die "could not install: ${missing[*]} (Isobar is built for Debian 12 or newer)"
}

# build_jobs: as many as there are cores, but no more than memory carries at 1.5 GB each.
build_jobs() {
    local cores memory_kb by_memory
    cores=$(nproc)
    memory_kb=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo 2>/dev/null || true)
    by_memory=$((${memory_kb:-$((cores * 1500000))} / 1500000))
    if [[ $by_memory -lt 1 ]]; then
        by_memory=1
    fi
    echo $((cores < by_memory ? cores : by_memory))
}

# configure PRESET: once; later changes of CMake files are noticed by the build itself.
configure() {
    local folder=build/$1 home=""
    if [[ -f $folder/CMakeCache.txt ]]; then
        home=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$folder/CMakeCache.txt")
    fi
    if [[ -f $folder/build.ninja && $home == "$PWD" ]]; then
        return
    fi
    say "Configuring $folder"
    cmake --preset "$1" --fresh
}

# build PRESET [TARGET...]: prints ninja's progress.
build() {
    local preset=$1
    shift
    configure "$preset"
    say "Building build/$preset"
    NINJA_STATUS='[%f/%t, %e s] ' cmake --build "build/$preset" --parallel "$(build_jobs)" ${1:+--target "$@"}
}
