# Two commands start everything: `make demo` and `make test`. Both first set up .venv with the locked versions.

SHELL := /bin/bash
PYTHON ?= python3
UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test check setup lock
.DEFAULT_GOAL := setup

demo: $(READY)            ## set-up, then the whole daily retraining on a simulated drop
	@$(BIN)/atelier demo

test: check               ## set-up, then everything that guards the house
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)
	@echo "All tests passed. tests/ mirrors src/; docs/ begins at docs/reference/commands.md."

check: $(READY)           ## formatting, lint and types: the quick half of `make test`
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

setup: $(READY)           ## .venv with the locked versions, and the command .venv/bin/atelier

# --no-deps below: requirements.txt is the whole truth, so that nothing is resolved a second time.
$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Atelier needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --requirements requirements.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $(READY)

lock:                     ## compile requirements.txt again from pyproject.toml; hashes, no addresses
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --output-file requirements.txt
