"""What is somebody else's: one of everything that control keeps, and the request that would read or change it, for
any line of the access table. An administrator's request succeeds, so whoever else's changes nothing was refused."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from routeiq.gateway.access import Line

Ask = Callable[[str, str, object], Any]
"""Method, path, body: an administrator's request, which succeeds. Returns: the answer's JSON."""

HOUSE = "http://127.0.0.1:9/v1"
"""Nobody listens there."""
PARAMETER = re.compile(r"\{(\w+)(?::path)?\}")
_DAYS = ("start_date", "end_date")
_OF_DAYS = (
    "/user/daily/activity", "/team/daily/activity", "/tag/daily/activity", "/customer/daily/activity", "/tag/summary",
    "/key/spend/report", "/global/spend/report", "/global/spend/tags",
    "/global/spend/provider", "/global/activity", "/global/activity/model", "/spend/logs/v2", "/spend/logs/ui",
)  # fmt: skip
QUERIES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(_OF_DAYS, _DAYS),
    "/user/spend/report": (*_DAYS, "user_id"),
    "/team/spend/report": (*_DAYS, "team_id"),
    "/key/info": ("key",),
    "/user/info": ("user_id",),
    "/v2/user/info": ("user_id",),
    "/team/info": ("team_id",),
    "/team/permissions_list": ("team_id",),
    "/budget/settings": ("budget_id",),
}
"""What reads only what it is asked for by name."""
READS = frozenset({
    "/key/health", "/v2/key/info", "/budget/info", "/api/v1/providers/{provider_id}/test", "/global/spend/end_users",
})  # fmt: skip
"""With POST, and yet they change nothing."""


@dataclass(frozen=True)
class Belongings:
    """`name`: a part of all names. `key` is the hash of one. `fresh`: an id that nothing has yet."""

    name: str
    key: str
    user: str
    stranger: str
    team: str
    budget: str
    model: str
    provider: str
    provider_id: str
    override_id: str
    fresh: str

    @property
    def ids(self) -> tuple[str, ...]:
        """What no answer to somebody else has in it, unless it was sent."""
        return self.key, self.user, self.team, self.budget, self.override_id

    @property
    def aliases(self) -> tuple[str, ...]:
        """What is never sent."""
        return tuple(f"alias-of-{one}" for one in (self.user, self.team, f"key-{self.name}"))

    def path(self, line: Line) -> str:
        return PARAMETER.sub(lambda found: self._parameters[found[1]], line.path)

    def parameters(self, line: Line) -> dict[str, str]:
        """Of its path."""
        return {name: self._parameters[name] for name in PARAMETER.findall(line.path)}

    def arguments(self, line: Line) -> dict[str, str]:
        """Of its query."""
        known = {"key": self.key, "user_id": self.user, "team_id": self.team, "budget_id": self.budget}
        known |= {"start_date": "2026-01-01", "end_date": "2026-01-31"}
        return {name: known[name] for name in QUERIES.get(line.path, ())}

    def query(self, line: Line, *, named: bool = True) -> str:
        """With its question mark. Args: named: False: no key, which would stand for the caller's."""
        sent = {name: one for name, one in self.arguments(line).items() if named or name != "key"}
        return f"?{urlencode(sent)}" if sent else ""

    def body(self, line: Line, method: str) -> dict[str, Any] | None:
        """All ids at once: each path takes those that it knows. Where two paths mean different things by a name, its
        own."""
        if method == "GET":
            return None
        return {**self._body, **self._own.get(line.path, {})}

    @property
    def _parameters(self) -> dict[str, str]:
        return {
            "key": self.key, "team_id": self.team, "model_id": self.model, "provider_id": self.provider_id,
            "override_id": self.override_id, "model": "first", "name": "swagger-ui.css",
            "a": "1", "b": "2", "artifact_id": "a" * 64,
        }  # fmt: skip

    @property
    def names(self) -> dict[str, Any]:
        """Of what is there, as bodies name it."""
        return {
            "key": self.key, "keys": [self.key], "user_id": self.user, "user_ids": [self.user], "team_id": self.team,
            "team_ids": [self.team], "member": {"user_id": self.stranger, "role": "user"}, "budget_id": self.budget,
            "budgets": [self.budget], "id": self.budget, "model_id": self.model, "model_info": {"id": self.model},
            "provider_name": self.provider,
        }  # fmt: skip

    @property
    def _body(self) -> dict[str, Any]:
        return {
            **self.names, "reset_to": 0.0, "team_member_permissions": ["/key/info"], "rpm_limit": 7,
            "model_name": self.model, "litellm_params": {"model": "simulated/other"}, "models": ["first"],
            "name": self.fresh, "display_name": "Other", "api_key": "sk-of-the-other", "base_url": HOUSE,
            "query": "hi", "messages": [{"role": "user", "content": "hi"}], "model": "first", "max_tokens": 1,
            "prompt": "hi", "input": "hi",
        }  # fmt: skip

    @property
    def _own(self) -> Mapping[str, dict[str, Any]]:
        override = {"model_name": "first"}
        return {
            "/key/generate": {"key": None},
            "/key/service-account/generate": {"key": None},
            "/key/bulk_update": {"keys": [{"key": self.key, "rpm_limit": 9}]},
            "/user/new": {"user_id": self.fresh},
            "/team/new": {"team_id": self.fresh},
            "/team/bulk_member_add": {"members": [self.names["member"]]},
            "/budget/new": {"budget_id": self.fresh},
            "/global/spend/end_users": {"api_key": None},
            "/model/new": {"model_name": self.fresh, "model_info": {"id": self.fresh}},
            "/model/delete": {"id": self.model},
            "/api/v1/overrides": override,
            "/api/v1/overrides/{override_id}": override,
            "/api/v1/generate": {"user_id": self.user, "prompt": "hi"},
        }


def make_belongings(ask: Ask, name: str) -> Belongings:
    """Args: name: which nothing has yet."""
    user, team, budget, model, provider = (f"{what}-of-{name}" for what in ("user", "team", "budget", "model", "house"))
    stranger = f"stranger-of-{name}"
    for one in (user, stranger):
        ask("POST", "/user/new", {"user_id": one, "user_alias": f"alias-of-{one}", "auto_create_key": False})
    members = [{"user_id": user, "role": "user"}]
    ask("POST", "/team/new", {"team_id": team, "team_alias": f"alias-of-{team}", "members_with_roles": members})
    ask("POST", "/budget/new", {"budget_id": budget, "max_budget": 5})
    key = ask("POST", "/key/generate", {"user_id": user, "budget_id": budget, "key_alias": f"alias-of-key-{name}"})[
        "key"
    ]
    params = {"model": "simulated/x", "tokens_per_second": 0, "ttft_ms": 0}
    ask("POST", "/model/new", {"model_name": model, "litellm_params": params, "model_info": {"id": model}})
    own = {"name": provider, "display_name": "House", "api_key": "sk-house", "base_url": HOUSE}
    house = ask("POST", "/api/v1/providers", {**own, "models": ["first"]})
    held = {"user_id": stranger, "provider_name": provider, "model_name": "first"}
    override = ask("POST", "/api/v1/overrides", held)
    hashed = hashlib.sha256(key.encode()).hexdigest()
    return Belongings(
        name, hashed, user, stranger, team, budget, model, provider, house["id"], override["id"], f"new-of-{name}"
    )
