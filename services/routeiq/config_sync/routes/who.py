"""Who asks. The gateway's table lets the right ones through; this does not rely on it."""

from __future__ import annotations

from fastapi import Request

from routeiq.kit.errors import PermissionDenied
from routeiq.kit.principal import Principal, principal_of


def need_admin(request: Request) -> str:
    """How a release names its author. Raises: PermissionDenied, AuthenticationError."""
    principal = principal_of(request.scope)
    if not principal.is_admin:
        raise PermissionDenied("This needs an admin key.")
    return name_of(principal)


def name_of(principal: Principal) -> str:
    """Never its key."""
    return principal.key_alias or principal.user_id or principal.key_id[:12]
