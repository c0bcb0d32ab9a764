"""Keys: where they are found, and that only the right one opens."""

from __future__ import annotations

import pytest

from routeiq.gateway.pipeline.authenticate import Authenticator, presented_key
from routeiq.kit.asgi import first_values
from routeiq.kit.errors import AuthenticationError
from tests.support.asgi import scope

KEY = "sk-right-key-for-tests"


def sent(headers: list[tuple[str, str]]) -> dict[bytes, bytes]:
    return first_values(scope(headers=headers))


def master(headers: dict[bytes, bytes], query: bytes = b"") -> bool:
    found = Authenticator(KEY).at_once(headers, query)
    return found is not None and found.principal.is_admin


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Authorization", f"Bearer {KEY}"),
        ("authorization", f"bearer  {KEY}"),
        ("x-api-key", KEY),
        ("api-key", KEY),
        ("x-goog-api-key", KEY),
        ("x-litellm-api-key", KEY),
        ("x-litellm-api-key", f"Bearer {KEY}"),
        ("Ocp-Apim-Subscription-Key", KEY),
    ],
)
def test_every_named_header_carries_a_key(name: str, value: str) -> None:
    assert master(sent([(name, value)]))


def test_google_clients_send_the_key_in_the_query() -> None:
    assert master({}, f"key={KEY}".encode())


def test_no_key_says_how_to_send_one() -> None:
    with pytest.raises(AuthenticationError, match="Authorization: Bearer"):
        Authenticator(KEY).at_once({})


@pytest.mark.parametrize("value", ["Bearer sk-wrong", "Bearer", "Bearer ", f"Basic {KEY}", KEY, f"Bearer {KEY}x"])
def test_anything_but_the_key_is_refused(value: str) -> None:
    with pytest.raises(AuthenticationError):
        Authenticator(KEY).at_once(sent([("authorization", value)]))


def test_another_scheme_does_not_hide_a_key_in_another_header() -> None:
    found = presented_key(sent([("authorization", "Basic abc"), ("x-api-key", KEY)]))
    assert found == KEY.encode()


def test_litellms_header_wins_over_authorization() -> None:
    found = presented_key(sent([("authorization", "Bearer other"), ("x-litellm-api-key", KEY)]))
    assert found == KEY.encode()


def test_the_first_of_repeated_headers_counts() -> None:
    found = presented_key(sent([("x-api-key", KEY), ("x-api-key", "other")]))
    assert found == KEY.encode()


def test_a_principal_never_holds_the_key() -> None:
    assert KEY not in repr(Authenticator(KEY).at_once(sent([("x-api-key", KEY)])))
