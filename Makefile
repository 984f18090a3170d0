# `make run` and `make test` do all the set-up on a fresh Debian machine with Swift 6.3.
SHELL := /bin/bash
.DEFAULT_GOAL := help

SWIFT_TEST_FLAGS ?=
# Swift's own libraries inside the binary: it runs where Swift is not installed, and faster.
RELEASE := swift build -c release --static-swift-stdlib
PACKAGES := libprotobuf-c-dev libsqlite3-dev pkg-config protobuf-compiler python3 python3-venv \
  openssl ca-certificates
# promtool judges the text of the metrics.
TEST_PACKAGES := prometheus
PROTO_PACKAGES := protobuf-compiler protobuf-c-compiler
BENCH_PACKAGES := g++ pkg-config python3 protobuf-compiler libprotobuf-dev libgrpc++-dev \
  protobuf-compiler-grpc postgresql valgrind linux-perf \
  golang-go golang-gopkg-eapache-go-resiliency.v1-dev python3-venv python3-matplotlib socat
DATA ?= ./data
LISTEN ?= 127.0.0.1:7700
SEEDS ?= 100000

.PHONY: help setup build run demo nodes test format lint proto generator-tests check-proto bench crash crash-nodes \
  restarts interleavings simulate clean

help: ## Lists the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 17

setup: ## Installs missing system packages.
	@./deploy/setup.sh $(PACKAGES)

build: setup ## Builds the release binary.
	$(RELEASE) --product baedal

run: build ## Starts one node with every service on embedded defaults.
	exec .build/release/baedal serve --data $(DATA) --listen $(LISTEN)

demo: ## Plays customer, store owner and rider against a running node.
	.build/release/baedal demo --connect $(LISTEN)

nodes: build ## Starts one node a service, plays the demo through them, shows who did what.
	exec deploy/nodes.sh

test: setup lint ## Checks, builds and runs the tests, the long ones in a short form.
	@./deploy/setup.sh $(TEST_PACKAGES)
	swift build --build-tests
	swift test --skip-build --no-parallel $(SWIFT_TEST_FLAGS)

format: ## Formats every source file.
	swift format format --in-place --parallel $$(.ci/sources)

lint: check-proto ## Format, import arrows, file length, forbidden constructs, stale generated code.
	swift format lint --strict --parallel $$(.ci/sources)
	.ci/lint

proto: ## Writes the generated code anew from proto/.
	@./deploy/setup.sh $(PROTO_PACKAGES)
	bash proto/generate.sh

generator-tests: setup ## Tests what writes the generated code: its refusals, every kind of field.
	@./deploy/setup.sh $(PROTO_PACKAGES)
	sh proto/generator/test.sh

check-proto:
	bash proto/check.sh

bench: build ## Runs every benchmark beside its peers; see benchmarks/README.md.
	@./deploy/setup.sh $(BENCH_PACKAGES)
	benchmarks/run

crash: setup ## The full crash test: 200 cycles of SIGKILL, and of power cuts.
	BAEDAL_CRASH_CYCLES=200 swift test --no-parallel \
	  --filter CrashTests --skip NodeCrashTests

crash-nodes: setup ## Five nodes with one service each: 40 kills, and 40 more while payment is ill.
	BAEDAL_NODE_KILLS=40 swift test --filter NodeCrashTests

restarts: setup ## Nodes replaced under load: order's and payment's 20 times each, without a failed call.
	BAEDAL_RESTARTS=20 swift test --filter RestartTests

interleavings: setup ## The full run of the circuit breaker: 1,000,000 interleavings; `test` does a tenth.
	BAEDAL_INTERLEAVINGS=1000000 swift test --filter NeverWedgesTests

simulate: setup ## 100,000 simulated worlds (SEEDS=n: so many); SEED=n replays one with its trace.
	$(RELEASE) --product simulate
	.build/release/simulate $(if $(SEED),$(SEED),--seeds $(SEEDS))

clean: ## Removes what was built.
	rm -rf .build .build-* benchmarks/.build benchmarks/peers/*/Generated/*.pb.swift
