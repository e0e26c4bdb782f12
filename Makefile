VENV := .venv
PYTHON ?= python3
SNAKEMAKE := $(VENV)/bin/snakemake
REPORT := results/report.html
# modules of the user's would stand before those of the environment
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP

# what `make run` builds, and files of settings on top of config/: make run TARGET=cifar10_cnn SETTINGS="mine.yaml";
# without TARGET the studies that the settings add, else the toy study
TARGET ?=
SETTINGS ?=
# processes that share the tests, a file of tests to one of them; each takes up to 2 GB
WORKERS ?= 2
GIVEN := $(if $(SETTINGS),--configfile $(SETTINGS))
RUN := $(SNAKEMAKE) --quiet rules reason host $(GIVEN)
# where the report of these settings and of this target is written
OF_SETTINGS := $$(PYTHONPATH=scripts $(VENV)/bin/python -m attribution.workflow.targets --report "$(TARGET)" $(SETTINGS))

.PHONY: all new run targets report test test-fast cleanlab wandb slurm test-slurm test-packages lint bench lock clean

all: report  ## the toy study with its figures and report
	@echo "Report:  $(REPORT)"
	@echo "Figures: results/figures/toy"

$(VENV)/installed: locks/run.txt locks/dev.txt
	@$(PYTHON) scripts/attribution/runtime/clone_path.py
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install -q --require-hashes -r locks/run.txt
	$(VENV)/bin/pip install -q --require-hashes -r locks/dev.txt
	touch $@

$(VENV)/slurm: $(VENV)/installed locks/slurm.txt
	$(VENV)/bin/pip install -q --require-hashes -r locks/slurm.txt
	touch $@

$(VENV)/cleanlab: $(VENV)/installed locks/cleanlab.txt
	$(VENV)/bin/pip install -q --require-hashes -r locks/cleanlab.txt
	touch $@

cleanlab: $(VENV)/cleanlab  ## the package cleanlab beside it, for methods cleanlab and cleanlab-confident-learning

$(VENV)/wandb: $(VENV)/installed locks/wandb.txt
	$(VENV)/bin/pip install -q --require-hashes -r locks/wandb.txt
	touch $@

wandb: $(VENV)/wandb  ## the package wandb beside it, for tracking.wandb, which writes runs offline

slurm: $(VENV)/slurm  ## the environment for a cluster: the same, and what profiles/slurm needs

new: $(VENV)/installed  ## NAME=mine DATA=mine.npz MODEL=mine.keras LABEL=column CATEGORIES=columns,of,codes FACTORS=mine.npz: writes mine.yaml, a study of your data
	@PYTHONPATH=scripts $(VENV)/bin/python -m attribution.data.new_study "$(NAME)" "$(DATA)" "$(MODEL)" "$(LABEL)" "$(FACTORS)" "$(CATEGORIES)"

run: $(VENV)/installed  ## SETTINGS=mine.yaml: your study with its report; TARGET=NAME: one of `make targets`, with SETTINGS also its report
	$(RUN) $(if $(TARGET),-- $(TARGET))
ifneq ($(SETTINGS),)
	$(SNAKEMAKE) --quiet all $(GIVEN) --report "$(OF_SETTINGS)" $(if $(TARGET),-- $(TARGET))
	@echo "Report: $(OF_SETTINGS)"
endif

targets: $(VENV)/installed  ## what TARGET may be, a line each
	@PYTHONPATH=scripts $(VENV)/bin/python -m attribution.workflow.targets $(SETTINGS)

report: $(VENV)/installed  ## the toy study and one self-contained HTML file of it
	$(RUN) -- toy
	$(SNAKEMAKE) --quiet all $(GIVEN) --report $(REPORT) -- toy

test: $(VENV)/installed  ## set up the environment and run the tests
	$(VENV)/bin/python -m pytest -q -n $(WORKERS) --dist loadfile tests

test-fast: $(VENV)/installed  ## the tests but for those marked slow
	$(VENV)/bin/python -m pytest -q -n $(WORKERS) --dist loadfile -m "not slow" tests

test-slurm: $(VENV)/slurm  ## the tiny study on a real SLURM of this host, as root; skips where SLURM is not installed
	$(VENV)/bin/python -m pytest -q -rs tests/slurm

test-packages: $(VENV)/cleanlab $(VENV)/wandb  ## the tests of the packages cleanlab and wandb, which `make test` skips where they are not installed
	$(VENV)/bin/python -m pytest -q -rs tests/answers/test_tracking.py tests/answers/test_wrong_labels.py

lint: $(VENV)/installed  ## style of Python and Snakemake files
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/snakefmt --check -l 120 Snakefile rules
	$(VENV)/bin/python tests/lint_workflow.py

bench: $(VENV)/installed  ## cost of the numerics, as ratios to plain matrix products
	for benchmark in benchmarks/bench_*.py benchmarks/*/bench_*.py; do $(VENV)/bin/python $$benchmark || exit 1; done

lock:  ## resolve locks/*.in again; needs uv
	for part in run dev slurm cleanlab wandb; do uv pip compile --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate --no-emit-index-url --no-emit-find-links -q locks/$$part.in -o locks/$$part.txt; done

clean:  ## remove results, keep the environment
	rm -rf results .snakemake
