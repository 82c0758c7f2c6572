#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# install.sh FOLDER VERSION: the package holds what it should, its programs start from where they lie, and, where the
# test may (root, and Isobar is not installed), it installs and removes without leaving a file.
set -euo pipefail
# shellcheck source=tests/package/common.sh
source "$(dirname "$0")/common.sh"
need dpkg-deb file gzip timeout
deb=$(the_deb "$1")
version=$2
id=io.github.isobar.Isobar
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root

# A user who never ran Isobar, without a screen.
export HOME=$work/home XDG_RUNTIME_DIR=$work/runtime QT_QPA_PLATFORM=offscreen LC_ALL=C.UTF-8
unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_CACHE_HOME XDG_STATE_HOME
mkdir -m 700 "$HOME" "$XDG_RUNTIME_DIR"

says_version() {
    local said
    said=$(timeout 60 "$1" --version) || fail "$1 --version: exit code $?"
    [[ $said == *"$version"* ]] || fail "$1 --version says '$said', not $version"
}

# starts PREFIX: the window opens by the desktop entry's own command and is still there after five seconds.
starts() {
    local command status=0
    command=$(sed -n 's/^Exec=\([^ ]*\).*/\1/p' "$1/usr/share/applications/$id.desktop")
    timeout --signal=TERM --kill-after=20 5 "$1/usr/bin/$command" >"$work/output" 2>&1 || status=$?
    # 124: it was running until told to stop.
    [[ $status -eq 124 ]] || fail "$command ended by itself with exit code $status: $(cat "$work/output")"
}

dpkg-deb --extract "$deb" "$root"
files=(
    usr/bin/isobar usr/bin/isobar-cli
    "usr/share/applications/$id.desktop" "usr/share/metainfo/$id.metainfo.xml" "usr/share/mime/packages/$id.xml"
    "usr/share/icons/hicolor/scalable/apps/$id.svg"
    usr/share/man/man1/isobar.1.gz usr/share/man/man1/isobar-cli.1.gz
    usr/share/doc/isobar/copyright usr/share/doc/isobar/changelog.gz
)
for size in 16 22 24 32 48 64 128 256 512; do
    files+=("usr/share/icons/hicolor/${size}x${size}/apps/$id.png")
    file "$root/usr/share/icons/hicolor/${size}x${size}/apps/$id.png" | grep -q "$size x $size" \
        || fail "the icon of $size px has another size"
done
for name in "${files[@]}"; do
    [[ -s $root/$name ]] || fail "$name is missing or empty"
done
while read -r name; do
    [[ " ${files[*]} " == *" $name "* ]] || fail "$name does not belong in the package"
done < <(cd "$root" && find . -type f -printf '%P\n')
for program in isobar isobar-cli; do
    file "$root/usr/bin/$program" | grep -q ', stripped' || fail "$program is not stripped"
done
says_version "$root/usr/bin/isobar-cli"
says_version "$root/usr/bin/isobar"
starts "$root"
echo "The package holds what it should, and its programs start."

if [[ $(id -u) -ne 0 ]]; then
    echo "Not root: not installed."
    exit 0
fi
if [[ $(dpkg-query --show --showformat='${db:Status-Status}' isobar 2>/dev/null || true) == installed ]]; then
    echo "Isobar is installed here: left alone."
    exit 0
fi
trap 'dpkg --purge isobar >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
dpkg --install "$deb"
mapfile -t installed < <(dpkg-query --listfiles isobar)
for name in "${files[@]}"; do
    [[ " ${installed[*]} " == *" /$name "* ]] || fail "/$name is not among the installed files"
    # Container images may be set to leave out documentation.
    [[ $name == usr/share/man/* || $name == usr/share/doc/* || -s /$name ]] || fail "/$name was not installed"
done
says_version /usr/bin/isobar-cli
starts ""
dpkg --remove isobar
for name in "${installed[@]}"; do
    # Folders that other packages share may stay; anything of Isobar's own may not.
    if [[ -e $name && (! -d $name || $name == */isobar*) ]]; then
        fail "$name is left behind"
    fi
done
[[ -z $(dpkg-query --show --showformat='${db:Status-Abbrev}' isobar 2>/dev/null || true) ]] \
    || fail "dpkg still knows the package: $(dpkg-query --show --showformat='${db:Status-Abbrev}' isobar)"
echo "Installed, started and removed; nothing is left."
