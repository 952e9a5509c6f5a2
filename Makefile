# Everything a developer or a newcomer runs. Needed: Python 3.10 or later, and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A qq of an earlier generation: prints its diff a page at a time, and takes snapshots in API v2.
OLDER_QQ := 5.1.0.1
READY := $(VENV)/ready-$(shell cat requirements-dev.txt pyproject.toml | cksum | cut -d ' ' -f 1)
OLDER_READY := .qq/$(OLDER_QQ)/bin/qq
CODE := src tests demo bench docs *.py
MUTATED := PYTHONPATH=$(CURDIR)/mutants/src

# The number of minutes to look for a difference; with FUZZ_SEED, the round of that seed is repeated.
FUZZ := 10
FUZZ_SEED :=

# The functions that `make mutants` puts faults into: those that decide what a list contains, and write it.
MUTANTS := '*.changes.*' '*.scan.*' '*.output.*'

.PHONY: demo test test-pythons fuzz coverage mutants bench lint format docs-picture lock clean

demo: $(READY)  ## the main job on real files, against an emulated cluster
	@$(BIN)/python -m demo

# pytest keeps the tests as it has compiled them: many containers ask every Python not to.
test: $(READY) $(OLDER_READY)  ## all tests
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 3 --dist worksteal $(PYTEST)

test-pythons: $(READY)  ## the quick tests on every other Python that is found; the oldest and the newest: make test-pythons PYTHONS='--at-most 2'
	@$(BIN)/python -m tests.pythons $(PYTHONS)

fuzz: $(READY) $(OLDER_READY)  ## random work on real trees, each list against the oracle (longer: make fuzz FUZZ=60)
	@$(BIN)/python -m tests.fuzz --minutes $(FUZZ) $(if $(FUZZ_SEED),--seed $(FUZZ_SEED))

coverage: $(READY)  ## the branches of changes/, scan/ and output/ that the quick tests take
	$(BIN)/pytest -n 2 --dist worksteal --quiet --cov --cov-report=term tests/parts $(PYTEST)

# mutmut cannot see which tests reach code in other processes. So for a fault in runners/processes.py, all tests of
# the runners are run, in their own process group (`timeout` makes one), which is killed with all that the fault leaves.
mutants: $(READY)  ## the faults in changes/, scan/ and output/ that no quick test notices; some: make mutants MUTANTS='*.scan.order.*'
	@rm -rf mutants && mkdir -p mutants/src
	@$(MUTATED) $(BIN)/mutmut run $(MUTANTS)
	@for mutant in $$($(BIN)/mutmut results | sed -n 's/^ *\(.*processes.*\): no tests$$/\1/p'); do \
	    (cd mutants && export $(MUTATED) MUTANT_UNDER_TEST=$$mutant && exec timeout 60 \
	        ../$(BIN)/pytest --quiet --exitfirst -p no:cacheprovider tests/parts/test_runners.py) > mutants/output 2>&1 & \
	    wait $$! && echo "    $$mutant: survived"; \
	    kill -9 -$$! 2> mutants/output; \
	done; true
	@$(BIN)/mutmut results | grep -v -e 'processes.*no tests' -e 'not checked$$' || true

bench: $(READY)  ## how fast it is, compared with other ways (about an hour; shorter: make bench BENCH=--quick)
	@$(BIN)/python -m bench $(BENCH)

docs-picture: $(READY)  ## draw the architecture into docs/design.md, from the code
	$(BIN)/python docs/picture.py

lint: $(READY)  ## style, docstrings and types, as CI checks them
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy

format: $(READY)  ## let ruff fix what it can
	$(BIN)/ruff check --fix-only $(CODE)
	$(BIN)/ruff format $(CODE)

lock:  ## write requirements-dev.txt anew, with today's versions, for every Python from 3.10 on
	$(PYTHON) -m venv .lock
	.lock/bin/pip install --quiet --disable-pip-version-check --upgrade uv
	.lock/bin/uv pip compile --quiet --universal --python-version 3.10 --upgrade --extra dev --no-header \
	    --no-emit-package qumulo-changelist --output-file requirements-dev.txt pyproject.toml

clean:  ## remove what make installed
	rm -rf $(VENV) .qq .lock .pythons

$(READY): requirements-dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 10) or sys.exit("Python 3.10 or later is needed; name one with: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@rm -f $(VENV)/ready-*
	@touch $@

$(OLDER_READY):
	$(PYTHON) -m venv .qq/$(OLDER_QQ)
	.qq/$(OLDER_QQ)/bin/pip install --quiet --disable-pip-version-check qumulo-api==$(OLDER_QQ)
