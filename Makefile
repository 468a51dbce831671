# `make demo` and `make test` do all of their set-up: a virtual environment with exactly the locked libraries.

PYTHON ?= python3
BIN := .venv/bin
UV := .venv/uv/bin/uv
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
NEW_ONLY :=
# For pytest, as in `make test ARGS="-k lyrics"`.
ARGS :=

.PHONY: help install demo test postgres faults browser coverage package dist fuzz bench crashtest leaders check screenshots reference lint types contracts \
	format migration lock upgrade clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/^([a-z]+):.*## (.*)/\1\t\2/' | while IFS="$$(printf '\t')" read -r name what; \
		do printf '  make %-12s %s\n' "$$name" "$$what"; done

install: .venv/run.stamp ## the libraries that the bot runs with, in .venv

demo: .venv/run.stamp ## try everything in a browser, without an account or a key
	$(BIN)/python -m bot demo

# Most tests wait for something most of the time: more of them at once than there are processors.
test: .venv/dev.stamp ## all tests but those of make postgres, make faults, make browser and make package
	$(BIN)/python -m pytest --numprocesses 4 --dist worksteal -m "not installs and not browser and not faults and not postgres" $(ARGS)

postgres: .venv/dev.stamp ## the tests of what is stored, on a PostgreSQL server of their own, which must be installed
	$(BIN)/python -m sandbox.postgresql $(BIN)/python -m pytest --numprocesses 4 --dist worksteal -m postgres $(ARGS)

faults: .venv/dev.stamp ## every fault of docs/faults.md, attacks, kills: the real bot, case by case
	$(BIN)/python -m pytest --numprocesses 4 --dist worksteal -m faults $(ARGS)

browser: .venv/dev.stamp ## the demo's page in a real Chromium, as people use it
	$(BIN)/python -m pytest --numprocesses 2 -m browser $(ARGS)

coverage: .venv/dev.stamp ## all tests, and which branches they take: fails below the floor in pyproject.toml
	$(BIN)/python -m pytest --numprocesses 4 --dist worksteal --cov

package: .venv/dev.stamp ## the wheel and the locks, installed into empty environments as people do it; asks the package index
	$(BIN)/python -m pytest -m installs $(ARGS)

dist: $(UV) ## the wheel and the source archive, in dist
	$(UV) build

fuzz: .venv/dev.stamp ## the property tests, for much longer
	$(BIN)/python -m pytest tests/property --hypothesis-profile=fuzz

bench: .venv/dev.stamp ## measures every figure of docs/speed.md
	$(BIN)/python -m benchmarks

crashtest: .venv/dev.stamp ## kills and stops the bot while it brings songs, and counts what is lost or doubled
	$(BIN)/python -m sandbox.crashtest
	$(BIN)/python -m sandbox.crashtest --forgetful
	$(BIN)/python -m sandbox.crashtest --gently
	$(BIN)/python -m sandbox.crashtest --shards 4
	$(BIN)/python -m sandbox.crashtest --shards 4 --forgetful
	$(BIN)/python -m sandbox.crashtest_library
	$(BIN)/python -m sandbox.crashtest_library --forgetful
	$(BIN)/python -m sandbox.crashtest_takes
	$(BIN)/python -m sandbox.crashtest_orders
	$(BIN)/python -m sandbox.crashtest_steps

leaders: .venv/dev.stamp ## likewise two bots on one PostgreSQL server, one of which leads
	$(BIN)/python -m sandbox.crashtest_leaders
	$(BIN)/python -m sandbox.crashtest_leaders --rounds 10 --tasks 80 --by server
	$(BIN)/python -m sandbox.crashtest_leaders --rounds 2 --tasks 60 --by hole
	$(BIN)/python -m sandbox.crashtest_leaders --rounds 10 --tasks 60 --by kill freeze nap stop --clocks-apart 3600
	$(BIN)/python -m sandbox.crashtest_leaders --rounds 18 --tasks 60 --by both two cuts read-only crowd clock
	$(BIN)/python -m sandbox.crashtest_leader_orders
	$(BIN)/python -m sandbox.crashtest_failover
	$(BIN)/python -m sandbox.crashtest_collisions

check: lint types contracts test ## what a change must pass; .ci/run also runs make faults, make package and make browser

lint: .venv/dev.stamp ## ruff: rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/dev.stamp ## mypy --strict
	$(BIN)/mypy
	$(BIN)/mypy --python-executable .venv/hikari/bin/python tests/sandbox/hikari_bot.py

contracts: .venv/dev.stamp ## who may import whom
	$(BIN)/lint-imports --no-cache

screenshots: .venv/dev.stamp ## makes docs/images again
	$(BIN)/python -m sandbox.screenshots

reference: .venv/run.stamp ## makes docs/configuration.md again
	$(BIN)/python -m sandbox.reference

format: .venv/dev.stamp ## ruff: mends what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

migration: .venv/dev.stamp ## a new revision of the database: make migration SUBJECT="remember the mood"
	$(BIN)/python -m sandbox.migration "$(SUBJECT)"

# The lock files name no index: they install from wherever pip is set up to look. They name no extras either: where one
# library asks for an extra of another and a third does not, an old pip that resolves takes what is newest instead of
# what is locked. What runs is locked first: no tool of the tests can hold it back. One that cannot live with it gets an
# environment of its own, as hikari has.
lock: $(UV) ## writes the lock files again after a change to pyproject.toml
	$(COMPILE) $(NEW_ONLY) pyproject.toml --output-file requirements.lock
	$(COMPILE) $(NEW_ONLY) pyproject.toml --extra postgres --constraint requirements.lock --output-file requirements-postgres.lock
	$(COMPILE) $(NEW_ONLY) pyproject.toml --group dev --constraint requirements.lock --output-file requirements-dev.lock
	$(COMPILE) $(NEW_ONLY) --group hikari --output-file requirements-hikari.lock

upgrade: NEW_ONLY := --upgrade
upgrade: lock ## brings everything in the lock files to its newest release

clean: ## removes .venv and every cache
	rm -rf .venv dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	@echo "Making a virtual environment in .venv with $$($(PYTHON) --version)."
	@$(PYTHON) -m venv .venv

$(UV): | $(BIN)/python
	$(BIN)/python -m venv .venv/uv
	.venv/uv/bin/python -m pip install --quiet --disable-pip-version-check uv

.venv/run.stamp: requirements.lock | $(BIN)/python
	@$(BIN)/python sandbox/environment.py requirements.lock
	@rm -f .venv/dev.stamp
	@touch $@

# Whoever has what the tests need has what the bot needs.
.venv/dev.stamp: requirements-dev.lock .venv/hikari.stamp | $(BIN)/python
	@$(BIN)/python sandbox/environment.py requirements-dev.lock
	@touch .venv/run.stamp $@

.venv/hikari.stamp: requirements-hikari.lock | $(BIN)/python
	@test -e .venv/hikari || $(BIN)/python -m venv --without-pip .venv/hikari
	@$(BIN)/python sandbox/environment.py requirements-hikari.lock .venv/hikari
	@touch $@
