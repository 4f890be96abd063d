#!/bin/sh
# Prints the C++ compiler to build with: $CXX if set, else the first g++ of version 12 or newer. Exit status 1 if none.
set -eu

new_enough() {
  command -v "$1" >/dev/null 2>&1 || return 1
  major=$("$1" -dumpversion 2>/dev/null | cut -d. -f1)
  [ "${major:-0}" -ge 12 ]
}

if [ -n "${CXX:-}" ]; then
  echo "$CXX"
  exit 0
fi
for compiler in g++ g++-15 g++-14 g++-13 g++-12; do
  if new_enough "$compiler"; then
    echo "$compiler"
    exit 0
  fi
done
exit 1
