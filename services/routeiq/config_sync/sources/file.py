"""A document in a file of this machine, a mounted ConfigMap included: there a link leads to each new state.

A change is seen by the file's time, size and number, within a second; its content decides whether it is one. A file
that is just being written is waited for, and one that changes all the time is refused.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from routeiq.config.gather import Wanted, place_of
from routeiq.config_sync.sources.place import Content, SourceFailed, too_large
from routeiq.kit.regular_files import open_regular

LOOK_EVERY_S = 1.0
SETTLED_S = 0.2
"""A file that was written longer ago is whole."""
_RACY_S = 2.0
"""A younger file may be written again without a new time: the clock of a file system is coarse."""
_TRIES = 10
_PAUSE_S = 0.1
Mark = tuple[int, int, int, int]


class FilePlace:
    """Its name is the path, as given. Args: clock: Unix time, as files have it."""

    kind = "file"

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path, self._clock = path, clock
        self.name = self.main = str(path)
        self._paths = {self.main: path}
        self._marks: dict[str, Mark | None] = {}

    def folder(self) -> Path:
        """Where the document's relative paths begin, now."""
        return self.path.resolve().parent

    async def begin(self) -> None:
        self._marks = {}

    def refusal(self, wanted: Wanted) -> str | None:
        self._paths[wanted.name] = place_of(self._paths[wanted.by], wanted)
        return None

    async def read(self, name: str, known: Content | None, limit: int) -> Content | None:
        path = self._paths.get(name) or Path(name)
        try:
            content, self._marks[name] = await asyncio.to_thread(self._read, path, known, limit)
        except FileNotFoundError:
            self._marks[name] = None
            return None
        except OSError as error:
            raise SourceFailed(f"{name}: cannot be read: {error.strerror or error}") from None
        return content

    async def steady(self) -> bool:
        """A mounted ConfigMap is switched in one step: what was read before and after it does not belong together."""
        return self._marks == await asyncio.to_thread(self._look, tuple(self._marks))

    async def changed(self) -> None:
        while True:
            if not await self.steady():
                return
            await asyncio.sleep(LOOK_EVERY_S)

    async def close(self) -> None:
        return

    def _read(self, path: Path, known: Content | None, limit: int) -> tuple[Content, Mark]:
        for _ in range(_TRIES):
            before = _mark(path)
            if known is not None and known.etag == _etag(before):
                return known, before
            if not 0 <= self._age(before) < SETTLED_S:
                data = _data(path, limit)
                if _mark(path) == before:
                    return self._content(data, before, known), before
            time.sleep(_PAUSE_S)
        raise SourceFailed(f"{path}: is being written to")

    def _content(self, data: bytes, mark: Mark, known: Content | None) -> Content:
        if known is not None and known.data == data:
            return known
        young = 0 <= self._age(mark) < _RACY_S
        return Content(data, "" if young else _etag(mark), hashlib.sha256(data).hexdigest())

    def _age(self, mark: Mark) -> float:
        """In seconds; below zero where the file is of the future."""
        return self._clock() - mark[0] / 1e9

    def _look(self, names: tuple[str, ...]) -> dict[str, Mark | None]:
        found: dict[str, Mark | None] = {}
        for name in names:
            try:
                found[name] = _mark(self._paths.get(name) or Path(name))
            except OSError:
                found[name] = None
        return found


def _mark(path: Path) -> Mark:
    found = os.stat(path)
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_dev


def _etag(mark: Mark) -> str:
    return "-".join(map(str, mark))


def _data(path: Path, limit: int) -> bytes:
    with open_regular(path) as stream:
        if os.fstat(stream.fileno()).st_size > limit:
            raise too_large(str(path), limit)
        data = stream.read(limit + 1)
    if len(data) > limit:
        raise too_large(str(path), limit)
    return data
