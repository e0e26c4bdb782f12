VENV := .venv
PYTHON ?= python3
SNAKEMAKE := $(VENV)/bin/snakemake
REPORT := results/report.html
# modules of the user's would stand before those of the environment
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP

.PHONY: all toy toy-seeds toy-datamodels toy-flipped toy-boundary cifar10-cnn cifar10-resnet cifar10-small \
  agreement near-duplicates near-duplicates-seeds cifar10-flipped cifar10-boundary run targets report test test-fast \
  slurm test-slurm lint bench lock clean

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

slurm: $(VENV)/slurm  ## the environment for a cluster: the same, and what profiles/slurm needs

toy: $(VENV)/installed  ## the toy study
	$(SNAKEMAKE) --quiet rules reason host -- toy

toy-seeds: $(VENV)/installed  ## the same over training seeds and recipes, and its table
	$(SNAKEMAKE) --quiet rules reason host -- toy_seeds

toy-datamodels: $(VENV)/installed  ## datamodels of thousands of subsets
	$(SNAKEMAKE) --quiet rules reason host -- toy_datamodels

toy-flipped: $(VENV)/installed  ## flipped labels of the toy set: which score finds them
	$(SNAKEMAKE) --quiet rules reason host -- toy_flipped

cifar10-cnn: $(VENV)/installed  ## CIFAR-10 with `cnn`; SETTINGS=mine.yaml adds settings, such as a path of the archive
	$(SNAKEMAKE) --quiet rules reason host --configfile config/cifar10.yaml $(SETTINGS) -- cifar10_cnn

cifar10-resnet: $(VENV)/installed  ## the same with the report's residual network, 12 epochs; SETTINGS as above
	$(SNAKEMAKE) --quiet rules reason host --configfile config/cifar10.yaml $(SETTINGS) -- cifar10_resnet

cifar10-small: $(VENV)/installed  ## cnn, vgg19 and resnet18 on 4000 images; SETTINGS as above
	$(SNAKEMAKE) --quiet rules reason host --configfile config/cifar10.yaml $(SETTINGS) -- cifar10_small

agreement: $(VENV)/installed  ## do groups depend on training seed and model; needs what near-duplicates needs
	$(SNAKEMAKE) --quiet rules reason host --configfile config/cifar10.yaml $(SETTINGS) -- agreement

near-duplicates: $(VENV)/installed  ## which method finds near-duplicates; needs near-duplicates.csv or SETTINGS
	$(SNAKEMAKE) --quiet rules reason host --configfile config/cifar10.yaml $(SETTINGS) -- near_duplicates

near-duplicates-seeds: $(VENV)/installed  ## the same over training seeds; SETTINGS as above
	$(SNAKEMAKE) --quiet rules reason host --configfile config/cifar10.yaml $(SETTINGS) -- near_duplicates_seeds

cifar10-flipped: $(VENV)/installed  ## the same of CIFAR-10 with `cnn`
	$(SNAKEMAKE) --quiet rules reason host --configfile config/cifar10.yaml $(SETTINGS) -- cifar10_flipped

toy-boundary: $(VENV)/installed  ## weights-boundary scores of groups of the toy study
	$(SNAKEMAKE) --quiet rules reason host -- toy_boundary

cifar10-boundary: $(VENV)/installed  ## the same of CIFAR-10 with `cnn`
	$(SNAKEMAKE) --quiet rules reason host --configfile config/cifar10.yaml $(SETTINGS) -- cifar10_boundary

run: $(VENV)/installed  ## a target by its name: make run TARGET=toy_seeds, and SETTINGS=mine.yaml for settings that differ
	$(SNAKEMAKE) --quiet rules reason host $(if $(SETTINGS),--configfile $(SETTINGS)) -- $(TARGET)

targets: $(VENV)/installed  ## the targets
	@$(SNAKEMAKE) --list-target-rules

report: toy  ## one self-contained HTML file of the toy study
	$(SNAKEMAKE) --quiet all --report $(REPORT) -- toy

test: $(VENV)/installed  ## set up the environment and run the tests
	$(VENV)/bin/python -m pytest -q tests

test-fast: $(VENV)/installed  ## the tests but for those marked slow
	$(VENV)/bin/python -m pytest -q -m "not slow" tests

test-slurm: $(VENV)/slurm  ## the tiny study on a real SLURM of this host, as root; skips where SLURM is not installed
	$(VENV)/bin/python -m pytest -q -rs tests/slurm

lint: $(VENV)/installed  ## style of Python and Snakemake files
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/snakefmt --check -l 120 Snakefile rules
	$(VENV)/bin/python tests/lint_workflow.py

bench: $(VENV)/installed  ## cost of the numerics, as ratios to plain matrix products
	for benchmark in benchmarks/bench_*.py; do $(VENV)/bin/python $$benchmark || exit 1; done

lock:  ## resolve locks/*.in again; needs uv
	for part in run dev slurm; do uv pip compile --universal --python-version 3.11 --generate-hashes --no-header \
	  --no-annotate --no-emit-index-url --no-emit-find-links -q locks/$$part.in -o locks/$$part.txt; done

clean:  ## remove results, keep the environment
	rm -rf results .snakemake
