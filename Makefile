# `make help` is the contributor's guide. Everything runs inside .venv, which `make install` fills from the lock file.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
CONTROL_PLANE := PYTHONPATH=hack $(BIN)/python -m controlplane
ARGS ?=
NAME =
SCHEDULES ?= 1000
PART_OF_LOCK := --constraints requirements.lock --universal --python-version 3.11 --generate-hashes --no-annotate --quiet

# Where it is set, every process that a test starts compiles all its modules anew: half of what a start costs.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install demo docs test test-fast e2e check format reference control-plane control-plane-stop run bench chaos lock clean

help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/  \1|\2/' | column -t -s '|'

install: $(STAMP) ## Create .venv from the lock file (brings uv itself where there is none)

$(STAMP): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.13,<0.14'
	$(BIN)/uv pip sync --quiet --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: install ## Show the operator at work on a real API server (ARGS=--exit ends by itself)
	PYTHONPATH=hack $(BIN)/python -m demo $(ARGS)

test: install ## All tests, several at once; starts a control plane of its own (ARGS are pytest's)
	$(BIN)/pytest $(ARGS)

test-fast: install ## Those that need no control plane and no minutes: for after each change
	$(BIN)/pytest tests/unit tests/contract tests/chaos/simulation -m 'not integration and not campaign' $(ARGS)

e2e: install ## The image on two real nodes, a story of a week (as root on Linux; it says which packages it needs)
	PYTHONPATH=hack $(BIN)/python -m e2e $(ARGS)

check: install ## Lint, format, types, import contracts and the reference pages, as CI does
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	MYPYPATH=hack $(BIN)/mypy --config-file pyproject.toml -p controlplane -p demo -p e2e -p pictures -p reference -p tools -m argocd_cm -m website
	$(BIN)/lint-imports --no-cache
	PYTHONPATH=hack $(BIN)/python -m reference --check

format: install ## Format the code and sort its imports
	$(BIN)/ruff check --fix --quiet . || true
	$(BIN)/ruff format --quiet .

reference: install ## Write docs/reference from the code, the commands and the CRDs
	PYTHONPATH=hack $(BIN)/python -m reference

docs: install ## Build the pages as a site in .cache/site; a link that leads nowhere fails it
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

control-plane: install ## Start a kube-apiserver with the CRDs; leaves .cache/control-plane/kubeconfig
	$(CONTROL_PLANE) start

control-plane-stop: install ## Stop it, and nothing else
	$(CONTROL_PLANE) stop

run: install ## Run the operator against the control plane of `make control-plane` (ARGS are the operator's)
	KUBECONFIG=$${KUBECONFIG:-.cache/control-plane/kubeconfig} $(BIN)/cxone-operator run $(ARGS)

bench: install ## Measure, e.g. NAME=scale ARGS="--users 1000"; without NAME it lists what there is
	PYTHONPATH=hack:benchmarks:tests $(BIN)/python -m measure $(NAME) $(ARGS)

chaos: install ## Break it for longer than `make test` does: SCHEDULES random ones on real processes, 30 times as many simulated
	CHAOS_SEED=$${CHAOS_SEED:-random} CHAOS_SCHEDULES=$$((30 * $(SCHEDULES))) CHAOS_PROCESS_SCHEDULES=$(SCHEDULES) $(BIN)/pytest tests/chaos $(ARGS)

lock: ## Resolve the dependencies again into requirements.lock, and into its two parts that the image is built from
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
		--quiet --upgrade --output-file requirements.lock
	$(BIN)/uv pip compile pyproject.toml $(PART_OF_LOCK) --output-file requirements-runtime.lock
	echo hatchling | $(BIN)/uv pip compile - $(PART_OF_LOCK) --output-file requirements-build.lock

clean: ## Remove everything that can be made again (stops the control plane)
	@if test -x $(BIN)/python; then $(CONTROL_PLANE) stop; fi
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
