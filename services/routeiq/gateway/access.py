"""Who may call which path, and which service owns it: one table, default deny.

It is enforced once, in front of everything, on the path that also picks the handler. What has no line
needs a key, so that a stranger learns nothing, and is then answered with 405 where the path has another method, else
with 404. What another service owns is passed on to it; within what a line permits, the owner decides further.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from routeiq.clients.artifact_limits import MAX_TAR_BYTES
from routeiq.kit.errors import AuthenticationError, PermissionDenied, RouteIQError
from routeiq.kit.principal import Principal

PREFIXES = ("", "/v1", "/openai/v1")
"""Contract 1.0: every LLM path exists bare and under /v1. The last is what Azure's newer clients call."""
MODEL_PREFIXES = ("/engines", "/openai/deployments")
"""Behind these stands the model's name, then the endpoint."""


class Level(StrEnum):
    NONE = "none"
    USER = "user"
    """Any key."""
    VIEWER = "viewer"
    """Whoever may read everything."""
    ADMIN = "admin"
    SERVICE = "service"
    """A key of the LLM Gateway API."""


_ROLES: Mapping[Level, frozenset[str]] = {
    Level.VIEWER: frozenset({"viewer", "admin"}),
    Level.ADMIN: frozenset({"admin"}),
    Level.SERVICE: frozenset({"service", "admin"}),
}


class Owner(StrEnum):
    """Who serves a path."""

    GATEWAY = "gateway"
    CONTROL = "control"
    CONFIG_SYNC = "config-sync"


@dataclass(frozen=True, slots=True)
class Line:
    """One row: methods, path template (`{name}` is one segment, `{name:path}` any number), level, owner."""

    methods: frozenset[str]
    path: str
    level: Level
    owner: Owner = Owner.GATEWAY
    litellm: bool = False
    """One of its management paths, whose clients expect 401 where others expect 403 (contract 1.0)."""
    body_limit: int = 0
    """Bytes of a request that it takes where the document's limit is lower."""

    def refusal(self, principal: Principal, path: str) -> RouteIQError | None:
        """Why `principal` may not call it, or None."""
        roles = _ROLES.get(self.level)
        if roles is None or principal.role.value in roles:
            return None
        if self.litellm:
            return NotForThisRole(path, principal.role.value)
        return PermissionDenied(_NEEDED[self.level])


_NEEDED: Mapping[Level, str] = {
    Level.VIEWER: "This needs an admin key, or one that may view everything.",
    Level.ADMIN: "This needs an admin key.",
    Level.SERVICE: "This needs a service key.",
}


class NotForThisRole(AuthenticationError):
    """LiteLLM's answer to a key that is valid and may not manage; its clients look for the text (litellm.md, 1.0)."""

    type, code = "auth_error", "401"

    def __init__(self, path: str, role: str) -> None:
        super().__init__(
            "Authentication Error, Only proxy admin can be used to generate, delete, update info for new "
            f"keys/users/teams. Route={path}. Your role={role}",
            param="None",
        )


def _line(methods: str, path: str, level: Level) -> Line:
    return Line(frozenset(methods.split()), path, level)


def _control(methods: str, path: str, level: Level) -> Line:
    return Line(frozenset(methods.split()), path, level, Owner.CONTROL)


def _synced(methods: str, path: str, level: Level, body_limit: int = 0) -> Line:
    return Line(frozenset(methods.split()), path, level, Owner.CONFIG_SYNC, body_limit=body_limit)


def _managed(method: str, subject: str, verbs: str, level: Level) -> tuple[Line, ...]:
    """LiteLLM's management paths: `/subject/verb`."""
    return tuple(Line(frozenset({method}), f"/{subject}/{verb}", level, Owner.CONTROL, True) for verb in verbs.split())


def _both(methods: str, path: str, level: Level) -> tuple[Line, Line]:
    """An LLM path exists bare and under /v1 (contract 1.0)."""
    return _line(methods, path, level), _line(methods, f"/v1{path}", level)


