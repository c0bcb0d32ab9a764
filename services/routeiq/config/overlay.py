"""What was added by API, as control tells it: the fields of `routeiq.api.control.v1.Overlay`.

JSON objects are texts. In `litellm_params` a secret, at any depth, is `{"sealed": "..."}`; a provider's `api_key` is
sealed as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

OpenSecret = Callable[[str, str], str]
"""(sealed text, id of the entry) -> the secret. Raises: RouteIQError: it was not sealed by us, or for another entry."""


@dataclass(frozen=True, slots=True)
class OverlayModel:
    """An entry like those of `model_list`."""

    id: str
    model_name: str
    litellm_params: str = field(repr=False)
    model_info: str = "{}"
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class OverlayProvider:
    """An entry like those of `routeiq.providers`. Empty texts: not given."""

    id: str
    name: str
    models: tuple[str, ...]
    api_key: str = field(default="", repr=False)
    display_name: str = ""
    base_url: str = ""
    enabled: bool = True
    rate_limit_rpm: int = 60
    rate_limit_tpm: int = 100_000
    priority: int = 10


@dataclass(frozen=True, slots=True)
class Overlay:
    """It is replaced as a whole, and its version grows with each change."""

    version: int = 0
    models: tuple[OverlayModel, ...] = ()
    providers: tuple[OverlayProvider, ...] = ()
    has_overrides: bool = False
