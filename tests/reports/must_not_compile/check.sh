#!/usr/bin/env bash
# check.sh FILE COMPILER FLAGS...: the file does not compile, and says why in the words of its "expected" line; without
# its one line marked "forbidden" it does compile. So a typo, a missing header or a renamed class cannot pass for the
# guarantee that the file is about.
set -euo pipefail
file=$1
shift
export LC_ALL=C

fail() {
  printf '%s: %s\n' "$file" "$1" >&2
  [ -z "${2-}" ] || printf '%s\n' "$2" >&2
  exit 1
}

expected=$(sed -n 's|^// expected: ||p' "$file")
[ -n "$expected" ] || fail 'has no line "// expected: "'
[ "$(grep -c '// forbidden$' "$file")" -eq 1 ] || fail 'needs exactly one line marked "// forbidden"'

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
sed '/\/\/ forbidden$/d' "$file" >"$folder/allowed.cc"

output=$("$@" -fsyntax-only "$folder/allowed.cc" 2>&1) || fail 'does not compile even without the forbidden line' "$output"
if output=$("$@" -fsyntax-only "$file" 2>&1); then fail 'compiles, forbidden line and all'; fi
grep -Eq -- "$expected" <<<"$output" || fail "does not compile for another reason than: $expected" "$output"
