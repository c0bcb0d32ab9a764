"""What the document says of keys, users and teams that are made by API, in the terms of their requests.

`said` reads it. What was made before stays as it was made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from routeiq.config.document.management import KeyGeneration, KeyLimits
from routeiq.control.fields import Body, Resets

Given = Mapping[str, Any]
"""Fields of a request."""
Asked = TypeVar("Asked", bound=Body)


@dataclass(frozen=True, slots=True)
class Terms:
    """Without a document: nothing is given, and nothing forbidden."""

    resets: Resets
    keys: Given = field(default_factory=dict)
    """Defaults of `/key/generate`."""
    limits: KeyLimits = field(default_factory=KeyLimits)
    making: KeyGeneration = field(default_factory=KeyGeneration)
    custom_keys: bool = True
    users: Given = field(default_factory=dict)
    """Defaults of `/user/new`."""
    internal_users: Given = field(default_factory=dict)
    """The budget of those who are given none."""
    joinable: Sequence[str] = ()
    """Teams that users may join by themselves."""
    teams: Given = field(default_factory=dict)
    """Defaults of `/team/new`."""


Said = Callable[[], Terms]
"""Those of the document in force. A request asks once, and keeps them."""


def filled(body: Asked, given: Given) -> Asked:
    """The request, and what is given beside."""
    return type(body).model_validate({**body.model_dump(exclude_unset=True), **given}) if given else body


def is_open(body: Body, name: str) -> bool:
    """Whether the request says nothing of it. That a budget never begins anew is something, as with LiteLLM."""
    said = getattr(body, name)
    return said in (None, [], {}) and not (name == "budget_duration" and name in body.model_fields_set)
