#!/usr/bin/env bash
# scripts/check-includes finds what it is for: each planted breach is reported whole, and its legal twin is not.
set -euo pipefail
cd "$(dirname "$0")/../.."

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree"/{harness/base,harness/cuda,harness/evidence,harness/cli,probes,emulator/isa,kernels/nvfp4}

# expect WANTED: what the check prints for the tree, and that it exits 1 exactly when it prints something.
expect() {
  local got status=0
  got=$(scripts/check-includes "$tree") || status=$?
  if [ "$got" != "$1" ] || [ "$status" -ne "$([ -z "$1" ] && echo 0 || echo 1)" ]; then
    printf 'wanted: %s\ngot (exit %s): %s\n' "$1" "$status" "$got" >&2
    exit 1
  fi
}

# plant FILE TEXT FINDING: with the text there is this one finding, without it there is none.
plant() {
  printf '%s\n' "$2" >"$tree/$1"
  expect "$3"
  rm "$tree/$1"
}

expect "$tree: no source file found, so nothing was checked"

cat >"$tree/harness/cuda/driver.cc" <<'SOURCE'
#include <cuda.h>

#include "harness/base/result.h"
int count() { return cuDeviceGetCount(nullptr); }
SOURCE
cat >"$tree/harness/cli/main.cc" <<'SOURCE'
#include <string>

#include "harness/cuda/driver.h"
#include "probes/gates.h"
// cuInit() is named in a comment, /* nvrtcVersion in another, and below in strings.
const char* kCall = "cuInit(0) \" nvrtcVersion";
const char* kRaw = R"ptx(
  cuInit(0) )" nvJitLinkCreate
)ptx";
const char kQuote = '"';
SOURCE
expect ""

plant harness/base/up.h '#include "harness/evidence/record.h"' \
  'harness/base/up.h:1: harness/base may not include harness/evidence ("harness/evidence/record.h")'
plant harness/evidence/angle.h '#  include <harness/gate/gate.h>' \
  'harness/evidence/angle.h:1: harness/evidence may not include harness/gate ("harness/gate/gate.h")'
plant emulator/isa/format.cc '#include "kernels/nvfp4/e2m1.h"' \
  'emulator/isa/format.cc:1: emulator may not include kernels/nvfp4 ("kernels/nvfp4/e2m1.h")'
plant harness/cli/emulated.cc '#include "emulator/machine/warp.h"' \
  'harness/cli/emulated.cc:1: harness/cli may not include emulator ("emulator/machine/warp.h")'
plant kernels/nvfp4/gate.cc '#include "harness/gate/gate.h"' \
  'kernels/nvfp4/gate.cc:1: kernels/nvfp4 may not include harness/gate ("harness/gate/gate.h")'
plant probes/relative.cc '#include "gates.h"' \
  'probes/relative.cc:1: "gates.h" is in no layer; write the path from the root of the repository'
plant harness/stray.cc 'int x;' \
  'harness/stray.cc: in no layer; add its folder to the table in scripts/check-includes'
plant probes/header.cc '#include <cuda.h>' \
  'probes/header.cc:1: cuda.h: only emulator and harness/cuda include CUDA headers'
plant probes/symbol.cc $'const char kQuote = \'"\';\nint x = cuInit (0);' \
  'probes/symbol.cc:2: cuInit: only emulator and harness/cuda name CUDA library symbols'
plant harness/base/compile.cc $'/* two\nlines */ auto f = &nvrtcCompileProgram;' \
  'harness/base/compile.cc:2: nvrtcCompileProgram: only emulator and harness/cuda name CUDA library symbols'
expect ""
