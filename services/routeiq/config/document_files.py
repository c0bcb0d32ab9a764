"""Where the files of a document are: on this machine's disk, or in the bundle that the document came in."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from routeiq.config.bundle import Bundle, beside
from routeiq.config.files import read_text
from routeiq.kit.errors import ConfigurationError


class DocumentFiles(Protocol):
    def beside(self, file: str, name: str) -> str:
        """How the file is called in messages that `file` means by `name`."""

    def identity(self, file: str) -> Hashable:
        """The same for two names of one file."""

    def holds(self, file: str) -> bool:
        """Whether there is such a file."""

    def read(self, file: str) -> str:
        """Raises: ConfigurationError: why it cannot be read, behind its name."""


class DiskFiles:
    def beside(self, file: str, name: str) -> str:
        return str(Path(file).parent / name)

    def identity(self, file: str) -> Hashable:
        return Path(file).resolve()

    def holds(self, file: str) -> bool:
        return Path(file).is_file()

    def read(self, file: str) -> str:
        return read_text(Path(file))


@dataclass(frozen=True, slots=True)
class BundleFiles:
    """It never looks at a disk, whatever a name says."""

    bundle: Bundle

    def beside(self, file: str, name: str) -> str:
        return beside(file, name)

    def identity(self, file: str) -> Hashable:
        return file

    def holds(self, file: str) -> bool:
        return file in self.bundle.files

    def read(self, file: str) -> str:
        if file not in self.bundle.files:
            raise ConfigurationError([f"{file}: did not come with the document"])
        return self.bundle.files[file]
