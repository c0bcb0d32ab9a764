"""A request's head as bytes: how long it is, what of it says where the body ends, and what is refused.

That is what RFC 9112 refuses and llhttp lets pass: what the request line says that it is (2.3, 3), whom the request is
for (3.2), how its body is coded (6.1). Two that read one request differently are how requests are smuggled, so that
nothing is guessed at.
"""

from __future__ import annotations

import re
import string
from typing import Final

_IN_HOSTS: Final = (string.ascii_letters + string.digits + "-._~%!$&'()*+,;=:[]").encode()
"""RFC 3986, 3.2: a host and its port."""
_VERSIONS: Final = ("1.1", "1.0")
_PLAINLY: Final = b" HTTP/1.1\r\n"
MOST_HOSTS: Final = 256
LONGEST_HOST: Final = 255
_known_hosts: Final[set[bytes]] = set()
"""Those that were looked through and found good: a service is called by few names. Strangers may fill it, once."""

AT_ONCE_BYTES: Final = 4096
AT_ONCE_LINES: Final = 128
"""Of a read with more of both: parsed before another look at that. Once it is one, a request of 30 bytes takes 2 KB."""


def refusal(version: str, headers: list[tuple[bytes, bytes]]) -> int:
    """The status, or 0. Args: headers: names in lower case."""
    if version not in _VERSIONS:
        return 505
    hosts = 0
    codings = b""
    for name, value in headers:
        if name == b"host":
            hosts += 1
            if value not in _known_hosts and not _learn(value):
                return 400
        elif name == b"transfer-encoding":
            codings += b"," + value.strip().lower()
    if hosts > 1 or (not hosts and version != "1.0"):
        return 400
    return 501 if codings and codings != b",chunked" else 0


def _learn(host: bytes) -> bool:
    """Whether it is one."""
    if host.translate(None, _IN_HOSTS):
        return False
    if len(_known_hosts) < MOST_HOSTS and len(host) <= LONGEST_HOST:
        _known_hosts.add(host)
    return True


def begins_plainly(read: bytes, method: bytes, url: bytes) -> bool:
    """Whether `read`, which begins with a request, begins as nearly all do: then it is HTTP/1.1."""
    at = len(method) + 1
    end = at + len(url)
    return read.startswith(method) and read[at:end] == url and read[end : end + len(_PLAINLY)] == _PLAINLY


def is_http(read: bytes, method: bytes, url: bytes) -> bool:
    """Whether the request line names HTTP: llhttp takes RTSP and ICE too, and does not say so.

    Args: read: the reads that the request's head came in."""
    line = b"%b %b HTTP/" % (method, url)
    return read.find(line) >= 0 or re.search(b"%b +%b +HTTP/" % (method, re.escape(url)), read) is not None


def size(url: bytes, headers: list[tuple[bytes, bytes]]) -> int:
    return len(url) + sum(len(name) + len(value) + 4 for name, value in headers)


def primer(headers: list[tuple[bytes, bytes]]) -> bytes:
    """Another head with the same framing; empty: there is no body."""
    framing = [b"%b: %b\r\n" % pair for pair in headers if pair[0] in (b"content-length", b"transfer-encoding")]
    return b"POST / HTTP/1.1\r\n%b\r\n" % b"".join(framing) if framing else b""


def has_many_lines(data: bytes) -> bool:
    """One request's head has few, and a body that is JSON none that end in CR."""
    at = 0
    for _ in range(AT_ONCE_LINES):
        at = data.find(b"\r", at) + 1
        if not at:
            return False
    return True
