# The commands of this repository; `make` alone lists them.

bin := .venv/bin
ARGS :=
k :=

# A service that starts in half a second takes two where nothing compiled is kept.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run-setup demo test test-slow check lint format types imports sizes locks lock bench docs docs-check

help:  ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup:  ## Everything needed to work here, in .venv (needs Python 3.11 or newer)
	@tools/setup.sh

run-setup:
	@tools/setup.sh --run

demo: run-setup  ## A gateway, an upstream and a first picture (ARGS="--port 9000" and the like)
	@$(bin)/mjgate demo $(ARGS)

test: setup  ## The fast tests, on both databases (k=name for some, ARGS for pytest)
	@$(bin)/pytest $(if $(k),-k "$(k)",--numprocesses=2 --dist=worksteal) $(ARGS)

test-slow: setup  ## Killed processes, take-over, soaks, browser
	@$(bin)/pytest -m slow --timeout=600 $(if $(k),-k "$(k)",--numprocesses=2 --dist=worksteal) $(ARGS)

check: lint types imports sizes locks docs-check test  ## All that a change must pass: style, types, imports, locks, docs, tests

format: setup  ## Put the code into its form, and mend what can be mended
	@$(bin)/ruff check --quiet --fix-only
	@$(bin)/ruff format

lint: setup
	@$(bin)/ruff format --check --quiet || { echo 'Not formatted: run `make format`'; exit 1; }
	@$(bin)/ruff check

types: setup
	@$(bin)/basedpyright

imports: setup
	@$(bin)/lint-imports --no-logo

sizes: setup
	@$(bin)/python tools/sizes.py

locks: setup
	@$(bin)/python tools/lock.py --check

lock: setup  ## Write the locks after a change of the dependencies (ARGS=--upgrade for the newest)
	@$(bin)/python tools/lock.py $(ARGS)
	@tools/setup.sh

bench: setup  ## The figures of the README, with their baselines, in one run
	@for script in fetch submit waiting track media lists; do $(bin)/python -m bench.$$script $(ARGS) || exit 1; done

docs: setup  ## Write the pages that are made from the code
	@$(bin)/python tools/docs.py

docs-check: setup
	@test ! -e tools/docs.py || $(bin)/python tools/docs.py --check
