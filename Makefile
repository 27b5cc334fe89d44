# Two commands do all the set-up: `make demo` runs the main job, `make test` passes the tests.
# Needs only Python 3.11 or later, pip and make. PYTHON=python3.12 chooses another interpreter.
# `make test-all` skips nothing: it gets services, old MLflows and Ray from the registries, and needs Node 20 and npm, too.

PYTHON ?= python3
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin

.PHONY: demo test test-all lint unit services fuzz mutation coverage docs clean

demo: $(VENV)/installed
	rm -rf .demo && cp -r examples/01-digits .demo
	cd .demo && PATH="$(BIN):$$PATH" sh walk.sh

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "bep needs Python 3.11 or later; this is $$($(PYTHON) --version). Try: make demo PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/installed-for-tests: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test,lint]'
	touch $@ $(VENV)/installed

test: lint unit

lint: $(VENV)/installed-for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# As many workers as tests/conftest.py says; one that has nothing left takes tests from the others.
PARALLEL := --numprocesses auto --dist worksteal

unit: $(VENV)/installed-for-tests
	$(BIN)/python -m pytest -q $(PARALLEL) --short

test-all: lint services
	$(BIN)/python -m pytest -q $(PARALLEL) -r s --skip-nothing --cov --cov-report=

services: .services/installed

.services/installed: $(VENV)/installed-for-tests tests/services/package.json tests/services/places.py tests/services/debian.sh
	@npm --version >/dev/null || { echo "the services of the tests need Node 20 and npm" >&2; exit 1; }
	sh tests/services/debian.sh
	mkdir -p .services && cp tests/services/package.json .services/
	cd .services && npm install --silent --no-fund --no-audit
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[services]'
	$(BIN)/python -m tests.services.mlflow_environments
	$(BIN)/python -m tests.services.ray_environment
	touch $@

# Whole commands over wrong documents and damaged files, for SECONDS; fails on a traceback or a hang.
SECONDS := 300
fuzz: $(VENV)/installed-for-tests
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS)

# Small faults planted in what decides and what is kept; fails where no test notices one. MODULES="safety graph" tries those.
MODULES :=
mutation: $(VENV)/installed-for-tests
	$(BIN)/python -m tests.mutation $(MODULES)

# Which lines the last `make unit` did not run, in the rooms that pyproject.toml has a floor for.
coverage:
	$(BIN)/python -m coverage report --show-missing

# The manual, as a site in site/: strict, so a link that leads nowhere or a page without a place ends it.
docs: $(VENV)/installed-for-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

$(VENV)/installed-for-docs: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[docs]'
	touch $@ $(VENV)/installed

clean:
	rm -rf $(VENV) .services site
