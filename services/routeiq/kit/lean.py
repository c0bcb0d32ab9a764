"""Libraries import others where they find them. What a process does not need must not be found."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Inside, these modules cannot be imported; one that is loaded already stays as it is. For one thread at a time."""
    hidden = [name for name in names if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # how Python spells "cannot be imported"
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


def import_uvicorn() -> None:
    """The server without its command line and its reloader, which bring click and multiprocessing: 1.4 MB.

    Nobody may call `uvicorn.run` in such a process. Where uvicorn is loaded already, nothing changes."""
    if "uvicorn" in sys.modules:
        return
    line = ModuleType("uvicorn.main")
    for name in ("Server", "main", "run"):
        setattr(line, name, None)
    sys.modules[line.__name__] = line
    try:
        package = importlib.import_module("uvicorn")
    finally:
        del sys.modules[line.__name__]
    package.Server = importlib.import_module("uvicorn.server").Server  # type: ignore[attr-defined]  # it names itself here
