#!/usr/bin/env bash
# scripts/bench-verify makes a bundle that verifies, of more records than it was made of, prints its figures, and ends
# with the findings where the bundle is refused. How fast it is, no test asks.
set -euo pipefail
cd "$(dirname "$0")/../.."

[ -n "${ASSAY_PROGRAM:-}" ] || { echo "ASSAY_PROGRAM is not set" >&2; exit 1; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

output=$(scripts/bench-verify --program "$ASSAY_PROGRAM" --records 300 --runs 2)
pattern='^300 records, [0-9]+ files, [0-9.]+ MB'$'\n''median of 2: [0-9.]+ s wall, [0-9.]+ s processor, [0-9]+ MB peak$'
if ! [[ $output =~ $pattern ]]; then
  printf 'no figures in: %s\n' "$output" >&2
  exit 1
fi

cp -r docs/results/h100/signed "$scratch/spoiled"
sed -i 's/"multiprocessor_count": 132/"multiprocessor_count": 131/' "$scratch/spoiled/environment.json"
if output=$(scripts/bench-verify --program "$ASSAY_PROGRAM" --from "$scratch/spoiled" --records 240 --runs 1 2>&1); then
  echo "a refused bundle passed for a good one" >&2
  exit 1
fi
[[ $output == *"the bundle is refused:"*"[device]"* ]] || { printf 'unnamed: %s\n' "$output" >&2; exit 1; }
