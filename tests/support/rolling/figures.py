"""What a test has measured: into its report, and onto its output (`pytest -rP` shows it of those that pass, too)."""

from __future__ import annotations

import sys
from collections.abc import Callable

Record = Callable[[str, object], None]
"""pytest's `record_property`."""


def measured(record: Record, name: str, figures: object) -> None:
    record(name, figures)
    sys.stdout.write(f"{name}: {figures}\n")
