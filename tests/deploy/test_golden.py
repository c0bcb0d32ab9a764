"""A change of what is rendered is seen by who reads the change of the chart."""

from __future__ import annotations

import pytest

from tests.deploy import golden
from tests.support.chart import rendering


@pytest.mark.parametrize("name", golden.CHARTS)
def test_the_chart_renders_what_was_last_looked_at(name: str) -> None:
    """`make golden` writes it anew."""
    assert golden.dump(rendering(name)).splitlines() == golden.file_of(name).read_text().splitlines()


def test_there_is_no_golden_file_of_nothing() -> None:
    assert {file.name for file in golden.FOLDER.iterdir()} == {golden.file_of(name).name for name in golden.CHARTS}
