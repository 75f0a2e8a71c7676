# Two commands for a machine that has only Python 3.11 (or later) and make: `make demo` and `make test`.

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq

.PHONY: demo test figures compare lint bench docs site clean
.DELETE_ON_ERROR:

demo: $(VENV)/installed ## runs the first experiment: ends with a table and the path of what was written
	@$(BIN)/testbed run experiments/quickstart.yaml

test: $(VENV)/developed ## all tests
	@$(BIN)/pytest -n auto -q

figures: $(VENV)/installed ## every published figure, those too that take minutes
	@$(BIN)/testbed run experiments/reference/*.yaml experiments/reference/long/*.yaml

compare: $(VENV)/installed ## the comparisons of experiments/compare, with their verdicts: minutes
	@$(BIN)/testbed run experiments/compare/*.yaml

lint: $(VENV)/developed ## style, types, floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/installed ## segments a wall second and peak memory
	@$(BIN)/python benchmarks/speed.py

docs: $(VENV)/developed ## writes the reference pages and the examples' pictures anew from the program
	@$(BIN)/python docs/generate.py

site: $(VENV)/developed ## the documentation as a site, in docs/_build/html
	@$(BIN)/sphinx-build -q -W --keep-going docs docs/_build/html

clean: ## what the other targets made
	rm -rf $(VENV) build dist docs/_build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

# -- the environment -----------------------------------------------------------------------------------------------

# Each stamp is made last, so that what was interrupted is done again.
$(VENV)/made:
	@test -n "$(PYTHON)" || { echo "testbed needs Python 3.11 or later, and none was found on the PATH." >&2; \
		echo "Install one, or name it: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "Making an environment in $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv --clear $(VENV) >$(VENV).log 2>&1 || { cat $(VENV).log >&2; rm -rf $(VENV) $(VENV).log; \
		echo "This Python cannot make environments. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@rm -f $(VENV).log
	@touch $@

# The sources are installed in place, so that an edit needs no new installation.
$(VENV)/installed: pyproject.toml | $(VENV)/made
	@echo "Installing testbed (once)"
	@$(PIP) install --editable .
	@touch $@

$(VENV)/developed: pyproject.toml | $(VENV)/made
	@echo "Installing testbed and its tools (once)"
	@$(PIP) install --editable '.[dev]'
	@touch $@ $(VENV)/installed
