"""For every test: logs as in production, and nothing of the machine's environment."""

from __future__ import annotations

import os

import pytest
import structlog

from routeiq.kit import log

FOREIGN = ("OPENAI_", "ANTHROPIC_", "LITELLM_", "ROUTEIQ_", "LLMROUTER_", "OTEL_", "OLLAMA_", "AZURE_")


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
