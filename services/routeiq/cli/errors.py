"""What went wrong, without the wrapping of task groups."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from routeiq.kit.errors import RouteIQError


@contextmanager
def one_error() -> Iterator[None]:
    """Raise the first expected failure of a group by itself; let a group of anything else pass."""
    try:
        yield
    except BaseExceptionGroup as group:
        expected = group.subgroup(RouteIQError)
        unexpected = group.split(RouteIQError)[1]
        if expected is None or unexpected is not None:
            raise
        raise _first(expected) from None


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
