"""How much of its disk a journal may take: as if the disk ended there, so that nobody else need see to it.

A kubelet ends a pod whose emptyDir has outgrown its limit, with all the streams and records in it; a journal that is
full refuses what begins, and what has begun ends as it should."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from routeiq.gateway.journal.mapped import Allocate


class Allowance:
    """An `Allocate`.

    Args: base: the folder of all journals, of dead processes' too.  most_bytes: of all files in it."""

    def __init__(self, base: Path, most_bytes: int, allocate: Allocate = os.posix_fallocate) -> None:
        self._base, self._most, self._allocate = base, most_bytes, allocate

    def __call__(self, descriptor: int, offset: int, length: int) -> None:
        """Raises: OSError: it would be more (EDQUOT), or there is no room."""
        if _size(self._base) + length > self._most:
            raise OSError(errno.EDQUOT, "The journal is as large as it may be (ROUTEIQ_GATEWAY_JOURNAL_MAX_MIB)")
        self._allocate(descriptor, offset, length)


def _size(base: Path) -> int:
    """Of all files, some of which may go meanwhile."""
    found = 0
    for folder, _, names in os.walk(base):
        for name in names:
            try:
                found += os.stat(os.path.join(folder, name)).st_size
            except FileNotFoundError:
                continue
    return found
