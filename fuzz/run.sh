#!/bin/bash
# Runs the fuzz targets one after the other: fuzz/run.sh [TARGET...]
#
#   FUZZ_SECONDS=600 fuzz/run.sh pickle zip      ten minutes each; 60 seconds by default
#
# What is found lies in build/fuzz/found/TARGET, and exit status 1 says that something was: a crash, a report of a sanitizer, more
# than 512 MiB, or more than 10 seconds for one input. `build/fuzz/bin/fuzz_TARGET FILE` runs it again. Inputs that reached
# something new stay in build/fuzz/corpus/TARGET, so that the next run goes on from there.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly seconds=${FUZZ_SECONDS:-60} most_bytes=65536 most_mib=512 most_seconds=10
programs=build/fuzz/bin
corpus=build/fuzz/corpus
python3 fuzz/seeds.py "$corpus"
if [[ $# -gt 0 ]]; then
  targets=("$@")
else
  targets=()
  for program in "$programs"/fuzz_*; do targets+=("${program##*/fuzz_}"); done
fi

# Handing memory back at once keeps what is measured what is used.
export ASAN_OPTIONS="allocator_may_return_null=1:quarantine_size_mb=16:detect_leaks=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
symbolizer=$(compgen -c llvm-symbolizer | sort | tail -n 1 || true)
if [[ -n "$symbolizer" ]]; then ASAN_SYMBOLIZER_PATH=$(command -v "$symbolizer"); export ASAN_SYMBOLIZER_PATH; fi

found=0
for target in "${targets[@]}"; do
  mkdir -p "$corpus/$target" "build/fuzz/found/$target"
  dictionary=()
  [[ -f "fuzz/dictionaries/$target.dict" ]] && dictionary=("-dict=fuzz/dictionaries/$target.dict")
  log=build/fuzz/$target.log
  echo "fuzz_$target: $seconds seconds"
  if nice "$programs/fuzz_$target" -max_total_time="$seconds" -max_len="$most_bytes" -rss_limit_mb="$most_mib" \
      -malloc_limit_mb="$most_mib" -timeout="$most_seconds" -print_final_stats=1 "${dictionary[@]}" \
      -artifact_prefix="build/fuzz/found/$target/" "$corpus/$target" >"$log" 2>&1; then
    grep -E 'stat::(number_of_executed_units|peak_rss_mb|slowest_unit)' "$log" | sed 's/^/  /'
  else
    found=1
    grep -E 'ERROR|SUMMARY|runtime error|Test unit written' "$log" | sed 's/^/  /' || tail -n 5 "$log"
  fi
done
exit $found
