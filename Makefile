PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: help install demo test lint format bench-encode clean

help: ## Show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

install: $(STAMP) ## Create .venv and install the project with all extras

$(STAMP): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --editable ".[all,dev]"
	@touch $@

demo: install ## Synthesise a corpus, train, adapt to ER-NeRF, write demo/report.html
	$(BIN)/pase demo demo

test: install ## Run all tests
	$(BIN)/pytest

lint: install ## Check format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: install ## Format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench-encode: install ## Speed of encoding beside wav2vec2-base and HuBERT-large
	$(BIN)/python -m pase.evaluation.bench_encode

clean: ## Remove what demo and training wrote
	rm -rf demo runs
