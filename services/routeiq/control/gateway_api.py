"""What the paths of the LLM Gateway API have in common: who may use them, and how they refuse (contract, section 4).

{"detail": "..."}                      401, 404, 409
{"detail": [{"type", "loc", "msg"}]}   422, as FastAPI's own
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from routeiq.control.actor import Actor
from routeiq.control.errors import Detailed, Refused
from routeiq.kit.principal import Role

PREFIX = "/api/v1"


class Detail(BaseModel):
    detail: str


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For a route's description. 400 is of a body that is no JSON."""
    return {one: {"model": Detail} for one in (400, 401, *statuses)}


class Unprocessable(Refused):
    """A body whose fields are well formed, and that cannot be kept. The texts hold no values."""

    def __init__(self, *problems: tuple[str, str]) -> None:
        """Args: problems: (field, what is wrong with it); the empty field is the body."""
        super().__init__(422, "; ".join(message for _, message in problems), "invalid_request_error")
        self._problems = problems

    def body(self) -> dict[str, object]:
        return {"detail": [_problem(field, message) for field, message in self._problems]}


def admit(actor: Actor) -> None:
    """Services and administrators. Raises: Detailed: 401."""
    if actor.principal.role not in (Role.SERVICE, Role.ADMIN):
        raise Detailed(401, "invalid key")


def _problem(field: str, message: str) -> dict[str, object]:
    return {"type": "value_error", "loc": ["body", *([field] if field else [])], "msg": message}
