"""What went wrong, in words, without the wrapping of task groups."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from routeiq.kit.errors import RouteIQError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


@contextmanager
def one_error() -> Iterator[None]:
    """Raise the first expected failure of a group by itself; let a group of anything else pass."""
    try:
        yield
    except BaseExceptionGroup as group:
        expected, unexpected = group.split(lambda error: said(error) is not None)
        if expected is None or unexpected is not None:
            raise
        raise _first(expected) from None


def said(error: BaseException) -> str | None:
    """The message of an expected failure: one of ours, or a disk that takes no more. None: it is a fault."""
    if isinstance(error, RouteIQError):
        return error.message
    if isinstance(error, OSError) and error.errno in _FULL:
        return f"{error.filename or 'A file'}: cannot be written: {error.strerror}"
    return None


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
