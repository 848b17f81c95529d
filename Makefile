# What a newcomer types. Every target sets up what it needs; the second run starts at once.

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV := .venv
RUN := $(VENV)/bin/python
INSTALLED := $(VENV)/.installed
SECONDS ?=
CELLS ?=

.PHONY: demo test matrix django-tests check bench page setup mariadb constraints format clean

demo: setup page ## A Django shop under traffic, measured: the page, and the split of every endpoint
	@$(RUN) -m deploy.demo.run $(if $(SECONDS),--seconds $(SECONDS))

test: setup page ## Every test; what needs a server that is not here is skipped, and says so
	$(RUN) -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(PYTEST)

matrix: setup ## The Django package's tests on every Python and Django that are here (.matrix)
	$(RUN) -m tests.matrix $(CELLS)

django-tests: setup ## Django's own tests, with the package as without: a few minutes
	$(RUN) -m tests.django_suite --compiled

check: setup page ## Style, types, who may import whom, the page's types
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports
	$(RUN) -m dashboard_api.web.build_page --check

bench: setup page ## Every figure that a document names
	$(RUN) -m tests.benchmarks

page: setup ## The page in the browser, from its TypeScript sources
	@$(RUN) -m dashboard_api.web.build_page

format: setup
	$(RUN) -m ruff check --fix .
	$(RUN) -m ruff format .

setup: $(INSTALLED)

$(INSTALLED): deploy/constraints.txt pyproject.toml instrumentation/pyproject.toml
	@test -n "$(PYTHON)" || { echo "Timesplit needs Python 3.11 or newer on the PATH (make PYTHON=/path/to/python)."; exit 1; }
	@echo "Setting up $(VENV) with $(PYTHON): once, about a minute."
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing (Debian: apt install python3-venv)."; exit 1; }
	@$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r deploy/constraints.txt
	@$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . -e instrumentation
	@touch $@

mariadb: setup ## MariaDB's Python driver, which is compiled: the tests of MariaDB skip without it
	$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/matrix/mysqlclient.txt

# The newest versions that pyproject.toml allows, for every Python, with hashes and without addresses.
PIN := $(RUN) -m uv pip compile --quiet --upgrade --universal --generate-hashes \
	--python-version 3.11 --no-header --no-annotate
constraints: setup
	$(PIN) pyproject.toml instrumentation/pyproject.toml --group dev -o deploy/constraints.txt
	$(PIN) --group mariadb -o tests/matrix/mysqlclient.txt

clean:
	rm -rf $(VENV) .compiled .demo .matrix .peers dashboard_api/web/dist dashboard_api/web/node_modules
