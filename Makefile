# RouteIQ. `make up` and `make test` set everything up by themselves; `make help` lists the rest.
# From another directory: `make -C /path/to/it up`. A path may contain spaces, so nothing here is a prerequisite by path.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
ARGS ?=
# How many processes run tests at a time.
JOBS ?= 2
PYTEST = "$(BIN)/python" -m pytest $(ARGS)
IN_PARALLEL = -n $(JOBS) --dist loadfile
# What is compiled, and what speaks HTTP through it. Other clients and the long waits are the first run's.
COMPILED_TESTS := $(addprefix tests/unit/kit/test_,accounts_memory.py asgi.py batch.py build.py cork.py http_head.py http_request.py ids.py metrics.py) \
  tests/unit/gateway/pipeline tests/unit/gateway/upstream tests/contract/executor/test_executor.py \
  $(addprefix tests/unit/gateway/,callers/test_rates.py journal spending) tests/contract/counters \
  tests/contract/executor/test_tally.py tests/integration/accounts/test_stores.py tests/integration/journal/test_kill.py \
  tests/contract/upstream/test_http_*.py tests/integration/test_http_*.py \
  $(addprefix tests/integration/test_,drain.py edge_limits.py lean_gateway.py passages.py routing_away.py traces.py \
    upstream_away.py) tests/e2e/test_fuzz.py
COMPILED_ONLY := not aiohttp and not test_http_proxy and not hole_in_the_network
# What the floors of branch coverage are about, and what must reach them. To measure doubles a test's CPU.
MEASURED_TESTS := tests/unit/gateway tests/unit/routing tests/contract/executor tests/contract/upstream \
  tests/integration/routing
DEFAULT_ARTIFACT := services/routeiq/routing/artifacts/default

.DEFAULT_GOAL := help
.PHONY: help install up compile images test test-compiled lint unit train bench bench-ledger soak chaos rollouts cluster-up cluster-down e2e-cluster parity protos golden kustomize migration lock docs clean

help: ## List the targets
	@grep -hE '^[a-z0-9-]+:.*## ' Makefile | awk -F ':.*## ' '{printf "  make %-13s %s\n", $$1, $$2}'

install: ## Set up .venv with everything that up, test and train need
	@VENV="$(VENV)" PYTHON="$(PYTHON)" sh tools/install.sh

up: install ## Run the suite on this machine (ARGS="--port 4001 ...")
	@exec "$(BIN)/routeiq" up $(ARGS)

compile: install ## The package with its request path compiled, in build/compiled, for PYTHONPATH (needs a C compiler)
	@"$(BIN)/python" tools/compile.py

images: install ## The services' container images (SERVICES="gateway" REGISTRY= TAG= BASE= ENGINE= LITELLM=1 PUSH=1)
	"$(BIN)/python" -m tools.images services $(SERVICES) $(if $(REGISTRY),--registry "$(REGISTRY)") \
	  $(if $(TAG),--tag "$(TAG)") $(if $(BASE),--base "$(BASE)") $(if $(ENGINE),--engine "$(ENGINE)") \
	  $(if $(LITELLM),--litellm) $(if $(PUSH),--push) $(ARGS)

test: install lint ## Lint, then every test, then those of the request path once more, compiled
	$(PYTEST) $(IN_PARALLEL) --cov --cov-report= $(MEASURED_TESTS) && "$(BIN)/python" tools/check_coverage.py
	$(PYTEST) $(IN_PARALLEL) $(addprefix --ignore=,$(MEASURED_TESTS)) tests
	@if "$(BIN)/python" tools/compile.py --check; then $(MAKE) --no-print-directory test-compiled; fi

test-compiled: compile ## The tests of what is compiled, on it
	PYTHONPATH="$(CURDIR)/build/compiled" $(PYTEST) $(IN_PARALLEL) --compiled -k "$(COMPILED_ONLY)" $(COMPILED_TESTS)

lint: install ## Style, types, import contracts, generated files
	"$(BIN)/ruff" check --quiet . && "$(BIN)/ruff" format --check --quiet .
	"$(BIN)/mypy"
	"$(BIN)/lint-imports" --no-cache
	"$(BIN)/python" tools/check_isolation.py
	"$(BIN)/python" tools/gen_protos.py --check && "$(BIN)/python" tools/gen_config_reference.py --check
	"$(BIN)/python" tools/gen_chart_readme.py --check

unit: install ## The unit tests alone
	$(PYTEST) $(IN_PARALLEL) tests/unit

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

rollouts: install ## The long forms of tests/e2e/fleet, some fifteen minutes (RELEASES=50 SWAPS=20 RELOADS=500 KILLS=3)
	RELEASES=$(or $(RELEASES),50) SWAPS=$(or $(SWAPS),20) RELOADS=$(or $(RELOADS),500) KILLS=$(or $(KILLS),3) \
	  "$(BIN)/python" -m pytest tests/e2e/fleet -rP $(ARGS)

cluster-up: install ## A real Kubernetes on this machine, in a network of its own (root; docs/guides/test-cluster.md)
	"$(BIN)/python" -m tools.cluster up

cluster-down: install ## End it, and remove what it left
	"$(BIN)/python" -m tools.cluster down

e2e-cluster: install ## Images, a cluster, the chart on it, tests/cluster (ARGS="-k rollout" KEEP=1 RQ_E2E_TARGET=kubeconfig)
	"$(BIN)/python" -m tools.cluster e2e $(ARGS)

parity: install ## Compare the encoder with sentence-transformers (installs torch, elsewhere than .venv)
	test -x .venv-parity/bin/python || "$(PYTHON)" -m venv .venv-parity
	.venv-parity/bin/python -m pip install --quiet --no-compile --require-hashes -r requirements/parity.lock
	.venv-parity/bin/python tools/parity.py --encoder "$(VENV)/share/routeiq/encoder" $(ARGS)

protos: install ## Generate services/routeiq/api from protos/
	"$(BIN)/python" tools/gen_protos.py

docs: install ## Generate docs/reference and the README of the chart
	"$(BIN)/python" tools/gen_config_reference.py && "$(BIN)/python" tools/gen_chart_readme.py

golden: install ## Render tests/deploy/golden again, what the chart rendered when it was last looked at
	PYTHONPATH=. "$(BIN)/python" -m tests.deploy.golden

kustomize: install ## Render deploy/kustomize again from the chart
	"$(BIN)/python" -m tools.kustomize

migration: install ## Write the next step of control's schema (MESSAGE="what it does")
	PYTHONPATH=. "$(BIN)/python" tools/new_migration.py "$(MESSAGE)"

lock: install ## Resolve pyproject.toml into requirements/*.lock
	sh tools/lock.sh "$(BIN)/uv"

clean: ## Remove everything that make made, but no data directory
	rm -rf .venv .venv-parity .venv-peers build *.egg-info services/*.egg-info \
	  .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage*
	find services tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
