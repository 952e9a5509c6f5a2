# Everything a developer or a newcomer runs. Needed: Python 3.10 or later, and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A qq of an earlier generation: prints its diff a page at a time, and takes snapshots in API v2.
OLDER_QQ := 5.1.0.1
READY := $(VENV)/ready-$(shell cat requirements-dev.txt pyproject.toml | cksum | cut -d ' ' -f 1)
OLDER_READY := .qq/$(OLDER_QQ)/bin/qq
CODE := src tests demo bench *.py
MUTATED := PYTHONPATH=$(CURDIR)/mutants/src

# How many minutes to look for a difference; with FUZZ_SEED, the round of that seed is repeated.
FUZZ := 10
FUZZ_SEED :=

.PHONY: demo test test-pythons fuzz coverage mutants bench lint format lock clean

demo: $(READY)  ## the whole job on real files, against an emulated cluster
	@$(BIN)/python -m demo

test: $(READY) $(OLDER_READY)  ## all tests
	$(BIN)/pytest -n 2 --dist worksteal $(PYTEST)

test-pythons: $(READY)  ## the quick tests on every other Python that is found; the oldest and the newest: make test-pythons PYTHONS='--at-most 2'
	@$(BIN)/python -m tests.pythons $(PYTHONS)

fuzz: $(READY) $(OLDER_READY)  ## any work on real trees against the oracle (longer: make fuzz FUZZ=60)
	@$(BIN)/python -m tests.fuzz --minutes $(FUZZ) $(if $(FUZZ_SEED),--seed $(FUZZ_SEED))

coverage: $(READY)  ## which branches of scan/ and output/ the quick tests take
	$(BIN)/pytest -n 2 --dist worksteal --quiet --cov --cov-report=term tests/parts $(PYTEST)

# mutmut does not see which tests run what in other processes: for that, all tests of them are run,
# in a group of processes (timeout makes one) that ends whatever a fault lets live on.
mutants: $(READY)  ## which faults in scan/ no quick test would notice; some: make mutants MUTANTS='*.scan.slices.*'
	@rm -rf mutants && mkdir -p mutants/src
	@$(MUTATED) $(BIN)/mutmut run $(MUTANTS)
	@for mutant in $$($(BIN)/mutmut results | sed -n 's/^ *\(.*processes.*\): no tests$$/\1/p'); do \
	    (cd mutants && export $(MUTATED) MUTANT_UNDER_TEST=$$mutant && exec timeout 60 \
	        ../$(BIN)/pytest --quiet --exitfirst -p no:cacheprovider tests/parts/test_workers.py) > mutants/told 2>&1 & \
	    wait $$! && echo "    $$mutant: survived"; \
	    kill -9 -$$! 2> mutants/told; \
	done; true
	@$(BIN)/mutmut results | grep -v 'processes.*no tests'

bench: $(READY)  ## how fast it is, against other ways (about half an hour; shorter: make bench BENCH=--quick)
	@$(BIN)/python -m bench $(BENCH)

lint: $(READY)  ## style, docstrings and types, as CI demands them
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix-only $(CODE)
	$(BIN)/ruff format $(CODE)

lock:  ## write requirements-dev.txt anew, with today's versions, for every Python from 3.10 on
	$(PYTHON) -m venv .lock
	.lock/bin/pip install --quiet --disable-pip-version-check --upgrade uv
	.lock/bin/uv pip compile --quiet --universal --python-version 3.10 --upgrade --extra dev --no-header \
	    --no-emit-package qumulo-changelist --output-file requirements-dev.txt pyproject.toml

clean:
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
