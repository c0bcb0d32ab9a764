"""When a stream gets its usage chunk."""

from __future__ import annotations

import msgspec
import pytest

from routeiq.gateway.dialects.openai_answer import wants_usage


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (b'{"include_usage":true}', True),
        (b'{"include_usage":false}', False),
        (b"{}", False),
        (b"null", False),
        (b'{"include_usage":"yes"}', False),
        (b"5", False),
    ],
)
def test_usage_is_wanted_only_if_asked_for(options: bytes, wanted: bool) -> None:
    assert wants_usage({"stream_options": msgspec.Raw(options)}) is wanted


def test_no_options_ask_for_nothing() -> None:
    assert not wants_usage({})
