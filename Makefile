# Given: Python 3.11 or newer, git and make. build-support/setup.sh does the rest of the set-up; docs/development.md explains.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:

PYTHON ?= python3
export PYTHON
BIN := .venv/bin
SETUP := @build-support/setup.sh
# What behaves differently for root: raw sockets, Nmap's scan types, a server's own privilege separation.
PRIVILEGE_TESTS := $(wildcard tests/probes tests/test_quantum.py)

# Tests wait for servers, timeouts and clocks half of their time.
TEST_PROCESSES ?= $(shell echo $$(( $$(nproc) * 3 / 2 )))

NANO_MINUTES ?= 240

.PHONY: help setup demo demo-backends demo-daemon test check unprivileged wheel bench soak fmt nano lock clean distclean

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

setup: ## virtual environment, locked dependencies, llama.cpp compiled; Nmap from the distribution
	$(SETUP)

demo: ## real questions to real servers on this machine, answered by measurement
	$(SETUP) lab
	@$(BIN)/python -m tests.lab.demo

demo-backends: ## a remote backend that fails, is gone on without, and comes back; all on this machine
	$(SETUP)
	@$(BIN)/python -m tests.lab.demo_backends

demo-daemon: ## the daemon: a server goes down, people are told, it comes back; all on this machine
	$(SETUP) lab
	@$(BIN)/python -m tests.lab.demo_daemon

test: check unprivileged wheel ## everything that CI runs: check, unprivileged, wheel

check: ## lint, types, import layers, tests
	$(SETUP) tests
	$(BIN)/ruff check .
	$(BIN)/mypy netassist tests build-support benchmarks
	$(BIN)/lint-imports
	$(BIN)/pytest --numprocesses $(TEST_PROCESSES) --dist loadfile

unprivileged: ## as root: the probes' tests once more, as a user without any capability
	$(SETUP) tests
	@if [ "$$(id -u)" = 0 ]; then set -x; build-support/unprivileged.sh $(PRIVILEGE_TESTS); \
	else echo "unprivileged: not root, so the tests ran without privileges already"; fi

wheel: ## build dist/*.whl and dist/*.tar.gz, and run the wheel in an empty folder
	$(SETUP)
	rm -rf dist
	$(BIN)/python -m build --no-isolation --outdir dist
	$(BIN)/python build-support/wheel_check.py dist

bench: ## TLS engine, audit of a network and daemon beside their peers, as Markdown: over an hour; BENCH="--quick near" BENCH_LAB="--sample 0" BENCH_LOAD="--minutes 0.2" for less
	$(SETUP) lab
	@build-support/peers.sh
	@$(BIN)/python -m benchmarks.tls $(BENCH)
	@$(BIN)/python -m benchmarks.lab_network $(BENCH_LAB)
	@$(BIN)/python -m benchmarks.monitor_load $(BENCH_LOAD)

soak: ## kill the daemon a hundred times under load, and count what it lost
	$(SETUP) lab
	@$(BIN)/python -m tests.monitor.soak --rounds 100

fmt: ## format the code, mend what ruff can mend
	$(SETUP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

nano: ## train the built-in model from scratch (NANO_MINUTES=240 on two cores) and export it
	$(SETUP) train
	$(BIN)/python -m netassist.nano.train runs/nano --layers 6 --minutes $(NANO_MINUTES)
	$(BIN)/python -m netassist.nano.export runs/nano netassist/nano/nano.gguf

lock: ## lock the dependencies anew; UPGRADE=--upgrade takes the newest
	$(SETUP)
	build-support/lock.sh $(UPGRADE)

clean: ## remove what was built; the virtual environment and runs/ stay
	rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +

distclean: clean ## clean, and remove the virtual environment
	rm -rf .venv .peers
