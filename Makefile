# The commands people type. `make cluster` and `make test` need no other step.
.PHONY: all setup build cluster test unit test-sanitizers differential bench soak clean

JOBS ?= $(shell nproc)

all: build

setup:
	@scripts/setup

build: setup
	@cmake --preset release >build.log 2>&1 || { cat build.log; exit 1; }
	@rm -f build.log
	cmake --build build -j $(JOBS)

# Three nodes on 127.0.0.2-4, the client example, a killed leader; stays up until Ctrl-C.
cluster: build
	@.venv/bin/python scripts/cluster.py

# Everything: see tests/README.md for the suites and their minutes.
test: build
	@scripts/run-tests

# The unit tests alone.
unit: build
	ctest --test-dir build --output-on-failure

test-sanitizers: setup
	@scripts/run-sanitizers

# Random queries on Graft and on a Neo4j: tests/differential/README.md
differential: build
	@.venv/bin/python tests/differential/run.py --peer "$(PEER)" --seed $(or $(SEED),1) --queries $(or $(QUERIES),20000)

bench: build
	build/bin/bench_storage
	build/bin/bench_queries

soak: build
	@for w in bank append unique schema; do build/bin/graft_sim --workload $$w --seed 1 --seeds 2000; done

clean:
	rm -rf build
