"""Refusals to callers who speak Anthropic's dialect: theirs as it is, but for what nobody may see."""

from __future__ import annotations

import json

import pytest

from routeiq.gateway.endpoint import Endpoint
from routeiq.gateway.upstream.anthropic import Anthropic
from tests.support.upstream import KEY, answer, deployment, request


async def refused(body: bytes, status: int = 400) -> bytes:
    provider = Anthropic(answer(body, status))
    response = await provider.send(request(endpoint=Endpoint.MESSAGES), deployment("anthropic", "claude-x"))
    assert response.status == status
    return await response.read()


def error(message: str, beside: bytes = b"null") -> bytes:
    return b'{"type":"error","error":{"type":"t","message":"%b"},"beside":%b}' % (message.encode(), beside)


async def test_one_of_its_shape_is_kept() -> None:
    assert await refused(error("no")) == error("no")


async def test_a_key_behind_escapes_is_cut_out() -> None:
    hidden = "".join(f"\\u{ord(letter):04x}" for letter in KEY)
    assert json.loads(await refused(error(f"bad {hidden}")))["error"]["message"] == "bad [redacted]"


@pytest.mark.parametrize("beside", [b'"\xff"', b"1" * 5000, b"1e999", b'"' + KEY.encode() + b'\xff"'])
async def test_what_nobody_can_read_is_not_passed_on(beside: bytes) -> None:
    found = await refused(error("too many", beside), 429)
    assert KEY.encode() not in found
    said = json.loads(found.decode())
    assert (said["type"], said["error"]["message"]) == ("error", "too many")


async def test_any_other_body_gets_ours() -> None:
    assert json.loads(await refused(b"<html>", 503))["error"] == {
        "type": "api_error",
        "message": "The provider of `group` answered 503.",
    }
