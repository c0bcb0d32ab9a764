"""What a place must be able to do so that documents can be read from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from routeiq.config.gather import Wanted
from routeiq.kit.errors import Unavailable


class SourceFailed(Unavailable):
    """The source could not be read this time. The message is for administrators; it holds no credentials."""

    code = "config_source_failed"


@dataclass(frozen=True, slots=True, eq=False)
class Content:
    """A file as it was read. `etag`: to ask whether it has changed since; `version`: this state of it, for people."""

    data: bytes = field(repr=False)
    etag: str
    version: str


class Place(Protocol):
    """`kind`: `file`, `s3`, `gcs` or `configmap`; `name`: for people, without credentials; `main`: the document's name
    in bundles and messages. Only one reading is under way at a time."""

    @property
    def kind(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def main(self) -> str: ...

    async def begin(self) -> None:
        """Before each reading of a document. Raises: SourceFailed."""

    def refusal(self, wanted: Wanted) -> str | None:
        """Why a file that goes with the document cannot be here; None: it can. It is asked before it is read."""

    async def read(self, name: str, known: Content | None, limit: int) -> Content | None:
        """`known` itself if that is still so; None: there is no such file.

        Args: limit: the most bytes that are taken. Raises: SourceFailed: it cannot be read, or is larger."""

    async def steady(self) -> bool:
        """After a reading: whether its files are of one state, as far as the place can tell."""

    async def changed(self) -> None:
        """Returns when there may be something new since the last reading; never, where nobody can tell."""

    async def close(self) -> None: ...


def too_large(name: str, limit: int) -> SourceFailed:
    return SourceFailed(f"{name}: is larger than {limit / 1024**2:.6g} MiB")
