"""A document and the files that go with it, as text: what is sent from the place where it is kept to all who serve it.

The files are those that it includes, and the one that its `llm_data_path` names. References to the environment are
unresolved: whoever loads a bundle has an environment of its own. A bundle is read from no disk.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from routeiq.config.files import MAX_BYTES
from routeiq.kit.errors import ConfigurationError

MOST_FILES = 102
"""The document, a hundred that it includes, and its `llm_data_path`."""
MAX_BUNDLE_BYTES = 16 * 1024 * 1024
"""Packed."""


@dataclass(frozen=True)
class Bundle:
    """`files`: name -> text; `main` is the name of the document among them.

    Names are the source's own (a path, the key of an object), normalised; problems are reported under them, and a file
    is found by its name relative to the one that names it. Raises: ConfigurationError: `main` is not there, something
    is not text, or there is too much of it.
    """

    main: str
    files: Mapping[str, str] = field(repr=False)

    def __post_init__(self) -> None:
        problems = _faults(self.main, self.files)
        if problems:
            raise ConfigurationError(problems)
        object.__setattr__(self, "files", MappingProxyType(dict(self.files)))
        if len(self._packed) > MAX_BUNDLE_BYTES:
            raise ConfigurationError([_too_large()])

    def pack(self) -> bytes:
        """The same bytes for the same content: JSON with sorted keys, in UTF-8."""
        return self._packed

    @property
    def digest(self) -> str:
        """SHA-256 of `pack()`, 64 hex digits."""
        return hashlib.sha256(self._packed).hexdigest()

    @cached_property
    def _packed(self) -> bytes:
        content = {"files": dict(self.files), "main": self.main}
        return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def unpack(packed: bytes) -> Bundle:
    """What `pack` made. Raises: ConfigurationError: it did not make this."""
    if len(packed) > MAX_BUNDLE_BYTES:
        raise ConfigurationError([_too_large()])
    try:
        content = json.loads(packed)
    except (ValueError, RecursionError):
        raise ConfigurationError(["the bundle is not JSON"]) from None
    if not isinstance(content, dict) or set(content) != {"files", "main"} or not isinstance(content["files"], dict):
        raise ConfigurationError(["the bundle is not an object with `main` and `files`"])
    return Bundle(content["main"], content["files"])


def beside(file: str, name: str) -> str:
    """The name of what `file` calls `name`: relative to it, or absolute."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(file), name))


def _faults(main: object, files: Mapping[str, object]) -> list[str]:
    if not isinstance(main, str) or main not in files:
        return ["the bundle does not hold its document"]
    if len(files) > MOST_FILES:
        return [f"the bundle has more than {MOST_FILES} files"]
    return [problem for name, text in files.items() if (problem := _fault(name, text))]


def _fault(name: str, text: object) -> str | None:
    if not name or not name.isprintable():
        return f"the bundle has a file of the name {name[:80]!a}"
    if not isinstance(text, str):
        return f"{name}: is not text"
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return f"{name}: is not UTF-8 text"
    return f"{name}: is larger than {MAX_BYTES // 1024**2} MiB" if size > MAX_BYTES else None


def _too_large() -> str:
    return f"the document and its files are larger than {MAX_BUNDLE_BYTES // 1024**2} MiB together"
