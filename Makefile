# `make run` and `make test` need python3 (3.11 or newer, with venv), make and a package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

# Where bytecode is forbidden each of the many processes of a test run would compile everything anew.
export PYTHONDONTWRITEBYTECODE :=

# Tests wait for thousands of small files to be on the disk; in memory, where 8 GB are free, they do not.
ROOMY := $(shell test "$$(df -k /dev/shm 2> /dev/null | awk 'END {print $$4}')" -gt 8000000 2> /dev/null && echo /dev/shm)
IN_MEMORY := $(if $(ROOMY),TMPDIR=$(ROOMY)) $(BIN)/python -m pytest -n 2 -o tmp_path_retention_policy=failed

.DEFAULT_GOAL := help
.PHONY: help run test slow e2e check lint types imports docs clean lock

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	$(BIN)/python -m pip check
	touch $@

run: $(READY) ## set up, then the main job: from an empty folder to a champion that retrains itself
	$(BIN)/ratchet demo

test: $(READY) ## set up, then the test suite; what `make check` tests is left to it
	$(IN_MEMORY) -m 'not slow' tests --ignore tests/house

slow: $(READY) ## simulations of promised error rates, kills and races, what benchmarks measure
	$(IN_MEMORY) -m slow tests --ignore tests/e2e

e2e: $(READY) ## the slow suite: the README from a clean clone, real servers (needs Debian's chromium, postgresql)
	$(BIN)/python -m pytest -n 2 --dist loadfile -m slow tests/e2e

check: $(READY) lint types imports docs ## lint, types, import contracts, size budgets, docs

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

imports: $(READY)
	$(BIN)/lint-imports

docs: $(READY)
	$(BIN)/python -m pytest tests/house

lock: ## resolve requirements.lock anew (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --output-file requirements.lock

clean: ## forget the environment and everything the main job made
	rm -rf $(VENV) .ratchet test-outputs
