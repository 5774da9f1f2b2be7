#!/usr/bin/env bash
# tests/reports/must_not_compile/check.sh fails for a file that compiles, for one that fails for another reason than it
# says, for one that is broken anyhow, and for one that does not say what it is about.
set -euo pipefail
cd "$(dirname "$0")/../.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
compiler=${CXX:-c++}

# expect WANTED TEXT: what the check says first of a file with this text; nothing if it is content.
expect() {
  local got status=0
  printf '%s\n' "$2" >"$folder/case.cc"
  got=$(bash tests/reports/must_not_compile/check.sh "$folder/case.cc" "$compiler" -std=c++20 2>&1) || status=$?
  got=$(head -n 1 <<<"$got")
  if [ "$got" != "${1:+$folder/case.cc: $1}" ] || [ "$status" -ne "$([ -z "$1" ] && echo 0 || echo 1)" ]; then
    printf 'wanted: %s\ngot (exit %s): %s\n' "$1" "$status" "$got" >&2
    exit 1
  fi
}

start=$'// expected: private\nclass A { A(); };'
expect '' "$start"$'\nA a;  // forbidden'
expect 'compiles, forbidden line and all' "$start"$'\nint a;  // forbidden'
expect 'does not compile for another reason than: private' "$start"$'\nB b;  // forbidden'
expect 'does not compile even without the forbidden line' "$start"$'\nB b;\nA a;  // forbidden'
expect 'needs exactly one line marked "// forbidden"' "$start"$'\nA a;  // forbidden\nA b;  // forbidden'
expect 'needs exactly one line marked "// forbidden"' "$start"
expect 'has no line "// expected: "' $'class A { A(); };\nA a;  // forbidden'
