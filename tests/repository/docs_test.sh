#!/usr/bin/env bash
# scripts/check-docs finds a test that does not exist, a link that leads nowhere and a subcommand or gate that the README
# leaves out, and lets good ones pass.
# shellcheck disable=SC2016  # the backticks below are Markdown
set -euo pipefail
cd "$(dirname "$0")/../.."

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree"/{harness/base,docs,tests/base}
touch "$tree/tests/base/digest_test.cc" "$tree/tests/base/child_test.cc"

program=()
expect() {
  local got status=0
  got=$(scripts/check-docs "${program[@]}" "$tree") || status=$?
  if [ "$got" != "$1" ] || [ "$status" -ne "$([ -z "$1" ] && echo 0 || echo 1)" ]; then
    printf 'wanted: %s\ngot (exit %s): %s\n' "$1" "$status" "$got" >&2
    exit 1
  fi
}

plant() {
  printf '%s\n' "$2" >"$tree/$1"
  expect "$3"
  rm "$tree/$1"
}

cat >"$tree/harness/base/digest.h" <<'SOURCE'
// SHA-256. Tested by tests/base/digest_test.cc (vectors) and
// tests/base/child_test.cc with a stand-in. Tested by digest_test.cc.
SOURCE
printf '[code](../harness/base/digest.h#top) [web](https://example.org/none) [here](#above)\n' >"$tree/docs/design.md"
expect ""

plant harness/base/gone.h '// Tested by tests/base/gone_test.cc.' \
  'harness/base/gone.h: tested by tests/base/gone_test.cc, which does not exist'
plant harness/base/bare.h '// Tested by gone_test.cc.' \
  'harness/base/bare.h: tested by gone_test.cc, which does not exist'
plant harness/base/wrapped.h $'// Tested by tests/base/digest_test.cc and\n// tests/base/other_test.cc.' \
  'harness/base/wrapped.h: tested by tests/base/other_test.cc, which does not exist'
plant harness/base/folder.h '// Tested by tests/base/digest_test.cc and tests/gpu (on a device).' \
  'harness/base/folder.h: tested by tests/gpu, which does not exist'
plant harness/base/vague.h '// Tested by the suite.' \
  'harness/base/vague.h: "Tested by" names no test file: the suite'
plant docs/links.md $'First.\n[gone](gone.md)' \
  'docs/links.md:2: link to gone.md, which does not exist'
expect ""

cat >"$tree/assay" <<'PROGRAM'
#!/bin/sh
case "$1" in
  --help) printf 'assay: words.\n\nUsage: assay\n\n  run       does it\n  verify    looks at it\n' ;;
  gates) printf '[{"id": "control.copy"}, {"id": "tma.load"}]' ;;
esac
PROGRAM
chmod +x "$tree/assay"
program=(--program "$tree/assay")
plant README.md '`assay run`, `verify`, `control.copy` and `tma.load`' ''
plant README.md '`assay run --json`, `control.copy`; verify and `tma.load2` are something else' \
  $'README.md: does not mention the subcommand `verify`\nREADME.md: does not mention the gate `tma.load`'
printf '#!/bin/sh\n[ "$1" = --help ] || echo "[]"\n' >"$tree/assay"
expect "$tree/assay: shows no subcommand, so README.md could not be compared
$tree/assay: shows no gate, so README.md could not be compared"