def _inference(path: str) -> tuple[Line, ...]:
    """A hot endpoint in all its places."""
    prefixes = (*PREFIXES, *(f"{prefix}/{{model:path}}" for prefix in MODEL_PREFIXES))
    return tuple(_line("POST", f"{prefix}{path}", Level.USER) for prefix in prefixes)


TABLE: tuple[Line, ...] = (
    _line("GET", "/", Level.NONE),
    _line("GET", "/docs", Level.NONE),
    _line("GET", "/docs/{name}", Level.NONE),
    _line("GET", "/openapi.json", Level.NONE),
    _line("GET", "/health", Level.NONE),
    _line("GET", "/health/liveliness", Level.NONE),
    _line("GET", "/health/liveness", Level.NONE),
    _line("GET", "/health/readiness", Level.NONE),
    _line("GET", "/_health/live", Level.NONE),
    _line("GET", "/_health/ready", Level.NONE),
    _line("GET", "/metrics", Level.NONE),
    *_inference("/chat/completions"),
    *_inference("/completions"),
    *_inference("/embeddings"),
    *_inference("/responses"),
    *_inference("/messages"),
    *_both("GET", "/models", Level.USER),
    *_both("GET", "/models/{model_id:path}", Level.USER),
    _line("GET", "/router/info", Level.USER),
    _line("POST", "/router/route", Level.ADMIN),
    _synced("GET", "/config/sync/status", Level.USER),
    _synced("GET", "/llmrouter/config/sync/status", Level.USER),
    _synced("GET", "/hot-reload/status", Level.USER),
    _synced("POST", "/config/reload", Level.ADMIN),
    _synced("POST", "/llmrouter/reload", Level.ADMIN),
    _synced("POST", "/router/reload", Level.ADMIN),
    _synced("GET", "/config/versions", Level.ADMIN),
    _synced("GET", "/config/diff/{a}/{b}", Level.ADMIN),
    _synced("POST", "/config/rollback", Level.ADMIN),
    _synced("GET POST", "/router/artifacts", Level.ADMIN, MAX_TAR_BYTES),
    _synced("POST", "/router/artifacts/rollback", Level.ADMIN),
    _synced("POST", "/router/artifacts/{artifact_id}/promote", Level.ADMIN),
    _synced("GET", "/router/artifacts/{a}/diff/{b}", Level.ADMIN),
    # Of these a user has its own keys, itself and its teams; control knows which they are.
    *_managed("POST", "key", "generate update delete regenerate {key}/regenerate block unblock", Level.USER),
    *_managed("POST", "key", "service-account/generate bulk_update health {key}/reset_spend", Level.USER),
    *_managed("POST", "v2/key", "info", Level.USER),
    *_managed("GET", "key", "info list aliases", Level.USER),
    *_managed("POST", "user", "new update delete", Level.ADMIN),
    *_managed("GET", "user", "info", Level.USER),
    *_managed("GET", "v2/user", "info", Level.USER),
    *_managed("GET", "v2/team", "list", Level.USER),
    *_managed("GET", "user", "list", Level.VIEWER),
    *_managed("POST", "team", "new update delete block unblock", Level.ADMIN),
    *_managed("POST", "team", "member_add member_update member_delete", Level.USER),
    *_managed("POST", "team", "model/add model/delete bulk_member_add", Level.ADMIN),
    *_managed("POST", "team", "permissions_update", Level.USER),
    *_managed("GET", "team", "info list available permissions_list", Level.USER),
    *_managed("PATCH", "team", "{team_id}", Level.ADMIN),
    *_managed("POST", "budget", "new update delete", Level.ADMIN),
    *_managed("POST", "budget", "info", Level.VIEWER),
    *_managed("GET", "budget", "list settings", Level.VIEWER),
    *_managed("POST", "model", "new update delete block unblock", Level.ADMIN),
    *_managed("PATCH", "model", "{model_id:path}/update", Level.ADMIN),
    *_managed("GET", "model", "info", Level.USER),
    *_managed("GET", "v1/model", "info", Level.USER),
    *_managed("GET", "v2/model", "info", Level.USER),
    *_managed("GET", "model_group", "info", Level.USER),
    # And of what was used its own, and that of teams that it leads.
    *_managed("GET", "spend", "logs logs/v2 logs/ui keys users teams tags", Level.USER),
    *_managed("GET", "key", "spend/report", Level.USER),
    *_managed("GET", "user", "spend/report daily/activity", Level.USER),
    *_managed("GET", "team", "spend/report daily/activity", Level.USER),
    *_managed("GET", "tag", "daily/activity summary", Level.USER),
    *_managed("GET", "customer", "daily/activity", Level.VIEWER),
    *_managed("GET", "global", "activity activity/model", Level.USER),
    *_managed("GET", "global", "spend all_end_users spend/logs spend/keys spend/teams spend/models", Level.VIEWER),
    *_managed("GET", "global", "spend/provider spend/tags spend/all_tag_names spend/report", Level.VIEWER),
    *_managed("POST", "global", "spend/end_users", Level.VIEWER),
    *_managed("POST", "global", "spend/reset", Level.ADMIN),
    _control("GET", "/audit", Level.VIEWER),
    _line("POST", "/api/v1/generate", Level.SERVICE),
    _control("GET", "/api/v1/health", Level.NONE),
    _control("GET", "/api/v1/health/providers", Level.SERVICE),
    _control("GET POST", "/api/v1/providers", Level.SERVICE),
    _control("GET PATCH DELETE", "/api/v1/providers/{provider_id}", Level.SERVICE),
    _control("POST", "/api/v1/providers/{provider_id}/test", Level.SERVICE),
    _control("GET POST", "/api/v1/overrides", Level.SERVICE),
    _control("PUT DELETE", "/api/v1/overrides/{override_id}", Level.SERVICE),
    *(
        _control("GET", f"/api/v1/usage/{name}", Level.SERVICE)
        for name in ("summary", "by-provider", "by-service", "by-customer")
    ),
)


