"""For every test: logs as in production, and nothing of the machine's environment."""

from __future__ import annotations

import os

import pytest

from routeiq.kit import log

pytest_plugins = ("tests.support.stores", "tests.support.control_database")

FOREIGN = ("OPENAI_", "ANTHROPIC_", "LITELLM_", "ROUTEIQ_", "LLMROUTER_", "OTEL_", "OLLAMA_", "AZURE_", "DATABASE_")


@pytest.fixture(autouse=True, scope="session")
def _quiet_logs() -> None:
    log.configure("WARNING")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(FOREIGN):
            monkeypatch.delenv(name)
