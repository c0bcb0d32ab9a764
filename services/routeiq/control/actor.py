"""Who does a management request, as the assertion says, and whom LiteLLM's `litellm-changed-by` names."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from routeiq.control.errors import NotAllowed
from routeiq.kit.principal import Principal, Role, principal_of

CHANGED_BY = "litellm-changed-by"
REQUEST_ID = "x-request-id"
MASTER_USER = "default_user_id"
"""LiteLLM's name for whoever holds the master key."""


@dataclass(frozen=True, slots=True)
class Actor:
    principal: Principal
    route: str
    request_id: str
    said: str = ""
    """Whom the request names as its author; believed of administrators, and written down beside the real one."""

    @property
    def id(self) -> str:
        """What `created_by` and the audit log show."""
        own = self.principal.user_id or (MASTER_USER if self.is_admin else self.principal.key_id)
        return self.said if self.said and self.is_admin else own

    @property
    def is_admin(self) -> bool:
        return self.principal.is_admin

    @property
    def reads_all(self) -> bool:
        return self.is_admin or self.principal.role is Role.VIEWER

    def need_admin(self) -> None:
        """Raises: NotAllowed."""
        if not self.is_admin:
            raise NotAllowed(self.route, self.principal.role.value)

    def need_reader(self) -> None:
        """Of everything. Raises: NotAllowed."""
        if not self.reads_all:
            raise NotAllowed(self.route, self.principal.role.value)


def actor_of(request: Request) -> Actor:
    headers = request.headers
    return Actor(
        principal_of(request.scope),
        request.url.path,
        headers.get(REQUEST_ID, ""),
        headers.get(CHANGED_BY, "")[:256],
    )
