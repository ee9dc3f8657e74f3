PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
# The versions that the tests ran with; empty for the newest ones, or where these cannot be had.
CONSTRAINTS ?= constraints.txt

.PHONY: help install demo test lint format constraints audit bench-encode study benchmark clean

help: ## Show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

install: $(STAMP) ## Create .venv and install the project with all extras

$(STAMP): pyproject.toml $(CONSTRAINTS)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet $(if $(CONSTRAINTS),--constraint $(CONSTRAINTS)) --editable ".[all,dev]"
	@touch $@

demo: install ## The whole way on synthetic faces: corpus, training, ER-NeRF features, demo/evaluation/report.html
	$(BIN)/pase synthesize demo/raw --clips 160 --speakers 16 --seed 0 --landmarks
	$(BIN)/pase synthesize demo/raw_unseen --clips 16 --speakers 8 --seed 1 --landmarks
	$(BIN)/pase prepare demo/raw demo/corpus --recipe folder --landmarks sidecar
	$(BIN)/pase prepare demo/raw_unseen demo/corpus_unseen --recipe folder --landmarks sidecar
	$(BIN)/pase fit --config configs/model/pase_tiny.yaml --config configs/demo.yaml
	$(BIN)/pase-adapt --renderer er-nerf --audio demo/raw_unseen/speaker001/clip00001.mp4 \
		--output demo/er-nerf --checkpoint demo/run/checkpoint
	$(BIN)/pase evaluate demo/run/checkpoint demo/corpus --unseen demo/corpus_unseen \
		--run demo/run --output demo/evaluation

test: install ## Run all tests, a process for each core
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses auto --dist loadfile

lint: install ## Check format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: install ## Format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

constraints: install ## Write the installed versions of all that PASE needs to constraints.txt (newest: make install CONSTRAINTS=)
	$(BIN)/python -m pase.doctor.constraints > $(VENV)/constraints.txt
	mv $(VENV)/constraints.txt constraints.txt

# With OFFLINE=pass, as in CI, it does not fail where the service cannot be asked; it does at everything else.
audit: install ## Known vulnerabilities of the versions in constraints.txt; asks pip-audit's service over the network
	$(BIN)/python -m pase.doctor.audit $(if $(filter pass,$(OFFLINE)),--offline-passes)

bench-encode: install ## Speed of encoding beside wav2vec2-base and HuBERT-large
	$(BIN)/python -m pase.benchmarks.encode

study: install ## What each part of the method is worth: needs runs/grid_s1 and runs/grid_other, prepared from GRID
	$(BIN)/pase study configs/study/ablation.yaml --output runs/study

benchmark: install ## Which features give better lips, by our own renderers: needs runs/grid_s1 and the videos in GRID/s1
	$(BIN)/python -m pase_adapters.benchmark configs/benchmark/grid.yaml --output runs/benchmark

clean: ## Remove what demo and training wrote
	rm -rf demo runs
