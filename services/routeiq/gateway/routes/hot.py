"""The hot endpoints: plain ASGI, in front of FastAPI. Which paths they are, and what runs on them.

A path that names a model (`/engines/{model}/...`, Azure's `/openai/deployments/{model}/...`) wins over the body; the
name may contain slashes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from routeiq.gateway.access import MODEL_PREFIXES, PREFIXES
from routeiq.gateway.endpoint import Endpoint


class HotPath(NamedTuple):
    """What a path asks for. `model` None: the body names it."""

    endpoint: Endpoint
    model: str | None = None


HOT_PATHS: Final[Mapping[str, HotPath]] = {
    f"{prefix}/{endpoint.value}": HotPath(endpoint) for endpoint in Endpoint for prefix in PREFIXES
}
HOT_TEMPLATES: Final[Mapping[str, Endpoint]] = {
    f"{prefix}/{{model}}/{endpoint.value}": endpoint for endpoint in Endpoint for prefix in MODEL_PREFIXES
}
_WITH_MODEL: Final = re.compile(
    rf"(?:{'|'.join(MODEL_PREFIXES)})/(?P<model>[^/].*?)/(?P<endpoint>{'|'.join(Endpoint)})"
)


def hot_path(path: str) -> HotPath | None:
    """The hot endpoint at `path`, which is decoded and has no query, or None."""
    found = HOT_PATHS.get(path)
    if found is not None or not path.startswith(MODEL_PREFIXES):
        return found
    match = _WITH_MODEL.fullmatch(path)
    return HotPath(Endpoint(match["endpoint"]), match["model"]) if match else None
