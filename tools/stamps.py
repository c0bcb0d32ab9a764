"""What a thing was made of, written down beside it: it is made anew once it would be made of something else."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Stamp:
    """`file`: where it is written down. `made_of`: texts, in their order."""

    file: Path
    made_of: tuple[str, ...]

    def holds(self) -> bool:
        """Whether the thing, if it is there, was made of the same."""
        return self.file.is_file() and self.file.read_text() == self._digest()

    def remove(self) -> None:
        """Before the thing is touched: half of one has no stamp."""
        self.file.unlink(missing_ok=True)

    def write(self) -> None:
        """Once the thing is whole."""
        self.file.write_text(self._digest())

    def _digest(self) -> str:
        return hashlib.sha256("\0".join(self.made_of).encode()).hexdigest()
