"""The root of the error tree. Subclasses sit beside the code that raises them; `error_bodies` renders them.

    RouteIQError            500 internal_error      the text is for logs only
    |- InvalidRequest       400 invalid_request_error
    |  |- BodyTooLarge      413
    |  `- InvalidFields     422  carries details, one for each field
    |- AuthenticationError  401 authentication_error
    |- PermissionDenied     403 permission_error
    |- NotFound             404 not_found_error
    |- MethodNotAllowed     405 invalid_request_error    carries allow
    |- RateLimited          429 rate_limit_error  carries retry_after_s
    |- Unavailable          503 service_unavailable  carries retry_after_s
    `- ConfigurationError   a start error: it lists every problem and never becomes a response

A 4xx message is written for the caller. A 5xx message reaches the caller only if the class says `expose`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar


class RouteIQError(Exception):
    """Base of all expected failures. `status` is an HTTP status; `type` and `code` stand in the OpenAI error body."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "internal_error"
    code: ClassVar[str] = "internal_error"
    expose: ClassVar[bool] = False
    param: str | None = None

    def __init__(self, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param

    @property
    def public_message(self) -> str:
        """The text that a caller may read: inner text of a 5xx stays inside unless the class exposes it."""
        return self.message if self.status < 500 or self.expose else "Internal server error"


class InvalidRequest(RouteIQError):
    status, type, code = 400, "invalid_request_error", "invalid_request"


class BodyTooLarge(InvalidRequest):
    status, code = 413, "request_too_large"


class InvalidFields(InvalidRequest):
    """A body whose fields break their rules. `details` are FastAPI's: `type`, `loc` and `msg` of each; no values."""

    status, code = 422, "invalid_fields"

    def __init__(self, details: Sequence[Mapping[str, object]]) -> None:
        super().__init__("; ".join(str(one["msg"]) for one in details))
        self.details = details


class AuthenticationError(RouteIQError):
    status, type, code = 401, "authentication_error", "invalid_api_key"


class PermissionDenied(RouteIQError):
    status, type, code = 403, "permission_error", "permission_denied"


class NotFound(RouteIQError):
    status, type, code = 404, "not_found_error", "not_found"


class MethodNotAllowed(RouteIQError):
    status, type, code = 405, "invalid_request_error", "method_not_allowed"

    def __init__(self, message: str, *, allow: Iterable[str]) -> None:
        super().__init__(message)
        self.allow = tuple(allow)


class RateLimited(RouteIQError):
    status, type, code = 429, "rate_limit_error", "rate_limit_exceeded"

    def __init__(self, message: str, *, retry_after_s: int) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unavailable(RouteIQError):
    status, type, code, expose = 503, "service_unavailable", "service_unavailable", True

    def __init__(self, message: str, *, retry_after_s: int = 1) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class ConfigurationError(RouteIQError):
    code = "configuration_error"
    expose = True

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
