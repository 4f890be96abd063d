#!/bin/bash
# Installs what building Ballast needs and this machine lacks (Debian 12 or newer, Ubuntu 22.04 or newer), without asking.
#
#   scripts/install-dependencies.sh           # what building and testing need
#   scripts/install-dependencies.sh --lint    # clang-format and clang-tidy as well
#   scripts/install-dependencies.sh --bench   # what the benchmarks need as well
#   scripts/install-dependencies.sh --fuzz    # clang with its libFuzzer as well
#   scripts/install-dependencies.sh --report  # a browser for the tests of report pages as well
#
# When everything is there it does nothing and says nothing. On other systems it lists what to install and exits with 1.
# docs/dependencies.md says more about each.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly cmake_wanted=3.25
readonly own_cmake=.cache/cmake/bin/cmake
packages=()
reasons=()

need() {
  packages+=("$1")
  reasons+=("$2")
}

have() { command -v "$1" >/dev/null 2>&1; }

at_least() {  # at_least <version wanted> <version found>
  [[ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" == "$1" ]]
}

cmake_is_new_enough() {
  local candidate
  for candidate in "$own_cmake" cmake; do
    if have "$candidate" && at_least "$cmake_wanted" "$("$candidate" --version | awk 'NR == 1 {print $3}')"; then
      return 0
    fi
  done
  return 1
}

# The newest version of a package that the system's lists offer; empty if they offer none.
offered() { apt-cache policy "$1" 2>/dev/null | awk '/Candidate:/ && $2 != "(none)" {sub(/^[0-9]+:/, "", $2); print $2}'; }

need_library() {  # need_library <pkg-config name> <package> <why>
  if ! have pkg-config || ! pkg-config --exists "$1"; then
    need "$2" "$3"
  fi
}

have_header() {  # for libraries without a pkg-config file
  echo "#include <$1>" | "$(scripts/compiler.sh 2>/dev/null || echo c++)" -E -x c++ - >/dev/null 2>&1
}

find_missing() {
  packages=()
  reasons=()
  scripts/compiler.sh >/dev/null || need g++ "the compiler: g++ 12 or newer, for C++20"
  cmake_is_new_enough || need cmake "the build system, $cmake_wanted or newer"
  have ninja || need ninja-build "runs the build that CMake describes"
  have pkg-config || need pkg-config "finds the libraries below"
  need_library fmt libfmt-dev "formatting of text"
  need_library re2 libre2-dev "regular expressions over names"
  need_library libdeflate libdeflate-dev "compressed members of checkpoint files"
  case $(uname -m) in
    x86_64 | aarch64) need_library libisal libisal-dev "checksums of checkpoint files" ;;  # elsewhere libdeflate's serve
  esac
  need_library nettle nettle-dev "SHA-256 of tensors in the ballast command"
  need_library openblas libopenblas-dev "matrix products and factorisations (BLAS, LAPACK)"
  have_header oneapi/dnnl/dnnl.hpp || need libdnnl-dev "convolutions (oneDNN)"
  need_library simdjson libsimdjson-dev "headers of safetensors files, indexes of sharded checkpoints"
  need_library nlohmann_json nlohmann-json3-dev "JSON in checkpoints, and the tests' golden data"
  compgen -G "/usr/*/nodejs/d3/dist/d3.min.js" >/dev/null || need node-d3 "the charts in the pages of ballast report (D3)"
  need_library CLI11 libcli11-dev "the command line of ballast"
  need_library gtest libgtest-dev "the tests"
  if [[ "${1:-}" == --lint ]]; then
    have clang-format || need clang-format "the layout of the source text"
    have clang-tidy || need clang-tidy "finds likely mistakes"
    compgen -G "/usr/lib/llvm-*/lib/clang/*/include/omp.h" >/dev/null || need libomp-dev "OpenMP's header for clang-tidy"
  elif [[ "${1:-}" == --bench ]]; then
    have python3 || need python3 "runs the benchmarks, side by side with PyTorch where that is installed"
  elif [[ "${1:-}" == --fuzz ]]; then
    scripts/compiler.sh clang >/dev/null || need clang "the compiler of the fuzz targets"
    compgen -G "/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a" >/dev/null || need libclang-rt-dev "libFuzzer and the sanitizers of clang"
    compgen -c llvm-symbolizer >/dev/null || need llvm "names functions in the sanitizers' reports"
    have python3 || need python3 "puts the seeds together"
  elif [[ "${1:-}" == --report ]]; then
    have chromium || need chromium "opens the pages of ballast report in their tests"
    have chromedriver || need chromium-driver "lets the tests steer it"
    /usr/bin/python3 -c "import selenium" 2>/dev/null || need python3-selenium "the tests' side of that"
    [[ -f .cache/axe/axe.min.js ]] || python3 -m pip --version >/dev/null 2>&1 || need python3-pip "fetches axe-core"
  fi
}

describe() {
  local i
  for i in "${!packages[@]}"; do
    printf '  %-20s %s\n' "${packages[$i]}" "${reasons[$i]}"
  done
}

replace_package() {  # replace_package <from> <to>
  local from=$1 i
  shift
  for i in "${!packages[@]}"; do
    if [[ "${packages[$i]}" == "$from" ]]; then packages[i]="$1"; fi
  done
}

# axe-core, which looks for what keeps people from using a page, comes in a package of the Python index that carries it.
fetch_axe() {
  [[ "${1:-}" == --report && ! -f .cache/axe/axe.min.js ]] || return 0
  local folder
  folder=$(mktemp -d)
  python3 -m pip download --quiet --disable-pip-version-check --no-deps -d "$folder" axe-playwright-python==0.1.8
  python3 -m zipfile -e "$folder"/*.whl "$folder"
  mkdir -p .cache/axe
  cp "$folder"/axe_playwright_python/axe.min.js .cache/axe/
  rm -r "$folder"
}

find_missing "${1:-}"
if [[ ${#packages[@]} -eq 0 ]]; then
  fetch_axe "${1:-}"
  exit 0
fi

if ! have apt-get; then
  echo "Ballast needs the following, under the names Debian and Ubuntu give them; please install them and try again:" >&2
  describe >&2
  exit 1
fi

as_root=()
if [[ $(id -u) -ne 0 ]]; then
  if ! have sudo; then
    echo "Ballast needs the packages below. Please install them as root (this is not root, and there is no sudo):" >&2
    describe >&2
    exit 1
  fi
  as_root=(sudo)
fi

apt_install() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -q --no-install-recommends -o Dpkg::Use-Pty=0 "$@" </dev/null
}
update_lists() { "${as_root[@]}" apt-get update -q; }

echo "Ballast needs these packages, which this machine lacks; installing them:"
describe

lists_are_new=false
for package in "${packages[@]}"; do
  if [[ -z "$(offered "$package")" ]]; then
    update_lists
    lists_are_new=true
    break
  fi
done

# A distribution whose plain names are too old may have newer ones beside them: Ubuntu 22.04 has g++-12.
if ! scripts/compiler.sh >/dev/null && ! at_least 12 "$(offered g++)"; then
  for version in 14 13 12; do
    if [[ -n "$(offered "g++-$version")" ]]; then
      replace_package g++ "g++-$version"
      break
    fi
  done
fi
cmake_from_pip=false
if ! cmake_is_new_enough && ! at_least "$cmake_wanted" "$(offered cmake)"; then
  cmake_from_pip=true
  echo "This system's cmake is older than $cmake_wanted: a newer one goes into .cache/cmake, from the Python package index."
  replace_package cmake python3-venv
fi

if ! apt_install "${packages[@]}"; then
  # Package lists grow stale: what they name may be gone from the server.
  [[ $lists_are_new == false ]] || exit 1
  update_lists
  apt_install "${packages[@]}"
fi

if [[ $cmake_from_pip == true ]]; then
  python3 -m venv .cache/cmake
  .cache/cmake/bin/pip install --quiet --disable-pip-version-check "cmake>=$cmake_wanted,<4"
fi

find_missing "${1:-}"
if [[ ${#packages[@]} -ne 0 ]]; then
  echo "These are still missing after the installation:" >&2
  describe >&2
  exit 1
fi
fetch_axe "${1:-}"
