# What a developer types; .ci/run types the same. `make` alone lists it.

PYTHON := .venv/bin/python
PYTEST := $(PYTHON) -m pytest -n auto --dist worksteal --durations 20 --ignore tests/house
# What no engine has a say in is tested once, on SQLite.
ONCE := tests/services tests/deploy tests/browser tests/dbops/s3
# Whole histories, which take minutes: in make test-more, on both engines. On SQLite
# their mark names them.
HISTORIES := tests/northwind tests/stateset/test_demo.py tests/stateset/test_demo_branches.py
# Long too, or the engine has little say in it: on PostgreSQL in make test-more.
LONG := $(HISTORIES) tests/stateset/test_admin_pages.py \
	tests/dbops/maintenance/test_auto_migrate.py tests/inventory/stock/test_last_units.py
# What the engine has no say in at all, of those.
BUT := tests/stateset/test_demo_branches.py::test_the_same_seed_gives_the_same_branches \
	tests/stateset/test_admin_pages.py::test_every_form_can_be_saved_as_it_is_in_every_status
# What must hold with the theme and without it; what a button does is the same, and what
# goes through every page or status goes through them once, with the theme.
PAGES := tests/browser tests/stateset/test_home.py \
	$(filter-out %_buttons.py, $(wildcard tests/stateset/test_admin_*.py)) \
	tests/stateset/system/importing/test_admin.py

# Whatever the caller's shell has of another project stays out of this one.
# Nor is Python kept from keeping what it compiled: each of the many programs that
# the tests start would compile Django anew, which is more than half of its start.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV DJANGO_SETTINGS_MODULE PYTEST_ADDOPTS
unexport PYTHONDONTWRITEBYTECODE
MAKEFLAGS += --no-print-directory

.DEFAULT_GOAL := help
.PHONY: help setup run test test-sqlite test-postgresql test-more test-faults test-ha lint \
	lint-ruff lint-types lint-contracts lint-house audit bench \
	faults-at-once faults-by-the-clock \
	cli schema licences clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 18

setup: ## make .venv from uv.lock, and nothing else
	@sh deploy/dev/setup

run: setup ## start everything on http://127.0.0.1:8000 (PORT=… for another port)
	@exec $(PYTHON) -u -m deploy.dev.run

# Side by side: a test that waits for a program or a lock leaves the machine to others.
test: lint ## lint, then every test on SQLite and on PostgreSQL with Redis
	@$(PYTHON) -m tests.services -- $(MAKE) -j2 -k test-sqlite beside-test-postgresql

# A target that runs beside another one and is told in one piece, when it has ended;
# until then var/ has what it says.
beside-%: setup
	@mkdir -p var
	@$(MAKE) $* >var/$*.log 2>&1; status=$$?; cat var/$*.log; exit $$status

test-sqlite: setup ## the tests on SQLite
	@$(PYTEST) --engine sqlite -m "not exhaustive and not history"

test-postgresql: setup ## the tests on a PostgreSQL of their own
	@$(PYTEST) --engine postgresql -m "not exhaustive" $(ONCE:%=--ignore %) $(LONG:%=--ignore %)

test-more: setup ## longer proofs, a working day, every page through axe, all without the theme
	@$(PYTEST) --engine sqlite -m "exhaustive or history"
	@$(PYTEST) --engine postgresql $(LONG) tests/browser/test_a_day.py $(BUT:%=--deselect %)
	@STATESET_TEST_THEME=plain $(PYTEST) --engine sqlite -m "not exhaustive" $(PAGES)

test-faults: setup ## real faults: full disks, killed programs, cut connections
	@test -d tests/faults || { echo "There are no fault tests yet: tests/faults does not exist." >&2; exit 1; }
	@$(MAKE) -j2 -k --output-sync=target faults-at-once faults-by-the-clock

faults-at-once:
	@$(PYTHON) -m pytest --engine sqlite tests/faults/test_killed_swap.py
	@$(PYTHON) -m tests.services -- $(PYTHON) -m pytest --engine postgresql tests/faults \
		--ignore tests/faults/test_schedule.py

# It waits for minutes to come, beside the others.
faults-by-the-clock:
	@$(PYTHON) -m tests.services -- $(PYTHON) -m pytest --engine postgresql \
		tests/faults/test_schedule.py

test-ha: setup ## clusters and failover
	@test -d tests/ha || { echo "There are no failover tests yet: tests/ha does not exist." >&2; exit 1; }
	@$(PYTHON) -m tests.services -- $(PYTHON) -m pytest --engine postgresql tests/ha

lint: setup ## style, types, import contracts, rules of the house, missing migrations
	@$(MAKE) -j2 -k --output-sync=target lint-types lint-ruff lint-contracts lint-house

lint-ruff:
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check

lint-types:
	@.venv/bin/mypy .

lint-contracts:
	@.venv/bin/lint-imports

lint-house:
	@$(PYTHON) -m pytest tests/house

audit: setup ## known faults in the packages that uv.lock names
	@sh deploy/dev/audit

bench: setup ## the figures the project is held to, each beside what it is held against
	@for file in tests/benchmarks/[a-z]*.py; do \
		name=$$(basename "$$file" .py); echo "== $$name"; \
		$(PYTHON) -m "tests.benchmarks.$$name" || exit 1; \
	done

cli: setup ## write docs/cli.md anew
	@mkdir -p var
	@DJANGO_SETTINGS_MODULE=tests.settings $(PYTHON) -m tests.house.cli > var/cli.md
	@mv var/cli.md docs/cli.md

schema: setup ## write docs/schema.md anew
	@mkdir -p var
	@DJANGO_SETTINGS_MODULE=tests.settings $(PYTHON) manage.py db_schema --format mermaid \
		> var/schema.md
	@mv var/schema.md docs/schema.md

licences: setup ## write docs/third-party-licences.md anew
	@mkdir -p var
	@$(PYTHON) -m tests.house.licences > var/third-party-licences.md
	@mv var/third-party-licences.md docs/third-party-licences.md

clean: ## remove .venv and caches; never the database, the backups or var/
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache staticfiles dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
