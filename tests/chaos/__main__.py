"""`make chaos`: ROUNDS (100) of traffic, each with a kill -9. SEED says which.

Prints a table of the rounds and what is wrong with the books; exit status 1: something is."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from tests.chaos.rounds import play


def main() -> int:
    rounds, seed = int(os.environ.get("ROUNDS") or 100), int(os.environ.get("SEED") or 1)
    with tempfile.TemporaryDirectory(prefix="routeiq-chaos-") as folder:
        Path(folder).chmod(0o755)
        table, problems = asyncio.run(play(Path(folder), rounds, seed))
    print(*table, "", *problems[:50], f"{len(problems)} problems", sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
