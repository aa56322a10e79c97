# Every developer command. A fresh clone needs Python 3.11 or later with venv, git and make.
.DEFAULT_GOAL := help
.PHONY: help run env test soak check fmt bench docs understanding constraints

BIN := .venv/bin
RUNS := .venv/installed-run
DEVELOPS := .venv/installed-dev
# More arguments for pytest, the benchmark or the server: make test ARGS="-k relay -x"
ARGS ?=

help: ## what there is
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 16

run: $(RUNS) ## serve on http://127.0.0.1:8000; the demo, unless a channel is configured
	@exec $(BIN)/kitline serve $(ARGS)

env: $(DEVELOPS) ## everything for development, into .venv

test: $(DEVELOPS) ## every test but the long ones: at most 10 minutes on two cores
	@tools/browser.sh
	$(BIN)/pytest -m "not slow and not alone" -n 3 --dist worksteal $(ARGS) || [ $$? -eq 5 ]
	$(BIN)/pytest -m "alone and not slow" -n 2 --dist loadfile $(ARGS) || [ $$? -eq 5 ]

soak: $(DEVELOPS) ## the long tests
	$(BIN)/pytest -m slow $(ARGS)

check: $(DEVELOPS) ## format, lint, types, layers, flows and texts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/kitline check

fmt: $(DEVELOPS) ## put the code in order
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(DEVELOPS) ## the benchmark; its figures are kept in docs/performance.md
	$(BIN)/python -m tests.bench $(ARGS)

understanding: $(DEVELOPS) ## how well the example phrases are understood
	$(BIN)/python -m tests.measure_understanding $(ARGS)

docs: $(DEVELOPS) ## write again what is made from the code: docs/flows.md, docs/licences.md
	$(BIN)/kitline check --write-docs
	$(BIN)/python -m tools.licences > docs/licences.md

constraints: $(DEVELOPS) ## pin the dependencies anew, after a change of pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --no-header --no-annotate --universal --extra dev pyproject.toml -o constraints.txt

$(RUNS): pyproject.toml constraints.txt tools/environment.sh
	@tools/environment.sh
	@touch $@

$(DEVELOPS): pyproject.toml constraints.txt tools/environment.sh
	@tools/environment.sh dev
	@touch $(RUNS) $@
