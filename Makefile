# The commands of this project; `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

# debug or release; only `make build`, `make run` and `make chaos` look at it.
CONFIGURATION ?= debug
FORMATTED := Package.swift Sources Tests

.PHONY: help packages build run test lint format tour api-test bench bench-micro fuzz hostile chaos

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

packages: ## install the system packages that are missing (Debian, Ubuntu; elsewhere it says what to install)
	@Scripts/install-packages

build: packages ## build everything but the tests (CONFIGURATION=release for an optimised build)
	swift build --configuration $(CONFIGURATION)

run: build ## build, then serve everything in one process on 127.0.0.1:8080 (stop with Ctrl-C)
	@exec .build/$(CONFIGURATION)/pgm dev

# The executable is built along: the end-to-end tests start it as processes of their own.
test: packages ## build and run all tests
	swift build --build-tests
	swift test --disable-xctest --skip-build --no-parallel

lint: packages ## check format, warnings, imports and the repository's own rules
	swift format lint --strict --parallel --recursive $(FORMATTED)
	swift build --build-tests --explicit-target-dependency-import-check error
	swift test --disable-xctest --skip-build --filter TidyTests

format: ## format the sources in place
	swift format format --in-place --parallel --recursive $(FORMATTED)

bench: packages ## measure a release build under load (BENCH_OPTIONS, KAFKA_BOOTSTRAP_SERVERS)
	swift build --configuration release --product pgm
	swift build --configuration release --product pgm-bench
	.build/release/pgm-bench $(BENCH_OPTIONS)

bench-micro: packages ## measure each step of the hot path in a release build: time and allocations (BENCH_OPTIONS)
	swift build --configuration release --product pgm-bench
	.build/release/pgm-bench micro $(BENCH_OPTIONS)

tour: packages ## run the commands of README.md's tour and of docs/tour.md and compare the answers
	swift build --product pgm
	@Scripts/tour README.md .build/debug/pgm dev
	@Scripts/tour docs/tour.md .build/debug/pgm dev

api-test: packages ## send generated requests to every documented operation (API_TEST_EXAMPLES=200, needs Python)
	swift build --product pgm
	@Scripts/api-test .build/debug/pgm dev

fuzz: packages ## fuzz every decoder of outside bytes (FUZZ_SECONDS=60, FUZZ_TARGETS="json texts", FUZZ_JOBS=2; Linux)
	@Scripts/fuzz

hostile: packages ## send hostile requests to a release build beside good ones and compare latencies (HOSTILE_OPTIONS)
	swift build --configuration release --product pgm
	swift build --configuration release --product pgm-hostile
	.build/release/pgm-hostile $(HOSTILE_OPTIONS)

chaos: packages ## kill processes under load; no payment lost or made twice (CHAOS_OPTIONS, KAFKA_BOOTSTRAP_SERVERS)
	swift build --configuration $(CONFIGURATION) --product pgm
	swift build --configuration $(CONFIGURATION) --product pgm-chaos
	.build/$(CONFIGURATION)/pgm-chaos $(CHAOS_OPTIONS)
