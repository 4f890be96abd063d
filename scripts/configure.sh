#!/bin/sh
# Configures one preset of CMakePresets.json: scripts/configure.sh release
# The compiler is chosen once, when the build folder is new; ccache is used where there is one.
set -eu
cd "$(dirname "$0")/.."

preset=$1
case $preset in
  release | bench) folder=build ;;
  *) folder=build/$preset ;;
esac
set -- --preset "$preset" --log-level=NOTICE
if [ ! -f "$folder/CMakeCache.txt" ]; then
  case $preset in
    fuzz) compiler=$(scripts/compiler.sh clang) ;;
    *) compiler=$(scripts/compiler.sh) ;;
  esac
  set -- "$@" "-DCMAKE_CXX_COMPILER=$compiler"
  if command -v ccache >/dev/null 2>&1; then
    set -- "$@" -DCMAKE_CXX_COMPILER_LAUNCHER=ccache
  fi
fi
exec cmake "$@"
