"""The renderings as they were last looked at, in tests/deploy/golden. `make golden` writes them; read what differs.

What stands there is what the chart means, not how it is laid out: no comments, one order, short things on one line."""

from __future__ import annotations

from pathlib import Path

from tests.support.chart import VALUES, Rendering, rendering
from tools import plain_yaml

FOLDER = VALUES.parent / "golden"
CHARTS = sorted(file.stem for file in VALUES.glob("*.yaml"))
"""One for each values file, as it is installed."""


def file_of(chart: str) -> Path:
    return FOLDER / f"{chart}.yaml"


def dump(chart: Rendering) -> str:
    objects = sorted(chart.objects, key=lambda one: (one["kind"], one["metadata"]["name"]))
    return "".join(f"---\n{plain_yaml.dump(one, short_on_one_line=True, sort=True)}" for one in objects)


def renew() -> None:
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.yaml"):
        old.unlink()
    for name in CHARTS:
        file_of(name).write_text(dump(rendering(name)))


if __name__ == "__main__":
    renew()
