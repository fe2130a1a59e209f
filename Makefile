# The tasks of this project; `make help` lists them. Needs Python 3.11 or newer, and nothing else.

VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
REFERENCE := .venv-compat
LOCKS := uv.lock pyproject.toml scripts/sync_environment.py
SOURCES := shared services workers

.DEFAULT_GOAL := help
.PHONY: help install demo test test-fuzz test-chaos again check format generate bench soak compat-env lock clean

help: ## list the tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

install: $(VENV)/.installed ## make the environment, with the windlass command in .venv/bin
	@$(BIN)/python -m compileall -q $(SOURCES)

demo: install ## show the main job: server, worker, deployment, runs, a schedule
	@$(BIN)/python scripts/demo.py

check: $(VENV)/.installed-dev ## run every gate: lint, format, types, imports, sizes, goldens
	@$(BIN)/python scripts/check.py

test: $(VENV)/.installed-dev compat-env ## run the whole suite on real servers (ARGS=... for pytest)
	@$(BIN)/python -m compileall -q $(SOURCES)
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS) || { [ $$? = 1 ] && $(MAKE) --no-print-directory again; }
	@$(BIN)/python -m scripts.smoke_newest_python

# Real processes miss their time now and then on a machine that others use; alone, they do not.
# Only after a whole run in which tests failed (exit status 1), and only those tests, once.
again:
	@echo "These failed; each is run once more, alone, and has to pass:"
	@$(BIN)/python -m pytest --last-failed --last-failed-no-failures none

test-fuzz: $(VENV)/.installed-dev ## ask the server 100 made-up requests an operation (EXAMPLES=...)
	@WINDLASS_TEST_FUZZ_EXAMPLES=$(or $(EXAMPLES),100) $(BIN)/python -m pytest tests/fuzz -rP $(ARGS)

test-chaos: $(VENV)/.installed-dev ## break things under load, at full size, into docs/reliability.md
	@$(BIN)/python -m compileall -q $(SOURCES)
	@WINDLASS_TEST_CHAOS=$(or $(FORM),long) WINDLASS_TEST_CHAOS_REPORT=docs/reliability.md \
	    $(BIN)/python -m pytest tests/chaos -p no:randomly $(ARGS)

format: $(VENV)/.installed-dev ## format the code and apply the safe fixes of the linter
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

generate: $(VENV)/.installed-dev ## rewrite generated files and goldens; review the diff
	@$(BIN)/python scripts/unasync.py
	@WINDLASS_UPDATE_GOLDENS=1 $(BIN)/python -m pytest -q -m golden

bench: $(VENV)/.installed-dev compat-env ## measure, beside the stock reference, into benchmarks/
	@$(BIN)/python -m compileall -q $(SOURCES)
	@$(BIN)/python -m benchmarks

soak: $(VENV)/.installed-dev ## watch the memory of the services under load (MINUTES=20)
	@$(BIN)/python -m compileall -q $(SOURCES)
	@$(BIN)/python -m benchmarks.soak --minutes $(or $(MINUTES),20) --write

compat-env: $(REFERENCE)/.installed ## make the environment of the stock reference

lock: $(UV) ## resolve the dependencies anew into uv.lock
	@$(UV) lock

clean: ## remove the environments and all caches
	@rm -rf $(VENV) $(REFERENCE) build dist .pytest_cache .ruff_cache .import_linter_cache \
	    .hypothesis .coverage*
	@find $(SOURCES) tests scripts benchmarks examples -name __pycache__ -prune -exec rm -rf {} +

$(UV): scripts/bootstrap.py scripts/find_python.sh
	@python=$$(sh scripts/find_python.sh) && "$$python" scripts/bootstrap.py $(VENV)

# Each environment holds exactly its lock; the larger one is also a good smaller one.
$(VENV)/.installed: $(UV) $(LOCKS)
	@$(BIN)/python scripts/sync_environment.py $(VENV)
	@touch $@

$(VENV)/.installed-dev: $(UV) $(LOCKS)
	@$(BIN)/python scripts/sync_environment.py $(VENV) --group dev
	@touch $(VENV)/.installed $@

$(REFERENCE)/.installed: $(UV) tests/compat/requirements.txt scripts/sync_environment.py
	@$(BIN)/python scripts/sync_environment.py $(REFERENCE) --requirements tests/compat/requirements.txt
	@touch $@
