"""Who is asking. The edge verifies it once; every stage reads it, and assertions carry it to other services."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from routeiq.kit.errors import AuthenticationError

SCOPE_KEY = "routeiq.principal"
"""Where an ASGI scope has it, once the guard of an internal port has verified who it is."""


class Role(StrEnum):
    ADMIN = "admin"
    VIEWER = "viewer"
    """Reads what an administrator reads, and writes nothing."""
    USER = "user"
    SERVICE = "service"
    """An application behind `X-Service-Key`."""


@dataclass(frozen=True, slots=True)
class Principal:
    """A verified caller. `key_id` is the sha256 of its key in hex, never the key."""

    key_id: str
    role: Role
    user_id: str = ""
    team_id: str = ""
    key_alias: str = ""
    permissions: tuple[str, ...] = ()

    @property
    def is_admin(self) -> bool:
        return self.role is Role.ADMIN


def principal_of(scope: Mapping[str, object]) -> Principal:
    """Raises: AuthenticationError: nobody has verified any."""
    found = scope.get(SCOPE_KEY)
    if not isinstance(found, Principal):
        raise AuthenticationError("The request carries no principal.")
    return found
