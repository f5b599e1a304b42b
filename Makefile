# Florin's tasks. `make help` lists them; every one runs in a fresh clone with
# Go and a shell only, except where its line says more.

SHELL       := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS   += --no-print-directory

CYCLES      ?= 20
ROWS        ?= 100000
FUZZTIME    ?= 20000x
TIMEOUT     ?= 40m
PKGS        ?= ./...
TESTPG      := go run ./tools/testpg
CAMPAIGN    := go test ./internal/campaign/... -count=1 -timeout 0 -v

# $(STEP) NAME CMD…: prints the name, runs, prints the seconds; keeps the code.
STEP := sh -c 'name=$$0; echo "==> $$name"; s=$$(date +%s); "$$@"; c=$$?; e=$$(date +%s); \
	if [ $$c -eq 0 ]; then echo "<== $$name: ok, $$((e-s)) s"; else echo "<== $$name: FAILED ($$c), $$((e-s)) s"; fi; exit $$c'

# -race links the C runtime, so the compiler must really build something.
RACE = $(shell printf '\043include <stdlib.h>\nint main(void){return 0;}\n' | $$(go env CC) -x c - -o /dev/null 2>/dev/null && echo -race)

.PHONY: help build run test test-quick test-pg fmt fmt-check vet generate generated shape bench fuzz crash power pg-crash interleavings webhooks backups mutants volume sweep cards edits import clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## the program, ./florin (no C compiler needed)
	CGO_ENABLED=0 go build -trimpath -o florin .

run: build ## build and serve (ARGS="…" for flags)
	./florin serve $(ARGS)

test: ## everything CI runs: formatting, vet, generated files, all tests with PostgreSQL and -race, a few mutants, a short fuzzing
	@$(STEP) "gofmt" $(MAKE) fmt-check
	@$(STEP) "go vet" go vet ./...
	@$(STEP) "generated files" go run ./tools/generated
	@$(STEP) "tests" $(MAKE) test-pg
	@$(STEP) "large numbers" $(MAKE) volume
	@$(STEP) "mutants, a short round" go run ./tools/mutants -only internal/auth/
	@$(STEP) "fuzzing, a short round" $(MAKE) fuzz FUZZTIME=2000x

test-pg: ## all tests with a private PostgreSQL and a browser, and -race when there is a C compiler (PKGS=…)
	@race='$(RACE)'; cgo=1; \
	if [ -z "$$race" ]; then echo 'no working C compiler: running WITHOUT -race'; cgo=0; fi; \
	go run ./tools/testchromium && \
	CGO_ENABLED=$$cgo $(TESTPG) -- go test $$race -timeout $(TIMEOUT) $(PKGS)

test-quick: ## all tests on SQLite only, without -race (PKGS=…)
	go test $(PKGS)

fmt: ## format the Go files
	@git ls-files -co --exclude-standard '*.go' | xargs gofmt -w

fmt-check:
	@bad=$$(git ls-files -co --exclude-standard '*.go' | xargs gofmt -l); \
	if [ -n "$$bad" ]; then echo "not gofmt'ed (make fmt):"; echo "$$bad"; exit 1; fi

vet: ## go vet
	go vet ./...

generate: ## rewrite generated files
	go generate ./...

generated: ## fail if a generated file is stale
	go run ./tools/generated

shape: ## lines, functions and interfaces per package; what is over the limits (STRICT=1 fails)
	@go run ./tools/shape $(if $(STRICT),--strict)

bench: ## measure against the floors, PostgreSQL beside (ARGS="…")
	$(TESTPG) -- go run ./tools/bench $(ARGS)

# A count of inputs, not a time: before Go 1.27 a round that ends by the clock may
# fail with "context deadline exceeded" though no input did (golang/go#75804).
fuzz: ## every fuzz target, FUZZTIME=20000x inputs each
	@git ls-files -co --exclude-standard '*_test.go' | xargs grep -Ho '^func Fuzz[A-Za-z0-9_]*' /dev/null | sed 's/:func / /' | \
	while read -r file name; do \
		$(STEP) "$$name" go test "./$$(dirname $$file)" -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 5x </dev/null || exit 1; \
	done

crash: CYCLES = 50
crash: ## kill -9 rounds of the program on both engines, CYCLES=50
	$(CAMPAIGN) -run '^TestCrash$$' -args -cycles=$(CYCLES)

power: ## power-cut rounds on tools/lossyfs (root, /dev/fuse), CYCLES=20
	$(CAMPAIGN) -run '^TestPower$$' -args -cycles=$(CYCLES)

pg-crash: ## kill -9 rounds of PostgreSQL under load, CYCLES=20
	$(CAMPAIGN) -run '^TestPostgresRestart$$' -args -cycles=$(CYCLES)

webhooks: CYCLES = 10
webhooks: ## kill -9 rounds while events go to a receiver that flaps, both engines, CYCLES=10
	$(TESTPG) -- $(CAMPAIGN) -run '^TestWebhooks$$' -args -cycles=$(CYCLES)

backups: PERSONS = 200
backups: ## kill -9 of backups, restores, rotations and erasures, and PERSONS=200 erased that nothing may show any more, both engines
	$(TESTPG) -- $(CAMPAIGN) -run '^TestBackupKilled|^TestErasedNowhere$$' -args -cycles=$(CYCLES) -persons=$(PERSONS)

interleavings: COUNT = 1000
interleavings: ## random orders of pay, release, refund, callback, crash on both engines, COUNT=1000
	$(TESTPG) -- go test ./internal/payment -count=1 -timeout 0 -v -run '^TestInterleavings$$' -rapid.checks=$(COUNT) -args -interleavings=$(COUNT)

mutants: ## spoil what decides who may, one place at a time, and see whether a test notices (ARGS="-count 50 -only internal/gate")
	go run ./tools/mutants $(ARGS)

volume: ## many probes and card numbers, without -race: of each cell of TestSweep, and 20,000 cards
	@$(TESTPG) -- go test ./internal/api -count=1 -timeout $(TIMEOUT) -run '^TestSweep$$|Card' -args -sweep=26000 -cards=20000

sweep: COUNT = 300000
sweep: ## requests for what is another's, from every role, owner, mode and source of ids, COUNT=300000 on each engine
	$(TESTPG) -- go test ./internal/api -count=1 -timeout 0 -v -run '^TestSweep$$' -args -sweep=$(COUNT)

cards: COUNT = 1000000
cards: ## card numbers through every door, then searched for in every file, COUNT=1000000
	go test ./internal/api -count=1 -timeout 0 -v -run 'Card' -args -cards=$(COUNT)

edits: COUNT = 20000
edits: ## edits of the stored audit trail on both engines, each named by verify, COUNT=20000
	$(TESTPG) -- go test ./internal/audit -count=1 -timeout 0 -v -run '^TestEdits$$' -args -edits=$(COUNT)

import: ## import, kill, export and import of ROWS=100000 rows
	$(CAMPAIGN) -run '^TestImport' -args -rows=$(ROWS)

clean: ## remove what make builds
	rm -f florin *.test *.prof
