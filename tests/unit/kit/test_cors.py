"""Which origins a browser is told of, and what is no origin."""

from __future__ import annotations

import pytest

from routeiq.kit.cors import CORS, split_origins

APP = b"https://app.example"
ASKS = {b"origin": APP, b"access-control-request-method": b"POST"}


@pytest.mark.parametrize(
    ("text", "origins"),
    [
        ("", ()),
        (" , ", ()),
        ("*", ("*",)),
        ("https://App.example , http://localhost:3000", ("https://app.example", "http://localhost:3000")),
        ("http://[::1]:3000,chrome-extension://abc", ("http://[::1]:3000", "chrome-extension://abc")),
    ],
)
def test_origins_are_split(text: str, origins: tuple[str, ...]) -> None:
    assert split_origins(text) == origins


@pytest.mark.parametrize(
    "text", ["https://a/", "https://a/b", "a.example", "*,https://a", "https://u@a", "null", "https://*.a"]
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="origin"):
        split_origins(text + ",https://a")


def test_a_listed_origin_is_allowed_and_no_other() -> None:
    cors = CORS(["https://app.example"])
    allowed = dict(cors.lines(APP))
    assert (allowed[b"access-control-allow-origin"], allowed[b"vary"]) == (APP, b"origin")
    for origin in (None, b"", b"https://app.example.evil", b"https://app.exampl", b"null", b"*"):
        assert cors.lines(origin) == ((b"vary", b"origin"),)


def test_any_origin_is_allowed_without_naming_it() -> None:
    assert dict(CORS(["*"]).lines(APP)) == {
        b"access-control-allow-origin": b"*", b"access-control-expose-headers": b"*",
    }  # fmt: skip


def test_nothing_allows_for_cookies() -> None:
    for cors in (CORS(["*"]), CORS(["https://app.example"])):
        lines = (*cors.lines(APP), *(cors.preflight("OPTIONS", ASKS) or ()))
        assert b"access-control-allow-credentials" not in dict(lines)


def test_a_question_is_answered_with_what_it_asked_for() -> None:
    asked = {**ASKS, b"access-control-request-headers": b"authorization,content-type"}
    lines = dict(CORS(["*"]).preflight("OPTIONS", asked) or ())
    assert lines[b"access-control-allow-headers"] == b"authorization,content-type"
    assert b"POST" in lines[b"access-control-allow-methods"]


@pytest.mark.parametrize("names", [b"", b"a b", b"a,,b", b"a: b", b"\xff"])
def test_odd_names_are_not_repeated(names: bytes) -> None:
    asked = {**ASKS, b"access-control-request-headers": names}
    assert b"access-control-allow-headers" not in dict(CORS(["*"]).preflight("OPTIONS", asked) or ())


@pytest.mark.parametrize(
    ("method", "headers"),
    [("POST", ASKS), ("OPTIONS", {b"origin": APP}), ("OPTIONS", ASKS | {b"origin": b"https://other.example"})],
)
def test_what_is_no_question_of_ours(method: str, headers: dict[bytes, bytes]) -> None:
    assert CORS(["https://app.example"]).preflight(method, headers) is None
