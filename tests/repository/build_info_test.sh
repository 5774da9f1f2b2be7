#!/usr/bin/env bash
# The build names its commit: unknown outside git and in somebody else's work tree, dirty when a tracked file changed,
# and the file is not rewritten when nothing changed.
set -euo pipefail
cd "$(dirname "$0")/../.."
script=$PWD/cmake/build_info_script.cmake

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null GIT_CEILING_DIRECTORIES=$tree
unset GIT_DIR GIT_WORK_TREE

# identity FOLDER: commit and dirty flag, as the generated file has them.
identity() {
  cmake -DOUT="$tree/build_info.cc" -DSOURCE_DIR="$1" -DVERSION=0.1.0 -DCOMPILER="GNU 12.2.0" -DBUILD_TYPE=Release -P "$script"
  sed -n 's/.*git_commit = "\(.*\)".*/\1/p; s/.*git_dirty = \(.*\),/\1/p' "$tree/build_info.cc" | xargs
}

expect() {
  [ "$1" = "$2" ] || { printf 'wanted: %s\ngot:    %s\n' "$2" "$1" >&2; exit 1; }
}

mkdir -p "$tree/checkout/inner"
expect "$(identity "$tree/checkout")" "unknown false"

git -C "$tree/checkout" init --quiet
expect "$(identity "$tree/checkout")" "unknown false"
echo one >"$tree/checkout/file"
git -C "$tree/checkout" add file
git -C "$tree/checkout" -c user.name=a -c user.email=a@example.org -c commit.gpgsign=false commit --quiet -m one
commit=$(git -C "$tree/checkout" rev-parse HEAD)
expect "$(identity "$tree/checkout")" "$commit false"
expect "$(identity "$tree/checkout/inner")" "unknown false"

expect "$(identity "$tree/checkout")" "$commit false"
touch --date=@0 "$tree/build_info.cc"
expect "$(identity "$tree/checkout")" "$commit false"
expect "$(stat -c %Y "$tree/build_info.cc")" 0

echo two >"$tree/checkout/file"
expect "$(identity "$tree/checkout")" "$commit true"
expect "$(grep -cE '"(0.1.0|GNU 12.2.0|Release)"' "$tree/build_info.cc")" 3
