# RouteIQ. `make up` and `make test` set everything up by themselves; `make help` lists the rest.
ROOT := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
PYTHON ?= python3
VENV ?= $(ROOT)/.venv
BIN := $(VENV)/bin
ARGS ?=
LOCKS := $(addprefix $(ROOT)/requirements/,core.lock litellm.lock train.lock dev.lock)
ENCODER_LOCK := $(ROOT)/requirements/encoder.lock
READY := $(VENV)/.ready
DEFAULT_ARTIFACT := $(ROOT)/services/routeiq/routing/artifacts/default
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile

.DEFAULT_GOAL := help
.PHONY: help install up test lint unit coverage train bench soak parity protos lock docs clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(ROOT)/Makefile | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: $(READY) ## Set up .venv with everything that up, test and train need

$(READY): $(LOCKS) $(ENCODER_LOCK) $(ROOT)/pyproject.toml $(ROOT)/tools/check_python.py
	@$(PYTHON) $(ROOT)/tools/check_python.py
	@echo "Setting up $(VENV) (once, about a minute) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) --require-hashes $(addprefix -r ,$(LOCKS))
	@$(PIP) --require-hashes --no-deps -r $(ENCODER_LOCK)
	@$(PIP) --no-deps --no-build-isolation --editable $(ROOT)
	@$(BIN)/python -m compileall -q -j 0 -x '/tests?/|/litellm/proxy/|/botocore/' $(VENV)/lib || true
	@$(BIN)/python -m routeiq.routing.training.encoder_export
	@touch $@

up: install ## Run the suite on this machine (ARGS="--port 4001 ...")
	@exec $(BIN)/routeiq up $(ARGS)

test: install ## Lint, then every test
	@$(MAKE) --no-print-directory -f $(ROOT)/Makefile lint
	cd $(ROOT) && $(BIN)/python -m pytest $(ARGS) --cov --cov-report= && $(BIN)/python tools/check_coverage.py

lint: install ## Style, types, import contracts, generated files
	cd $(ROOT) && $(BIN)/ruff check --quiet . && $(BIN)/ruff format --check --quiet .
	cd $(ROOT) && $(BIN)/mypy
	cd $(ROOT) && $(BIN)/lint-imports --no-cache
	cd $(ROOT) && $(BIN)/python tools/check_isolation.py
	cd $(ROOT) && $(BIN)/python tools/gen_protos.py --check && $(BIN)/python tools/gen_config_reference.py --check

unit: install ## The unit tests alone
	cd $(ROOT) && $(BIN)/python -m pytest tests/unit $(ARGS)

train: install ## Train the shipped artifact again from the data in the repository
	$(BIN)/routeiq train --data $(ROOT)/tests/data/routing/multi_tasks.parquet --out $(DEFAULT_ARTIFACT) \
	  --notes $(ROOT)/services/routeiq/routing/artifacts/notes.md $(ARGS)

bench: install ## Measure the gateway beside nginx (PEERS=all: and Envoy, LiteLLM; CHECK=1: fail on a missed goal)
	cd $(ROOT) && $(BIN)/python -m tests.perf.bench

soak: install ## Ten minutes of mixed traffic with faults (DURATION=600): leaks, hangs, wrong answers
	cd $(ROOT) && $(BIN)/python -m tests.perf.soak

parity: install ## Compare the encoder with sentence-transformers (installs torch, elsewhere than .venv)
	test -x $(ROOT)/.venv-parity/bin/python || $(PYTHON) -m venv $(ROOT)/.venv-parity
	$(ROOT)/.venv-parity/bin/python -m pip install --quiet --no-compile --require-hashes -r $(ROOT)/requirements/parity.lock
	cd $(ROOT) && $(ROOT)/.venv-parity/bin/python tools/parity.py --encoder $(VENV)/share/routeiq/encoder $(ARGS)

protos: install ## Generate services/routeiq/api from protos/
	cd $(ROOT) && $(BIN)/python tools/gen_protos.py

docs: install ## Generate docs/reference
	cd $(ROOT) && $(BIN)/python tools/gen_config_reference.py

lock: install ## Resolve pyproject.toml into requirements/*.lock
	cd $(ROOT) && sh tools/lock.sh $(BIN)/uv

clean: ## Remove everything that make made, but no data directory
	rm -rf $(ROOT)/.venv $(ROOT)/.venv-parity $(ROOT)/.venv-peers $(ROOT)/build $(ROOT)/*.egg-info $(ROOT)/services/*.egg-info \
	  $(ROOT)/.pytest_cache $(ROOT)/.mypy_cache $(ROOT)/.ruff_cache $(ROOT)/.import_linter_cache $(ROOT)/.hypothesis $(ROOT)/.coverage*
	find $(ROOT)/services $(ROOT)/tests $(ROOT)/tools -name __pycache__ -type d -prune -exec rm -rf {} +
