"""What a column takes of what a gateway sends. Nothing is refused: a record that was paid for is kept, with what can be
stored of it. The same value always comes out the same, for a record may come again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from uuid import UUID, uuid5

DAY_US = 86_400_000_000
MOST_BYTES = 256
"""Of a name: eight of them, of which one is a hash, are in one index, whose rows have 2,700 bytes."""
MOST_TAGS = 100
MOST_TOKENS = 2**40
MOST_NANO_USD = 10**15
"""A million dollars for one request. Sums of nine thousand such still fit."""
MOST_STARTED = timedelta(days=7)
"""A request takes no longer: what says so has a clock that was set meanwhile."""

_EPOCH = datetime(1970, 1, 1)  # as text it is UTC, on both databases
_FIRST, _LAST = 1_577_836_800_000_000, 4_102_444_800_000_000
"""2020 and 2100, in microseconds."""
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_IDS = UUID("3b9d7ff2-54f3-4a43-8f8c-9d1c9e0d5a11")
_MARK = 17


def name(text: str, most: int = MOST_BYTES) -> str:
    """With no character that PostgreSQL refuses; what is too long is cut, and told apart by a hash."""
    if len(text) * 4 <= most or (len(text) <= most and text.isascii()):
        return text if "\0" not in text else text.replace("\0", "\ufffd")
    encoded = text.replace("\0", "\ufffd").encode()
    if len(encoded) <= most:
        return encoded.decode()
    mark = hashlib.sha256(encoded).hexdigest()[: _MARK - 1]
    return f"{encoded[: most - _MARK].decode(errors='ignore')}~{mark}"


def names(*texts: str) -> Sequence[str]:
    """Each as `name` has it: most are as they are."""
    joined = "".join(texts)
    if joined.isascii() and "\0" not in joined and max(map(len, texts)) <= MOST_BYTES:
        return texts
    return [name(text) for text in texts]


def number(value: int, most: int) -> int:
    """Not negative."""
    return value if 0 <= value <= most else (0 if value < 0 else most)


def record_id(sent: str, journal: str, sequence: int) -> str:
    """A UUID as it is; of anything else, one that is always the same."""
    return sent if _ID.fullmatch(sent) else str(uuid5(_IDS, f"{journal}/{sequence}/{name(sent)}"))


def moment(us: int, instead: int) -> int:
    """Microseconds since 1970, if they can be; else those, else the first that can be."""
    if _FIRST <= us < _LAST:
        return us
    return instead if _FIRST <= instead < _LAST else _FIRST


def ended(us: int, id_: str) -> int:
    """As `moment`; instead, when the UUIDv7 was made."""
    return us if _FIRST <= us < _LAST else moment(us, int(id_[:8] + id_[9:13], 16) * 1000)


def time_text(us: int) -> str:
    """`YYYY-MM-DD HH:MM:SS.ffffff`."""
    seconds, rest = divmod(us, 1_000_000)
    return f"{_second_text(seconds)}.{rest:06d}"


@lru_cache(1000)
def _second_text(seconds: int) -> str:
    """Records that come together ended, and often began, in the same few seconds."""
    return (_EPOCH + timedelta(seconds=seconds)).isoformat(" ", "seconds")


def time_of(us: int) -> datetime:
    return (_EPOCH + timedelta(microseconds=us)).replace(tzinfo=UTC)


def date_of(days: int) -> date:
    """Args: days: since 1970."""
    return _EPOCH.date() + timedelta(days=days)
