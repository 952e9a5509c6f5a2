# Everything a developer or a newcomer runs. Needed: Python 3.10 or later, and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A qq of an earlier generation: prints its diff a page at a time, and takes snapshots in API v2.
OLDER_QQ := 5.1.0.1
# What an installation depends on: its metadata have the version.
INSTALLED := requirements-dev.txt pyproject.toml src/qumulo_changelist/version.py
READY := $(VENV)/ready-$(shell cat $(INSTALLED) | cksum | cut -d ' ' -f 1)
OLDER_READY := .qq/$(OLDER_QQ)/bin/qq
# What finds faults of a page for those who use a screen reader or a keyboard; needs npm.
AXE := tests/browser/node_modules/axe-core/axe.min.js
CODE := src tests demo bench docs examples manual *.py
MUTATED := PYTHONPATH=$(CURDIR)/mutants/src

# What `make fuzz-bytes` and `make audit` need, each in an environment of its own.
FUZZ_VENV := .fuzz
FUZZ_READY := $(FUZZ_VENV)/ready-$(shell cat requirements-fuzz.txt $(INSTALLED) | cksum | cut -d ' ' -f 1)
AUDIT_VENV := .audit
AUDIT_READY := $(AUDIT_VENV)/ready-$(shell cat requirements-audit.txt pyproject.toml | cksum | cut -d ' ' -f 1)
INSTALLED_TODAY := $(AUDIT_VENV)/installed.txt
PINNED := requirements-dev.txt requirements-docs.txt requirements-fuzz.txt requirements-audit.txt

# The number of minutes to look for a difference; with FUZZ_SEED, the round of that seed is repeated.
FUZZ := 10
FUZZ_SEED :=
# The number of minutes that a soak may take; with SOAK_SEED, what chance decided in that one comes again.
SOAK := 20
SOAK_SEED :=

# The functions that `make mutants` puts faults into: those that decide what a list contains, and write it.
MUTANTS := '*.changes.*' '*.scan.*' '*.output.*'

.PHONY: system-packages demo test kill test-packages test-pythons fuzz fuzz-bytes soak audit coverage mutants bench lint format docs-picture man lock clean

demo: $(READY)  ## the main job on real files, against an emulated cluster
	@$(BIN)/python -m demo

# pytest keeps the tests as it has compiled them: many containers ask every Python not to.
test: $(READY) $(OLDER_READY) $(AXE)  ## all tests
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 3 --dist worksteal $(PYTEST)

kill: $(READY)  ## commands killed before each call that writes to a disk, and in the middle of each write
	KILL_AT_EACH_WRITE=1 $(BIN)/pytest -s tests/end_to_end/test_killed_at_each_write.py $(PYTEST)

test-packages: $(READY)  ## the wheel, the sdist, the man pages and the container files, as users get them
	$(BIN)/pytest tests/packages $(PYTEST)

test-pythons: $(READY)  ## the quick tests on every other Python that is found; the oldest and the newest: make test-pythons PYTHONS='--at-most 2'
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m tests.pythons $(PYTHONS)

fuzz: $(READY) $(OLDER_READY)  ## random work on real trees, each list against the oracle (longer: make fuzz FUZZ=60)
	@$(BIN)/python -m tests.fuzz --minutes $(FUZZ) $(if $(FUZZ_SEED),--seed $(FUZZ_SEED))

# The number of seconds for each reader of foreign bytes, and the only one to try.
BYTES := 60
READER :=

fuzz-bytes: $(FUZZ_READY)  ## bytes that a reader cannot take: make fuzz-bytes BYTES=600, or READER=qq-output alone
	@$(FUZZ_VENV)/bin/python -m tests.foreign $(READER) --seconds $(BYTES)

# Of what is installed today with all extras, and of what is pinned for development. qumulo_api has its licence in a
# file alone: Apache-2.0, with a notice.
audit: $(AUDIT_READY)  ## known vulnerabilities of what is installed, and its licences; needs pypi.org
	$(AUDIT_VENV)/bin/pip-licenses --python $(AUDIT_VENV)/installed/bin/python --from=mixed --order=license \
	    --ignore-packages qumulo_api --partial-match --allow-only='Apache;BSD;MIT;Mozilla;MPL;PSF;Python Software Foundation'
	$(AUDIT_VENV)/bin/pip-audit --strict --disable-pip --no-deps $(foreach one,$(PINNED) $(INSTALLED_TODAY),--requirement $(one))

soak: $(READY) $(OLDER_READY)  ## 24 days of hourly runs under random faults, in 20 minutes (as many hours as fit into two: make soak SOAK=2)
	@$(BIN)/python -m tests.soak --minutes $(SOAK) $(if $(SOAK_SEED),--seed $(SOAK_SEED))

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

