# The menu: `make` alone prints it.  Needs Python 3.11 with pip, and make.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --no-input
# The lock is complete, so nothing is resolved; bytecode is made afterwards, on every core.
LOCKED := --quiet --no-deps --no-compile --require-hashes
COMPILE := $(BIN)/python -m compileall -q -j 0 -x '/(faker|pip|setuptools)/' $(VENV)/lib
LOCK   := $(BIN)/uv pip compile --universal --python-version 3.11 --quiet \
          --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" \
          $(if $(UPGRADE),--upgrade)
PEERS  := tests/bench/peers
ROOMS  := domain commands projections adapters api

.DEFAULT_GOAL := help
.PHONY: help install run test test-vault check bench session mutants demo coverage lock clean

help: ## print this menu
	@grep -hE '^[a-z-]+:.*##' $(firstword $(MAKEFILE_LIST)) | \
		while IFS= read -r line; do printf '  make %-10s %s\n' "$${line%%:*}" "$${line#*## }"; done

install: $(VENV)/.runtime ## make .venv and install what the service runs on

run: install ## start everything on this machine; Ctrl-C stops it
	@$(BIN)/papertape up

test: $(VENV)/.dev ## run the whole suite on real servers; ARGS="-k name" a part
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

test-vault: $(VENV)/.vault ## fetch a real OpenBao (182 MB) and test the vault against it
	@$(BIN)/python -m pytest tests/vault $(ARGS)

check: $(VENV)/.dev ## lint, format, types, imports, secrets: all that needs no server
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(ROOMS) tests
	$(BIN)/lint-imports
	$(BIN)/python tests/architecture/secret_scan.py

bench: $(VENV)/.dev ## print the ratios of the budgets; ONLY=P1,P2 a part
	@$(BIN)/papertape bench $(if $(ONLY),--only $(ONLY))

session: $(VENV)/.dev ## trade one real day: 50 accounts, 20,000 orders, every invariant
	@$(BIN)/python -m tests.session $(ARGS)

mutants: $(VENV)/.dev ## spoil what decides about money and see who notices; ARGS="domain.trading.cost*" a part
	@nice -n 19 $(BIN)/python -m tests.mutants $(ARGS)

demo: install ## a scripted tour against the running service
	@$(BIN)/papertape demo

coverage: $(VENV)/.dev ## run the suite and say which lines it never reached
	@$(BIN)/python -m pytest --cov --cov-report=term --cov-report=html $(ARGS)

lock: $(VENV)/.dev ## write the locks anew after a change of pyproject.toml; UPGRADE=1 takes newer releases
	$(LOCK) pyproject.toml --group build --output-file requirements.lock
	$(LOCK) pyproject.toml --group build --group dev --constraint requirements.lock --output-file requirements-dev.lock
	$(LOCK) --group vault --output-file requirements-vault.lock
	$(LOCK) $(PEERS)/requirements.in --output-file $(PEERS)/requirements.txt

clean: ## remove all that make has made; data stays
	rm -rf $(VENV) build dist mutants .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find $(ROOMS) tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.runtime: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Papertape needs Python 3.11 or newer: make PYTHON=/path/to/python' >&2; exit 1; }
	@echo "installing into $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install $(LOCKED) -r requirements.lock
	@$(COMPILE)
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	@echo "installing the tools of development into $(VENV)"
	@$(PIP) install $(LOCKED) -r requirements-dev.lock
	@$(COMPILE)
	@touch $@

$(VENV)/.vault: $(VENV)/.dev requirements-vault.lock
	@echo "installing OpenBao into $(VENV)"
	@$(PIP) install $(LOCKED) -r requirements-vault.lock
	@touch $@
