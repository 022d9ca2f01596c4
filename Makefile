# Everything runs in .venv, made on first use from requirements/dev.txt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?= -n 2

.PHONY: demo test doc lint bench clean
.DEFAULT_GOAL := test

$(VENV)/installed: requirements/dev.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@

demo: $(VENV)/installed
	$(BIN)/python examples/00_quickstart/plot_quickstart.py --output demo

test: $(VENV)/installed
	$(BIN)/python -m pytest $(PYTEST_ARGS)

doc: $(VENV)/installed
	$(BIN)/python -m sphinx -W --keep-going -b html doc doc/_build/html

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell

bench: $(VENV)/installed
	$(BIN)/python benchmarks/run.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/encoding.py

clean:
	rm -rf $(VENV) .venv-* demo doc/_build doc/auto_examples doc/api/generated build dist
