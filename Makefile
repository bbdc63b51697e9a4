# `make` lists the targets. What they install, measure and check is in scripts/, packaging/ and benchmarks/.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup build run serve test verify soak fuzz lint format bench deb clean dependencies assets

# How much a test does: `ci` is a tenth of the figures that `verify` reaches, `soak` runs for hours.
PAO_SCALE ?= ci
export PAO_SCALE

# The Swift runtime is linked in; no library is looked for beside the binary; what the loader has filled in becomes read-only.
# lld folds equal functions, packs relocations and leaves out what serves unwinding (packaging/unwind.ld): a fifth of the size.
# Symbols are left out, but for the Debian package (STRIP=), which splits them off itself.
STRIP ?= -Xlinker -s
RELEASE_FLAGS = -c release --product pao --static-swift-stdlib --disable-local-rpath -Xswiftc -no-toolchain-stdlib-rpath \
    -Xswiftc -use-ld=lld -Xlinker --no-export-dynamic -Xlinker --icf=safe -Xlinker --no-eh-frame-hdr -Xlinker packaging/unwind.ld \
    -Xlinker -z -Xlinker pack-relative-relocs -Xlinker -z -Xlinker now -Xlinker -z -Xlinker relro $(STRIP)

SWIFT_SOURCES = Package.swift Sources Tests

help: ## list the targets
	@sed -n 's/^\([a-z]*\):[^#]*## /\1 /p' $(MAKEFILE_LIST) | while read -r name text; do printf '  %-8s %s\n' "$$name" "$$text"; done

setup: ## install what building and testing need: Debian packages, and Python tools into .venv
	@scripts/setup build test

build: dependencies assets ## the release binary, .build/release/pao
	swift build $(RELEASE_FLAGS)

run: dependencies assets ## build, then the demo submits a request and shows it through to completed
	swift build --product pao
	.build/debug/pao demo --run

serve: dependencies assets ## the demo, kept running on http://127.0.0.1:8080
	swift build --product pao
	.build/debug/pao demo --listen 127.0.0.1:8080

test: setup assets ## every test, at a tenth of the figures; ends with `N passed, N failed`
	@scripts/run-tests

verify: build ## the same tests at full figures, those of time and memory against the release binary
	@$(MAKE) --no-print-directory test PAO_SCALE=verify

soak: build ## the same tests for hours
	@$(MAKE) --no-print-directory test PAO_SCALE=soak

# How long, and which (all without a name).
SECONDS ?= 600
PARSERS ?=

fuzz: dependencies assets ## every parser for ten minutes with libFuzzer; SECONDS=n, PARSERS="json yaml"
	@scripts/fuzz $(SECONDS) $(PARSERS)

lint: ## format, the arrows between targets, scripts, texts
	swift format lint --strict --parallel --recursive $(SWIFT_SOURCES)
	scripts/check-layers
	scripts/check-texts
	scripts/catalog-reference --check

format: ## bring the Swift sources into the project's format
	swift format format --in-place --parallel --recursive $(SWIFT_SOURCES)

bench: build ## measure: acknowledgements, completed requests, reads, start-up, memory
	@scripts/setup bench
	benchmarks/run

deb: dependencies assets ## the Debian package, into dist/
	@scripts/setup packaging
	packaging/build

clean: ## remove what was built (.venv stays)
	rm -rf .build dist Sources/CAssets/.generated

dependencies:
	@scripts/setup build

assets:
	@scripts/embed-assets
