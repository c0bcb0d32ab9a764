# RouteIQ. `make up` and `make test` set everything up by themselves; `make help` lists the rest.
# From another directory: `make -C /path/to/it up`. A path may contain spaces, so nothing here is a prerequisite by path.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
ARGS ?=
# What is compiled, and what speaks HTTP through it. Other clients and the long waits are the first run's.
COMPILED_TESTS := $(addprefix tests/unit/kit/test_,asgi.py batch.py build.py cork.py http_head.py http_request.py ids.py metrics.py) \
  tests/unit/gateway/pipeline tests/unit/gateway/upstream tests/contract/executor/test_executor.py \
  tests/contract/upstream/test_http_*.py tests/integration/test_http_*.py \
  $(addprefix tests/integration/test_,drain.py edge_limits.py lean_gateway.py passages.py routing_away.py traces.py \
    upstream_away.py) tests/e2e/test_fuzz.py
COMPILED_ONLY := not aiohttp and not test_http_proxy and not hole_in_the_network
# What the floors of branch coverage are about, and what must reach them. To measure doubles a test's CPU.
MEASURED_TESTS := tests/unit/gateway tests/unit/routing tests/contract/executor tests/contract/upstream
DEFAULT_ARTIFACT := services/routeiq/routing/artifacts/default

.DEFAULT_GOAL := help
.PHONY: help install up compile test test-compiled lint unit train bench bench-ledger soak chaos parity protos migration lock docs clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' Makefile | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

install: ## Set up .venv with everything that up, test and train need
	@VENV="$(VENV)" PYTHON="$(PYTHON)" sh tools/install.sh

up: install ## Run the suite on this machine (ARGS="--port 4001 ...")
	@exec "$(BIN)/routeiq" up $(ARGS)

compile: install ## The package with its request path compiled, in build/compiled, for PYTHONPATH (needs a C compiler)
	@"$(BIN)/python" tools/compile.py

test: install lint ## Lint, then every test, then those of the request path once more, compiled
	"$(BIN)/python" -m pytest $(ARGS) --cov --cov-report= $(MEASURED_TESTS) && "$(BIN)/python" tools/check_coverage.py
	"$(BIN)/python" -m pytest $(ARGS) $(addprefix --ignore=,$(MEASURED_TESTS))
	@if "$(BIN)/python" tools/compile.py --check; then $(MAKE) --no-print-directory test-compiled; fi

test-compiled: compile ## The tests of what is compiled, on it
	PYTHONPATH="$(CURDIR)/build/compiled" "$(BIN)/python" -m pytest --compiled -k "$(COMPILED_ONLY)" $(COMPILED_TESTS)

lint: install ## Style, types, import contracts, generated files
	"$(BIN)/ruff" check --quiet . && "$(BIN)/ruff" format --check --quiet .
	"$(BIN)/mypy"
	"$(BIN)/lint-imports" --no-cache
	"$(BIN)/python" tools/check_isolation.py
	"$(BIN)/python" tools/gen_protos.py --check && "$(BIN)/python" tools/gen_config_reference.py --check

unit: install ## The unit tests alone
	"$(BIN)/python" -m pytest tests/unit $(ARGS)

train: install ## Train the shipped artifact again from the data in the repository
	"$(BIN)/routeiq" train --data tests/data/routing/multi_tasks.parquet --out $(DEFAULT_ARTIFACT) \
	  --notes services/routeiq/routing/artifacts/notes.md $(ARGS)

bench: install ## Measure the gateway beside nginx (PEERS=all: and Envoy, LiteLLM; CHECK=1: fail on a missed goal)
	"$(BIN)/python" -m tests.perf.bench

bench-ledger: install ## Time the ledger's reading and writing on a database of its own (ROWS=10000000)
	"$(BIN)/python" -m tests.perf.ledger

soak: install ## Ten minutes of mixed traffic with faults (DURATION=600): leaks, hangs, wrong answers
	"$(BIN)/python" -m tests.perf.soak

chaos: install ## A hundred kills of everything under load (ROUNDS=100): is each request in the ledger once, at a fair price?
	"$(BIN)/python" -m tests.chaos

parity: install ## Compare the encoder with sentence-transformers (installs torch, elsewhere than .venv)
	test -x .venv-parity/bin/python || "$(PYTHON)" -m venv .venv-parity
	.venv-parity/bin/python -m pip install --quiet --no-compile --require-hashes -r requirements/parity.lock
	.venv-parity/bin/python tools/parity.py --encoder "$(VENV)/share/routeiq/encoder" $(ARGS)

protos: install ## Generate services/routeiq/api from protos/
	"$(BIN)/python" tools/gen_protos.py

docs: install ## Generate docs/reference
	"$(BIN)/python" tools/gen_config_reference.py

migration: install ## Write the next step of control's schema (MESSAGE="what it does")
	PYTHONPATH=. "$(BIN)/python" tools/new_migration.py "$(MESSAGE)"

lock: install ## Resolve pyproject.toml into requirements/*.lock
	sh tools/lock.sh "$(BIN)/uv"

clean: ## Remove everything that make made, but no data directory
	rm -rf .venv .venv-parity .venv-peers build *.egg-info services/*.egg-info \
	  .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage*
	find services tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
