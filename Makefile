##: chatlog: record IRC channels
##:
##: On a fresh machine only Python 3.11 or newer, pip and make are needed:
##: everything is installed into .venv.
##:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
USE := $(VENV)/.installed
DEV := $(VENV)/.installed-dev
BENCH := $(VENV)/.installed-bench
NIGHTLY := $(VENV)/.installed-nightly
PYTEST_ARGS ?=
# Two workers a core, as tests mostly wait: for servers, disks, and the end of programs. Each
# begins by collecting all tests: more than eight cost more than they gain. One that has run out
# of tests takes over some of another's.
WORKERS ?= $(shell cores=$$(getconf _NPROCESSORS_ONLN); echo $$((cores < 4 ? 2 * cores : 8)))
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal
ifndef SEED
SEED := $(shell od -An -N3 -tu4 /dev/urandom | tr -d ' ')
endif

.PHONY: help demo test check check-all torture bench format clean

help:            ##: show this
	@sed -n 's/^##: \{0,1\}//p' $(MAKEFILE_LIST)
	@awk -F ':.*##: ' '/^[a-z-]+:.*##: / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(USE)     ##: install, and record a scripted conversation offline
	@$(BIN)/chatlog demo

test: $(DEV)     ##: install, and run the tests that need no server
	@$(PYTEST) -m "not server and not browser and not clickhouse" $(PYTEST_ARGS)

check: $(DEV)    ##: lint, types, and all tests (.ci/run installs the servers first)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(PYTEST) -m "not browser and not clickhouse" $(PYTEST_ARGS)

check-all: check $(NIGHTLY) ##: check, and by night: sites in Debian's chromium, Parquet in ClickHouse
	@$(PYTEST) -m "browser or clickhouse" $(PYTEST_ARGS)

torture: $(DEV)  ##: for hours: kill and cut off recorders at random, test properties by random examples
	@echo "to repeat this run: make torture SEED=$(SEED)"
	@CHATLOG_TORTURE_ROUNDS=200 CHATLOG_TORTURE_SEEDS=40 CHATLOG_TORTURE_SEED=$(SEED) $(PYTEST) \
		-m "torture or hypothesis" --timeout 7200 \
		--hypothesis-profile torture --hypothesis-seed $(SEED) $(PYTEST_ARGS) \
		|| { echo "to repeat this run: make torture SEED=$(SEED)"; exit 1; }

bench: $(BENCH)  ##: compare speed and memory with other loggers and readers, in one run
	@$(BIN)/python -m tests.bench all

format: $(DEV)   ##: format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean:           ##: remove what was installed and built
	rm -rf $(VENV) build dist

$(BIN)/python:
	@# Half an environment, as where Debian lacks python3-venv, would pass for a whole one.
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(USE): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(DEV): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(USE)

$(NIGHTLY): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[browser,clickhouse]'
	@touch $@ $(DEV) $(USE)

$(BENCH): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,bench]'
	@touch $@ $(DEV) $(USE)
