# One door for the developer. Needs python3.11 and make; everything else comes into .venv from the locks.
#   make demo DIR=path          analyse another directory than the standard library
#   make test ARGS="-k router"  hand arguments to pytest
#   make setup PYTHON=/path/to/python3.11

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup check test bench chaos demo lock clean

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
# pyright comes whole from the lock; it need not ask whether there is a newer one.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

# The first of these that runs and is a 3.11; only `setup` looks for it.
PYTHON ?= $(shell for p in python3.11 python3 python /usr/bin/python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null && echo "$$p" && break; done)

BIN := .venv/bin
VENV := .venv/.locked
STAMP := .venv/.stamp
# What is there of the folders that hold Python.
CODE = $(wildcard contracts services projections client eventstore tests benchmarks examples)

help: ## show this
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

setup: $(STAMP) ## make .venv from the lock

# Made anew when the lock changes; podium itself is linked in again when pyproject.toml does.
$(STAMP): $(VENV) pyproject.toml
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --no-index -e .
	@touch $@

# The copy of the lock that .venv was made from tells a new lock from one that was only written again.
$(VENV): requirements-dev.lock
	@[[ -n "$(PYTHON)" ]] || { echo "podium needs Python 3.11: put it on the PATH or say make setup PYTHON=..." >&2; exit 2; }
	@cmp -s $< $@ || { \
		echo "installing into .venv ..." && \
		"$(PYTHON)" -m venv --clear .venv && \
		$(BIN)/python -m pip install --quiet --require-hashes --only-binary :all: -r $<; }
	@cp $< $@

check: $(STAMP) ## format, lint, types (mypy and pyright, strict), import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(CODE)
	$(BIN)/pyright --warnings $(CODE)
	$(BIN)/lint-imports --no-logo

# What fails is run once more, alone: a machine that was too busy is no defect, and a defect fails again. Where memory has a
# directory with room, the tests' servers keep their files there: the power is cut in the chaos suite, which sees to its disk itself.
test: export TMPDIR := $(or $(shell [ -w /dev/shm ] && [ "$$(df --output=avail /dev/shm | tail -1)" -gt 4000000 ] && echo /dev/shm),$(TMPDIR),/tmp)
# What was compiled is kept, whatever the machine says otherwise: the tests start some hundred processes, and each would compile
# podium again. (Empty is as good as not set.)
test: export PYTHONDONTWRITEBYTECODE :=
test: $(STAMP) ## every test
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS) || $(BIN)/pytest --last-failed --last-failed-no-failures none $(ARGS)

bench: $(STAMP) ## the benchmarks; they print, they do not judge
	$(BIN)/python -m benchmarks $(ARGS)

chaos: $(STAMP) ## break podium for SECONDS=60 by the faults of SEED=n, and see what it keeps
	$(BIN)/python -m tests.chaos $(or $(SECONDS),60) $(if $(SEED),--seed $(SEED)) $(ARGS)

demo: $(STAMP) ## a fleet of agents analyses the standard library, or DIR=path
	@$(BIN)/python -m examples.stdlib.demo $(if $(DIR),--dir "$(DIR)") $(ARGS)

# Five locks: what an image runs, everything, what builds the wheel, what the benchmarks' peers need, and the oracle of counts. They name no address, so that any index or mirror can serve them.
COMPILE = CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options $(ARGS)
LOCKS = $(wildcard requirements*.lock) benchmarks/peers/requirements.lock tests/votes/oracle/requirements.lock
lock: $(STAMP) ## compile the locks again; ARGS=--upgrade for the newest versions
	@$(COMPILE) --extra postgres pyproject.toml -o requirements.lock
	@$(COMPILE) --extra postgres --extra dev pyproject.toml -o requirements-dev.lock
	@$(COMPILE) --build-deps-for wheel --only-build-deps --constraint requirements-dev.lock pyproject.toml -o requirements-build.lock
	@$(COMPILE) benchmarks/peers/requirements.in -o benchmarks/peers/requirements.lock
	@$(COMPILE) tests/votes/oracle/requirements.in -o tests/votes/oracle/requirements.lock
	@sed -i.old '/considered to be unsafe in a requirements file/d' $(LOCKS)
	@rm -f $(LOCKS:=.old)

clean: ## remove what the other targets made
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
