"""Shapes of `router_settings` for what happens when a deployment fails: fallback lists, retries and fails by kind.

LiteLLM names kinds of failure after its exceptions. `STATUSES` says which answers of an upstream each of them means;
no answer counts as 502, a time-out as 504.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from routeiq.config.document.section import Section
from routeiq.config.problems import Location
from routeiq.config.statuses import ANY_STATUS

STATUSES: Mapping[str, tuple[int, ...]] = {
    "AuthenticationError": (401, 402, 403),
    "NotFoundError": (404,),
    "TimeoutError": (408, 504),
    "RateLimitError": (429,),
    "InternalServerError": (500,),
    "BadGatewayError": (502,),
    "ServiceUnavailableError": (503, 529),
}
"""Kind -> statuses. A bad gateway is an internal error to LiteLLM's retry policy, which has no name for it."""
NEVER_RETRIED = "has no effect: an error that the request itself causes is never tried again on the same group"
NEVER_COUNTED = "has no effect: an error that the request itself causes says nothing of the deployment"
DEFAULT_KEY = "*"

Count = Annotated[int, Field(ge=0, le=100)]


def _names(value: object) -> object:
    """`{a: b}` for `{a: [b]}`."""
    if not isinstance(value, dict):
        return value
    return {key: [names] if isinstance(names, str) else names for key, names in value.items()}


FallbackList = tuple[Annotated[dict[str, tuple[str, ...]], BeforeValidator(_names)], ...]
"""LiteLLM's form: `[{a: [b, c]}, {"*": [d]}]`."""


def entries(lists: FallbackList | None, at: Location) -> Iterator[tuple[str, tuple[str, ...], Location]]:
    """(model, its fallbacks, where they stand), in document order."""
    for position, item in enumerate(lists or ()):
        for name, names in item.items():
            yield name, names, (*at, position, name)


def _described(kind: str) -> str:
    return f"For {', '.join(map(str, STATUSES[kind]))}."


class RetryPolicy(Section):
    """Retries by kind of failure; what is not given follows `num_retries`."""

    AuthenticationErrorRetries: Count | None = Field(
        default=None, description=f"{_described('AuthenticationError')} Only other deployments are tried."
    )
    NotFoundErrorRetries: Count | None = Field(
        default=None, description=f"{_described('NotFoundError')} Only other deployments are tried."
    )
    TimeoutErrorRetries: Count | None = Field(default=None, description=_described("TimeoutError"))
    RateLimitErrorRetries: Count | None = Field(default=None, description=_described("RateLimitError"))
    InternalServerErrorRetries: Count | None = Field(
        default=None, description="For 500, 502 and an upstream that gave no answer."
    )
    ServiceUnavailableErrorRetries: Count | None = Field(
        default=None, description=_described("ServiceUnavailableError")
    )
    DefaultRetries: Count | None = Field(default=None, description="For what no other key of the policy names.")
    BadRequestErrorRetries: Count | None = Field(default=None, description="No effect.")
    ContentPolicyViolationErrorRetries: Count | None = Field(default=None, description="No effect.")

    notes: ClassVar[Mapping[str, str]] = {
        "BadRequestErrorRetries": NEVER_RETRIED,
        "ContentPolicyViolationErrorRetries": NEVER_RETRIED,
    }

    def by_status(self) -> Mapping[int, int]:
        """Status -> retries, for what is given."""
        found = _by_status(self, "Retries")
        if self.InternalServerErrorRetries is not None:
            found[502] = self.InternalServerErrorRetries
        if self.DefaultRetries is not None:
            found[ANY_STATUS] = self.DefaultRetries
        return found


class AllowedFailsPolicy(Section):
    """Failures in a row that a deployment may have before it is cooled, by kind."""

    AuthenticationErrorAllowedFails: Count | None = Field(
        default=None, description=f"{_described('AuthenticationError')} Without it, 401 and 402 cool at once."
    )
    NotFoundErrorAllowedFails: Count | None = Field(
        default=None, description=f"{_described('NotFoundError')} Without it, 404 cools at once."
    )
    TimeoutErrorAllowedFails: Count | None = Field(default=None, description=_described("TimeoutError"))
    RateLimitErrorAllowedFails: Count | None = Field(
        default=None, description=f"{_described('RateLimitError')} Without it, 429 cools at once."
    )
    InternalServerErrorAllowedFails: Count | None = Field(default=None, description=_described("InternalServerError"))
    BadGatewayErrorAllowedFails: Count | None = Field(default=None, description=_described("BadGatewayError"))
    ServiceUnavailableErrorAllowedFails: Count | None = Field(
        default=None, description=_described("ServiceUnavailableError")
    )
    BadRequestErrorAllowedFails: Count | None = Field(default=None, description="No effect.")
    ContentPolicyViolationErrorAllowedFails: Count | None = Field(default=None, description="No effect.")

    notes: ClassVar[Mapping[str, str]] = {
        "BadRequestErrorAllowedFails": NEVER_COUNTED,
        "ContentPolicyViolationErrorAllowedFails": NEVER_COUNTED,
    }

    def by_status(self) -> Mapping[int, int]:
        """Status -> failures in a row, for what is given."""
        return _by_status(self, "AllowedFails")


def _by_status(policy: Section, suffix: str) -> dict[int, int]:
    found: dict[int, int] = {}
    values = dict(policy)  # CPython keeps thousands of the last names that `getattr` was given, equal ones too
    for kind, statuses in STATUSES.items():
        given = values.get(f"{kind}{suffix}")
        if given is not None:
            found.update(dict.fromkeys(statuses, given))
    return found
