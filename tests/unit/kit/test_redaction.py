"""What looks like a credential is cut out; what does not stays."""

from __future__ import annotations

import json

import pytest

from routeiq.kit.redaction import redacted, redacted_bytes

KEY = "sk-proj-AbC123def456"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"Incorrect API key provided: {KEY}. See", "Incorrect API key provided: [redacted]. See"),
        ("Authorization: Bearer abc.def-123456", "Authorization: Bearer [redacted]"),
        ("{'authorization': 'Basic dXNlcjpwYXNz'}", "{'authorization': 'Basic [redacted]'}"),
        ("BEARER abcdefgh12", "BEARER [redacted]"),
        ("redis://user:hunter22@host:6379/0 is away", "redis://user:[redacted]@host:6379/0 is away"),
        ("nats://:s3cret@host", "nats://:[redacted]@host"),
        ("GET /v1?api_key=abcdef123456&x=1", "GET /v1?api_key=[redacted]&x=1"),
        ('{"client_secret": "abcdef123456"}', '{"client_secret": "[redacted]"}'),
        ("password = correcthorse", "password = [redacted]"),
        ("azure_ad_token=abcdefg1", "azure_ad_token=[redacted]"),
        (r"{\"password\": \"abcdefgh\"}", r"{\"password\": \"[redacted]\"}"),
        ("gsk_0123456789 and AIzaSyA-0123456789", "[redacted] and [redacted]"),
    ],
)
def test_a_credential_is_cut_out(text: str, left: str) -> None:
    assert redacted(text) == left
    assert redacted_bytes(text.encode()).decode() == left


@pytest.mark.parametrize(
    "text",
    [
        "max_tokens: 100000000 is too many",
        "sk-...abcd",
        "the bearer of this",
        "http://host:8080/path",
        "key: short",
        "unknown key: frequency_penalty",
        "`key=` is missing, task-oriented-model, risk-assessment-model",
        "https://a.example/x@y",
    ],
)
def test_other_words_stay(text: str) -> None:
    assert redacted(text) == text


def test_json_stays_json() -> None:
    said = {"error": {"message": f'key="{KEY}" of {{"api_key": "abcdefghij"}}', "code": None}}
    left = redacted_bytes(json.dumps(said).encode())
    assert KEY.encode() not in left
    assert json.loads(left)["error"]["code"] is None
