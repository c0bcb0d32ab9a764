"""Requests that no client would send, made from good ones by a seed."""

from __future__ import annotations

import json
import random

PATHS = (
    "/v1/chat/completions", "/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/responses", "/v1/messages",
    "/engines/m/chat/completions", "/openai/deployments/a/b/chat/completions", "/v1/models", "/router/route", "/health",
    "/", "//v1/chat/completions", "/v1/../v1/models", "/v1/models/%2e%2e", "/v1/chat/completions?key=%ff", "/%00",
)  # fmt: skip
METHODS = ("POST",) * 8 + ("GET", "HEAD", "OPTIONS", "PUT", "TRACE", "FOO", "post", "")
ODD: tuple[object, ...] = (
    None, True, 0, -1, 1.5, 2**70, "", "x" * 300, "\ud800", "\x00", [], {}, [[]], {"a": {"b": []}}, [None], "auto", "m",
)  # fmt: skip
FIELDS = (
    "model", "messages", "stream", "stream_options", "tools", "max_tokens", "n", "input", "prompt", "api_base", "x",
)  # fmt: skip
LENGTHS = ("0", "5", "-1", "+7", "0x10", "99999999999999999999", "1, 1", " 12 ", "abc", "")
CODINGS = ("chunked", "Chunked", "gzip, chunked", "chunked, gzip", "identity", "xchunked", "chunked\x00")
HIDDEN = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
SPLICES = (b"\r\n", b"\n", b"\r", b"\x00", b"\r\n\r\n", b" ", b"\t", b":", b"\xff\xfe", HIDDEN)
LINES = ("cookie: a=b", "x-api-key: zzz", "expect: 100-continue", "connection: close", "x-a: \x0b")
ASPECTS = ("target", "lines", "framing", "body", "bytes")
GOOD: dict[str, object] = {
    "model": "m",
    "messages": [{"role": "user", "content": "hi"}],
    "input": "hi",
    "prompt": "hi",
}


def request(rng: random.Random, key: str) -> bytes:
    """One attempt. Most differ from a good request in one aspect, some in all."""
    odd = set(ASPECTS) if rng.random() < 0.3 else set(rng.sample(ASPECTS, rng.randint(0, 1)))
    body = _body(rng) if "body" in odd else json.dumps(GOOD).encode()
    method, path = (rng.choice(METHODS), rng.choice(PATHS)) if "target" in odd else ("POST", PATHS[0])
    head = [f"{method} {path} HTTP/1.{rng.choice('1110')}", "host: gateway", *_lines(rng, key, odd)]
    head += _framing(rng, body) if "framing" in odd else [f"content-length: {len(body)}"]
    data = bytearray("\r\n".join(head).encode("latin-1", "replace") + b"\r\n\r\n" + body)
    for _ in range(rng.choice((1, 1, 2, 5)) if "bytes" in odd else 0):
        rng.choice((_flip, _drop, _splice))(rng, data)
    return bytes(data)


def _lines(rng: random.Random, key: str, odd: set[str]) -> list[str]:
    if "lines" not in odd:
        return [f"authorization: Bearer {key}"]
    credential = [f"authorization: Bearer {rng.choice((key, 'sk-wrong'))}"] if rng.random() < 0.8 else []
    return credential + rng.sample(LINES, rng.randint(0, 2))


def _body(rng: random.Random) -> bytes:
    fields = dict(GOOD)
    for _ in range(rng.choice((0, 1, 1, 2, 4))):
        fields[rng.choice(FIELDS)] = rng.choice(ODD)
    text = json.dumps(fields).encode()
    return rng.choice((text, text, text, text[: rng.randrange(len(text))], b"[" * 500, text + text, b""))


def _framing(rng: random.Random, body: bytes) -> list[str]:
    right = f"content-length: {len(body)}"
    return rng.choice(
        (
            [right], [right], [right], [right],
            [f"content-length: {rng.choice(LENGTHS)}"],
            [right, f"content-length: {rng.choice(LENGTHS)}"],
            [right, f"transfer-encoding: {rng.choice(CODINGS)}"],
            [f"transfer-encoding: {rng.choice(CODINGS)}"],
            [],
        )
    )  # fmt: skip


def _flip(rng: random.Random, data: bytearray) -> None:
    if data:
        data[rng.randrange(len(data))] = rng.randrange(256)


def _drop(rng: random.Random, data: bytearray) -> None:
    start = rng.randrange(len(data) + 1)
    del data[start : start + rng.randint(1, 20)]


def _splice(rng: random.Random, data: bytearray) -> None:
    place = rng.randrange(len(data) + 1)
    data[place:place] = rng.choice(SPLICES)
