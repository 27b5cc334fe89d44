# Two commands do all the set-up: `make demo` runs the main job, `make test` passes the tests.
# Needs only Python 3.11 or later, pip and make. PYTHON=python3.12 chooses another interpreter.

PYTHON ?= python3
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin

.PHONY: demo demo-mlflow test lint unit fuzz clean

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

unit: $(VENV)/installed-for-tests
	$(BIN)/python -m pytest -q --numprocesses auto --maxprocesses 4

# Whole commands over wrong documents and damaged files, for SECONDS; fails on a traceback or a hang.
SECONDS := 300
fuzz: $(VENV)/installed-for-tests
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS)

clean:
	rm -rf $(VENV)
