# The everyday commands. `make run` and `make test` work on a fresh Debian 12 or Ubuntu machine: they install what is
# missing, build, and go. Everything is built by CMake; the presets are in CMakePresets.json.
#
#   make run              the tour: the walkthrough in short, then a real trained network shown
#   make run FILE=x.pth   show a checkpoint of yours
#   make test             build and run every test
#   make test-all         the same under three presets: release, dev (AddressSanitizer, UBSan) and tsan
#   make build            programs in build/bin
#   make test-report      the pages of ballast report in a headless Chromium, which this installs (TESTS=report_test.Page for a part)
#   make bench            measure, beside PyTorch where it is installed
#   make fuzz             every fuzz target for a minute (FUZZ_SECONDS=600, TARGETS="zip pickle")
#   make format           lay the source text out
#   make lint             check its layout, and look for likely mistakes (FILES="a.cpp b.cpp" for these only)
#   make install          install the library and the command (PREFIX=/usr/local)
#   make clean            remove everything that was built

PREFIX ?= /usr/local
JOBS ?= $(shell nproc 2>/dev/null || echo 2)

export PATH := $(CURDIR)/.cache/cmake/bin:$(PATH)
export CTEST_PARALLEL_LEVEL ?= $(JOBS)

.PHONY: run test test-all test-report build bench fuzz format lint install clean dependencies
.DEFAULT_GOAL := build

dependencies:
	@scripts/install-dependencies.sh

build: dependencies
	@scripts/configure.sh release
	@cmake --build --preset release -j $(JOBS)

run: dependencies
	@scripts/configure.sh release
	@cmake --build --preset release -j $(JOBS) --target ballast_tool walkthrough
ifdef FILE
	@build/bin/ballast show "$(FILE)"
else
	@scripts/tour.sh build/bin
endif

test: build
	@ctest --preset release

test-all: test
	@for preset in dev tsan; do \
	  scripts/configure.sh $$preset && \
	  cmake --build --preset $$preset -j $(JOBS) && \
	  ctest --preset $$preset || exit 1; \
	done

test-report:
	@scripts/install-dependencies.sh --report
	@scripts/configure.sh release
	@cmake --build --preset release -j $(JOBS) --target ballast_tool
	@tests/report/run.sh build/bin/ballast build/report-screenshots $(TESTS)

bench:
	@scripts/install-dependencies.sh --bench
	@scripts/configure.sh bench
	@cmake --build --preset bench -j $(JOBS) --target ballast_benchmarks
	@python3 bench/compare.py build/bin/ballast_bench build/bin/ballast

fuzz:
	@scripts/install-dependencies.sh --fuzz
	@scripts/configure.sh fuzz
	@cmake --build --preset fuzz -j $(JOBS) --target ballast_fuzz
	@fuzz/run.sh $(TARGETS)

format:
	@scripts/install-dependencies.sh --lint
	@scripts/lint.sh --format

lint:
	@scripts/install-dependencies.sh --lint
	@scripts/configure.sh release
	@scripts/lint.sh $(FILES)

install: build
	@cmake --install build --prefix "$(PREFIX)"

clean:
	@rm -rf build