class AccessTable:
    """Looks a method and path up. Exact paths are one dict access; templates are tried in order."""

    def __init__(self, lines: tuple[Line, ...] = TABLE) -> None:
        self._exact: dict[tuple[str, str], Line] = {}
        self._patterns: dict[str, list[tuple[re.Pattern[str], Line]]] = {}
        for line in lines:
            if "{" in line.path:
                self._patterns.setdefault(_first(line.path), []).append((_compile(line.path), line))
            else:
                self._exact.update({(method, line.path): line for method in line.methods})

    def line(self, method: str, path: str) -> Line | None:
        """The line, or None where the table has none."""
        found = self._exact.get((method, path))
        if found is not None:
            return found
        patterns = self._patterns.get(_first(path), ())
        return next((line for pattern, line in patterns if method in line.methods and pattern.fullmatch(path)), None)

    def level(self, method: str, path: str) -> Level | None:
        """The level, or None where the table has no line."""
        line = self.line(method, path)
        return line.level if line is not None else None

    def methods(self, path: str) -> list[str]:
        """Those that `path` has a line for, in alphabetical order; HEAD goes with GET. Slow: for refusals."""
        found = {method for method, exact in self._exact if exact == path}
        for pattern, line in self._patterns.get(_first(path), ()):
            if pattern.fullmatch(path):
                found |= line.methods
        return sorted(found | {"HEAD"} if "GET" in found else found)


def _first(path: str) -> str:
    """The first segment: templates begin with a literal one."""
    return path[1:].partition("/")[0]


def _compile(template: str) -> re.Pattern[str]:
    parts = re.split(r"(\{\w+(?::path)?\})", template)
    return re.compile("".join(_regex(part) for part in parts))


def _regex(part: str) -> str:
    if not part.startswith("{"):
        return re.escape(part)
    return ".+" if part.endswith(":path}") else "[^/]+"
