"""Every kind of caller that a gateway meets, what of the access table is closed to it, and how it is told so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from routeiq.gateway.access import Level, Line, Owner

INFERENCE = ("/chat/completions", "/completions", "/embeddings", "/responses", "/messages")
READING = ("/info", "/list", "/aliases", "/health")
NOBODYS = frozenset({Level.NONE})
ANY_KEYS = NOBODYS | {Level.USER}


class Refusal(NamedTuple):
    """`type`, `code`: of OpenAI's shape. `text`: its beginning."""

    status: int
    type: str
    code: str
    text: str


class Turned(NamedTuple):
    """Away for its key: on LiteLLM's management paths, and elsewhere."""

    litellm: Refusal
    elsewhere: Refusal

    @classmethod
    def alike(cls, type_: str, code: str, text: str) -> Turned:
        refusal = Refusal(401, type_, code, text)
        return cls(refusal, refusal)


_NO_KEY = Turned(
    Refusal(401, "auth_error", "401", "Authentication Error, No api key passed in."),
    Refusal(401, "authentication_error", "invalid_api_key", "No API key was sent."),
)
_UNKNOWN = Turned(
    Refusal(401, "token_not_found_in_db", "401", "Authentication Error, Invalid proxy server token passed. Received"),
    Refusal(401, "authentication_error", "invalid_api_key", "Invalid API key"),
)
_BLOCKED = Turned.alike("auth_error", "401", "Key is blocked.")
_BLOCKED_TEAM = Turned.alike("auth_error", "401", "Team=")
_EXPIRED = Turned.alike("expired_key", "401", "Authentication Error - Expired Key.")
_NO_SERVICE = Refusal(401, "", "", "invalid key")
_NOT_MANAGING = Refusal(401, "auth_error", "401", "Authentication Error, Only proxy admin can be used to generate")
_NEEDS = {
    Level.ADMIN: "This needs an admin key.",
    Level.VIEWER: "This needs an admin key, or one that may view everything.",
    Level.SERVICE: "This needs a service key.",
}
_CONFINED = Refusal(403, "permission_error", "route_not_allowed", "Virtual key is not allowed to call this route.")


def _is_free(_: Line) -> bool:
    return False


@dataclass(frozen=True)
class Kind:
    """`reaches`: its role does. `away`: why its key is none; None: it is one. `closed`: lines that the key is kept from
    although its role reaches them. `partly`: from others, too, that `closed` does not name. `header`: where its key
    stands."""

    name: str
    reaches: frozenset[Level] = NOBODYS
    away: Turned | None = None
    closed: Callable[[Line], bool] = field(default=_is_free)
    header: str = "authorization"
    partly: bool = False

    @property
    def silent(self) -> bool:
        """It sends nothing that is read as a key, so that a `key` in its query would be."""
        return self.away is _NO_KEY

    def refusal(self, line: Line) -> Refusal | None:
        """How it is refused; None: nothing that is known here closes the line to it."""
        if line.level is Level.NONE:
            return None
        if self.away is not None and not (self.header == "x-service-key" and line.level in self.reaches):
            return _away(self.away, line)
        if line.level not in self.reaches:
            return _NOT_MANAGING if line.litellm else Refusal(
                403, "permission_error", "permission_denied", _NEEDS[line.level]
            )  # fmt: skip
        return _CONFINED if self.closed(line) else None


def _away(why: Turned, line: Line) -> Refusal:
    if line.level is Level.SERVICE:
        return _NO_SERVICE
    return why.litellm if line.litellm else why.elsewhere


def is_inference(line: Line) -> bool:
    return line.level is Level.USER and line.path.endswith(INFERENCE)


def _no_inference(line: Line) -> bool:
    """Models may be listed, too."""
    lists = "/models" in line.path and line.level is Level.USER
    return not (is_inference(line) or lists or line.path == "/api/v1/generate")


def _no_reading(line: Line) -> bool:
    """Of what somebody may read who may do nothing else, no more is said here than that it reads."""
    return line.methods != {"GET"} and not line.path.endswith(READING)


def _no_management(line: Line) -> bool:
    return line.owner is Owner.GATEWAY


KINDS: tuple[Kind, ...] = (
    Kind("nobody", away=_NO_KEY, header=""),
    Kind("of another scheme", away=_NO_KEY),
    Kind("stranger", away=_UNKNOWN),
    Kind("with the hash of a key", away=_UNKNOWN),
    Kind("with a deleted key", away=_UNKNOWN),
    Kind("with a blocked key", away=_BLOCKED),
    Kind("of a blocked team", away=_BLOCKED_TEAM),
    Kind("with an expired key", away=_EXPIRED),
    Kind("service", NOBODYS | {Level.SERVICE}, away=_NO_KEY, header="x-service-key"),
    Kind("no such service", away=_NO_KEY, header="x-service-key"),
    Kind("user with a key as a service", away=_NO_KEY, header="x-service-key"),
    Kind("user", ANY_KEYS),
    Kind("key of nobody", ANY_KEYS),
    Kind("key of a team, of an admin", ANY_KEYS),
    Kind("viewer", ANY_KEYS | {Level.VIEWER}),
    Kind("user for models alone", ANY_KEYS, closed=_no_inference),
    Kind("user for reading alone", ANY_KEYS, closed=_no_reading, partly=True),
    Kind("admin for models alone", frozenset(Level), closed=_no_inference),
    Kind("admin for reading alone", frozenset(Level), closed=_no_reading, partly=True),
    Kind("admin for management alone", frozenset(Level), closed=_no_management, partly=True),
    Kind("admin by its user", frozenset(Level)),
    Kind("admin", frozenset(Level)),
)
KIND: Mapping[str, Kind] = {kind.name: kind for kind in KINDS}
