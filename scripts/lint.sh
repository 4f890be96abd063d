#!/bin/bash
# Checks the layout of the source text (clang-format), and looks for likely mistakes (clang-tidy, .clang-tidy).
#
#   scripts/lint.sh                  everything
#   scripts/lint.sh a.cpp b.cpp      these files only
#   scripts/lint.sh --format         lay out instead of checking
set -euo pipefail
cd "$(dirname "$0")/.."

sources() { git ls-files -- '*.cpp' '*.h'; }

if [[ "${1:-}" == --format ]]; then
  sources | xargs clang-format -i
  exit 0
fi

if [[ $# -gt 0 ]]; then
  files=("$@")
else
  mapfile -t files < <(sources)
fi
printf '%s\n' "${files[@]}" | xargs clang-format --dry-run -Werror
echo "clang-format: ${#files[@]} files are laid out as they should be"

# Only what this build compiles: benchmarks, say, may be switched off.
compiled=()
for file in "${files[@]}"; do
  if grep -qF "\"file\": \"$PWD/$file\"" build/compile_commands.json; then compiled+=("$file"); fi
done
jobs=$(nproc 2>/dev/null || echo 2)
# The compile commands are GCC's: its flags, pragmas and attributes that clang does not know are no finding.
clang_arguments=(-Wno-unknown-warning-option -Wno-unknown-pragmas -Wno-ignored-attributes)
if ((${#compiled[@]} > 0)); then
  printf '%s\n' "${compiled[@]}" | xargs -P "$jobs" -n 1 \
    clang-tidy -p build --quiet "${clang_arguments[@]/#/--extra-arg=}" 2> >(grep -v 'warnings\? \(generated\|treated\)' >&2)
fi
echo "clang-tidy: nothing found in ${#compiled[@]} files"
