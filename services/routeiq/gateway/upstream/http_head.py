"""The two heads of an exchange: the request's, and what the answer's says of its body.

Framing follows RFC 9112, 6: a length and a coding at once, and codings other than `chunked`, are refused. Broken
lines, folded ones and repeated lengths do not come this far: llhttp refuses them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlsplit

from routeiq.gateway.upstream.http import HOP_BY_HOP, response_headers
from routeiq.kit.outbound import Target

_OURS: Final = HOP_BY_HOP | {"content-length", "expect"}
"""Decided by the connection, whatever a caller or a document says."""
_SAFE_IN_TARGETS: Final = "%/:=&?~+!$,;'@()*[]|"
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_BREAKS: Final = re.compile(r"[\r\n\0]")
PASSED_ON: Final[Mapping[str, bytes]] = {
    name: name.encode()
    for name in ("content-type", "retry-after", "openai-processing-ms", "openai-organization", "openai-version")
}
"""The upstream's headers that a client may see, as they are called in an answer and on the wire. They are asked for of
nearly every answer: read at once, with the fields that say how the body ends."""
_FRAMING: Final = ("connection", "content-encoding", "content-length", "transfer-encoding")
_NOTED: Final = {name.encode(): name for name in (*PASSED_ON, *_FRAMING)}
_BEGINNINGS: Final = bytes([chr(code).lower() in {name[0] for name in (*PASSED_ON, *_FRAMING)} for code in range(256)])
"""1 for each byte that such a name may begin with: most fields are none of them."""
_NAMING_NONE: Final = frozenset({"keep-alive", "close"})
_ENCODINGS: Final = {"": "", "identity": "", "gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate"}
_BODILESS: Final = frozenset({204, 304})
_EVERYBODYS: Final = frozenset({"content-type", "accept", "accept-encoding", "user-agent"})
"""They have few values and are no credentials: what is kept here outlives the deployment that it was sent for."""
_MOST_KEPT: Final = 1024
_LONGEST_KEPT: Final = 4096
"""What is longer is worked out each time: strangers choose it, and caches would hold it for ever."""


class AnswerRefused(Exception):
    """The answer breaks the rules of HTTP, or ours. The text is for people and holds nothing of the answer."""


def request_target(url: str, target: Target) -> tuple[str, str]:
    """The path and query as the request line has them, and the value of `Host`."""
    parts = urlsplit(url)
    path = parts.path or "/"
    line = quote(f"{path}?{parts.query}" if parts.query else path, safe=_SAFE_IN_TARGETS)
    host = f"[{target.host}]" if ":" in str(target.host) else str(target.host)
    default = {"http": 80, "https": 443}[target.scheme]
    return line, host if target.port == default else f"{host}:{target.port}"


def request_head(line: str, host: str, headers: Mapping[str, str]) -> bytes:
    """Everything up to what differs from call to call: its id, and `content-length`. `headers` may replace `host`.

    Raises: ValueError: a name or a value that would break the head.
    """
    parts = [f"POST {line} HTTP/1.1\r\n".encode("ascii")]
    seen = set()
    for name, value in headers.items():
        lower, encoded = (_kept_field if name in _EVERYBODYS else _field)(name, value)
        if lower not in seen:
            seen.add(lower)
            parts.append(encoded)
    if "host" not in seen:
        parts.append(_field("host", host)[1])
    parts += [encoded for name, encoded in _DEFAULTS if name not in seen]
    return b"".join(parts)


def _field(name: str, value: str) -> tuple[str, bytes]:
    """The name in lower case and the field's line, which is empty for what the connection decides."""
    if not _NAME.fullmatch(name) or _BREAKS.search(value):
        raise ValueError("a header cannot be sent")
    lower = name.lower()
    return lower, b"" if lower in _OURS else f"{lower}: {value}\r\n".encode("latin-1")


_kept_field: Final = lru_cache(maxsize=64)(_field)


