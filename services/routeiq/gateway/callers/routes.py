"""Which paths a key is confined to: LiteLLM's `allowed_routes`, which are paths, wildcards and groups of paths.

They only ever take away: what the access table denies a role stays denied.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from routeiq.kit.errors import PermissionDenied
from routeiq.kit.globs import STAR, glob

MOST_KEPT = 256
LONGEST_KEPT = 256
"""Callers choose what stands in a path: a few long ones would hold megabytes for each key."""
_MODEL = r"(?:/v1|/openai/v1)?"
_LLM = re.compile(
    rf"{_MODEL}/(?:chat/completions|completions|embeddings|responses|messages|models|rerank|moderations)(?:/.*)?"
    rf"|{_MODEL}/(?:audio|images|files|batches|assistants|threads|fine_tuning|vector_stores|realtime)(?:/.*)?"
    r"|/(?:engines|openai/deployments)/.+|/(?:v1/)?(?:a2a|mcp)(?:/.*)?|/mcp-rest/.*|/api/v1/generate"
)
_INFO = re.compile(
    r"/(?:v2/)?key/info|/key/(?:list|health|aliases)|/(?:v2/)?team/(?:info|list)|/user/(?:info|list)"
    r"|/(?:v1/|v2/)?model/info|/model_group/info|/budget/list|/customer/(?:info|list)|/(?:v1/)?models(?:/.*)?"
    r"|/router/info|/health(?:/.*)?"
)
_MANAGEMENT = re.compile(
    r"/(?:v2/)?(?:key|user|team|budget|customer|end_user|organization|project|tag|credentials)/.+"
    r"|/(?:v1/|v2/)?model/.+|/model_group/.+|/spend/.+|/global/.+|/audit|/api/v1/(?:providers|overrides|usage)(?:/.*)?"
)
_SPEND = re.compile(r"/spend/.+|/(?:key|user|team)/spend/report")
_GLOBAL_SPEND = re.compile(r"/global/spend(?:/(?!reset$).+)?")
GROUPS: Mapping[str, re.Pattern[str]] = {
    "llm_api_routes": _LLM,
    "openai_routes": _LLM,
    "info_routes": _INFO,
    "management_routes": _MANAGEMENT,
    "spend_tracking_routes": _SPEND,
    "global_spend_tracking_routes": _GLOBAL_SPEND,
}


class RouteDenied(PermissionDenied):
    code = "route_not_allowed"


class RouteAccess:
    """The paths of one key, which remembers what it was asked."""

    __slots__ = ("_exact", "_patterns", "_seen", "_words")

    def __init__(self, words: Sequence[str]) -> None:
        self._words = tuple(words)
        self._exact = frozenset(words)
        self._patterns = [GROUPS.get(word) or glob(word) for word in words if word in GROUPS or STAR in word]
        self._seen: dict[str, bool] = {}

    def allows(self, path: str) -> bool:
        found = self._seen.get(path)
        if found is None:
            found = path in self._exact or any(pattern.fullmatch(path) for pattern in self._patterns)
            if len(path) <= LONGEST_KEPT:
                self._keep(path, found)
        return found

    def check(self, path: str) -> None:
        """Raises: RouteDenied."""
        if not self.allows(path):
            raise RouteDenied(
                "Virtual key is not allowed to call this route. Only allowed to call routes: "
                f"{list(self._words)}. Tried to call route: {path}"
            )

    def _keep(self, path: str, allowed: bool) -> None:
        if len(self._seen) >= MOST_KEPT:
            self._seen.clear()
        self._seen[path] = allowed
