"""For every test: logs as in production, and nothing of the machine's environment."""

from __future__ import annotations

import os

import pytest
import structlog
from hypothesis import HealthCheck, settings

from routeiq.kit import log
from routeiq.kit.build import COMPILED

pytest_plugins = ("tests.support.stores", "tests.support.control_database")

settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")
"""How fast a machine is, is no matter of tests."""

FOREIGN = (
    "OPENAI_", "ANTHROPIC_", "LITELLM_", "ROUTEIQ_", "LLMROUTER_", "OTEL_", "OLLAMA_", "AZURE_", "DATABASE_",
    "CONFIG_", "AWS_", "GOOGLE_", "KUBE",
)  # fmt: skip


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--compiled", action="store_true", help="fail at once unless the transport is compiled")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--compiled") and not COMPILED:
        raise pytest.UsageError("What is tested is not compiled: run it as `make test-compiled` does.")


@pytest.fixture(autouse=True)
def _quiet_logs() -> None:
    """No logger is kept from one test to the next: `capture_logs` would not reach it."""
    log.configure("WARNING")
    structlog.configure(cache_logger_on_first_use=False)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(FOREIGN):
            monkeypatch.delenv(name)
