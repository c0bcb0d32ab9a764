"""Which web pages may call: the header lines of every answer, and the answer to a browser's question before a call.

No cookie is ever a credential here, so that none is allowed for and `*` may stand for any origin. What a page may send
is not narrowed: a request that is wrong is refused when it comes, in a way that the page can read.
Source: WHATWG Fetch, 3.2 (CORS protocol).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

ANY = "*"
METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE"
MAX_AGE_S = 600
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#@,*]+")
_HEADER_NAMES = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]*,[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+)*")
_EXPOSED = (b"access-control-expose-headers", b"*")
_VARY = (b"vary", b"origin")

Lines = tuple[tuple[bytes, bytes], ...]


def split_origins(text: str) -> tuple[str, ...]:
    """Of a list with commas: `https://app.example`, or `*` alone. Raises: ValueError: what is no origin."""
    origins = tuple(one.strip().lower() for one in text.split(",") if one.strip())
    for one in origins:
        if one == ANY and len(origins) > 1:
            raise ValueError("`*` stands for every origin; give it alone")
        if one != ANY and not _ORIGIN.fullmatch(one):
            raise ValueError(
                "an origin is `scheme://host` or `scheme://host:port`, without a path or a slash behind it"
            )
    return origins


class CORS:
    """For some origins."""

    def __init__(self, origins: Iterable[str]) -> None:
        """Args: origins: as `split_origins` has them."""
        given = [one.encode() for one in origins]
        self._by_origin: Mapping[bytes | None, Lines] = {one: (_allowing(one), _EXPOSED, _VARY) for one in given}
        self._any = given == [ANY.encode()]
        self._others: Lines = (_allowing(ANY.encode()), _EXPOSED) if self._any else (_VARY,)

    def lines(self, origin: bytes | None) -> Lines:
        """Of every answer. What may differ by origin says so also where there was none, for caches."""
        return self._others if self._any else self._by_origin.get(origin, self._others)

    def preflight(self, method: str, headers: Mapping[bytes, bytes]) -> Lines | None:
        """What the answer to a question has beside `lines`; None: it is none, or another origin's.

        It is asked without credentials. It tells nothing of the path: that takes the call itself.
        """
        if method != "OPTIONS" or b"access-control-request-method" not in headers:
            return None
        if not self._any and headers.get(b"origin") not in self._by_origin:
            return None
        asked = headers.get(b"access-control-request-headers", b"")
        allowed = ((b"access-control-allow-headers", asked),) if _HEADER_NAMES.fullmatch(asked) else ()
        max_age = (b"access-control-max-age", b"%d" % MAX_AGE_S)
        return ((b"access-control-allow-methods", METHODS), max_age, *allowed)


def _allowing(origin: bytes) -> tuple[bytes, bytes]:
    return b"access-control-allow-origin", origin
