VENV := .venv

.PHONY: test lint

$(VENV)/installed: locks/run.txt locks/dev.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install -q --require-hashes -r locks/run.txt
	$(VENV)/bin/pip install -q --require-hashes -r locks/dev.txt
	touch $@

test: $(VENV)/installed  ## set up the environment and run the tests
	$(VENV)/bin/python -m pytest -q tests

lint: $(VENV)/installed
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
