"""How the OpenAPI document describes refusals."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class ErrorFacts(BaseModel):
    message: str
    type: str
    param: str | None
    code: str | None


class ErrorAnswer(BaseModel):
    """LiteLLM's first shape."""

    error: ErrorFacts


class DetailAnswer(BaseModel):
    """Its second."""

    detail: Any


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For a router's `responses`: each of these, in either shape, and that the database may be away."""
    return {status: {"model": ErrorAnswer | DetailAnswer} for status in (*statuses, 503)}
