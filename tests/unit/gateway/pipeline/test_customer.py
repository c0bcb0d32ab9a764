"""Whom a request is for, and for which service."""

from __future__ import annotations

import json

import msgspec
import pytest

from routeiq.gateway.callers.caller import Caller
from routeiq.gateway.callers.overrides import Customer
from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.pipeline.context import Call, Context
from routeiq.gateway.pipeline.customer import LONGEST, customer_of
from routeiq.kit.principal import Principal, Role
from tests.support.twins import deployment, state

STATE = state(deployment())


def found(body: dict[str, object], headers: dict[bytes, bytes], user_id: str = "", alias: str = "") -> Customer | None:
    raw = {name: msgspec.Raw(json.dumps(value).encode()) for name, value in body.items()}
    caller = Caller(Principal("k", Role.USER, user_id=user_id, key_alias=alias))
    return customer_of(Context("r", caller, STATE, Call(Endpoint.CHAT, raw, "small", False), headers, 0.0))


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        ({"user": "u"}, {}, "u"),
        ({"user": "u", "metadata": {"user_id": "m"}}, {b"x-litellm-customer-id": b"h"}, "u"),
        ({"metadata": {"user_id": "m"}}, {b"x-litellm-customer-id": b"h"}, "m"),
        ({"metadata": {"user_id": None}}, {b"x-litellm-customer-id": b"h"}, "h"),
        ({"metadata": {}}, {b"x-litellm-end-user-id": b"e"}, "e"),
        ({"user": 7}, {}, "own"),
        ({"user": ""}, {}, "own"),
        ({"metadata": [1]}, {}, "own"),
        ({"metadata": {"user_id": 5}}, {}, "own"),
        ({}, {}, "own"),
    ],
)
def test_the_body_goes_before_headers_and_the_keys_user_comes_last(
    body: dict[str, object], headers: dict[bytes, bytes], expected: str
) -> None:
    assert found(body, headers, user_id="own") == Customer(expected, "")


def test_nobody_is_named() -> None:
    assert found({}, {}) is None
    assert found({"user": "x" * (LONGEST + 1)}, {}) is None


def test_the_service_is_the_headers_or_the_keys_alias() -> None:
    assert found({"user": "u"}, {b"x-service-name": b"s"}, alias="a") == Customer("u", "s")
    assert found({"user": "u"}, {}, alias="a") == Customer("u", "a")
    assert found({"user": "u"}, {b"x-service-name": b"s" * (LONGEST + 1)}) == Customer("u", "")
