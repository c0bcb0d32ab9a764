"""The hot endpoints: plain ASGI, in front of FastAPI. Which paths they are, and what runs on them."""

from __future__ import annotations

from collections.abc import Mapping

from routeiq.gateway.plan import Endpoint

HOT_PATHS: Mapping[str, Endpoint] = {
    f"{prefix}/{endpoint.value}": endpoint for endpoint in Endpoint for prefix in ("", "/v1")
}
"""Path -> endpoint; every LLM path exists bare and under /v1 (contract 1.0)."""