_DEFAULTS: Final = tuple(
    _field(name, value)
    for name, value in (("user-agent", "routeiq"), ("accept", "*/*"), ("accept-encoding", "gzip, deflate"))
)


class AnswerHead(Mapping[str, str]):
    """Of one answer: how its body ends, and its headers as `response_headers` has them. Few are ever asked for.

    `encoding`: `gzip`, `deflate` or nothing. `until_close`: only the end of the connection ends the body.
    """

    __slots__ = ("_known", "_lines", "_whole", "encoding", "until_close")

    def __init__(self, status: int, lines: bytes) -> None:
        """Args: lines: from the status line to the last field's line end, as llhttp has accepted them.

        Raises: AnswerRefused: a body that nobody could delimit or decode for sure.
        """
        if status >= 600:
            raise AnswerRefused("a status that is none")
        self._lines = lines
        self._whole = odd = sized = False
        known: dict[str, str] = {}
        framing: dict[str, str] = {}
        kept = len(lines) <= _LONGEST_KEPT
        for line in lines.split(b"\r\n"):
            if not line or not _BEGINNINGS[line[0]]:
                continue
            raw, _, value = line.partition(b":")
            name = _NOTED.get(raw) or _NOTED.get(raw.lower())
            if name is None:
                continue
            if name == "content-length":
                sized = True
                continue
            text, plain = _kept_text(value) if kept else _text(value)
            if name in PASSED_ON:
                odd = odd or name in known or not plain
                known[name] = text
            else:
                framing[name] = f"{framing[name]}, {text}" if name in framing else text
        self._known = known
        self.encoding, self.until_close = "", not sized and status not in _BODILESS
        if framing:
            odd = self._frame(framing, sized) or odd
        if odd:
            self._read()

    def _frame(self, framing: dict[str, str], sized: bool) -> bool:
        """Returns: whether `connection` may name fields that are to be left out."""
        if "transfer-encoding" in framing:
            if sized:
                raise AnswerRefused("two lengths at once")
            if framing["transfer-encoding"].lower() != "chunked":
                raise AnswerRefused("unknown transfer coding")
            self.until_close = False
        encoding = _ENCODINGS.get(framing.get("content-encoding", "").lower())
        if encoding is None:
            raise AnswerRefused("content encoding that was not asked for")
        self.encoding = encoding
        return framing.get("connection", "close").lower() not in _NAMING_NONE

    def __getitem__(self, name: str) -> str:
        if not self._whole and name not in PASSED_ON:
            self._read()
        return self._known[name]

    def __contains__(self, name: object) -> bool:
        if not self._whole and name not in PASSED_ON:
            self._read()
        return name in self._known

    def __iter__(self) -> Iterator[str]:
        self._read()
        return iter(self._known)

    def __len__(self) -> int:
        self._read()
        return len(self._known)

    def is_only(self, kind: str) -> bool:
        """Whether that is its content type, and nothing else of PASSED_ON is there."""
        return len(self._known) == 1 and self._known.get("content-type") == kind

    def passed_on(self) -> list[tuple[bytes, bytes]]:
        """Those of PASSED_ON that it has, as a server sends them."""
        known = self._known
        return [(PASSED_ON[name], known[name].encode("latin-1")) for name in known if name in PASSED_ON]

    def _read(self) -> None:
        """All of them."""
        if not self._whole:
            self._whole = True
            self._known = response_headers(map(_pair, self._lines.decode("latin-1").split("\r\n")[1:-1]))


def _pair(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name, value.strip(" \t")


def _text(value: bytes) -> tuple[str, bool]:
    """And whether it is printable ASCII."""
    text = value.decode("latin-1").strip(" \t")
    return text, text.isprintable() and text.isascii()


_texts: Final[dict[bytes, tuple[str, bool]]] = {}


def _kept_text(value: bytes) -> tuple[str, bool]:
    found = _texts.get(value)
    if found is None:
        if len(_texts) >= _MOST_KEPT:
            _texts.clear()
        _texts[value] = found = _text(value)
    return found
