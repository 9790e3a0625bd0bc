# VampScope. Needs python3 (3.11 or newer) with venv, and make; everything else is installed into .venv.

PYTHON ?= python3
VENV ?= .venv
ADDRESS ?= 127.0.0.1
PORT ?= 8501
# Whether the page Train trains: off, local or slurm. Only who sits at this machine may use its processor unasked.
VAMPSCOPE_TRAIN ?= $(if $(filter 127.0.0.1 localhost ::1,$(ADDRESS)),local,off)
# Where train-all writes, and what else pytest is told (make test ARGS="tests/test_priors.py").
OUT ?= runs
ARGS ?=
# How many tests run at once: one more than there are cores, because browser journeys often wait; at most eight.
# 0 runs them in one process, where a debugger works.
WORKERS ?= $(shell expr 1 + $$(getconf _NPROCESSORS_ONLN))

BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
PYTEST := $(BIN)/python -m pytest --numprocesses=$(WORKERS) --maxprocesses=8
# --no-compile: to compile all modules of 6 GB takes a minute more, and most are never imported.
PIP := $(BIN)/python -m pip install --disable-pip-version-check --no-compile
UV := $(BIN)/uv pip install --python $(BIN)/python
# Many containers set it. Then each process of the tests would compile the modules of torch again, which takes longer than
# to import them.
export PYTHONDONTWRITEBYTECODE :=
CHECKPOINTS := $(patsubst checkpoints/%/config.json,%,$(wildcard checkpoints/*/*/config.json))

.DEFAULT_GOAL := help
.PHONY: help app test check format coverage train-all measure screenshots docs bench gpu clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

app: $(INSTALLED) ## Start the dashboard; PORT=8501 and ADDRESS=127.0.0.1 unless told otherwise
	VAMPSCOPE_TRAIN=$(VAMPSCOPE_TRAIN) $(BIN)/streamlit run app/asgi.py --server.address=$(ADDRESS) --server.port=$(PORT)

test: $(INSTALLED_DEV) ## Run all tests; ARGS="tests/test_priors.py" runs some
	$(PYTEST) $(ARGS)

check: $(INSTALLED_DEV) ## Lint, layout and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(INSTALLED_DEV) ## Put the code into its layout
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

coverage: $(INSTALLED_DEV) ## Run all tests and name the lines that none of them reaches
	$(PYTEST) --cov --cov-report=term-missing $(ARGS)

train-all: $(CHECKPOINTS:%=train/%) ## Train every shipped model again, into OUT=runs
	@test -n "$(CHECKPOINTS)" || { echo "there is nothing in checkpoints/ to train again" >&2; exit 1; }

train/%: $(INSTALLED)
	$(BIN)/python -m vampcore train --like checkpoints/$* --out $(OUT)/$*

measure: $(INSTALLED) ## Measure log p(x) of the shipped models where it is missing, and write the tables of scores
	$(BIN)/python -m vampcore measure $(ARGS)
	$(BIN)/python docs/results.py

screenshots: $(INSTALLED_DEV) ## Take the pictures of README.md from the running dashboard
	$(BIN)/python docs/screenshots.py

docs: $(INSTALLED_DEV) ## Build the documentation and the API reference into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build

bench: $(INSTALLED_DEV) ## Print how fast everything is, against what; ARGS=--write writes benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks $(ARGS)

gpu: $(INSTALLED) ## Measure and train all that waits for a GPU, nine minutes a part; again goes on; into gpu-results/
	$(BIN)/python -m benchmarks.gpu $(ARGS)

clean: ## Remove the environments and what the tools keep; data, runs and checkpoints stay
	rm -rf $(VENV) site .mypy_cache .pytest_cache .ruff_cache .coverage htmlcov
	find . -name __pycache__ -type d -not -path './runs/*' -prune -exec rm -rf {} +

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "VampScope needs Python 3.11 or newer: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

# The stamps are as old as the last installation, so that a change of what is required installs again. For 6 GB
# uv takes 49 s and pip 116 s (two cores). pip stands in where uv cannot reach a package index.
$(INSTALLED): requirements.txt pyproject.toml | $(BIN)/python
	$(PIP) uv && $(UV) -r requirements.txt || $(PIP) -r requirements.txt
	touch $@

$(INSTALLED_DEV): requirements-dev.txt $(INSTALLED)
	$(UV) -r requirements-dev.txt || $(PIP) -r requirements-dev.txt
	touch $@
