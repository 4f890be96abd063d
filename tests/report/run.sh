#!/bin/bash
# The pages of `ballast report` in a real browser: tests/report/run.sh BALLAST SCREENSHOTS [test...]
# Says "skipped: ..." and ends well where there is no browser (scripts/install-dependencies.sh --report installs one).
set -euo pipefail
ballast=$(realpath "$1")
screenshots=$(realpath -m "$2")
shift 2
cd "$(dirname "$0")"

for program in chromium chromedriver; do
  if ! command -v "$program" >/dev/null; then
    echo "skipped: $program not installed"
    exit 0
  fi
done
# Selenium is a package of the system, for the system's own Python.
for python in /usr/bin/python3 python3; do
  if "$python" -c 'import selenium' 2>/dev/null; then
    mkdir -p "$screenshots"
    exec env BALLAST="$ballast" SCREENSHOTS="$screenshots" PYTHONDONTWRITEBYTECODE=1 \
      "$python" -m unittest -v "${@:-report_test}"
  fi
done
echo "skipped: selenium not installed"
