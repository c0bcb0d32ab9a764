"""What management answers when it refuses, in the two shapes that LiteLLM's clients match (litellm.md, 1.0).

Refused             {"error": {message, type, param, code}}, `code` being the status as a string
|- NotAllowed       401  who may not do this at all
|- RowNotFound      404
|- Conflict         409
`- Detailed         {"detail": ...}: teams' and budgets' own
"""

from __future__ import annotations

from routeiq.kit.errors import RouteIQError


class Refused(RouteIQError):
    """A refusal whose text, type and status the caller's client knows."""

    def __init__(
        self, status: int, message: str, type_: str = "bad_request_error", *, param: str | None = None
    ) -> None:
        super().__init__(message, param=param)
        self.status, self.type, self.code = status, type_, str(status)  # type: ignore[misc]  # of this one refusal

    def body(self) -> dict[str, object]:
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}


class NotAllowed(Refused):
    """LiteLLM's 401 for a key whose role may not do this; its clients look for the text."""

    def __init__(self, route: str, role: str) -> None:
        super().__init__(
            401,
            "Authentication Error, Only proxy admin can be used to generate, delete, update info for new "
            f"keys/users/teams. Route={route}. Your role={role}",
            "auth_error",
            param="None",
        )


class Detailed(Refused):
    """The same in FastAPI's shape. `detail` is what stands under that name."""

    def __init__(self, status: int, detail: str | dict[str, object]) -> None:
        super().__init__(status, detail if isinstance(detail, str) else str(detail.get("error", detail)))
        self.detail = detail

    def body(self) -> dict[str, object]:
        return {"detail": self.detail}
