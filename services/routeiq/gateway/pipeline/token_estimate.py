"""How many tokens a request will come to, before a model has said: what its limits are asked for in advance."""

from __future__ import annotations

from routeiq.gateway.spending.request_size import BYTES_A_TOKEN, MOST, RequestSize


def estimate(size: RequestSize) -> tuple[int, int]:
    """Tokens of the prompt, by its length, and of the answers, by the request's own limit; 0: nothing says how long
    those may be."""
    return size.prompt // BYTES_A_TOKEN, min((size.limit or 0) * size.answers, MOST)
