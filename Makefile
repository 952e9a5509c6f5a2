# Everything a developer or a newcomer runs. Needed: Python 3.11 or later, and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A qq of an earlier generation: prints its diff a page at a time, and takes snapshots in API v2.
OLDER_QQ := 5.1.0.1
READY := $(VENV)/ready-$(shell cat requirements-dev.txt pyproject.toml | cksum | cut -d ' ' -f 1)
OLDER_READY := .qq/$(OLDER_QQ)/bin/qq
CODE := src tests demo bench *.py

.PHONY: demo test bench lint format lock clean

demo: $(READY)  ## the whole job on real files, against an emulated cluster
	@$(BIN)/python -m demo

test: $(READY) $(OLDER_READY)  ## all tests
	$(BIN)/pytest -n 2 --dist worksteal $(PYTEST)

bench: $(READY)  ## how fast it is, against other ways (about half an hour; shorter: make bench BENCH=--quick)
	@$(BIN)/python -m bench $(BENCH)

lint: $(READY)  ## style, docstrings and types, as CI demands them
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy

format: $(READY)
	$(BIN)/ruff check --fix-only $(CODE)
	$(BIN)/ruff format $(CODE)

lock: $(READY)  ## write requirements-dev.txt anew, with today's versions
	$(BIN)/pip-compile --quiet --strip-extras --extra dev --no-emit-index-url --no-emit-find-links \
	    --no-emit-trusted-host --no-header --unsafe-package qumulo-changelist --output-file requirements-dev.txt pyproject.toml

clean:
	rm -rf $(VENV) .qq

$(READY): requirements-dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or later is needed; name one with: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@rm -f $(VENV)/ready-*
	@touch $@

$(OLDER_READY):
	$(PYTHON) -m venv .qq/$(OLDER_QQ)
	.qq/$(OLDER_QQ)/bin/pip install --quiet --disable-pip-version-check qumulo-api==$(OLDER_QQ)
