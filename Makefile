# `make demo` and `make test` do all of their set-up: a virtual environment with exactly the locked libraries.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: install demo test fuzz bench crashtest check screenshots reference lint types contracts format lock clean

install: .venv/run.stamp

demo: .venv/run.stamp
	$(BIN)/python -m bot demo

# Most tests wait for something most of the time: more of them at once than there are processors.
test: .venv/dev.stamp
	$(BIN)/python -m pytest --numprocesses 4

fuzz: .venv/dev.stamp
	$(BIN)/python -m pytest tests/property --hypothesis-profile=fuzz

bench: .venv/dev.stamp
	$(BIN)/python -m benchmarks

crashtest: .venv/dev.stamp
	$(BIN)/python -m sandbox.crashtest
	$(BIN)/python -m sandbox.crashtest --forgetful
	$(BIN)/python -m sandbox.crashtest --gently

check: lint types contracts test

lint: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/dev.stamp
	$(BIN)/mypy

contracts: .venv/dev.stamp
	$(BIN)/lint-imports --no-cache

screenshots: .venv/dev.stamp
	$(BIN)/python -m sandbox.screenshots

reference: .venv/run.stamp
	$(BIN)/python -m sandbox.reference

format: .venv/dev.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The lock files name no index: they install from wherever pip is set up to look.
lock: .venv/dev.stamp
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		pyproject.toml --group dev --output-file requirements-dev.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		pyproject.toml --constraint requirements-dev.lock --output-file requirements.lock

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv

.venv/run.stamp: requirements.lock | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	touch $@

.venv/dev.stamp: requirements-dev.lock | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.lock
	touch $@
