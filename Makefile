# Everything a fresh machine with Python and make needs: `make demo` and `make test`.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: help demo test lint lit unit docs bench clean

help:
	@echo "make demo    install, then train, compile and run a small network"
	@echo "make test    install, then lint, check types, lit and unit tests"
	@echo "make lint    ruff and pyright only"
	@echo "make lit     the FileCheck tests only"
	@echo "make unit    the unit and conformance tests only"
	@echo "make docs    check that the generated reference is up to date"
	@echo "make bench   the benchmarks; they take minutes"
	@echo "make clean   remove the environment and every cache"

demo: $(VENV)/.installed-demo
	$(BIN)/corelower demo

test: lint lit unit

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python

lit: $(VENV)/.installed-test
	$(BIN)/lit -q test/filecheck

unit: $(VENV)/.installed-test
	$(BIN)/pytest -q --numprocesses auto --maxprocesses 8

docs: $(VENV)/.installed-test
	$(BIN)/python docs/generate.py --check

bench: $(VENV)/.installed-test
	$(BIN)/python test/benchmark/bench_scale.py vgg16
	$(BIN)/python test/benchmark/bench_scale.py resnet18
	$(BIN)/python test/benchmark/bench_scale.py resnet50

clean:
	rm -rf $(VENV) build corelower.egg-info .pytest_cache .ruff_cache .hypothesis

# One stamp for each set of extras; it grows old with what decides about versions.
$(VENV)/.installed-%: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[$*]'
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "error: Python 3.11 or newer is needed; name one with make PYTHON=..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
