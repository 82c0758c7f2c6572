#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# metadata.sh SOURCE VERSION: the desktop entry, AppStream description and manual pages are valid and name one version.
set -euo pipefail
# shellcheck source=tests/package/common.sh
source "$(dirname "$0")/common.sh"
source_dir=$1 version=$2
desktop=$source_dir/resources/desktop
id=io.github.isobar.Isobar
need desktop-file-validate appstreamcli man

desktop-file-validate "$desktop/$id.desktop"
appstreamcli validate --no-net --no-color "$desktop/$id.metainfo.xml"
for page in isobar isobar-cli; do
    warnings=$(LC_ALL=C.UTF-8 man --warnings --encoding=UTF-8 --local-file "$desktop/$page.1" 2>&1 >/dev/null)
    [[ -z $warnings ]] || fail "$page.1: $warnings"
    grep -q "Isobar $version\"" "$desktop/$page.1" || fail "$page.1 does not name version $version"
done
grep -q "<id>$id</id>" "$desktop/$id.metainfo.xml" || fail "the metainfo has another id"
grep -q "<release version=\"$version\"" "$desktop/$id.metainfo.xml" || fail "the metainfo lacks release $version"
grep -q "^isobar ($version)" "$source_dir/installer/debian/changelog" || fail "debian/changelog lacks $version"
grep -q "^## $version" "$source_dir/CHANGELOG.md" || fail "CHANGELOG.md lacks $version"
grep -q "^Icon=$id\$" "$desktop/$id.desktop" || fail "the desktop entry names another icon"
mime=$(sed -n 's/^MimeType=\(.*\);$/\1/p' "$desktop/$id.desktop")
grep -q "<mime-type type=\"$mime\">" "$desktop/$id.xml" || fail "type $mime is not defined"