.PHONY: docs clean-docs

# The pages need their own versions of what the development tools need.
DOCS_VENV := .docs
DOCS_READY := $(DOCS_VENV)/ready-$(shell cat requirements-docs.txt pyproject.toml | cksum | cut -d ' ' -f 1)

docs: $(DOCS_READY)  ## README and docs as pages, without a warning; the network is not used
	$(DOCS_VENV)/bin/sphinx-build --quiet --fresh-env --jobs auto --nitpicky --fail-on-warning --keep-going \
	    -d docs/_build/doctrees docs docs/_build/html
	@echo "Open docs/_build/html/index.html"

$(DOCS_READY): requirements-docs.txt pyproject.toml
	$(PYTHON) -m venv $(DOCS_VENV)
	$(DOCS_VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements-docs.txt
	$(DOCS_VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@rm -f $(DOCS_VENV)/ready-*
	@touch $@

clean: clean-docs

clean-docs:
	rm -rf $(DOCS_VENV) docs/_build

docs-picture: $(READY)  ## draw the architecture into docs/design.md, and tables of errors and events, from the code
	$(BIN)/python docs/picture.py
	$(BIN)/python docs/tables.py

man: $(READY)  ## the man pages, in man/: read one with `man -l man/qumulo-changelist-run.1`
	@rm -rf man && $(BIN)/python -m manual man

lint: $(READY)  ## style, docstrings and types, as CI checks them
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy

format: $(READY)  ## let ruff fix what it can
	$(BIN)/ruff check --fix-only $(CODE)
	$(BIN)/ruff format $(CODE)

lock:  ## write requirements-dev.txt and requirements-docs.txt anew, with today's versions, for every Python from 3.10 on
	$(PYTHON) -m venv .lock
	.lock/bin/pip install --quiet --disable-pip-version-check --upgrade uv
	for extra in dev docs fuzz audit; do \
	    .lock/bin/uv pip compile --quiet --universal --python-version 3.10 --upgrade --extra $$extra --no-header \
	        --no-emit-package qumulo-changelist --output-file requirements-$$extra.txt pyproject.toml || exit; \
	done

clean:  ## remove what make installed
	rm -rf $(VENV) $(FUZZ_VENV) $(AUDIT_VENV) .fuzz-bytes .qq .lock .pythons man

$(READY): $(INSTALLED)
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 10) or sys.exit("Python 3.10 or later is needed; name one with: make PYTHON=python3.12")'
	@echo "Setting up $(VENV) (about a minute, 800 MB, once)"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@rm -f $(VENV)/ready-*
	@touch $@

$(FUZZ_READY): requirements-fuzz.txt $(INSTALLED)
	$(PYTHON) -m venv $(FUZZ_VENV)
	$(FUZZ_VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements-fuzz.txt
	$(FUZZ_VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --editable .
	@rm -f $(FUZZ_VENV)/ready-*
	@touch $@

$(AUDIT_READY): requirements-audit.txt pyproject.toml
	$(PYTHON) -m venv --clear $(AUDIT_VENV)
	$(AUDIT_VENV)/bin/pip install --quiet --disable-pip-version-check -r requirements-audit.txt
	$(PYTHON) -m venv --without-pip $(AUDIT_VENV)/installed
	$(AUDIT_VENV)/bin/pip --python $(AUDIT_VENV)/installed install --quiet --disable-pip-version-check '.[all]'
	$(AUDIT_VENV)/bin/pip --python $(AUDIT_VENV)/installed freeze --exclude qumulo-changelist > $(INSTALLED_TODAY)
	@touch $@

$(AXE): tests/browser/package.json
	@if command -v npm > /dev/null; then \
	    cd tests/browser && npm install --no-save --no-package-lock --no-audit --no-fund --loglevel=error && touch node_modules/axe-core/axe.min.js; \
	else echo 'npm is not installed: the tests skip what needs axe-core'; fi

system-packages:  ## install what the tests need of Debian, as root; else say what is missing
	@missing=$$(for one in $$(cat tests/system-packages.txt); do \
	    command -v $$one > /dev/null || dpkg -s $$one > /dev/null 2>&1 || echo $$one; done | xargs); \
	if [ -z "$$missing" ]; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null \
	    && apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends $$missing > /dev/null; then :; \
	else echo "the tests skip what needs these Debian packages: apt-get install $$missing"; fi

$(OLDER_READY):
	$(PYTHON) -m venv .qq/$(OLDER_QQ)
	.qq/$(OLDER_QQ)/bin/pip install --quiet --disable-pip-version-check qumulo-api==$(OLDER_QQ)
