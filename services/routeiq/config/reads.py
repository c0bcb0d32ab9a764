"""An environment that remembers which of its names were looked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping


class Reads(Mapping[str, str]):
    """Reads through to `environ`."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.names: set[str] = set()
        """Looked for so far, found or not."""

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return self._environ[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._environ)

    def __len__(self) -> int:
        return len(self._environ)
