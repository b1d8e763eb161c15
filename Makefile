# The workshop. `make demo` and `make test` work on a fresh machine with Python >= 3.10; everything goes into .venv.
PYTHON ?= python3
BIN := .venv/bin
# a file of tests stays in one process: its browser, its broker and its drawings are made once
CORES := -n auto --dist loadfile

.PHONY: demo test stress lint fmt bench docs clean

demo: .venv/installed
	@$(BIN)/copper demo

test: .venv/workshop
	@sh tests/install-tools.sh
	@$(BIN)/pytest $(CORES)

stress: .venv/workshop
	@sh tests/install-tools.sh
	@COPPER_STRESS=1 $(BIN)/pytest $(CORES)

lint: .venv/workshop
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

fmt: .venv/workshop
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: .venv/workshop
	@$(BIN)/python -m benchmarks.run $(ONLY)

docs: .venv/workshop
	@$(BIN)/python docs/make_pictures.py

clean:
	rm -rf .venv .copper dist build

.venv/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 10) or sys.exit("Copper needs Python 3.10 or newer; name one with: make PYTHON=/path/to/python")'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/workshop: .venv/installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group dev
	@touch $@
