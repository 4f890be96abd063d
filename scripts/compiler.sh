#!/bin/sh
# Prints the C++ compiler to build with: $CXX if set, else the first g++ of version 12 or newer. With `clang` as its
# argument, for the fuzz targets: the first clang++ of version 14 or newer. Exit status 1 if none.
set -eu

new_enough() {
  command -v "$1" >/dev/null 2>&1 || return 1
  major=$("$1" -dumpversion 2>/dev/null | cut -d. -f1)
  [ "${major:-0}" -ge "$wanted" ]
}

if [ "${1:-}" = clang ]; then
  wanted=14
  set -- clang++ clang++-19 clang++-18 clang++-17 clang++-16 clang++-15 clang++-14
else
  wanted=12
  set -- g++ g++-15 g++-14 g++-13 g++-12
  if [ -n "${CXX:-}" ]; then
    echo "$CXX"
    exit 0
  fi
fi
for compiler in "$@"; do
  if new_enough "$compiler"; then
    echo "$compiler"
    exit 0
  fi
done
exit 1
